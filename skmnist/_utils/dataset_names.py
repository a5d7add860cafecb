"""The names of the data sets of images. Loading them needs scikit-learn, which takes seconds."""

DATASET_NAMES = ("digits", "mnist")
