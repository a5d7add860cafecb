"""The names of the data sets of images. Loading them needs scikit-learn, which takes seconds."""

_SPLITS_OF_EMNIST = "balanced", "byclass", "bymerge", "digits", "letters", "mnist"
DATASET_NAMES = (
    "digits",
    "mnist",
    "fashion-mnist",
    "kmnist",
    *(f"emnist-{split}" for split in _SPLITS_OF_EMNIST),
    "usps",
    "cifar10",
)
