"""The compiled loop against Keras's own ``fit``, and each part of training against a reference."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from sklearn.linear_model import SGDRegressor

from skmnist import CNNClassifier, DNNClassifier
from skmnist._inputs.images import as_images
from skmnist._inputs.targets import n_epochs
from skmnist._utils.backend import load_keras
from skmnist.networks import Architecture, ConvBlock, convolutional_network, dense_network, lenet5
from skmnist.training import Augmentation, Constant, Cosine, InverseScaling, OneCycle, Plateau
from skmnist.training import _loop as loop
from skmnist.training._augmentation import AUGMENTATIONS, find_augmentation
from skmnist.training._contract import Data, Plan, TrainingSpec, epoch_generator
from skmnist.training._loop import train
from skmnist.training._losses import LOSSES, find_loss
from skmnist.training._optimizers import Optimizer, find_optimizer, optimizers_by_name
from skmnist.training._parts import epoch_order
from skmnist.training._schedules import Schedule, find_schedule

SEED = 5
BATCH = 32

DENSE = Architecture.of(
    dense_network, input_shape=(8, 8, 1), n_outputs=10, hidden_units=(24,), dtype="float32"
)
CONVOLUTIONAL = Architecture.of(
    convolutional_network,
    input_shape=(8, 8, 1),
    n_outputs=10,
    conv_blocks=[
        ConvBlock(4, padding="same", pool="max", batch_norm=True, l2=0.01),
        ConvBlock(6, batch_norm=True),
    ],
    dtype="float32",
)

LENET = Architecture.of(lenet5, input_shape=(8, 8, 1), n_outputs=10, dtype="float32")


@pytest.fixture(scope="module")
def data(digits):
    """200 images, so that the last batch of 32 is of 8, and uneven weights of mean 1."""
    X, _, y, _ = digits
    weights = np.random.default_rng(0).uniform(0.2, 3.0, 200)
    return Data(
        images=as_images(X[:200], (8, 8, 1)),
        labels=y[:200].astype(np.int32),
        weights=weights / weights.mean(),
        train_rows=np.arange(200, dtype=np.int32),
        validation_rows=np.zeros(0, np.int32),
        pixel_scale=16.0,
    )


# -- the same numbers as Keras ---------------------------------------------------------


def keras_fit(architecture, optimizer, data, plan, rates=None):
    """Train as a Keras user would, on the same batches; give the losses and all variables."""
    keras = load_keras()
    network = architecture.build(SEED)
    # Built in its first step, on TensorFlow, a schedule-free optimizer begins at zeros instead of
    # at the weights (Keras 3.15.1); on JAX it doesn't.
    optimizer.build(network.trainable_variables)
    network.compile(optimizer=optimizer, loss="categorical_crossentropy", jit_compile=False)
    pixels = data.images.astype(np.float32) / np.float32(data.pixel_scale)
    one_hot = np.eye(10, dtype=np.float32)[data.labels]

    class Batches(keras.utils.PyDataset):
        def __init__(self, order):
            super().__init__()
            self.order = order

        def __len__(self):
            return math.ceil(len(self.order) / plan.batch_size)

        def __getitem__(self, i):
            rows = self.order[i * plan.batch_size : (i + 1) * plan.batch_size]
            return pixels[rows], one_hot[rows], data.weights[rows].astype(np.float32)

    class Rates(keras.callbacks.Callback):
        def __init__(self, rates):
            super().__init__()
            self.rates = rates

        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer.learning_rate = self.rates[batch]

    losses = []
    for epoch in range(plan.epochs):
        order = epoch_order(plan, data, epoch_generator(plan.seed, epoch))
        callbacks = [] if rates is None else [Rates(rates[epoch])]
        history = network.fit(Batches(order), shuffle=False, verbose=0, callbacks=callbacks)
        losses += history.history["loss"]
    # Moving averages differ by design: tests/test_few_steps.py has their values.
    return losses, [None if "moving_" in v.path else np.asarray(v) for v in network.variables]


@pytest.mark.parametrize(
    "architecture", [DENSE, CONVOLUTIONAL, LENET], ids=["dense", "convolutional", "lenet"]
)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_loop_gives_the_numbers_of_keras_own_fit(architecture, optimizer, data):
    keras = load_keras()
    theirs, ours = {
        "sgd": (
            keras.optimizers.SGD(0.02, momentum=0.9),
            find_optimizer(Optimizer("sgd", momentum=0.9), 0.02),
        ),
        "adam": (keras.optimizers.Adam(0.003), find_optimizer("adam", 0.003)),
    }[optimizer]
    task = TrainingSpec(architecture, ours, find_loss("cross_entropy"), None)
    plan = Plan(2, BATCH, ours.learning_rate, Constant(), SEED)

    outcome = train(task, plan, data)
    losses, variables = keras_fit(architecture, theirs, data, plan)

    np.testing.assert_allclose(outcome.history["loss"], losses, rtol=1e-4)
    assert losses[1] < losses[0]
    assert len(outcome.state.network) == len(variables)
    for mine, other in zip(outcome.state.network, variables, strict=True):
        if other is not None:
            np.testing.assert_allclose(mine, other, atol=2e-4)


@pytest.mark.parametrize("name", ["Lamb", "Muon", "ScheduleFreeAdamW"])
def test_an_optimizer_with_a_way_of_its_own_gives_the_numbers_of_keras_own_fit(name, data):
    theirs = getattr(load_keras().optimizers, name)(0.01)
    task = TrainingSpec(DENSE, find_optimizer(name, 0.01), find_loss("cross_entropy"), None)
    plan = Plan(2, BATCH, 0.01, Constant(), SEED)
    train(task, replace(plan, seed=SEED + 1), data)  # so that the compiled loop is used again

    outcome = train(task, plan, data)
    losses, variables = keras_fit(DENSE, theirs, data, plan)

    np.testing.assert_allclose(outcome.history["loss"], losses, rtol=1e-4)
    assert losses[1] < losses[0]
    for mine, other in zip(outcome.state.network, variables, strict=True):
        np.testing.assert_allclose(mine, other, atol=2e-4)


def test_a_new_schedule_free_optimizer_begins_at_the_weights_that_it_goes_on_from(data):
    optimizer = find_optimizer("schedule_free_adamw", 0.01)
    task = TrainingSpec(DENSE, optimizer, find_loss("cross_entropy"), None)
    plan = Plan(1, BATCH, 0.01, Constant(), SEED)
    first = train(task, plan, data).state
    hardly_moved = replace(plan, learning_rate=1e-9)
    second = train(task, hardly_moved, data, replace(first, optimizer=None)).state
    for before, after in zip(first.network, second.network, strict=True):
        np.testing.assert_allclose(before, after, atol=1e-6)


def test_a_schedule_gives_the_numbers_of_keras_with_its_rate_set_before_each_step(data):
    keras = load_keras()
    task = TrainingSpec(DENSE, find_optimizer("adam", 0.01), find_loss("cross_entropy"), None)
    plan = Plan(2, BATCH, 0.01, OneCycle(), SEED)
    steps = math.ceil(200 / BATCH)
    rates = [OneCycle().rates(0.01, epoch, 2, steps, {}) for epoch in range(2)]

    outcome = train(task, plan, data)
    losses, variables = keras_fit(DENSE, keras.optimizers.Adam(0.01), data, plan, rates)

    np.testing.assert_allclose(outcome.history["loss"], losses, rtol=1e-4)
    np.testing.assert_allclose(outcome.history["learning_rate"], [r[-1] for r in rates])
    for mine, other in zip(outcome.state.network, variables, strict=True):
        np.testing.assert_allclose(mine, other, atol=2e-4)


def test_the_loss_on_rows_held_out_is_the_weighted_mean_that_keras_evaluates(data):
    keras = load_keras()
    held_out = Data(
        images=data.images,
        labels=data.labels,
        weights=data.weights,
        train_rows=data.train_rows[:150],
        validation_rows=data.train_rows[150:],
        pixel_scale=16.0,
    )
    task = TrainingSpec(DENSE, find_optimizer("adam", 0.003), find_loss("cross_entropy"), None)
    outcome = train(task, Plan(1, BATCH, 0.003, Constant(), SEED), held_out)

    network = DENSE.build(SEED)
    for variable, value in zip(network.variables, outcome.state.network, strict=True):
        variable.assign(value)
    outputs = np.asarray(network(data.images[150:].astype(np.float32) / 16))
    losses = np.asarray(
        keras.losses.categorical_crossentropy(np.eye(10)[data.labels[150:]], outputs)
    )
    expected = np.average(losses, weights=data.weights[150:])
    assert outcome.history["val_loss"] == pytest.approx([expected], rel=1e-5)
    hits = outputs.argmax(axis=1) == data.labels[150:]
    assert outcome.history["val_accuracy"] == pytest.approx([hits.mean()])


def test_the_loss_on_rows_held_out_has_the_penalties_that_keras_adds(data):
    blocks = [ConvBlock(4, l2=0.1)]
    architecture = Architecture.of(
        convolutional_network, input_shape=(8, 8, 1), n_outputs=10, conv_blocks=blocks
    )
    task = TrainingSpec(
        architecture, find_optimizer("adam", 0.003), find_loss("cross_entropy"), None
    )
    held_out = replace(
        data,
        weights=np.ones_like(data.weights),
        train_rows=data.train_rows[:150],
        validation_rows=data.train_rows[150:],
    )
    outcome = train(task, Plan(1, BATCH, 0.003, Constant(), SEED), held_out)

    network = architecture.build(SEED)
    for variable, value in zip(network.variables, outcome.state.network, strict=True):
        variable.assign(value)
    network.compile(loss="sparse_categorical_crossentropy", jit_compile=False)
    pixels = data.images[150:].astype(np.float32) / 16
    expected = network.evaluate(pixels, data.labels[150:], verbose=0)
    assert float(network.losses[0]) > 0.1
    assert outcome.history["val_loss"] == pytest.approx([expected], rel=1e-5)


def test_equal_fits_share_one_compiled_loop_whatever_the_rate_the_seed_and_the_rows(data):
    loop._pool.clear()
    made = []
    for rate, rows, batch, epochs in [(0.01, 200, 32, 1), (0.02, 150, 20, 2), (0.03, 77, 50, 1)]:
        task = TrainingSpec(DENSE, find_optimizer("nadam", rate), find_loss("cross_entropy"), None)
        plan = Plan(epochs, batch, rate, Cosine(), seed=rows)
        train(task, plan, replace(data, train_rows=data.train_rows[:rows]))
        ((_, trainer),) = loop._pool._entries.values()
        made.append(trainer)
    assert made[0] is made[1] is made[2]
    assert len(trainer._traced) == 1


def test_the_data_is_not_changed_by_training(data):
    before = data.images.copy(), data.labels.copy(), data.weights.copy()
    task = TrainingSpec(DENSE, find_optimizer("adam", 0.003), find_loss("cross_entropy"), None)
    train(task, Plan(1, BATCH, 0.003, Constant(), SEED), data)
    for was, now in zip(before, (data.images, data.labels, data.weights), strict=True):
        assert np.array_equal(was, now)


OPTIMIZERS = (
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "ftrl",
    "lamb",
    "lion",
    "muon",
    "nadam",
    "rmsprop",
    "schedule_free_adamw",
    "sgd",
)


def test_the_optimizers_by_name_are_all_that_keras_has():
    assert sorted(optimizers_by_name()) == sorted(OPTIMIZERS)
    described = CNNClassifier.__doc__
    for name in OPTIMIZERS:
        assert f'"{name}"' in described


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_by_name_makes_the_loss_fall(name, data):
    rate = {"adadelta": 1.0, "ftrl": 0.1, "adagrad": 0.03, "sgd": 0.1, "adafactor": 0.03}
    optimizer = find_optimizer(name, rate.get(name, 0.003))
    logistic = Architecture.of(
        dense_network, input_shape=(8, 8, 1), n_outputs=10, hidden_units=(), dtype="float32"
    )
    task = TrainingSpec(logistic, optimizer, find_loss("cross_entropy"), None)
    losses = train(task, Plan(3, BATCH, optimizer.learning_rate, Constant(), SEED), data).history[
        "loss"
    ]
    assert losses[2] < losses[1] < losses[0]


# -- optimizers ------------------------------------------------------------------------


def test_an_optimizers_settings_reach_the_one_that_is_made():
    assert find_optimizer(Optimizer("sgd", momentum=0.8), 0.1).make().momentum == 0.8
    assert find_optimizer(Optimizer("rmsprop", momentum=0.7), 0.1).make().momentum == 0.7
    adamw = find_optimizer(Optimizer("adamw", beta_1=0.6, weight_decay=0.02), 0.1).make()
    assert (adamw.beta_1, adamw.weight_decay) == (0.6, 0.02)
    assert float(adamw.learning_rate) == pytest.approx(0.1)


def test_an_optimizer_objects_settings_are_copied_and_it_is_never_handed_out():
    keras = load_keras()
    mine = keras.optimizers.Adam(0.02, beta_2=0.9, clipnorm=1.0)
    made = find_optimizer(mine, None).make()
    assert made is not mine
    assert (type(made), made.beta_2, made.clipnorm) == (type(mine), 0.9, 1.0)
    assert float(made.learning_rate) == pytest.approx(0.02)


def test_an_optimizer_object_keeps_its_keras_schedule():
    keras = load_keras()
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    spec = find_optimizer(keras.optimizers.SGD(schedule), None)
    assert spec.learning_rate is None
    assert float(spec.make().learning_rate) == pytest.approx(0.1)


def test_optimizers_that_differ_in_the_rate_only_share_a_compiled_loop():
    assert find_optimizer("adam", 0.1) == find_optimizer("adam", 0.2)
    assert hash(find_optimizer("adam", 0.1)) == hash(find_optimizer("adam", 0.2))
    assert find_optimizer("adam", 0.1) != find_optimizer(Optimizer("adam", beta_1=0.5), 0.1)
    assert find_optimizer("adam", 0.1) != find_optimizer("nadam", 0.1)


# -- losses ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def targets_and_outputs():
    rng = np.random.default_rng(1)
    outputs = rng.dirichlet(np.ones(4), 6).astype(np.float32)
    return np.eye(4, dtype=np.float32)[rng.integers(4, size=6)], outputs


@pytest.mark.parametrize("name", sorted(set(LOSSES) - {"margin"}))
def test_every_loss_by_name_is_keras_own_one_number_a_sample(name, targets_and_outputs):
    keras = load_keras()
    one_hot, outputs = targets_and_outputs
    keras_name = {
        "cross_entropy": "categorical_crossentropy",
        # The labels come one-hot here, so this is the same loss.
        "sparse_categorical_crossentropy": "categorical_crossentropy",
    }.get(name, name)
    ours = np.asarray(find_loss(name)(one_hot, outputs))
    theirs = np.asarray(getattr(keras.losses, keras_name)(one_hot, outputs))
    assert ours.shape == (6,)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_the_margin_loss_of_smoothed_labels_mixes_the_losses_of_all_labels(targets_and_outputs):
    one_hot, outputs = targets_and_outputs

    def margin(labels, smoothing=0.0):
        return np.asarray(find_loss("margin", smoothing)(labels, outputs))

    of_each_class = [margin(np.tile(row, (6, 1))) for row in np.eye(4, dtype=np.float32)]
    expected = 0.8 * margin(one_hot) + 0.2 * np.mean(of_each_class, axis=0)
    np.testing.assert_allclose(margin(one_hot, 0.2), expected, rtol=1e-5)


def test_label_smoothing_is_keras_own(targets_and_outputs):
    keras = load_keras()
    one_hot, outputs = targets_and_outputs
    theirs = keras.losses.categorical_crossentropy(one_hot, outputs, label_smoothing=0.2)
    ours = find_loss("cross_entropy", 0.2)(one_hot, outputs)
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-5)


def test_label_smoothing_of_a_single_output_is_keras_binary_one():
    keras = load_keras()
    truth = np.array([[0.0], [1.0], [1.0]], np.float32)
    outputs = np.array([[0.2], [0.7], [0.4]], np.float32)
    theirs = keras.losses.binary_crossentropy(truth, outputs, label_smoothing=0.2)
    ours = find_loss("cross_entropy", 0.2)(truth, outputs)
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-5)


def test_a_keras_loss_object_gives_one_number_a_sample(targets_and_outputs):
    keras = load_keras()
    one_hot, outputs = targets_and_outputs
    ours = find_loss(keras.losses.CategoricalCrossentropy(label_smoothing=0.1))(one_hot, outputs)
    theirs = keras.losses.categorical_crossentropy(one_hot, outputs, label_smoothing=0.1)
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-6)


def test_a_function_of_the_users_is_a_loss(targets_and_outputs):
    one_hot, outputs = targets_and_outputs
    ours = find_loss(lambda truth, guess: ((truth - guess) ** 2).sum(axis=1))(one_hot, outputs)
    np.testing.assert_allclose(ours, ((one_hot - outputs) ** 2).sum(axis=1))


# -- schedules -------------------------------------------------------------------------


def all_rates(schedule, base, epochs, steps):
    return np.concatenate([schedule.rates(base, e, epochs, steps, {}) for e in range(epochs)])


@pytest.mark.parametrize("peak", [0.25, 0.5])
def test_one_cycle_is_a_triangle_over_all_steps(peak):
    rates = all_rates(OneCycle(peak), 0.1, 4, 25)
    middle = (np.arange(100) + 0.5) / 100
    expected = np.interp(middle, [0, peak, 1], [0, 0.1, 0])
    np.testing.assert_allclose(rates, expected)
    assert rates.max() <= 0.1


def test_cosine_falls_from_the_rate_to_zero_in_half_a_wave():
    rates = all_rates(Cosine(), 0.1, 4, 25)
    middle = (np.arange(100) + 0.5) / 100
    np.testing.assert_allclose(rates, 0.05 + 0.05 * np.cos(np.pi * middle))
    assert (np.diff(rates) < 0).all()


@pytest.mark.parametrize("power_t", [0.5, 0.3, 0])
def test_inverse_scaling_is_scikit_learns_invscaling(power_t):
    # SGDRegressor's first steps on X = 0 and y = 1 move the intercept by the rate times the error.
    sgd = SGDRegressor(learning_rate="invscaling", eta0=0.1, power_t=power_t, penalty=None)
    errors = [1.0]
    for _ in range(7):
        sgd.partial_fit([[0.0]], [1.0])
        errors.append(1 - sgd.intercept_[0])
    theirs = 1 - np.array(errors[1:]) / errors[:-1]
    np.testing.assert_allclose(all_rates(InverseScaling(power_t), 0.1, 1, 7), theirs)


def test_after_its_warm_up_the_rate_falls_as_in_attention_is_all_you_need():
    ours = all_rates(InverseScaling(warmup_steps=40), 0.1, 4, 25)
    step, width, warmup = np.arange(1, 101), 512, 40
    theirs = width**-0.5 * np.minimum(step**-0.5, step * warmup**-1.5)
    np.testing.assert_allclose(ours / ours[39], theirs / theirs[39])
    assert ours[39] == 0.1
    later = InverseScaling(warmup_steps=40).rates(0.1, 0, 1, 9, {}, n_steps=91)
    np.testing.assert_array_equal(later, ours[91:])


def test_constant_leaves_the_rate_to_the_optimizer():
    assert Constant().rates(0.1, 0, 4, 25, {}) is None


# Keras 3.15's variables don't know NumPy's newest way to ask for an array.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_plateau_cuts_the_rate_as_keras_reduce_lr_on_plateau():
    keras = load_keras()
    losses = [1.0, 0.9, 0.95, 0.90001, 0.89999, 0.9, 0.5, 0.6, 0.7, 0.8, 0.9, 0.9, 0.9, 0.9, 0.2]
    plateau = Plateau(factor=0.3, patience=2, min_lr=0.002)
    ours = [plateau.rates(0.1, i, 99, 3, {"loss": losses[:i]})[0] for i in range(len(losses) + 1)]

    network = DENSE.build(SEED)
    network.compile(optimizer=keras.optimizers.SGD(0.1))
    callback = keras.callbacks.ReduceLROnPlateau(
        monitor="loss", factor=0.3, patience=2, min_lr=0.002
    )
    callback.set_model(network)
    callback.on_train_begin()
    theirs = [0.1]
    for i, loss in enumerate(losses):
        callback.on_epoch_end(i, {"loss": loss})
        theirs.append(float(network.optimizer.learning_rate))

    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert len(set(ours)) > 3  # the losses earn several cuts, the last down to the least rate
    assert ours[-1] == 0.002


def test_the_plateau_schedule_judges_the_loss_of_the_run_itself(data):
    # A fall of 9 is never seen, so each epoch after the first earns a cut.
    task = TrainingSpec(DENSE, find_optimizer("sgd", 0.01), find_loss("cross_entropy"), None)
    plan = Plan(4, BATCH, 0.01, Plateau(patience=1, min_delta=9.0), SEED)
    rates = train(task, plan, data).history["learning_rate"]
    np.testing.assert_allclose(rates, [0.01, 0.01, 0.005, 0.0025])


@pytest.mark.parametrize("name", ["constant", "cosine", "invscaling", "one_cycle", "plateau"])
def test_every_schedule_is_found_by_its_name_and_taken_as_it_is(name):
    schedule = find_schedule(name)
    assert isinstance(schedule, Schedule)
    assert find_schedule(schedule) is schedule


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: OneCycle(peak=0.0), "peak=0.0"),
        (lambda: OneCycle(peak=1.0), "peak=1.0"),
        (lambda: Plateau(factor=1.0), "factor=1.0"),
        (lambda: Plateau(patience=0), "patience=0"),
        (lambda: InverseScaling(power_t=-0.5), "power_t=-0.5"),
        (lambda: InverseScaling(power_t="half"), "power_t='half'"),
        (lambda: InverseScaling(warmup_steps=-1), "warmup_steps=-1"),
        (lambda: InverseScaling(warmup_steps=1.5), "warmup_steps=1.5"),
    ],
)
def test_a_schedules_nonsense_is_refused_by_name(make, named):
    with pytest.raises(ValueError, match=named):
        make()


# -- augmentation ----------------------------------------------------------------------


def resample(augmentation, images, transforms):
    return np.asarray(augmentation(images.astype(np.float32), transforms))


@pytest.fixture(scope="module")
def pictures(digits):
    return as_images(digits[0][:40], (8, 8, 1)).astype(np.float32)


def test_whole_pixel_shifts_move_the_picture_and_fill_with_background(pictures):
    augmentation = Augmentation(shift=0.25)  # two pixels of eight
    transforms = augmentation.draw(np.random.default_rng(0), 40, (8, 8))
    moved = resample(augmentation, pictures, transforms)
    shifts = transforms[:, [2, 5]]
    assert np.array_equal(shifts, np.round(shifts))
    assert {*np.unique(shifts)} == {-2, -1, 0, 1, 2}
    for picture, new, (dx, dy) in zip(pictures, moved, shifts.astype(int), strict=True):
        padded = np.pad(picture, ((2, 2), (2, 2), (0, 0)))
        expected = padded[2 + dy : 10 + dy, 2 + dx : 10 + dx]
        assert np.array_equal(new, expected)


@pytest.mark.parametrize(
    "augmentation",
    [
        Augmentation(rotation=30),
        Augmentation(zoom=0.3),
        Augmentation(shear=20),
        Augmentation(shift=0.1),  # less than a pixel of eight
        Augmentation(shift=0.1, rotation=10, zoom=0.1, shear=5),
    ],
    ids=["rotation", "zoom", "shear", "small shift", "all"],
)
def test_pictures_are_resampled_as_scipy_does(augmentation, pictures):
    transforms = augmentation.draw(np.random.default_rng(3), 40, (8, 8))
    moved = resample(augmentation, pictures, transforms)
    for picture, new, t in zip(pictures, moved, transforms.astype(float), strict=True):
        expected = ndimage.affine_transform(
            picture[..., 0],
            [[t[4], t[3]], [t[1], t[0]]],  # scipy counts rows first
            offset=[t[5], t[2]],
            order=1,
            mode="grid-constant",
        )
        np.testing.assert_allclose(new[..., 0], expected, atol=0.02)


def test_a_rotation_keeps_the_middle_the_lengths_and_the_angles(pictures):
    transforms = Augmentation(rotation=30).draw(np.random.default_rng(0), 200, (9, 7))
    linear = transforms[:, [0, 1, 3, 4]].reshape(-1, 2, 2)
    np.testing.assert_allclose(
        linear @ linear.transpose(0, 2, 1), np.tile(np.eye(2), (200, 1, 1)), atol=1e-6
    )
    middle = np.array([3.0, 4.0])  # x, y
    np.testing.assert_allclose(
        linear @ middle + transforms[:, [2, 5]], np.tile(middle, (200, 1)), atol=1e-5
    )
    angles = np.degrees(np.arctan2(linear[:, 1, 0], linear[:, 0, 0]))
    assert np.abs(angles).max() <= 30.001
    assert angles.min() < -20
    assert angles.max() > 20


def test_a_rotation_by_a_known_angle_is_scipys(pictures):
    framed = np.pad(pictures, ((0, 0), (6, 6), (6, 6), (0, 0)))

    class Largest:
        """Draws the upper limit each time."""

        def uniform(self, low, high, n):
            return np.full(n, high, float)

    augmentation = Augmentation(rotation=20)
    turned = resample(augmentation, framed, augmentation.draw(Largest(), 40, (20, 20)))
    for picture, new in zip(framed, turned, strict=True):
        expected = ndimage.rotate(picture[..., 0], 20, reshape=False, order=1)
        np.testing.assert_allclose(new[..., 0], expected, atol=1e-3)


def test_the_background_is_zero():
    ones = np.ones((10, 8, 8, 1), np.float32)
    augmentation = Augmentation(shift=0.5, rotation=45)
    moved = resample(augmentation, ones, augmentation.draw(np.random.default_rng(0), 10, (8, 8)))
    assert moved.min() == 0
    assert moved.max() <= 1 + 1e-6
    assert (moved == 0).any(axis=(1, 2, 3)).all()


def test_no_limits_leave_every_picture_as_it_is(pictures):
    still = Augmentation()
    transforms = still.draw(np.random.default_rng(0), 40, (8, 8))
    assert np.array_equal(resample(still, pictures, transforms), pictures)


def test_the_seed_decides_the_transforms():
    affine = AUGMENTATIONS["affine"]
    first, same, other = (
        affine.draw(np.random.default_rng(seed), 20, (28, 28)) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)
    assert len(np.unique(first, axis=0)) == 20  # each picture its own


def test_each_epoch_has_a_source_of_its_own():
    draws = [epoch_generator(seed, epoch).integers(2**62) for seed in (0, 1) for epoch in (0, 1)]
    assert len(set(draws)) == 4
    assert epoch_generator(1, 1).integers(2**62) == draws[3]


def test_the_order_of_an_epoch_goes_once_over_all_rows():
    rows = np.array([3, 5, 8, 9], np.int32)
    data = Data(np.zeros((10, 1, 1, 1)), np.zeros(10), np.ones(10), rows, rows[:0], 1.0)
    shuffled = epoch_order(Plan(1, 2, 0.1, Constant(), 0), data, np.random.default_rng(0))
    assert sorted(shuffled) == rows.tolist()
    in_order = Plan(1, 2, 0.1, Constant(), 0, shuffle=False)
    assert np.array_equal(epoch_order(in_order, data, np.random.default_rng(0)), rows)


def test_a_single_line_of_pixels_is_never_moved():
    assert find_augmentation("affine", (1, 30, 1)) is None
    assert find_augmentation(Augmentation(shift=0.1), (30, 1, 1)) is None
    assert find_augmentation(None, (8, 8, 1)) is None
    assert find_augmentation("shift", (28, 28, 1)).draw(
        np.random.default_rng(0), 99, (28, 28)
    ).max() == pytest.approx(2)


@pytest.mark.parametrize(
    "limits", [{"shift": 1.0}, {"shift": -0.1}, {"rotation": 180}, {"zoom": 1}, {"shear": 90}]
)
def test_an_augmentations_nonsense_is_refused_by_name(limits):
    (name, value), *_ = limits.items()
    with pytest.raises(ValueError, match=f"{name}={value}"):
        Augmentation(**limits)


def test_auto_epochs_go_over_few_samples_more_often(digits):
    X, _, y, _ = digits
    few = DNNClassifier(hidden_units=(4,), epochs="auto", batch_size=50, random_state=0)
    few.fit(X[:100], y[:100])
    assert few.n_epochs_ == 1000  # of two steps each
    assert n_epochs("auto", 60_000, 128) == 10
