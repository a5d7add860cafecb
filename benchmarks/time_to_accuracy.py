"""Test accuracy against seconds on full MNIST: the convolutional recipes, and the peers.

Protocol: fit on the 60,000 training images, test on the 10,000 test images, each fit in a fresh
process. Seconds are those of the fit including compilation; the time including imports and reading
the data is recorded too. A recipe gives one point, over three seeds; the recipes were chosen on the
last 10,000 training images (choose_recipes.py). The peers train the example network of Keras's
documentation (32-64-128, Adam, batch 128) and give one point per epoch, without the time of
testing, seed 0; so does skmnist with that same network.

    python benchmarks/time_to_accuracy.py                     # everything, writes and draws
    python benchmarks/time_to_accuracy.py cnn-fast keras      # these, into the existing results
    python benchmarks/time_to_accuracy.py cnn-fast --seed 0   # one fit
    python benchmarks/time_to_accuracy.py --draw              # draw the committed results
"""

import argparse
import json
from statistics import fmean, median, stdev
from time import perf_counter
from typing import Any

import _own_process
import numpy as np
from training_speed import as_float, keras_model, ours, torch_module

SEEDS = range(3)
EPOCHS = 2
RECIPES = ["cnn-fast", "cnn-quick", "cnn-brisk"]
PROTOCOL = __doc__.partition("\n\n    python")[0]


def fit_recipe(name: str, seed: int) -> dict[str, float]:
    """Fit one recipe with one seed."""
    start = perf_counter()
    from skmnist import fetch_mnist, recipe
    from skmnist._utils.backend import load_keras

    load_keras()
    (X, y), (X_test, y_test) = fetch_mnist()
    classifier = recipe(name).set_params(random_state=seed)
    loaded = perf_counter()
    classifier.fit(X, y)
    fitted = perf_counter()
    return {
        "accuracy": round(100 * classifier.score(X_test, y_test), 2),
        "fit_seconds": round(fitted - loaded, 2),
        "seconds_with_imports": round(fitted - start, 2),
        "n_parameters": classifier.n_parameters_,
    }


class Clock:
    """Records seconds and test accuracy after each epoch, without the time of testing."""

    def __init__(self, X_test: Any, y_test: Any) -> None:
        self.points: list[dict[str, float]] = []
        self._test = X_test, y_test
        self._start = perf_counter()

    def note(self, classes_of: Any) -> None:
        """Record the accuracy of a function from images to class numbers."""
        paused = perf_counter()
        X, y = self._test
        accuracy = 100 * float((classes_of(X) == y).mean())
        point = {"seconds": round(paused - self._start, 2), "accuracy": round(accuracy, 2)}
        self.points.append(point)
        self._start += perf_counter() - paused


def _keras_callback(clock: Clock) -> Any:
    import keras

    class Note(keras.callbacks.Callback):
        def __deepcopy__(self, memo: Any) -> Any:
            return self  # estimators copy their callbacks; the clock is one

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            clock.note(
                lambda X: self.model.predict(as_float(X), batch_size=512, verbose=0).argmax(1)
            )

    return Note()


def curve_of_skmnist(X: Any, y: Any, clock: Clock) -> None:
    """Train the example network with this package."""
    classifier = ours("keras-cnn", "auto").set_params(epochs=EPOCHS)
    classifier.set_params(callbacks=[_keras_callback(clock)]).fit(X, y)


def curve_of_keras(X: Any, y: Any, clock: Clock) -> None:
    """Train it with ``keras.Model.fit``."""
    keras_model("keras-cnn").fit(
        as_float(X), y, batch_size=128, epochs=EPOCHS, verbose=0, callbacks=[_keras_callback(clock)]
    )


def curve_of_scikeras(X: Any, y: Any, clock: Clock) -> None:
    """Train it with SciKeras."""
    from scikeras.wrappers import KerasClassifier

    KerasClassifier(
        keras_model,
        model__network="keras-cnn",
        batch_size=128,
        epochs=EPOCHS,
        verbose=0,
        callbacks=[_keras_callback(clock)],
    ).fit(as_float(X), y)


def curve_of_skorch(X: Any, y: Any, clock: Clock) -> None:
    """Train it with skorch."""
    import torch
    from skorch import NeuralNetClassifier
    from skorch.callbacks import Callback

    def channels_first(images: Any) -> Any:
        return np.ascontiguousarray(as_float(images).transpose(0, 3, 1, 2))

    class Note(Callback):
        def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
            clock.note(lambda X: net.predict(channels_first(X)))

    torch.manual_seed(0)
    NeuralNetClassifier(
        torch_module(),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        batch_size=128,
        max_epochs=EPOCHS,
        train_split=None,
        verbose=0,
        callbacks=[Note()],
    ).fit(channels_first(X), y)


CURVES = {
    "skmnist": curve_of_skmnist,
    "keras": curve_of_keras,
    "scikeras": curve_of_scikeras,
    "skorch": curve_of_skorch,
}


def fit_peer(name: str) -> dict[str, Any]:
    """Train the example network once; test it after each epoch."""
    from skmnist import fetch_mnist
    from skmnist._utils.backend import load_keras

    if name == "skmnist":
        load_keras()
    elif name != "skorch":
        import keras  # noqa: F401 - as the peers' users do, without our settings of TensorFlow
    (X, y), (X_test, y_test) = fetch_mnist()
    clock = Clock(X_test, y_test)
    CURVES[name](X, y.astype("int64"), clock)
    return {"curve": clock.points}


def summary_of(name: str) -> dict[str, Any]:
    """Measure a recipe over all seeds, or a peer once."""
    if name in CURVES:
        return _own_process.measure(__file__, name, "--seed", 0)
    runs = [_own_process.measure(__file__, name, "--seed", seed) for seed in SEEDS]
    accuracies = [run["accuracy"] for run in runs]
    return {
        "accuracy_mean": round(fmean(accuracies), 3),
        "accuracy_sd": round(stdev(accuracies), 3),
        "fit_seconds": round(median(run["fit_seconds"] for run in runs), 2),
        "seconds_with_imports": round(median(run["seconds_with_imports"] for run in runs), 2),
        "runs": runs,
    }


def draw(measurements: dict[str, Any]) -> None:
    """Draw error against seconds, both on logarithmic axes."""
    from skmnist.display._drawing import figure_of, hide_spines

    figure = figure_of(7, 4.3)
    axes = figure.subplots()
    _draw_recipes(axes, {name: measurements[name] for name in RECIPES if name in measurements})
    _draw_curves(axes, {name: measurements[name] for name in CURVES if name in measurements})
    axes.set(xscale="log", yscale="log", xlabel="fit, seconds", ylabel="test error, %")
    for axis, ticks in (axes.xaxis, [5, 10, 20, 50, 100]), (axes.yaxis, [0.3, 0.5, 0.7, 1, 1.5, 2]):
        axis.set_ticks(ticks, minor=False)
        axis.set_major_formatter("{x:g}")
        axis.set_ticks([], minor=True)
    axes.set_title("Full MNIST on two CPU cores: test error against the time of the fit", size=11)
    *handles, recipes = axes.get_legend_handles_labels()[0]
    axes.legend(handles=[recipes, *handles], frameon=False, loc="upper left", fontsize=9)
    hide_spines(axes, "top", "right")
    figure.savefig(_own_process.RESULTS / "time_to_accuracy.png", dpi=130)


def _draw_recipes(axes: Any, recipes: dict[str, Any]) -> None:
    from skmnist.display._drawing import BLUE

    seconds = [found["fit_seconds"] for found in recipes.values()]
    errors = [100 - found["accuracy_mean"] for found in recipes.values()]
    spread = [found["accuracy_sd"] for found in recipes.values()]
    axes.errorbar(
        seconds, errors, spread, color=BLUE, marker="o", capsize=3, lw=2, label="skmnist's recipes"
    )
    for name, x, y in zip(recipes, seconds, errors, strict=True):
        text = f"{name}, {x:.0f} s"
        axes.annotate(text, (x, y), xytext=(6, 6), textcoords="offset points", color=BLUE)


def _draw_curves(axes: Any, curves: dict[str, Any]) -> None:
    from skmnist.display._drawing import BLUE, GREY, ORANGE

    style_of = {
        "skmnist": (BLUE, "--", "Keras's example network, skmnist"),
        "keras": (ORANGE, "-", "the same network, Keras's fit"),
        "scikeras": (GREY, "-", "the same network, SciKeras"),
        "skorch": (GREY, ":", "the same network, skorch"),
    }
    for name, found in curves.items():
        color, line, label = style_of[name]
        seconds = [point["seconds"] for point in found["curve"]]
        errors = [100 - point["accuracy"] for point in found["curve"]]
        axes.plot(seconds, errors, line, color=color, marker=".", label=label)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=[*CURVES, *RECIPES])
    parser.add_argument("--seed", type=int)
    parser.add_argument("--draw", action="store_true")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        (name,) = arguments.names
        found = fit_peer(name) if name in CURVES else fit_recipe(name, arguments.seed)
        print(json.dumps(found))
        return
    if arguments.draw:
        committed = (_own_process.RESULTS / "time_to_accuracy.json").read_text()
        draw(json.loads(committed)["measurements"])
        return
    for name in arguments.names:
        found = summary_of(name)
        print(name, {key: value for key, value in found.items() if key != "runs"}, flush=True)
        draw(_own_process.update("time_to_accuracy", PROTOCOL, {name: found}))


if __name__ == "__main__":
    main()
