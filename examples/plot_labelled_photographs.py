"""
====================================
From photographs to a labelled table
====================================

Twenty photographs of digits lie in a folder: a dark pen on paper, unevenly lit. A network that has
been trained on images like MNIST's doesn't read them as they are. With ``--photographs``, the
model's file says that ``skmnist predict`` has to prepare them: find the ink, crop it, scale and
centre it.

In a shell, the whole is two lines::

    skmnist train digits.npz --photographs --recipe cnn-quick --output model.safetensors
    skmnist predict model.safetensors photographs/*.jpg --csv > labels.csv
"""

# %%
# Twenty photographs in a folder
# ------------------------------
# They are drawn here: the last twenty of scikit-learn's digits as ink on paper, whose light fades
# from one corner to the other, with the noise of a camera.

import csv
from contextlib import redirect_stdout
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from skmnist import DigitNormalizer
from skmnist.cli import app

rng = np.random.default_rng(0)
digits, labels = load_digits(return_X_y=True)
digits = digits.reshape(-1, 8, 8) / 16


def enlarged(digit, side):
    """Return a digit of more pixels, with smooth edges."""
    digit = np.pad(np.float32(digit), 1)
    image = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(image), 0, 1)


def photograph(digit):
    """Return 300 x 400 pixels of paper with the digit somewhere in the middle."""
    ink = np.zeros((300, 400))
    top, left = rng.integers(40, 100), rng.integers(60, 180)
    ink[top : top + 160, left : left + 160] = enlarged(digit, 160)
    down, across = np.mgrid[0:1:300j, 0:1:400j]
    light = 235 - 90 * (rng.random() * down + rng.random() * across)
    return np.clip(light * (1 - 0.8 * ink) + rng.normal(0, 3, ink.shape), 0, 255).astype(np.uint8)


folder = Path("photographs")
folder.mkdir(exist_ok=True)
photographs = [photograph(digit) for digit in digits[-20:]]
for number, image in enumerate(photographs):
    Image.fromarray(image).save(folder / f"{number:02}.jpg")
print(f"{len(photographs)} photographs are in {folder}/")

# %%
# A network that reads digits
# ---------------------------
# It learns from 800 other digits of scikit-learn, in the form of MNIST's images; with MNIST
# at hand, ``mnist`` in place of the file gives a better one.

images = DigitNormalizer().transform([enlarged(digit, 50) for digit in digits[:800]])
np.savez("digits.npz", X=images, y=labels[:800])


def skmnist(*words):
    """Run the command, as a shell does."""
    print("$ skmnist", *words)
    app(words, standalone_mode=False)


skmnist(
    *("train", "digits.npz", "--photographs", "--recipe", "cnn-quick"),
    *("--output", "model.safetensors"),
)

# %%
# The labelled table
# ------------------

with Path("labels.csv").open("w") as file, redirect_stdout(file):
    paths = sorted(map(str, folder.glob("*.jpg")))
    app(["predict", "model.safetensors", *paths, "--csv"], standalone_mode=False)
print(Path("labels.csv").read_text())

# %%
# The picture
# -----------
# Each photograph under its label and the label's probability; mistakes are red.

with Path("labels.csv").open() as file:
    rows = list(csv.DictReader(file))
figure, axes = plt.subplots(4, 5, figsize=(9, 6.5), layout="constrained")
for ax, image, row, label in zip(axes.flat, photographs, rows, labels[-20:], strict=True):
    ax.imshow(image, cmap="gray", vmin=0, vmax=255)
    right = int(row["label"]) == label
    title = f"{row['label']}  ({100 * float(row['probability']):.0f} %)"
    ax.set_title(title, fontsize="medium", color="black" if right else "red")
    ax.set_axis_off()
n_right = sum(int(row["label"]) == label for row, label in zip(rows, labels[-20:], strict=True))
figure.suptitle(f"{n_right} of {len(rows)} photographs are read right")
print(f"{n_right} of {len(rows)} photographs are read right")
plt.savefig("labelled_photographs.png", dpi=120)
plt.show()
