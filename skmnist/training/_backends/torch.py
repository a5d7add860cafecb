"""The loop on PyTorch, eager: each step is a few calls of compiled kernels.

The data is on the device once, unscaled, or part by part; a batch is gathered, scaled and augmented
there.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from skmnist._utils.backend import load_keras
from skmnist.training._averages import corrected_averages
from skmnist.training._backends.trainer import EVALUATION_BATCH, AbstractTrainer
from skmnist.training._contract import Data
from skmnist.training._parts import Part


class Trainer(AbstractTrainer):
    """A network, its optimizer and their loop."""

    def _load(self, data: Data) -> tuple[Any, ...]:
        return (
            self._tensor(data.images),
            self._labels(data.labels),
            self._tensor(data.weights, self._float),
            self._tensor(data.pixel_scale, self._float),
            self._tensor(data.background, self._float),
        )

    @staticmethod
    def _copies(variables: Sequence[Any]) -> list[NDArray[Any]]:
        # A NumPy view of a value would change with it.
        return [np.array(variable.value.detach().cpu()) for variable in variables]

    def _zeros(self) -> Sequence[Any]:
        return self._tensor(0.0, self._float), self._tensor(0), self._tensor(0.0, self._float)

    def _planned(self, rows: NDArray[Any], draws: NDArray[Any], rates: NDArray[Any]) -> Any:
        return self._tensor(rows, "int64"), self._tensor(draws, "float32"), rates

    def _take_steps(self, part: Part, planned: Any, steps: range, sums: Sequence[Any]) -> Any:
        rows, draws, rates = planned
        loss_sum, n_hits = sums
        for step in steps:
            batch = slice(step * self._plan.batch_size, (step + 1) * self._plan.batch_size)
            self._set_rate(rates[step])
            taken = self._optimizer.iterations
            with corrected_averages(self.network, self._optimizer, taken, self._earlier_steps):
                loss, hits = self._learn(part.data, rows[batch], draws[batch])
            loss_sum, n_hits = loss_sum + loss * len(rows[batch]), n_hits + hits
        return loss_sum, n_hits

    @torch.no_grad()
    def _judge_part(self, part: Part, sums: Sequence[Any]) -> Any:
        images, labels, weights, scale, _ = part.data
        loss_sum, n_hits, weight_sum = sums
        for some in self._tensor(part.rows, "int64").split(EVALUATION_BATCH):
            outputs = self.network(self._scaled(images[some], scale), training=False)
            truth, weight = labels[some], weights[some]
            losses = self._losses(self._task.truths(truth, weight), outputs)
            self._update_metrics(truth, outputs)
            loss_sum, weight_sum = loss_sum + losses.sum(), weight_sum + weight.sum()
            n_hits = n_hits + self._task.hits(truth, outputs).sum()
        return loss_sum, n_hits, weight_sum

    def _set_rate(self, rate: float) -> None:
        # NaN leaves it unchanged; if the plan has none, a Keras schedule determines it.
        if self._plan.learning_rate is not None and not np.isnan(rate):
            self._optimizer.learning_rate = float(rate)

    def _learn(self, data, rows, draws):
        """Take one step; return the batch's loss and its number of hits."""
        images, labels, weights, scale, background = data
        pixels, truths = self._changed(
            self._scaled(images[rows], scale), labels[rows], weights[rows], draws, background
        )
        outputs = self.network(pixels, training=True)
        loss = self._losses(truths, outputs).mean() + sum(self.network.losses)
        variables = self.network.trainable_variables
        scaled = self._optimizer.scale_loss(loss)
        gradients = torch.autograd.grad(scaled, [v.value for v in variables])
        own_labels = truths[0][0]
        with torch.no_grad():
            self._optimizer.apply(gradients, variables)
            self._update_metrics(own_labels, outputs)
        return loss.detach(), self._task.hits(own_labels, outputs).sum()

    @staticmethod
    def _scaled(images, scale):
        return images.to(scale.dtype) / scale

    def _labels(self, labels: NDArray[Any]) -> Any:
        # Class numbers as PyTorch indexes with them; numbers in the network's precision.
        return self._tensor(labels, "int64" if labels.dtype.kind == "i" else self._float)

    @staticmethod
    def _tensor(values: Any, dtype: str | None = None) -> Any:
        """Copy values to the device that Keras computes on."""
        return load_keras().ops.convert_to_tensor(values, dtype)
