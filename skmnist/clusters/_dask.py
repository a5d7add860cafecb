"""A client of Dask whose data outlive the workers that hold them."""

from typing import Any


def dask_client(address: Any = None, **settings: Any) -> Any:
    """Connect to a Dask cluster such that joblib's work on it survives the loss of workers.

    With the client returned, ``joblib.parallel_config("dask")`` runs searches, committees, stacks
    and :func:`skmnist.compare` on the cluster.

    Parameters
    ----------
    address : str, cluster or None, default=None
        A scheduler's address, such as ``"tcp://10.0.0.1:8786"``, or a cluster object, such as
        ``dask.distributed.LocalCluster``; None starts a local cluster.
    **settings : objects
        Further parameters of ``dask.distributed.Client``.

    Returns
    -------
    client : dask.distributed.Client
        The current client, until it is closed or another one is made.

    Raises
    ------
    ImportError
        If Dask isn't installed: ``pip install "skmnist[dask]"``.

    Notes
    -----
    joblib scatters the arrays that its tasks share: each is sent to one worker, and from there to
    the workers that need it. Of a plain client, they are lost with the last worker that has a copy,
    and the whole search ends with ``FutureCancelledError``; copies on all workers
    (``broadcast=True``) don't help, as Dask's memory manager removes those that no running task
    needs. With this client the arrays are results of tasks, which the scheduler repeats on another
    worker. For that, it keeps a copy of them in its memory.

    The work of a task that is itself divided into tasks, as in a search over committees, is
    scattered by the worker's own client, which is a plain one.

    Examples
    --------
    >>> from dask.distributed import LocalCluster
    >>> from joblib import parallel_config
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import cross_val_score
    >>> from skmnist import knn
    >>> from skmnist.clusters import dask_client
    >>> X, y = load_digits(return_X_y=True)
    >>> cluster = LocalCluster(n_workers=1, processes=False, dashboard_address=":0")
    >>> with cluster, dask_client(cluster), parallel_config("dask"):
    ...     scores = cross_val_score(knn(), X, y)
    >>> bool(scores.mean() > 0.95)
    True
    """
    try:
        from skmnist.clusters._lasting import LastingClient
    except ImportError as error:
        raise ImportError(
            f'dask_client needs Dask ({error}): pip install "skmnist[dask]".'
        ) from error
    return LastingClient(address, **settings)
