"""
=========================================
Classifiers on what a network has learned
=========================================

The last layers of a network are features, and a support vector machine or nearest neighbours may
read them as well as the network's own output does. ``CNNStackingClassifier`` trains one network a
fold, shows these heads only rows that the network hasn't seen, and learns how much each part
counts. Here it meets what scikit-learn's own ``StackingClassifier`` and Pipelines make of the same
parts, on scikit-learn's digits.
"""

# %%
# The parts
# ---------
# One network and two heads, the same for everyone. A head sees the 64 principal components of
# the network's features.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import StackingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skmnist import CNNClassifier, CNNFeatures, CNNStackingClassifier
from skmnist.networks import pooled_blocks

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=600, stratify=y, random_state=0)
network = CNNClassifier(conv_blocks=pooled_blocks(12), epochs=4, random_state=0)
heads = [
    ("svm", SVC(C=10)),
    ("knn", KNeighborsClassifier(5, weights="distance")),
]
blender = LogisticRegression(C=10, max_iter=1000)
folds = StratifiedKFold(2, shuffle=True, random_state=0)

# %%
# One class
# ---------
# Two networks are fitted, one a fold, and what they say is averaged.

stack = CNNStackingClassifier(classifier=network, heads=heads, cv=folds, random_state=0)
stack.fit(X_train, y_train)
print("Accuracy of each part on rows that it hasn't seen:")
for name, score in stack.head_scores_.items():
    print(f"  {name:14} {score:.3f}, weight {stack.blender_weights_[name]:5.2f}")

# %%
# The same parts from scikit-learn
# --------------------------------
# A Pipeline of features and a head is a classifier, and ``StackingClassifier`` stacks any.
# But each Pipeline trains a network of its own: with two heads, the network itself, and two
# folds, that is 9 networks in place of 2. And each head is trained on features of rows that its
# network has seen, which tell the classes apart more cleanly than those of new rows do.


def on_features(features, head):
    return make_pipeline(features, PCA(64, random_state=0), clone(head))


one_network_a_head = StackingClassifier(
    [
        ("cnn", network),
        *((name, on_features(CNNFeatures(network), head)) for name, head in heads),
    ],
    final_estimator=blender,
    cv=folds,
).fit(X_train, y_train)

# %%
# When scikit-learn is enough
# ---------------------------
# Where there are plenty of images, half of them can train one network, and the other half, which
# it never sees, the heads and the blender. In a ``FrozenEstimator`` the network stays as it is.
# This is quick and as honest, and each part only sees half of the images.

X_network, X_heads, y_network, y_heads = train_test_split(
    X_train, y_train, test_size=0.5, stratify=y_train, random_state=0
)
frozen = FrozenEstimator(clone(network).fit(X_network, y_network))
one_frozen_network = StackingClassifier(
    [
        ("cnn", frozen),
        *((name, on_features(CNNFeatures(frozen), head)) for name, head in heads),
    ],
    final_estimator=blender,
    cv=folds,
).fit(X_heads, y_heads)

# %%
# The picture
# -----------
# On the left, mistakes on the 600 test images; differences of a few are chance. On the right,
# what the blender of ``CNNStackingClassifier`` learned.

classifiers = {
    "CNN alone, all rows\n(1 network)": clone(network).fit(X_train, y_train),
    "CNNStackingClassifier\n(2 networks)": stack,
    "StackingClassifier,\na network a head (9)": one_network_a_head,
    "StackingClassifier,\na frozen network (1)": one_frozen_network,
}
mistakes = {name: int(np.sum(c.predict(X_test) != y_test)) for name, c in classifiers.items()}
for name, n in mistakes.items():
    print(f"{' '.join(name.split()):45} {n} mistakes in {len(y_test)}")

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
left.bar_label(left.barh(list(mistakes), list(mistakes.values())), padding=3)
left.margins(x=0.1)
left.invert_yaxis()
left.set_xlabel(f"Mistakes in {len(y_test)} test images")
right.bar(list(stack.blender_weights_), list(stack.blender_weights_.values()), color="C1")
right.set_ylabel("Weight in the blender")
for name, score in stack.head_scores_.items():
    right.annotate(
        f"{score:.1%} right", (name, stack.blender_weights_[name]), ha="center", va="bottom"
    )
right.margins(y=0.1)
plt.savefig("stacking.png", dpi=120)
plt.show()
