"""A report's network, trained by this package and by Keras's ``fit``.

Are the results equal except for chance? Protocol: the same 54,000 training images (stratified,
determined by the seed), the same number of epochs, each fit in a fresh process on one core; the
Keras code is that of the report, with ``keras.utils.set_random_seed``. After every epoch the
network is judged on the 10,000 test images, which neither trainer uses for anything else. A fit is
summarised by the mean test accuracy (%) of the later epochs (without the first two fifths) and by
its best epoch; the two trainers are compared by Welch's t-test on the means of the seeds.

    python benchmarks/against_keras.py                            # what is missing in the results
    python benchmarks/against_keras.py navarro-lenet5 keras 0     # one fit
"""

import json
import sys
from statistics import fmean, stdev
from typing import Any

import _own_process
import numpy as np
from _keras_lenet5 import keras_lenet5
from scipy.stats import ttest_ind
from sklearn.model_selection import train_test_split

PROTOCOL = __doc__.partition("\n\n    python")[0]
# Numbers of epochs (fewer than in the reports) and of seeds.
STUDIES = {"navarro-lenet5": (30, 5), "martin-cnn": (4, 3)}
TRAINERS = ("skmnist", "keras")


def lenet5() -> tuple[Any, int]:
    """Build the network of the report, and return its batch size."""
    return keras_lenet5(), 86


def martin_cnn() -> tuple[Any, int]:
    """Build the network of the report, and return its batch size."""
    from keras import Input, Sequential, layers

    convolutions: list[Any] = []
    for _ in range(2):
        convolutions += [
            layers.Conv2D(32, 3),
            layers.Conv2D(32, 3, activation="sigmoid"),
            layers.MaxPooling2D(2),
        ]
    network = Sequential(
        [
            Input((28, 28, 1)),
            *convolutions,
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(512, activation="sigmoid"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    return network, 32


NETWORKS = {"navarro-lenet5": lenet5, "martin-cnn": martin_cnn}


def curve(X_test: Any, y_test: Any) -> Any:
    """Return a callback that records the test accuracy after each epoch in `accuracies`."""
    import keras

    class Curve(keras.callbacks.Callback):
        def __init__(self) -> None:
            super().__init__()
            self.accuracies: list[float] = []

        def __deepcopy__(self, memo: Any) -> Any:
            return self  # estimators copy their callbacks

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            outputs = self.model.predict(X_test, batch_size=512, verbose=0)
            self.accuracies.append(round(100 * float((outputs.argmax(1) == y_test).mean()), 2))

    return Curve()


def run_one(name: str, trainer: str, seed: int) -> list[float]:
    """Train one network; return the test accuracy after each epoch."""
    import keras

    from skmnist import fetch_mnist, recipe
    from skmnist.preprocessing import ColumnNormalizer

    epochs, _ = STUDIES[name]
    (X, y), (X_test, y_test) = fetch_mnist()
    X, _, y, _ = train_test_split(X, y, train_size=54_000, stratify=y, random_state=seed)
    if name == "martin-cnn":
        scale = ColumnNormalizer().fit_transform
    else:
        scale = lambda images: (images / np.float32(255)).astype(np.float32)  # noqa: E731
    X, X_test = (scale(images).reshape(-1, 28, 28, 1) for images in (X, X_test))
    note = curve(X_test, y_test)
    if trainer == "skmnist":
        estimator = recipe(name)
        network = estimator[-1] if hasattr(estimator, "steps") else estimator
        network.set_params(
            epochs=epochs, validation_fraction=None, callbacks=[note], random_state=seed
        )
        network.fit(X, y)
    else:
        keras.utils.set_random_seed(seed)
        network, batch_size = NETWORKS[name]()
        network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        network.fit(X, y, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=[note])
    return note.accuracies


def summary(curves: dict[str, dict[str, list[float]]]) -> dict[str, Any]:
    """Compare the trainers of one network."""
    later = {
        trainer: [fmean(c[2 * len(c) // 5 :]) for c in of_seeds.values()]
        for trainer, of_seeds in curves.items()
    }
    result: dict[str, Any] = {
        trainer: {
            "mean of later epochs": [round(mean, 3) for mean in means],
            "mean": round(fmean(means), 3),
            "sd": round(stdev(means), 3) if len(means) > 1 else None,
            "best epoch": [max(c) for c in curves[trainer].values()],
            "last epoch": [c[-1] for c in curves[trainer].values()],
        }
        for trainer, means in later.items()
    }
    if len(later) == 2 and all(len(means) > 1 for means in later.values()):
        ours, keras = (later[trainer] for trainer in TRAINERS)
        result["keras minus skmnist"] = round(fmean(keras) - fmean(ours), 3)
        result["p"] = round(float(ttest_ind(ours, keras, equal_var=False).pvalue), 4)
    return result


def main() -> None:
    if len(sys.argv) > 2:
        name, trainer, seed = sys.argv[1:]
        print(json.dumps(run_one(name, trainer, int(seed))))
        return
    names = sys.argv[1:] or list(STUDIES)
    known = _own_process.measured("against_keras")
    jobs = [
        (name, trainer, str(seed))
        for name in names
        for seed in range(STUDIES[name][1])
        for trainer in TRAINERS
    ]
    known = {name: known.get(name, {}).get("curves", {}) for name in names}
    jobs = [(n, t, s) for n, t, s in jobs if s not in known[n].get(t, {})]
    for (name, trainer, seed), accuracies in zip(
        jobs, _own_process.measure_on_cores(__file__, jobs), strict=True
    ):
        known[name].setdefault(trainer, {})[seed] = accuracies
        print(name, trainer, seed, accuracies[-5:], flush=True)
        row = {"epochs": STUDIES[name][0], **summary(known[name]), "curves": known[name]}
        _own_process.update("against_keras", PROTOCOL, {name: row})


if __name__ == "__main__":
    main()
