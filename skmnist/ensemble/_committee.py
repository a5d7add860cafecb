"""The committee: the mean probabilities of classifiers with different seeds or designs."""

from collections.abc import Iterator
from itertools import cycle, islice, product
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr
from sklearn import get_config
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.parallel import Parallel, delayed

from skmnist._inputs.images import ImageShape, as_images, find_image_shape
from skmnist._inputs.pixel_range import one_pixel_warning
from skmnist._inputs.state import ImageState
from skmnist._utils.errors import shown
from skmnist._utils.random import generator_of
from skmnist._utils.reprs import ScreenRepr
from skmnist._utils.sklearn import (
    HasMethods,
    Interval,
    fit_single_estimator,
    set_random_states,
)
from skmnist._utils.workers import workers_for
from skmnist.classifiers import CNNClassifier
from skmnist.classifiers._label_classifier import ProbabilisticClassifier
from skmnist.ensemble._base import (
    Ensemble,
    NamedEstimators,
    TrainingData,
    check_classifier,
    fits,
    is_named,
    reported,
    with_weights,
)
from skmnist.ensemble._shifts import shifted

_MEMBERS_OF_ONE_DESIGN = 5


class CommitteeClassifier(
    ScreenRepr, ProbabilisticClassifier, ImageState, Ensemble, NamedEstimators
):
    """A committee of classifiers, fitted on the same data, whose probabilities are averaged.

    Its members differ in their seeds and, if several designs are given, in their designs.

    Parameters
    ----------
    estimators : classifier, list of classifiers or of (name, classifier) pairs, default=None
        The designs of the members, which are cloned and not fitted themselves. Any classifiers
        with ``predict_proba`` can be used; None means a :class:`skmnist.CNNClassifier`. Parameters
        of a named design are set as ``name__parameter``, those of a single classifier as
        ``estimators__parameter``.
    n_estimators : int, default=None
        Number of members, at least that of the designs, which are used in turn. None means 5
        members of a single classifier, or one of each design in a list.
    test_time_shifts : int, default=0
        Largest shift of images, in pixels in each direction, when predicting; the probabilities
        are averaged over all ``(2 * test_time_shifts + 1) ** 2`` shifts. Pixels that enter have the
        value of the image's background, the median of its border.
    n_jobs : int, default=None
        Number of members fitted at the same time, each in its own process with its share of the
        cores; a single member uses all of them. None means 1, or the setting of
        :func:`joblib.parallel_config`, which may be a cluster. It doesn't change the members.
    random_state : int, RandomState instance or None, default=None
        Decides the seed of each member; it replaces every ``random_state`` of the members. A
        smaller committee with the same seed consists of the first of the same members. None takes a
        new number from the system; no global generator is read or changed.
    verbose : int, default=0
        0 is silent; 1 prints one line per member, and shows the progress on stderr. Members have
        their own ``verbose``.

    Attributes
    ----------
    estimators_ : list of classifiers
        The fitted members.
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    image_shape_ : tuple (height, width, channels)
        The shape of one image.
    n_features_in_ : int
        Number of pixels of one image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if all of the names that `X` has are strings.

    Notes
    -----
    Members of equal architecture share their compiled functions within a process. A classifier
    that is already fitted can be a member, in a :class:`sklearn.frozen.FrozenEstimator`.

    Different preprocessing of the images gains more than different seeds. Fitted on the first
    50,000 training images of MNIST and evaluated on the last 10,000, three seeds of the default CNN
    reached an accuracy of 99.61 %; one seed each on unchanged images, on upright ones
    (:class:`skmnist.preprocessing.Deskew`), on ones of equal size
    (:class:`skmnist.preprocessing.MomentNormalizer`) and with both steps, 99.70 % together and
    99.56 to 99.66 % alone. A support vector machine on oriented gradients as a fifth member raised
    it to 99.76 %. Without it, so did four wider networks trained for longer, which are
    ``recipe("committee")``.

    Train each member well before adding another. Fitted on 4,000 images of MNIST's training set
    and evaluated on its last 10,000 (a small CNN, mean of two draws), 5 members with 2 epochs made
    173 errors, 2 with 5 made 126, one with 10 made 104, one with 30 made 88, and 5 with 10 made 86.
    Shifts of 1 pixel then reduced 39.5 errors on the last 5,000 to 37 (for a single member, 48 to
    43), shifts of 2 pixels to 38 (42), at a higher log loss.

    The probabilities of a committee tend to be less confident than its members', and so may need
    another temperature: ``CalibratedClassifierCV(FrozenEstimator(committee),
    method="temperature")``, fitted on images that the committee was not fitted on, finds it.

    References
    ----------
    B. Lakshminarayanan, A. Pritzel and C. Blundell, "Simple and scalable predictive uncertainty
    estimation using deep ensembles", NeurIPS 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier
    >>> from skmnist import CommitteeClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> network = DNNClassifier(hidden_units=(128, 128), epochs=10)
    >>> committee = CommitteeClassifier(network, n_estimators=3, random_state=0)
    >>> committee.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9
    True
    >>> unsure = committee.disagreement(X[1::2]).argmax()
    >>> committee.member_probas(X[1::2][[unsure]]).shape
    (3, 1, 10)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "estimators": [HasMethods(["fit"]), list, None],
        "n_estimators": [Interval(Integral, 1, None, closed="left"), None],
        "test_time_shifts": [Interval(Integral, 0, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimators: Any = None,
        *,
        n_estimators: int | None = None,
        test_time_shifts: int = 0,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.estimators = estimators
        self.n_estimators = n_estimators
        self.test_time_shifts = test_time_shifts
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Compute the probability of each class: the mean over the members.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes), float64
            Columns in the order of `classes_`; rows sum to 1.

        Raises
        ------
        NotFittedError
            If the committee is not fitted.
        ValueError
            If `X` has another shape than in `fit`.
        """
        return self.member_probas(X).mean(axis=0)

    def disagreement(self, X: Any) -> NDArray[Any]:
        """Compute how much the members disagree on each image.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.

        Returns
        -------
        disagreement : ndarray of shape (n,), float64
            In nats: 0 if all members give the same probabilities, at most the logarithm of the
            number of classes or of members, whichever is smaller.

        Notes
        -----
        It is the mutual information of the label and a random member: the entropy of the mean
        probabilities minus the mean of the members' entropies (Houlsby et al. 2011). An ambiguous
        image, for which all members give the same uncertain probabilities, scores low;
        ``predict_proba`` identifies these.

        References
        ----------
        N. Houlsby, F. Huszar, Z. Ghahramani and M. Lengyel, "Bayesian active learning for
        classification and preference learning", arXiv:1112.5745, 2011.
        """
        probabilities = self.member_probas(X)
        of_mean = entr(probabilities.mean(axis=0)).sum(axis=-1)
        mean_of_members = entr(probabilities).sum(axis=-1).mean(axis=0)
        return np.maximum(of_mean - mean_of_members, 0)  # rounding may make it negative

    def member_probas(self, X: Any) -> NDArray[Any]:
        """Compute the probabilities that each member gives.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.

        Returns
        -------
        probabilities : ndarray of shape (n_estimators, n, n_classes), float64
            In the order of `estimators_` and `classes_`, averaged over the shifts.
        """
        X = self._as_fitted(X)
        self._check_shifts()
        total: Any = 0.0
        with one_pixel_warning():
            for moved in self._shifts(X):
                members = [member.predict_proba(moved) for member in self.estimators_]
                total = total + np.stack(members, dtype=np.float64)
        return total / (2 * self.test_time_shifts + 1) ** 2

    def __skmnist_getstate__(self) -> dict[str, Any]:
        learned = {"classes_": self.classes_, "estimators_": self.estimators_}
        return {**super().__skmnist_getstate__(), **learned}

    def __skmnist_setstate__(self, state: dict[str, Any]) -> None:
        super().__skmnist_setstate__(state)
        self.classes_, self.estimators_ = state["classes_"], state["estimators_"]
        if not self.estimators_ or not all(fits(member, self) for member in self.estimators_):
            raise ValueError(
                "estimators; expected one at least, of the committee's classes and images."
            )
        self._check_shifts()

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        # Sparse images can't be shifted.
        tags.input_tags.sparse = not self.test_time_shifts and self._members_take_sparse_rows()
        return tags

    # -- the members -------------------------------------------------------------------

    def _parts(self) -> dict[str, tuple[Any, str]]:
        return {name: (design, "fit") for name, design in self._designs().items()}

    def _designs(self) -> dict[str, Any]:
        """Return the designs by name; refuse those that can't be members."""
        given = with_weights(CNNClassifier()) if self.estimators is None else self.estimators
        if not isinstance(given, list):
            designs = {type(given).__name__: given}
        elif self._has_names:
            self._check_names([name for name, _ in given])
            designs = dict(given)
        else:
            pairs = [each if is_named(each) else (type(each).__name__, each) for each in given]
            designs = {f"{name}-{i}": each for i, (name, each) in enumerate(pairs, 1)}
        if not designs:
            raise ValueError(
                "estimators is empty; give at least one classifier, or None for the default one."
            )
        for name, design in designs.items():
            _check_member(name, design)
        if self.n_estimators is not None and self.n_estimators < len(designs):
            raise ValueError(
                f"n_estimators={self.n_estimators} leaves out some of the {len(designs)} designs "
                f"in estimators. Set it to at least {len(designs)}, or to None for one of each, or "
                "give fewer."
            )
        return designs

    def _members_take_sparse_rows(self) -> bool:
        try:
            designs = self._designs().values()
        except (TypeError, ValueError):  # which fit raises
            return False
        return all(get_tags(design).input_tags.sparse for design in designs)

    def _named_members(self) -> list[tuple[str, Any]]:
        """Make the members from their designs, each with its own seed."""
        designs = self._designs()
        by_default = len(designs) if isinstance(self.estimators, list) else _MEMBERS_OF_ONE_DESIGN
        turns = islice(cycle(designs.items()), self.n_estimators or by_default)
        named = [(name, clone(design)) for name, design in turns]
        # Drawn in turn, so that a larger committee begins with the same members.
        generator = generator_of(self.random_state)
        for _, member in named:
            set_random_states(member, generator)
        return named

    def _fit_parts(self, data: TrainingData) -> None:
        self._check_shifts()
        named = self._named_members()
        # Some classifiers count a class without weight as a class, others don't; here it isn't one.
        data = data.without_zeros()
        with self._reported(data, ["member"] * len(named)) as tasks:
            members = Parallel(n_jobs=workers_for(len(named), self.n_jobs))(
                delayed(_fit_member)(self, name, member, task, *data)
                for (name, member), task in zip(named, tasks, strict=True)
            )
            _check_classes(members, self.classes_)
            self.estimators_ = members

    def _takes_weights(self, part: Any) -> bool:
        """Return True: a member that can't take weights is an error."""
        return True

    # -- the images --------------------------------------------------------------------

    def _find_image_shape(self, rows: NDArray[Any], seen_shape: ImageShape | None) -> ImageShape:
        # Without a warning: members that need the shape give their own.
        return find_image_shape(rows.shape[1], self._wanted_shape(), seen_shape)

    def _wanted_shape(self) -> Any:
        """Return the `image_shape` that a member has as a parameter, if one has."""
        for design in self._designs().values():
            for name, value in design.get_params().items():
                if name.split("__")[-1] == "image_shape" and value is not None:
                    return value
        return None

    def _check_shifts(self) -> None:
        height, width, _ = self.image_shape_
        if self.test_time_shifts >= min(height, width):
            raise ValueError(
                f"test_time_shifts={self.test_time_shifts} would shift images of {height} x "
                f"{width} pixels out of sight. Set it to less than their height and width, or to "
                "0; if X holds images in rows that are not square, give it as an array of shape "
                "(n, height, width)."
            )

    def _shifts(self, X: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """Yield the images, in their layout, with each shift: one copy at a time."""
        if not self.test_time_shifts:
            yield X
            return
        steps = range(-self.test_time_shifts, self.test_time_shifts + 1)
        images = as_images(X.reshape(len(X), -1), self.image_shape_)
        for moved in shifted(images, list(product(steps, steps))):
            yield moved.reshape(X.shape)


def _fit_member(
    committee: CommitteeClassifier, name: str, member: Any, task: Any, *parts_of_data: Any
) -> Any:
    """Fit one member, in whichever process."""
    data = TrainingData(*parts_of_data)
    message = f"({task.task_id + 1} of {task.parent.max_subtasks}) {name}"
    with reported(committee, task, member, data):
        fit_single_estimator(
            member,
            data.X,
            data.y,
            _fit_parameters(member, data.metadata if name in data.weighted else None),
            message_clsname=type(committee).__name__,
            message=message if committee.verbose else None,
        )
    return member


def _fit_parameters(member: Any, metadata: dict[str, Any] | None) -> dict[str, Any]:
    """Return the arguments of a member's `fit`; in a Pipeline, the last step gets the weights."""
    if metadata and isinstance(member, Pipeline) and not get_config()["enable_metadata_routing"]:
        return {f"{member.steps[-1][0]}__{name}": value for name, value in metadata.items()}
    return metadata or {}


def _check_member(name: str, design: Any) -> None:
    check_classifier(name, design, also=", or a pair of a name and one")
    if not hasattr(design, "predict_proba"):
        raise TypeError(
            f"estimators: {shown(name)} has no predict_proba, and a committee averages "
            "probabilities. Wrap it in sklearn.calibration.CalibratedClassifierCV, or leave it out."
        )


def _check_classes(members: list[Any], classes: NDArray[Any]) -> None:
    """Refuse a member that was fitted elsewhere, on other classes."""
    for member in members:
        if not np.array_equal(member.classes_, classes):
            raise ValueError(
                f"estimators: {shown(member)} was fitted on the classes "
                f"{shown(member.classes_.tolist())}, but y has {shown(classes.tolist())}. Take it "
                "out of its FrozenEstimator, to fit it on y, or leave it out."
            )
