"""Prediction: one image at a time, and 10,000 at once, here and in other libraries.

Protocol: the example CNN of Keras (32-64-128), trained for one epoch on 2,000 MNIST images, our
default CNN, and a dense network of 100 units beside ``MLPClassifier``; each peer in a separate
process. One image: 1,000 calls of `predict` on rows, timed one by one, after 50 untimed ones.
10,000 images: the median of five calls after an untimed one. Features over predict: the time of
`CNNFeatures.transform` for these 10,000 images at the penultimate layer divided by that of
`predict`, alternately, the median of five. All peers take turns, three rounds; figures are medians
over the rounds.

    python benchmarks/prediction_latency.py                        # everything, writes the results
    python benchmarks/prediction_latency.py keras-cnn skmnist      # one measurement
"""

import json
import sys
from statistics import median
from time import perf_counter
from typing import Any

import _own_process
import numpy as np
from training_speed import _data, as_float, keras_model, ours

ROUNDS = 3
PEERS = {
    "default-cnn": ["skmnist"],
    "keras-cnn": ["skmnist", "scikeras", "skorch"],
    "dense-100": ["skmnist", "mlp"],
}


def _fitted_skmnist(network: str, X: Any, y: Any) -> tuple[Any, Any]:
    from skmnist import CNNClassifier

    if network == "default-cnn":
        classifier = CNNClassifier(random_state=0)
    elif network == "dense-100":
        classifier = ours("dense", "auto").set_params(hidden_units=(100,))
    else:
        classifier = ours(network, "auto")
    rows = X.reshape(len(X), -1)
    return classifier.set_params(epochs=1).fit(rows[:2000], y[:2000]), rows


def _fitted_scikeras(network: str, X: Any, y: Any) -> tuple[Any, Any]:
    from scikeras.wrappers import KerasClassifier

    X = as_float(X)
    classifier = KerasClassifier(keras_model, model__network=network, batch_size=128, verbose=0)
    return classifier.fit(X[:2000], y[:2000]), X


def _fitted_skorch(network: str, X: Any, y: Any) -> tuple[Any, Any]:
    from skorch import NeuralNetClassifier
    from torch import nn

    X = as_float(X).transpose(0, 3, 1, 2).copy()
    module = nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5)),
        nn.Linear(128, 10),
    )
    classifier = NeuralNetClassifier(
        module, criterion=nn.CrossEntropyLoss, max_epochs=1, train_split=None, verbose=0
    )
    return classifier.fit(X[:2000], y[:2000]), X


def _fitted_mlp(network: str, X: Any, y: Any) -> tuple[Any, Any]:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    X = as_float(X).reshape(len(X), -1)
    return MLPClassifier((100,), max_iter=1, random_state=0).fit(X[:2000], y[:2000]), X


FITTED = {
    "skmnist": _fitted_skmnist,
    "scikeras": _fitted_scikeras,
    "skorch": _fitted_skorch,
    "mlp": _fitted_mlp,
}


def _seconds(call: Any, *arguments: Any) -> float:
    start = perf_counter()
    call(*arguments)
    return perf_counter() - start


def _features_over_predict(classifier: Any, images: Any) -> float:
    from sklearn.frozen import FrozenEstimator

    from skmnist.classifiers import CNNFeatures

    features = CNNFeatures(FrozenEstimator(classifier)).fit(images)
    features.transform(images)
    return median(
        _seconds(features.transform, images) / _seconds(classifier.predict, images)
        for _ in range(5)
    )


def run_one(network: str, peer: str) -> dict[str, float]:
    """Fit one peer and time its predictions, in milliseconds."""
    X, y, *_ = _data()
    classifier, images = FITTED[peer](network, X, y)
    n_calls = 100 if peer == "scikeras" else 1000  # which takes 60 ms per call
    for i in range(50):
        classifier.predict(images[i : i + 1])
    singles = [1e3 * _seconds(classifier.predict, images[i : i + 1]) for i in range(n_calls)]
    classifier.predict(images)
    figures = {
        "one_image_p50_ms": round(float(np.percentile(singles, 50)), 3),
        "one_image_p99_ms": round(float(np.percentile(singles, 99)), 3),
        "10000_images_ms": round(
            1e3 * median(_seconds(classifier.predict, images) for _ in range(5))
        ),
    }
    if peer == "skmnist":
        figures["features_over_predict"] = round(_features_over_predict(classifier, images), 2)
    return figures


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(run_one(*sys.argv[1:])))
        return
    summary: dict[str, dict[str, Any]] = {}
    for network, peers in PEERS.items():
        rounds = [
            {peer: _own_process.measure(__file__, network, peer) for peer in peers}
            for _ in range(ROUNDS)
        ]
        summary[network] = {
            peer: {key: median(turn[peer][key] for turn in rounds) for key in rounds[0][peer]}
            for peer in peers
        }
        for peer, figures in summary[network].items():
            print(f"{network:10} {peer:10} {figures}", flush=True)
    _own_process.save("prediction_latency", __doc__.partition("\n\n    python")[0], summary)


if __name__ == "__main__":
    main()
