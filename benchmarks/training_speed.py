"""Training images per second: the same network here, in SciKeras, in skorch and in raw Keras.

Protocol: 10,000 MNIST images, batch 128, Adam at 0.001. Every peer runs in a separate process; the
first epoch (imports, tracing) is not counted, the next ones are timed together. All peers take
turns, three rounds; figures are medians over the rounds, ratios are ours over theirs, round by
round. Accuracy is on the 10,000 test images after all epochs.

    python benchmarks/training_speed.py                       # everything, and writes the results
    python benchmarks/training_speed.py keras-cnn skorch      # one measurement
"""

import json
import sys
from statistics import median
from time import perf_counter
from typing import Any

import _own_process

EPOCHS = 4
ROUNDS = 3
PEERS = {
    "keras-cnn": ["skmnist", "skmnist-float32", "scikeras", "skorch", "keras"],
    "dense": ["skmnist", "skmnist-float32", "scikeras", "mlp"],
    "lenet": ["skmnist", "skmnist-float32", "keras"],
}


def _data() -> tuple[Any, Any, Any, Any]:
    from skmnist import fetch_mnist

    (X, y), (X_test, y_test) = fetch_mnist()
    return X[:10_000], y[:10_000].astype("int64"), X_test, y_test.astype("int64")


def as_float(X: Any) -> Any:
    """Scale pixels to 0 to 1, as images of one channel."""
    return (X / 255.0).astype("float32")[..., None]


def ours(network: str, dtype: str) -> Any:
    """Return one of the networks as this package's classifier."""
    from skmnist import CNNClassifier, ConvBlock, DNNClassifier, LeNetClassifier

    common = {
        "batch_size": 128,
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "schedule": "constant",
        "augmentation": None,
        "label_smoothing": 0.0,
        "dtype": dtype,
        "random_state": 0,
    }
    if network == "dense":
        return DNNClassifier(hidden_units=(512, 512), dropout=0.2, **common)
    if network == "lenet":
        return LeNetClassifier(**common)
    return CNNClassifier(
        conv_blocks=[ConvBlock(32), ConvBlock(64, pool="max", dropout=0.25)],
        hidden_units=(128,),
        dropout=0.5,
        **common,
    )


def time_ours(network: str, dtype: str = "auto") -> tuple[float, float]:
    """Time our classifier."""
    X, y, X_test, y_test = _data()
    classifier = ours(network, dtype).set_params(warm_start=True, epochs=1).fit(X, y)
    classifier.set_params(epochs=EPOCHS)
    start = perf_counter()
    classifier.fit(X, y)
    return perf_counter() - start, classifier.score(X_test, y_test)


def keras_model(network: str) -> Any:
    """Return one of the networks as a compiled Keras model."""
    from skmnist._utils.backend import load_keras

    load_keras()
    model = ours(network, "float32")._architecture((28, 28, 1), 10, "float32").build(seed=0)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def time_keras(network: str) -> tuple[float, float]:
    """Time ``keras.Model.fit``."""
    import keras  # noqa: F401 - as its users do, without our settings of TensorFlow

    X, y, X_test, y_test = _data()
    model, X, X_test = keras_model(network), as_float(X), as_float(X_test)
    model.fit(X, y, batch_size=128, epochs=1, verbose=0)
    start = perf_counter()
    model.fit(X, y, batch_size=128, epochs=EPOCHS, verbose=0)
    seconds = perf_counter() - start
    return seconds, float((model.predict(X_test, verbose=0).argmax(1) == y_test).mean())


def time_scikeras(network: str) -> tuple[float, float]:
    """Time SciKeras's classifier."""
    import keras  # noqa: F401 - as its users do
    from scikeras.wrappers import KerasClassifier

    X, y, X_test, y_test = _data()
    X, X_test = as_float(X), as_float(X_test)
    classifier = KerasClassifier(
        keras_model, model__network=network, batch_size=128, epochs=1, verbose=0, warm_start=True
    ).fit(X, y)
    classifier.set_params(epochs=EPOCHS)
    start = perf_counter()
    classifier.fit(X, y)
    seconds = perf_counter() - start
    return seconds, float((classifier.predict(X_test) == y_test).mean())


def torch_module() -> Any:
    """Return the example network for PyTorch."""
    from torch import nn

    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5)),
        nn.Linear(128, 10),
    )


def time_skorch(network: str) -> tuple[float, float]:
    """Time skorch's classifier on the same network in PyTorch."""
    import torch
    from skorch import NeuralNetClassifier

    X, y, X_test, y_test = _data()
    X, X_test = (as_float(images).transpose(0, 3, 1, 2).copy() for images in (X, X_test))
    torch.manual_seed(0)
    classifier = NeuralNetClassifier(
        torch_module(),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=128,
        max_epochs=1,
        train_split=None,
        verbose=0,
    ).fit(X, y)
    start = perf_counter()
    classifier.set_params(max_epochs=EPOCHS).partial_fit(X, y)
    seconds = perf_counter() - start
    return seconds, float((classifier.predict(X_test) == y_test).mean())


def time_mlp(network: str) -> tuple[float, float]:
    """Time scikit-learn's dense network, which has no dropout."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y, X_test, y_test = _data()
    X, X_test = (as_float(images).reshape(len(images), -1) for images in (X, X_test))
    classifier = MLPClassifier((512, 512), batch_size=128, max_iter=1, random_state=0)
    classifier.set_params(warm_start=True).fit(X, y)
    classifier.set_params(max_iter=EPOCHS)
    start = perf_counter()
    classifier.fit(X, y)
    return perf_counter() - start, classifier.score(X_test, y_test)


TIMERS = {
    "skmnist": time_ours,
    "skmnist-float32": lambda network: time_ours(network, "float32"),
    "scikeras": time_scikeras,
    "skorch": time_skorch,
    "keras": time_keras,
    "mlp": time_mlp,
}


def main() -> None:
    if len(sys.argv) == 3:
        seconds, accuracy = TIMERS[sys.argv[2]](sys.argv[1])
        images = round(EPOCHS * 10_000 / seconds)
        print(json.dumps({"images_per_second": images, "accuracy": round(100 * accuracy, 2)}))
        return
    summary = {}
    for network, peers in PEERS.items():
        rounds = [
            {peer: _own_process.measure(__file__, network, peer) for peer in peers}
            for _ in range(ROUNDS)
        ]
        summary[network] = {peer: _summarised(peer, rounds) for peer in peers}
        for peer, figures in summary[network].items():
            print(f"{network:10} {peer:16} {figures}", flush=True)
    _own_process.save("training_speed", __doc__.partition("\n\n    python")[0], summary)


def _summarised(peer: str, rounds: list[dict[str, dict[str, float]]]) -> dict[str, float]:
    speed = "images_per_second"

    def ratio(ours: str) -> float:
        return round(median(turn[ours][speed] / turn[peer][speed] for turn in rounds), 2)

    return {
        speed: round(median(turn[peer][speed] for turn in rounds)),
        "accuracy": round(median(turn[peer]["accuracy"] for turn in rounds), 2),
        "ours_over_this": ratio("skmnist"),
        "ours_float32_over_this": ratio("skmnist-float32"),
    }


if __name__ == "__main__":
    main()
