"""
===============
Keep a network
===============

The habits of the reports: count the classes, look at the network and its curves, write down what
was predicted, and save the model under a name that says what it is.
"""

# %%
# The images
# ----------
# 2,000 images of MNIST to learn from and 500 to predict, all of its training images; where MNIST
# isn't on this computer, scikit-learn's digits.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skmnist import LeNetClassifier, fetch_mnist, load, save
from skmnist.display import HistoryDisplay, NetworkDisplay

try:
    (images, labels), _ = fetch_mnist(download_if_missing=False)
    source = "MNIST"
except OSError:
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    source = "scikit-learn's digits"
images, labels = images[:2500], labels[:2500]
X, X_new, y, y_new = train_test_split(
    images, labels, test_size=0.2, random_state=0, stratify=labels
)
for digit, count in zip(*np.unique(y, return_counts=True), strict=True):
    print(f"{digit}: {count} images")

# %%
# The network
# -----------

lenet = LeNetClassifier(epochs=10, validation_fraction=0.25, random_state=0).fit(X, y)
print(lenet.summary())

# %%
# What it predicts, and the model itself
# --------------------------------------
# The labels go to a table that any program reads. The file of the model says by its name what
# was trained, on what and how long; what is loaded from it predicts the same bits.

predicted = lenet.predict(X_new)
np.savetxt(
    "predicted-labels.csv",
    np.column_stack([np.arange(len(predicted)), predicted]),
    fmt="%d",
    delimiter=",",
    header="image,label",
    comments="",
)
name = f"lenet-{'mnist' if source == 'MNIST' else 'digits'}-{len(X)}-images-10-epochs.safetensors"
save(lenet, name)
same = np.array_equal(load(name).predict_proba(X_new), lenet.predict_proba(X_new))
print(f"{np.mean(predicted == y_new):.1%} of {len(y_new)} new images are right")
print(f"{name}, loaded again, predicts {'the same' if same else 'something else'}")

# %%
# The picture
# -----------
# On the left the network, on the right how it learned.

figure = plt.figure(figsize=(12, 5.4), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=(1.05, 1))
NetworkDisplay.from_estimator(lenet, name="LeNet-5").plot(ax=left.subplots())
for ax, metric in zip(right.subplots(2, 1, sharex=True), ("accuracy", "loss"), strict=True):
    HistoryDisplay.from_estimator(lenet).plot(ax=ax, metric=metric)
    ax.set_title("")
    ax.label_outer()
right.suptitle(f"10 epochs on {len(X):,} images of {source}", fontsize="medium")
plt.savefig("kept_network.png", dpi=120)
plt.show()
