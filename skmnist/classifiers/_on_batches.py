"""How network estimators fit data that come in batches."""

from abc import abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._inputs.batches import Batch, BatchSource, located
from skmnist._inputs.numbers import checked_weights
from skmnist._inputs.survey import Survey
from skmnist._inputs.targets import held_out_part
from skmnist._inputs.validation import in_one_step
from skmnist._utils.errors import shown
from skmnist._utils.sklearn import fit_context
from skmnist.training._contract import Data
from skmnist.training._stream import StreamedData


class OnBatches:
    """A fit on batches that are read anew in each epoch (mixin of `NetworkEstimator`).

    What `fit` learns from all samples is learned in one pass before the first epoch.
    """

    @in_one_step
    @fit_context(prefer_skip_nested_validation=True)
    def __skmnist_fit_batches__(
        self: Any, batches: BatchSource, classes: Any, validation: Any
    ) -> Any:
        """Train on batches; see :func:`skmnist.fit_batches`.

        Parameters
        ----------
        batches : BatchSource
            What to train on.
        classes : array-like of shape (n_classes,) or None
            All classes; None finds them.
        validation : BatchSource, tuple of arrays or None
            What to validate on.

        Returns
        -------
        self : object
        """
        if validation is None and held_out_part(self.validation_fraction, self.early_stopping):
            raise ValueError(
                f"validation_fraction={shown(self.validation_fraction)} and early_stopping="
                f"{self.early_stopping}, but no part of batches is held out. Give validation_data, "
                "or set validation_fraction=0."
            )
        if isinstance(validation, BatchSource):
            self._check_none_held_out("validation_data")
        going_on = self.warm_start and hasattr(self, "_predictor_")
        data = self._streamed(batches, classes, going_on)
        if isinstance(validation, BatchSource):
            data = self._validated_on_batches(data, validation)
        elif validation is not None:
            with located("validation_data"):
                data = self._judge_on(data, *validation)
        return self._fit_to(data)

    def _streamed(self: Any, source: BatchSource, classes: Any, going_on: bool) -> StreamedData:
        """Learn from one pass what `fit` learns from all samples."""
        survey = Survey.of(source.read_first())
        y = self._checked_targets(survey.y)
        known = self._known_of_batches(y, classes, going_on)
        some = survey.sample
        sample = self._samples_to_learn(some.table, some.y, None, known, going_on=going_on)
        if not going_on:
            self._learn_targets(y, known)
            self._mirrored_ = self._mirrors_look_alike(sample)
        rows = np.arange(len(y), dtype=np.int32)
        labels = self._labels(y, rows)
        weights = checked_weights(survey.weights, rows)
        weights = self._of_classes(weights, labels, (labels, rows))
        mean = weights.mean()
        learned = replace(sample, labels=labels, weights=weights / mean, train_rows=rows)

        def converted(batch: Batch) -> Data:
            part = self._converted(learned, batch.table, batch.y, batch.weights)
            return replace(part, weights=part.weights / mean)

        return StreamedData.of(learned, source, converted, len(y))

    def _validated_on_batches(self: Any, data: StreamedData, source: BatchSource) -> StreamedData:
        def converted(batch: Batch) -> Data:
            part: Data = self._converted(data, batch.table, batch.y, batch.weights, "_val")
            return part

        n = sum(map(len, source.read_first(check=converted)))
        rows = np.arange(n, dtype=np.int32)
        empty = replace(data, train_rows=rows[:0], validation_rows=rows)
        validation = StreamedData.of(empty, source, converted, n)
        return replace(data, validation=validation, validation_rows=rows)

    @abstractmethod
    def _known_of_batches(self, y: NDArray[Any], classes: Any, going_on: bool) -> Any:
        """Return what is known of the targets of all batches."""
