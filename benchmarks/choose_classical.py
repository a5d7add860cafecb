"""How the recipes of the classical classifiers were chosen: on held-out training images only.

Protocol: fit on the first 50,000 training images, judge on the last 10,000, each candidate in a
separate process; the test set is not read. Trees have seed 0. Rows without times ran beside other
work.

    python benchmarks/choose_classical.py               # all candidates, and writes the results
    python benchmarks/choose_classical.py svm knn       # these, into the same machine's results
    python benchmarks/choose_classical.py svm --core 1  # on one core, beside other work: no times
    python benchmarks/choose_classical.py knn --here    # one fit
"""

import argparse
import json
from time import perf_counter
from typing import Any

import _own_process
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.svm import SVC

from skmnist import gradient_boosting
from skmnist.preprocessing import Deskew, MomentNormalizer, OrientedGradients

SHARP = Deskew(), OrientedGradients(sigma=0)
UPRIGHT = Deskew(), OrientedGradients()
SIZED = Deskew(), MomentNormalizer(), OrientedGradients()
FINE = Deskew(), MomentNormalizer(), OrientedGradients(cells=(4, 7, 10))


def pca(n_components: int = 120) -> PCA:
    return PCA(n_components, random_state=0)


def pca_and_lda(n_components: int, weight: float) -> FeatureUnion:
    """Return principal components beside the nine discriminants, which have unit noise."""
    lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.01)
    return FeatureUnion(
        [("pca", pca(n_components)), ("lda", lda)], transformer_weights={"lda": weight}
    )


def svc(C: float = 5.0) -> SVC:
    return SVC(C=C, cache_size=1000)


def neighbours(k: int) -> KNeighborsClassifier:
    return KNeighborsClassifier(k, weights="distance", n_jobs=-1)


def trees(**settings: Any) -> ExtraTreesClassifier:
    return ExtraTreesClassifier(300, **settings, n_jobs=-1, random_state=0)


def boosting(max_features: float, **settings: Any) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_features=max_features, **settings, early_stopping=False, random_state=0
    )


CANDIDATES: dict[str, Pipeline] = {
    "svm-sharp": make_pipeline(*SHARP, pca(), svc()),
    "svm-upright": make_pipeline(*UPRIGHT, pca(), svc()),
    "svm": make_pipeline(*SIZED, pca(), svc()),
    "svm-C10": make_pipeline(*SIZED, pca(), svc(C=10)),
    "svm-fine": make_pipeline(*FINE, pca(160), svc()),
    "svm-lda": make_pipeline(*SIZED, pca_and_lda(120, 0.1), svc()),
    "knn-sharp": make_pipeline(*SHARP, pca(), neighbours(3)),
    "knn-upright": make_pipeline(*UPRIGHT, pca(), neighbours(3)),
    "knn": make_pipeline(*SIZED, pca(), neighbours(3)),
    "knn-lda-0.1": make_pipeline(*SIZED, pca_and_lda(120, 0.1), neighbours(4)),
    "knn-lda-0.15": make_pipeline(*SIZED, pca_and_lda(120, 0.15), neighbours(4)),
    "knn-lda-0.2": make_pipeline(*SIZED, pca_and_lda(120, 0.2), neighbours(4)),
    "knn-lda-0.15-pca60": make_pipeline(*SIZED, pca_and_lda(60, 0.15), neighbours(4)),
    "knn-lda-0.15-fine": make_pipeline(*FINE, pca_and_lda(120, 0.15), neighbours(4)),
    "forest-sharp": make_pipeline(*SHARP, trees()),
    "forest": make_pipeline(*SIZED, trees()),
    "forest-pca": make_pipeline(*SIZED, pca(50), trees()),
    "forest-lda": make_pipeline(*SIZED, pca_and_lda(50, 1.0), trees()),
    "forest-lda-16": make_pipeline(*SIZED, pca_and_lda(50, 1.0), trees(max_features=16)),
    "forest-lda-pca20": make_pipeline(*SIZED, pca_and_lda(20, 1.0), trees()),
    "forest-lda-fine": make_pipeline(*FINE, pca_and_lda(50, 1.0), trees()),
    "boosting-lda": make_pipeline(*SIZED, pca_and_lda(50, 1.0), boosting(0.3)),
    "boosting-lda-tenth": make_pipeline(*SIZED, pca_and_lda(50, 1.0), boosting(0.1)),
    "boosting-lda-tenth-300": make_pipeline(
        *SIZED, pca_and_lda(50, 1.0), boosting(0.1, max_iter=300)
    ),
    "boosting-lda-300": make_pipeline(*SIZED, pca_and_lda(50, 1.0), boosting(0.3, max_iter=300)),
    "boosting-lda-300-slow": make_pipeline(
        *SIZED, pca_and_lda(50, 1.0), boosting(0.3, max_iter=300, learning_rate=0.05)
    ),
    "boosting-lda-pca100": make_pipeline(*SIZED, pca_and_lda(100, 1.0), boosting(0.3)),
    "boosting-pixels": gradient_boosting(random_state=0),
    "boosting-pixels-all": gradient_boosting(max_features=1.0, random_state=0),
}


def run_one(name: str) -> dict[str, float]:
    """Fit and judge one candidate."""
    from skmnist import fetch_mnist

    (X, y), _ = fetch_mnist()
    pipeline = CANDIDATES[name]
    start = perf_counter()
    pipeline.fit(X[:50_000], y[:50_000])
    fitted = perf_counter()
    held_out = round(100 * pipeline.score(X[50_000:], y[50_000:]), 2)
    return {
        "held_out_accuracy": held_out,
        "fit_seconds": round(fitted - start, 1),
        "predict_seconds": round(perf_counter() - fitted, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=list(CANDIDATES))
    parser.add_argument("--core", type=int)
    parser.add_argument("--here", action="store_true")
    arguments = parser.parse_args()
    if arguments.here:
        print(json.dumps(run_one(arguments.names[0])))
        return
    protocol = __doc__.partition("\n\n    python")[0]
    for name in arguments.names:
        row = _own_process.measure(__file__, name, "--here", core=arguments.core)
        if arguments.core is not None:
            row = {"held_out_accuracy": row["held_out_accuracy"]}
        print(f"{name:20}", row, flush=True)
        _own_process.update("choose_classical", protocol, {name: row})


if __name__ == "__main__":
    main()
