"""Every network computes the same in ONNX Runtime and in LiteRT as here."""

import numpy as np
import onnx
import pytest
from exporting_networks import NETWORKS, as_fitted, targets
from sklearn.base import clone

from skmnist import export, load_exported

N = 1000


@pytest.fixture(scope="module", params=NETWORKS)
def network(request, digits):
    X, _, y, _ = digits
    classifier, kind = NETWORKS[request.param]
    return as_fitted(clone(classifier), X[:200], targets(kind, y[:200]))


@pytest.fixture(scope="module")
def expected(network, digits):
    return network.predict_proba(digits[0][:N]), network.predict(digits[0][:N])


@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
def test_exported_networks_give_the_same_answers(network, expected, digits, suffix, tmp_path):
    path = tmp_path / f"network{suffix}"
    export(network, path)
    exported, X = load_exported(path), digits[0][:N]
    probabilities, labels = expected
    np.testing.assert_allclose(exported.predict_proba(X), probabilities, rtol=0, atol=1e-5)
    # Two classes may be as probable as each other, but for rounding.
    assert (exported.predict(X) == labels).mean() > 0.998
    assert exported.predict(X).dtype == labels.dtype
    np.testing.assert_array_equal(exported.classes_, network.classes_)
    assert exported.classes_.dtype == network.classes_.dtype
    if suffix == ".onnx":
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        assert {each.domain: each.version for each in model.opset_import}[""] == 18
        assert not any(each.external_data for each in model.graph.initializer)
