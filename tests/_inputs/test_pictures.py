"""One picture, in whatever form and format, to an array of uint8."""

import io

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

from skmnist._inputs.pictures import read_picture

PHOTO = Image.fromarray(load_sample_image("china.jpg")[:300, :400])
GREY = PHOTO.convert("L")


def encoded(image, **settings):
    file = io.BytesIO()
    image.save(file, **settings)
    return file.getvalue()


def read(source, **settings):
    return read_picture(source, **settings)


# Forms of a picture


def test_a_path_bytes_a_file_an_image_and_an_array_are_the_same_picture(tmp_path):
    path = tmp_path / "ein Foto, ü 写真.png"
    GREY.save(path)
    with path.open("rb") as file:
        file.read(10)
        forms = [path, str(path), path.read_bytes(), file, GREY, Image.open(path)]
        for form in [*forms, np.asarray(GREY), np.asarray(GREY)[..., None]]:
            picture = read(form)
            assert picture.dtype == np.uint8
            np.testing.assert_array_equal(picture, np.asarray(GREY))
