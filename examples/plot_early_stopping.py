"""
============
When to stop
============

Early stopping has two numbers: the patience, how many epochs it waits for the loss on images held
out to fall, and ``tol``, the least fall that counts. The reports tried patience 6 with 0.0001 and
0.001, and patience 4 with 0.0001. Impatience saves epochs, and may miss the best ones.
"""

# %%
# The images
# ----------
# 2,000 images of MNIST to train and 1,000 to compare the settings on, all of its training images;
# where MNIST isn't on this computer, scikit-learn's digits.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skmnist import DNNClassifier, fetch_mnist

try:
    (images, labels), _ = fetch_mnist(download_if_missing=False)
    source = "MNIST"
except OSError:
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    source = "scikit-learn's digits"
images, labels = images[:3000], labels[:3000]
X, X_compare, y, y_compare = train_test_split(
    images, labels, test_size=1 / 3, random_state=0, stratify=labels
)

# %%
# The settings
# ------------
# The same seed draws the same weights and holds out the same images, so each setting walks along
# the same curve; they differ only in where they leave it. A classifier that stops early goes
# back to its best epoch.

network = DNNClassifier(
    hidden_units=(128,),
    dropout=0.2,
    epochs=50,
    batch_size=64,
    learning_rate=1e-3,
    schedule="constant",
    validation_fraction=0.2,
    random_state=0,
)
settings = {
    "patience 6, tol 0.0001": {"n_iter_no_change": 6, "tol": 1e-4},
    "patience 6, tol 0.001": {"n_iter_no_change": 6, "tol": 1e-3},
    "patience 4, tol 0.0001": {"n_iter_no_change": 4, "tol": 1e-4},
    "patience 3, tol 0.01": {"n_iter_no_change": 3, "tol": 1e-2},
    "patience 1, tol 0.0001": {"n_iter_no_change": 1, "tol": 1e-4},
}
fitted = {
    name: clone(network).set_params(early_stopping=True, **setting).fit(X, y)
    for name, setting in settings.items()
}
fitted["no early stopping"] = network.fit(X, y)

print("                         epochs  goes back to  accuracy")
for name, classifier in fitted.items():
    back_to = classifier.best_epoch_ if classifier.early_stopping else "-"
    score = classifier.score(X_compare, y_compare)
    print(f"{name:24} {classifier.n_epochs_:6} {back_to:>13} {score:9.1%}")

# %%
# The picture
# -----------
# A bar for each setting: a dot where the best epoch was, the end where it stopped. A patience of
# one stops at the first bump; among the reports' settings there is little to choose. Without
# early stopping the loss rises again, and yet accuracy need not fall: the network grows surer
# of its mistakes before it makes more of them.

curve = network.history_["val_loss"]
figure, (top, bottom) = plt.subplots(
    2, 1, figsize=(8, 5.5), layout="constrained", sharex=True, height_ratios=(2, 1)
)
epochs = np.arange(1, len(curve) + 1)
top.plot(epochs, network.history_["loss"], label="images that train")
top.plot(epochs, curve, label="images held out")
top.set(yscale="log", ylabel="loss", title=f"128 units, {len(X):,} images of {source}")
top.legend()
for height, classifier in enumerate(fitted.values()):
    bottom.plot([1, classifier.n_epochs_], [height, height], linewidth=6, alpha=0.4, color="C1")
    if classifier.early_stopping:
        bottom.plot(classifier.best_epoch_, height, "o", color="C1")
bottom.set(
    xlabel="epoch",
    yticks=range(len(fitted)),
    yticklabels=fitted,
    title="Trained until where the bar ends, gone back to the dot",
)
bottom.title.set_size("medium")
bottom.invert_yaxis()
bottom.margins(y=0.15)
for ax in (top, bottom):
    ax.grid(axis="x", alpha=0.3)
plt.savefig("early_stopping.png", dpi=120)
plt.show()
