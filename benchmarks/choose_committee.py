"""How the committee was chosen: on held-out training images only.

Protocol: members are fitted on the first 50,000 training images and predict the probabilities of
the last 10,000, unshifted and averaged over nine shifts of each; the test set is not read. The
network is the default one or, "longer", one with twenty epochs and a third more filters. For each,
every committee with at most one member per design is judged, and also one of three seeds of the
default network alone.

    python benchmarks/choose_committee.py          # all, and writes the results
    python benchmarks/choose_committee.py cnn 0    # one fit
"""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

import _own_process
import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import make_pipeline

from skmnist import CNNClassifier, recipe
from skmnist.networks import PooledBlocks
from skmnist.preprocessing import Deskew, MomentNormalizer

PROTOCOL = __doc__.partition("\n\n    python")[0]
SEEN: dict[str, tuple[Any, ...]] = {
    "cnn": (),
    "upright": (Deskew(),),
    "of one size": (MomentNormalizer(),),
    "upright, of one size": (Deskew(), MomentNormalizer()),
}
LONGER = CNNClassifier(conv_blocks=PooledBlocks(32), epochs=20)
SVM = CalibratedClassifierCV(recipe("svm-best"), method="temperature", ensemble=False)
NETWORKS = {name: make_pipeline(*steps, CNNClassifier()) for name, steps in SEEN.items()}
LONGER_NETWORKS = {f"{name}, longer": make_pipeline(*s, LONGER) for name, s in SEEN.items()}
DESIGNS: dict[str, Any] = {**NETWORKS, **LONGER_NETWORKS, "svm-best": SVM}
SEEDS_OF_CNN = 3
SHIFTS = (0, 1)


def run_one(design: str, seed: int) -> dict[str, Any]:
    """Fit one member; return its probabilities for held-out images, without and with shifts."""
    from skmnist import CommitteeClassifier, fetch_mnist

    (X, y), _ = fetch_mnist()
    alone = CommitteeClassifier([DESIGNS[design]], random_state=seed)
    alone.fit(X[:50_000], y[:50_000])
    return {
        str(shifts): alone.set_params(test_time_shifts=shifts)
        .predict_proba(X[50_000:])
        .round(6)
        .tolist()
        for shifts in SHIFTS
    }


def committees() -> Iterator[list[tuple[str, int]]]:
    """Yield the members of each committee, each a design and a seed."""
    for networks in (NETWORKS, LONGER_NETWORKS):
        designs = [*networks, "svm-best"]
        for n_members in range(1, len(designs) + 1):
            for members in combinations(designs, n_members):
                yield [(design, 0) for design in members]
    yield [("cnn", seed) for seed in range(SEEDS_OF_CNN)]


def accuracy(probabilities: Iterable[NDArray], y: NDArray) -> float:
    mean = np.mean(list(probabilities), axis=0)
    return round(100 * float((mean.argmax(axis=1) == y).mean()), 2)


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(run_one(sys.argv[1], int(sys.argv[2]))))
        return
    from skmnist import fetch_mnist

    y = fetch_mnist()[0][1][50_000:]
    jobs = [(design, 0) for design in DESIGNS] + [("cnn", s) for s in range(1, SEEDS_OF_CNN)]
    runs = dict(zip(jobs, _own_process.measure_on_cores(__file__, jobs), strict=True))
    rows = {
        " + ".join(f"{design} ({seed})" for design, seed in members): {
            f"shifts_{shifts}": accuracy((runs[member][str(shifts)] for member in members), y)
            for shifts in SHIFTS
        }
        for members in committees()
    }
    print(json.dumps(rows, indent=1))
    _own_process.save("choose_committee", PROTOCOL, rows)


if __name__ == "__main__":
    main()
