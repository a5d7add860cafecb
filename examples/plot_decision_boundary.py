"""
=========================
A decision boundary forms
=========================

A network of 2-4-8-1 sigmoid neurons learns to tell an inner circle from an outer one, by plain
gradient descent on the squared error of all points at once. At first it says the same everywhere;
then it draws a line, bends it, and closes it around the inner circle.
"""

# %%
# The points
# ----------
# 500 points on two noisy circles. No images: two numbers each, which the network takes as they are.

import matplotlib.pyplot as plt
from sklearn.datasets import make_circles
from sklearn.inspection import DecisionBoundaryDisplay

from skmnist import DNNClassifier

X, y = make_circles(500, factor=0.5, noise=0.05, random_state=0)

# %%
# The network
# -----------
# Written by hand, such a network often adds up the gradients of all points and halves the square;
# Keras takes the mean. A rate of 0.05 there is 0.05 * 500 / 2 = 12.5 here.

network = DNNClassifier(
    hidden_units=(4, 8),
    activation="sigmoid",
    output_activation="sigmoid",
    dropout=0.0,
    loss="mean_squared_error",
    optimizer="sgd",
    learning_rate=12.5,
    batch_size=None,
    schedule="constant",
    shuffle=False,
    warm_start=True,
    random_state=0,
)

# %%
# The picture
# -----------
# With ``warm_start`` each fit goes on from the last, so the network can be looked at on its way.
# An epoch is one step, as all points are in it.

figure = plt.figure(figsize=(11, 7), layout="constrained")
axes = figure.subplots(2, 3).flat
n_steps = 0
for ax, stop in zip(axes, (200, 300, 400, 600, 2500), strict=False):
    network.set_params(epochs=stop - n_steps).fit(X, y)
    n_steps = stop
    DecisionBoundaryDisplay.from_estimator(
        network,
        X,
        response_method="predict_proba",
        plot_method="pcolormesh",
        grid_resolution=100,
        eps=0.2,
        cmap="coolwarm",
        vmin=0,
        vmax=1,
        alpha=0.6,
        ax=ax,
    )
    ax.scatter(*X.T, c=y, cmap="coolwarm", s=18, edgecolor="white", linewidth=0.6)
    loss, score = network.history_["loss"][-1], network.score(X, y)
    print(f"{stop:5} steps: squared error {loss:.4f}, {score:6.1%} of the points are right")
    ax.set(title=f"{stop:,} steps: {score:.1%} right", xticks=[], yticks=[], aspect="equal")

last = figure.axes[-1]
last.plot(range(1, n_steps + 1), network.history_["loss"])
last.set(title="The squared error falls", xlabel="steps", box_aspect=1)
last.grid(alpha=0.3)
figure.suptitle("Two circles, as a network of 2-4-8-1 sigmoid neurons learns to tell them apart")
plt.savefig("decision_boundary.png", dpi=120)
plt.show()
