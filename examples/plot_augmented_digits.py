"""
================
Augmented digits
================

A digit that is rotated or shifted a little, or written by a less steady hand, is still the same
digit. Augmentation trains a network on such variants, new ones in each epoch, so that it learns to
ignore these differences. How much is too much is best judged by eye: a variant that you can't read
teaches a network nothing.
"""

# %%
# The digits
# ----------
# Four images of MNIST if it is on this computer already, else of scikit-learn's digits. Black ink
# on white paper prints well, so the picture inverts their colours.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skmnist import Augmentation, fetch_mnist

try:
    (images, labels), _ = fetch_mnist(download_if_missing=False)
    source = "MNIST"
except OSError:
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    source = "scikit-learn's digits"
chosen = [np.flatnonzero(labels == digit)[0] for digit in (2, 3, 4, 7)]
digits = np.repeat(images[chosen], 3, axis=0)

# %%
# The kinds of augmentation
# -------------------------
# Any of these objects can be a classifier's ``augmentation``; "shift", "affine" and "elastic" are
# the names of predefined ones, mild enough for MNIST. Those below are stronger, to be visible.
# Everything that moves pixels is done in one resampling, so kinds can be combined without blurring.
# Flips are for photographs, not for digits. ``mixup`` mixes images and their labels, which happens
# only in training.

kinds = {
    "original": Augmentation(),
    "shift": Augmentation(shift=0.15),
    "affine": Augmentation(shift=0.1, rotation=20, zoom=0.2, shear=10),
    "elastic": Augmentation(elastic=40, elastic_sigma=4.5),
    "noise": Augmentation(noise=0.2),
    "light": Augmentation(brightness=0.3, contrast=0.5),
    "erasing": Augmentation(erasing=0.3),
    "cutout": Augmentation(cutout=0.4),
    "flip": Augmentation(horizontal_flip=True),
    "several at once": Augmentation(
        shift=0.1, rotation=20, zoom=0.2, shear=10, elastic=40, noise=0.1, erasing=0.2
    ),
}
rows = {name: kind.apply(digits, random_state=0) for name, kind in kinds.items()}
for name, row in rows.items():
    change = np.abs(row - digits).mean() / digits.max()
    print(f"{name:15s} changes a pixel by {100 * change:4.1f} % of the range on average")

# %%
# The picture
# -----------
# Each digit three times, with new random draws each time.

figure, axes = plt.subplots(
    len(rows), len(digits), figsize=(11, 9), layout="constrained", squeeze=False
)
figure.get_layout_engine().set(w_pad=0.02, h_pad=0.03, rect=(0.01, 0.01, 0.98, 0.98))
for line, (name, row) in zip(axes, rows.items(), strict=True):
    for ax, image in zip(line, row, strict=True):
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=digits.max())
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_color("lightgray")
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
figure.suptitle(f"Kinds of augmentation, on {source}")
plt.savefig("augmented_digits.png", dpi=120)
plt.show()
