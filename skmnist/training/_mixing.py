"""Mixup: images, and what is known of them, mixed with those of other images of the batch."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skmnist._utils.backend import load_keras


class Mixing(NamedTuple):
    """How the samples of a batch are mixed.

    Parameters
    ----------
    partners : tensor of shape (n,), int32
        For each sample, the place in the batch of the one that it is mixed with.
    shares : tensor of shape (n,), float32
        Each sample's own share, 1/2 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.training._mixing import Mixing
    >>> mixing = Mixing.of(np.array([[1, 0.75], [0, 0.5]], np.float32))
    >>> np.asarray(mixing.mixed(np.array([[0.0], [8.0]], np.float32))).tolist()
    [[2.0], [4.0]]
    """

    partners: Any
    shares: Any

    @classmethod
    def of(cls, columns: Any) -> "Mixing":
        """Return the mixing of two columns that `draw_mixing` returned."""
        return cls(load_keras().ops.cast(columns[:, 0], "int32"), columns[:, 1])

    def mixed(self, values: Any) -> Any:
        """Return the mixtures of samples' values, of any shape (n, ...)."""
        own, others = self.parts(values)
        return own + others

    def parts(self, values: Any) -> tuple[Any, Any]:
        """Return each sample's values times its share, and the rest of the mixture."""
        ops = load_keras().ops
        shares = ops.cast(self.shares, values.dtype)
        shares = ops.reshape(shares, (-1, *(1 for _ in values.shape[1:])))
        return shares * values, (1 - shares) * self.of_partners(values)

    def of_partners(self, values: Any) -> Any:
        """Return the values of the samples that each one is mixed with."""
        return load_keras().ops.take(values, self.partners, axis=0)


def draw_mixing(rng: np.random.Generator, n: int, batch_size: int, alpha: float) -> NDArray[Any]:
    """Draw how samples are mixed within their batches.

    Parameters
    ----------
    rng : numpy.random.Generator
        The source of randomness.
    n : int
        Number of samples.
    batch_size : int
        Size of all batches but the last.
    alpha : float
        Both parameters of the Beta distribution of the shares.

    Returns
    -------
    columns : ndarray of shape (n, 2)
        For each sample its partner's place in the batch, such that each sample of a batch is the
        partner of one; and its own share, the larger one of the two.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.training._mixing import draw_mixing
    >>> partners = draw_mixing(np.random.default_rng(0), 5, 3, 1.0)[:, 0]
    >>> sorted(partners[:3].tolist()), sorted(partners[3:].tolist())
    ([0.0, 1.0, 2.0], [0.0, 1.0])
    """
    size = min(batch_size, n)
    keys = np.full((-(-n // size), size), np.inf)  # infinity sorts what a last batch lacks last
    keys.ravel()[:n] = rng.random(n)
    shares = rng.beta(alpha, alpha, n)
    return np.stack([keys.argsort(axis=1).ravel()[:n], np.maximum(shares, 1 - shares)], axis=1)
