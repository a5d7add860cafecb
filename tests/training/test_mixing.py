"""Mixup, against NumPy: what is drawn, and what a network is trained on."""

import importlib.util
import json
import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from skmnist import Augmentation, DNNClassifier, DNNRegressor, KerasClassifier
from skmnist._utils.backend import load_keras
from skmnist._utils.random import seed_of
from skmnist.training import Constant
from skmnist.training._contract import epoch_generator
from skmnist.training._mixing import draw_mixing

ALPHA, BATCH, N = 0.7, 32, 75  # the last batch isn't full
MIXUP = Augmentation(mixup=ALPHA)


# -- what is drawn ---------------------------------------------------------------------


@pytest.mark.parametrize(("n", "batch_size"), [(100, 32), (96, 32), (20, 32), (33, 32), (5, 1)])
def test_each_sample_is_the_partner_of_one_in_its_batch(n, batch_size):
    partners = draw_mixing(np.random.default_rng(0), n, batch_size, 1.0)[:, 0]
    for start in range(0, n, batch_size):
        batch = partners[start : start + batch_size]
        assert np.array_equal(np.sort(batch), np.arange(len(batch)))


def test_partners_are_any_of_the_batch():
    partners = draw_mixing(np.random.default_rng(0), 40_000, 4, 1.0)[:, 0].reshape(-1, 4)
    for column in partners.T:
        np.testing.assert_allclose(np.bincount(column.astype(int)) / 10_000, 0.25, atol=0.02)


@pytest.mark.parametrize("alpha", [0.1, 1.0, 8.0])
def test_shares_are_the_larger_part_of_a_beta_distribution(alpha):
    shares = draw_mixing(np.random.default_rng(0), 5000, 32, alpha)[:, 1]
    beta = stats.beta(alpha, alpha)
    # Not up to 1, to which many shares are rounded if alpha is small.
    places = np.linspace(0.5, 0.99, 50)
    expected = beta.cdf(places) - beta.cdf(1 - places)
    found = (shares[:, None] <= places).mean(axis=0)
    np.testing.assert_allclose(found, expected, atol=0.023)  # Kolmogorov and Smirnov's, at 1 %


def test_mixing_leaves_a_seeds_other_changes_as_they_are():
    plain = Augmentation(shift=0.1, noise=0.1, erasing=0.2, cutout=0.2)
    draws = [
        each.draw(np.random.default_rng(0), 50, (28, 28), BATCH)
        for each in (plain, plain.set_params(mixup=0.2))
    ]
    assert np.array_equal(draws[0], draws[1][:, :-2])


# -- what is trained on ----------------------------------------------------------------


def pixels_and_digits():
    X, y = load_digits(return_X_y=True)
    return X[:N], y[:N]


WEIGHTS = np.random.default_rng(1).uniform(0.2, 3.0, N)
WEIGHTS /= WEIGHTS.mean()


def mixed(X, estimator):
    """Batch by batch, in NumPy: mixed pixels, the rows, those mixed with, the rows' shares."""
    rng = epoch_generator(seed_of(estimator.random_state), 0)
    order = rng.permutation(np.arange(N, dtype=np.int32))
    draws = MIXUP.draw(rng, N, (8, 8), BATCH)
    for start in range(0, N, BATCH):
        rows, drawn = order[start : start + BATCH], draws[start : start + BATCH].astype(float)
        others, share = rows[drawn[:, -2].astype(int)], drawn[:, -1]
        images = share[:, None] * X[rows] + (1 - share[:, None]) * X[others]
        yield images / 16, rows, others, share


def losses_of_numpy(name, targets, outputs):
    close = np.clip(outputs, 1e-7, 1 - 1e-7)
    if name == "cross_entropy":
        return -(targets * np.log(close)).sum(axis=1)
    if name == "binary_crossentropy":
        return -(targets * np.log(close) + (1 - targets) * np.log(1 - close)).mean(axis=1)
    if name == "hinge":
        return np.maximum(1 - (2 * targets - 1) * outputs, 0).mean(axis=1)
    return ((targets - outputs) ** 2).mean(axis=1)


def first_loss(estimator, X, y, targets, name):
    """The loss of an epoch of steps too small to change anything, by the fit and by NumPy.

    Labels are mixed after their losses, numbers before: the definition for each.
    """
    fitted = estimator.set_params(
        hidden_units=(8,),
        dropout=0.0,
        optimizer="sgd",
        learning_rate=1e-9,
        schedule=Constant(),
        loss=name,
        epochs=1,
        batch_size=BATCH,
        augmentation=MIXUP,
        image_shape=(8, 8),
        random_state=3,
    ).fit(X, y, sample_weight=WEIGHTS)
    total, hits = 0.0, 0
    for images, rows, others, share in mixed(X, fitted):
        network = fitted.network_
        outputs = load_keras().ops.convert_to_numpy(network(images.reshape(-1, 8, 8, 1)))
        outputs = outputs.astype(float)
        if name == "mean_squared_error":
            target = share[:, None] * targets[rows] + (1 - share[:, None]) * targets[others]
            weight = share * WEIGHTS[rows] + (1 - share) * WEIGHTS[others]
            total += (weight * losses_of_numpy(name, target, outputs)).sum()
        else:
            own, other = (losses_of_numpy(name, targets[of], outputs) for of in (rows, others))
            own, other = share * WEIGHTS[rows] * own, (1 - share) * WEIGHTS[others] * other
            total += (own + other).sum()
            if targets.shape[1] == 10:
                hits += (outputs.argmax(axis=1) == targets[rows].argmax(axis=1)).sum()
    return {
        "loss": [fitted.history_["loss"][0], total / N],
        "accuracy": [fitted.history_.get("accuracy", [0])[0] * N, float(hits)],
    }


def all_first_losses():
    """Each task by a loss that fits it."""
    X, y = pixels_and_digits()
    one_hot = np.eye(10)[y]
    several = np.stack([y > 4, y % 2 == 0, y % 3 == 0], axis=1).astype(int)
    # Regressors standardise their targets.
    numbers = stats.zscore(np.stack([y, X.mean(axis=1)], axis=1))
    classifier, regressor = DNNClassifier(), DNNRegressor()
    found = {
        "one class": first_loss(classifier, X, y, one_hot, "cross_entropy"),
        "hinge": first_loss(classifier, X, y, one_hot, "hinge"),
        "numbers": first_loss(regressor, X, numbers, numbers, "mean_squared_error"),
    }
    labels = first_loss(classifier, X, several, several, "binary_crossentropy")
    return {**found, "several labels": {"loss": labels["loss"]}}


def step_of_softmax_regression():
    """The kernel after one step of SGD on all rows, with logits, and that of NumPy."""
    X, y = pixels_and_digits()
    keras = load_keras()

    def linear():
        layers = [keras.Input((8, 8)), keras.layers.Flatten()]
        return keras.Sequential([*layers, keras.layers.Dense(10, kernel_initializer="zeros")])

    fitted = KerasClassifier(
        linear,
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        optimizer=keras.optimizers.SGD(1.0),
        metrics=["mae"],
        epochs=1,
        batch_size=N,
        augmentation=MIXUP,
        pixel_scaling=None,
        random_state=3,
    ).fit(X.reshape(-1, 8, 8) / 16, y)
    rng = epoch_generator(seed_of(3), 0)
    order = rng.permutation(np.arange(N, dtype=np.int32))
    drawn = MIXUP.draw(rng, N, (8, 8), N).astype(float)
    share, partners = drawn[:, -1:], drawn[:, -2].astype(int)
    images, one_hot = X[order] / 16, np.eye(10)[y[order]]
    images, targets = (
        share * values + (1 - share) * values[partners] for values in (images, one_hot)
    )
    kernel = images.T @ (targets - 0.1) / N
    weights = [keras.ops.convert_to_numpy(v) for v in fitted.network_.trainable_variables]
    return float(np.abs(weights[0] - kernel).max()), float(np.abs(kernel).max())


def test_rows_that_are_no_images_are_mixed_and_not_moved():
    X, y = pixels_and_digits()
    rows = X[:, :63]
    plain, moved, mixed_up = (
        DNNRegressor(hidden_units=(8,), epochs=3, augmentation=augmentation, random_state=0)
        .fit(rows, y)
        .predict(rows)
        for augmentation in (None, Augmentation(shift=0.2), Augmentation(shift=0.2, mixup=0.4))
    )
    assert np.array_equal(plain, moved)
    assert not np.allclose(plain, mixed_up)


def everything():
    # Networks of such small steps are no better than guessing.
    warnings.simplefilter("ignore", ConvergenceWarning)
    return {"losses": all_first_losses(), "step": step_of_softmax_regression()}


QUIET = ("-W", "error", "-W", "ignore:__array__ implementation:DeprecationWarning")
BACKENDS = [
    pytest.param(
        name,
        marks=pytest.mark.beside(*QUIET, __file__, KERAS_BACKEND=name, OMP_NUM_THREADS="1")
        if importlib.util.find_spec(name)
        else pytest.mark.skip(reason=f"{name} is not installed"),
    )
    for name in ("tensorflow", "jax", "torch")
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_network_is_trained_on_numpys_mixtures(backend, beside):
    done = beside(*QUIET, __file__, KERAS_BACKEND=backend, OMP_NUM_THREADS="1")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    for task, curves in found["losses"].items():
        for name, (ours, numpys) in curves.items():
            assert ours == pytest.approx(numpys, rel=1e-4), (task, name)
    difference, largest = found["step"]
    assert difference < 1e-5 < 0.01 < largest


if __name__ == "__main__":
    print(json.dumps(everything()))
