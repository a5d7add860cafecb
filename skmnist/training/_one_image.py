"""A network for one image alone, whose output has the same bits as in a batch.

TensorFlow computes a single row or image by other routines than a batch, which sum in another
order; for a convolution the routine even depends on what the process has computed before.
A product of matrices is cheap to fill up with rows of zeros, as most of its time goes to reading
the weights.  A convolution is not, so its image is cut into two halves, which are a batch of two.
"""

from collections.abc import Callable, Iterator
from typing import Any

from skmnist._utils.backend import load_keras
from skmnist.networks._layers import CHANNELS_LAST

Call = Callable[..., Any]


def take_one_image(network: Any, n_rows: int) -> Any:
    """Change how a network's layers compute one image.

    Parameters
    ----------
    network : keras.Model
        Changed in place, so it should be used for nothing else.
    n_rows : int
        The smallest number of rows that are multiplied as many rows are.

    Returns
    -------
    network : keras.Model
        The same object.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.networks import lenet5
    >>> from skmnist.training._one_image import take_one_image
    >>> image, network = np.ones((1, 28, 28, 1)), lenet5((28, 28, 1), n_outputs=10)
    >>> expected = network(image)
    >>> np.allclose(take_one_image(network, 4)(image), expected, rtol=1e-4)
    True
    """
    layers = load_keras().layers
    for layer in _innermost(network):
        if isinstance(layer, layers.Dense):
            layer.call = _filled_up(layer.call, n_rows)
        elif hasattr(layer, "kernel_size"):
            layer.call = _halved(layer) if _is_dense(layer) else _filled_up(layer.call, 2)
    return network


def _innermost(network: Any) -> Iterator[Any]:
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from _innermost(layer)
        else:
            yield layer


def _filled_up(call: Call, n: int) -> Call:
    """Return the call of a layer with zeros added, up to a batch of `n`."""
    ops = load_keras().ops

    def filled_up(values: Any, *arguments: Any, **keywords: Any) -> Any:
        zeros = [(0, n - 1), *[(0, 0)] * (len(values.shape) - 1)]
        return call(ops.pad(values, zeros), *arguments, **keywords)[:1]

    return filled_up


def _is_dense(layer: Any) -> bool:
    """Return whether a layer is a convolution that uses every pixel around every pixel."""
    if not isinstance(layer, load_keras().layers.Conv2D):
        return False
    each = {*layer.strides, *layer.dilation_rate}
    return each == {1} and layer.data_format == CHANNELS_LAST and layer.padding in _MARGINS


_MARGINS: dict[str, Callable[[int], tuple[int, int]]] = {
    "valid": lambda size: (0, 0),
    "same": lambda size: ((size - 1) // 2, size // 2),
}


def _halved(layer: Any) -> Call:
    """Return the call of a convolution that computes the two halves of the image as a batch."""
    ops, call, height = load_keras().ops, layer.call, layer.kernel_size[0]
    margins = [(0, 0), *map(_MARGINS[layer.padding], layer.kernel_size), (0, 0)]
    layer.padding = "valid"

    def halved(image: Any) -> Any:
        image = ops.pad(image, margins)
        whole = image.shape[1] - height + 1
        half = -(-whole // 2)
        seen = half + height - 1
        upper, lower = ops.split(call(ops.concatenate([image[:, :seen], image[:, -seen:]])), 2)
        return ops.concatenate([upper, lower[:, 2 * half - whole :]], axis=1)

    return halved
