"""Work that is spread over a cluster by Dask."""

from skmnist.clusters._dask import dask_client

__all__ = ["dask_client"]
