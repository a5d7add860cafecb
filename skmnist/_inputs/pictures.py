"""Pictures as users have them, files, images of Pillow and arrays, decoded to arrays of uint8."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from numbers import Integral
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmnist._inputs.pixels import background_of_each
from skmnist._utils.errors import shown, unknown_name

if TYPE_CHECKING:
    from PIL import Image

MODES = ("grey", "RGB")
RESIZES = ("pad", "crop", "stretch")

# What Pillow recognises, but decodes by running other programs or not at all.
_NOT_DECODED = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
# A JPEG file that is far larger than needed is decoded at an eighth, a quarter or half of its size,
# still at least this many times as large as needed.
_MARGIN = 3
_ORIENTATION = 0x0112  # the tag in EXIF
_PATHS = (str, PathLike)


class PictureFormat(NamedTuple):
    """What every picture is converted to.

    Parameters
    ----------
    mode : {"grey", "RGB"}
        One channel or three.
    size : tuple (height, width) or None
        None leaves every picture as large as it is.
    resize : {"pad", "crop", "stretch"}
        How a picture of other proportions gets this size.
    """

    mode: str = "grey"
    size: tuple[int, int] | None = None
    resize: str = "pad"

    @classmethod
    def checked(cls, mode: Any, size: Any, resize: Any) -> "PictureFormat":
        """Return the format that a user describes.

        Parameters
        ----------
        mode, resize : str
            As for the class.
        size : int, tuple (height, width) or None
            A single number is the height and the width.

        Returns
        -------
        picture_format : PictureFormat

        Raises
        ------
        ValueError
            If one of them is unknown or out of range.

        Examples
        --------
        >>> from skmnist._inputs.pictures import PictureFormat
        >>> PictureFormat.checked("grey", 28, "pad").size
        (28, 28)
        """
        if mode not in MODES:
            # Pillow's and Keras's names.
            hint = {"L": "grey", "gray": "grey", "grayscale": "grey", "rgb": "RGB"}.get(str(mode))
            meant = f"write {hint!r}" if hint else f"expected one of {', '.join(map(repr, MODES))}"
            raise ValueError(f"mode={shown(mode)} is unknown; {meant}.")
        if resize not in RESIZES:
            raise unknown_name("resize", resize, RESIZES)
        return cls(mode, None if size is None else _checked_size(size), resize)


def _checked_size(size: Any) -> tuple[int, int]:
    sides = size if isinstance(size, tuple | list) else (size, size)
    if len(sides) != 2 or not all(isinstance(side, Integral) and int(side) > 0 for side in sides):
        raise ValueError(
            f"size={shown(size)}; expected the side of a square or (height, width), in pixels, "
            "whole numbers of at least 1, or None."
        )
    return int(sides[0]), int(sides[1])


def read_picture(
    source: Any,
    *,
    mode: str = "grey",
    size: tuple[int, int] | None = None,
    resize: str = "pad",
    name: str | None = None,
) -> NDArray[np.uint8]:
    """Decode one picture.

    Parameters
    ----------
    source : path, bytes, binary file, PIL image or array
        The picture. Bytes are the content of a file. An array has the shape (height, width) or
        (height, width, channels), with 1 channel, 3, or another one for the opacity. Its values
        are bool, of 8 or 16 bits, or numbers from 0 to 1 or from 0 to 255.
    mode, size, resize
        As for `PictureFormat`.
    name : str or None, default=None
        The name of the picture in errors; None is its path.

    Returns
    -------
    picture : ndarray of shape (height, width) or (height, width, 3), uint8

    Raises
    ------
    OSError
        If there is no such file, or it can't be opened.
    ValueError
        If it can't be decoded. Both errors name the file.
    TypeError
        If `source` isn't a picture.

    Notes
    -----
    The orientation in a file's EXIF data is applied.  Transparent pictures are laid on white.
    16 bits are scaled to 8.  Of several frames or pages, the first one is read.  Grey is the luma
    of ITU-R BT.601, as in Pillow.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.pictures import read_picture
    >>> line = np.array([[0, 0, 0], [255, 255, 255]], np.uint8)
    >>> read_picture(line, size=(4, 4), resize="stretch")[:, 0].tolist()
    [0, 64, 191, 255]
    """
    name = name_of(source) if name is None else name
    known = _known(source)
    try:
        with _opened(known, size) as image:
            return _resized(_flat(upright(image), mode), size, resize)
    except (MemoryError, FileNotFoundError, IsADirectoryError, PermissionError):
        raise
    # Plugins of Pillow raise whatever they run into in a damaged file.
    except Exception as error:
        raise ValueError(f"{name} can't be read as a picture: {_reason(error)}") from error


def name_of(source: Any) -> str:
    """Return the name of a picture for errors: its path if it has one."""
    if isinstance(source, _PATHS):
        return fspath(source) or "''"
    path = getattr(source, "filename", None) or getattr(source, "name", None)
    return path if isinstance(path, str) else f"the {type(source).__name__}"


@cache
def formats() -> list[str]:
    """Return the names of the formats that Pillow decodes itself, the usual ones first."""
    from PIL import Image

    Image.init()
    usual = ["JPEG", "PNG"]
    return usual + sorted(Image.OPEN.keys() - _NOT_DECODED - {*usual})


@cache
def extensions() -> frozenset[str]:
    """Return the endings of file names of pictures, in lower case: ".jpg", ".png", and so on.

    Examples
    --------
    >>> from skmnist._inputs.pictures import extensions
    >>> ".jpg" in extensions(), ".pdf" in extensions()
    (True, False)
    """
    from PIL import Image

    endings = Image.registered_extensions()
    return frozenset(ending for ending, kind in endings.items() if kind in formats())


# -- from a source to an image of Pillow ---------------------------------------------------


def _known(source: Any) -> Any:
    """Return an image of Pillow, an array, or what Pillow can open."""
    from PIL import Image

    if isinstance(source, Image.Image):
        return source
    if isinstance(source, bytes | bytearray):
        return BytesIO(source)
    if isinstance(source, _PATHS):
        return fspath(source)
    if hasattr(source, "read") and hasattr(source, "seek"):
        source.seek(0)  # it may have been read before
        return source
    if hasattr(source, "__array__"):
        return np.asarray(source)
    raise TypeError(
        f"{shown(source)} is not a picture; expected a path, the bytes of a file, an open binary "
        "file, an image of Pillow, or an array (height, width[, channels])."
    )


@contextmanager
def _opened(known: Any, size: tuple[int, int] | None) -> Iterator["Image.Image"]:
    from PIL import Image

    if isinstance(known, Image.Image):
        known.load()
        yield known
    elif isinstance(known, np.ndarray):
        yield _from_array(known)
    else:
        with Image.open(known, formats=formats()) as image:
            _check_is_no_bomb(image)
            if size is not None:
                image.draft(None, (_MARGIN * max(size), _MARGIN * max(size)))
            image.load()
            yield image


def _check_is_no_bomb(image: "Image.Image") -> None:
    from PIL import Image

    most, n_pixels = Image.MAX_IMAGE_PIXELS, image.width * image.height
    if most is not None and n_pixels > most:
        raise ValueError(
            f"it has {image.width:,} x {image.height:,} pixels, over Pillow's limit of {most:,}, "
            "and may be an attack by decompression. If you trust it, set "
            "PIL.Image.MAX_IMAGE_PIXELS higher."
        )


def _from_array(values: NDArray[Any]) -> "Image.Image":
    from PIL import Image

    channels = values.shape[2] if values.ndim == 3 else 1
    if values.ndim not in (2, 3) or channels not in (1, 2, 3, 4) or 0 in values.shape:
        raise ValueError(
            f"its shape is {values.shape}; expected (height, width) or (height, width, channels), "
            "with 1 or 3 channels, and one more for the opacity."
        )
    pixels = in_8_bits(values)
    return Image.fromarray(
        np.ascontiguousarray(pixels[..., 0] if values.shape[2:] == (1,) else pixels)
    )


def in_8_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale the values of a picture to 0 to 255.

    Parameters
    ----------
    values : ndarray
        Of any real dtype.

    Returns
    -------
    scaled : ndarray of the same shape, uint8
        False and True become 0 and 255; 65,535 of uint16, and 1 of floating numbers that are all
        from 0 to 1, become 255. Other numbers are rounded.

    Raises
    ------
    ValueError
        If a value is out of these ranges.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist._inputs.pictures import in_8_bits
    >>> in_8_bits(np.array([0, 256, 65535], np.uint16)).tolist(), in_8_bits(np.ones(1)).tolist()
    ([0, 1, 255], [255])
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind == "b":
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return np.rint(values / 257).astype(np.uint8)
    if values.dtype.kind not in "iuf":
        raise ValueError(f"its dtype is {values.dtype}; expected real numbers.")
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 255):
        raise ValueError(
            f"it has values from {low:g} to {high:g}; expected 0 to 255, floating numbers from 0 "
            "to 1, or uint16 for 16 bits."
        )
    is_fraction = values.dtype.kind == "f" and high <= 1
    return np.rint(values * 255.0 if is_fraction else values).astype(np.uint8)


# -- from one image to another ---------------------------------------------------------------


def upright(image: "Image.Image") -> "Image.Image":
    """Turn a picture as the camera was held, according to its EXIF data.

    Pillow's ``exif_transpose`` also writes these data anew, which fails if they are damaged.

    Examples
    --------
    >>> from PIL import Image
    >>> from skmnist._inputs.pictures import upright
    >>> image = Image.new("L", (40, 30))
    >>> image.getexif()[0x0112] = 6
    >>> upright(image).size
    (30, 40)
    """
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(image.getexif().get(_ORIENTATION, 1))
    return image if turn is None else image.transpose(turn)


def _flat(image: "Image.Image", mode: str) -> "Image.Image":
    """Convert to 8 bits in grey or RGB, without transparency."""
    from PIL import Image

    if image.mode == "I" or image.mode.startswith("I;16"):
        image = _of_16_bits(image)
    elif image.mode == "F":
        image = Image.fromarray(in_8_bits(np.asarray(image)))
    elif image.mode == "LAB":  # Pillow makes nothing else of it
        image = image.convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    return image.convert("L" if mode == "grey" else "RGB")


def _of_16_bits(image: "Image.Image") -> "Image.Image":
    from PIL import Image

    values = np.asarray(image)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise ValueError(f"it has values from {low:,} to {high:,}; expected 16 bits, 0 to 65,535.")
    return Image.fromarray(in_8_bits(values.astype(np.uint16)))


def _resized(image: "Image.Image", size: tuple[int, int] | None, resize: str) -> NDArray[np.uint8]:
    from PIL import ImageOps
    from PIL.Image import Resampling

    if size is None or (image.height, image.width) == size:
        return np.array(image)
    height, width = size
    if resize == "stretch":
        return np.array(image.resize((width, height), Resampling.BILINEAR))
    if resize == "crop":
        return np.array(ImageOps.fit(image, (width, height), Resampling.BILINEAR))
    scale = min(height / image.height, width / image.width)
    inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return _centred(np.array(image.resize(inner, Resampling.BILINEAR)), height, width)


def _centred(picture: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Put a picture into the middle of a larger one, which is filled with its border's median."""
    channels = picture.shape[2:]
    centred = np.empty((height, width, *channels), np.uint8)
    of_border = background_of_each(picture.reshape(1, *picture.shape[:2], -1))
    centred[:] = of_border.reshape(channels)
    top, left = (height - picture.shape[0]) // 2, (width - picture.shape[1]) // 2
    centred[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return centred


def _reason(error: Exception) -> str:
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "it is no file of a format that Pillow decodes, or it is damaged."
    return str(error) or type(error).__name__
