"""Rows and images: views of the same pixels."""

import numpy as np
import pytest

from skmnist._inputs.images import (
    as_images,
    as_rows,
    find_image_shape,
    native_pixels,
)


@pytest.mark.parametrize(
    ("shape", "image_shape"),
    [((5, 4, 6), (4, 6, 1)), ((5, 4, 6, 3), (4, 6, 3)), ((5, 4, 6, 1), (4, 6, 1))],
)
def test_images_become_rows_without_a_copy(shape, image_shape):
    X = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    rows, seen = as_rows(X)
    assert seen == image_shape
    assert rows.shape == (5, np.prod(image_shape))
    assert rows.dtype == np.uint8
    assert np.shares_memory(rows, X)


def test_rows_stay_the_object_that_came():
    X = np.zeros((5, 24))
    rows, seen = as_rows(X)
    assert rows is X
    assert seen is None


def test_a_data_frame_stays_the_object_that_came():
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame({"a": [0, 1], "b": [2, 3]})
    rows, seen = as_rows(X)
    assert rows is X
    assert seen is None


def test_lists_of_images_become_rows():
    rows, seen = as_rows([[[0, 1], [2, 3]], [[4, 5], [6, 7]]])
    assert seen == (2, 2, 1)
    assert rows.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_lists_of_arrays_become_rows():
    rows, seen = as_rows([np.ones((2, 3)), np.zeros((2, 3))])
    assert seen == (2, 3, 1)
    assert rows.tolist() == [[1] * 6, [0] * 6]


def test_lists_of_rows_stay_the_object_that_came():
    X = [[0, 1], [2, 3]]
    rows, seen = as_rows(X)
    assert rows is X
    assert seen is None


def test_no_images_at_all_still_have_a_shape():
    rows, seen = as_rows(np.zeros((0, 8, 8)))
    assert rows.shape == (0, 64)
    assert seen == (8, 8, 1)


def test_five_dimensions_are_refused_with_their_shape_named():
    with pytest.raises(ValueError, match=r"X has 5 dimensions, shape \(2, 3, 4, 5, 6\)"):
        as_rows(np.zeros((2, 3, 4, 5, 6)))


def test_rows_become_images_without_a_copy():
    rows = np.arange(48, dtype=np.uint8).reshape(2, 24)
    images = as_images(rows, (4, 3, 2))
    assert images.shape == (2, 4, 3, 2)
    assert images.dtype == np.uint8
    assert np.shares_memory(images, rows)


def test_rows_and_images_are_each_others_inverse():
    X = np.arange(2 * 4 * 3 * 2).reshape(2, 4, 3, 2)
    rows, seen = as_rows(X)
    assert np.array_equal(as_images(rows, seen), X)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", "float32", "float64", "bool"])
def test_pixels_in_a_usual_format_are_not_copied(dtype):
    rows = np.zeros((2, 4), dtype)
    assert native_pixels(rows) is rows


@pytest.mark.parametrize("dtype", ["f4", "f8", "u2", "i4"])
def test_pixels_in_foreign_byte_order_keep_their_values(dtype):
    rows = np.arange(8, dtype=np.dtype(dtype).newbyteorder("S")).reshape(2, 4)
    native = native_pixels(rows)
    assert native.dtype == np.dtype(dtype)
    assert native.dtype.isnative
    assert np.array_equal(native, rows)


def test_pixels_of_extended_precision_become_float64():
    native = native_pixels(np.arange(4, dtype=np.longdouble).reshape(2, 2))
    assert native.dtype == np.float64
    assert native.tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize(
    ("n_features", "wanted", "seen", "expected"),
    [
        (784, None, None, (28, 28, 1)),
        (30, None, None, (1, 30, 1)),
        (1, None, None, (1, 1, 1)),
        (30, (5, 6), None, (5, 6, 1)),
        (30, (5, 3, 2), None, (5, 3, 2)),
        (30, None, (3, 5, 2), (3, 5, 2)),
        (30, (3, 5, 2), (3, 5, 2), (3, 5, 2)),
        (30, (3, 10), (3, 10, 1), (3, 10, 1)),
        # A square would be found, but what the images say goes first.
        (64, None, (4, 16, 1), (4, 16, 1)),
    ],
)
def test_the_image_is_what_is_wanted_else_seen_else_a_square_else_a_line(
    n_features, wanted, seen, expected
):
    assert find_image_shape(n_features, wanted, seen) == expected


def test_a_wanted_shape_of_other_size_is_refused():
    with pytest.raises(ValueError, match=r"image_shape=\(5, 5, 1\) has 25 pixels, but X has 30"):
        find_image_shape(30, (5, 5), None)


def test_a_wanted_shape_that_contradicts_the_images_is_refused():
    with pytest.raises(ValueError, match=r"image_shape=\(5, 6, 1\), but X holds .*\(6, 5, 1\)"):
        find_image_shape(30, (5, 6), (6, 5, 1))


@pytest.mark.parametrize("wanted", [(64,), (8, 8, 1, 1), (), (-8, -8), (8.0, 8.0), ("8", "8")])
def test_a_wanted_shape_that_is_no_image_is_refused_by_name(wanted):
    with pytest.raises((ValueError, TypeError), match="image_shape"):
        find_image_shape(64, wanted, None)
