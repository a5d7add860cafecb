"""The folder of a reproduction: its tables, pictures, model and page."""

import csv
from datetime import UTC, datetime
from io import StringIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn.metrics import confusion_matrix

from skmnist._utils.files import make_folder, write
from skmnist._utils.provenance import machine, versions
from skmnist.comparison._report import as_csv, as_json

if TYPE_CHECKING:
    from skmnist.reports._reproduction import Reproduction

_MOST_OF_A_REPR = 20_000  # characters; scikit-learn's limit is 700


def write_folder(reproduction: "Reproduction", folder: Path) -> None:
    """Write a reproduction; see `Reproduction.save`."""
    from skmnist.display import draw_reproduction
    from skmnist.reports._page import page

    make_folder(folder)
    results = results_of(reproduction)
    pictures = draw_reproduction(reproduction)
    tables = {name: text.encode() for name, text in _tables(reproduction).items()}
    files = {"results.json": as_json(results).encode(), **tables, **pictures}
    for name, content in files.items():
        write(folder / name, content)
    names = [*files, *_save_model(reproduction, folder)]
    write(folder / "index.html", page(reproduction, results, pictures, names).encode())


def results_of(reproduction: "Reproduction") -> dict[str, Any]:
    """Return everything known about a reproduction as plain values."""
    recipe = reproduction.recipe
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "note": recipe.note,
        "source": recipe.source,
        "protocol": reproduction.protocol,
        **reproduction.row,
        "figures": reproduction.figures,
        "figures_reported": vars(recipe.reported),
        "estimator": reproduction.estimator.__repr__(N_CHAR_MAX=_MOST_OF_A_REPR),
    }


def _tables(reproduction: "Reproduction") -> dict[str, str]:
    """Return the contents of the text files by name."""
    network = reproduction.network
    tables = {
        "predictions.csv": as_csv(_predictions(reproduction)),
        "class_counts.csv": as_csv(reproduction.split.class_counts),
    }
    if len(reproduction.y_true) > 1:
        tables["confusion_matrix.csv"] = _confusion_matrix(reproduction)
    if network is not None:
        tables["history.csv"] = as_csv(_epochs(reproduction))
        tables["summary.txt"] = f"{network.summary()}\n"
    return tables


def _predictions(reproduction: "Reproduction") -> list[dict[str, Any]]:
    columns = {
        "row": reproduction.split.rows,
        "true": reproduction.y_true,
        "predicted": reproduction.y_pred,
    }
    if reproduction.confidence is not None:
        columns["probability"] = reproduction.confidence
    values = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in values]


def _confusion_matrix(reproduction: "Reproduction") -> str:
    labels = reproduction.labels
    matrix = confusion_matrix(reproduction.y_true, reproduction.y_pred, labels=labels)
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["true \\ predicted", *labels])
    writer.writerows([label, *row] for label, row in zip(labels, matrix.tolist(), strict=True))
    return text.getvalue()


def _epochs(reproduction: "Reproduction") -> list[dict[str, Any]]:
    """Return one row per epoch, with the name of its phase if there is more than one."""
    numbers = count(1)
    in_phases = len(reproduction.histories) > 1
    return [
        {
            "epoch": next(numbers),
            **({"phase": phase} if in_phases else {}),
            **dict(zip(history, values, strict=True)),
        }
        for phase, history in reproduction.histories.items()
        for values in zip(*history.values(), strict=True)
    ]


def _save_model(reproduction: "Reproduction", folder: Path) -> list[str]:
    """Save the fitted estimator if `save` accepts it; return the names of its files."""
    from skmnist.persistence import save

    network = reproduction.network
    epochs = f"-{network.n_epochs_}-epochs" if network else ""
    figure = f"{reproduction.measured:.{reproduction.recipe.decimals}f}"
    name = f"{reproduction.name}-{reproduction.n_train}-samples{epochs}-{figure}.safetensors"
    try:
        save(reproduction.estimator, folder / name)
    except ImportError:  # scikit-learn's own objects are saved by skops, which is optional
        return []
    return [name]
