"""A subclass of Dask's client, apart because its base is imported from an extra."""

from typing import Any
from uuid import uuid4

import dask
from dask.distributed import Client


class LastingClient(Client):
    """A client whose `scatter` keeps what it sends; see `dask_client`."""

    def scatter(
        self, data: Any, *args: Any, asynchronous: bool | None = None, **kwargs: Any
    ) -> Any:
        """Send objects to the cluster as results of tasks, which can be repeated.

        The tasks run where Dask decides: all other parameters of ``Client.scatter`` are ignored.

        Parameters
        ----------
        data : list, tuple, dict or object
            The objects, or a single one.
        asynchronous : bool or None, default=None
            Whether to return something to await, as joblib does on the client's own event loop.

        Returns
        -------
        futures : list, tuple, dict or Future
            Like `data`.
        """
        if isinstance(data, dict):
            futures: Any = {name: self._sent(each) for name, each in data.items()}
        elif isinstance(data, list | tuple):
            futures = type(data)(self._sent(each) for each in data)
        else:
            futures = self._sent(data)
        return _awaitable(futures) if asynchronous else futures

    def _sent(self, data: Any) -> Any:
        # A large graph is meant here: Dask advises to scatter instead.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PiB"}):
            return self.submit(_itself, data, key=f"{type(data).__name__}-{uuid4().hex}")


async def _awaitable(futures: Any) -> Any:
    return futures


def _itself(data: Any) -> Any:
    return data
