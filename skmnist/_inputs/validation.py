"""What all estimators do at the beginning of their public methods."""

from collections.abc import Callable, Collection
from functools import wraps
from inspect import Parameter, signature
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils import get_tags
from sklearn.utils.validation import check_consistent_length, validate_data

from skmnist._inputs.images import ImageShape, as_rows, check_not_single_image, check_same_shape
from skmnist._inputs.images_on_demand import ImagesOnDemand
from skmnist._inputs.numbers import check_float32_range, check_not_masked
from skmnist._inputs.sparse_rows import with_places_once
from skmnist._inputs.targets import as_labels
from skmnist._utils.errors import shown
from skmnist._utils.sklearn import InvalidParameterError

Method = TypeVar("Method", bound=Callable[..., Any])


def in_one_step(method: Method) -> Method:
    """Make a fitting method change its estimator all at once at its end, or not at all.

    Until then, another thread may use the estimator as it was; after any error, and Ctrl-C, it
    stays as it was.  The method fits a shallow copy, so it has to set attributes, not to change
    their values in place.
    """

    @wraps(method)
    def fit(estimator: Any, *arguments: Any, **keywords: Any) -> Any:
        before = dict(vars(estimator))
        apart = object.__new__(type(estimator))
        vars(apart).update(before)
        method(apart, *arguments, **keywords)
        after = vars(apart)
        changed = {n: v for n, v in after.items() if n not in before or v is not before[n]}
        vars(estimator).update(changed)
        for name in before.keys() - after.keys():
            vars(estimator).pop(name, None)
        return estimator

    return fit  # type: ignore[return-value]


def clear_arguments(method: Method) -> Method:
    """Make a method's errors about wrong arguments name its class and give advice."""
    parameters = list(signature(method).parameters.values())[1:]
    positional = [p for p in parameters if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
    required = [p.name for p in positional if p.default is Parameter.empty]
    names = [p.name for p in parameters]

    @wraps(method)
    def checked(estimator: Any, *arguments: Any, **keywords: Any) -> Any:
        call = f"{type(estimator).__name__}.{method.__name__}()"
        unknown = [name for name in keywords if name not in names]
        if unknown:
            advice = _advice(estimator, unknown[0], names)
            raise TypeError(f"{call} takes no argument {shown(unknown[0])}. {advice}")
        missing = [name for name in required[len(arguments) :] if name not in keywords]
        if missing:
            raise TypeError(
                f"{call} lacks {' and '.join(missing)}; expected {', '.join(required)}, each an "
                "array that holds all samples."
            )
        return method(estimator, *arguments, **keywords)

    return checked  # type: ignore[return-value]


def _advice(estimator: Any, unknown: str, names: Collection[str]) -> str:
    """Return advice about an unknown argument, which may be one of another library's methods."""
    settings = estimator.get_params(deep=False)
    own = {"validation_split": "validation_fraction", "lr": "learning_rate"}.get(unknown, unknown)
    if own in settings:
        return f"It is a parameter of the class: {type(estimator).__name__}({own}=...)."
    nested = [name for name in estimator.get_params() if name.endswith(f"__{own}")]
    if nested:
        return f"It is a parameter of what the estimator holds: set_params({nested[0]}=...)."
    if unknown in ("validation_data", "eval_set") and "X_val" in names:
        return "Give the validation set as X_val=... and y_val=...."
    if unknown in ("checkpoint", "resume"):
        return (
            "Only fits of networks have checkpoints: fit each network by itself, and hand it over "
            "in a sklearn.frozen.FrozenEstimator."
        )
    return f"Expected {', '.join(names)}."


class ClearErrors:
    """Makes an estimator's errors about parameters short and clear (mixin)."""

    def _validate_params(self) -> None:
        try:
            super()._validate_params()  # type: ignore[misc]
        except InvalidParameterError as error:
            message = str(error)
            for value in self.get_params(deep=False).values():  # type: ignore[attr-defined]
                message = message.replace(repr(value), shown(value))
            raise InvalidParameterError(message) from None

    def set_params(self, **params: Any) -> Self:
        """Set parameters, also those of estimators that this one holds.

        Parameters
        ----------
        **params : object
            Parameters by name; ``name__parameter`` is a parameter of the estimator `name`.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter, or `name` is not an estimator.
        """
        own = self.get_params(deep=False)  # type: ignore[attr-defined]
        for key in params:
            name, _, inner = key.partition("__")
            holder = params.get(name, own.get(name))
            if inner and name in own and not hasattr(holder, "set_params"):
                default = ", which stands for the default" if holder is None else ""
                raise ValueError(
                    f"{name}={shown(holder)}{default} has no parameters, so {key} can't be set; "
                    f"set {name} to an estimator first."
                )
        return super().set_params(**params)  # type: ignore[misc]


def rows_to_fit(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    reset: bool = True,
    read_targets: Callable[[Any], Any] = as_labels,
) -> tuple[Any, NDArray[Any], ImageShape | None]:
    """Validate the data that an estimator is fitted on.

    Parameters
    ----------
    estimator : estimator
        Gets the attributes `n_features_in_` and `feature_names_in_`.
    X, y : array-like
        As the user gave them.
    reset : bool, default=True
        Whether the attributes are set; if not, `X` is compared with them.
    read_targets : callable, default=as_labels
        Converts `y` to an array that scikit-learn validates.

    Returns
    -------
    rows : ndarray, CSR array or ImagesOnDemand of shape (n, n_pixels)
        Any real dtype; in no array only if the estimator's tags say that it accepts sparse rows.
    y : ndarray of shape (n,) or (n, n_targets)
        Labels, or what else `read_targets` returns.
    seen_shape : tuple (height, width, channels) or None
        The shape of one image, or None if `X` held rows.

    Raises
    ------
    ValueError
        If `X` or `y` is not usable.
    """
    rows, seen_shape = as_rows(X)
    check_not_masked(y, "y")
    y = read_targets(y)
    checks = {"multi_output": len(np.shape(y)) == 2 and np.shape(y)[1] > 1}
    if _stays_lazy(estimator, rows):
        y = validate_data(estimator, y=y, **checks)
        check_consistent_length(rows, y)
        return valid_rows(estimator, rows, reset=reset), y, seen_shape
    checks |= {"dtype": "numeric", **_sparse(estimator)}
    rows, y = validate_data(estimator, rows, y, reset=reset, **checks)
    return _checked(rows), y, seen_shape


def rows_as_fitted(estimator: Any, X: Any) -> tuple[Any, ImageShape | None]:
    """Validate the data that a fitted estimator predicts or transforms.

    Returns
    -------
    rows : ndarray, CSR array or ImagesOnDemand of shape (n, n_pixels)
        Any real dtype; in no array only if the estimator's tags say that it accepts sparse rows.
    seen_shape : tuple (height, width, channels) or None
        The shape of one image, or None if `X` held rows.

    Raises
    ------
    ValueError
        If `X` is not usable or has another shape than in `fit`.
    """
    rows, seen_shape = as_rows(X)
    check_not_single_image(estimator, getattr(rows, "shape", ()), seen_shape)
    check_same_shape(estimator, seen_shape)
    return valid_rows(estimator, rows, reset=False), seen_shape


def valid_rows(estimator: Any, rows: Any, *, reset: bool) -> Any:
    """Validate rows without labels; `reset` sets the number of features and their names.

    Returns
    -------
    rows : ndarray, CSR array or ImagesOnDemand of shape (n, n_pixels)
        Any real dtype.
    """
    if not reset and _are_as_fitted(estimator, rows):
        return _checked(rows)
    if _stays_lazy(estimator, rows):
        # Their values can only be whole numbers from 0 to 255.
        if not len(rows):
            raise ValueError("X holds 0 images; expected 1 at least.")
        return validate_data(estimator, rows, reset=reset, skip_check_array=True)
    return _checked(
        validate_data(estimator, rows, reset=reset, dtype="numeric", **_sparse(estimator))
    )


def _are_as_fitted(estimator: Any, rows: Any) -> bool:
    """Return whether scikit-learn would return rows as they are, without a warning.

    Its checks take longer than the prediction of an image by a small network.
    """
    if type(rows) is not np.ndarray or rows.ndim != 2 or rows.dtype.kind not in "buif":
        return False
    width = getattr(estimator, "n_features_in_", None)
    if not len(rows) or rows.shape[1] != width or hasattr(estimator, "feature_names_in_"):
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(rows.dtype.kind != "f" or np.isfinite(rows.sum()))


def _stays_lazy(estimator: Any, rows: Any) -> bool:
    """Return whether rows are images on demand, and the estimator takes rows in no array."""
    return isinstance(rows, ImagesOnDemand) and get_tags(estimator).input_tags.sparse


def _sparse(estimator: Any) -> dict[str, Any]:
    """Return the argument with which scikit-learn accepts sparse rows, or refuses them."""
    return {"accept_sparse": "csr" if get_tags(estimator).input_tags.sparse else False}


def _checked(rows: Any) -> Any:
    if issparse(rows):
        rows = with_places_once(rows)
    check_float32_range(rows)
    return rows
