"""Seconds for all 70,000 images of MNIST: each transformer, and a loop over its reference.

Protocol: ours transforms all 70,000 images of uint8, including `fit`, with one thread per core if
it has threads; a loop over single images in SciPy or scikit-image takes the first 7,000, and its
time is multiplied by ten. "gradients-pca" is deskewing, normalising the size, oriented gradients
and PCA to 120 components together. Each measurement runs in a separate process, imports and reading
not included. All take turns, three rounds; figures are medians over the rounds, ratios are the
loop's time over ours, round by round.

    python benchmarks/preprocessing_speed.py                # everything, and writes the results
    python benchmarks/preprocessing_speed.py hog skmnist    # one measurement
"""

import json
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import _own_process

ROUNDS = 3
PEERS = {
    "deskew": ["skmnist", "scipy-loop"],
    "blur": ["skmnist", "scipy-loop"],
    "hog": ["skmnist", "scikit-image-loop"],
    "size": ["skmnist"],
    "gradients": ["skmnist"],
    "gradients-pca": ["skmnist"],
}


def ours(name: str) -> Any:
    from sklearn.decomposition import PCA
    from sklearn.pipeline import make_pipeline

    from skmnist.preprocessing import HOG, Blur, Deskew, MomentNormalizer, OrientedGradients

    return {
        "deskew": Deskew(),
        "blur": Blur(),
        "hog": HOG(n_jobs=-1),
        "size": MomentNormalizer(),
        "gradients": OrientedGradients(n_jobs=-1),
        "gradients-pca": make_pipeline(
            Deskew(), MomentNormalizer(), OrientedGradients(n_jobs=-1), PCA(120, random_state=0)
        ),
    }[name]


def reference(name: str) -> Callable[[Any], Any]:
    """Return a function that transforms one image."""
    if name == "hog":
        from skimage.feature import hog

        return hog
    from scipy import ndimage

    if name == "blur":
        return lambda image: ndimage.gaussian_filter(image.astype("float32"), 1.0)
    return _deskew_one


def _deskew_one(image: Any) -> Any:
    import numpy as np
    from scipy import ndimage

    image = image.astype("float32")
    y, x = np.indices(image.shape)
    total = image.sum()
    y_mean, x_mean = (y * image).sum() / total, (x * image).sum() / total
    mu11 = ((y - y_mean) * (x - x_mean) * image).sum()
    slope = mu11 / ((y - y_mean) ** 2 * image).sum()
    offset = [0, -slope * y_mean]
    return ndimage.affine_transform(image, [[1, 0], [slope, 1]], offset, order=1)


def run_one(name: str, peer: str) -> dict[str, float]:
    """Time one peer, in seconds for 70,000 images."""
    import numpy as np

    from skmnist import fetch_mnist

    (X, _), (X_test, _) = fetch_mnist()
    X = np.concatenate([X, X_test])
    if peer == "skmnist":
        transformer = ours(name)
        start = perf_counter()
        transformer.fit_transform(X)
        return {"seconds": perf_counter() - start}
    transform = reference(name)
    start = perf_counter()
    for image in X[:7_000]:
        transform(image)
    return {"seconds": 10 * (perf_counter() - start)}


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(run_one(*sys.argv[1:])))
        return
    summary = {}
    for name, peers in PEERS.items():
        rounds = [
            {peer: _own_process.measure(__file__, name, peer)["seconds"] for peer in peers}
            for _ in range(ROUNDS)
        ]
        summary[name] = {
            peer: {
                "seconds": round(median(turn[peer] for turn in rounds), 2),
                "this_over_ours": round(median(turn[peer] / turn["skmnist"] for turn in rounds), 1),
            }
            for peer in peers
        }
        print(name, summary[name], flush=True)
    _own_process.save("preprocessing_speed", __doc__.partition("\n\n    python")[0], summary)


if __name__ == "__main__":
    main()
