"""A comparison's table as text and as files."""

import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from io import StringIO
from math import isfinite, nan
from typing import Any

import numpy as np

from skmnist._utils.provenance import machine, versions
from skmnist._utils.tables import Table


def notes(result: Any) -> list[str]:
    """Return notes for readers of the table."""
    notes = []
    if result.interrupted:
        planned = len(result.classifiers) * result.n_folds
        notes.append(f"Interrupted: {len(result.folds)} of {planned} fits are done.")
    if result.n_jobs > 1:
        notes.append(
            f"{result.n_jobs} fits ran at the same time: times are longer than those of one alone, "
            "and not comparable."
        )
    if len(result.rows) > 1:
        notes.append(_significance_note(result))
    return notes


def _significance_note(result: Any) -> str:
    pairs = result.significance
    number = "1 pair" if len(pairs) == 1 else f"{len(pairs)} pairs"
    test = f"{result.test_name}, Holm-corrected for {number}, level {result.level}"
    beaten: dict[str, list[str]] = {row["classifier"]: [] for row in result.rows}
    for pair in pairs:
        if pair["significant"]:
            beaten[pair["better"]].append(pair["other"])
    better = [f"{name} beats {', '.join(others)}" for name, others in beaten.items() if others]
    found = "; ".join(better) or "no difference is significant"
    return f"Significance: {found} ({test})."


def rich_table(rows: list[dict[str, Any]]) -> Table:
    """Return the table for the terminal."""
    numbers = ("Accuracy", "Log\nloss", "Fit\ns", "1 image\nms", "1,000\nms", "Size\nkB")
    medians = "; medians over the folds" if any(row["n_folds"] > 1 for row in rows) else ""
    caption = (
        "Accuracy in % (95 % interval). Times to fit, to predict one image and to predict a "
        f"thousand{medians}."
    )
    cells = [[row["classifier"], *_cells(row)] for row in rows]
    return Table(["Classifier", *numbers], cells, caption=caption, names_break=True)


def _cells(row: dict[str, Any]) -> list[str]:
    low, mean, high = (100 * row[f"accuracy{end}"] for end in ("_low", "", "_high"))
    return [
        f"{mean:.2f} ({low:.2f}-{high:.2f})",
        _number(row["log_loss"], 4),
        _number(row["fit_time"], 2),
        _number(1e3 * row["predict_time_1"], 2),
        _number(1e3 * row["predict_time_1000"], 1),
        _number(nan if row["size"] is None else row["size"] / 1e3, 0),
    ]


def _number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}" if isfinite(value) else ""


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Return the table as CSV, numbers that aren't finite as blanks."""
    text = StringIO()
    if rows:
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows([{key: _blank_unless_finite(row[key]) for key in row} for row in rows])
    return text.getvalue()


def _blank_unless_finite(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value


def report(result: Any) -> dict[str, Any]:
    """Return everything measured, with machine, versions and settings."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "random_state": result.random_state,
        "n_samples": len(result.y),
        "n_folds": result.n_folds,
        "n_jobs": result.n_jobs,
        "interrupted": result.interrupted,
        "failed": result.failed,
        "rows": result.rows,
        "significance": {
            "test": result.test_name,
            "level": result.level,
            "pairs": result.significance,
        },
        "settings": {
            name: {"class": type(classifier).__name__, **_settings(classifier)}
            for name, classifier in result.classifiers.items()
        },
        "folds": [
            {key: value for key, value in vars(fold).items() if not isinstance(value, np.ndarray)}
            for fold in result.folds
        ],
    }


def _settings(classifier: Any) -> dict[str, Any]:
    """Return all settings, including those of a Pipeline's steps, but not the steps themselves."""
    settings = classifier.get_params()
    return {
        name: value
        for name, value in settings.items()
        if name != "steps" and not hasattr(value, "get_params")
    }


def as_json(report: Mapping[str, Any]) -> str:
    """Return the report as JSON, numbers that aren't finite as null."""
    return json.dumps(_plain(report), indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """Return values for JSON: numbers that aren't finite as null, other objects by their repr."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return _blank_unless_finite(value)
    return getattr(value, "__qualname__", repr(value))
