"""The loop on JAX: each step is one compiled call, which takes all values and returns new ones.

The data is on the device once, unscaled, or part by part; the call gathers a batch, scales it,
augments it and takes a step.  Calls are asynchronous, so they follow each other without a gap.  A
loop inside compiled code would save nothing: on CPUs, XLA runs the gradients of convolutions many
times slower in one.
JAX compiles for each size, so arrays of rows are padded to the next power of two: folds and growing
data share the compiled step.  Only a smaller last batch has a separate one, as batch normalisation
must not see padding.
If the user has set a ``keras.distribution.DataParallel``, each device computes a part of the batch.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from skmnist.training._averages import corrected_averages
from skmnist.training._backends.devices import Devices
from skmnist.training._backends.trainer import EVALUATION_BATCH, AbstractTrainer
from skmnist.training._contract import Data, Plan, State, TrainingSpec
from skmnist.training._parts import Part


class Trainer(AbstractTrainer):
    """A network, its optimizer and their compiled steps."""

    def __init__(self, spec: TrainingSpec, seed: int) -> None:
        super().__init__(spec, seed)
        self._devices = Devices.current()
        self._compiled_step = jax.jit(
            self._step, static_argnames="size", donate_argnames=("values", "sums")
        )
        self._compiled_judging = jax.jit(self._judge, static_argnames="size")

    def begin(self, data: Data, plan: Plan, start: State | None) -> None:
        """Load the data, and set all variables to the start of training."""
        self._devices.check_divide(plan.batch_size)
        super().begin(data, plan, start)

    def _load(self, data: Data) -> tuple[Any, ...]:
        on_each = self._devices.on_each
        return (
            on_each(_filled_up(data.images)),
            self._labels(_filled_up(data.labels)),
            on_each(_filled_up(data.weights), self._float),
            on_each(data.pixel_scale, self._float),
            on_each(data.background, self._float),
        )

    def _labels(self, labels: NDArray[Any]) -> jax.Array:
        return self._devices.on_each(labels, None if labels.dtype.kind == "i" else self._float)

    @staticmethod
    def _copies(variables: Sequence[Any]) -> list[NDArray[Any]]:
        # A NumPy view of a value would change when JAX reuses its memory.
        return [np.array(variable.value) for variable in variables]

    def _zeros(self) -> Sequence[Any]:
        return [self._devices.on_each(0, self._float) for _ in range(3)]

    def _planned(self, rows: NDArray[Any], draws: NDArray[Any], rates: NDArray[Any]) -> Any:
        rates = np.asarray(rates, np.float32)
        return (
            *(self._devices.on_each(_filled_up(each)) for each in (rows, draws, rates)),
            self._devices.on_each(self._earlier_steps, jnp.float32),
        )

    def _take_steps(self, part: Part, planned: Any, steps: range, sums: Sequence[Any]) -> Any:
        values, batch_size = self._values(), self._plan.batch_size
        for step in steps:
            size = min(batch_size, len(part.rows) - step * batch_size)
            values, sums = self._compiled_step(
                values, sums, part.data, planned, step, batch_size, size=size
            )
        self._keep(values)
        return sums

    def _judge_part(self, part: Part, sums: Sequence[Any]) -> Any:
        *network, _, metrics = self._values()
        # All parts are judged in batches of one size.
        tested = self._devices.on_each(_filled_up(part.rows, EVALUATION_BATCH if part.start else 1))
        n, size = len(part.rows), min(EVALUATION_BATCH, len(tested))
        for start in range(0, n, size):
            sums, metrics = self._compiled_judging(
                network, metrics, sums, part.data, tested, n, start, size=size
            )
        self._keep([metrics], [self._metric_variables])
        return sums

    @property
    def _variables(self) -> tuple[list[Any], ...]:
        """The trainable variables, the network's other ones, the optimizer's and the metrics'."""
        network, optimizer = self.network, self._optimizer
        return (
            network.trainable_variables,
            network.non_trainable_variables,
            optimizer.variables,
            self._metric_variables,
        )

    @property
    def _metric_variables(self) -> list[Any]:
        return [variable for metric in self._metrics for variable in metric.variables]

    def _values(self) -> list[list[Any]]:
        on_each = self._devices.on_each
        return [[on_each(variable.value) for variable in some] for some in self._variables]

    def _keep(self, values: list[list[Any]], where: Sequence[list[Any]] | None = None) -> None:
        for variables, new in zip(where or self._variables, values, strict=True):
            for variable, value in zip(variables, new, strict=True):
                variable.assign(value)

    def _step(self, values, sums, resident, epoch, step, batch_size, *, size):
        """Take the epoch's given step, on a batch of `size`; return new values and sums."""
        images, labels, weights, scale, background = resident
        order, draws, rates, earlier = epoch
        rows = self._devices.divided(lax.dynamic_slice_in_dim(order, step * batch_size, size))
        if self._training_spec.augmentation:  # else there are no draws
            draws = lax.dynamic_slice_in_dim(draws, step * batch_size, size)
            draws = self._devices.divided(draws)
        pixels, truths = self._changed(
            images[rows].astype(scale.dtype) / scale, labels[rows], weights[rows], draws, background
        )
        values = [*values[:2], self._with_rate(values[2], rates[step]), values[3]]
        with corrected_averages(self.network, self._optimizer, self._taken(values[2]), earlier):
            values, loss, hits = self._learn(values, pixels, truths)
        return self._devices.same((values, [sums[0] + loss * size, sums[1] + hits]))

    def _learn(self, values, pixels, truths):
        """Take one step; return the new values, the batch's loss and its number of hits."""
        trained, others, optimizer, metrics = values

        def loss_of(trained):
            outputs, new_others, penalties = self.network.stateless_call(
                trained, others, pixels, training=True, return_losses=True
            )
            loss = jnp.mean(self._losses(truths, outputs))
            if penalties:
                loss += sum(penalties).astype(loss.dtype)
            scaled = self._optimizer.scale_loss(loss)
            return scaled, (loss, new_others, outputs)

        gradients, (loss, others, outputs) = jax.grad(loss_of, has_aux=True)(trained)
        trained, optimizer = self._optimizer.stateless_apply(optimizer, gradients, trained)
        labels = truths[0][0]
        metrics = self._updated_metrics(metrics, labels, outputs)
        hits = self._task.hits(labels, outputs).sum()
        return [trained, others, optimizer, metrics], loss, hits

    def _updated_metrics(self, values, labels, outputs, counts=None):
        """Return the metrics' values with a batch added, of which only some rows count."""
        targets = self._task.targets(labels, outputs)
        updated: list[Any] = []
        for spec, metric in zip(self._training_spec.metrics, self._metrics, strict=True):
            first = len(updated)
            updated += metric.stateless_update_state(
                values[first : first + len(metric.variables)],
                labels if spec.takes_labels else targets,
                outputs,
                **({} if counts is None else {"sample_weight": counts}),
            )
        return updated

    def _with_rate(self, values, rate):
        """Return the optimizer's values with the rate, unless a Keras schedule determines it."""
        where = self._optimizer.learning_rate
        return [
            jnp.where(jnp.isnan(rate), value, rate.astype(value.dtype))
            if variable is where
            else value
            for variable, value in zip(self._optimizer.variables, values, strict=True)
        ]

    def _taken(self, values):
        """Return the number of steps that the optimizer has taken."""
        variables = self._optimizer.variables
        where = self._optimizer.iterations
        return next(v for variable, v in zip(variables, values, strict=True) if variable is where)

    def _judge(self, network, metrics, sums, resident, rows, n_rows, start, *, size):
        """Add a batch's losses, hits and weights to the sums, without those of padding."""
        images, labels, weights, scale, _ = resident
        some = self._devices.divided(lax.dynamic_slice_in_dim(rows, start, size))
        pixels = images[some].astype(scale.dtype) / scale
        outputs = self.network.stateless_call(*network, pixels, training=False)[0]
        counts = start + jnp.arange(size) < n_rows
        truth, weight = labels[some], jnp.where(counts, weights[some], 0)
        losses = self._losses(self._task.truths(truth, weight), outputs)
        hits = jnp.where(counts, self._task.hits(truth, outputs), 0).sum()
        more = jnp.where(counts, losses, 0).sum(), hits, weight.sum()
        metrics = self._updated_metrics(metrics, truth, outputs, counts)
        sums = [total + part for total, part in zip(sums, more, strict=True)]
        return self._devices.same((sums, metrics))


def _filled_up(values: NDArray[Any], least: int = 1) -> NDArray[Any]:
    """Pad with zeros to a number of rows that is a power of two, at least `least`."""
    n = max(1 << max(len(values) - 1, 0).bit_length(), least)
    filled = np.zeros((n, *values.shape[1:]), values.dtype)
    filled[: len(values)] = values
    return filled
