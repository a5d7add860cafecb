"""Compiled prediction, padded to a few batch sizes; a row's result doesn't depend on its batch."""

import threading
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skmnist._inputs.images import ImageShape, as_images
from skmnist._inputs.pixels import PixelScaling
from skmnist._utils.backend import (
    backend_name,
    check_execution_mode,
    load_keras,
)
from skmnist._utils.caches import Cache
from skmnist._utils.graphs import traced
from skmnist._utils.tensorflow_log import logs_of_tensorflow_held_back
from skmnist.networks._architecture import Architecture
from skmnist.networks._inner import inner_network
from skmnist.training._one_image import take_one_image

_BATCH_SIZES = (16, 128, 512)
_SMALLEST_TRIED = (2, 4)
# A network is compiled for one image alone if single images keep coming.
_CALLS_BEFORE_ALONE = 10

_compiled = Cache(maxsize=16)


class Predictor:
    """A trained network, ready to predict.

    The compiled function is shared by all networks of equal architecture and takes the weights
    as arguments, so prediction is thread-safe.

    Parameters
    ----------
    architecture : Architecture
        The network.
    variables : sequence of ndarray
        The values of all its variables, in Keras's order.
    scaling : PixelScaling
        The scaling of the pixels.
    batch_size : int, default=512
        The largest number of images that are computed at once.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.training._predictor import Predictor
    >>> from skmnist.networks import Architecture, dense_network
    >>> from skmnist._inputs.pixels import PixelScaling
    >>> architecture = Architecture.of(dense_network, input_shape=(2, 2, 1), n_outputs=3)
    >>> weights = [v.numpy() for v in architecture.build(seed=0).variables]
    >>> predictor = Predictor(architecture, weights, PixelScaling(0.0, 255.0))
    >>> predictor.outputs(np.zeros((5, 4)), (2, 2, 1)).shape
    (5, 3)
    """

    def __init__(
        self,
        architecture: Architecture,
        variables: Sequence[NDArray[Any]],
        scaling: PixelScaling,
        batch_size: int = _BATCH_SIZES[-1],
    ) -> None:
        self.architecture = architecture
        self.variables = variables
        self._scaling = scaling
        self._largest_batch = batch_size
        self._loaded: tuple[Any, ...] | None = None
        self._network: Any = None

    def outputs(self, rows: Any, image_shape: ImageShape) -> NDArray[Any]:
        """Return the network's outputs.

        Parameters
        ----------
        rows : ndarray or RowSource of shape (n, n_pixels)
            Pixels of any real dtype, not scaled. A source is read batch by batch.
        image_shape : tuple (height, width, channels)
            The shape of one image.

        Returns
        -------
        outputs : ndarray of shape (n, n_outputs)
        """
        load_keras()  # raises an error in a forked process, where prediction would hang
        check_execution_mode()
        if self._loaded is None:
            self._loaded = self._load()
        functions, dtype, weights = self._loaded
        outputs = np.empty((len(rows), functions.n_outputs), dtype)
        done = 0
        while done < len(rows):
            size = functions.size_for(len(rows) - done, self._largest_batch, weights)
            part, shape = slice(done, done + size), (size, *image_shape)
            computed = functions[size](self._scaled(rows[part], shape, dtype), *weights)
            outputs[part] = np.asarray(computed)[: len(rows) - done]
            done += size
        return outputs

    def _scaled(self, rows: NDArray[Any], shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
        """Return a batch of scaled images, filled up with zeros."""
        batch = np.zeros(shape, dtype)
        self._scaling.apply(as_images(rows, shape[1:]), out=batch[: len(rows)])
        return batch

    def of_layer(self, layer: str | int, pool: str | None) -> "Predictor":
        """Return the predictor whose outputs are those of an inner layer, as rows.

        Parameters
        ----------
        layer : str or int
            The layer's name, its index, or "penultimate".
        pool : {"avg", "max"} or None
            How each feature map is pooled; see `inner_network`.

        Returns
        -------
        predictor : Predictor
            It doesn't compute the layers after that one.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        inner = Architecture.of(
            inner_network, network=self.architecture, layer=layer, pool=pool, dtype=self._dtype
        )
        n_variables = len(_compiled_for(inner).dtypes)
        return Predictor(inner, self.variables[:n_variables], self._scaling)

    @property
    def n_outputs(self) -> int:
        """Number of outputs for each image."""
        return _compiled_for(self.architecture).n_outputs

    @property
    def n_parameters(self) -> int:
        """Number of parameters of the network, including those learned from batch statistics."""
        return sum(value.size for value in self.variables if value.dtype.kind == "f")

    @property
    def network(self) -> Any:
        """The Keras model, built on first access."""
        if self._network is None:
            network = self.architecture.build(seed=0)
            for variable, value in zip(network.variables, self.variables, strict=True):
                variable.assign(value)
            # Keras exports only models that were called; a symbolic call computes nothing.
            network(load_keras().KerasTensor(network.input_shape, network.inputs[0].dtype))
            self._network = network
        return self._network

    def _load(self) -> tuple[Any, ...]:
        functions = _compiled_for(self.architecture)
        tensor = load_keras().ops.convert_to_tensor
        # The seeds of dropout have another dtype on each backend.
        weights = [tensor(v, d) for v, d in zip(self.variables, functions.dtypes, strict=True)]
        return functions, self._dtype, weights

    def __getstate__(self) -> dict[str, Any]:
        # Tensors and the model belong to this process; they are created again when needed.
        return {**vars(self), "_loaded": None, "_network": None}

    @property
    def _dtype(self) -> str:
        dtype = dict(self.architecture.settings).get("dtype")
        return "float64" if dtype == "float64" else "float32"


def _batch_size(n: int, largest: int) -> int:
    sizes = *(size for size in _batch_sizes() if size < largest), largest
    return next((size for size in sizes if size >= n), largest)


@cache
def _batch_sizes() -> tuple[int, ...]:
    """Return the batch sizes that networks are compiled for; the smallest one is found by trial.

    A processor multiplies very small batches by other routines, which sum in another order; what
    counts as small depends on the machine.
    """
    ops = load_keras().ops
    rng = np.random.default_rng(0)
    rows, weights = (rng.random(shape, np.float32) for shape in ((512, 784), (784, 128)))

    def product(size: int) -> NDArray[Any]:
        return ops.convert_to_numpy(ops.matmul(rows[:size], weights))

    together = product(512)
    alike = [n for n in _SMALLEST_TRIED if np.array_equal(product(n), together[:n])]
    return (*(alike or _SMALLEST_TRIED)[:1], *_BATCH_SIZES)


def _compiled_for(architecture: Architecture) -> "_ForEachSize":
    return _compiled.get(architecture, lambda: _ForEachSize(architecture))


class _ForEachSize(dict[int, Callable[..., Any]]):
    """The compiled function of each batch size, compiled on first use."""

    def __init__(self, architecture: Architecture) -> None:
        network = architecture.build(seed=0)
        self.dtypes = [variable.dtype for variable in network.variables]
        self.n_outputs: int = network.output_shape[1]
        self._architecture = architecture
        self._images = network.input_shape[1:], network.outputs[0].dtype
        self._compile = _compiler(network)
        self._lock = threading.Lock()
        self._calls_for_one = 0
        self._computes_one_alone: bool | None = None

    def __missing__(self, size: int) -> Callable[..., Any]:
        with self._lock:
            if size not in self:  # another thread may have compiled it meanwhile
                compiler = self._compile if size > 1 else self._compiler_for_one()
                self[size] = compiler(size)
            return self[size]

    def size_for(self, n: int, largest: int, weights: Sequence[Any]) -> int:
        """Return the batch size for the next of `n` images."""
        size = _batch_size(n, largest)
        if n > 1 or size == 1:
            return size
        self._calls_for_one += 1
        if self._computes_one_alone is None and self._calls_for_one > _CALLS_BEFORE_ALONE:
            tried = _batch_size(_BATCH_SIZES[0], largest)
            self._computes_one_alone = self._one_is_as_among(tried, weights)
        return 1 if self._computes_one_alone else size

    def _compiler_for_one(self) -> Callable[[int], Callable[..., Any]]:
        return _compiler(take_one_image(self._architecture.build(seed=0), _batch_sizes()[0]))

    def _one_is_as_among(self, n: int, weights: Sequence[Any]) -> bool:
        """Return whether images have the same outputs, to the bit, alone and in a batch of `n`."""
        if backend_name() != "tensorflow":
            return False
        shape, dtype = self._images
        images = np.random.default_rng(0).random((n, *shape)).astype(dtype)
        together = np.asarray(self[n](images, *weights))
        try:
            alone = [np.asarray(self[1](image[np.newaxis], *weights)) for image in images]
        except Exception:  # of a layer of the user's own that takes batches only
            return False
        return np.array_equal(np.concatenate(alone), together)


def _compiler(network: Any) -> Callable[[int], Callable[..., Any]]:
    """Return a function that compiles a network for a batch size, on Keras's backend."""
    forward = _forward(network)
    if backend_name() == "tensorflow":
        import tensorflow as tf

        image_shape, dtype = network.input_shape[1:], network.outputs[0].dtype
        weights = [tf.TensorSpec(v.shape, v.dtype) for v in network.variables]

        def compile_for(size: int) -> Callable[..., Any]:
            images = tf.TensorSpec((size, *image_shape), dtype)
            with logs_of_tensorflow_held_back():
                function = traced(forward, images, *weights)
                function(*(tf.zeros(spec.shape, spec.dtype) for spec in (images, *weights)))
            # Calling the function itself takes 0.3 ms more, as Python checks each argument.
            call = partial(tf.raw_ops.PartitionedCall, Tout=[tf.as_dtype(dtype)], f=function)
            # Tensors that a layer keeps, such as the mean of an adapted Normalization.
            kept = tuple(function.captured_inputs)
            return lambda *arguments: call(args=(*arguments, *kept))[0]

        return compile_for
    if backend_name() == "jax":
        import jax

        compiled = jax.jit(forward)
        return lambda size: compiled
    return lambda size: forward


def _forward(network: Any) -> Callable[..., Any]:
    """Return the pure function from images and weights to outputs."""
    where = {id(variable): i for i, variable in enumerate(network.variables)}
    trainable = [where[id(variable)] for variable in network.trainable_variables]
    others = [where[id(variable)] for variable in network.non_trainable_variables]

    def forward(images: Any, *variables: Any) -> Any:
        return network.stateless_call(
            [variables[i] for i in trainable],
            [variables[i] for i in others],
            images,
            training=False,
        )[0]

    return forward
