"""Model cards: what a saved estimator is, how well it does, and what it is for."""

import os
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    log_loss,
    mean_absolute_error,
    precision_recall_fscore_support,
    r2_score,
    root_mean_squared_error,
)
from sklearn.utils.validation import check_is_fitted

from skmnist._utils.errors import shown
from skmnist._utils.files import write
from skmnist._utils.provenance import versions
from skmnist._utils.sklearn import changed_parameters
from skmnist.display import HistoryDisplay
from skmnist.display._confusion import draw_confusion
from skmnist.display._drawing import figure_of, png_of

_MOST_LABELS = 50
_SUFFIXES = (".md", ".markdown")
_INTENDED = (
    "To predict {target} of images like those described under Data, prepared in the same way. "
    "Nobody has stated another use."
)
_LIMITS = (
    "The scores hold for images like those under Data, and for no others: expect more mistakes on "
    "images of other people, cameras or scanners. {any_image}Measure it on images of your own "
    "before you rely on it."
)
_ANY_IMAGE = (
    "Every image gets one of the labels, also one that shows something else, and high "
    "probabilities are no proof that it doesn't. "
)
_LOAD = """```python
from skmnist.persistence import load

estimator = load("{file}")
estimator.predict(X)
```

The file holds data and no code. This card was written with {versions}."""


def model_card(
    estimator: Any,
    X: Any = None,
    y: Any = None,
    *,
    path: str | os.PathLike[str] = "README.md",
    name: str | None = None,
    data: str | None = None,
    intended_use: str | None = None,
    limits: str | None = None,
    file: str = "model.safetensors",
) -> Path:
    """Write a model card: a Markdown file about a fitted estimator, with pictures beside it.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier or regressor that :func:`save` can save.
    X : array-like of shape (n, n_pixels), (n, height, width) or (n, height, width, channels), \
default=None
        Test images, on which the estimator was not fitted. None leaves out the scores.
    y : array-like of shape (n,) or (n, n_outputs), default=None
        Their labels or targets.
    path : str or path-like, default="README.md"
        The Markdown file; "~" is the home folder. The pictures have its name and an ending, such
        as "README-confusion.png". Existing files are replaced.
    name : str, default=None
        The title. None is the name of the estimator's class.
    data : str, default=None
        Markdown about the training and test data: where they come from, how they were prepared.
    intended_use, limits : str, default=None
        Markdown about what it is for, and not for. None is a general text.
    file : str, default="model.safetensors"
        The name of the file that :func:`save` has written, for the section on loading it.

    Returns
    -------
    path : pathlib.Path
        The file that was written.

    Raises
    ------
    ImportError
        If skops is not installed, which makes the card.
    ValueError
        If only one of `X` and `y` is given, they don't fit the estimator, or `path` has another
        suffix than ".md".
    OSError
        If a file can't be written.
    sklearn.exceptions.NotFittedError
        If `estimator` is not fitted.

    Notes
    -----
    The card has the sections that M. Mitchell et al. propose in "Model cards for model reporting"
    (FAT* 2019): data, scores with a 95 % interval (Wilson's) of the accuracy, the scores of each
    class and a confusion matrix for up to 50 classes, the training curves of all networks in the
    estimator, its parameters, intended use and limits. Texts are written as they are given.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.datasets import load_digits
    >>> from skmnist import DNNClassifier, model_card
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = DNNClassifier(hidden_units=(16,), epochs=2, random_state=0)
    >>> with TemporaryDirectory() as folder:
    ...     card = model_card(
    ...         classifier.fit(X[::2], y[::2]), X[1::2], y[1::2],
    ...         path=Path(folder) / "README.md", data="Half of scikit-learn's digits.",
    ...     )
    ...     sorted(each.name for each in card.parent.iterdir())
    ['README-confusion.png', 'README-curves.png', 'README.md']
    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in _SUFFIXES:
        raise ValueError(f"path='{path}'; expected a Markdown file, such as '{path.stem}.md'.")
    check_is_fitted(estimator)
    if (X is None) != (y is None):
        raise ValueError("Only one of X and y is given; expected both, or neither.")
    texts = {
        "Intended use": intended_use or _INTENDED.format(target=_target(estimator)),
        "Limits": limits or _LIMITS.format(any_image=_ANY_IMAGE * is_classifier(estimator)),
        "Data": _of_data(estimator, data, X),
    }
    pictures: dict[str, bytes] = {}
    card = _card_class()(None, model_diagram=False, template=None)
    title = name or type(estimator).__name__
    card.add(**{title: _described(estimator)})
    card.add(**{f"{title}/{section}": text for section, text in texts.items()})
    if X is not None:
        _add_scores(card, f"{title}/Scores", estimator, X, y, pictures)
    curves = _curves(estimator)
    if curves is not None:
        pictures["curves"] = curves
    for ending, section in (("confusion", "Confusion matrix"), ("curves", "Training curves")):
        if ending in pictures:
            picture = path.with_name(f"{path.stem}-{ending}.png")
            write(picture, pictures[ending])
            card.add_plot(**{f"{title}/{section}": picture.name}, alt_text=_ALT_TEXTS[ending])
    _add_table(card, f"{title}/Parameters", _parameters(estimator))
    known = (f"{package} {version}" for package, version in versions("skops").items())
    card.add(**{f"{title}/How to load it": _LOAD.format(file=file, versions=", ".join(known))})
    write(path, (card.render().strip() + "\n").encode())
    return path


_ALT_TEXTS = {
    "confusion": "Confusion matrix: true labels in rows, predicted ones in columns",
    "curves": "Loss, and other scores, of training and validation after each epoch",
}


def _card_class() -> Any:
    try:
        from skops.card import Card
    except ImportError as error:
        raise ImportError(
            'model_card needs skops, which is not installed: pip install "skmnist[skops]" '
            f"({error})."
        ) from error
    return Card


# -- texts -----------------------------------------------------------------------------------


def _target(estimator: Any) -> str:
    if not is_classifier(estimator):
        return "numbers"
    return f"one of {len(estimator.classes_)} labels ({_listed(estimator.classes_)})"


def _described(estimator: Any) -> str:
    kind = "classifier" if is_classifier(estimator) else "regressor"
    networks = _networks(estimator)
    n_parameters = sum(network.n_parameters_ for network in networks)
    text = f"A {kind} of skmnist or scikit-learn, `{type(estimator).__name__}`"
    if not networks:
        return f"{text}."
    several = "network" if len(networks) == 1 else "networks"
    return f"{text}, with {len(networks)} {several} of {n_parameters:,} parameters."


def _of_data(estimator: Any, data: str | None, X: Any) -> str:
    lines = [data or "Nobody has described the data."]
    shape = getattr(next(_networks_in(estimator), estimator), "image_shape_", None)
    if shape is not None:
        height, width, channels = shape
        several = "channel" if channels == 1 else "channels"
        lines.append(
            f"The network reads images of {height} x {width} pixels, {channels} {several}."
        )
    if X is not None:
        lines.append(f"The scores are of {len(X):,} test images.")
    return "\n\n".join(lines)


def _listed(labels: NDArray[Any]) -> str:
    names = [_plain(label) for label in labels[:_MOST_LABELS].tolist()]
    return ", ".join(names) + (", ..." if len(labels) > _MOST_LABELS else "")


def _plain(value: Any) -> str:
    """Return a value as text in a table, never as markup."""
    text = (
        escape(str(value), quote=False).replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
    )
    for mark in "*_`[]":
        text = text.replace(mark, f"\\{mark}")
    return text


def _parameters(estimator: Any) -> dict[str, list[str]]:
    changed = changed_parameters(estimator)
    names = sorted(changed)
    if not names:
        return {"Parameter": ["all"], "Value": ["their defaults"]}
    values = [_plain(shown(changed[name])) for name in names]
    return {"Parameter": [_plain(name) for name in names], "Value": values}


# -- scores ----------------------------------------------------------------------------------


def _add_scores(
    card: Any, section: str, estimator: Any, X: Any, y: Any, pictures: dict[str, bytes]
) -> None:
    y = np.asarray(y)
    predicted = np.asarray(estimator.predict(X))
    if predicted.shape != y.shape:
        raise ValueError(
            f"y has the shape {y.shape}; expected {predicted.shape}, as the estimator predicts."
        )
    if not is_classifier(estimator):
        _add_table(card, section, _table(_errors(y, predicted)))
        return
    _add_table(card, section, _table(_accuracies(estimator, X, y, predicted)))
    if y.ndim > 1 or len(estimator.classes_) > _MOST_LABELS:
        return
    labels = np.unique(np.concatenate([estimator.classes_, y]))
    of_class = precision_recall_fscore_support(y, predicted, labels=labels, zero_division=0)
    columns = dict(zip(("Precision", "Recall", "F1"), of_class[:3], strict=True))
    rows = {
        "Label": [_plain(label) for label in labels.tolist()],
        "Images": [f"{n:,}" for n in of_class[3]],
        **{title: [f"{value:.3f}" for value in column] for title, column in columns.items()},
    }
    _add_table(card, f"{section}/Of each label", rows)
    matrix = confusion_matrix(y, predicted, labels=labels)
    pictures["confusion"] = draw_confusion({type(estimator).__name__: matrix}, labels)


def _table(rows: dict[str, str]) -> dict[str, list[str]]:
    return {"Score": list(rows), "Value": list(rows.values())}


def _add_table(card: Any, section: str, columns: dict[str, list[str]]) -> None:
    card.add_table(**{section: columns})
    card.select(section).title = section.rpartition("/")[2]  # skops takes the whole path


def _accuracies(estimator: Any, X: Any, y: Any, predicted: NDArray[Any]) -> dict[str, str]:
    accuracy, n = accuracy_score(y, predicted), len(y)
    low, high = _interval(accuracy, n)
    rows = {
        "Accuracy": f"{accuracy:.2%} (95 % interval {low:.2%} to {high:.2%})",
        "Mistakes": f"{round((1 - accuracy) * n):,} of {n:,}",
    }
    if y.ndim == 1 and hasattr(estimator, "predict_proba") and np.isin(y, estimator.classes_).all():
        loss = log_loss(y, estimator.predict_proba(X), labels=estimator.classes_)
        rows["Log loss"] = f"{loss:.4f}"
    return rows


def _interval(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share (E. B. Wilson, JASA 22, 1927)."""
    z = 1.959964
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _errors(y: NDArray[Any], predicted: NDArray[Any]) -> dict[str, str]:
    return {
        "Root mean squared error": f"{root_mean_squared_error(y, predicted):.4g}",
        "Mean absolute error": f"{mean_absolute_error(y, predicted):.4g}",
        "R2": f"{r2_score(y, predicted):.4f}",
    }


# -- curves ----------------------------------------------------------------------------------


def _networks(estimator: Any) -> list[Any]:
    """Return the fitted networks in an estimator, each once."""
    return list({id(network): network for network in _networks_in(estimator)}.values())


def _networks_in(value: Any, depth: int = 6) -> Iterator[Any]:
    """Yield the fitted networks in an estimator, in the order in which they are found."""
    if hasattr(value, "history_"):
        yield value
    elif depth and isinstance(value, list | tuple):
        for each in value:
            yield from _networks_in(each, depth - 1)
    elif depth and hasattr(value, "__dict__"):
        # The attributes that scikit-learn's estimators, and ours, have other fitted ones in.
        for name in _PARTS:
            if (part := getattr(value, name, None)) is not None:
                yield from _networks_in(part, depth - 1)


_PARTS = (
    "best_estimator_",
    "networks_",
    "calibrated_classifiers_",
    "estimator_",
    "estimators_",
    "classifier_",
    "regressor_",
    "estimator",
    "steps",
)


def _curves(estimator: Any) -> bytes | None:
    """Draw the training curves of all networks in an estimator, as a PNG."""
    histories = [network.history_ for network in _networks(estimator) if network.history_]
    if not histories:
        return None
    drawn = [m for m in ("loss", "accuracy", "mean_absolute_error") if m in histories[0]]
    figure = figure_of(4.8 * len(drawn), 3.6)
    for metric, ax in zip(drawn, figure.subplots(1, len(drawn), squeeze=False)[0], strict=True):
        HistoryDisplay.from_histories(histories, metric=metric, ax=ax)
    return png_of(figure)
