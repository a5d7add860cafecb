"""Training images per second of a user's own network: here, in SciKeras and in raw Keras.

Protocol: one function that builds the network, with its layers from Keras and nothing of ours:
LeNet-5, a dense network 512-512, and Keras's example CNN. 10,000 MNIST images, batch 128, Adam at
0.001. Every peer runs in a separate process; the first epoch (imports, tracing) is not counted, the
next four are timed together. All peers take turns, three rounds; figures are medians over the
rounds, ratios are KerasClassifier's over theirs, round by round. "class" is our own class of the
same network. Accuracy is on the 10,000 test images after all epochs.

    python benchmarks/own_network_speed.py                 # everything, and writes the results
    python benchmarks/own_network_speed.py lenet           # one network, and writes its results
    python benchmarks/own_network_speed.py lenet scikeras  # one measurement
"""

import json
import sys
from statistics import median
from time import perf_counter
from typing import Any

import _own_process
import training_speed
from training_speed import EPOCHS, ROUNDS, _data, as_float

NETWORKS = ("lenet", "dense", "keras-cnn")


def build(network: str = "lenet") -> Any:
    """Build one of the networks, as a user would."""
    import keras
    from keras import layers

    stacks = {
        "lenet": lambda: [
            layers.Conv2D(6, 5, padding="same", activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(16, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(120, activation="tanh"),
            layers.Dense(84, activation="tanh"),
        ],
        "dense": lambda: [
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
        ],
        "keras-cnn": lambda: [
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
        ],
    }
    output = layers.Dense(10, activation="softmax")
    model = keras.Sequential([keras.Input((28, 28, 1)), *stacks[network](), output])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def time_own(network: str) -> tuple[float, float]:
    """Time KerasClassifier, on pixels scaled as the peers have them."""
    from skmnist import KerasClassifier

    X, y, X_test, y_test = _data()
    X, X_test = as_float(X), as_float(X_test)
    classifier = KerasClassifier(
        build, model__network=network, batch_size=128, epochs=1, warm_start=True, random_state=0
    ).fit(X, y)
    classifier.set_params(epochs=EPOCHS)
    start = perf_counter()
    classifier.fit(X, y)
    return perf_counter() - start, classifier.score(X_test, y_test)


def time_scikeras(network: str) -> tuple[float, float]:
    """Time SciKeras's classifier."""
    import keras  # noqa: F401 - as its users do
    from scikeras.wrappers import KerasClassifier

    X, y, X_test, y_test = _data()
    X, X_test = as_float(X), as_float(X_test)
    classifier = KerasClassifier(
        build, model__network=network, batch_size=128, epochs=1, verbose=0, warm_start=True
    ).fit(X, y)
    classifier.set_params(epochs=EPOCHS)
    start = perf_counter()
    classifier.fit(X, y)
    seconds = perf_counter() - start
    return seconds, float((classifier.predict(X_test) == y_test).mean())


def time_keras(network: str) -> tuple[float, float]:
    """Time ``keras.Model.fit``."""
    X, y, X_test, y_test = _data()
    model, X, X_test = build(network), as_float(X), as_float(X_test)
    model.fit(X, y, batch_size=128, epochs=1, verbose=0)
    start = perf_counter()
    model.fit(X, y, batch_size=128, epochs=EPOCHS, verbose=0)
    seconds = perf_counter() - start
    return seconds, float((model.predict(X_test, verbose=0).argmax(1) == y_test).mean())


TIMERS = {
    "own": time_own,
    "class": lambda network: training_speed.time_ours(network, "float32"),
    "scikeras": time_scikeras,
    "keras": time_keras,
}


def main() -> None:
    if len(sys.argv) == 3:
        seconds, accuracy = TIMERS[sys.argv[2]](sys.argv[1])
        images = round(EPOCHS * 10_000 / seconds)
        print(json.dumps({"images_per_second": images, "accuracy": round(100 * accuracy, 2)}))
        return
    for network in sys.argv[1:] or NETWORKS:
        rounds = [
            {peer: _own_process.measure(__file__, network, peer) for peer in TIMERS}
            for _ in range(ROUNDS)
        ]
        figures = {peer: _summarised(peer, rounds) for peer in TIMERS}
        for peer, of_peer in figures.items():
            print(f"{network:10} {peer:10} {of_peer}", flush=True)
        _own_process.update(
            "own_network_speed", __doc__.partition("\n\n    python")[0], {network: figures}
        )


def _summarised(peer: str, rounds: list[dict[str, dict[str, float]]]) -> dict[str, float]:
    speed = "images_per_second"
    return {
        speed: round(median(turn[peer][speed] for turn in rounds)),
        "accuracy": round(median(turn[peer]["accuracy"] for turn in rounds), 2),
        "own_over_this": round(
            median(turn["own"][speed] / turn[peer][speed] for turn in rounds), 2
        ),
    }


if __name__ == "__main__":
    main()
