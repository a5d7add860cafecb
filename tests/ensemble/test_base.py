"""What the committee, the stack and the virtual support vectors do alike."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import get_routing_for_object

from skmnist import CNNFeatures, DNNClassifier, load, save
from skmnist.ensemble import CNNStackingClassifier, CommitteeClassifier, VirtualSVC
from skmnist.ensemble._base import Ensemble


def network(**parameters):
    settings = {"hidden_units": (16,), "epochs": 2, "dtype": "float32"}
    return DNNClassifier(**{**settings, **parameters})


def committee(**parameters):
    return CommitteeClassifier(GaussianNB(), n_estimators=2, random_state=0, **parameters)


def stack(**parameters):
    estimators = [("bayes", GaussianNB())]
    settings = {"network": network(), "cv": 2, "random_state": 0}
    return CNNStackingClassifier(estimators, **{**settings, **parameters})


def virtual(**parameters):
    return VirtualSVC(SVC(), **parameters)


def of_all():
    return pytest.mark.parametrize("make", [committee, stack, virtual], ids=lambda f: f.__name__)


@pytest.fixture(scope="module")
def data(digits):
    X, X_test, y, _ = digits
    return X[:200], y[:200], X_test


def probabilities(ensemble, X):
    method = "predict_proba" if hasattr(ensemble, "predict_proba") else "decision_function"
    return getattr(ensemble, method)(X)


# -- one base ----------------------------------------------------------------------------


@of_all()
def test_tags_say_that_images_are_taken(make):
    ensemble = make()
    assert isinstance(ensemble, Ensemble)
    tags = get_tags(ensemble)
    assert tags.input_tags.three_d_array
    assert tags.estimator_type == "classifier"
    assert tags.target_tags.required


@of_all()
def test_a_single_class_is_refused_in_the_same_words(make, data):
    X, y, _ = data
    with pytest.raises(ValueError, match="one class only, 3; a classifier needs at least 2"):
        make().fit(X[y == 3], y[y == 3])


@of_all()
def test_after_an_error_an_ensemble_is_as_it_was(make, data):
    X, y, X_test = data
    ensemble = make().fit(X, y)
    before = probabilities(ensemble, X_test)
    with pytest.raises(ValueError, match="sample_weight"):
        ensemble.fit(X[:, :16], y, sample_weight=-np.ones(len(y)))
    assert ensemble.n_features_in_ == 64
    np.testing.assert_array_equal(probabilities(ensemble, X_test), before)


@pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")
@pytest.mark.parametrize(
    "ensemble",
    [committee(), stack(), VirtualSVC(SVC(probability=True, random_state=0))],
    ids=lambda ensemble: type(ensemble).__name__,
)
def test_logarithms_of_probabilities_are_finite(ensemble, data):
    X, y, X_test = data
    ensemble = clone(ensemble).fit(X, y)
    logarithms = ensemble.predict_log_proba(X_test)
    assert np.isfinite(logarithms).all()
    np.testing.assert_allclose(np.exp(logarithms), ensemble.predict_proba(X_test), atol=1e-37)


def test_virtual_support_vectors_have_logarithms_only_of_probabilities():
    assert not hasattr(virtual(), "predict_log_proba")


@of_all()
def test_what_holds_estimators_of_scikit_learn_comes_back_from_a_file(make, data, tmp_path):
    X, y, X_test = data
    ensemble = make().fit(X, y)
    save(ensemble, tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(probabilities(again, X_test), probabilities(ensemble, X_test))


# -- metadata routing --------------------------------------------------------------------


@pytest.fixture
def routing():
    with config_context(enable_metadata_routing=True):
        yield


def requesting(estimator, wanted=True):
    return estimator.set_fit_request(sample_weight=wanted)


@pytest.fixture(scope="module")
def weights(data):
    _, y, _ = data
    return np.where(y < 5, 1.0, 9.0)


@of_all()
def test_no_weights_need_no_request(make, data, routing):
    X, y, X_test = data
    ensemble = make().fit(X, y)
    assert np.isfinite(probabilities(ensemble, X_test)).all()


@of_all()
def test_a_part_without_a_request_is_asked_for_one(make, data, weights, routing):
    X, y, _ = data
    with pytest.raises(UnsetMetadataPassedError, match=r"sample_weight.*not explicitly set"):
        make().fit(X, y, sample_weight=weights)


@of_all()
def test_the_parts_request_weights_and_not_the_ensemble(make, routing):
    ensemble = make()
    assert not hasattr(ensemble, "set_fit_request")
    assert hasattr(ensemble, "set_score_request")


def test_members_have_weights_if_they_request_them(data, weights, routing):
    X, y, _ = data
    designs = [("with", requesting(GaussianNB())), ("without", requesting(GaussianNB(), False))]
    members = CommitteeClassifier(designs).fit(X, y, sample_weight=weights).estimators_
    assert members[0].class_prior_[5:].sum() > 0.8
    np.testing.assert_allclose(members[1].class_prior_, np.bincount(y) / len(y))


@pytest.mark.parametrize("wanted", ["network", "bayes", "final_estimator"])
def test_parts_of_a_stack_have_weights_if_they_request_them(wanted, data, weights, routing):
    X, y, _ = data
    parts = {"network": network(), "bayes": GaussianNB(), "final_estimator": GaussianNB()}
    parts = {name: requesting(part, name == wanted) for name, part in parts.items()}
    ensemble = CNNStackingClassifier(
        [("bayes", parts.pop("bayes"))], **parts, cv=2, random_state=0
    ).fit(X, y, sample_weight=weights)
    priors = {
        "bayes": ensemble.estimators_[0]["bayes"].class_prior_,
        "final_estimator": ensemble.final_estimator_.class_prior_,
    }
    for name, prior in priors.items():
        assert (prior[5:].sum() > 0.8) == (name == wanted)
    of_network = ensemble.networks_[0].predict_proba(X)
    parts["network"] = requesting(network(), False)
    alike = clone(ensemble).set_params(network=parts["network"])
    alike.set_params(bayes=requesting(GaussianNB())).fit(X, y, sample_weight=weights)
    same = np.array_equal(alike.networks_[0].predict_proba(X), of_network)
    assert same == (wanted != "network")


def test_both_parts_of_virtual_support_vectors_have_weights_if_they_request_them(
    data, weights, routing
):
    X, y, _ = data
    scaler = requesting(StandardScaler())
    pipeline = make_pipeline(scaler, requesting(SVC(), False))
    ensemble = VirtualSVC(pipeline).fit(X, y, sample_weight=weights)
    expected = StandardScaler().fit(X, y, weights).mean_
    np.testing.assert_allclose(ensemble.estimator_[0].mean_, expected)
    plain = VirtualSVC(make_pipeline(clone(scaler), SVC()))
    with pytest.raises(UnsetMetadataPassedError, match=r"SVC\.fit"):
        plain.fit(X, y, sample_weight=weights)


def test_weights_that_no_part_takes_are_refused(data, weights, routing):
    X, y, _ = data
    with pytest.raises(TypeError, match="sample_weight"):
        CommitteeClassifier(KNeighborsClassifier()).fit(X, y, sample_weight=weights)


@pytest.mark.parametrize("ensemble", [CommitteeClassifier(), CNNStackingClassifier()])
def test_parts_by_default_take_weights(ensemble, routing):
    assert get_routing_for_object(ensemble).consumes("fit", ["sample_weight"])


def test_a_search_routes_weights_to_the_parts(data, weights, routing):
    X, y, _ = data
    ensemble = CNNStackingClassifier(
        [("bayes", requesting(GaussianNB()))],
        requesting(GaussianNB()),
        network=requesting(network()),
        cv=2,
        random_state=0,
    ).set_score_request(sample_weight=False)
    search = GridSearchCV(ensemble, {"network__epochs": [1]}, cv=2)
    search.fit(X, y, sample_weight=weights)
    assert search.best_estimator_.final_estimator_.class_prior_[5:].sum() > 0.8


# -- callbacks ---------------------------------------------------------------------------


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("refit", [False, True])
def test_a_progress_bar_shows_the_folds_and_the_epochs_of_their_networks(
    n_jobs, refit, data, capfd
):
    X, y, X_test = data
    progress = ProgressBar(max_propagation_depth=None)
    watched = stack(n_jobs=n_jobs, refit=refit).set_callbacks(progress).fit(X, y)
    out = capfd.readouterr().out
    assert "100%" in out
    for shown in ("CNNStackingClassifier", "CNNFeatures", "DNNClassifier"):
        assert shown in out
    assert ("refit" in out) == refit
    alone = stack(refit=refit).fit(X, y)
    np.testing.assert_array_equal(watched.predict_proba(X_test), alone.predict_proba(X_test))


def test_a_progress_bar_shows_the_fits_of_virtual_support_vectors(data, capfd):
    X, y, _ = data
    features = CNNFeatures(network(random_state=0))
    ensemble = VirtualSVC(make_pipeline(features, SVC()))
    ensemble.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(X, y)
    out = capfd.readouterr().out
    for shown in ("VirtualSVC", "transformers | Pipeline", "CNNFeatures", "DNNClassifier"):
        assert shown in out


@of_all()
def test_a_scoring_monitor_records_the_whole_fit(make, data):
    X, y, _ = data
    monitor = ScoringMonitor(scoring="accuracy")
    watched = make().set_callbacks(monitor).fit(X, y)
    ends = [row for row in monitor.get_logs().data if row["task_name"] == "fit"]
    assert ends[-1]["accuracy"] == pytest.approx(watched.score(X, y))


def test_features_report_the_training_of_their_network(data, capfd):
    X, y, _ = data
    features = CNNFeatures(network(random_state=0)).set_callbacks(ProgressBar())
    features.fit(X, y)
    out = capfd.readouterr().out
    assert "CNNFeatures" in out
    assert "DNNClassifier" in out
    frozen = CNNFeatures(FrozenEstimator(features.classifier_)).set_callbacks(ProgressBar())
    assert np.array_equal(frozen.fit(X, y).transform(X), features.transform(X))
