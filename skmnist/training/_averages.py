"""Moving averages that are unbiased after any number of steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from skmnist._utils.backend import load_keras
from skmnist.networks._layers import all_layers


@contextmanager
def corrected_averages(
    network: Any, optimizer: Any, iterations: Any, earlier_steps: Any
) -> Iterator[None]:
    """Lower the momentum in a training step, so that averages lose their initial values.

    Batch normalisation's mean and variance start at 0 and 1 in Keras: with a momentum of 0.99,
    these still have a weight of 0.37 after 100 steps.  As in Adam [1]_, the averages are corrected
    for that: within this context the momentum is ``min(momentum, t / (t + 9))``, where t is the
    number of previous steps.  The first batch's statistics replace the initial values; then the
    average's horizon is a tenth of the steps taken, so that it belongs to recent weights, as it
    should [2]_; after ``9 * momentum / (1 - momentum)`` steps the momentum is the layer's own.  The
    optimizer's average of the weights (EMA) is corrected in the same way.  Training doesn't read
    these averages, so the weights are the same.

    Parameters
    ----------
    network : keras.Model
        The network that is trained.
    optimizer : keras.optimizers.Optimizer
        Its optimizer.
    iterations : tensor or keras.Variable of shape (), int
        Number of steps that the optimizer has taken.
    earlier_steps : tensor or float
        Number of steps that the network was trained before this optimizer's first; infinity if
        they were not counted.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    .. [2] Y. Wu and J. Johnson, "Rethinking 'Batch' in BatchNorm", arXiv:2105.07576, 2021.

    Examples
    --------
    >>> from skmnist._utils.backend import load_keras
    >>> from skmnist.training._averages import corrected_averages
    >>> keras = load_keras()
    >>> norm = keras.layers.BatchNormalization()
    >>> network = keras.Sequential([keras.Input((1,)), norm])
    >>> with corrected_averages(network, keras.optimizers.SGD(), 0, 0.0):
    ...     outputs = network(keras.ops.convert_to_tensor([[4.0], [8.0]]), training=True)
    >>> norm.moving_mean.numpy().tolist(), norm.moving_variance.numpy().tolist(), norm.momentum
    ([6.0], [4.0], 0.99)
    """
    ops = load_keras().ops
    norms = _batch_normalisations(network)
    of_norms, of_weights = [norm.momentum for norm in norms], optimizer.ema_momentum
    for norm in norms:
        taken = ops.cast(iterations, norm.variable_dtype) + ops.cast(
            earlier_steps, norm.variable_dtype
        )
        norm.momentum = _at_most(norm.momentum, taken)
    # If the averaged weights regularly overwrite the weights, training does read them.
    if optimizer.use_ema and not optimizer.ema_overwrite_frequency:
        dtype = network.trainable_variables[0].dtype
        optimizer.ema_momentum = _at_most(optimizer.ema_momentum, ops.cast(iterations, dtype))
    try:
        yield
    finally:
        for norm, momentum in zip(norms, of_norms, strict=True):
            norm.momentum = momentum
        optimizer.ema_momentum = of_weights


def _batch_normalisations(network: Any) -> list[Any]:
    kind = load_keras().layers.BatchNormalization
    return [layer for layer in all_layers(network) if isinstance(layer, kind)]


def _at_most(momentum: float, steps: Any) -> Any:
    return load_keras().ops.minimum(momentum, 1 - 9 / (steps + 9))
