"""What the studies of the reports share: two sizes, the images, saved fits, pictures.

A study takes seconds, on few images; with ``--full`` it has the reports' size, 60,000 images of
MNIST, 45,000 for training and 15,000 held out. MNIST's test images are never used.
"""

import argparse
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from PIL import Image
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skmnist import fetch_mnist
from skmnist._utils.backend import load_keras
from skmnist._utils.files import write
from skmnist._utils.provenance import machine, versions
from skmnist.comparison._measure import last_step

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
HELD_OUT = 0.25


def parser(about: str) -> argparse.ArgumentParser:
    """Return a study's command line parser, described by its docstring."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--full", action="store_true", help="the reports' size; writes to benchmarks/results"
    )
    return parser


class Study:
    """A study of the reports, small or with ``--full``.

    Parameters
    ----------
    name : str
        Names the files: ``<name>.png`` in the working directory or, for the full study,
        ``study_<name>.png`` and ``study_<name>.json`` in ``benchmarks/results``.
    about : str
        The example's docstring, which describes the full study; its title is left out of the
        JSON.
    n_images : int
        Number of training images of the small study.
    arguments : list of str, default=None
        Arguments; None takes those of the command line.

    Attributes
    ----------
    full : bool
        Whether the study has the reports' size.
    X, y : ndarrays of shape (n, 28, 28) and (n,)
        Training images and their labels.
    source : str
        The name of the data set.
    """

    def __init__(
        self, name: str, about: str, n_images: int, arguments: Sequence[str] | None = None
    ) -> None:
        self.name = name
        self.about = " ".join(about.split("\n\n", 1)[-1].split())
        command_line = parser(about)
        self.full = command_line.parse_args(arguments).full
        try:
            (X, y), self.source = _mnist_or_digits(mnist_only=self.full)
        except OSError as error:
            command_line.error(
                "--full needs MNIST, which isn't on this computer: name its folder in "
                "SKMNIST_DATA, or call skmnist.fetch_mnist() once, which downloads it; or leave "
                f"--full out. ({error})"
            )
        self.X, self.y = (X, y) if self.full else (X[:n_images], y[:n_images])

    def split(self) -> tuple[NDArray, NDArray, NDArray, NDArray]:
        """Split the images as the reports did, three to one, the same fraction of each class."""
        X, X_held_out, y, y_held_out = train_test_split(
            self.X, self.y, test_size=HELD_OUT, stratify=self.y, random_state=0
        )
        return X, X_held_out, y, y_held_out

    def fit(
        self,
        networks: Mapping[str, Any],
        X: NDArray,
        y: NDArray,
        also: Callable[[Any], dict[str, Any]] = lambda network: {},
    ) -> dict[str, dict[str, Any]]:
        """Fit each network once; a full study saves finished fits and continues from them.

        Parameters
        ----------
        networks : dict of str to network classifier, or Pipeline that ends in one
            The networks by name.
        X, y : ndarrays
            The data to fit them on.
        also : callable, default=None
            Takes a fitted network and returns more to record, as a dict that JSON can hold.

        Returns
        -------
        fits : dict of str to dict
            For each network its "settings", "history" per epoch, "final" figures, "n_epochs",
            "best_epoch", "n_parameters", "fit_seconds" and what `also` returned.
        """
        load_keras()  # so that fits don't include the import
        fits = self._kept()
        for name, network in networks.items():
            if fits.get(name, {}).get("settings") != settings(network):
                fits[name] = {**_fit(network, X, y), **also(network)}
                self._keep(fits)
            figures = ", ".join(f"{key} {value:.4f}" for key, value in fits[name]["final"].items())
            print(f"{name}: {fits[name]['n_epochs']} epochs, {figures}", flush=True)
        return {name: fits[name] for name in networks}

    def save(self, figure: Any) -> None:
        """Save the picture with the study's results."""
        path = RESULTS / f"study_{self.name}.png" if self.full else Path(f"{self.name}.png")
        save_picture(figure, path)
        print(f"drawn in {path}")

    @property
    def _path(self) -> Path:
        return RESULTS / f"study_{self.name}.json"

    def _kept(self) -> dict[str, dict[str, Any]]:
        """Return the saved fits if they are from this processor and these versions."""
        if not (self.full and self._path.exists()):
            return {}
        report = json.loads(self._path.read_text())
        same = _where() == {key: report[key] for key in _where()}
        return report["fits"] if same else {}

    def _keep(self, fits: dict[str, dict[str, Any]]) -> None:
        if not self.full:
            return
        report = {
            "protocol": self.about,
            "date": _now(),
            **_where(),
            "fit_seconds": round(sum(fit["fit_seconds"] for fit in fits.values())),
            "fits": fits,
        }
        write(self._path, (json.dumps(report, indent=1) + "\n").encode())


def _mnist_or_digits(*, mnist_only: bool) -> tuple[tuple[NDArray, NDArray], str]:
    try:
        train, _ = fetch_mnist(download_if_missing=False)
    except OSError:
        if mnist_only:
            raise
        X, y = load_digits(return_X_y=True)
        # As large as MNIST's, for the reports' networks.
        X = X.reshape(-1, 8, 8).repeat(3, axis=1).repeat(3, axis=2)
        return (np.pad(X, ((0, 0), (2, 2), (2, 2))), y), "scikit-learn's digits"
    return train, "MNIST"


def variant(estimator: Any, **changes: Any) -> Any:
    """Return a clone of a network, or a Pipeline that ends in one, with changed parameters."""
    estimator = clone(estimator)
    last_step(estimator).set_params(**changes)
    return estimator


def settings(estimator: Any) -> dict[str, Any]:
    """Return all parameters of a network, and the steps before it, as values for JSON."""
    network = last_step(estimator)
    parameters = {"class": type(network).__name__, **network.get_params(deep=False)}
    if estimator is not network:
        parameters["steps before"] = [repr(step) for _, step in estimator.steps[:-1]]
    return json.loads(json.dumps(parameters, default=repr))


def _fit(estimator: Any, X: NDArray, y: NDArray) -> dict[str, Any]:
    start = perf_counter()
    estimator.fit(X, y)
    seconds = perf_counter() - start
    network = last_step(estimator)
    last = network.best_epoch_ if network.early_stopping else network.n_epochs_
    curves = {
        name: [float(f"{value:.5g}") for value in values]
        for name, values in network.history_.items()
    }
    return {
        "settings": settings(estimator),
        "date": _now(),
        "cores": machine()["cores"],
        "n_images": len(y),
        "fit_seconds": round(seconds, 1),
        "n_parameters": network.n_parameters_,
        "n_epochs": network.n_epochs_,
        "best_epoch": network.best_epoch_,
        "final": {
            name: values[last - 1] for name, values in curves.items() if name != "learning_rate"
        },
        "history": curves,
    }


def _where() -> dict[str, Any]:
    """Return the processor and the versions; the number of cores may differ between fits."""
    processor = {key: value for key, value in machine().items() if key != "cores"}
    return {"machine": processor, "versions": versions()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


# -- pictures ----------------------------------------------------------------------------


def save_picture(figure: Any, path: Path) -> None:
    """Save a figure as a PNG with 128 colours, a third as large as one with all colours."""
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=100)
    Image.open(drawn).convert("RGB").quantize(128).save(path, optimize=True)


def draw_curves(ax: Any, fits: Mapping[str, dict[str, Any]], metric: str) -> None:
    """Draw a metric per epoch: one colour per fit, dotted lines for the training images."""
    for number, (name, fit) in enumerate(fits.items()):
        epochs = range(1, fit["n_epochs"] + 1)
        ax.plot(epochs, fit["history"][f"val_{metric}"], color=f"C{number}", label=name)
        ax.plot(epochs, fit["history"][metric], ":", color=f"C{number}", linewidth=1)
    dotted = Line2D([], [], linestyle=":", color="gray", label="training images")
    handles, _ = ax.get_legend_handles_labels()
    ax.legend(handles=[*handles, dotted], fontsize="small")
    ax.set(xlabel="epoch", ylabel=metric)
    ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    ax.grid(axis="y", alpha=0.3)


def draw_table(ax: Any, table: NDArray, rows: Sequence[str], columns: Sequence[str]) -> None:
    """Draw percentages as a heat map, with their values."""
    ax.imshow(table, cmap="viridis", aspect="auto")
    for (row, column), value in np.ndenumerate(table):
        color = "black" if value > (table.min() + table.max()) / 2 else "white"
        ax.text(column, row, f"{value:.2f} %", ha="center", va="center", color=color)
    ax.set(
        xticks=range(len(columns)), xticklabels=columns, yticks=range(len(rows)), yticklabels=rows
    )
