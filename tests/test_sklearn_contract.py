"""Every estimator check of scikit-learn, over every estimator."""

import re
from unittest import SkipTest

import pytest
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_param_validation,
    estimator_checks_generator,
    parametrize_with_checks,
)

from skmnist import CNNClassifier, DNNClassifier, LeNetClassifier
from skmnist.preprocessing import HOG

# Small networks, enough training for the checks' own accuracy bounds.
ESTIMATORS = [
    DNNClassifier(hidden_units=(16,), dropout=0.0, learning_rate=0.02, epochs=10),
    LeNetClassifier(epochs=10, learning_rate=0.01),
    CNNClassifier(conv_blocks=[{"filters": 8, "padding": "same", "batch_norm": True}], epochs=10),
]


def expected_failures(estimator):
    return {
        "check_sample_weight_equivalence_on_dense_data": (
            "With mini-batches, a row repeated is in several batches and a row weighted is in "
            "one; full-batch training in float64 passes, see below."
        )
    }


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected_failures)
def test_estimator_check(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [
        DNNClassifier(
            hidden_units=(16,),
            dropout=0.0,
            batch_size=None,
            shuffle=False,
            dtype="float64",
            epochs=10,
            learning_rate=0.05,
        )
    ]
)
def test_estimator_check_of_full_batch_training(estimator, check):
    check(estimator)


TOO_SMALL = [
    (HOG(), r"A block has 24 x 24 pixels, but an image of X only \d+ x \d+"),
    (CNNClassifier(conv_blocks=[4], epochs=2), "kernel of block 1, . x 3 pixels, does not fit"),
]


@pytest.mark.parametrize(("estimator", "too_small"), TOO_SMALL, ids=["HOG", "CNN without padding"])
def test_no_estimator_check_fails_but_on_images_that_are_too_small(estimator, too_small):
    passed, errors = set(), {}
    for estimator_, check in estimator_checks_generator(
        estimator, mark="skip", expected_failed_checks=expected_failures(estimator)
    ):
        try:
            check(estimator_)
        except SkipTest:
            continue
        except (ValueError, AssertionError) as error:
            errors[check.func.__name__] = [str(cause) for cause in chain(error)]
        else:
            passed.add(check.func.__name__)
    assert len(passed) > 15
    assert "check_fit_idempotent" in errors
    assert all(any(re.search(too_small, text) for text in texts) for texts in errors.values())


def chain(error):
    """The error and those that it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize(
    "check",
    [check_dataframe_column_names_consistency, check_param_validation],
    ids=lambda check: check.__name__,
)
def test_a_check_that_scikit_learn_does_not_yield_by_itself(estimator, check):
    check(type(estimator).__name__, estimator)
