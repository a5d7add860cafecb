"""The page of a reproduction: everything that its report shows, in one file."""

from collections.abc import Sequence
from dataclasses import fields
from textwrap import shorten
from typing import TYPE_CHECKING, Any

import numpy as np

from skmnist.recipes import Reported
from skmnist.reports._html import (
    Markup,
    document,
    element,
    link,
    picture,
    section,
    table,
    verdict_mark,
)

if TYPE_CHECKING:
    from skmnist.reports._data import Split
    from skmnist.reports._reproduction import Reproduction

_LONGEST_TEXT = 600  # characters
_N_TEXTS = 4
# Each figure's name on the page, and its format.
_FIGURES = {
    "test_accuracy": ("Test accuracy, %", ".2f"),
    "test_loss": ("Test loss", ".4f"),
    "validation_accuracy": ("Accuracy on held-out training samples, %", ".2f"),
    "validation_loss": ("Loss on held-out training samples", ".4f"),
    "training_accuracy": ("Training accuracy, %", ".2f"),
    "training_loss": ("Training loss", ".4f"),
    "test_probability": ("Probability of the right class, test", ".5f"),
    "validation_probability": ("Probability of the right class, held-out", ".5f"),
    "n_epochs": ("Epochs", ",d"),
    "n_parameters": ("Parameters of the network", ",d"),
    "last_side": ("Side of the last image, pixels", "d"),
    "fit_seconds": ("Fit, seconds", ",.1f"),
    "seconds_per_epoch": ("Seconds per epoch", ",.3f"),
}


def page(
    reproduction: "Reproduction",
    results: dict[str, Any],
    pictures: dict[str, bytes],
    files: Sequence[str],
) -> str:
    """Return the page.

    Parameters
    ----------
    reproduction : Reproduction
        The reproduction to show.
    results : dict
        The content of ``results.json``.
    pictures : dict of str to bytes
        The PNG files by name.
    files : sequence of str
        Names of all files beside the page, to link to.

    Returns
    -------
    page : str
        HTML.
    """
    sections = (
        section("Figures", _figures(reproduction)),
        section("Training", picture("curves.png", pictures, _alt_of_curves(reproduction))),
        section("Data", *_data(reproduction, pictures)),
        section("Predictions", *_predictions(reproduction, pictures)),
        section("Network", *_network(reproduction, pictures)),
        section("Parameters", element("pre", results["estimator"], class_="folded")),
        section("Machine and versions", *_machine(results)),
        section("Files", _files(files)),
    )
    return document(reproduction.name, *_head(reproduction), *filter(None, sections))


def _head(reproduction: "Reproduction") -> list[Markup]:
    recipe = reproduction.recipe
    source = [element("p", f"Source: {recipe.source}.", class_="muted")] if recipe.source else []
    protocol = element("p", reproduction.protocol, f" Seed {reproduction.random_state}.")
    return [element("p", recipe.note), *source, protocol, _sentence(reproduction)]


def _sentence(reproduction: "Reproduction") -> Markup:
    """Return a sentence that compares our figure with the reported one."""
    recipe = reproduction.recipe
    name = f"{reproduction.row['measure'].replace('_', ' ').capitalize()}"
    if recipe.figure is None:
        shown = "; the report shows a picture" if recipe.reported.picture else ""
        return element("p", f"There is no reported figure to compare with{shown}.")
    if reproduction.trial:
        return element(
            "p", "A trial, on fewer samples or epochs than the recipe's, has no verdict."
        )
    if reproduction.verdict is None:
        return element(
            "p", "There is no verdict: the reported figure was measured on the test set."
        )
    ours = f"{reproduction.measured:.{recipe.decimals}f}"
    compared = f"{name}: reported {recipe.figure_text}, here {ours}: "
    return element("p", compared, verdict_mark(reproduction.verdict), ".")


def _figures(reproduction: "Reproduction") -> Markup:
    reported, ours = vars(reproduction.recipe.reported), reproduction.figures
    # A reported figure that isn't listed above is shown under its field's name.
    names = [*_FIGURES, *(f.name for f in fields(Reported) if f.name not in (*_FIGURES, "picture"))]
    rows = [
        (
            _FIGURES.get(name, (name.replace("_", " "),))[0],
            _number(name, reported.get(name)),
            _number(name, ours.get(name)),
            verdict_mark(reproduction.verdict if name == reproduction.recipe.measure else None),
        )
        for name in names
        if reported.get(name) is not None or name in ours
    ]
    return table(
        ["Figure", "Reported", "Here", "Verdict"],
        rows,
        numbers=("Reported", "Here"),
        caption="Training figures are those of the last epoch, as Keras prints them. A network's "
        "loss is the one that it was trained with, penalties on its weights included; that of "
        "other classifiers is the log loss.",
    )


def _number(name: str, value: float | None) -> str:
    return "" if value is None else format(value, _FIGURES.get(name, ("", ""))[1])


def _alt_of_curves(reproduction: "Reproduction") -> str:
    figures = reproduction.figures
    if "training_loss" not in figures:
        return ""
    return (
        f"Loss and accuracy by epoch, over {figures['n_epochs']} epochs; in the last one the "
        f"training loss is {figures['training_loss']:.4f} and the training accuracy "
        f"{figures['training_accuracy']:.2f} %."
    )


def _data(reproduction: "Reproduction", pictures: dict[str, bytes]) -> list[Markup | None]:
    split = reproduction.split
    counts = split.class_counts
    headers = list(counts[0])
    names = [name.replace("_", "-").capitalize() for name in headers]
    rows = [
        [row[header] if header == "class" else f"{row[header]:,}" for header in headers]
        for row in counts
    ]
    texts = _examples(split) if split.kind == "texts" else []
    shown = "The training points" if split.kind == "points" else "Training images"
    return [
        table(names, rows, numbers=names[1:], caption="Samples of each class."),
        picture("samples.png", pictures, f"{shown} with their labels.", f"{shown}."),
        *texts,
    ]


def _examples(split: "Split") -> list[Markup]:
    texts, labels = split.examples(_N_TEXTS // 2)
    return _texts(texts, [f"Class {label}" for label in labels])


def _texts(texts: Sequence[str], titles: Sequence[str]) -> list[Markup]:
    """Return quotations of texts, each under its title."""
    return [
        element(
            "figure",
            element("figcaption", title),
            element("blockquote", shorten(text, _LONGEST_TEXT, placeholder=" …")),
        )
        for text, title in zip(texts, titles, strict=True)
    ]


def _predictions(reproduction: "Reproduction", pictures: dict[str, bytes]) -> list[Markup | None]:
    n = len(reproduction.y_true)
    wrong = np.flatnonzero(reproduction.y_true != reproduction.y_pred)
    right = f"{n - len(wrong):,} of {n:,} labels are predicted right."
    return [
        element("p", right),
        picture(
            "confusion_matrix.png",
            pictures,
            f"Confusion matrix: true labels against predicted ones. {right}",
        ),
        picture(
            "boundary.png",
            pictures,
            "The plane, coloured by the probability of the second class, and the training points.",
            "Probability of the second class.",
        ),
        picture(
            "mistakes.png",
            pictures,
            f"Images that were mistaken, {len(wrong):,} in all, with true and predicted labels.",
        ),
        *(_mistaken_texts(reproduction, wrong) if reproduction.split.kind == "texts" else []),
    ]


def _mistaken_texts(reproduction: "Reproduction", wrong: Any) -> list[Markup]:
    confidence = reproduction.confidence
    if confidence is not None:
        wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    wrong = wrong[:_N_TEXTS]
    titles = [f"Mistake: {reproduction.y_true[i]} → {reproduction.y_pred[i]}" for i in wrong]
    return _texts([reproduction.split.X_judge[i] for i in wrong], titles)


def _network(reproduction: "Reproduction", pictures: dict[str, bytes]) -> list[Markup | None]:
    network = reproduction.network
    if network is None:
        return []
    return [
        picture(
            "network.png",
            pictures,
            f"The network's layers, with {network.n_parameters_:,} parameters; the summary below "
            "has the same as text.",
        ),
        element("pre", network.summary()),
    ]


def _machine(results: dict[str, Any]) -> list[Markup]:
    machine = results["machine"]
    bfloat16 = "with" if machine["bfloat16"] else "without"
    where = f"{machine['processor']}, {machine['cores']} cores, {bfloat16} bfloat16"
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return [element("p", f"{where}. {results['date']}."), element("p", versions, class_="muted")]


def _files(names: Sequence[str]) -> Markup:
    return element("ul", *(element("li", link(name, name)) for name in names))
