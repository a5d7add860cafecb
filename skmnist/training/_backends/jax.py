"""The loop on JAX: each step is one compiled call, which takes all values and returns new ones.

The data is on the device once, unscaled; the call gathers a batch, scales it, augments it and takes
a step.  Calls are asynchronous, so they follow each other without a gap.  A loop inside compiled
code would save nothing: on CPUs, XLA runs the gradients of convolutions many times slower in one.
JAX compiles for each size, so arrays of rows are padded to the next power of two: folds and growing
data share the compiled step.  Only a smaller last batch has a separate one, as batch normalisation
must not see padding.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from skmnist.training._averages import corrected_averages
from skmnist.training._backends.trainer import EVALUATION_BATCH, AbstractTrainer
from skmnist.training._callbacks import KerasCallbacks
from skmnist.training._contract import Data, TrainingSpec


class Trainer(AbstractTrainer):
    """A network, its optimizer and their compiled steps."""

    def __init__(self, spec: TrainingSpec, seed: int) -> None:
        super().__init__(spec, seed)
        self._compiled_step = jax.jit(
            self._step, static_argnames="size", donate_argnames=("values", "sums")
        )
        self._compiled_judging = jax.jit(self._judge, static_argnames="size")

    def _load(self, data: Data) -> tuple[Any, ...]:
        return (
            jnp.asarray(_filled_up(data.images)),
            jnp.asarray(_filled_up(data.labels)),
            jnp.asarray(_filled_up(data.weights), self._float),
            jnp.asarray(data.pixel_scale, self._float),
            jnp.asarray(data.background, self._float),
        )

    @staticmethod
    def _copies(variables: Sequence[Any]) -> list[NDArray[Any]]:
        # A NumPy view of a value would change when JAX reuses its memory.
        return [np.array(variable.value) for variable in variables]

    def run_epoch(
        self,
        order: NDArray[Any],
        draws: NDArray[Any],
        rates: NDArray[Any],
        callbacks: KerasCallbacks,
    ) -> tuple[float, float]:
        """Train on the rows in `order`; return the mean loss and the accuracy."""
        batch_size, watched = self._plan.batch_size, callbacks.want_batches
        rates = np.asarray(rates, np.float32)
        epoch = (
            *(jnp.asarray(_filled_up(each)) for each in (order, draws, rates)),
            jnp.asarray(self._earlier_steps, jnp.float32),
        )
        # Sums stay on the device: reading one would wait for it.
        values, sums = self._values(), self._zeros(2)
        for step in range(len(rates)):
            if watched:
                callbacks.on_batch_begin(step)
                values = self._values()
            seen = min((step + 1) * batch_size, len(order))
            size = seen - step * batch_size
            values, sums = self._compiled_step(
                values, sums, self._resident, epoch, step, batch_size, size=size
            )
            if watched:
                self._keep(values)
                logs = {"loss": float(sums[0]) / seen, "accuracy": float(sums[1]) / seen}
                callbacks.on_batch_end(step, logs)
        self._keep(values)
        return float(sums[0]) / len(order), float(sums[1]) / len(order)

    def _judge_rows(self, rows: NDArray[Any]) -> tuple[Any, Any, Any]:
        values, sums, tested = self._values()[:2], self._zeros(3), jnp.asarray(_filled_up(rows))
        n, size = len(rows), min(EVALUATION_BATCH, len(tested))
        for start in range(0, n, size):
            sums = self._compiled_judging(values, sums, self._judged, tested, n, start, size=size)
        return tuple(sums)

    @property
    def _variables(self) -> tuple[list[Any], list[Any], list[Any]]:
        """The trainable variables, the network's other ones, and the optimizer's."""
        network, optimizer = self.network, self._optimizer
        return network.trainable_variables, network.non_trainable_variables, optimizer.variables

    def _values(self) -> list[list[Any]]:
        return [[variable.value for variable in some] for some in self._variables]

    def _keep(self, values: list[list[Any]]) -> None:
        for variables, new in zip(self._variables, values, strict=True):
            for variable, value in zip(variables, new, strict=True):
                variable.assign(value)

    def _zeros(self, n: int) -> Any:
        return [jnp.zeros((), self._float) for _ in range(n)]

    def _step(self, values, sums, resident, epoch, step, batch_size, *, size):
        """Take the epoch's given step, on a batch of `size`; return new values and sums."""
        images, labels, weights, scale, background = resident
        order, draws, rates, earlier = epoch
        rows = lax.dynamic_slice_in_dim(order, step * batch_size, size)
        pixels = images[rows].astype(scale.dtype) / scale
        if self._training_spec.augmentation:
            drawn = lax.dynamic_slice_in_dim(draws, step * batch_size, size)
            pixels = self._training_spec.augmentation(pixels, drawn, background)
        values = [*values[:2], self._with_rate(values[2], rates[step])]
        with corrected_averages(self.network, self._optimizer, self._taken(values[2]), earlier):
            values, loss, hits = self._learn(values, pixels, labels[rows], weights[rows])
        return values, [sums[0] + loss * size, sums[1] + hits]

    def _learn(self, values, pixels, labels, weights):
        """Take one step; return the new values, the batch's loss and its number of hits."""
        trained, others, optimizer = values

        def loss_of(trained):
            outputs, new_others, penalties = self.network.stateless_call(
                trained, others, pixels, training=True, return_losses=True
            )
            losses = self._training_spec.loss(self._targets(labels, outputs), outputs)
            loss = jnp.mean(losses * weights)
            if penalties:
                loss += sum(penalties).astype(loss.dtype)
            scaled = self._optimizer.scale_loss(loss)
            return scaled, (loss, new_others, self._hits(labels, outputs))

        gradients, (loss, others, hits) = jax.grad(loss_of, has_aux=True)(trained)
        trained, optimizer = self._optimizer.stateless_apply(optimizer, gradients, trained)
        return [trained, others, optimizer], loss, hits

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

    def _judge(self, values, sums, resident, rows, n_rows, start, *, size):
        """Add a batch's losses, hits and weights to the sums, without those of padding."""
        images, labels, weights, scale, _ = resident
        some = lax.dynamic_slice_in_dim(rows, start, size)
        pixels = images[some].astype(scale.dtype) / scale
        outputs = self.network.stateless_call(*values, pixels, training=False)[0]
        counts = start + jnp.arange(size) < n_rows
        truth, weight = labels[some], jnp.where(counts, weights[some], 0)
        losses = self._training_spec.loss(self._targets(truth, outputs), outputs) * weight
        hits = self._hits(jnp.where(counts, truth, -1), outputs)
        more = jnp.where(counts, losses, 0).sum(), hits, weight.sum()
        return [total + part for total, part in zip(sums, more, strict=True)]

    def _targets(self, labels, outputs):
        if outputs.shape[-1] == 1:  # one neuron: the probability of the second class
            return labels[:, None].astype(outputs.dtype)
        return jax.nn.one_hot(labels, outputs.shape[-1], dtype=outputs.dtype)

    def _hits(self, labels, outputs):
        guesses = outputs[:, 0] > 0.5 if outputs.shape[-1] == 1 else outputs.argmax(axis=-1)
        return (guesses == labels).sum()


def _filled_up(values: NDArray[Any]) -> NDArray[Any]:
    """Pad with zeros to a number of rows that is a power of two."""
    filled = np.zeros((1 << max(len(values) - 1, 0).bit_length(), *values.shape[1:]), values.dtype)
    filled[: len(values)] = values
    return filled
