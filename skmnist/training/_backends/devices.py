"""Where JAX's arrays lie: on one device, or on all devices of a distribution of Keras."""

import warnings
from typing import Any

import jax
import jax.numpy as jnp
from numpy.typing import ArrayLike

from skmnist._utils.backend import distribution
from skmnist._utils.errors import depth_of_this_package


class Devices:
    """JAX's default device, or those that compute a batch together.

    All of them hold the variables and the data; each computes its part of a batch, and the gradient
    is the mean over all, which the compiler sees to.

    Parameters
    ----------
    found : keras.distribution.DataParallel or None
        None is the default device.

    Examples
    --------
    >>> from skmnist.training._backends.devices import Devices
    >>> Devices(None).n
    1
    """

    def __init__(self, found: Any) -> None:
        self.n = 1
        if found is None:
            return
        mesh = found.device_mesh.backend_mesh
        spec = jax.sharding.PartitionSpec
        self.n = mesh.shape[found.batch_dim_name]
        self._all = jax.sharding.NamedSharding(mesh, spec())
        self._parts = jax.sharding.NamedSharding(mesh, spec(found.batch_dim_name))

    @classmethod
    def current(cls) -> "Devices":
        """Return those of the distribution that the user has set."""
        return cls(distribution())

    def on_each(self, values: ArrayLike, dtype: Any = None) -> jax.Array:
        """Return values as an array that each device holds."""
        array = jnp.asarray(values, dtype)
        return array if self.n == 1 else jax.device_put(array, self._all)

    def same(self, values: Any) -> Any:
        """Have each device hold all arrays, in compiled code."""
        return values if self.n == 1 else jax.lax.with_sharding_constraint(values, self._all)

    def divided(self, batch: Any) -> Any:
        """Divide a batch among the devices, in compiled code; each has all of it if it can't be."""
        if self.n == 1 or len(batch) % self.n:
            return batch
        return jax.lax.with_sharding_constraint(batch, self._parts)

    def check_divide(self, batch_size: int) -> None:
        """Warn if batches of a size can't be divided.

        Warns
        -----
        UserWarning
            Each device would compute whole batches.
        """
        if batch_size % self.n:
            warnings.warn(
                f"batch_size={batch_size} can't be divided by {self.n} devices, so each of them "
                "computes whole batches, and nothing is gained. Set batch_size to a multiple of "
                f"{self.n}.",
                UserWarning,
                stacklevel=depth_of_this_package(),
            )
