"""The committee: seeds and designs, processes, disagreement, shifts, and scikit-learn's tools."""

import os
import pickle
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import ndimage
from scipy.stats import entropy
from sklearn import config_context
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skmnist import CNNClassifier, DNNClassifier, clear_caches
from skmnist.ensemble import CommitteeClassifier
from skmnist.training import _loop as loop
from skmnist.training import _predictor as inference


def dnn(**parameters):
    return DNNClassifier(
        **{
            "hidden_units": (32,),
            "dropout": 0.0,
            "epochs": 3,
            "learning_rate": 0.02,
            "dtype": "float32",
            **parameters,
        }
    )


def committee(estimators=None, **parameters):
    """Make a committee of three small dense networks, unless told otherwise."""
    estimators = dnn() if estimators is None else estimators
    return CommitteeClassifier(
        estimators=estimators, **{"n_estimators": 3, "random_state": 0, **parameters}
    )


class NetworkThatTells(DNNClassifier):
    """A network that notes where and on what it was fitted."""

    def fit(self, X, y, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.process_ = os.getpid()
        self.shares_memory_ = isinstance(X, np.memmap)
        self.share_ = os.environ.get("OMP_NUM_THREADS")
        self.cores_ = [] if self.share_ is None else _cores_of_tensorflow()
        return self


def _cores_of_tensorflow():
    """How many cores each of TensorFlow's threads may use."""
    cores = []
    for task in Path("/proc/self/task").iterdir():
        try:
            with (task / "comm").open() as file:
                if file.read().startswith("tf_"):
                    cores.append(len(os.sched_getaffinity(int(task.name))))
        except OSError:  # a thread that has ended meanwhile
            continue
    return cores


@pytest.fixture(scope="module")
def small(digits):
    X, _, y, _ = digits
    return X[:400], y[:400]


@pytest.fixture(scope="module")
def fitted(digits):
    """Three dense networks, fitted on all training digits; no test may change them."""
    X, _, y, _ = digits
    return committee(dnn(epochs=8)).fit(X, y)


@pytest.fixture(scope="module")
def mnist_parts(mnist):
    """Images to train on, and two held-out parts, all of the training images."""
    (X, y), _ = mnist
    return (X[:2000], y[:2000]), (X[50000:52000], y[50000:52000]), (X[58000:], y[58000:])


@pytest.fixture(scope="module")
def mnist_committee(mnist_parts):
    network = CNNClassifier(conv_blocks=[8, 16], epochs=3, dtype="float32")
    return committee(network).fit(*mnist_parts[0])


# -- what a committee is worth ---------------------------------------------------------


def test_a_committee_is_better_than_its_members_on_mnist(mnist_committee, mnist_parts):
    X, y = mnist_parts[1]
    members = mnist_committee.estimators_
    assert mnist_committee.score(X, y) > np.mean([member.score(X, y) for member in members])
    loss = log_loss(y, mnist_committee.predict_proba(X))
    assert loss < np.mean([log_loss(y, member.predict_proba(X)) for member in members])


def test_members_disagree_more_on_what_the_committee_gets_wrong(mnist_committee, mnist_parts):
    X, y = mnist_parts[1]
    wrong = mnist_committee.predict(X) != y
    disagreement = mnist_committee.disagreement(X)
    assert disagreement[wrong].mean() > 2 * disagreement[~wrong].mean()
    assert roc_auc_score(wrong, disagreement) > 0.8


@pytest.mark.parametrize("layout", ["images", "rows"])
def test_a_temperature_lowers_the_log_loss_on_images_not_seen(layout, mnist_committee, mnist_parts):
    _, (X_held_out, y_held_out), (X, y) = mnist_parts
    if layout == "rows":
        X_held_out, X = X_held_out.reshape(-1, 784), X.reshape(-1, 784)
    calibrated = CalibratedClassifierCV(FrozenEstimator(mnist_committee), method="temperature")
    calibrated.fit(X_held_out, y_held_out)
    before, after = mnist_committee.predict_proba(X), calibrated.predict_proba(X)
    assert log_loss(y, after) < log_loss(y, before)
    assert np.array_equal(after.argmax(axis=1), before.argmax(axis=1))


# -- probabilities ---------------------------------------------------------------------


def test_probabilities_are_those_of_scikit_learns_soft_vote(fitted, digits):
    X, X_test, y, _ = digits
    frozen = [(str(i), FrozenEstimator(member)) for i, member in enumerate(fitted.estimators_)]
    vote = VotingClassifier(frozen, voting="soft").fit(X, y)
    np.testing.assert_allclose(fitted.predict_proba(X_test), vote.predict_proba(X_test))
    assert np.array_equal(fitted.predict(X_test), vote.predict(X_test))


def test_the_members_probabilities_are_their_own(fitted, digits):
    _, X_test, _, _ = digits
    probabilities = fitted.member_probas(X_test)
    assert probabilities.shape == (3, len(X_test), 10)
    for member, own in zip(fitted.estimators_, probabilities, strict=True):
        assert np.array_equal(own, member.predict_proba(X_test))


def test_the_disagreement_is_the_mutual_information(fitted, digits):
    _, X_test, _, _ = digits
    probabilities = fitted.member_probas(X_test)
    mean = probabilities.mean(axis=0)
    # The same quantity in its other form: the mean divergence of the members from their mean.
    expected = entropy(probabilities, mean[None], axis=2).mean(axis=0)
    disagreement = fitted.disagreement(X_test)
    np.testing.assert_allclose(disagreement, expected, atol=1e-12)
    assert disagreement.shape == (len(X_test),)
    assert disagreement.min() >= 0
    assert disagreement.max() <= np.log(3)


class Sure(GaussianNB):
    """Is sure of one class, which its seed decides."""

    def __init__(self, random_state=None):
        super().__init__()
        self.random_state = random_state

    def predict_proba(self, X):
        return np.eye(len(self.classes_))[np.full(len(X), self.random_state % 2)]


def test_the_disagreement_is_none_where_all_agree_and_greatest_where_all_differ(small):
    X, y = small
    agreeing = committee(GaussianNB()).fit(X, y)
    np.testing.assert_allclose(agreeing.disagreement(X), 0, atol=1e-12)
    differing = committee(Sure(), n_estimators=2).fit(X, y % 2)
    for number, member in enumerate(differing.estimators_):
        member.random_state = number
    np.testing.assert_allclose(differing.disagreement(X), np.log(2))


# -- designs and seeds -----------------------------------------------------------------


def test_the_default_is_five_convolutional_networks(small):
    X, y = small
    default = CommitteeClassifier(random_state=0)
    default.set_params(estimators=CNNClassifier(conv_blocks=[4], epochs=1))
    assert len(default.fit(X, y).estimators_) == 5
    assert [type(m) for _, m in CommitteeClassifier()._named_members()] == [CNNClassifier] * 5


def test_designs_take_turns():
    designs = [GaussianNB(), DecisionTreeClassifier(max_depth=3)]
    X, y = np.random.default_rng(0).normal(size=(40, 4)), np.arange(40) % 2
    for n_estimators, expected in [(None, "GD"), (2, "GD"), (3, "GDG"), (4, "GDGD")]:
        members = committee(designs, n_estimators=n_estimators).fit(X, y).estimators_
        assert "".join(type(member).__name__[0] for member in members) == expected
    assert not hasattr(designs[0], "classes_")


def test_no_two_members_share_a_seed_and_nested_seeds_are_set_too(small):
    X, y = small
    nested = make_pipeline(StandardScaler(), RandomForestClassifier(n_estimators=2, random_state=3))
    members = committee(nested, n_estimators=20).fit(X, y).estimators_
    assert len({member[-1].random_state for member in members}) == 20
    assert len({member.predict_proba(X).tobytes() for member in members}) == 20


def test_a_smaller_committee_of_the_same_seed_has_the_first_of_the_members(fitted, digits):
    X, X_test, y, _ = digits
    smaller = committee(dnn(epochs=8), n_estimators=2).fit(X, y)
    assert np.array_equal(smaller.member_probas(X_test), fitted.member_probas(X_test)[:2])


def test_the_seed_decides_and_no_global_generator_is_read_or_moved(small):
    X, y = small
    np.random.seed(3)  # noqa: NPY002 - the global state is what is looked at
    before = np.random.get_state()[1].tolist()  # noqa: NPY002

    def bits(random_state):
        forests = committee(RandomForestClassifier(n_estimators=3), random_state=random_state)
        return forests.fit(X, y).predict_proba(X).tobytes()

    assert bits(1) == bits(1) == bits(np.random.RandomState(1))
    assert len({bits(1), bits(2), bits(None), bits(None)}) == 4
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_fitted_networks_join_without_being_fitted_again(fitted, digits):
    X, X_test, y, _ = digits
    frozen = [FrozenEstimator(member) for member in fitted.estimators_]
    joined = CommitteeClassifier(estimators=frozen).fit(X[:100], y[:100])
    assert np.array_equal(joined.predict_proba(X_test), fitted.predict_proba(X_test))


def test_named_designs_have_their_parameters_set_by_name(small):
    X, y = small
    named = [("dense", dnn()), ("forest", RandomForestClassifier(n_estimators=5))]
    search = GridSearchCV(
        committee(named, n_estimators=None),
        {"dense__epochs": [1, 2], "forest": [GaussianNB()]},
        cv=2,
    ).fit(X, y)
    network, other = search.best_estimator_.estimators_
    assert network.n_epochs_ == search.best_params_["dense__epochs"]
    assert isinstance(other, GaussianNB)
    assert named[0][1].epochs == 3
    single = committee().set_params(estimators__epochs=7)
    assert single.get_params()["estimators__epochs"] == 7


def test_pipelines_in_a_list_are_designs_not_names():
    pipelines = [make_pipeline(StandardScaler(), GaussianNB()) for _ in range(2)]
    unnamed = clone(CommitteeClassifier(estimators=pipelines)).set_params(n_estimators=4)
    assert all(isinstance(name, str) for name in unnamed.get_params())
    assert len(unnamed._named_members()) == 4


# -- processes -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def in_two_processes(mnist_parts):
    (X, y), *_ = mnist_parts
    network = NetworkThatTells(hidden_units=(16,), epochs=1, dtype="float32")
    return committee(network, n_jobs=2).fit(X, y), clone(network)


def test_the_members_are_the_same_bits_in_two_processes(in_two_processes, mnist_parts):
    (X, y), (X_test, _), _ = mnist_parts
    parallel, network = in_two_processes
    here = committee(network).fit(X, y)
    assert {member.process_ for member in here.estimators_} == {os.getpid()}
    assert os.getpid() not in {member.process_ for member in parallel.estimators_}
    assert np.array_equal(here.member_probas(X_test), parallel.member_probas(X_test))


def test_a_single_member_has_all_cores(small):
    network = NetworkThatTells(hidden_units=(16,), epochs=1, dtype="float32")
    alone = committee(network, n_estimators=1, n_jobs=2).fit(*small)
    assert alone.estimators_[0].process_ == os.getpid()


def test_processes_share_the_images_in_memory(in_two_processes):
    assert all(member.shares_memory_ for member in in_two_processes[0].estimators_)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are listed by Linux only")
@pytest.mark.skipif(joblib.cpu_count() < 2, reason="one core has no shares")
def test_processes_together_keep_to_the_cores(in_two_processes):
    for member in in_two_processes[0].estimators_:
        assert member.cores_
        assert max(member.cores_) <= int(member.share_)
        assert 2 * int(member.share_) <= joblib.cpu_count()


def test_joblibs_context_decides_where_members_are_fitted(small, fitted):
    X, y = small
    expected = committee().fit(X, y).predict_proba(X)
    with joblib.parallel_config("threading", n_jobs=2):
        found = committee().fit(X, y).predict_proba(X)
    assert np.array_equal(found, expected)


def test_members_share_their_compiled_functions(small):
    X, y = small
    clear_caches()
    committee().fit(X, y).predict_proba(X)
    ((_, trainer),) = loop._pool._entries.values()
    assert len(trainer._traced) == 1
    assert len(inference._compiled) == 1


# -- shifts ----------------------------------------------------------------------------


@pytest.mark.parametrize("most", [1, 2])
@pytest.mark.parametrize("layout", ["rows", "images", "channels"])
def test_shifts_are_averaged_as_if_done_by_hand(layout, most, fitted, digits):
    _, X_test, _, _ = digits
    images = X_test[:50].reshape(-1, 8, 8)
    steps = range(-most, most + 1)
    shifted = [
        ndimage.shift(images, (0, down, right), order=0, mode="constant", cval=0)
        for down in steps
        for right in steps
    ]
    expected = np.mean([fitted.predict_proba(each) for each in shifted], axis=0)
    X = images.reshape({"rows": (-1, 64), "images": (-1, 8, 8), "channels": (-1, 8, 8, 1)}[layout])
    X.setflags(write=False)
    shifting = _with_shifts(fitted, most)
    np.testing.assert_allclose(shifting.predict_proba(X), expected)
    np.testing.assert_allclose(shifting.predict_proba(X).sum(axis=1), 1)


def _with_shifts(fitted, most):
    return pickle.loads(pickle.dumps(fitted)).set_params(test_time_shifts=most)


def test_images_of_any_shape_are_shifted():
    generator = np.random.default_rng(0)
    X, y = generator.integers(0, 255, (60, 4, 6, 3), dtype=np.uint8), np.arange(60) % 3
    colour = committee(CNNClassifier(conv_blocks=[4], epochs=1), test_time_shifts=1, n_estimators=2)
    assert colour.fit(X, y).predict_proba(X).shape == (60, 3)
    assert colour.image_shape_ == (4, 6, 3)


def test_shifts_out_of_sight_are_refused(fitted, digits):
    X, X_test, y, _ = digits
    with pytest.raises(ValueError, match=r"test_time_shifts=8 .*8 x 8 pixels out of sight.*Set it"):
        _with_shifts(fitted, 8).predict(X_test)
    with pytest.raises(ValueError, match=r"test_time_shifts=1 .*1 x 30 pixels.*\(n, height, width"):
        committee(GaussianNB(), test_time_shifts=1).fit(X[:, :30], y)


# -- in scikit-learn's tools -----------------------------------------------------------


def test_a_committee_lives_in_pipelines_searches_and_cross_validation(small):
    X, y = small
    pipeline = make_pipeline(StandardScaler(), committee())
    grid = {"committeeclassifier__n_estimators": [1, 3]}
    search = GridSearchCV(pipeline, grid, cv=2, scoring="neg_log_loss").fit(X, y)
    best = search.best_estimator_[-1]
    assert len(best.estimators_) == best.n_estimators
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    scores = cross_val_score(committee(GaussianNB(), n_jobs=2), X, y, cv=3, n_jobs=2)
    assert (scores > 0.7).all()


def test_a_pickled_committee_predicts_the_same_bits(fitted, digits):
    _, X_test, _, _ = digits
    copy = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(copy.predict_proba(X_test), fitted.predict_proba(X_test))
    assert np.array_equal(copy.disagreement(X_test), fitted.disagreement(X_test))


def test_labels_may_be_strings_and_data_may_have_names(small):
    X, y = small
    frame = pd.DataFrame(X, columns=[f"pixel{i}" for i in range(64)])
    words = np.array(["even", "odd"])[y % 2]
    named = committee(test_time_shifts=1, n_estimators=2).fit(frame, words)
    assert set(named.predict(frame)) == {"even", "odd"}
    assert named.feature_names_in_.tolist() == list(frame)
    assert named.n_features_in_ == 64


def test_weights_reach_every_member(small):
    X, y = small
    weights = np.where(y < 5, 1.0, 3.0)
    weighted = committee(GaussianNB(), n_estimators=2).fit(X, y, sample_weight=weights)
    alone = GaussianNB().fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(weighted.predict_proba(X), alone.predict_proba(X))
    for routed in (False, True):
        with (
            config_context(enable_metadata_routing=routed),
            pytest.raises(TypeError, match=r"sample.weight"),
        ):
            committee(KNeighborsClassifier()).fit(X, y, sample_weight=weights)


@pytest.mark.parametrize("routed", [False, True])
def test_weights_reach_the_last_step_of_a_pipeline(small, routed):
    X, y = small
    weights = np.where(y < 5, 1.0, 3.0)
    with config_context(enable_metadata_routing=routed):
        last = GaussianNB().set_fit_request(sample_weight=True) if routed else GaussianNB()
        in_pipeline = committee(make_pipeline(MinMaxScaler(), last))
        in_pipeline.fit(X, y, sample_weight=weights)
        with pytest.raises(TypeError, match=r"sample.weight"):
            committee(make_pipeline(KNeighborsClassifier())).fit(X, y, sample_weight=weights)
    scaled = MinMaxScaler().fit_transform(X)
    expected = GaussianNB().fit(scaled, y, weights).predict_proba(scaled)
    np.testing.assert_allclose(in_pipeline.predict_proba(X), expected)


def test_weights_are_routed_to_a_committee_whose_members_request_them(small):
    X, y = small
    weights = np.where(y < 5, 1.0, 3.0)
    with config_context(enable_metadata_routing=True):
        requesting = committee(GaussianNB().set_fit_request(sample_weight=True))
        requesting.set_score_request(sample_weight=False)
        search = GridSearchCV(requesting, {"n_estimators": [2]}, cv=2)
        search.fit(X, y, sample_weight=weights)
    expected = GaussianNB().fit(X, y, weights).predict_proba(X)
    np.testing.assert_allclose(search.best_estimator_.predict_proba(X), expected)


# -- what it tells ---------------------------------------------------------------------


def test_it_is_silent_unless_asked_and_then_prints_a_line_per_member(small, capfd):
    X, y = small
    committee([("bayes", GaussianNB())], n_estimators=3).fit(X, y).predict(X)
    assert capfd.readouterr() == ("", "")
    committee([("bayes", GaussianNB())], n_estimators=3, verbose=1).fit(X, y)
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) == 3
    for number, line in enumerate(lines, 1):
        assert line.startswith("[CommitteeClassifier]")
        assert f"({number} of 3) bayes, total=" in line


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_progress_bar_shows_the_members_and_their_epochs(n_jobs, small, capfd):
    X, y = small
    progress = ProgressBar(max_propagation_depth=None)
    committee(n_jobs=n_jobs).set_callbacks(progress).fit(X, y)
    out = capfd.readouterr().out
    assert "CommitteeClassifier" in out
    assert "DNNClassifier" in out
    assert "100%" in out


def test_a_scoring_monitor_records_each_member(small):
    X, y = small
    monitor = ScoringMonitor(scoring="accuracy")
    watched = committee().set_callbacks(monitor).fit(X, y)
    ends = [row for row in monitor.get_logs().data if row["task_name"] == "fit"]
    assert ends[-1]["accuracy"] == pytest.approx(watched.score(X, y))
    assert np.array_equal(watched.predict_proba(X), committee().fit(X, y).predict_proba(X))


# -- what can't be used ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "error", "match"),
    [
        ({"estimators": []}, ValueError, "estimators is empty; give at least one"),
        ({"estimators": SVC()}, TypeError, "estimators: 'SVC' has no predict_proba.*Calibrated"),
        (
            {"estimators": [("line", Ridge())]},
            TypeError,
            r"estimators: 'line' is Ridge\(\); expected",
        ),
        ({"estimators": [GaussianNB]}, TypeError, "estimators: .* expected an instance"),
        ({"estimators": [("a", GaussianNB(), 1)]}, TypeError, "estimators: .*pair of a name"),
        ({"estimators": [(1, GaussianNB())]}, TypeError, "estimators: .*pair of a name"),
        ({"estimators": ["cnn"]}, TypeError, "estimators: .* expected an instance"),
        ({"estimators": "cnn"}, ValueError, "The 'estimators' parameter"),
        (
            {"estimators": [("a", GaussianNB())] * 2},
            ValueError,
            "estimators: .*not unique.*another",
        ),
        ({"estimators": [("a__b", GaussianNB())]}, ValueError, "estimators: .*__.*another"),
        (
            {"estimators": [("verbose", GaussianNB())]},
            ValueError,
            "estimators: .*conflict.*another",
        ),
        ({"n_estimators": 0}, ValueError, "The 'n_estimators' parameter"),
        ({"n_estimators": 2.5}, ValueError, "The 'n_estimators' parameter"),
        (
            {"estimators": [GaussianNB(), GaussianNB()], "n_estimators": 1},
            ValueError,
            "n_estimators=1 leaves out .* 2 designs in estimators. Set it to at least 2",
        ),
        ({"test_time_shifts": -1}, ValueError, "The 'test_time_shifts' parameter"),
        ({"estimators": dnn(epochs=0)}, ValueError, "The 'epochs' parameter of DNNClassifier"),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_what_can_not_be_used_is_refused_by_its_name(parameters, error, match, small):
    X, y = small
    refused = committee(GaussianNB()).set_params(**parameters)
    with pytest.raises(error, match=match):
        refused.fit(X, y)
    assert not hasattr(refused, "estimators_")


def test_a_class_of_no_weight_is_none_to_any_member(small):
    X, y = small
    weights = (y != 3).astype(float)
    mixed = committee([dnn(), GaussianNB()], n_estimators=None).fit(X, y, sample_weight=weights)
    assert mixed.classes_.tolist() == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    left_out = committee([dnn(), GaussianNB()], n_estimators=None).fit(X[y != 3], y[y != 3])
    np.testing.assert_allclose(mixed.predict_proba(X), left_out.predict_proba(X))


def test_a_frozen_member_of_other_classes_is_refused(small, fitted):
    X, y = small
    frozen = FrozenEstimator(fitted.estimators_[0])
    with pytest.raises(ValueError, match=r"(?s)estimators: .*y has \[0, 1\].*Take it"):
        committee([frozen]).fit(X, y % 2)


def test_images_of_another_shape_are_refused(fitted, digits):
    _, X_test, _, _ = digits
    with pytest.raises(ValueError, match=r"images of shape \(4, 16, 1\).*Committee"):
        fitted.predict(X_test.reshape(-1, 4, 16))
    with pytest.raises(ValueError, match="63 features"):
        fitted.disagreement(X_test[:, 1:])


def test_after_an_error_the_committee_is_as_it_was(digits):
    X, _, y, _ = digits
    committee = CommitteeClassifier(estimators=[GaussianNB()]).fit(X[:, :16], y)
    before = committee.predict(X[:, :16])
    committee.set_params(estimators=[GaussianNB(priors=[1.0])])
    with pytest.raises(ValueError, match="priors"):
        committee.fit(X, y)
    assert committee.n_features_in_ == 16
    assert np.array_equal(committee.predict(X[:, :16]), before)
