"""
==================================
Activation and optimizer, together
==================================

The best activation may be another one with another optimizer, so a grid tries every pair:
sigmoid, tanh and ReLU with SGD, RMSprop and Adam, each at Keras's usual rate. The reports split
MNIST's training images into 45,000 and 15,000 for this; here it is the same three to one, on fewer.
"""

# %%
# The images
# ----------
# 2,000 training images of MNIST; where it isn't on this computer, scikit-learn's digits.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit

from skmnist import DNNClassifier, fetch_mnist

try:
    (images, labels), _ = fetch_mnist(download_if_missing=False)
    source = "MNIST"
except OSError:
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    source = "scikit-learn's digits"
X, y = images[:2000], labels[:2000]

# %%
# The grid
# --------
# A list of two grids: the optimizers don't share a rate. One split serves all, three to one.

activations = ["sigmoid", "tanh", "relu"]
optimizers = ["sgd", "rmsprop", "adam"]
network = DNNClassifier(
    hidden_units=(128,), epochs=15, batch_size=32, schedule="constant", random_state=0
)
grid = [
    {"activation": activations, "optimizer": ["sgd"], "learning_rate": [0.01]},
    {"activation": activations, "optimizer": ["rmsprop", "adam"], "learning_rate": [0.001]},
]
three_to_one = StratifiedShuffleSplit(1, test_size=0.25, random_state=0)
search = GridSearchCV(network, grid, cv=three_to_one, refit=False).fit(X, y)

table = np.empty((len(activations), len(optimizers)))
results = search.cv_results_
for candidate, score in zip(results["params"], results["mean_test_score"], strict=True):
    row = activations.index(candidate["activation"])
    table[row, optimizers.index(candidate["optimizer"])] = score

print("Accuracy  " + "".join(f"{optimizer:>9}" for optimizer in optimizers))
for activation, scores in zip(activations, table, strict=True):
    print(f"{activation:10}" + "".join(f"{score:9.1%}" for score in scores))
best = search.best_params_
print(f"Best: {best['activation']} with {best['optimizer']}, {search.best_score_:.1%}")

# %%
# The picture
# -----------
# Plain gradient descent at its usual rate is slow, and slowest through sigmoids, whose gradients
# are small; the other optimizers scale their steps, so that they mind less.

figure, ax = plt.subplots(figsize=(6.5, 4.6), layout="constrained")
picture = ax.imshow(100 * table, cmap="viridis", aspect="auto")
for (row, column), score in np.ndenumerate(100 * table):
    is_bright = score > 50 * (table.min() + table.max())
    color = "black" if is_bright else "white"
    ax.text(column, row, f"{score:.1f} %", ha="center", va="center", color=color)
ax.set(
    xlabel="optimizer",
    ylabel="activation",
    xticks=range(len(optimizers)),
    xticklabels=optimizers,
    yticks=range(len(activations)),
    yticklabels=activations,
)
figure.colorbar(picture, label="accuracy on the images held out (%)")
ax.set_title(
    f"128 units, {network.epochs} epochs, {0.75 * len(X):,.0f} images of {source}",
    fontsize="medium",
)
plt.savefig("activation_optimizer_grid.png", dpi=120)
plt.show()
