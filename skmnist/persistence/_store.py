"""What belongs to an estimator's JSON in a file: users' models, networks and arrays."""

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from skmnist.classifiers import CNNFeatures, PretrainedFeatures
from skmnist.classifiers._network_estimator import NetworkEstimator
from skmnist.persistence._models import Models

HasNetwork = NetworkEstimator | PretrainedFeatures


class Store:
    """Gathers what is written besides the JSON, or has what was read.

    Parameters
    ----------
    encode, decode : callable
        Make values for JSON of an object of this package inside one of scikit-learn's, or None for
        other objects, and the object of such values; both take the object or the values, its place
        and the store.
    models : Models, default=None
        The users' functions and models.
    tensors : mapping of str to ndarray, default=None
        The arrays that were read.

    Attributes
    ----------
    networks : dict of str to estimator
        Those whose variables are tensors, by their places: prefixes of the tensors' names.
    features : list of CNNFeatures
        Those that are completed when the networks have their variables.
    arrays : dict of str to ndarray
        The arrays to write, by the names of their tensors.
    taken : set of str
        Names of the tensors that were read as arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from skmnist.persistence._store import Store
    >>> store = Store(print, print, tensors={"scikit-learn/0/0": np.arange(3)})
    >>> store.take("scikit-learn/0/0")
    array([0, 1, 2])
    """

    def __init__(
        self,
        encode: Callable[..., Any],
        decode: Callable[..., Any],
        *,
        models: Models | None = None,
        tensors: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        self.encode, self.decode = encode, decode
        self.models = Models() if models is None else models
        self.networks: dict[str, HasNetwork] = {}
        self.features: list[CNNFeatures] = []
        self.arrays: dict[str, NDArray[Any]] = {}
        self.taken: set[str] = set()
        self.n_archives = 0
        self._tensors = {} if tensors is None else tensors

    def add_archive(self) -> int:
        """Return the number of another archive of scikit-learn's objects."""
        self.n_archives += 1
        return self.n_archives - 1

    def take(self, name: str) -> NDArray[Any]:
        """Return an array that was read, once: a file's arrays together are as large as the file.

        Raises
        ------
        ValueError
            If there is no such array, or it was taken before.
        """
        if name in self.taken or name not in self._tensors:
            raise ValueError(f"tensor {name} is missing, or is used twice.")
        self.taken.add(name)
        return self._tensors[name]
