"""
=========================================
Classifiers on what a network has learned
=========================================

The last layers of a network provide features, and a support vector machine or nearest neighbours
may classify them as well as the network's output layer. ``CNNStackingClassifier`` trains one
network per fold, trains these classifiers only on rows that were not in the network's training, and
learns a weight for each part. Here it is compared with scikit-learn's ``StackingClassifier`` and
Pipelines of the same parts, on scikit-learn's digits.
"""

# %%
# The parts
# ---------
# One network and two classifiers, the same for all stacks. The classifiers' inputs are the 64
# principal components of the network's features.

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
from skmnist.networks import PooledBlocks

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=600, stratify=y, random_state=0)
network = CNNClassifier(conv_blocks=PooledBlocks(12), epochs=4, random_state=0)
estimators = [
    ("svm", SVC(C=10)),
    ("knn", KNeighborsClassifier(5, weights="distance")),
]
final_estimator = LogisticRegression(C=10, max_iter=1000)
folds = StratifiedKFold(2, shuffle=True, random_state=0)

# %%
# One class
# ---------
# Two networks are fitted, one per fold, and the probabilities of their parts are averaged.

stack = CNNStackingClassifier(estimators, network=network, cv=folds, random_state=0)
stack.fit(X_train, y_train)
print("Accuracy of each part on rows that were not in its training:")
for name, score in stack.part_scores_.items():
    print(f"  {name:14} {score:.3f}, weight {stack.part_weights_[name]:5.2f}")

# %%
# The same parts from scikit-learn
# --------------------------------
# A Pipeline of features and a classifier is a classifier too, and ``StackingClassifier`` stacks any
# classifiers. But each Pipeline trains a separate network: with two of them, the network itself,
# and two folds, that is 9 networks instead of 2. And each classifier is trained on features of its
# network's training rows, which separate the classes better than those of new rows.


def on_features(features, classifier):
    return make_pipeline(features, PCA(64, random_state=0), clone(classifier))


one_network_each = StackingClassifier(
    [
        ("cnn", network),
        *((name, on_features(CNNFeatures(network), each)) for name, each in estimators),
    ],
    final_estimator=final_estimator,
    cv=folds,
).fit(X_train, y_train)

# %%
# When scikit-learn is enough
# ---------------------------
# With plenty of images, one network can be trained on half of them, and the other classifiers on
# the other half. A ``FrozenEstimator`` keeps the network from being fitted again. This is quick and
# just as unbiased, but each part is trained on only half of the images.

X_network, X_rest, y_network, y_rest = train_test_split(
    X_train, y_train, test_size=0.5, stratify=y_train, random_state=0
)
frozen = FrozenEstimator(clone(network).fit(X_network, y_network))
one_frozen_network = StackingClassifier(
    [
        ("cnn", frozen),
        *((name, on_features(CNNFeatures(frozen), each)) for name, each in estimators),
    ],
    final_estimator=final_estimator,
    cv=folds,
).fit(X_rest, y_rest)

# %%
# The picture
# -----------
# On the left, the numbers of mistakes on the 600 test images; differences of a few are due to
# chance. On the right, the weights that the final estimator of ``CNNStackingClassifier`` learned.

classifiers = {
    "CNN alone, all rows\n(1 network)": clone(network).fit(X_train, y_train),
    "CNNStackingClassifier\n(2 networks)": stack,
    "StackingClassifier,\none network each (9)": one_network_each,
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
right.bar(list(stack.part_weights_), list(stack.part_weights_.values()), color="C1")
right.set_ylabel("Weight in the final estimator")
for name, score in stack.part_scores_.items():
    right.annotate(
        f"{score:.1%} right", (name, stack.part_weights_[name]), ha="center", va="bottom"
    )
right.margins(y=0.1)
plt.savefig("stacking.png", dpi=120)
plt.show()
