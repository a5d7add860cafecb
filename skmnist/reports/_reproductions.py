"""Many recipes in one table: the reports' figures beside ours."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sklearn.utils.parallel import delayed

from skmnist._utils.files import make_folder, write
from skmnist._utils.progress import activity, progress_bar
from skmnist._utils.provenance import machine, versions
from skmnist._utils.workers import results_of, workers_for
from skmnist.comparison._report import as_csv, as_json
from skmnist.reports._overview import folder_of, overview
from skmnist.reports._reproduce import reproduce
from skmnist.reports._reproduction import Reproduction
from skmnist.reports._summary import rich_tables


@dataclass
class Reproductions:
    """The results of several recipes, over one or more seeds.

    Attributes
    ----------
    rows : list of dict
        One row per fit; see `Reproduction.row`.
    failed : dict of str to str
        The error message of each recipe that could not be trained.
    interrupted : bool
        Whether Ctrl-C ended the run.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False

    def save(self, folder: Path) -> None:
        """Write the table as ``index.html``, as CSV, and as JSON with machine and versions.

        If nothing was reproduced, nothing is written: the folder may contain an earlier table.

        Parameters
        ----------
        folder : Path
            The folder; it is created if it is missing. The page links to the folders in it that
            :func:`reproduce_all` writes.

        Raises
        ------
        OSError
            If the folder can't be written.
        """
        if not self.rows:
            return
        make_folder(folder)
        report = {
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "versions": versions(),
            "interrupted": self.interrupted,
            "failed": self.failed,
            "rows": self.rows,
        }
        write(folder / "reproductions.csv", as_csv(self.rows).encode())
        write(folder / "reproductions.json", as_json(report).encode())
        write(folder / "index.html", overview(self).encode())

    def __rich__(self) -> Any:
        return rich_tables(self.rows)


def reproduce_all(
    names: Sequence[str],
    *,
    random_states: Iterable[int] = (0,),
    n_jobs: int | None = None,
    output: Path | None = None,
    verbose: int = 1,
    **settings: Any,
) -> Reproductions:
    """Reproduce recipes; keep the others if one fails or is interrupted.

    Parameters
    ----------
    names : sequence of str
        The recipes.
    random_states : iterable of int, default=(0,)
        Seeds; each recipe is fitted once per seed.
    n_jobs : int or None, default=None
        Number of fits at the same time, in processes of joblib; None means 1, unless in a
        :func:`joblib.parallel_config` context, which may be a cluster. It changes the times that
        are measured, and nothing else. Each process loads the data itself.
    output : Path or None, default=None
        Folder for the table, rewritten after each fit, and for a folder of each fit; its
        ``index.html`` links to them.
    verbose : int, default=1
        As in :func:`reproduce`; of several fits at the same time, only their number is shown.
    **settings
        `epochs`, `train_size` and `validation_size`, as in :func:`reproduce`.

    Returns
    -------
    reproductions : Reproductions

    Raises
    ------
    OSError
        If the output folder can't be created; raised before anything is trained.

    Examples
    --------
    >>> from skmnist.reports import reproduce_all
    >>> done = reproduce_all(["bueno-circles"], random_states=[0, 1], epochs=2, verbose=0)
    >>> [row["random_state"] for row in done.rows]
    [0, 1]
    """
    if output is not None:
        make_folder(output)  # before hours of training, not after them
    done = Reproductions()
    jobs = [(name, seed) for name in dict.fromkeys(names) for seed in random_states]
    workers = workers_for(len(jobs), n_jobs) if jobs else 1
    of_one, of_many = (verbose if workers == 1 else 0), (verbose if len(jobs) > 1 else 0)

    def tasks(announce: Callable[[int, str], None]) -> Iterator[Any]:
        for step, (name, seed) in enumerate(jobs):
            if name not in done.failed:
                announce(step, f"{name}, seed {seed}")
                yield delayed(_reproduced)(name, random_state=seed, verbose=of_one, **settings)

    try:
        with progress_bar(len(jobs), of_many, name="Reproducing", unit="fits") as announce:
            for name, result in results_of(tasks(announce), workers):
                if name not in done.failed:  # else begun before its error was known
                    _add(done, name, result, output, of_one)
    except KeyboardInterrupt:
        done.interrupted = True
        if output is not None:
            done.save(output)
    return done


def _reproduced(name: str, **settings: Any) -> tuple[str, Reproduction | str]:
    """Reproduce a recipe, in whichever process; return the result, or the error's message."""
    try:
        return name, reproduce(name, **settings)
    except BrokenPipeError:  # of stdout: nobody reads the output
        raise
    except (ImportError, OSError, ValueError) as error:
        return name, str(error)


def _add(
    done: Reproductions, name: str, result: Reproduction | str, output: Path | None, verbose: int
) -> None:
    if isinstance(result, str):
        done.failed[name] = result
    else:
        done.rows.append(result.row)
        if output is not None:
            with activity(f"{name}: drawing the pictures", verbose):
                result.save(output / folder_of(name, result.random_state))
    if output is not None:
        done.save(output)
