"""What a pretrained backbone takes: three channels, and pixels as those that it was trained on."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from skmnist._utils.backend import load_keras
from skmnist.networks._layers import CHANNELS_LAST

# The mean colour of ImageNet and its deviation, RGB, as fractions of the pixels' range.
_MEAN, _STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


@dataclass(frozen=True)
class Preparation:
    """What pixels from 0 to 1 are converted to: ``scale * pixels + offset``.

    Parameters
    ----------
    scale, offset : tuple of float
        A number for each channel, after the change of their order.
    bgr : bool, default=False
        Whether the channels' order is blue, green, red.
    """

    scale: tuple[float, ...]
    offset: tuple[float, ...]
    bgr: bool = False

    @classmethod
    def of(cls, scale: Any, offset: Any, *, bgr: bool = False) -> "Preparation":
        """Return the preparation of three channels, each number one for all or one for each.

        Examples
        --------
        >>> from skmnist.networks._backbone_inputs import Preparation
        >>> Preparation.of(2.0, -1.0)
        Preparation(scale=(2.0, 2.0, 2.0), offset=(-1.0, -1.0, -1.0), bgr=False)
        """
        scale, offset = (np.broadcast_to(values, 3).tolist() for values in (scale, offset))
        return cls(tuple(scale), tuple(offset), bgr)


# By Keras's names of these modes, where it has one.
PREPARATIONS: dict[str, Preparation] = {
    # From 0 to 255, minus ImageNet's mean colour.
    "caffe": Preparation.of(255.0, [-103.939, -116.779, -123.68], bgr=True),
    # What the first layers of Keras's network do with ImageNet's weights. They come after this, and
    # divide by 255 and do nothing else, see `load_backbone`.
    "efficientnet": Preparation.of(255 / _STD, -255 * _MEAN / _STD),
    "raw": Preparation.of(255.0, 0.0),
    "scale": Preparation.of(1.0, 0.0),
    "tf": Preparation.of(2.0, -1.0),
    "torch": Preparation.of(1 / _STD, -_MEAN / _STD),
}


def resized(images: Any, sides: tuple[int, int], dtype: str) -> Any:
    """Bring images to a size, bilinearly, smoothed where they get smaller."""
    if tuple(images.shape[1:3]) == sides:
        return images
    return load_keras().layers.Resizing(
        *sides, antialias=True, data_format=CHANNELS_LAST, dtype=dtype, name="resize"
    )(images)


def preprocessed(images: Any, preparation: Preparation, dtype: str, n_channels: int = 3) -> Any:
    """Give images the channels that a backbone takes, and convert pixels from 0 to 1.

    Parameters
    ----------
    images : keras.KerasTensor of shape (n, height, width, channels)
        Images; a single channel is repeated.
    preparation : Preparation
        What the pixels are converted to.
    dtype : str
        In which it is computed.
    n_channels : int, default=3
        The backbone's channels.

    Returns
    -------
    prepared : keras.KerasTensor of shape (n, height, width, n_channels)

    Raises
    ------
    ValueError
        If the images have another number of channels.
    """
    keras, x = load_keras(), images
    channels = images.shape[-1]
    if channels not in (1, n_channels):
        three = " or 3 (red, green, blue), as a pretrained backbone takes colour images"
        raise ValueError(
            f"images of {channels} channels; expected 1 (grey)"
            f"{three if n_channels == 3 else ', as this backbone takes grey images'}."
        )
    if channels < n_channels:
        x = keras.layers.Concatenate(dtype=dtype, name="three_channels")([x] * n_channels)
    elif preparation.bgr:
        x = keras.ops.flip(x, axis=-1)
    if preparation == PREPARATIONS["scale"]:
        return x
    # With three axes, the last one is always the channels, whatever the user's data format.
    scale, offset = (
        np.reshape(values[:n_channels], (1, 1, n_channels)).tolist()
        for values in (preparation.scale, preparation.offset)
    )
    return keras.layers.Rescaling(scale, offset, dtype=dtype, name="preprocess")(x)
