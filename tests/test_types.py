"""What an editor and a type checker see of the public names; mypy reads this file too."""

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

import skmnist
from skmnist import Augmentation, CNNClassifier, ConvBlock, DNNClassifier, compare, knn
from skmnist.comparison import ComparisonResult
from skmnist.preprocessing import Deskew


def test_a_classifier_keeps_its_type_through_fit() -> None:
    X, y = load_digits(return_X_y=True)
    classifier = DNNClassifier(hidden_units=(4,), epochs=1, random_state=0)
    assert_type(classifier, DNNClassifier)
    fitted = classifier.fit(X[:100], y[:100])
    assert_type(fitted, DNNClassifier)
    assert fitted is classifier
    probabilities = fitted.predict_proba(X[:2])
    assert_type(probabilities, NDArray[Any])
    assert isinstance(probabilities, np.ndarray)
    assert_type(fitted.history_, dict[str, list[float]])
    assert_type(fitted.summary(), str)


def test_constructors_have_the_types_of_their_parameters() -> None:
    classifier = CNNClassifier(
        conv_blocks=[8, ConvBlock(16, pool="max")], epochs=3, augmentation=Augmentation(shift=0.1)
    )
    assert_type(classifier, CNNClassifier)
    assert classifier.epochs == 3


def test_values_and_functions_have_types_too() -> None:
    images = load_digits().images[:20]
    deskew = Deskew().fit(images)
    assert_type(deskew, Deskew)
    result = compare({"knn": knn()}, cv=2, verbose=0)
    assert_type(result, ComparisonResult)
    assert_type(skmnist.list_recipes(), list[str])
    assert [row["classifier"] for row in result.rows] == ["knn"]


def test_a_data_set_is_a_pair_of_pairs() -> None:
    def loaded() -> Any:
        (X_train, y_train), (X_test, y_test) = skmnist.fetch_mnist()
        assert_type(X_train, NDArray[Any])
        assert_type(y_test, NDArray[Any])
        assert_type(skmnist.fetch_kmnist()[0][0], NDArray[Any])
        assert_type(skmnist.fetch_emnist("letters", as_bunch=False)[1][1], NDArray[Any])
        return X_test, y_train

    assert callable(loaded)  # not called: for the type checker alone
