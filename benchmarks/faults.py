"""What accidents leave behind: interrupts, kills, full disks, cut downloads, threads.

Protocol: each trial is decided by its number, and independent of the others; the trials of a kind
run one after another in a process, which is started again after a trial that ends it. "interrupt":
SIGINT at a random moment, to the process or, in every other trial, to its group, as a terminal
sends it. The estimator has to be as before, or usable; a second fit has to give the bits of one
that was never interrupted; each file has to be whole; no process of a worker may be left. "killed
while saving": SIGKILL at a random moment of a process that replaces one file by two estimators in
turn; the file has to be one of them, to the byte. "worker killed": SIGKILL of a process of a search
with n_jobs=2, which has to end with an error or its result, and the next search with its result.
"full": a file system of a random size, or a limit of the sizes of files; there has to be an OSError
that names the path, and what was there before. "fetch": two processes at once, and downloads that
are cut after each tenth. "threads": 300 fits and 100,000 predictions of one image by four threads;
in ten parts, whose answers have to equal those of one thread; resident memory is that after a part,
above that of before the first.

    python benchmarks/faults.py                    # goes on where it was ended
    python benchmarks/faults.py "threads" "full: save"    # these kinds
"""

import gzip
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

import _own_process
import numpy as np
from sklearn.datasets import load_digits

TESTS = Path(__file__).parents[1] / "tests"
_PATIENCE = 300  # seconds for one trial
_REPORTED = 5  # seconds between two writings of the results

# A trial's number to the name of its outcome; a fault is an AssertionError, or any other error.
Trial = Callable[[int], str]


def _digits(n: int = 300) -> tuple[Any, Any]:
    X, y = load_digits(return_X_y=True)
    return X[:n].astype(np.uint8), y[:n]


def _network(**settings: Any) -> Any:
    from skmnist import DNNClassifier

    return DNNClassifier(
        **{"hidden_units": (8,), "epochs": 5, "random_state": 0, "dtype": "float32", **settings}
    )


# -- interrupts -----------------------------------------------------------------------------


def _seconds_of(run: Callable[[], Any]) -> float:
    """Return how long the second run takes, which no longer compiles."""
    run()
    start = monotonic()
    run()
    return monotonic() - start


def _interrupted(run: Callable[[], Any], i: int, within: float) -> Any:
    """Return what a function returns, or None if SIGINT has ended it, at a random moment."""
    group = i % 2

    def send() -> None:
        if group:
            os.killpg(os.getpgrp(), signal.SIGINT)
        else:
            os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(Random(i).uniform(0, within), send)
    try:
        timer.start()
        try:
            return run()
        finally:
            timer.cancel()
            timer.join()
    except KeyboardInterrupt:
        return None


def interrupt_of_fit() -> Trial:
    """Interrupt fits of new estimators, and of ones that were fitted before."""
    X, y = _digits()
    whole = _network().fit(X, y).predict_proba(X)
    other = _network(random_state=1).fit(X, y).predict_proba(X)
    within = _seconds_of(lambda: _network().fit(X, y))

    def trial(i: int) -> str:
        fitted_before = i % 3 == 0
        network = _network(random_state=1)
        if fitted_before:
            network.fit(X, y)
        network.set_params(random_state=0)
        before = set(vars(network))
        ended = _interrupted(lambda: network.fit(X, y), i, within)
        if ended is None and not fitted_before and set(vars(network)) == before:
            outcome = "unfitted, as before"
        else:
            predicted = network.predict_proba(X)
            if np.array_equal(predicted, whole):
                outcome = "finished"
            elif fitted_before and np.array_equal(predicted, other):
                outcome = "fitted, as before"
            else:
                n_epochs = len(network.history_["loss"])
                assert network.n_epochs_ == n_epochs < network.epochs, "a mixture of two fits"
                outcome = "ended early, usable"
        assert np.array_equal(network.fit(X, y).predict_proba(X), whole), "a second fit differs"
        return outcome

    return trial


def interrupt_of_search() -> Trial:
    """Interrupt searches with two workers."""
    from sklearn.model_selection import GridSearchCV

    X, y = _digits(100)

    def search(n_jobs: int = 2) -> Any:
        grid = {"learning_rate": [0.01, 0.02]}
        return GridSearchCV(_network(epochs=2), grid, cv=2, n_jobs=n_jobs)

    whole = search(1).fit(X, y).best_score_
    within = _seconds_of(lambda: search().fit(X, y))

    def trial(i: int) -> str:
        # A pool that was ended starts again, which takes seconds.
        ended = _interrupted(lambda: search().fit(X, y), i, within * Random(-i).choice([1, 30]))
        if ended is not None:
            assert ended.best_score_ == whole
        assert search(1).fit(X, y).best_score_ == whole
        deadline = monotonic() + 30
        while len(workers := _workers()) > 2:
            assert monotonic() < deadline, f"{len(workers)} workers are left"
            sleep(0.2)
        return "interrupted" if ended is None else "finished"

    return trial


def interrupt_of_compare() -> Trial:
    """Interrupt comparisons that write a folder."""
    from skmnist import compare, knn

    X, y = _digits(150)

    def run(folder: str) -> Any:
        classifiers = {"dnn": _network(epochs=2), "knn": knn()}
        return compare(classifiers, X, y, cv=2, verbose=0, output=folder)

    with TemporaryDirectory() as folder:
        within = _seconds_of(lambda: run(folder))

    def trial(i: int) -> str:
        with TemporaryDirectory() as folder:
            result = _interrupted(lambda: run(folder), i, within)
            _check_files(Path(folder))
        if result is None:
            return "interrupted"
        return "finished" if len(result.rows) == 2 else f"kept {len(result.rows)} of 2"

    return trial


def interrupt_of_reproduce() -> Trial:
    """Interrupt reproductions, and the writing of their folders."""
    from skmnist import reproduce

    def run(folder: str) -> Any:
        result = reproduce("bueno-circles", epochs=20, verbose=0)
        result.save(folder)
        return result

    with TemporaryDirectory() as folder:
        within = _seconds_of(lambda: run(folder))

    def trial(i: int) -> str:
        with TemporaryDirectory() as folder:
            result = _interrupted(lambda: run(folder), i, within)
            n_files = _check_files(Path(folder))
        if result is None:
            return f"interrupted, {'some' if n_files else 'no'} files"
        assert result.figures["n_epochs"] == 20, "an interrupted fit is no reproduction"
        return "finished"

    return trial


def _check_files(folder: Path) -> int:
    """Raise AssertionError unless each file in a folder is whole; return their number."""
    from skmnist import load

    checks: dict[str, Callable[[Path], Any]] = {
        ".json": lambda path: json.loads(path.read_text()),
        ".png": lambda path: path.read_bytes().endswith(b"IEND\xaeB`\x82"),
        ".html": lambda path: path.read_text().rstrip().endswith("</html>"),
        ".safetensors": load,
        # A comparison that has no rows yet has an empty table.
        ".csv": lambda path: path.read_text()[-1:] in ("", "\n"),
        ".txt": lambda path: path.read_text().endswith("\n"),
        ".md": lambda path: path.read_text(),
    }
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        assert checks[path.suffix](path), f"{path.name} is not whole"
    return len(files)


def _workers() -> list[int]:
    """Return the children of this process that run joblib's workers."""
    return [pid for pid in _children(os.getpid()) if b"popen_loky" in _command(pid)]


def _children(parent: int) -> list[int]:
    with suppress(OSError):
        tasks = Path(f"/proc/{parent}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text().split()]
    return []


def _command(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


# -- kills ----------------------------------------------------------------------------------


def killed_while_saving() -> Trial:
    """Kill forked processes that save two estimators in turn to one path."""
    from skmnist import load, save
    from skmnist._utils import backend

    X, y = _digits(100)
    networks = [_network(random_state=seed, hidden_units=(64,)).fit(X, y) for seed in range(2)]
    path = Path(sys.argv[-1], "model.safetensors")
    contents = []
    for network in networks:
        save(network, path)
        contents.append(path.read_bytes())
        assert np.array_equal(load(path).predict_proba(X), network.predict_proba(X))

    keras = backend.load_keras()

    def save_for_ever() -> None:
        # No thread of TensorFlow is needed, which are gone after a fork.
        backend._forked_with, backend._keras = None, keras
        try:
            while True:
                for network in networks:
                    save(network, path)
        finally:
            os._exit(1)

    def trial(i: int) -> str:
        child = os.fork()
        if child == 0:
            save_for_ever()
        rng = Random(i)
        if i % 2:  # while the file is being written
            while not list(path.parent.glob(".*.part")) and _lives(child):
                sleep(0.0001)
            sleep(rng.uniform(0, 0.002))
        else:
            sleep(rng.uniform(0, 0.5))
        assert _lives(child), "the process couldn't save"
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        found = path.read_bytes()
        assert found in contents, f"half a file, of {len(found)} bytes"
        rests = [rest for rest in path.parent.iterdir() if rest != path]
        for rest in rests:
            rest.unlink()
        return f"{'first' if found == contents[0] else 'second'}, {len(rests)} parts beside it"

    return trial


def _lives(child: int) -> bool:
    return os.waitpid(child, os.WNOHANG) == (0, 0)


def worker_killed() -> Trial:
    """Kill a worker of a search."""
    from sklearn.model_selection import GridSearchCV

    X, y = _digits(100)

    def search() -> Any:
        grid = {"learning_rate": [0.01, 0.02, 0.03]}
        return GridSearchCV(_network(epochs=20), grid, cv=2, n_jobs=2).fit(X, y)

    whole = search().best_score_
    within = _seconds_of(search)

    def trial(i: int) -> str:
        rng = Random(i)

        def kill() -> None:
            if workers := _workers():
                os.kill(rng.choice(workers), signal.SIGKILL)

        timer = threading.Timer(rng.uniform(0, within), kill)
        timer.start()
        try:
            outcome = "finished" if search().best_score_ == whole else "another score"
        except Exception as error:
            outcome = type(error).__name__
        timer.cancel()
        timer.join()
        assert outcome in ("finished", "TerminatedWorkerError", "BrokenProcessPool"), outcome
        assert search().best_score_ == whole, "the next search differs"
        return outcome

    return trial


# -- disks ----------------------------------------------------------------------------------


@contextmanager
def _full_disk(folder: Path, i: int, room: int) -> Iterator[str]:
    """Leave a folder `room` bytes: of its file system, or of each file in every other trial."""
    if i % 2 and os.path.ismount(folder):
        filler = folder / "filler"
        with filler.open("wb", buffering=0) as file:
            free = os.statvfs(folder)
            size = free.f_bavail * free.f_bsize - room
            file.write(bytes(max(size, 0)))
        try:
            yield "file system"
        finally:
            filler.unlink()
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        try:
            yield "limit"
        finally:
            resource.setrlimit(
                resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            )


def _error_of(run: Callable[[], Any]) -> OSError | None:
    try:
        run()
    except OSError as error:
        return error
    return None


def _small_file_system() -> Path:
    """Return a folder with 1 MB of a memory file system, if this process may mount one."""
    folder = Path(sys.argv[-1])  # given by the process that removes it
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    subprocess.run(command, check=False, capture_output=True)
    return folder


def full_save() -> Trial:
    """Save where there is no room for it."""
    from skmnist import save

    X, y = _digits(100)
    small = _network().fit(X, y)
    large = _network(hidden_units=(512,), epochs=1).fit(X, y)
    folder = _small_file_system()

    def trial(i: int) -> str:
        path = folder / "model.safetensors"
        path.unlink(missing_ok=True)
        if old := i % 3 > 0:
            save(small, path)
        before = path.read_bytes() if old else None
        with _full_disk(folder, i, Random(i).randrange(100_000)) as kind:
            error = _error_of(lambda: save(large, path))
        assert error is not None, "saved without room"
        assert error.filename == str(path), f"{error} doesn't name {path}"
        assert (path.read_bytes() if path.exists() else None) == before, "the old file is gone"
        assert {each.name for each in folder.iterdir()} <= {path.name}, "a part is left"
        return f"OSError of a full {kind}, {'the old file' if old else 'nothing'} as before"

    return trial


def full_reproduce() -> Trial:
    """Write the folder of a reproduction where there is room for some of its files."""
    from shutil import rmtree

    from skmnist import reproduce

    result = reproduce("bueno-circles", epochs=2, verbose=0)
    folder = _small_file_system()

    def trial(i: int) -> str:
        output = folder / "reproduction"
        with _full_disk(folder, i, Random(i).randrange(200_000)) as kind:
            error = _error_of(lambda: result.save(output))
        assert error is None or str(output) in str(error), f"{error} names no path in {output}"
        assert not list(output.glob(".*.part")), "a part is left"
        _check_files(output)
        rmtree(output)
        return "written" if error is None else f"OSError of a full {kind}, the rest is whole"

    return trial


def full_fetch() -> Trial:
    """Download where there is no room."""
    folder = _small_file_system()
    fetch = _stand_in(lambda name, body: (200, body))

    def trial(i: int) -> str:
        room = Random(i).randrange(20_000)
        with _full_disk(folder, i, room) as kind:
            error = _error_of(lambda: fetch(folder))
        n_files = _check_cache(folder)
        fetch(folder)
        assert _check_cache(folder, empty=True) == 4
        if error is None:
            return f"fetched, {n_files} whole files in the cache ({kind})"
        return f"OSError of a full {kind}, {n_files} whole files in the cache"

    return trial


# -- downloads ------------------------------------------------------------------------------


def _stand_in(answer: Callable[..., Any], n_mirrors: int = 1) -> Callable[[Path], Any]:
    """Return a function that fetches small images as MNIST's, from servers on this machine.

    `answer` takes a file's name, its compressed content and the number of the mirror.
    """
    sys.path.insert(0, str(TESTS / "datasets"))
    from mirrors import Mirror

    from skmnist.datasets import _mnist

    os.environ.pop("SKMNIST_DATA", None)
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    rng = np.random.default_rng(0)
    arrays = {
        name: rng.integers(0, 10, shape).astype(np.uint8)
        for name, shape in zip(
            _mnist._MNIST.md5_of, ((60, 28, 28), (60,), (10, 28, 28), (10,)), strict=True
        )
    }
    contents = {
        name: bytes([0, 0, 8, a.ndim]) + b"".join(n.to_bytes(4) for n in a.shape) + a.tobytes()
        for name, a in arrays.items()
    }
    packed = {name: gzip.compress(content, mtime=0) for name, content in contents.items()}

    mirrors = [
        Mirror(
            lambda name, number=number: answer(
                name, packed[name], *([number] if n_mirrors > 1 else [])
            )
        )
        for number in range(n_mirrors)
    ]
    _mnist._MNIST = replace(
        _mnist._MNIST,
        md5_of={name: hashlib.md5(content).hexdigest() for name, content in contents.items()},
        mirrors=tuple(mirror.url for mirror in mirrors),
    )

    def fetch(home: Path) -> None:
        (X_train, y_train), (X_test, y_test) = _mnist.fetch_mnist(data_home=home)
        for one, other in zip((X_train, y_train, X_test, y_test), arrays.values(), strict=True):
            assert np.array_equal(one, other), "other images than published"

    return fetch


def _check_cache(home: Path, empty: bool = False) -> int:
    """Return the number of files in the cache, all whole; remove them if asked."""
    cache = home / "skmnist" / "mnist"
    files = list(cache.rglob("*")) if cache.exists() else []
    for path in files:
        assert path.name.endswith("-ubyte.gz"), f"{path.name} is left"
        gzip.decompress(path.read_bytes())
        if empty:
            path.unlink()
    return len(files)


def fetch_by_two() -> Trial:
    """Fetch one data set by two processes at once, from a server that is slow at times."""
    rng = Random(0)

    def answer(name: str, body: bytes) -> Any:
        sleep(rng.choice([0, 0, 0.01, 0.05]))
        return 200, body

    fetch = _stand_in(answer)

    def trial(i: int) -> str:
        with TemporaryDirectory() as home:
            pids = []
            for number in range(2):
                if (pid := os.fork()) == 0:
                    try:
                        sleep(Random(2 * i + number).uniform(0, 0.05))
                        fetch(Path(home))
                        os._exit(0)
                    except BaseException:
                        traceback.print_exc()
                        os._exit(1)
                pids.append(pid)
            statuses = [os.waitpid(pid, 0)[1] for pid in pids]
            assert statuses == [0, 0], f"statuses {statuses}"
            assert _check_cache(Path(home)) == 4
        return "both fetched, the cache whole"

    return trial


def download_cut() -> Trial:
    """Cut the downloads of one mirror after each tenth, with another mirror and without."""
    cut: dict[str, Any] = {}

    def answer(name: str, body: bytes, number: int) -> Any:
        if number == 0:
            return 200, body, int(len(body) * cut["at"])
        return (200, body) if cut["second"] else (200, body[: int(len(body) * cut["at"])])

    fetch = _stand_in(answer, n_mirrors=2)

    def trial(i: int) -> str:
        cut.update(at=i % 10 / 10, second=i // 10 % 2 == 1)
        with TemporaryDirectory() as home:
            error = _error_of(lambda: fetch(Path(home)))
            assert (error is None) == cut["second"], error
            assert _check_cache(Path(home)) == (4 if cut["second"] else 0)
        return "fetched from the second mirror" if error is None else "OSError"

    return trial


# -- threads --------------------------------------------------------------------------------


def threads() -> Trial:
    """Fit and predict from four threads; each trial is a tenth of it."""
    X, y = _digits()
    n_threads, n_fits, n_predictions, n_seeds = 4, 30, 10_000, 10
    expected = [_network(random_state=s).fit(X, y).predict_proba(X) for s in range(n_seeds)]
    classifier = _network().fit(X, y)
    rows = np.concatenate([classifier.predict_proba(X[j : j + 1]) for j in range(len(X))])

    def fit(k: int) -> bool:
        network = _network(random_state=k % n_seeds).fit(X, y)
        return np.array_equal(network.predict_proba(X), expected[k % n_seeds])

    def predict(k: int) -> bool:
        j = k % len(X)
        return np.array_equal(classifier.predict_proba(X[j : j + 1])[0], rows[j])

    def run(work: Callable[[int], bool], n: int) -> int:
        with ThreadPoolExecutor(n_threads) as pool:
            return sum(pool.map(work, range(n)))

    run(fit, n_fits)
    run(predict, n_predictions // 10)
    before = _resident_mb()

    def trial(i: int) -> str:
        equal = run(fit, n_fits), run(predict, n_predictions)
        assert equal == (n_fits, n_predictions), f"equal are {equal}"
        more = _resident_mb() - before
        assert more < 50, f"{more:.0f} MB more than before"
        return f"all equal, {before:.0f} MB before the first, {more:+.0f} MB after number {i + 1}"

    return trial


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


# -- all of them ----------------------------------------------------------------------------

# How many trials, and what prepares them.
KINDS: dict[str, tuple[int, Callable[[], Trial]]] = {
    "fetch: two processes": (20, fetch_by_two),
    "fetch: cut at each tenth": (20, download_cut),
    "full: fetch": (40, full_fetch),
    "full: save": (60, full_save),
    "full: reproduce": (40, full_reproduce),
    "killed while saving": (1000, killed_while_saving),
    "interrupt: fit": (50, interrupt_of_fit),
    "interrupt: compare": (50, interrupt_of_compare),
    "interrupt: reproduce": (50, interrupt_of_reproduce),
    "threads": (10, threads),
    "worker killed": (20, worker_killed),
    "interrupt: search": (50, interrupt_of_search),
}


def work(kind: str, first: int, last: int) -> None:
    """Run trials `first` to `last` - 1; print a line of JSON after each."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background ignores it
    trial = KINDS[kind][1]()
    print(json.dumps("ready"), flush=True)
    for i in range(first, last):
        try:
            report = {"outcome": trial(i)}
        except BaseException:
            report = {"outcome": "fault", "details": traceback.format_exc()}
        print(json.dumps(report), flush=True)


def run(kind: str) -> None:
    """Go on with the trials of a kind."""
    goal, _ = KINDS[kind]
    protocol, reported = __doc__.partition("\n\n    python")[0], 0.0
    found = _own_process.measured("faults").get(kind, {"done": 0, "outcomes": {}, "faults": []})
    while found["done"] < goal:
        for report in _reports(kind, found["done"], goal):
            if report["outcome"] == "fault":
                found["faults"].append(
                    {"trial": found["done"], "details": report["details"][-2000:]}
                )
            found["done"] += 1
            found["outcomes"] = dict(Counter(found["outcomes"]) + Counter([report["outcome"]]))
            if monotonic() > reported + _REPORTED or found["done"] == goal:
                _own_process.update("faults", protocol, {kind: found})
                reported = monotonic()


def _reports(kind: str, first: int, last: int) -> Iterator[dict[str, str]]:
    """Yield the report of each trial of a process; the last one may be of its end."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--work", kind, str(first), str(last), folder]
        if os.geteuid() == 0:  # what it mounts is gone when it ends
            command = ["unshare", "--mount", *command]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
        for done in range(first - 1, last):  # the first line says that it is prepared
            watchdog = threading.Timer(_PATIENCE, process.kill)
            watchdog.start()
            line = process.stdout.readline()
            watchdog.cancel()
            if not line:
                process.wait()
                yield {"outcome": "fault", "details": f"ended with status {process.returncode}"}
                break
            if done >= first:
                yield json.loads(line)
        process.stdout.close()
        process.wait(_PATIENCE)
        if left := _left_of(process.pid):
            yield {"outcome": "fault", "details": f"processes are left: {left}"}


def _left_of(session: int) -> list[str]:
    """Return the commands of a session's processes that live on after ten seconds; end them."""
    deadline = monotonic() + 10
    while (left := list(_of_session(session))) and monotonic() < deadline:
        sleep(0.2)
    commands = [_command(pid).decode(errors="replace") for pid in left]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return commands


def _of_session(session: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                yield int(path.parent.name)


def main() -> None:
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
        return
    for kind in sys.argv[1:] or KINDS:
        run(kind)


if __name__ == "__main__":
    main()
