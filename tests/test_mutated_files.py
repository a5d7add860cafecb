"""Twenty thousand mutated files: each is read as it was, as another valid file, or is refused.

The same attack as `benchmarks/fuzz.py`, which also measures time and memory, for as long as one
likes. Most of these are refused early, so that they are quick.
"""

import tracemalloc
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from random import Random

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def attack():
    """The class of attacks, from the modules beside the script."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import _attack

        yield _attack.Attack


@pytest.fixture(scope="module")
def files(attack, tmp_path_factory):
    """The files of quick estimators under attack."""
    from _fuzz_targets import Estimators

    seeds = Estimators(["dense", "pipeline", "regressor"]).make()
    return attack("load", tmp_path_factory.mktemp("load") / "file", seeds, nullcontext())


def check(outcomes):
    """Raise an error with the first findings; return the numbers of all outcomes."""
    findings = [one for one in outcomes if one.kind == "finding"]
    assert not findings, "\n".join(f"{one.cause}: {one.details}" for one in findings[:3])
    return Counter(one.kind for one in outcomes)


@pytest.mark.filterwarnings("ignore")  # of strange settings, and of numbers that overflow
def test_600_estimators_changed_in_any_part_load_as_valid_ones_or_are_refused(files):
    found = check([files.outcome(files.mutated(i)) for i in range(600)])
    assert min(found["equal"], found["other"], found["refused"]) > 10


def test_5400_estimators_of_wrong_bytes_load_equal_or_are_refused(files):
    from _mutations import Mutated, bytes_changed

    def outcome(i):
        rng = Random(i)
        changed = bytes_changed(rng, rng.choice(files.seeds), files.seeds)
        return files.outcome(Mutated(*changed, signed=False))

    found = check([outcome(i) for i in range(5400)])
    assert found["refused"] > 5000


class TracedMemory:
    """Raises an error if what it is around takes 100 MB."""

    def __enter__(self):
        tracemalloc.start()

    def __exit__(self, *_):
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 100e6


@pytest.mark.parametrize(
    ("first", "last", "meter"), [(0, 13_000, nullcontext()), (13_000, 14_000, TracedMemory())]
)
def test_14000_idx_files_are_read_as_what_they_hold_or_are_refused(
    attack, tmp_path, first, last, meter
):
    from _fuzz_targets import TARGETS

    files = attack("read_idx", tmp_path / "file", TARGETS["read_idx"].make(), meter)
    found = check([files.outcome(files.mutated(i)) for i in range(first, last)])
    assert min(found["equal"], found["other"], found["refused"]) > 10
