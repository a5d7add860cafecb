"""Parameters of the objects that an estimator holds, as ``optimizer__weight_decay``."""

import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skmnist import (
    Augmentation,
    CNNClassifier,
    CNNFeatures,
    CNNStackingClassifier,
    CommitteeClassifier,
    ConvBlock,
    Cosine,
    DNNClassifier,
    OneCycle,
    Optimizer,
    Plateau,
    PretrainedClassifier,
    RandomUniform,
    ResNetClassifier,
    TextSequencer,
    load,
    recipe,
    save,
)
from skmnist.training._augmentation import AUGMENTATIONS
from skmnist.training._schedules import SCHEDULES

VALUES = [
    Augmentation(rotation=5),
    ConvBlock(8),
    OneCycle(),
    Optimizer("adam", beta_1=0.8),
    Plateau(),
    RandomUniform(),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_an_object_lists_its_settings_and_makes_changed_copies(value):
    settings = value.get_params()
    assert type(value)(**settings) == value
    assert value.set_params(**settings) == value
    assert clone(value, safe=False) == value
    assert hash(value.set_params()) == hash(value)


@pytest.mark.parametrize("value", [v for v in VALUES if not isinstance(v, Optimizer)], ids=repr)
def test_a_setting_that_an_object_lacks_is_refused(value):
    with pytest.raises(ValueError, match=f"{type(value).__name__}: parameter='size' is unknown"):
        value.set_params(size=3)


def test_a_changed_setting_is_checked():
    with pytest.raises(ValueError, match="rotation=500; expected 0 <= rotation < 180"):
        CNNClassifier().set_params(augmentation__rotation=500)


@pytest.mark.parametrize("network", [CNNClassifier, ResNetClassifier])
def test_a_classifier_that_is_changed_leaves_the_defaults_of_all_others(network):
    first, second = network(), network()
    first.set_params(optimizer__weight_decay=0.5)
    assert first.optimizer.weight_decay == 0.5
    assert second.optimizer.weight_decay == network().optimizer.weight_decay == 0.02
    assert second.optimizer == clone(second).optimizer


def test_an_object_given_to_two_classifiers_is_changed_in_one():
    shared = Augmentation(rotation=10)
    first, second = CNNClassifier(augmentation=shared), DNNClassifier(augmentation=shared)
    first.set_params(augmentation__rotation=5, augmentation__zoom=0.1)
    assert first.augmentation == Augmentation(rotation=5, zoom=0.1)
    assert second.augmentation is shared
    assert shared == Augmentation(rotation=10)


def test_the_settings_are_listed_of_objects_only():
    deep = CNNClassifier().get_params()
    assert deep["optimizer__weight_decay"] == 0.02
    assert not any(name.startswith(("augmentation__", "schedule__")) for name in deep)
    assert "optimizer__beta_1" not in DNNClassifier(optimizer="adam").get_params()
    assert "optimizer__beta_1" not in CNNClassifier().get_params(deep=False)


def test_a_name_becomes_the_object_that_it_stands_for():
    changed = CNNClassifier(augmentation="affine", optimizer="sgd").set_params(
        augmentation__rotation=5, optimizer__momentum=0.9, schedule__peak=0.5
    )
    assert changed.augmentation == Augmentation(shift=0.1, rotation=5, zoom=0.1)
    assert changed.optimizer == Optimizer("sgd", momentum=0.9)
    assert changed.schedule == OneCycle(peak=0.5)
    assert AUGMENTATIONS["affine"].rotation == 10
    assert SCHEDULES["one_cycle"] == OneCycle()


def test_no_augmentation_becomes_one_that_does_only_what_is_set():
    changed = CNNClassifier(augmentation=None).set_params(augmentation__rotation=5)
    assert changed.augmentation == Augmentation(rotation=5)


def test_a_whole_object_and_a_setting_of_it_are_set_at_once():
    changed = CNNClassifier().set_params(optimizer__momentum=0.9, optimizer="sgd")
    assert changed.optimizer == Optimizer("sgd", momentum=0.9)


def test_each_phase_has_a_schedule_of_its_own():
    changed = PretrainedClassifier(fine_tune_schedule="plateau", schedule="plateau")
    changed.set_params(fine_tune_schedule__patience=1)
    assert changed.fine_tune_schedule == Plateau(patience=1)
    assert changed.schedule == "plateau"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimiser__momentum": 0.9}, "Invalid parameter 'optimiser'"),
        ({"epochs__size": 3}, "epochs='auto' has no settings, so epochs__size can't be set"),
        ({"augmentation__rotatoin": 3}, "parameter='rotatoin' is unknown; did you mean 'rotation'"),
        ({"augmentation": "afine", "augmentation__zoom": 0}, "did you mean 'affine'"),
        ({"schedule": None, "schedule__peak": 0.5}, "schedule=None is unknown"),
        (
            {"schedule": "cosine", "schedule__peak": 0.5},
            "Cosine has no parameters; peak can't be set",
        ),
        ({"augmentation": [1], "augmentation__zoom": 0}, r"augmentation=\[1\] is unknown"),
        ({"optimizer": None, "optimizer__beta_1": 0.5}, "Give its name, or an Optimizer such as"),
    ],
)
def test_what_cannot_be_set_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        CNNClassifier().set_params(**settings)


def test_a_setting_that_the_optimizer_lacks_ends_the_fit(digits):
    X, _, y, _ = digits
    classifier = CNNClassifier().set_params(optimizer="sgd", optimizer__beta_1=0.5)
    with pytest.raises(ValueError, match=r"setting='beta_1' is unknown; .*'momentum'"):
        classifier.fit(X[:100], y[:100])


# -- searches ---------------------------------------------------------------------------


def small(**settings):
    plain = {"hidden_units": (8,), "epochs": 2, "batch_size": 32, "random_state": 0}
    return DNNClassifier(**{**plain, **settings})


def test_a_grid_search_in_workers_reaches_the_settings_of_objects(digits):
    X, _, y, _ = digits
    network = CNNClassifier(conv_blocks=[4], epochs=2, random_state=0)
    grid = {"augmentation__rotation": [5, 10], "optimizer__weight_decay": [0, 0.02]}
    search = GridSearchCV(network, grid, cv=2, n_jobs=2, error_score="raise").fit(X[:150], y[:150])
    best = search.best_estimator_
    assert best.augmentation.rotation == search.best_params_["augmentation__rotation"]
    assert best.optimizer.weight_decay == search.best_params_["optimizer__weight_decay"]
    assert best.augmentation.shift == AUGMENTATIONS["shift"].shift
    assert (
        network.get_params()
        == CNNClassifier(conv_blocks=[4], epochs=2, random_state=0).get_params()
    )


def test_a_search_over_a_setting_decides_what_is_trained(digits):
    X, _, y, _ = digits
    search = GridSearchCV(
        make_pipeline(MinMaxScaler(), small(optimizer="sgd", learning_rate=0.1, epochs=8)),
        {"dnnclassifier__optimizer__momentum": [0.0, 0.9]},
        cv=2,
    ).fit(X[:400], y[:400])
    assert search.best_params_ == {"dnnclassifier__optimizer__momentum": 0.9}
    assert search.best_estimator_[-1].optimizer == Optimizer("sgd", momentum=0.9)
    assert search.cv_results_["mean_test_score"][0] < search.best_score_ - 0.05


def test_a_committee_reaches_the_settings_of_its_parts():
    committee = recipe("committee-architectures")
    committee.set_params(cnn__augmentation__rotation=5, lenet__optimizer__beta_1=0.8)
    copied = clone(committee).get_params()
    assert copied["cnn__augmentation"] == AUGMENTATIONS["shift"].set_params(rotation=5)
    assert copied["lenet__optimizer"] == Optimizer("adam", beta_1=0.8)
    assert copied["lenet__optimizer__beta_1"] == copied["resnet__optimizer__beta_1"] == 0.8
    assert recipe("committee-architectures").get_params()["cnn__augmentation"] == "auto"


# -- saving -----------------------------------------------------------------------------


def test_an_optimizer_is_saved_and_loaded(digits, tmp_path):
    X, _, y, _ = digits
    muon = Optimizer("muon", momentum=0.9, nesterov=False, exclude_layers=["output"])
    save(small(optimizer=muon).fit(X[:100], y[:100]), tmp_path / "model")
    assert load(tmp_path / "model").optimizer == muon


@pytest.mark.parametrize(
    ("estimator", "key", "expected"),
    [
        (CommitteeClassifier(), "estimators__epochs", "estimators=None, which stands for the"),
        (CNNStackingClassifier(), "network__optimizer__momentum", "network=None, which stands"),
        (CNNStackingClassifier(), "final_estimator__C", "final_estimator='logistic' has no param"),
        (CNNFeatures(), "classifier__epochs", "classifier=None, which stands for the default"),
        (TextSequencer(), "max_tokens__x", "max_tokens=5000 has no parameters"),
        (CNNClassifier(schedule=Cosine()), "schedule__x", "Cosine has no parameters"),
        (CNNClassifier(optimizer=None), "optimizer__x", "optimizer=None has no settings"),
    ],
    ids=lambda given: given if isinstance(given, str) else type(given).__name__,
)
def test_a_parameter_of_what_has_none_is_refused_in_words(estimator, key, expected):
    with pytest.raises(ValueError, match=expected):
        estimator.set_params(**{key: 1})


def test_an_estimator_may_be_set_together_with_its_parameters():
    stack = CNNStackingClassifier()
    stack.set_params(network=CNNClassifier(), network__epochs=3)
    assert stack.network.epochs == 3
