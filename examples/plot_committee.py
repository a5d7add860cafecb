"""
=================
A committee votes
=================

Networks that differ only in their seed make different mistakes. A committee averages their
probabilities, so that the others outvote the mistakes of one; and where its members disagree, its
prediction is uncertain.
"""

# %%
# The images
# ----------
# 2,000 training images of MNIST to learn from and another 2,000 to judge on; scikit-learn's digits
# if MNIST isn't on this computer.

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skmnist import CNNClassifier, CommitteeClassifier, fetch_mnist

try:
    (images, labels), _ = fetch_mnist(download_if_missing=False)
    source = "MNIST"
except OSError:
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    source = "scikit-learn's digits"
X, X_judge, y, y_judge = train_test_split(
    images[:4000], labels[:4000], test_size=0.5, random_state=0, stratify=labels[:4000]
)

# %%
# The committee
# -------------
# Five small networks, fitted one after the other in this process, where they share their compiled
# functions. ``n_jobs=2`` would fit two at once, with bitwise the same results.

network = CNNClassifier(conv_blocks=[8, 16], epochs=4)
committee = CommitteeClassifier(network, n_estimators=5, random_state=0).fit(X, y)
probabilities = committee.member_probas(X_judge)
singles = (committee.classes_[probabilities.argmax(axis=2)] == y_judge).mean(axis=1)
losses = [log_loss(y_judge, own) for own in probabilities]
loss = log_loss(y_judge, probabilities.mean(axis=0))
print(f"{len(singles)} networks on {source}, which vote as one:")
print(f"accuracy {singles.mean():.2%} on average, {committee.score(X_judge, y_judge):.2%} together")
print(f"log loss {np.mean(losses):.3f} on average, {loss:.3f} together")

# %%
# How many members does it take?
# ------------------------------
# The members' probabilities are known, so every smaller committee of the five can be evaluated
# without another fit.


def accuracy(members):
    votes = probabilities[list(members)].mean(axis=0).argmax(axis=1)
    return (committee.classes_[votes] == y_judge).mean()


sizes = np.arange(1, len(singles) + 1)
accuracies = {
    size: [accuracy(members) for members in combinations(range(len(singles)), size)]
    for size in sizes
}

# %%
# Where do they disagree?
# -----------------------
# ``disagreement`` is the mutual information between the label and the choice of the member, in
# nats: the entropy of the mean minus the mean entropy. Where it's high, mistakes are frequent.

disagreement = committee.disagreement(X_judge)
wrong = committee.predict(X_judge) != y_judge
doubtful = np.argsort(disagreement)[::-1]
tenth = doubtful[: len(doubtful) // 10]
print(f"{wrong[tenth].sum()} of {wrong.sum()} mistakes are in the 10 % with most disagreement")

# %%
# The picture
# -----------
# On the left, accuracy by the number of members: each dot is a committee, the line is their mean.
# On the right, the images on which the members disagree most, with their label and the votes.

figure = plt.figure(figsize=(12, 5), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=(1, 1.1))
ax = left.subplots()
for size, found in accuracies.items():
    ax.scatter([size] * len(found), np.multiply(found, 100), s=14, color="tab:blue", alpha=0.3)
ax.plot(sizes, [100 * np.mean(accuracies[size]) for size in sizes], color="black", label="mean")
ax.set(xlabel="members", ylabel="accuracy (%)", xticks=sizes)
ax.set_title(f"Committees of small networks on {source}")
ax.legend(loc="lower right")

for ax, row in zip(right.subplots(3, 4).flat, doubtful, strict=False):
    votes = committee.classes_[probabilities[:, row].argmax(axis=1)]
    ax.imshow(X_judge[row], cmap="gray_r")
    ax.set(xticks=[], yticks=[])
    ax.set_title(
        f"{y_judge[row]}: {' '.join(map(str, np.sort(votes)))}",
        fontsize=9,
        color="firebrick" if wrong[row] else "black",
    )
right.suptitle("Most disagreed on (label: votes; red where the committee is wrong)", fontsize=11)
plt.savefig("committee.png", dpi=120)
plt.show()
