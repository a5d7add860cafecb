"""One picture, in whatever form and format, to an array of uint8."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms
from sklearn.datasets import load_sample_image

from skmnist._inputs.pictures import PictureFormat, extensions, formats, read_picture

PHOTO = Image.fromarray(load_sample_image("china.jpg")[:120, :160])
GREY = PHOTO.convert("L")
RGB_OF_GREY = np.asarray(GREY.convert("RGB"))


def file_of(image, kind="PNG", **settings):
    file = io.BytesIO()
    image.save(file, kind, **settings)
    return file.getvalue()


def distance(picture, expected):
    assert picture.dtype == np.uint8
    assert picture.shape == np.shape(expected)
    return np.abs(picture.astype(float) - expected).mean()


# Forms of a picture


def test_a_path_bytes_a_file_an_image_and_an_array_are_the_same_picture(tmp_path):
    path = tmp_path / "ein Foto, ü 写真.png"
    GREY.save(path)
    pixels = np.asarray(GREY)
    with path.open("rb") as file:
        file.read(10)  # another reader may have moved on in it
        files = [path, str(path), path.read_bytes(), bytearray(path.read_bytes()), file]
        for source in [*files, GREY, Image.open(path), pixels, pixels[..., None], pixels[:, ::1]]:
            np.testing.assert_array_equal(read_picture(source), pixels)
            np.testing.assert_array_equal(read_picture(source, mode="RGB"), RGB_OF_GREY)


def test_a_given_image_and_array_are_not_changed():
    image, pixels = PHOTO.copy(), np.asarray(PHOTO).copy()
    for source in (image, pixels):
        picture = read_picture(source, mode="RGB")
        picture[:] = 0
    assert image == PHOTO
    assert np.array_equal(pixels, np.asarray(PHOTO))


@pytest.mark.parametrize("source", [None, 3, float("nan"), {"path": "a.png"}, ["a.png"]])
def test_anything_else_is_refused(source):
    with pytest.raises(TypeError, match="is not a picture; expected a path"):
        read_picture(source)


# Values


@pytest.mark.parametrize(
    "pixels",
    [
        np.asarray(GREY) > 100,
        np.asarray(GREY).astype(np.uint16) * 257,
        (np.asarray(GREY).astype(np.uint16) * 257).astype(">u2"),
        np.asarray(GREY) / 255,
        (np.asarray(GREY) / 255).astype(np.float16),
        np.asarray(GREY).astype(np.float64),
        np.asarray(GREY).astype(np.int64),
    ],
    ids=["bool", "uint16", "big-endian", "fractions", "half", "floats", "integers"],
)
def test_arrays_of_any_dtype_are_scaled_to_255(pixels):
    expected = np.where(pixels, 255, 0) if pixels.dtype == bool else np.asarray(GREY)
    np.testing.assert_array_equal(read_picture(pixels), expected)


@pytest.mark.parametrize(
    ("pixels", "problem"),
    [
        (np.full((2, 2), -1), "has values from -1 to -1"),
        (np.full((2, 2), 1000), "has values from 1000 to 1000; expected 0 to 255"),
        (np.full((2, 2), np.nan), "has values from nan"),
        (np.full((2, 2), 1j), "dtype is complex128"),
        (np.full((2, 2), "a"), "dtype is <U1"),
        (np.zeros((3, 20, 30)), r"shape is \(3, 20, 30\); expected \(height, width\)"),
        (np.zeros((0, 3)), r"shape is \(0, 3\)"),
        (np.zeros(3), r"shape is \(3,\)"),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(pixels, problem):
    with pytest.raises(ValueError, match=rf"X\[7\] can't be read as a picture: its? {problem}"):
        read_picture(pixels, name="X[7]")


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "HSV", "F"])
def test_every_mode_of_pillow_is_read(mode):
    image = PHOTO.convert(mode)
    for wanted, name in (("grey", "L"), ("RGB", "RGB")):
        expected = np.asarray(image.convert("RGB" if mode != "F" else "L").convert(name))
        assert distance(read_picture(image, mode=wanted), expected) < 1


def test_lab_is_read():
    spaces = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(PHOTO, *spaces, outputMode="LAB")
    assert distance(read_picture(lab, mode="RGB"), np.asarray(PHOTO)) < 1
    assert distance(read_picture(lab), np.asarray(GREY)) < 1


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_files_of_16_bits_are_scaled(kind):
    values = np.asarray(GREY).astype(np.uint16) * 257
    file = file_of(Image.fromarray(values), kind)
    np.testing.assert_array_equal(read_picture(file), np.asarray(GREY))


def test_files_of_floating_numbers_and_of_32_bits_are_scaled_or_refused():
    fractions = Image.fromarray((np.asarray(GREY) / 255).astype(np.float32))
    np.testing.assert_array_equal(read_picture(file_of(fractions, "TIFF")), np.asarray(GREY))
    wide = Image.fromarray(np.full((4, 4), 100_000, np.int32))
    with pytest.raises(ValueError, match="from 100,000 to 100,000; expected 16 bits"):
        read_picture(file_of(wide, "TIFF"))


def test_what_is_transparent_is_white():
    opacity = Image.new("L", (2, 1), 0)
    opacity.putpixel((1, 0), 255)
    black = Image.new("RGB", (2, 1), "black")
    black.putalpha(opacity)
    of_palette = Image.new("P", (2, 1), 0)
    of_palette.putpalette([10, 10, 10, 0, 0, 0])
    of_palette.putpixel((1, 0), 1)
    sources = [
        black,
        black.convert("LA"),
        np.asarray(black),
        np.asarray(black.convert("LA")),
        file_of(black),
        file_of(of_palette, transparency=0),
        file_of(of_palette, "GIF", transparency=0),
    ]
    for source in sources:
        assert read_picture(source).tolist() == [[255, 0]]
        assert read_picture(source, mode="RGB").tolist() == [[[255] * 3, [0] * 3]]


def test_the_first_of_several_frames_is_read():
    frames = [Image.new("L", (3, 2), value) for value in (10, 200)]
    for kind in ("GIF", "TIFF", "PNG"):
        file = file_of(frames[0], kind, save_all=True, append_images=frames[1:])
        assert read_picture(file).tolist() == [[10] * 3] * 2


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize(
    ("orientation", "turned"),
    [
        (1, lambda pixels: pixels),
        (2, np.fliplr),
        (3, lambda pixels: np.rot90(pixels, 2)),
        (4, np.flipud),
        (5, lambda pixels: pixels.swapaxes(0, 1)),
        (6, lambda pixels: np.rot90(pixels, -1)),
        (7, lambda pixels: np.rot90(pixels.swapaxes(0, 1), 2)),
        (8, np.rot90),
        (77, lambda pixels: pixels),
    ],
)
def test_pictures_are_turned_as_exif_says(kind, orientation, turned):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = file_of(PHOTO, kind, exif=exif)
    assert distance(read_picture(file, mode="RGB"), turned(np.asarray(PHOTO))) < 4


# Sizes


def test_padding_keeps_proportions_and_continues_the_border():
    wide = np.full((20, 40), 200, np.uint8)
    wide[8:12, 10:30] = 0
    picture = read_picture(wide, size=(10, 10))
    assert (picture[[0, 1, -2, -1]] == 200).all()
    np.testing.assert_array_equal(picture[2:7], read_picture(wide, size=(5, 10), resize="stretch"))
    colour = np.broadcast_to(np.array([255, 0, 100], np.uint8), (30, 10, 3))
    assert (read_picture(colour, mode="RGB", size=(9, 9)) == [255, 0, 100]).all()


def test_cropping_cuts_both_sides_alike():
    wide = np.zeros((10, 30), np.uint8)
    wide[:, 10:20] = 255
    assert (read_picture(wide, size=(5, 5), resize="crop")[:, 1:-1] == 255).all()
    assert (read_picture(wide.T, size=(5, 5), resize="crop")[1:-1] == 255).all()


@pytest.mark.parametrize("resize", ["pad", "crop", "stretch"])
def test_shrinking_averages_and_the_same_size_changes_nothing(resize):
    fine = np.indices((64, 64)).sum(axis=0) % 2 * np.uint8(255)
    small = read_picture(fine, size=(8, 8), resize=resize)
    assert np.abs(small[1:-1, 1:-1] - 127.5).max() <= 4
    np.testing.assert_array_equal(read_picture(fine, size=(64, 64), resize=resize), fine)
    assert read_picture(fine[:1, :1], size=(3, 5), resize=resize).tolist() == [[0] * 5] * 3
    assert read_picture(fine[:1], size=(3, 5), resize=resize).shape == (3, 5)


def test_a_large_jpeg_file_is_decoded_at_a_fraction_of_its_size():
    large = Image.fromarray(load_sample_image("flower.jpg"))
    file = file_of(large, "JPEG", quality=95)
    picture = read_picture(file, mode="RGB", size=(20, 30))
    whole = read_picture(Image.open(io.BytesIO(file)), mode="RGB", size=(20, 30))
    assert 0 < distance(picture, whole) < 2


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"mode": "L"}, "mode='L' is unknown; write 'grey'"),
        ({"mode": "grayscale"}, "mode='grayscale' is unknown; write 'grey'"),
        ({"mode": "rgb"}, "mode='rgb' is unknown; write 'RGB'"),
        ({"mode": "CMYK"}, "expected one of 'grey', 'RGB'"),
        ({"resize": "padd"}, "did you mean 'pad'"),
        ({"size": 0}, "size=0; expected the side of a square"),
        ({"size": (28, 28, 3)}, r"size=\(28, 28, 3\); expected"),
        ({"size": 2.5}, "size=2.5; expected"),
        ({"size": (28, "28")}, "expected the side"),
    ],
)
def test_unknown_settings_are_refused_with_the_right_name(settings, problem):
    with pytest.raises(ValueError, match=problem):
        PictureFormat.checked(**{"mode": "grey", "size": 28, "resize": "pad"} | settings)


# Bad files


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.png"):
        read_picture(tmp_path / "nowhere.png")
    with pytest.raises(IsADirectoryError, match=tmp_path.name):
        read_picture(tmp_path)
    with pytest.raises(ValueError, match="null byte"):
        read_picture("a\0.png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
def test_damaged_and_truncated_files_are_named(kind, tmp_path):
    whole, path = file_of(PHOTO, kind), tmp_path / "broken.img"
    for content in (b"", b"no picture", whole[: len(whole) // 2], whole[:20], whole[20:]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"broken.img can't be read as a picture: \w"):
            read_picture(path)


def test_bombs_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "bomb.png"
    Image.new("1", (200, 100)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 15_000)
    with pytest.raises(ValueError, match=r"bomb.png can't be read as a picture: .*20000 pixels"):
        read_picture(path)
    # As for users, who see Pillow's warning.
    with (
        pytest.warns(Image.DecompressionBombWarning),
        pytest.raises(ValueError, match=r"bomb.png .*200 x 100 pixels, over Pillow's limit of 15,"),
    ):
        read_picture(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5_000)
    with pytest.raises(ValueError, match=r"bomb.png can't be read as a picture: .*20000 pixels"):
        read_picture(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert read_picture(path).shape == (100, 200)


def test_no_program_is_run_to_decode_a_file():
    assert {"EPS", "WMF"}.isdisjoint(formats())
    with pytest.raises(ValueError, match="no file of a format that Pillow decodes"):
        read_picture(file_of(GREY, "EPS"))


def test_endings_are_those_of_formats_that_are_decoded():
    assert {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".webp"} <= extensions()
    assert {".eps", ".pdf", ".mpg", ".h5", ".txt"}.isdisjoint(extensions())


def test_damaged_orientation_does_not_hide_a_picture():
    exif = b"Exif\0\0II*\0" + struct.pack("<IHHHI", 8, 1, 0x0112, 3, 1) + b"\x06"
    with pytest.warns(UserWarning, match="Corrupt EXIF data"):
        picture = read_picture(file_of(PHOTO, "JPEG", exif=exif))
    assert picture.shape == (120, 160)
