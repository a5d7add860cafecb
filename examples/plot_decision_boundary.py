"""
=========================
A decision boundary forms
=========================

A network of 2-4-8-1 sigmoid neurons learns to separate an inner circle from an outer one, by plain
gradient descent on the squared error of all points at once. At first its output is the same
everywhere; then the boundary is a line, which bends and closes around the inner circle.

``--full`` makes twice as many frames, in half a minute on two cores, and writes them to
``benchmarks/results``.
"""

# %%
# The points
# ----------
# 500 points on two noisy circles. They are not images but two numbers each, which aren't scaled.

from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from _studies import RESULTS, parser, save_picture
from matplotlib.animation import FuncAnimation, PillowWriter
from sklearn.datasets import make_circles

from skmnist import recipe

full = parser(__doc__).parse_args().full
X, y = make_circles(500, factor=0.5, noise=0.05, random_state=0)

# %%
# The network
# -----------
# Hand-written code for such a network often sums the gradients of all points and halves the square;
# Keras takes the mean. A learning rate of 0.05 there is the recipe's 0.05 * 500 / 2 = 12.5 here;
# the rate of the biases, whose gradients that code averages, is a 500th of it. With ``warm_start``
# each fit continues from the previous one, so the network can be inspected in between. An epoch is
# one step, as the batch holds all points.

network = recipe("bueno-circles").set_params(warm_start=True, random_state=0)
every = 25 if full else 50
stops = [*range(every, 700, every), *range(700, 2501, 6 * every)]
side = np.linspace(-1.3, 1.3, 80)
grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
maps, scores = {}, {}
for before, stop in pairwise([0, *stops]):
    network.set_params(epochs=stop - before).fit(X, y)
    maps[stop] = network.predict_proba(grid)[:, 1].reshape(80, 80)
    scores[stop] = network.score(X, y)
losses = network.history_["loss"]


def draw(ax, stop):
    ax.clear()
    ax.contourf(side, side, maps[stop], np.linspace(0, 1, 11), cmap="coolwarm", alpha=0.6)
    ax.scatter(*X.T, c=y, cmap="coolwarm", s=14, edgecolor="white", linewidth=0.5)
    ax.set(title=f"{stop:,} steps: {scores[stop]:.1%} right", xticks=[], yticks=[], aspect="equal")


# %%
# The picture
# -----------

figure = plt.figure(figsize=(11, 7), layout="constrained")
*axes, last = figure.subplots(2, 3).flat
for ax, stop in zip(axes, (200, 300, 400, 600, 2500), strict=True):
    draw(ax, stop)
    print(f"{stop:5} steps: squared error {losses[stop - 1]:.4f}, {scores[stop]:6.1%} are right")
last.plot(range(1, len(losses) + 1), losses)
last.set(title="The squared error falls", xlabel="steps", box_aspect=1)
last.grid(alpha=0.3)
figure.suptitle("A network of 2-4-8-1 sigmoid neurons learns to separate two circles")
name = RESULTS / "study_decision_boundary" if full else Path("decision_boundary")
save_picture(figure, name.with_suffix(".png"))

# %%
# The animation
# -------------
# A GIF, which any browser plays; the last frame is shown longer.

moving, ax = plt.subplots(figsize=(3.6, 3.8), layout="constrained")
frames = [*stops, *[stops[-1]] * 5]
animation = FuncAnimation(moving, lambda stop: draw(ax, stop), frames=frames)
animation.save(name.with_suffix(".gif"), PillowWriter(fps=12 if full else 6), dpi=80)
plt.show()
