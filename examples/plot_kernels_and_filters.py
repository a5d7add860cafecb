"""
=========================================
How large a kernel, and how many filters?
=========================================

One convolution, a pooling, dropout and the output: the smallest network of the reports that sees
images as images. Its two numbers are the side of the kernel and how many filters there are.
"""

# %%
# The images
# ----------
# 1,500 training images of MNIST; where it isn't on this computer, scikit-learn's digits.

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from skmnist import CNNClassifier, ConvBlock, fetch_mnist

try:
    (images, labels), _ = fetch_mnist(download_if_missing=False)
    source = "MNIST"
except OSError:
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    source = "scikit-learn's digits"
X, y = images[:1500], labels[:1500]

# %%
# The search
# ----------
# A convolution is a ``ConvBlock``, and a list of them is a parameter like any other.


def convolution(filters, kernel_size):
    return ConvBlock(filters, kernel_size, padding="same", pool="max", dropout=0.25)


network = CNNClassifier(
    conv_blocks=[convolution(8, 3)],
    epochs=6,
    batch_size=32,
    optimizer="adam",
    learning_rate=2e-3,
    beta_1=None,
    beta_2=None,
    weight_decay=None,
    schedule="constant",
    label_smoothing=0.0,
    augmentation=None,
    random_state=0,
)
kernels, filters = [1, 3, 5, 7], [4, 16]
candidates = [(n, side) for n in filters for side in kernels]
search = GridSearchCV(
    network,
    {"conv_blocks": [[convolution(n, side)] for n, side in candidates]},
    cv=StratifiedKFold(2, shuffle=True, random_state=0),
    refit=False,
).fit(X, y)
results = search.cv_results_
accuracy = dict(zip(candidates, results["mean_test_score"], strict=True))
spread = dict(zip(candidates, results["std_test_score"], strict=True))

print("Accuracy     " + "".join(f"{side} x {side}".rjust(8) for side in kernels))
for n in filters:
    scores = "".join(f"{accuracy[n, side]:8.1%}" for side in kernels)
    print(f"{n:3} filters  {scores}")

# %%
# The picture
# -----------
# A kernel of one pixel sees no strokes; a larger one sees longer strokes at once. With one
# convolution this pays up to a large kernel; deep networks reach as far with small ones.
# Bars show how far the two folds are apart.

figure, ax = plt.subplots(figsize=(6.5, 4.2), layout="constrained")
for n, marker in zip(filters, "os", strict=True):
    ax.errorbar(
        kernels,
        [100 * accuracy[n, side] for side in kernels],
        [100 * spread[n, side] for side in kernels],
        marker=marker,
        capsize=4,
        label=f"{n} filters",
    )
ax.set(
    title=f"One convolution on {source}, {len(X) // 2:,} images, {network.epochs} epochs",
    xlabel="kernel",
    ylabel="accuracy on the fold held out (%)",
    xticks=kernels,
    xticklabels=[f"{side} x {side}" for side in kernels],
)
ax.title.set_size("medium")
ax.grid(axis="y", alpha=0.3)
ax.legend()
plt.savefig("kernels_and_filters.png", dpi=120)
plt.show()
