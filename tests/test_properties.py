"""What holds for any value: what is written to a file comes back from it as it was."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

from skmnist import DNNClassifier, load, read_idx, save
from skmnist._utils.tensor_files import finite_number
from skmnist.networks import ConvBlock
from skmnist.persistence._labels import decoded_labels, encoded_labels
from skmnist.persistence._models import Models
from skmnist.persistence._parameters import decoded, encoded
from skmnist.training import Augmentation, Cosine, OneCycle, Optimizer, Plateau

# The same examples in every run, and no file of earlier failures.
SETTINGS = {
    "derandomize": True,
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],  # overwrite the same file
}
IDX_CODES = {"u1": 0x08, "i1": 0x09, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}

finite = st.floats(allow_nan=False, allow_infinity=False)
fractions = st.floats(0.0, 1.0, exclude_max=True)
plain = st.none() | st.booleans() | st.integers() | finite | st.text()
objects = (
    st.builds(Augmentation, shift=fractions, rotation=st.floats(0.0, 30.0))
    | st.builds(ConvBlock, st.integers(1, 2**40), pool=st.sampled_from([None, "max"]))
    | st.builds(OneCycle, peak=st.floats(0.1, 0.9))
    | st.builds(Plateau, patience=st.integers(1, 100))
    | st.just(Cosine())
    | st.builds(Optimizer, st.just("adam"), beta_1=fractions)
)
values = st.recursive(
    plain | objects,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)
labels = st.one_of(
    hnp.arrays(dtype, st.integers(2, 9), unique=True)
    for dtype in (np.int8, np.uint64, np.int64, np.bool_)
) | st.lists(st.text(st.characters(exclude_characters="\0")), min_size=2, max_size=9, unique=True)


def through_json(value):
    """As in a file."""
    return json.loads(json.dumps(value, allow_nan=False), parse_float=finite_number)


@settings(max_examples=150, **SETTINGS)
@given(values)
def test_parameters_come_back_with_their_types(value):
    models = Models()
    again = decoded(through_json(encoded(value, models)), models)
    assert again == value
    assert repr(again) == repr(value)


@settings(max_examples=200, **SETTINGS)
@given(labels)
def test_labels_come_back_with_their_type(values):
    classes = np.unique(values)
    again = decoded_labels(through_json(encoded_labels(classes)))
    assert_array_equal(again, classes)
    assert again.dtype == classes.dtype


@settings(max_examples=200, **SETTINGS)
@given(st.data(), st.sampled_from(list(IDX_CODES)), st.booleans())
def test_an_array_that_was_written_as_idx_is_read_to_the_bit(tmp_path, data, dtype, compress):
    shape = hnp.array_shapes(min_dims=1, max_dims=5, min_side=1, max_side=5)
    array = data.draw(hnp.arrays(np.dtype(dtype), shape))
    sizes = b"".join(size.to_bytes(4) for size in array.shape)
    content = bytes([0, 0, IDX_CODES[dtype], array.ndim]) + sizes + array.tobytes()
    (tmp_path / "file").write_bytes(gzip.compress(content) if compress else content)
    again = read_idx(tmp_path / "file")
    assert (again.dtype, again.shape) == (array.dtype.newbyteorder("="), array.shape)
    assert again.astype(dtype).tobytes() == array.tobytes()


@settings(max_examples=300, **SETTINGS)
@given(st.binary(max_size=40), st.booleans())
def test_any_other_bytes_are_no_idx_file(tmp_path, content, compress):
    (tmp_path / "file").write_bytes(gzip.compress(content) if compress else content)
    is_idx = content[:2] == b"\0\0" and content[2:3] in map(
        bytes, [[c] for c in IDX_CODES.values()]
    )
    try:
        array = read_idx(tmp_path / "file")
    except ValueError:
        return
    assert is_idx
    assert 4 + 4 * array.ndim + array.nbytes == len(content)


@pytest.fixture(scope="module")
def classifier(digits):
    return DNNClassifier(hidden_units=(4,), epochs=1, random_state=0).fit(
        digits[0][:60], digits[2][:60]
    )


@settings(max_examples=25, **SETTINGS)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "learning_rate": st.floats(1e-9, 1e9),
            "epochs": st.integers(1, 10**9),
            "batch_size": st.none() | st.integers(1, 10**6),
            "class_weight": st.dictionaries(st.integers(0, 9), st.floats(0.0, 10.0)),
            "label_smoothing": st.floats(0.0, 0.9),
            "schedule": objects.filter(lambda one: isinstance(one, OneCycle | Plateau | Cosine)),
            "metrics": st.none() | st.lists(st.sampled_from(["accuracy", "mse"]), unique=True),
            "random_state": st.none() | st.integers(0, 2**32 - 1),
            "warm_start": st.booleans(),
        },
    )
)
def test_a_saved_classifier_has_its_parameters_and_predictions(
    classifier, digits, tmp_path, parameters
):
    before = classifier.get_params()
    try:
        classifier.set_params(**parameters)
        save(classifier, tmp_path / "file")
        again = load(tmp_path / "file")
        assert again.get_params() == classifier.get_params()
        assert_array_equal(again.predict_proba(digits[1]), classifier.predict_proba(digits[1]))
    finally:
        classifier.set_params(**before)
