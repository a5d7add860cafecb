"""The compiled loop on TensorFlow: an epoch is one call of one graph.

The data is in memory once, unscaled, or part by part, with one call for each; the graph gathers a
batch, scales it, augments it and takes a step.  Sizes are left open, so that folds and candidates
share one traced graph.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from skmnist._utils.graphs import traced
from skmnist._utils.tensorflow_log import logs_of_tensorflow_held_back
from skmnist.training._averages import corrected_averages
from skmnist.training._backends.trainer import EVALUATION_BATCH, AbstractTrainer
from skmnist.training._contract import Data, TrainingSpec
from skmnist.training._parts import Part


class Trainer(AbstractTrainer):
    """A network, its optimizer and their compiled loop."""

    def __init__(self, spec: TrainingSpec, seed: int) -> None:
        super().__init__(spec, seed)
        self._traced: dict[Any, Any] = {}

    def _load(self, data: Data) -> tuple[Any, ...]:
        return (
            tf.convert_to_tensor(data.images),
            self._labels(data.labels),
            tf.constant(data.weights, self._float),
            tf.constant(data.pixel_scale, self._float),
            tf.constant([[[data.background]]], self._float),
        )

    def _labels(self, labels: NDArray[Any]) -> tf.Tensor:
        return tf.convert_to_tensor(labels, None if labels.dtype.kind == "i" else self._float)

    @staticmethod
    def _copies(variables: Sequence[Any]) -> list[NDArray[Any]]:
        return [variable.numpy() for variable in variables]

    def _kept(self, variables: Sequence[Any]) -> list[tf.Tensor]:
        # A variable shares its memory with the values read from it until the next assignment.
        return [variable.value.value() for variable in variables]

    def _zeros(self) -> Sequence[tf.Tensor]:
        return tf.zeros((), self._float), tf.zeros((), tf.int32), tf.zeros((), self._float)

    def _planned(self, rows: NDArray[Any], draws: NDArray[Any], rates: NDArray[Any]) -> Any:
        return (
            tf.constant(rows, tf.int32),
            tf.constant(draws, tf.float32),
            tf.constant(rates, tf.float32),
            tf.constant(self._plan.batch_size),
            tf.constant(self._earlier_steps, tf.float32),
        )

    def _take_steps(self, part: Part, planned: Any, steps: range, sums: Sequence[Any]) -> Any:
        ends = tf.constant(steps.start), tf.constant(steps.stop)
        return self._call(self._run_steps, *part.data, *planned, *sums, *ends)

    def _judge_part(self, part: Part, sums: Sequence[Any]) -> Any:
        rows = tf.constant(part.rows, tf.int32)
        return self._call(self._run_judging, *part.data, *sums, rows)

    def _call(self, function: Any, *tensors: Any) -> Any:
        """Call the function's graph, traced once for each dtype of pixels with sizes left open."""
        images = tensors[0]
        key = function.__name__, images.dtype
        if key not in self._traced:
            specs = [
                tf.TensorSpec([None, *t.shape[1:]] if t.ndim else [], t.dtype) for t in tensors
            ]
            with logs_of_tensorflow_held_back():
                self._traced[key] = traced(function, *specs)
                # The graph is optimised, with log messages, at its first call: here without work.
                self._traced[key](*tensors[:-1], tensors[-1][:0] if tensors[-1].ndim else 0)
        return self._traced[key](*tensors)

    def _run_steps(
        self,
        images,
        labels,
        weights,
        scale,
        background,
        order,
        draws,
        rates,
        batch_size,
        earlier,
        loss_sum,
        n_hits,
        first,
        stop,
    ):
        def step(i, loss_sum, n_hits):
            batch = slice(i * batch_size, tf.minimum((i + 1) * batch_size, tf.size(order)))
            rows = order[batch]
            pixels, truths = self._changed(
                self._pixels(images, rows, scale),
                tf.gather(labels, rows),
                tf.gather(weights, rows),
                draws[batch],
                background,
            )
            if (
                self._training_spec.optimizer.learning_rate is not None
            ):  # otherwise Keras's schedule sets it
                rate = self._optimizer.learning_rate
                planned = tf.cast(rates[i], rate.dtype)
                rate.assign(tf.where(tf.math.is_nan(planned), rate, planned))
            taken = self._optimizer.iterations
            with corrected_averages(self.network, self._optimizer, taken, earlier):
                loss, hits = self._learn(pixels, truths)
            count = tf.cast(tf.size(rows), loss.dtype)
            return i + 1, loss_sum + loss * count, n_hits + hits

        start = first, loss_sum, n_hits
        return tf.while_loop(lambda i, *_: i < stop, step, start)[1:]

    def _learn(self, pixels, truths):
        """Take one step; return the batch's loss and its number of hits."""
        with tf.GradientTape() as tape:
            outputs = self.network(pixels, training=True)
            loss = tf.reduce_mean(self._losses(truths, outputs))
            if self.network.losses:
                loss += tf.cast(tf.add_n(self.network.losses), loss.dtype)
            scaled = self._optimizer.scale_loss(loss)
        variables = self.network.trainable_variables
        self._optimizer.apply(tape.gradient(scaled, variables), variables)
        labels = truths[0][0]
        self._update_metrics(labels, outputs)
        return loss, tf.reduce_sum(self._task.hits(labels, outputs))

    def _run_judging(
        self, images, labels, weights, scale, background, loss_sum, n_hits, weight_sum, rows
    ):
        def judge(i, loss_sum, n_hits, weight_sum):
            some = rows[i : i + EVALUATION_BATCH]
            outputs = self.network(self._pixels(images, some, scale), training=False)
            truth, weight = tf.gather(labels, some), tf.gather(weights, some)
            losses = self._losses(self._task.truths(truth, weight), outputs)
            self._update_metrics(truth, outputs)
            return (
                i + EVALUATION_BATCH,
                loss_sum + tf.reduce_sum(losses),
                n_hits + tf.reduce_sum(self._task.hits(truth, outputs)),
                weight_sum + tf.reduce_sum(weight),
            )

        start = tf.constant(0), loss_sum, n_hits, weight_sum
        return tf.while_loop(lambda i, *_: i < tf.size(rows), judge, start)[1:]

    def _pixels(self, images, rows, scale):
        return tf.cast(tf.gather(images, rows), scale.dtype) / scale
