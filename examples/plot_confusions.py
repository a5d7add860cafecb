"""
===============================
What is taken for what: 4 and 9
===============================

A confusion matrix counts which digits are taken for which. On MNIST, 4 and 9 are always among the
first: closed at the top, a 4 is a 9. The images tell whether one could have known better.
"""

# %%
# The images and their predictions
# --------------------------------
# 3,000 training images of MNIST; where it isn't on this computer, scikit-learn's digits.
# ``cross_val_predict`` has each image predicted by a network that hasn't seen it.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.model_selection import cross_val_predict

from skmnist import DNNClassifier, fetch_mnist
from skmnist.display import MistakesDisplay

try:
    (images, labels), _ = fetch_mnist(download_if_missing=False)
    source = "MNIST"
except OSError:
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    source = "scikit-learn's digits"
X, y = images[:3000], labels[:3000]
network = DNNClassifier(hidden_units=(128,), epochs=10, random_state=0)
probabilities = cross_val_predict(network, X, y, cv=3, method="predict_proba")
predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)

# %%
# The most frequent confusions
# ----------------------------

confusion = confusion_matrix(y, predicted)
print(f"{np.mean(predicted == y):.1%} of {len(y):,} images of {source} are right")
mistakes = confusion - np.diag(np.diag(confusion))
for place in np.argsort(-mistakes, axis=None, kind="stable")[:6]:
    true, taken_for = np.unravel_index(place, mistakes.shape)
    print(f"{true} taken for {taken_for}: {mistakes[true, taken_for]} times")

# %%
# The picture
# -----------
# Right answers would outshine all mistakes, so the colours follow the mistakes alone. On the
# right the images of one confusion each way, the surest mistakes first.

figure = plt.figure(figsize=(12.5, 5.4), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=(1.05, 1))
ConfusionMatrixDisplay(confusion, display_labels=np.arange(10)).plot(
    ax=left.subplots(),
    colorbar=False,
    cmap="Blues",
    text_kw={"fontsize": "small"},
    im_kw={"vmax": 1.5 * mistakes.max()},
)
left.suptitle(f"{mistakes.sum()} mistakes in {len(y):,} images of {source}")
for part, pair in zip(right.subfigures(2, 1), [(4, 9), (9, 4)], strict=True):
    display = MistakesDisplay.from_predictions(
        X, y, predicted, confidence=confidence, pair=pair
    ).plot(ax=part.subplots(), n_images=10)
    part.suptitle(f"{pair[0]} taken for {pair[1]}: {len(display.images)} times")
plt.savefig("confusions.png", dpi=120)
plt.show()
