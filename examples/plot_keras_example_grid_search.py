"""
=====================================
Tuning Keras's example by grid search
=====================================

Keras's introductory example for MNIST is a small convolutional network: two convolutions with 32
and 64 filters, a pooling, and a dense layer of 128 units, with dropout before and after it. Here
it is a scikit-learn classifier, so ``GridSearchCV`` tunes it like any other: the size of the
dense layers, the filters, the kernel and the pooling, the number of epochs.

It runs on scikit-learn's digits of 8 x 8 pixels. ``python plot_keras_example_grid_search.py
mnist`` uses the first 3,000 images of MNIST instead, which are downloaded if necessary, and takes a
few minutes.
"""

# %%
# The data
# --------
# Images are rows of pixels, as usual in scikit-learn; nothing needs to be scaled or reshaped.

import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from skmnist import CNNClassifier, ConvBlock, fetch_mnist

if "mnist" in sys.argv[1:]:
    (X_train, y_train), (X_test, y_test) = fetch_mnist()
    X_train, y_train = X_train[:3000], y_train[:3000]
else:
    X_train, X_test, y_train, y_test = train_test_split(
        *load_digits(return_X_y=True), test_size=0.3, random_state=0
    )
print(f"{len(X_train)} images to train on, {len(X_test)} to test on")


# %%
# The network
# -----------
# The convolutions are a list of blocks. A function that returns the list gives names to the numbers
# that we want to tune.


def convolutions(filters=32, kernel_size=3, pool_size=2):
    return (
        ConvBlock(filters, kernel_size),
        ConvBlock(2 * filters, kernel_size, pool="max", pool_size=pool_size, dropout=0.25),
    )


keras_example = CNNClassifier(
    conv_blocks=convolutions(),
    hidden_units=(128,),
    dropout=0.5,
    optimizer="adam",
    learning_rate=2e-3,
    schedule="constant",
    label_smoothing=0.0,
    augmentation=None,
    epochs=5,
    batch_size=32,
    random_state=0,
)
keras_example.fit(X_train, y_train)
print(
    f"Keras's example: {keras_example.n_parameters_:,} parameters, "
    f"accuracy {keras_example.score(X_test, y_test):.3f} on the test set"
)

# %%
# The search
# ----------
# Every parameter of the classifier can be in the grid. Two candidates are trained at a time, each
# on half of the cores.

blocks = {
    "the example's": convolutions(),
    "8 filters, then 16": convolutions(filters=8),
    "kernel of 2 x 2": convolutions(kernel_size=2),
    "pooling of 4 x 4": convolutions(pool_size=4),
}
grid = {
    "conv_blocks": list(blocks.values()),
    "hidden_units": [(32,), (128,)],
    "epochs": [2, 5],
}
search = GridSearchCV(keras_example, grid, cv=2, n_jobs=2).fit(X_train, y_train)

best = search.best_params_
name_of_best = next(name for name, value in blocks.items() if value == best["conv_blocks"])
print(
    f"Best of {len(search.cv_results_['params'])} candidates: convolutions: "
    f"{name_of_best}; dense layers: {best['hidden_units']}; {best['epochs']} epochs\n"
    f"accuracy {search.best_score_:.3f} in cross-validation, "
    f"{search.score(X_test, y_test):.3f} on the test set"
)

# %%
# The picture
# -----------
# One heat map for each number of epochs; the best candidate is framed.


def scores(epochs):
    """Return the mean scores as a table: convolutions down, dense layers across."""
    of = {
        (p["conv_blocks"], p["hidden_units"]): score
        for p, score in zip(
            search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
        )
        if p["epochs"] == epochs
    }
    return np.array([[of[b, h] for h in grid["hidden_units"]] for b in grid["conv_blocks"]])


tables = {epochs: scores(epochs) for epochs in grid["epochs"]}
lowest, highest = np.min(list(tables.values())), np.max(list(tables.values()))

figure, axes = plt.subplots(1, len(tables), figsize=(9, 4), layout="constrained", sharey=True)
for ax, (epochs, table) in zip(axes, tables.items(), strict=True):
    picture = ax.imshow(table, vmin=lowest, vmax=highest, cmap="viridis", aspect="auto")
    ax.set(
        title=f"{epochs} epochs",
        xlabel="units of the dense layers",
        xticks=range(len(grid["hidden_units"])),
        xticklabels=[", ".join(map(str, units)) for units in grid["hidden_units"]],
        yticks=range(len(blocks)),
        yticklabels=blocks,
    )
    for (row, column), score in np.ndenumerate(table):
        is_bright = score > (lowest + highest) / 2
        ax.text(
            column,
            row,
            f"{score:.3f}",
            ha="center",
            va="center",
            color="black" if is_bright else "white",
        )
row = grid["conv_blocks"].index(best["conv_blocks"])
column = grid["hidden_units"].index(best["hidden_units"])
axes[grid["epochs"].index(best["epochs"])].add_patch(
    plt.Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor="red", linewidth=3)
)
axes[0].set_ylabel("convolutions")
figure.colorbar(picture, ax=axes, label="accuracy in cross-validation")
figure.suptitle("Keras's example, tuned by GridSearchCV")
plt.savefig("keras_example_grid_search.png", dpi=120)
plt.show()
