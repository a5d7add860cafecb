"""The stack: classifiers on a network's features join the network, and a blender weighs them."""

import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import StratifiedKFold, check_cv
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC
from sklearn.utils import gen_batches
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import (
    check_is_fitted,
    has_fit_parameter,
)
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from skmnist._inputs.images import as_images, image_shape_of, native_pixels
from skmnist._inputs.numbers import checked_weights
from skmnist._inputs.pixel_range import one_pixel_warning
from skmnist._inputs.targets import at_least_two
from skmnist._inputs.validation import (
    ShortErrors,
    clear_arguments,
    in_one_step,
    rows_as_fitted,
    rows_to_fit,
)
from skmnist._utils.backend import StartsAsItsSender
from skmnist._utils.errors import shown
from skmnist._utils.random import generator_of
from skmnist._utils.sklearn import (
    BaseComposition,
    HasMethods,
    Interval,
    StrOptions,
    fit_context,
    set_random_states,
)
from skmnist.classifiers import CNNClassifier
from skmnist.classifiers._features import CNNFeatures
from skmnist.classifiers._label_classifier import ProbabilisticClassifier
from skmnist.classifiers._network_classifier import NetworkClassifier
from skmnist.ensemble._workers import workers_for
from skmnist.training._interrupts import interrupts_go_through
from skmnist.training._precision import find_dtype

_NETWORK = "cnn"  # the network's name among the parts
_INNER_FOLDS = 3


def default_heads() -> list[tuple[str, Any]]:
    """Make the heads of a stack: a support vector machine, nearest neighbours, a random forest.

    Returns
    -------
    heads : list of (str, classifier)
        Named "svm", "knn" and "random_forest", not fitted.

    Examples
    --------
    >>> from skmnist.ensemble import default_heads
    >>> [name for name, _ in default_heads()]
    ['svm', 'knn', 'random_forest']
    """
    return [
        ("svm", SVC(C=10)),
        ("knn", KNeighborsClassifier(5, weights="distance")),
        ("random_forest", RandomForestClassifier(100)),
    ]


class CNNStackingClassifier(
    StartsAsItsSender, ProbabilisticClassifier, ShortErrors, BaseComposition
):
    """A network, classifiers on its features, and a blender that weighs them all.

    In each fold one network is fitted, and sees the rows that were held out from it as features.
    On these, classifiers of other kinds, the heads, are trained and judged by another, inner
    cross-validation. So every row has probabilities by the network and by each head, none of which
    was trained on that row, and no head was trained on features of a network that had seen
    the same rows. From these probabilities alone the blender learns how much each part counts.

    Parameters
    ----------
    classifier : network classifier or None, default=None
        The network, such as a ``CNNClassifier``. None is ``CNNClassifier()``.
    heads : list of (str, classifier) or None, default=None
        The classifiers on the network's features, by name. One without ``predict_proba`` gives the
        softmax of its ``decision_function``. None is :func:`default_heads`.
    layer : str or int, default="penultimate"
        The layer whose output the heads see; see :class:`skmnist.classifiers.CNNFeatures`.
    n_components : int or None, default=64
        The heads see at most this many principal components of the layer's values, found in each
        fold without labels. None leaves the values as they are.
    cv : int, splitter or iterable of (train, test) indices, default=5
        The folds; an int means that many stratified, shuffled folds.
    blender : {"logistic", "soft_vote"} or classifier, default="logistic"
        What makes one probability out of all: a multinomial logistic regression; the mean, in
        which nothing is learned; or any classifier with ``predict_proba``, which is given an array
        of shape (n, n_parts * n_classes), the parts in the order of `head_scores_`.
    final : {"average", "refit"}, default="average"
        What predicts. "average" keeps the network of every fold, with heads trained on all of the
        features of that fold's held-out rows, and averages their blended probabilities.  "refit"
        fits one network more, on all rows, and the heads on its features of the same rows; see
        Notes.
    n_jobs : int or None, default=None
        Folds that are fitted at a time. The result doesn't depend on it.
    random_state : int, RandomState instance or None, default=None
        Decides the folds and the seeds of the networks, the heads and the blender; it replaces
        every ``random_state`` of theirs. None takes a new number from the system; no global
        generator is read or changed.
    verbose : int, default=0
        0 is silent; from 1 on joblib tells how many folds are done.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    networks_ : list of network classifiers
        The fitted networks that predict, one a fold, or a single one after ``final="refit"``.
    heads_ : list of dict of str to classifier
        For each network, the fitted heads by name.
    blender_ : classifier
        The fitted blender.
    head_scores_ : dict of str to float
        The accuracy of each part on the rows it was not trained on, the network's, "cnn", first.
    blender_weights_ : dict of str to float, or None
        How much each part counts: the mean, over the classes, of the coefficient that its
        probability of a class has in the blender's score of that class. The equal weights of a
        soft vote; None for a blender without ``coef_``.
    image_shape_ : tuple (height, width, channels)
        The shape of one image.
    n_features_in_ : int
        Pixels of one image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `X` has names that are all strings.

    See Also
    --------
    sklearn.ensemble.StackingClassifier : Stacks any classifiers, without features in common.

    Notes
    -----
    With ``final="refit"`` the heads that predict are trained on features of a network that saw the
    same rows: classes lie farther apart there than on new
    images, and heads are surer of themselves than those from which the blender learned.
    `head_scores_` and the blender don't depend on `final`.

    The defaults were chosen on MNIST: fitted on 5,000 of the first 50,000 training images, two
    seeds, and judged on the last 10,000. The logistic stack was right on 99.12 and 99.11 % with
    "average" and on 99.05 and 99.03 % with "refit"; a soft vote of the same parts on 98.88 and
    98.87 %; one network, fitted on everything, on 99.12 and 99.11 %, with a log loss of 0.144
    against 0.033. The five networks of the folds, averaged without heads, had 99.20 and 99.12 %.
    Fitted on all 50,000, one seed and five epochs, the stack of five folds was right on 99.54 %,
    that of ten, whose networks see more of the images, on 99.59 %; soft votes on 99.55 %, one
    network on 99.57 %.

    `sample_weight` goes to the network, to the blender and to the heads whose ``fit`` names it;
    others count rows alike. Rows of weight zero are left out everywhere.

    A class that a fold lacks has probability 0 in it.

    References
    ----------
    D. H. Wolpert, "Stacked generalization", Neural Networks 5(2), 1992.

    K. M. Ting and I. H. Witten, "Issues in stacked generalization", Journal of Artificial
    Intelligence Research 10, 1999.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmnist import DNNClassifier
    >>> from skmnist import CNNStackingClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> stack = CNNStackingClassifier(
    ...     classifier=DNNClassifier(hidden_units=(32,), epochs=10),
    ...     heads=[("bayes", GaussianNB())], cv=2, random_state=0,
    ... ).fit(X[::2], y[::2])
    >>> list(stack.head_scores_)
    ['cnn', 'bayes']
    >>> stack.score(X[1::2], y[1::2]) > 0.9
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "classifier": [NetworkClassifier, None],
        "heads": [list, tuple, None],
        "layer": [str, Integral],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "cv": ["cv_object"],
        "blender": [StrOptions({"logistic", "soft_vote"}), HasMethods(["fit", "predict_proba"])],
        "final": [StrOptions({"average", "refit"})],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        classifier: Any = None,
        heads: Sequence[tuple[str, Any]] | None = None,
        layer: str | int = "penultimate",
        n_components: int | None = 64,
        cv: Any = 5,
        blender: Any = "logistic",
        final: str = "average",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.classifier = classifier
        self.heads = heads
        self.layer = layer
        self.n_components = n_components
        self.cv = cv
        self.blender = blender
        self.final = final
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @in_one_step
    @fit_context(prefer_skip_nested_validation=True)
    @clear_arguments
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "CNNStackingClassifier":
        """Fit the networks, the heads and the blender.

        Parameters
        ----------
        X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels)
            Rows of pixels or images, of any real dtype.
        y : array-like of shape (n,)
            Class labels, numbers or strings, at least two classes.
        sample_weight : array-like of shape (n,), default=None
            How much each sample counts; zero is as if left out.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        TypeError
            If a head is no classifier.
        ValueError
            If a parameter, `X`, `y` or `sample_weight` is not usable, or there are too few rows
            for the folds.
        """
        heads = self._named_heads()
        images, y, weights = self._training_data(X, y, sample_weight)
        generator = generator_of(self.random_state)
        splits = self._splits(heads, images, y, weights, _seed(generator))
        n_workers = workers_for(len(splits), self.n_jobs)
        folds = Parallel(n_jobs=n_workers, verbose=self.verbose)(
            delayed(_fit_fold)(
                self._stack(heads, generator), images, y, weights, split, _seed(generator)
            )
            for split in splits
        )
        stacks, probabilities = zip(*folds, strict=True)
        judged = np.concatenate([test for _, test in splits])
        self._learn_to_blend(
            [_NETWORK, *heads],
            np.concatenate(probabilities),
            y[judged],
            weights[judged],
            _new(self._unfitted_blender(), generator),
        )
        self._stacks_ = list(stacks)
        if self.final == "refit":
            counted = np.flatnonzero(weights)
            everything = images[counted], y[counted], weights[counted]
            stack = self._stack(heads, generator)
            with interrupts_go_through():
                stack.fit_network(*everything)
            stack.fit_heads(*everything)
            self._stacks_ = [stack]
        return self

    def predict_proba(self, X: Any) -> NDArray:
        """Compute the probability of each class.

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
            If the classifier is not fitted.
        ValueError
            If `X` has another shape than in `fit`.
        """
        check_is_fitted(self, "_stacks_")
        rows, _ = rows_as_fitted(self, X)
        images = as_images(rows, self.image_shape_)
        with one_pixel_warning():
            blended = [
                self.blender_.predict_proba(_side_by_side(stack.probabilities(images)))
                for stack in self._stacks_
            ]
        return np.mean(blended, axis=0)

    @property
    def networks_(self) -> list[Any]:
        """The fitted networks that predict."""
        check_is_fitted(self, "_stacks_")
        return [stack.features.classifier_ for stack in self._stacks_]

    @property
    def heads_(self) -> list[dict[str, Any]]:
        """The fitted heads of each network, by name."""
        check_is_fitted(self, "_stacks_")
        return [stack.heads for stack in self._stacks_]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get all parameters, those of the heads as ``name__parameter``.

        Parameters
        ----------
        deep : bool, default=True
            Whether the parameters of the network and of the heads are given too.

        Returns
        -------
        params : dict of str to object
        """
        return self._get_params("heads", deep)

    def set_params(self, **params: Any) -> "CNNStackingClassifier":
        """Set parameters, those of the heads as ``name__parameter``.

        Parameters
        ----------
        **params : objects
            Their names and values.

        Returns
        -------
        self : object
        """
        return self._set_params("heads", **params)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    # -- what goes in -----------------------------------------------------------------

    def _named_heads(self) -> dict[str, Any]:
        """Name the heads, and refuse what can't be one."""
        pairs = default_heads() if self.heads is None else self.heads
        for pair in pairs:
            _check_head(pair)
        names = [name for name, _ in pairs]
        try:
            self._validate_names([_NETWORK, *names])
        except ValueError as error:
            raise ValueError(
                f"heads: {error}. Give each another name; {_NETWORK!r} is the network's."
            ) from error
        return dict(pairs)

    def _training_data(self, X: Any, y: Any, sample_weight: Any) -> tuple[NDArray, ...]:
        """Validate everything that `fit` is given; note what is learned from it."""
        rows, y, seen_shape = rows_to_fit(self, X, y)
        check_classification_targets(y)
        weights = checked_weights(sample_weight, rows)
        self.classes_ = at_least_two(np.unique(y[weights > 0]))
        wanted = getattr(self.classifier, "image_shape", None)
        self.image_shape_ = image_shape_of(rows, wanted, seen_shape)
        return as_images(native_pixels(rows), self.image_shape_), y, weights

    def _splits(
        self,
        heads: dict[str, Any],
        images: NDArray,
        y: NDArray,
        weights: NDArray,
        seed: int,
    ) -> list[tuple[NDArray, NDArray]]:
        """Split the rows that count into those that train a network and those that judge it."""
        counted = np.flatnonzero(weights)
        if isinstance(self.cv, Integral) or self.cv is None:
            cv = check_cv(self.cv, y[counted], classifier=True, shuffle=True, random_state=seed)
            splits = [
                (counted[train], counted[test]) for train, test in cv.split(counted, y[counted])
            ]
        else:  # made of all rows, by the user
            splits = [
                (np.intersect1d(train, counted), np.intersect1d(test, counted))
                for train, test in check_cv(self.cv).split(images, y)
            ]
        _check_splits(splits, heads, y, self.classes_)
        return splits

    # -- the parts ----------------------------------------------------------------------

    def _stack(self, heads: dict[str, Any], generator: np.random.RandomState) -> "_Stack":
        """Make a network and its heads, not fitted, with seeds of their own."""
        network = CNNClassifier() if self.classifier is None else self.classifier
        network = _new(network, generator)
        # "auto" is measured by each process for itself, and two might not agree.
        network.set_params(dtype=find_dtype(network.dtype))
        return _Stack(
            CNNFeatures(network, layer=self.layer),
            None if self.n_components is None else _new(PCA(self.n_components), generator),
            {name: _new(head, generator) for name, head in heads.items()},
            self.classes_,
        )

    def _unfitted_blender(self) -> Any:
        known = {"logistic": LogisticRegression(C=10, max_iter=1000), "soft_vote": _SoftVote()}
        return known[self.blender] if isinstance(self.blender, str) else self.blender

    def _learn_to_blend(
        self, names: list[str], probabilities: NDArray, y: NDArray, weights: NDArray, blender: Any
    ) -> None:
        """Judge the parts and fit the blender, on probabilities of rows that no part has seen."""
        of_parts = probabilities.swapaxes(0, 1)
        self.head_scores_ = {
            name: float(accuracy_score(y, self.classes_[p.argmax(axis=1)], sample_weight=weights))
            for name, p in zip(names, of_parts, strict=True)
        }
        self.blender_ = _fitted(blender, _side_by_side(probabilities), y, weights)
        self.blender_weights_ = _weights_by_name(names, self.blender_)


class _Stack:
    """A network and the heads on its features."""

    def __init__(
        self, features: CNNFeatures, reduction: PCA | None, heads: dict[str, Any], classes: NDArray
    ) -> None:
        self.features = features
        self.reduction = reduction
        self.heads = heads
        self.classes = classes

    def fit_network(self, images: NDArray, y: NDArray, weights: NDArray) -> None:
        self.features.fit(images, y, weights)

    def fit_heads(self, images: NDArray, y: NDArray, weights: NDArray) -> NDArray:
        """Fit the heads, and give the features that they were fitted on."""
        features = self.features.transform(images)
        if self.reduction is not None:
            most = min(self.reduction.n_components, *features.shape)
            self.reduction.set_params(n_components=most).fit(features)
            # As pickling lays it out: the last bits of a product depend on the layout.
            self.reduction.components_ = np.ascontiguousarray(self.reduction.components_)
        features = self._reduced(features)
        for head in self.heads.values():
            _fitted(head, features, y, weights)
        return features

    def probabilities(self, images: NDArray) -> NDArray:
        """Compute what each part says, of shape (n, n_parts, n_classes)."""
        features = self._reduced(self.features.transform(images))
        of_heads = [_probabilities(head, features, self.classes) for head in self.heads.values()]
        return np.stack([self.of_network(images), *of_heads], axis=1)

    def _reduced(self, features: NDArray) -> NDArray:
        if self.reduction is None:
            return features
        # In double precision a row's components don't depend on the rows beside it.
        parts = [
            self.reduction.transform(features[rows].astype(np.float64))
            for rows in gen_batches(len(features), 1024)
        ]
        return np.concatenate(parts)

    def of_network(self, images: NDArray) -> NDArray:
        return _probabilities(self.features.classifier_, images, self.classes)


def _fit_fold(
    stack: _Stack,
    images: NDArray,
    y: NDArray,
    weights: NDArray,
    split: tuple[NDArray, NDArray],
    seed: int,
) -> tuple[_Stack, NDArray]:
    """Fit a network on some rows and the heads on the others.

    Also gives what parts that were not trained on it say of each of the others.
    """
    train, test = split
    stack.fit_network(images[train], y[train], weights[train])
    images, y, weights = images[test], y[test], weights[test]
    inner = _inner_splits(y, seed)
    # The last bits depend on how many threads there are, and a worker has fewer of them.
    with threadpool_limits(limits=1):
        features = stack.fit_heads(images, y, weights)
        of_heads = [
            _out_of_fold(head, features, y, weights, inner, stack.classes)
            for head in stack.heads.values()
        ]
    return stack, np.stack([stack.of_network(images), *of_heads], axis=1)


def _out_of_fold(
    head: Any,
    features: NDArray,
    y: NDArray,
    weights: NDArray,
    splits: list[tuple[NDArray, NDArray]],
    classes: NDArray,
) -> NDArray:
    # Not cross_val_predict, which warns of a class that a fold lacks.
    probabilities = np.zeros((len(y), len(classes)))
    for train, test in splits:
        fitted = _fitted(clone(head), features[train], y[train], weights[train])
        probabilities[test] = _probabilities(fitted, features[test], classes)
    return probabilities


class _SoftVote(ClassifierMixin, BaseEstimator):
    """The mean over all parts: a linear blender that learns nothing."""

    def fit(self, X: NDArray, y: NDArray) -> "_SoftVote":
        self.classes_ = np.unique(y)
        n_classes = len(self.classes_)
        n_parts = X.shape[1] // n_classes
        self.coef_ = np.tile(np.eye(n_classes), n_parts) / n_parts
        return self

    def predict_proba(self, X: NDArray) -> NDArray:
        return X @ self.coef_.T


def _new(estimator: Any, generator: np.random.RandomState) -> Any:
    """Clone an estimator, with seeds of its own."""
    estimator = clone(estimator)
    set_random_states(estimator, generator)
    return estimator


def _seed(generator: np.random.RandomState) -> int:
    return int(generator.randint(2**31 - 1))


def _fitted(estimator: Any, X: NDArray, y: NDArray, weights: NDArray) -> Any:
    if has_fit_parameter(estimator, "sample_weight"):
        return estimator.fit(X, y, sample_weight=weights)
    return estimator.fit(X, y)


def _probabilities(estimator: Any, X: NDArray, classes: NDArray) -> NDArray:
    """Compute the probability of each class; it is 0 for one that the estimator hasn't seen."""
    if hasattr(estimator, "predict_proba"):
        of_seen = estimator.predict_proba(X)
    else:
        of_seen = _probabilities_of_decision(estimator.decision_function(X))
    probabilities = np.zeros((len(X), len(classes)))
    probabilities[:, np.searchsorted(classes, estimator.classes_)] = of_seen
    return probabilities


def _probabilities_of_decision(decision: NDArray) -> NDArray:
    if decision.ndim == 1:  # two classes
        return np.column_stack([expit(-decision), expit(decision)])
    return softmax(decision, axis=1)


def _side_by_side(probabilities: NDArray) -> NDArray:
    """Lay out what each part says, (n, n_parts, n_classes), as the blender's rows."""
    return probabilities.reshape(len(probabilities), -1)


def _weights_by_name(names: list[str], blender: Any) -> dict[str, float] | None:
    """Average over the classes what each part's probability of a class adds to its score."""
    coef = getattr(blender, "coef_", None)
    if coef is None:
        return None
    n_classes = len(blender.classes_)
    if len(coef) < n_classes:  # two classes: one row of the second against the first
        coef = np.vstack([-coef, coef]) / 2
    own = np.einsum("cpc->p", coef.reshape(n_classes, len(names), n_classes)) / n_classes
    return dict(zip(names, own.tolist(), strict=True))


def _inner_splits(y: NDArray, seed: int) -> list[tuple[NDArray, NDArray]]:
    """Split a fold's held-out rows into those that train a head and those that it judges."""
    members = np.unique(y, return_counts=True)[1]
    folds = StratifiedKFold(
        int(np.clip(members.min(), 2, _INNER_FOLDS)), shuffle=True, random_state=seed
    )
    with warnings.catch_warnings():
        # A class of one member is known to have no probability where it doesn't train.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return list(folds.split(y, y))


def _check_head(pair: Any) -> None:
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[0], str):
        raise TypeError(f"heads holds {shown(pair)}; expected (name, classifier) pairs.")
    name, head = pair
    if isinstance(head, type) or not is_classifier(head):
        raise TypeError(
            f"heads: {shown(name)} is {shown(head)}; expected an instance of a scikit-learn "
            "classifier."
        )
    if not (hasattr(head, "predict_proba") or hasattr(head, "decision_function")):
        raise TypeError(
            f"heads: {shown(name)} has neither predict_proba nor decision_function, and a stack "
            "blends probabilities. Wrap it in sklearn.calibration.CalibratedClassifierCV, or leave "
            "it out."
        )


def _needs_two_classes(head: Any) -> bool:
    """Try whether a head can't be trained on a single class, as most linear ones can't."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            clone(head).fit(np.zeros((2, 1)), [0, 0])
        except ValueError:
            return True
    return False


def _counted(y: NDArray, classes: NDArray) -> str:
    """List how many rows each class has."""
    return shown({label: int((y == label).sum()) for label in classes.tolist()})


def _check_splits(
    splits: list[tuple[NDArray, NDArray]], heads: dict[str, Any], y: NDArray, classes: NDArray
) -> None:
    """Refuse folds that are too small, before any network is trained."""
    n_folds = len(splits)
    for i, (_, test) in enumerate(splits):
        n_rows = np.unique(y[test], return_counts=True)[1]
        if (n_rows > 1).sum() > 1:
            continue
        needy = [name for name, head in heads.items() if _needs_two_classes(head)]
        if needy or n_rows.max(initial=0) < 2:
            raise ValueError(
                f"cv: fold {i} holds out {len(test)} rows, not two of each of two classes, so "
                f"heads ({', '.join(needy or heads)}) can't be trained and judged on it. {n_folds} "
                f"folds need two classes of at least {2 * n_folds} rows each; the classes have "
                f"{_counted(y, classes)}. Take fewer folds, or give more samples."
            )
    missing = np.setdiff1d(classes, y[np.concatenate([test for _, test in splits])])
    if len(missing):
        raise ValueError(
            f"cv: no fold holds out rows of the classes {shown(missing.tolist())}, so the blender "
            "would not know of them. Take folds that hold out every class."
        )
