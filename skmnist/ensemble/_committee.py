"""The committee: classifiers with other seeds or of other designs, their probabilities averaged."""

from collections.abc import Iterator
from itertools import cycle, islice, product
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr
from sklearn import get_config
from sklearn.base import MetaEstimatorMixin, _fit_context, clone, is_classifier
from sklearn.callback import CallbackSupportMixin
from sklearn.ensemble._base import _fit_single_estimator, _set_random_states
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from skmnist._inputs.images import as_images, find_image_shape
from skmnist._inputs.numbers import checked_weights
from skmnist._inputs.pixel_range import one_pixel_warning
from skmnist._inputs.targets import at_least_two
from skmnist._inputs.validation import (
    ShortErrors,
    clear_arguments,
    generator_of,
    in_one_step,
    rows_as_fitted,
    rows_to_fit,
)
from skmnist._utils.backend import StartsAsItsSender
from skmnist._utils.errors import shown
from skmnist._utils.reprs import ScreenRepr
from skmnist.classifiers import CNNClassifier
from skmnist.classifiers._label_classifier import ProbabilisticClassifier
from skmnist.ensemble._shifts import shifted
from skmnist.ensemble._workers import workers_for

_MEMBERS_OF_ONE_DESIGN = 5


class CommitteeClassifier(
    ScreenRepr,
    StartsAsItsSender,
    CallbackSupportMixin,
    ProbabilisticClassifier,
    ShortErrors,
    MetaEstimatorMixin,
    _BaseComposition,
):
    """A committee of classifiers that are fitted on the same data and average their probabilities.

    Its members differ by their seeds, and where several designs are given, by their designs.

    Parameters
    ----------
    members : classifier, list of classifiers or of (name, classifier) pairs, default=None
        The designs of the members, which are cloned and not fitted themselves. Any classifiers
        with ``predict_proba`` will do; None means a :class:`skmnist.CNNClassifier`. Parameters of
        a named design are set by ``name__parameter``, those of a single one by
        ``members__parameter``.
    n_members : int, default=None
        How many members there are. Designs take turns until all members are made, so each must
        get one. None means 5 members of a single classifier, or one of each design of a list.
    test_time_shifts : int, default=0
        Up to how many pixels images are shifted in each direction when they are predicted; the
        probabilities are averaged over all ``(2 * test_time_shifts + 1) ** 2`` shifts. Pixels
        that come in have the value of the image's background, the median of its border.
    n_jobs : int, default=None
        How many members are fitted at once, each in a process of its own with its share of the
        cores; a single member has them all. None means 1, or what
        :func:`joblib.parallel_config` says, a cluster too. The members are the same, whatever it
        is.
    random_state : int, RandomState instance or None, default=None
        Decides the seed of each member; it replaces every ``random_state`` of the members' own.
        A smaller committee of the same seed has the first of the same members. None takes a new
        number from the system; no global generator is read or changed.
    verbose : int, default=0
        0 is silent; 1 prints a line a member. What a member prints is its own ``verbose``.

    Attributes
    ----------
    members_ : list of classifiers
        The fitted members.
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    image_shape_ : tuple (height, width, channels)
        The shape of one image.
    n_features_in_ : int
        Pixels of one image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    Notes
    -----
    Members of equal architecture share their compiled functions within a process. A classifier
    that is fitted already joins without being fitted again in a
    :class:`sklearn.frozen.FrozenEstimator`.

    Members that see the images in different ways gain more than other seeds. Fitted on the first
    50,000 training images of MNIST and judged on the last 10,000, three seeds of the default CNN
    were right on 99.61 %; one seed each on the images as they are, upright
    (:class:`skmnist.preprocessing.Deskew`), of one size
    (:class:`skmnist.preprocessing.MomentNormalizer`) and both, on 99.70 %, and alone on 99.56 to
    99.66 %. A support vector machine on oriented gradients beside these four made it 99.76 %. So
    did four wider networks, trained for longer, without it, which is ``recipe("committee")``.

    Train each member well before adding another. Fitted on 4,000 images of MNIST's training set
    and judged on its last 10,000 (a small CNN, mean of two draws), 5 members of 2 epochs made 173
    errors, 2 of 5 made 126, one of 10 made 104, one of 30 made 88, and 5 of 10 made 86. Shifts of
    1 pixel then left 37 of 39.5 errors on the last 5,000 (of a single member 43 of 48), shifts of
    2 pixels 38 (42), at a higher log loss.

    The probabilities of a committee tend to be less sure than its members', and so may need
    another temperature: ``CalibratedClassifierCV(FrozenEstimator(committee),
    method="temperature")``, fitted on images that the committee hasn't seen, finds it.

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
    >>> committee = CommitteeClassifier(members=network, n_members=3, random_state=0)
    >>> committee.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9
    True
    >>> unsure = committee.disagreement(X[1::2]).argmax()
    >>> committee.member_probas(X[1::2][[unsure]]).shape
    (3, 1, 10)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "members": [HasMethods(["fit"]), list, None],
        "n_members": [Interval(Integral, 1, None, closed="left"), None],
        "test_time_shifts": [Interval(Integral, 0, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        members: Any = None,
        n_members: int | None = None,
        test_time_shifts: int = 0,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.members = members
        self.n_members = n_members
        self.test_time_shifts = test_time_shifts
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    # Members check their own parameters.
    @in_one_step
    @_fit_context(prefer_skip_nested_validation=False)
    @clear_arguments
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "CommitteeClassifier":
        """Fit all members.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.
        y : array-like of shape (n,)
            Class labels, numbers or strings, at least two classes.
        sample_weight : array-like of shape (n,), default=None
            How much each sample counts; zero is as if left out. Each member must take weights;
            of a Pipeline, its last step.

        Returns
        -------
        self : object
            The fitted committee.

        Raises
        ------
        TypeError
            If a member is no classifier or gives no probabilities, or if weights are given and a
            member takes none.
        ValueError
            If a parameter or the data is not usable, or a member in a ``FrozenEstimator`` was
            fitted on other classes.
        """
        named = self._named_members()
        data = self._training_data(X, y, sample_weight)
        task = self._init_callback_context(max_subtasks=len(named), sequential_subtasks=False)
        task.call_on_fit_task_begin(estimator=self, **data)
        # All made before the first is sent to a process: they know of one another.
        subtasks = [task.subcontext("member", task_id=i) for i in range(len(named))]
        members = Parallel(n_jobs=workers_for(len(named), self.n_jobs))(
            delayed(_fit_member)(self, name, member, data, subtask)
            for (name, member), subtask in zip(named, subtasks, strict=True)
        )
        classes = np.unique(data["y"])
        _check_same_classes(members, classes)
        self.classes_, self.members_ = classes, members
        task.call_on_fit_task_end(estimator=self, **data, reconstruction_attributes={})
        return self

    def predict_proba(self, X: Any) -> NDArray:
        """Compute the probability of each class: the mean of the members' own.

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

    def disagreement(self, X: Any) -> NDArray:
        """Compute how much the members disagree on each image.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.

        Returns
        -------
        disagreement : ndarray of shape (n,), float64
            In nats: 0 where all members give the same probabilities, at most the logarithm of the
            number of classes or of members, whichever is smaller.

        Notes
        -----
        It is the mutual information of the label and the member that is asked: the entropy of the
        mean probabilities, less the mean of the members' entropies (Houlsby et al. 2011). An image
        on which all members are unsure in the same way, since it may be read in two ways, scores
        low; ``predict_proba`` tells of these.

        References
        ----------
        N. Houlsby, F. Huszar, Z. Ghahramani and M. Lengyel, "Bayesian active learning for
        classification and preference learning", arXiv:1112.5745, 2011.
        """
        probabilities = self.member_probas(X)
        of_mean = entr(probabilities.mean(axis=0)).sum(axis=-1)
        mean_of_members = entr(probabilities).sum(axis=-1).mean(axis=0)
        return np.maximum(of_mean - mean_of_members, 0)  # rounding may leave less than nothing

    def member_probas(self, X: Any) -> NDArray:
        """Compute the probabilities that each member gives.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.

        Returns
        -------
        probabilities : ndarray of shape (n_members, n, n_classes), float64
            In the order of `members_` and `classes_`, averaged over the shifts.
        """
        check_is_fitted(self)
        rows, seen_shape = rows_as_fitted(self, X)
        self._check_shifts()
        total: Any = 0.0
        with one_pixel_warning():
            for moved in self._shifts(rows):
                inputs = moved if seen_shape is None else moved.reshape(np.shape(X))
                members = [member.predict_proba(inputs) for member in self.members_]
                total = total + np.stack(members, dtype=np.float64)
        return total / (2 * self.test_time_shifts + 1) ** 2

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get all parameters, those of named members as ``name__parameter``.

        Parameters
        ----------
        deep : bool, default=True
            Whether the members' parameters are given too.

        Returns
        -------
        params : dict of str to object
        """
        if self._has_names:
            return self._get_params("members", deep)
        return super().get_params(deep)

    def set_params(self, **params: Any) -> "CommitteeClassifier":
        """Set parameters, those of named members as ``name__parameter``.

        Parameters
        ----------
        **params : objects
            Their names and values.

        Returns
        -------
        self : object
        """
        if "members" in params:
            self.members = params.pop("members")
        if self._has_names:
            return self._set_params("members", **params)
        return super().set_params(**params)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    # -- the members -------------------------------------------------------------------

    @property
    def _has_names(self) -> bool:
        """Whether all designs are (name, classifier) pairs."""
        return isinstance(self.members, list) and all(map(_is_named, self.members))

    def _named_members(self) -> list[tuple[str, Any]]:
        """Make the members from their designs, each with its own seed."""
        designs = self._designs()
        by_default = len(designs) if isinstance(self.members, list) else _MEMBERS_OF_ONE_DESIGN
        n_members = self.n_members or by_default
        if n_members < len(designs):
            raise ValueError(
                f"n_members={n_members} leaves out some of the {len(designs)} designs in members. "
                f"Set it to at least {len(designs)}, or to None for one of each, or give fewer."
            )
        named = [(name, clone(design)) for name, design in islice(cycle(designs), n_members)]
        # Drawn in turn, so that a larger committee begins with the same members.
        generator = generator_of(self.random_state)
        for _, member in named:
            _set_random_states(member, generator)
        return named

    def _designs(self) -> list[tuple[str, Any]]:
        """Name the designs, and refuse what can't be a member."""
        designs = CNNClassifier() if self.members is None else self.members
        designs = designs if isinstance(designs, list) else [designs]
        if not designs:
            raise ValueError(
                "members is empty; give at least one classifier, or None for the default one."
            )
        pairs = [d if _is_named(d) else (type(d).__name__, d) for d in designs]
        for name, design in pairs:
            _check_member(name, design)
        if self._has_names:
            self._validate_member_names([name for name, _ in pairs])
        return pairs

    def _validate_member_names(self, names: list[str]) -> None:
        try:
            self._validate_names(names)
        except ValueError as error:
            raise ValueError(f"members: {error}. Give each another name.") from error

    # -- the data ----------------------------------------------------------------------

    def _training_data(self, X: Any, y: Any, sample_weight: Any) -> dict[str, Any]:
        """Validate everything that `fit` is given; leave images in the layout they came in."""
        rows, y, seen_shape = rows_to_fit(self, X, y)
        # Without a warning: each member has its own where it needs the shape.
        self.image_shape_ = find_image_shape(rows.shape[1], self._wanted_shape(), seen_shape)
        self._check_shifts()
        check_classification_targets(y)
        inputs = rows if seen_shape is None else rows.reshape(np.shape(X))
        metadata = None
        if sample_weight is not None:
            weights = checked_weights(sample_weight, rows)
            # Classifiers differ in whether a class of no weight is one; here it is none.
            counted = weights > 0
            if not counted.all():
                inputs, y, weights = inputs[counted], y[counted], weights[counted]
            metadata = {"sample_weight": weights}
        at_least_two(np.unique(y))
        return {"X": inputs, "y": y, "metadata": metadata}

    def _wanted_shape(self) -> Any:
        """Find the shape of an image that a member has as its parameter."""
        for _, design in self._designs():
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
                "0; where X is images in rows that are no square, give it as an array of shape "
                "(n, height, width)."
            )

    def _shifts(self, rows: NDArray) -> Iterator[NDArray]:
        """Give the images, as rows, shifted in each way: one copy at a time."""
        if not self.test_time_shifts:
            yield rows
            return
        steps = range(-self.test_time_shifts, self.test_time_shifts + 1)
        images = as_images(rows, self.image_shape_)
        for moved in shifted(images, list(product(steps, steps))):
            yield moved.reshape(rows.shape)


def _fit_member(
    committee: CommitteeClassifier, name: str, member: Any, data: dict[str, Any], task: Any
) -> Any:
    """Fit one member, in whichever process, and tell the callbacks."""
    message = f"({task.task_id + 1} of {task.parent.max_subtasks}) {name}"
    with task.propagate_callback_context(member):
        task.call_on_fit_task_begin(estimator=committee, **data)
        _fit_single_estimator(
            member,
            data["X"],
            data["y"],
            _fit_parameters(member, data["metadata"]),
            message_clsname=type(committee).__name__,
            message=message if committee.verbose else None,
        )
    task.call_on_fit_task_end(estimator=committee, **data)
    return member


def _fit_parameters(member: Any, metadata: dict[str, Any] | None) -> dict[str, Any]:
    """Name what `fit` is given as the member does: a Pipeline's last step has the weights."""
    if metadata and isinstance(member, Pipeline) and not get_config()["enable_metadata_routing"]:
        return {f"{member.steps[-1][0]}__{name}": value for name, value in metadata.items()}
    return metadata or {}


def _is_named(design: Any) -> bool:
    return isinstance(design, tuple) and len(design) == 2 and isinstance(design[0], str)


def _check_member(name: str, design: Any) -> None:
    if isinstance(design, type) or not hasattr(design, "fit") or not is_classifier(design):
        raise TypeError(
            f"members: {shown(name)} is {shown(design)}; expected an instance of a scikit-learn "
            "classifier, or a pair of a name and one."
        )
    if not hasattr(design, "predict_proba"):
        raise TypeError(
            f"members: {shown(name)} has no predict_proba, and a committee averages probabilities. "
            "Wrap it in sklearn.calibration.CalibratedClassifierCV, or leave it out."
        )


def _check_same_classes(members: list[Any], classes: NDArray) -> None:
    """Refuse a member that was fitted elsewhere, on other classes."""
    for member in members:
        if not np.array_equal(member.classes_, classes):
            raise ValueError(
                f"members: {shown(member)} knows the classes {shown(member.classes_.tolist())}, "
                f"but y has {shown(classes.tolist())}. Take it out of its FrozenEstimator, to be "
                "fitted on y, or leave it out."
            )
