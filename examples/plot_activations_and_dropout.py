"""
=================================
Which activation? Dropout or not?
=================================

Two questions that every report on MNIST asks of its dense network, answered by scikit-learn's
validation curves: each setting is trained on several parts of the images and judged on the rest.
"""

# %%
# The images
# ----------
# 1,500 training images of MNIST; where it isn't on this computer, scikit-learn's digits.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedShuffleSplit, ValidationCurveDisplay, validation_curve

from skmnist import DNNClassifier, fetch_mnist

try:
    (images, labels), _ = fetch_mnist(download_if_missing=False)
    source = "MNIST"
except OSError:
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    source = "scikit-learn's digits"
X, y = images[:1500], labels[:1500]

# %%
# The activation
# --------------
# A validation curve goes over any parameter, also one whose values are names. Each is trained
# three times, on three quarters of the images, and judged on the other quarter.

network = DNNClassifier(
    hidden_units=(128, 128),
    dropout=0.0,
    epochs=12,
    batch_size=32,
    learning_rate=1e-3,
    schedule="constant",
    random_state=0,
)
splits = StratifiedShuffleSplit(3, test_size=0.25, random_state=0)
activations = ["relu", "tanh", "sigmoid"]
trained, held_out = validation_curve(
    network, X, y, param_name="activation", param_range=activations, cv=splits
)
print("Accuracy        in training   held out")
for activation, own, others in zip(activations, trained, held_out, strict=True):
    print(f"{activation:15} {own.mean():11.1%} {others.mean():10.1%} +- {others.std():.1%}")

# %%
# Dropout
# -------
# ``ValidationCurveDisplay`` fits and draws at once, where the parameter is a number.

rates = [0.0, 0.2, 0.4, 0.6]
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained", sharey=True)
dropout = ValidationCurveDisplay.from_estimator(
    network,
    X,
    y,
    param_name="dropout",
    param_range=rates,
    cv=splits,
    score_type="both",
    score_name="Accuracy",
    ax=right,
)
for rate, own, others in zip(rates, dropout.train_scores, dropout.test_scores, strict=True):
    label = f"dropout {rate}"
    print(f"{label:15} {own.mean():11.1%} {others.mean():10.1%} +- {others.std():.1%}")

# %%
# The picture
# -----------
# Both panels in the same colours: what was learned, and what of it holds on other images.

places = np.arange(len(activations))
for scores, label in ((trained, "Train"), (held_out, "Test")):
    left.errorbar(places, scores.mean(axis=1), scores.std(axis=1), fmt="o", capsize=5, label=label)
left.set(
    title=f"Activation of {network.hidden_units[0]}-{network.hidden_units[1]} units, no dropout",
    xlabel="activation",
    ylabel="Accuracy",
    xticks=places,
    xticklabels=activations,
)
left.margins(x=0.2)
right.set(title="Dropout, with ReLU", xlabel="dropout", ylabel="", xticks=rates)
for ax in (left, right):
    ax.grid(axis="y", alpha=0.3)
    ax.legend(ax.get_legend_handles_labels()[0], ["training images", "images held out"])
figure.suptitle(f"{len(X):,} images of {source}, {network.epochs} epochs, mean of three splits")
plt.savefig("activations_and_dropout.png", dpi=120)
plt.show()
