"""What the training loops of all backends have in common: their start and their results."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from math import inf
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.backend import load_keras
from skmnist._utils.errors import shown
from skmnist._utils.tensor_files import stored_dtype
from skmnist.training._callbacks import KerasCallbacks
from skmnist.training._contract import Data, Plan, State, TrainingSpec
from skmnist.training._parts import Part, Parts
from skmnist.training._tasks import Truths

EVALUATION_BATCH = 512


class AbstractTrainer(ABC):
    """A network, its optimizer and their loop (abstract).

    Parameters
    ----------
    spec : TrainingSpec
        What to train.
    seed : int
        Determines the initial weights.
    """

    def __init__(self, spec: TrainingSpec, seed: int) -> None:
        self._training_spec = spec
        self.network = spec.architecture.build(seed)
        # Folds and candidates mostly begin with the weights of one seed.
        self._new = seed, State(self._copies(self.network.variables), None)
        self.network.optimizer = self._optimizer = spec.optimizer.make()
        self._optimizer.build(self.network.trainable_variables)
        self._new_optimizer = self._copies(self._optimizer.variables)
        self._float = self.network.outputs[0].dtype
        self._task = spec.task
        self._metrics = [metric.make() for metric in spec.metrics]
        self._build_metrics()

    def begin(self, data: Data, plan: Plan, start: State | None) -> None:
        """Load the data, and set all variables to the start of training."""
        self._assign(start or self._new_state(plan.seed))
        if plan.learning_rate is not None:
            self._optimizer.learning_rate = plan.learning_rate
        self._plan = plan
        # A new optimizer counts from 0, but the network to continue with has moving averages.
        self._earlier_steps = inf if start is not None and start.optimizer is None else 0.0
        self._trained: Any = Parts(data, self._load)
        own_set = data.validation
        self._judged: Any = self._trained if own_set is None else Parts(own_set, self._load)

    def kept(self) -> Sequence[Any]:
        """Return the current values of all variables, for `restore`."""
        return self._kept([*self.network.variables, *self._optimizer.variables])

    def restore(self, kept: Sequence[Any]) -> None:
        """Set all variables to kept values, whatever state an interrupt has left."""
        variables = [*self.network.variables, *self._optimizer.variables]
        for variable, value in zip(variables, kept, strict=True):
            variable.assign(value)

    def latest(self) -> State:
        """Copy all variables as they are in training, not averaged."""
        return State(self._copies(self.network.variables), self._copies(self._optimizer.variables))

    def checked(self, state: State) -> State:
        """Return a state of a file; raise an error if it is another network's or optimizer's."""
        network = self._checked("network", self.network.variables, state.network)
        if not all(np.isfinite(values.astype(np.float64)).all() for values in network):
            raise ValueError("its network has weights that are NaN or infinite.")
        optimizer = self._checked("optimizer", self._optimizer.variables, state.optimizer or ())
        return State(network, optimizer)

    def _checked(
        self, what: str, variables: Sequence[Any], values: Sequence[NDArray[Any]]
    ) -> list[NDArray[Any]]:
        expected = self._copies(variables)
        if len(expected) == len(values):
            values = [
                # Files have no dtypes but NumPy's own.
                value.view(like.dtype) if value.dtype == stored_dtype(like.dtype) else value
                for value, like in zip(values, expected, strict=True)
            ]
        described, found = (
            [(value.dtype.name, value.shape) for value in each] for each in (expected, values)
        )
        if described != found:
            raise ValueError(
                f"its tensors are not the {what}'s: expected {shown(described)}, found "
                f"{shown(found)}."
            )
        return list(values)

    def finish(self) -> None:
        """Release the data."""
        self._trained = self._judged = None

    def state(self) -> State:
        """Copy all variables, the network's as averaged if the optimizer averages them."""
        with self._averaged():
            return self.latest()

    @property
    def learning_rate(self) -> float:
        """The optimizer's current learning rate."""
        return float(self._optimizer.learning_rate)

    @property
    def n_steps(self) -> int:
        """The number of steps that the optimizer has taken."""
        return int(self._optimizer.iterations)

    def run_epoch(
        self,
        order: NDArray[Any],
        draws: NDArray[Any],
        rates: NDArray[Any],
        callbacks: KerasCallbacks,
    ) -> dict[str, float]:
        """Train on the rows in `order`; return the mean loss, the accuracy and the metrics.

        A rate of NaN leaves the learning rate unchanged.
        """
        self._reset_metrics()
        sums, size, n_rows = self._zeros()[:2], self._plan.batch_size, len(order)
        for part in self._trained.of(order, size):
            first, place = part.start // size, slice(part.start, part.start + len(part.rows))
            steps = range(self._plan.steps_per_epoch(len(part.rows)))
            planned = self._planned(part.rows, draws[place], rates[first:][: len(steps)])
            if not callbacks.want_batches:
                sums = self._take_steps(part, planned, steps, sums)
                continue
            for step in steps:
                callbacks.on_batch_begin(first + step)
                sums = self._take_steps(part, planned, steps[step : step + 1], sums)
                seen = min((first + step + 1) * size, n_rows)
                callbacks.on_batch_end(first + step, self._means(sums, seen))
        return self._means(sums, n_rows)

    def evaluate(self, rows: NDArray[Any]) -> dict[str, float]:
        """Return the same scores as `run_epoch` on some validation rows, without training.

        The loss includes the penalties on the weights (L2), like the training loss and Keras's
        ``evaluate``.
        """
        self._reset_metrics()
        with self._averaged():
            sums = self._zeros()
            for part in self._judged.of(rows, EVALUATION_BATCH):
                sums = self._judge_part(part, sums)
            loss, hits, weight = sums
            penalties = sum(float(penalty) for penalty in self.network.losses)
        return self._scores(float(loss) / float(weight) + penalties, int(hits), len(rows))

    def _means(self, sums: Any, n_rows: int) -> dict[str, float]:
        return self._scores(float(sums[0]) / n_rows, int(sums[1]), n_rows)

    def _scores(self, loss: float, hits: int, n_rows: int) -> dict[str, float]:
        """Return the scores of some rows by their names in the history."""
        scores = {"loss": loss}
        if self._task.has_accuracy:
            scores["accuracy"] = hits / n_rows
        results = zip(self._training_spec.metrics, self._metrics, strict=True)
        return scores | {spec.name: _as_number(spec.name, made.result()) for spec, made in results}

    def _changed(self, pixels: Any, labels: Any, weights: Any, draws: Any, background: Any) -> Any:
        """Augment a batch; return its pixels and what it is compared with (`Task.truths`)."""
        augmentation = self._training_spec.augmentation
        if augmentation is None:
            return pixels, self._task.truths(labels, weights)
        truths = self._task.truths(labels, weights, augmentation.mixing(draws))
        return augmentation(pixels, draws, background), truths

    def _losses(self, truths: Truths, outputs: Any) -> Any:
        """Return each sample's loss times its weight."""
        loss, targets = self._training_spec.loss, self._task.targets
        return reduce(
            add, (loss(targets(labels, outputs), outputs) * weights for labels, weights in truths)
        )

    def _update_metrics(self, labels: Any, outputs: Any) -> None:
        """Add a batch to the metrics."""
        for spec, metric in zip(self._training_spec.metrics, self._metrics, strict=True):
            truth = labels if spec.takes_labels else self._task.targets(labels, outputs)
            metric.update_state(truth, outputs)

    def _build_metrics(self) -> None:
        """Create the metrics' variables, which Keras does when a metric is first computed."""
        ops = load_keras().ops
        n_outputs = self.network.output_shape[-1]
        for spec, metric in zip(self._training_spec.metrics, self._metrics, strict=True):
            outputs = ops.full((1, n_outputs), 0.5, dtype=self._float)
            labels = ops.zeros((1,), "int32") if spec.takes_labels else outputs
            metric.update_state(labels, outputs)
        self._reset_metrics()

    def _reset_metrics(self) -> None:
        for metric in self._metrics:
            metric.reset_state()

    @abstractmethod
    def _zeros(self) -> Sequence[Any]:
        """Return sums of losses, hits and weights to begin with.

        They stay on the device and are carried from part to part: the sums of all parts are, bit
        for bit, those of data in memory.
        """

    @abstractmethod
    def _planned(self, rows: NDArray[Any], draws: NDArray[Any], rates: NDArray[Any]) -> Any:
        """Copy the order, the random draws and the rates of a part's steps to the device."""

    @abstractmethod
    def _take_steps(self, part: Part, planned: Any, steps: range, sums: Sequence[Any]) -> Any:
        """Train on some of a part's batches; return the sums of losses and hits."""

    @abstractmethod
    def _judge_part(self, part: Part, sums: Sequence[Any]) -> Any:
        """Return the sums of losses, hits and weights with a part's rows added."""

    @abstractmethod
    def _load(self, data: Data) -> Any:
        """Copy images, labels, weights, scale and background to the device."""

    @staticmethod
    @abstractmethod
    def _copies(variables: Sequence[Any]) -> list[NDArray[Any]]:
        """Return copies of the variables' values."""

    def _kept(self, variables: Sequence[Any]) -> Sequence[Any]:
        """Return the variables' values; a backend may have a cheaper way than copying."""
        return self._copies(variables)

    def _new_state(self, seed: int) -> State:
        if self._new[0] != seed:
            network = self._training_spec.architecture.build(seed)
            self._new = seed, State(self._copies(network.variables), None)
        return self._new[1]

    def _assign(self, state: State) -> None:
        for variable, value in zip(self.network.variables, state.network, strict=True):
            variable.assign(value)
        optimizer_state = state.optimizer or self._new_optimizer_state()
        shapes = [tuple(variable.shape) for variable in self._optimizer.variables]
        if [value.shape for value in optimizer_state] != shapes:
            raise ValueError("the optimizer's state, as it was loaded, isn't this optimizer's.")
        for variable, value in zip(self._optimizer.variables, optimizer_state, strict=True):
            variable.assign(value)

    def _new_optimizer_state(self) -> Sequence[NDArray[Any]]:
        """Return what a new optimizer's variables are, for the weights that the network has."""
        # Its averages begin at the weights; what all others keep begins at constants.
        if not isinstance(self._optimizer, load_keras().optimizers.ScheduleFreeAdamW):
            return self._new_optimizer
        new = self._training_spec.optimizer.make()
        new.build(self.network.trainable_variables)
        return self._copies(new.variables)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Use the averaged weights within this context."""
        if not self._optimizer.use_ema:
            yield
            return
        variables = self.network.trainable_variables
        latest = self._copies(variables)
        self._optimizer.finalize_variable_values(variables)
        yield
        for variable, value in zip(variables, latest, strict=True):
            variable.assign(value)


def _as_number(name: str, result: Any) -> float:
    """Return the result of a metric."""
    value = load_keras().ops.convert_to_numpy(result)
    if value.ndim:
        raise ValueError(
            f"metrics has {name!r}, which returns {value.size} numbers; expected one per epoch. "
            "Give a metric that averages them, such as keras.metrics.F1Score(average='macro')."
        )
    return float(value)
