"""Fashion-MNIST: pictures of clothes, in MNIST's form."""

from skmnist.datasets._published import OF_THE_CONTENT, OR_READ_IDX, Published, open_idx
from skmnist.datasets._signature import Home, Loaded, fetcher

_DESCRIPTION = """\
Fashion-MNIST: articles of clothing
-----------------------------------
60,000 training and 10,000 test images of ten kinds of clothing, 28 x 28 pixels of 8 bits, light
(255) on black (0), 6,000 and 1,000 of each class, in the original order.

Zalando SE holds the copyright. It is available under the MIT licence.

H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
Learning Algorithms", arXiv:1708.07747, 2017. https://github.com/zalandoresearch/fashion-mnist
"""

_FASHION_MNIST = Published(
    folder="fashion_mnist",
    title="Fashion-MNIST",
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    # Of the uncompressed content.
    md5_of={
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
    open=open_idx,
    target_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    description=_DESCRIPTION,
    suffixes=(".gz", ""),
    advice=OF_THE_CONTENT + OR_READ_IDX,
)


@fetcher
def fetch_fashion_mnist(
    *,
    data_home: Home = None,
    download_if_missing: bool = True,
    as_bunch: bool = False,
    verbose: int = 1,
) -> Loaded:
    """Load Fashion-MNIST from disk or, if it is missing, from the web (30 MB).

    Found, downloaded and verified as MNIST is, see :func:`fetch_mnist`: the four files are looked
    for in the subfolder ``fashion_mnist`` of the folder that the environment variable
    ``SKMNIST_DATA`` names, then in the cache ``<data_home>/skmnist/fashion_mnist``, gzip or plain.

    Parameters
    ----------
    %(parameters)s

    Returns
    -------
    (X_train, y_train), (X_test, y_test) : tuples of ndarray
        ``X_train`` of shape (60000, 28, 28) and ``X_test`` of shape (10000, 28, 28) are uint8
        images, light (255) on black (0). ``y_train`` of shape (60000,) and ``y_test`` of shape
        (10000,) are uint8 labels, 0 to 9. In the original order.
    bunch : :class:`~sklearn.utils.Bunch`
        Only if `as_bunch`: ``X_train``, ``y_train``, ``X_test`` and ``y_test`` as above, plus
        ``target_names``, an ndarray of ten strings, and ``DESCR``, the description and licence.

    Raises
    ------
    OSError
        If a file is missing and `download_if_missing` is False, or it could not be downloaded.
        The message gives the reasons and what to do.
    ValueError
        If a file in the folder that ``SKMNIST_DATA`` names is not the published one, such as
        the same images in another order; :func:`read_idx` reads these.

    Notes
    -----
    Zalando SE holds the copyright of Fashion-MNIST. It is licensed under the MIT licence.

    References
    ----------
    H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking
    Machine Learning Algorithms", arXiv:1708.07747, 2017.

    Examples
    --------
    >>> from skmnist import fetch_fashion_mnist
    >>> clothes = fetch_fashion_mnist(as_bunch=True)  # doctest: +SKIP
    >>> clothes.target_names[clothes.y_train[0]]  # doctest: +SKIP
    'Ankle boot'
    """
    return _FASHION_MNIST.fetch(data_home, download_if_missing, as_bunch, verbose)
