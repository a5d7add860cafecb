"""Optimizers as data: what they are as values, and what is refused."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone

import skmnist
from skmnist import Optimizer
from skmnist.training._optimizers import find_optimizer

MOMENTUM = Optimizer("sgd", momentum=0.9, nesterov=True)


def test_it_is_public_from_the_package_and_from_training():
    assert skmnist.Optimizer is skmnist.training.Optimizer is Optimizer


def test_optimizers_of_equal_settings_are_equal_and_hash_alike():
    same = Optimizer("sgd", nesterov=True, momentum=0.9)
    assert same == MOMENTUM
    assert len({same, MOMENTUM}) == 1
    assert Optimizer("sgd", momentum=0.9) != MOMENTUM
    assert Optimizer("adam", momentum=0.9, nesterov=True) != MOMENTUM


def test_its_settings_are_attributes_that_cannot_be_changed():
    assert (MOMENTUM.name, MOMENTUM.momentum) == ("sgd", 0.9)
    with pytest.raises(AttributeError, match="no setting 'beta_1'"):
        MOMENTUM.beta_1  # noqa: B018
    with pytest.raises(AttributeError):
        MOMENTUM.momentum = 0.5
    assert MOMENTUM.momentum == 0.9


def test_setting_a_parameter_makes_another_one():
    slower = MOMENTUM.set_params(momentum=0.5, weight_decay=0.01)
    assert slower == Optimizer("sgd", momentum=0.5, nesterov=True, weight_decay=0.01)
    assert Optimizer("sgd", momentum=0.9, nesterov=True) == MOMENTUM
    assert Optimizer(**slower.get_params()) == slower


@pytest.mark.parametrize(
    "copied",
    [clone, copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))],
    ids=["clone", "copy", "deepcopy", "pickle"],
)
def test_a_copy_is_equal(copied):
    assert copied(MOMENTUM) == MOMENTUM


def test_its_repr_makes_an_equal_one():
    assert repr(MOMENTUM) == "Optimizer('sgd', momentum=0.9, nesterov=True)"
    assert eval(repr(MOMENTUM)) == MOMENTUM
    assert repr(Optimizer("adam")) == "Optimizer('adam')"


def test_numbers_of_numpy_and_lists_become_plain_values():
    muon = Optimizer("muon", ns_steps=np.int64(3), exclude_layers=["output"])
    assert muon.get_params() == {"name": "muon", "ns_steps": 3, "exclude_layers": ("output",)}
    assert type(muon.ns_steps) is int
    assert hash(muon) == hash(Optimizer("muon", ns_steps=3, exclude_layers=("output",)))


@pytest.mark.parametrize("value", [print, {"a": 1}, [0.5], np.ones(2), object()])
def test_a_setting_that_is_no_plain_value_is_refused(value):
    with pytest.raises(TypeError, match=r"beta_1=.*expected a number"):
        Optimizer("adam", beta_1=value)


def test_a_name_that_is_no_string_is_refused():
    with pytest.raises(TypeError, match="name=3; expected a string"):
        Optimizer(3)


def test_making_one_needs_no_keras():
    code = (
        "import sys; from skmnist import CNNClassifier, Optimizer; "
        "CNNClassifier(optimizer=Optimizer('muon', momentum=0.9)).set_params("
        "optimizer__momentum=0.5, augmentation__rotation=5, schedule__peak=0.5); "
        "print('keras' in sys.modules or 'tensorflow' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


# -- what Keras makes of it --------------------------------------------------------------


def test_called_with_a_rate_it_makes_a_new_keras_optimizer():
    made, another = MOMENTUM(0.25), MOMENTUM(0.25)
    assert made is not another
    assert (type(made).__name__, made.momentum, made.nesterov) == ("SGD", 0.9, True)
    assert float(made.learning_rate) == 0.25
    assert float(MOMENTUM().learning_rate) == pytest.approx(0.01)  # Keras's default


@pytest.mark.parametrize(
    "name", ["ScheduleFreeAdamW", "schedule_free_adamw", "schedule-free-adamw", "SCHEDULEFREEADAMW"]
)
def test_a_name_is_found_in_any_spelling(name):
    assert find_optimizer(name, 0.1).class_name == "ScheduleFreeAdamW"


def test_a_string_has_the_defaults_of_keras():
    assert find_optimizer("adamw", 0.1) == find_optimizer(Optimizer("adamw"), 0.1)
    assert find_optimizer("adamw", 0.1).make().beta_1 == 0.9
    assert find_optimizer("sgd", 0.1).make().momentum == 0.0


def test_a_momentum_of_averaged_weights_turns_the_averaging_on():
    made = Optimizer("adam", ema_momentum=0.999)()
    assert (made.use_ema, made.ema_momentum) == (True, 0.999)
    assert not Optimizer("adam")().use_ema


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (Optimizer("adamm"), "optimizer='adamm' is unknown; did you mean 'adam'"),
        (
            Optimizer("sgd", beta_1=0.9),
            r"Optimizer\('sgd'\): setting='beta_1' is unknown; .*'momentum', 'nesterov'",
        ),
        (Optimizer("sgd", momentun=0.9), "setting='momentun' .*did you mean 'momentum'"),
        (Optimizer("adam", learning_rate=0.1), "set learning_rate=0.1 there"),
        (
            Optimizer("sgd", momentum=1),
            "'momentum' parameter of 'sgd' must be a float in the range",
        ),
        (Optimizer("adam", beta_2="0.9"), "'beta_2' parameter of 'adam' must be a float"),
        (Optimizer("adam", epsilon=0), "'epsilon' parameter of 'adam'"),
        (Optimizer("adam", weight_decay=-1), "'weight_decay' parameter of 'adam'"),
        (Optimizer("adam", ema_momentum=1.0), "'ema_momentum' parameter of 'adam'"),
        (Optimizer("adam", clipnorm=1, clipvalue=1), "can't be made: Only one of"),
        (Optimizer("adamw", weight_decay=None), "can't be made: Argument `weight_decay`"),
    ],
)
def test_what_the_optimizer_cannot_be_made_of_is_refused(optimizer, message):
    with pytest.raises(ValueError, match=message):
        find_optimizer(optimizer, 0.1)


def losses(digits, optimizer, **settings):
    X, _, y, _ = digits
    network = skmnist.DNNClassifier(
        hidden_units=8, epochs=2, optimizer=optimizer, schedule="constant", random_state=0
    )
    return network.set_params(**settings).fit(X[:200], y[:200]).history_["loss"]


def test_a_scaled_loss_trains_as_the_loss_itself(digits):
    plain = losses(digits, "sgd", learning_rate=0.1)
    scaled = losses(digits, Optimizer("sgd", loss_scale_factor=1024.0), learning_rate=0.1)
    assert plain[1] < plain[0]
    assert scaled == pytest.approx(plain, rel=1e-5)


def test_a_keras_object_that_wraps_others_is_refused(digits):
    optimizers = skmnist._utils.backend.load_keras().optimizers
    wrapping = optimizers.LossScaleOptimizer(optimizers.SGD(0.1))
    with pytest.raises(TypeError, match=r"wraps other optimizers.*loss_scale_factor"):
        losses(digits, wrapping)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (Optimizer("adam", amsgrad="yes"), "amsgrad"),
        (Optimizer("adamw", exclude_layers="output"), "exclude_layers|unknown"),
        (Optimizer("sgd", loss_scale_factor=0), "loss_scale_factor"),
        (Optimizer("schedulefree"), "'schedule_free_adamw'"),
    ],
    ids=str,
)
def test_a_value_of_another_kind_is_refused_by_its_name(digits, optimizer, expected):
    with pytest.raises(ValueError, match=expected):
        losses(digits, optimizer)
