"""MNIST: verified, cached, never incomplete."""

from skmnist.datasets._published import OF_THE_CONTENT, OR_READ_IDX, Published, open_idx
from skmnist.datasets._signature import Home, Loaded, fetcher

_DESCRIPTION = """\
MNIST: handwritten digits
-------------------------
60,000 training and 10,000 test images of the ten digits, 28 x 28 pixels of 8 bits, white (255) on
black (0), size-normalised and centred by their mass, in the original order.

Yann LeCun and Corinna Cortes hold the copyright of MNIST, which they and Christopher J.C. Burges
derived from NIST's Special Databases 1 and 3. It is available under the terms of the Creative
Commons Attribution-Share Alike 3.0 licence (CC BY-SA 3.0).

Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86(11), 2278-2324, 1998.
"""

_MNIST = Published(
    folder="mnist",
    title="MNIST",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://systemds.apache.org/assets/datasets/mnist/",
    ),
    # Of the uncompressed content, as mirrors may compress it differently.
    md5_of={
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
    open=open_idx,
    target_names="0123456789",
    description=_DESCRIPTION,
    suffixes=(".gz", ""),
    top_folder=True,
    advice=OF_THE_CONTENT + OR_READ_IDX,
)


@fetcher
def fetch_mnist(
    *,
    data_home: Home = None,
    download_if_missing: bool = True,
    as_bunch: bool = False,
    verbose: int = 1,
) -> Loaded:
    """Load MNIST from disk or, if it is missing, from the web.

    Each of the four files is looked for in the folder that the environment variable
    ``SKMNIST_DATA`` names (in its subfolder ``mnist`` or directly in it), then in the cache
    ``<data_home>/skmnist/mnist``, gzip or plain. What is missing is downloaded into the cache, from
    the first of several mirrors that has it. Every file is verified by the checksum of its content
    before it is used, wherever it came from, and a damaged file in the cache is downloaded again.
    Several processes may fetch at the same time.

    Parameters
    ----------
    %(parameters)s

    Returns
    -------
    (X_train, y_train), (X_test, y_test) : tuples of ndarray
        ``X_train`` of shape (60000, 28, 28) and ``X_test`` of shape (10000, 28, 28) are uint8
        images, white (255) on black (0). ``y_train`` of shape (60000,) and ``y_test`` of shape
        (10000,) are uint8 labels, 0 to 9. All are writable and in the original order.
    bunch : :class:`~sklearn.utils.Bunch`
        Only if `as_bunch`: ``X_train``, ``y_train``, ``X_test`` and ``y_test`` as above, plus
        ``target_names``, an ndarray of ten strings, and ``DESCR``, the description and licence.

    Raises
    ------
    OSError
        If a file is missing and `download_if_missing` is False, or no mirror delivered it. The
        message gives each mirror's failure and what to do.
    ValueError
        If a file in the folder that ``SKMNIST_DATA`` names is not MNIST's.

    Notes
    -----
    Yann LeCun and Corinna Cortes hold the copyright of MNIST, made with Christopher J.C. Burges. It
    is licensed under CC BY-SA 3.0.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86(11), 2278-2324, 1998.

    Examples
    --------
    >>> from skmnist import fetch_mnist
    >>> (X_train, y_train), (X_test, y_test) = fetch_mnist()  # doctest: +SKIP
    >>> X_train.shape, X_test.shape  # doctest: +SKIP
    ((60000, 28, 28), (10000, 28, 28))
    """
    return _MNIST.fetch(data_home, download_if_missing, as_bunch, verbose)
