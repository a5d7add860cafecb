"""The compiled loop on TensorFlow: an epoch is one call of one graph.

The data lies in memory once, as it came; the graph gathers a batch, scales it, augments it and
takes a step.  Sizes are left open, so that folds and candidates share one tracing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from skmnist._backend import logs_of_tensorflow_held_back
from skmnist.training.callbacks import KerasCallbacks
from skmnist.training.contract import Data, Plan, State, Task

_EVALUATION_BATCH = 512


class Trainer:
    """A network, its optimizer and their compiled loop.

    Parameters
    ----------
    task : Task
        What to compile.
    seed : int
        Decides the first weights.
    """

    def __init__(self, task: Task, seed: int) -> None:
        self._task = task
        self._seed: int | None = seed
        self.network = task.architecture.build(seed)
        self.network.optimizer = self._optimizer = task.optimizer.make()
        self._optimizer.build(self.network.trainable_variables)
        self._new_optimizer = [v.numpy() for v in self._optimizer.variables]
        self._float = self.network.outputs[0].dtype
        self._traced: dict[Any, Any] = {}

    def begin(self, data: Data, plan: Plan, start: State | None) -> None:
        """Load the data, and set all variables to where training begins."""
        if start is not None:
            self._assign(start)
        else:
            self._begin_anew(plan.seed)
        if plan.learning_rate is not None:
            self._optimizer.learning_rate = plan.learning_rate
        self._plan = plan
        self._images = tf.convert_to_tensor(data.images)
        self._labels = tf.convert_to_tensor(data.labels)
        self._weights = tf.constant(data.weights, self._float)
        self._scale = tf.constant(data.pixel_scale, self._float)

    def _begin_anew(self, seed: int) -> None:
        as_built = self._seed == seed
        network = self.network if as_built else self._task.architecture.build(seed)
        self._assign(State([v.numpy() for v in network.variables], self._new_optimizer))
        self._seed = None

    def _assign(self, state: State) -> None:
        for variable, value in zip(self.network.variables, state.network, strict=True):
            variable.assign(value)
        optimizer_state = state.optimizer or self._new_optimizer
        for variable, value in zip(self._optimizer.variables, optimizer_state, strict=True):
            variable.assign(value)

    def state(self) -> State:
        """Copy all variables, the network's averaged where the optimizer averages them."""
        with self._averaged():
            return State(
                [v.numpy() for v in self.network.variables],
                [v.numpy() for v in self._optimizer.variables],
            )

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Put the averaged weights in place for a while."""
        if not self._optimizer.use_ema:
            yield
            return
        variables = self.network.trainable_variables
        latest = [v.numpy() for v in variables]
        self._optimizer.finalize_variable_values(variables)
        yield
        for variable, value in zip(variables, latest, strict=True):
            variable.assign(value)

    def finish(self) -> None:
        """Let the data go."""
        self._images = self._labels = self._weights = None

    @property
    def learning_rate(self) -> float:
        """The rate that the optimizer has now."""
        return float(self._optimizer.learning_rate)

    def run_epoch(
        self, order: NDArray, draws: NDArray, rates: NDArray, callbacks: KerasCallbacks
    ) -> tuple[float, float]:
        """Train on the rows in `order`; give the mean loss and the accuracy."""
        plan = (
            tf.constant(order, tf.int32),
            tf.constant(draws, tf.float32),
            tf.constant(rates, tf.float32),
            tf.constant(self._plan.batch_size),
        )
        steps = len(rates)
        loss, hits, first = 0.0, 0, 0
        for stop in range(1, steps + 1) if callbacks.want_batches else [steps]:
            callbacks.on_batch_begin(first)
            sums = self._call(
                self._run_steps, *self._resident, *plan, tf.constant(first), tf.constant(stop)
            )
            loss, hits = loss + float(sums[0]), hits + int(sums[1])
            seen = min(stop * self._plan.batch_size, len(order))
            callbacks.on_batch_end(first, {"loss": loss / seen, "accuracy": hits / seen})
            first = stop
        return loss / len(order), hits / len(order)

    def evaluate(self, rows: NDArray) -> tuple[float, float]:
        """Give the mean loss and the accuracy on some rows, without training."""
        with self._averaged():
            loss, hits, weight = self._call(
                self._run_judging, *self._resident, tf.constant(rows, tf.int32)
            )
        return float(loss) / float(weight), int(hits) / len(rows)

    def _call(self, function: Any, *tensors: Any) -> Any:
        """Call the function's graph, traced once for each kind of pixels with sizes left open."""
        images = tensors[0]
        key = function.__name__, images.dtype
        if key not in self._traced:
            specs = [
                tf.TensorSpec([None, *t.shape[1:]] if t.ndim else [], t.dtype) for t in tensors
            ]
            traced = tf.function(function, autograph=False)
            with logs_of_tensorflow_held_back():
                self._traced[key] = traced.get_concrete_function(*specs)
                # The graph is optimised, and logged about, at its first call: with no work.
                self._traced[key](*tensors[:-1], tensors[-1][:0] if tensors[-1].ndim else 0)
        return self._traced[key](*tensors)

    @property
    def _resident(self) -> tuple[Any, ...]:
        return self._images, self._labels, self._weights, self._scale

    def _run_steps(
        self, images, labels, weights, scale, order, draws, rates, batch_size, first, stop
    ):
        def step(i, loss_sum, n_hits):
            batch = slice(i * batch_size, tf.minimum((i + 1) * batch_size, tf.size(order)))
            rows = order[batch]
            pixels = self._pixels(images, rows, scale)
            if self._task.augmentation:
                pixels = self._task.augmentation(pixels, draws[batch])
            if self._task.optimizer.learning_rate is not None:  # else Keras's schedule decides
                self._optimizer.learning_rate.assign(rates[i])
            loss, hits = self._learn(pixels, tf.gather(labels, rows), tf.gather(weights, rows))
            count = tf.cast(tf.size(rows), loss.dtype)
            return i + 1, loss_sum + loss * count, n_hits + hits

        start = first, tf.zeros((), self._float), tf.zeros((), tf.int32)
        return tf.while_loop(lambda i, *_: i < stop, step, start)[1:]

    def _learn(self, pixels, labels, weights):
        """Take one step; give the batch's loss and how many it got right."""
        with tf.GradientTape() as tape:
            outputs = self.network(pixels, training=True)
            losses = self._task.loss(self._targets(labels, outputs), outputs)
            loss = tf.reduce_mean(losses * weights)
            if self.network.losses:
                loss += tf.cast(tf.add_n(self.network.losses), loss.dtype)
        variables = self.network.trainable_variables
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        return loss, self._hits(labels, outputs)

    def _run_judging(self, images, labels, weights, scale, rows):
        def judge(i, loss_sum, n_hits, weight_sum):
            some = rows[i : i + _EVALUATION_BATCH]
            outputs = self.network(self._pixels(images, some, scale), training=False)
            truth, weight = tf.gather(labels, some), tf.gather(weights, some)
            losses = self._task.loss(self._targets(truth, outputs), outputs) * weight
            return (
                i + _EVALUATION_BATCH,
                loss_sum + tf.reduce_sum(losses),
                n_hits + self._hits(truth, outputs),
                weight_sum + tf.reduce_sum(weight),
            )

        zero = tf.zeros((), self._float)
        start = tf.constant(0), zero, tf.zeros((), tf.int32), zero
        return tf.while_loop(lambda i, *_: i < tf.size(rows), judge, start)[1:]

    def _pixels(self, images, rows, scale):
        return tf.cast(tf.gather(images, rows), scale.dtype) / scale

    def _targets(self, labels, outputs):
        if outputs.shape[-1] == 1:  # one neuron: the probability of the second class
            return tf.cast(labels[:, None], outputs.dtype)
        return tf.one_hot(labels, outputs.shape[-1], dtype=outputs.dtype)

    def _hits(self, labels, outputs):
        if outputs.shape[-1] == 1:
            guesses = tf.cast(outputs[:, 0] > 0.5, labels.dtype)
        else:
            guesses = tf.argmax(outputs, axis=-1, output_type=labels.dtype)
        return tf.reduce_sum(tf.cast(guesses == labels, tf.int32))
