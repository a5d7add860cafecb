"""Every estimator check of scikit-learn, over every estimator."""

import re
from unittest import SkipTest

import pytest
from public_estimators import MINI_BATCHES, NEVER_TRAINED, PUBLIC_ESTIMATORS, build
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    check_do_not_raise_errors_in_init_or_set_params,
    check_estimator_cloneable,
    check_estimator_repr,
    check_estimator_tags_renamed,
    check_get_params_invariance,
    check_mixin_order,
    check_no_attributes_set_in_init,
    check_param_validation,
    check_parameters_default_constructible,
    check_set_params,
    check_valid_tag_types,
    estimator_checks_generator,
    parametrize_with_checks,
)

import skmnist
from skmnist import CNNClassifier
from skmnist.preprocessing import HOG

OF_NUMBERS = [
    estimator for estimator in PUBLIC_ESTIMATORS if get_tags(estimator).input_tags.two_d_array
]
OF_TEXTS = [estimator for estimator in PUBLIC_ESTIMATORS if estimator not in OF_NUMBERS]


def name_of(value):
    return getattr(value, "__name__", type(value).__name__)


def is_estimator(value):
    return isinstance(value, type) and hasattr(value, "fit") and hasattr(value, "get_params")


def test_every_public_estimator_is_checked():
    named = [getattr(skmnist, name) for name in skmnist.__all__]
    packages = [value for value in named if hasattr(value, "__path__")]
    public = [*named, *(getattr(package, name) for package in packages for name in package.__all__)]
    expected = {value for value in public if is_estimator(value)}
    assert {type(estimator) for estimator in PUBLIC_ESTIMATORS} | NEVER_TRAINED == expected


def without_addresses(parametrized):
    """Name the checks of estimators with functions the same in each process of pytest-xdist."""
    mark = parametrized.mark
    named = mark.kwargs["ids"]
    return pytest.mark.parametrize(
        *mark.args, ids=lambda value: re.sub("at0x[0-9a-f]+", "", named(value))
    )


@without_addresses(
    parametrize_with_checks(OF_NUMBERS, expected_failed_checks=PUBLIC_ESTIMATORS.__getitem__)
)
def test_estimator_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", OF_NUMBERS, ids=name_of)
@pytest.mark.parametrize(
    "check", [check_dataframe_column_names_consistency, check_param_validation], ids=name_of
)
def test_a_check_that_scikit_learn_does_not_yield_by_itself(estimator, check):
    if check is check_param_validation and getattr(estimator, "model", None) is build:
        pytest.xfail("The function's arguments are the user's: the class has no limits for them.")
    check(type(estimator).__name__, estimator)


@pytest.mark.parametrize("estimator", OF_TEXTS, ids=name_of)
@pytest.mark.parametrize(
    "check",
    [
        check_do_not_raise_errors_in_init_or_set_params,
        check_estimator_cloneable,
        check_estimator_repr,
        check_estimator_tags_renamed,
        check_get_params_invariance,
        check_mixin_order,
        check_no_attributes_set_in_init,
        check_param_validation,
        check_parameters_default_constructible,
        check_set_params,
        check_valid_tag_types,
    ],
    ids=name_of,
)
def test_a_check_that_needs_no_numbers(estimator, check):
    check(type(estimator).__name__, estimator)


TOO_SMALL = [
    (HOG(), {}, r"A block has 24 x 24 pixels, but an image of X only \d+ x \d+"),
    (
        CNNClassifier(conv_blocks=[4], epochs=2),
        MINI_BATCHES,
        "kernel of block 1, . x 3 pixels, does not fit",
    ),
]


@pytest.mark.parametrize(
    ("estimator", "expected_failures", "too_small"),
    TOO_SMALL,
    ids=["HOG", "CNN without padding"],
)
def test_no_estimator_check_fails_but_on_images_that_are_too_small(
    estimator, expected_failures, too_small
):
    passed, errors = set(), {}
    for estimator_, check in estimator_checks_generator(
        estimator, mark="skip", expected_failed_checks=expected_failures
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
