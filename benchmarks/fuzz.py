"""Mutated files for everything that reads files: `load`, `read_idx`, and what else is a target.

Protocol: mutation i of a target is decided by the seed and i alone. A mutated file has to be read
as equal to the intact one, or as another valid one if the change is hidden from its checksum, or be
refused with ValueError or OSError, within 1 s of one core and 100 MB of resident memory more.
Anything else is a finding, whose file is kept in build/fuzz/findings: another error, a file that
reads differently although its checksum says that it is damaged, a crash, no end after five minutes.
Times are of the processor, as the machine has other work; the best of three where the first is too
long. What is built once per process is built before. The causes are the types of the errors that
ours name. IDX files that decompress to more than 32 MB are not made. Where the script goes on, it
tries earlier findings again, as they may be mended.

    python benchmarks/fuzz.py --count 200000      # goes on where it was ended; end it at any time
    python benchmarks/fuzz.py --target load --only 4711   # one mutation, with its traceback
"""

import argparse
import gc
import json
import mmap
import resource
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import _own_process
from _attack import SEED, Attack, Outcome
from _fuzz_targets import TARGETS, seeds_of
from _mutations import Mutated

FOLDER = Path(__file__).parents[1] / "build" / "fuzz"
_MOST_SECONDS, _MOST_MB = 1.0, 100.0
_HANG = 300  # seconds
_CHUNK = 250  # mutations between two reports of a worker
_PER_WORKER = 10_000
_MORE_ADDRESSES = 4 << 30  # what a worker may take, so that the machine survives a finding


class Meter:
    """Measures the time and the growth of resident memory, at its peak, of what it is around."""

    def __enter__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # the peak is the present, from now on
        self._before, self._start = _peak_mb(), process_time()

    def __exit__(self, *_: object) -> None:
        self.seconds = process_time() - self._start
        self.mb = _peak_mb() - self._before

    def exceeds(self) -> str:
        """Return which limit was exceeded, or an empty string."""
        if self.seconds > _MOST_SECONDS:
            return f"{self.seconds:.1f} s"
        return f"{self.mb:.0f} MB" if self.mb > _MOST_MB else ""


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


# -- one process ----------------------------------------------------------------------------


def work(name: str, first: int, last: int, place: Path) -> None:
    """Try mutations `first` to `last` - 1; print a report after some, as a line of JSON.

    The number of the present mutation is always in the file `place`, for the time after a crash.
    """
    warnings.simplefilter("ignore")
    meter = Meter()
    with TemporaryDirectory(prefix="skmnist-fuzz-", dir=_memory_folder()) as folder:
        attack = Attack(name, Path(folder, "file"), seeds_of(name, FOLDER), meter)
        _limit_addresses()
        gc.freeze()
        with place.open("r+b") as file:
            current = mmap.mmap(file.fileno(), 8)
        print("ready", flush=True)
        for start in range(first, last, _CHUNK):
            report = _Report()
            for i in range(start, min(start + _CHUNK, last)):
                current[:] = i.to_bytes(8)
                mutated = attack.mutated(i)
                outcome = attack.outcome(mutated)
                for _ in range(2):
                    if meter.exceeds():
                        outcome = attack.outcome(mutated)
                if meter.exceeds():
                    outcome = Outcome("finding", meter.exceeds().split()[1], meter.exceeds())
                report.add(i, mutated, outcome, meter)
                if outcome.kind == "finding":
                    _keep(name, i, mutated, outcome)
            print(json.dumps(vars(report)), flush=True)


class _Report:
    """What became of some mutations."""

    def __init__(self) -> None:
        self.done, self.kinds, self.causes = 0, Counter(), Counter()
        self.findings: list[int] = []
        self.slowest_s = self.most_mb = 0.0

    def add(self, i: int, mutated: Mutated, outcome: Outcome, meter: Meter) -> None:
        self.done += 1
        self.kinds[outcome.kind] += 1
        if outcome.kind == "refused":
            self.causes[outcome.cause] += 1
        if outcome.kind == "finding":
            self.findings.append(i)
            return
        self.slowest_s = max(self.slowest_s, round(meter.seconds, 3))
        self.most_mb = max(self.most_mb, round(meter.mb, 1))


def _memory_folder() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def _limit_addresses() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + _MORE_ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def _keep(name: str, i: int, mutated: Mutated | None, outcome: Outcome) -> None:
    folder = FOLDER / "findings"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{SEED}-{i}"
    if mutated is not None:
        path.with_suffix(".bin").write_bytes(mutated.content)
    how = mutated.how if mutated is not None else ""
    path.with_suffix(".txt").write_text(f"{how}\n{outcome.cause}\n{outcome.details}\n")
    print(f"finding: {path}: {outcome.cause}", file=sys.stderr, flush=True)


# -- all of them ----------------------------------------------------------------------------


def attack(name: str, count: int) -> None:
    """Go on with a target until so many of its mutations were tried."""
    found = _tried_again(name, _counts(name))
    while found["done"] < count:
        last = min(count, found["done"] + _PER_WORKER)
        for report in _reports(name, found["done"], last):
            found = _sum(found, report)
            _write(name, found)


def _tried_again(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """Replace the reports of findings by those of now."""
    for i in found["findings"]:
        (report,) = _reports(name, i, i + 1)
        others = {
            "done": found["done"] - 1,
            "findings": [other for other in found["findings"] if other != i],
            "kinds": Counter(found["kinds"]) - Counter(finding=1),
        }
        found = _sum({**found, **others}, report)
        _write(name, found)
    return found


def _write(name: str, found: dict[str, Any]) -> None:
    protocol = __doc__.partition("\n\n    python")[0]
    _own_process.update("fuzz", protocol, {name: {**found, "seed": SEED}})


def _counts(name: str) -> dict[str, Any]:
    return _own_process.measured("fuzz").get(name, vars(_Report()))


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    total = {key: one[key] + other[key] for key in ("done", "findings")}
    counts = {key: dict(Counter(one[key]) + Counter(other[key])) for key in ("kinds", "causes")}
    most = {key: max(one[key], other[key]) for key in ("slowest_s", "most_mb")}
    return {**total, **counts, **most}


def _reports(name: str, first: int, last: int) -> Iterator[dict[str, Any]]:
    """Yield the reports of a worker; the last one may be of its end by a crash or a hang."""
    with TemporaryDirectory() as folder:
        place = Path(folder, "place")
        place.write_bytes(first.to_bytes(8))
        command = [sys.executable, __file__, "--work", name, str(first), str(last), str(place)]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0)
        try:
            done = first
            if not worker.stdout.readline():
                raise SystemExit(f"{name}: the intact files can't be read")
            while (line := _line(worker, place)) and done < last:
                done += (report := json.loads(line))["done"]
                yield report
        finally:
            worker.kill()
            worker.wait()
        if done < last:
            yield _report_of_crash(name, done, int.from_bytes(place.read_bytes()), worker)


def _line(worker: subprocess.Popen[bytes], place: Path) -> bytes:
    """Return a line of the worker, or nothing after its end or a mutation without an end."""
    before = b""
    while not select([worker.stdout], [], [], _HANG)[0]:
        if (now := place.read_bytes()) == before:
            return b""
        before = now
    return worker.stdout.readline()


def _report_of_crash(
    name: str, done: int, i: int, worker: subprocess.Popen[bytes]
) -> dict[str, Any]:
    """Try the mutations before the crash again; the one that crashed is a finding."""
    report = _Report()
    outcome = Outcome("finding", "crash or hang", f"mutation {i}, status {worker.returncode}")
    report.done, report.findings = i + 1 - done, [i]
    report.kinds.update({"finding": 1, "lost beside a crash": i - done})
    _keep(name, i, None, outcome)
    return vars(report)


def only(name: str, i: int) -> None:
    """Try one mutation, and print what comes of it."""
    warnings.simplefilter("ignore")
    with TemporaryDirectory() as folder:
        attack = Attack(name, Path(folder, "file"), seeds_of(name, FOLDER), meter := Meter())
        mutated = attack.mutated(i)
        kind, cause, details = attack.outcome(mutated)
        print(mutated.how, f"{kind} {cause}", details, sep="\n")
        print(f"{meter.seconds:.3f} s, {meter.mb:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200_000)
    parser.add_argument("--target", choices=TARGETS, help="one target instead of all")
    parser.add_argument("--only", type=int, help="one mutation of the target")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        name, first, last, place = arguments.work
        work(name, int(first), int(last), Path(place))
    elif arguments.only is not None:
        only(arguments.target, arguments.only)
    else:
        names = [arguments.target] if arguments.target else list(TARGETS)
        whole = sum(TARGETS[name].share for name in names)
        for name in names:
            attack(name, round(arguments.count * TARGETS[name].share / whole))


if __name__ == "__main__":
    main()
