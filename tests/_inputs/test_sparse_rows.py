"""Sparse rows: what is learned from them, and what is read of them, is that of dense ones."""

import numpy as np
import pytest
from scipy import sparse

from skmnist import DNNClassifier
from skmnist._inputs.encoding import ImageEncoding
from skmnist._inputs.images import as_images, native_pixels
from skmnist._inputs.pixels import PixelScaling, find_pixel_scaling
from skmnist._inputs.row_sources import ScaledRows, as_passed, count
from skmnist._inputs.sparse_rows import SparseRows, with_places_once
from skmnist._utils.exceptions import PixelRangeWarning


def pixels_of(kind, X):
    return {
        "as they are": X,
        "inverted": 16 - X.astype(np.int16),
        "signed": X.astype(np.float32) - 3,
        "centred": X - X.mean(axis=0),
        "heavy-tailed": np.where(np.arange(X.size).reshape(X.shape) % 5000, 0, X) * 1.0,
        "bool": X > 8,
        "blank": np.zeros_like(X),
    }[kind]


KINDS = ["as they are", "inverted", "signed", "centred", "heavy-tailed", "bool", "blank"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(8, 8, 1), (4, 4, 4), (1, 64, 1), (64, 1, 1)])
def test_what_is_learned_from_sparse_images_is_that_of_dense_ones(kind, shape, digits):
    dense = pixels_of(kind, digits[0])
    rows = native_pixels(sparse.csr_array(dense))
    assert ImageEncoding.learned(rows, None, shape, "auto") == ImageEncoding.learned(
        dense, None, shape, "auto"
    )


def test_the_scaling_of_many_sparse_rows_is_that_of_dense_ones(mnist):
    X = mnist[0][0][:2500].reshape(2500, -1)
    assert find_pixel_scaling(native_pixels(sparse.csr_array(X))) == PixelScaling(0.0, 255.0)
    centred = X[:, ::20] - X[:, ::20].mean(axis=0)
    of_sparse = find_pixel_scaling(native_pixels(sparse.csr_array(centred)))
    assert of_sparse == find_pixel_scaling(centred)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_read_and_counted_as_dense_ones(kind, digits):
    dense = pixels_of(kind, digits[0])[:50]
    rows = SparseRows(sparse.csr_array(dense))
    images = as_images(rows, (8, 8, 1))
    order = np.array([7, 3, 3, 49], np.int32)
    assert len(rows) == 50
    assert (rows.shape, rows.size, images.ndim) == ((50, 64), dense.size, 4)
    assert np.array_equal(images[order], as_images(dense, (8, 8, 1))[order])
    assert np.array_equal(rows.take(order)[:3], dense[order][:3])
    assert rows[5:8].dtype == rows.dtype == dense.dtype
    assert (rows.min(), rows.max()) == (dense.min(), dense.max())
    assert count(rows, lambda values: values <= 3) == (dense <= 3).sum()
    assert np.array_equal(as_passed(images, order).toarray(), dense[order])


def test_rows_are_scaled_when_they_are_read_and_passed_on_unscaled(digits):
    dense, scaling = digits[0][:50] - 2.0, PixelScaling(-2.0, 16.0)
    rows, divisor = scaling.ready_to_divide(SparseRows(sparse.csr_array(dense)), "float32")
    assert isinstance(rows, ScaledRows)
    assert divisor == 1
    some = np.array([4, 2])
    expected, _ = scaling.ready_to_divide(dense, "float32")
    images = as_images(rows, (8, 8, 1))
    assert images.dtype == np.float32
    assert np.array_equal(images[some], as_images(expected, (8, 8, 1))[some])
    assert np.array_equal(as_passed(images, some).toarray(), dense[some])


def test_places_that_are_stored_twice_are_added_without_a_change_of_the_users_array(digits):
    X, _, y, _ = digits
    X, y = X[:100], y[:100]
    half = sparse.coo_array(X // 2)
    other = sparse.coo_array(X - X // 2)
    stored_twice = sparse.csr_array(sparse.vstack([half, other]))
    rows = np.concatenate([half.coords[0], other.coords[0]])
    columns = np.concatenate([half.coords[1], other.coords[1]])
    order = np.argsort(rows, kind="stable")
    counts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=100))])
    stored_twice = sparse.csr_array(
        (np.concatenate([half.data, other.data])[order], columns[order], counts), shape=X.shape
    )
    assert not stored_twice.has_canonical_format
    before = stored_twice.data.copy()
    classifier = DNNClassifier(hidden_units=(8,), epochs=1, random_state=0)
    fits = [classifier.fit(each, y).predict_proba(each) for each in (X, stored_twice)]
    assert np.array_equal(*fits)
    assert np.array_equal(stored_twice.data, before)
    assert np.array_equal(with_places_once(stored_twice).toarray(), X)


@pytest.mark.parametrize("change", [lambda X: X / 256, lambda X: 16.0 - X], ids=["unit", "ink"])
def test_sparse_pixels_in_another_unit_or_inverted_are_warned_of(change, digits):
    X, X_test, y, _ = digits
    classifier = DNNClassifier(hidden_units=(8,), epochs=1, random_state=0).fit(X * 1.0, y)
    with pytest.warns(PixelRangeWarning) as of_dense:
        classifier.predict(change(X_test))
    with pytest.warns(PixelRangeWarning) as of_sparse:
        classifier.predict(sparse.csr_array(change(X_test)))
    assert str(of_sparse[0].message) == str(of_dense[0].message)
