"""
=============================
Which digits networks confuse
=============================

A confusion matrix counts how often one digit is taken for another. It differs between five networks
of the reports, dense and convolutional ones; but some images are misclassified by all of them.

``--full`` trains them for the reports' epochs on 45,000 images of MNIST and judges them once on
15,000 others. It takes about ten minutes on two cores.
"""

# %%
# The networks and their mistakes
# -------------------------------
# For each network, only its mistakes are recorded: all other predictions are right.

import matplotlib.pyplot as plt
import numpy as np
from _studies import Study, variant
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix

from skmnist import recipe
from skmnist.display import MistakesDisplay

study = Study("confusions", __doc__, n_images=1200)
X, X_held_out, y, y_held_out = study.split()
names = "portillo-v1", "martin-dnn", "bejar-mlp", "navarro-lenet5", "bejar-cnn2a"
networks = {name: variant(recipe(name), random_state=0) for name in names}
if not study.full:
    networks = {name: variant(network, epochs=4) for name, network in networks.items()}


def judged(network):
    predicted = network.predict(X_held_out)
    mistakes = np.flatnonzero(predicted != y_held_out)
    return {
        "held_out_accuracy": 1 - len(mistakes) / len(y_held_out),
        "confusion": confusion_matrix(y_held_out, predicted).tolist(),
        "mistakes": {str(row): int(predicted[row]) for row in mistakes},
    }


fits = study.fit(networks, X, y, also=judged)

# %%
# The most frequent confusions
# ----------------------------

for name, fit in fits.items():
    wrong = np.array(fit["confusion"])
    np.fill_diagonal(wrong, 0)
    most = np.argsort(-wrong, axis=None, kind="stable")[:3]
    pairs = ", ".join(
        f"{true} for {other} {wrong[true, other]} times"
        for true, other in zip(*np.unravel_index(most, wrong.shape), strict=True)
    )
    print(f"{name:15} {fit['held_out_accuracy']:7.2%} right; takes {pairs}")

# %%
# The picture
# -----------
# Correct predictions would dominate the colours, so these are scaled to the mistakes. The last
# panel has images that all five misclassify, with their label and the last network's prediction.

figure = plt.figure(figsize=(12, 8), layout="constrained")
*panels, last = figure.subfigures(2, 3).flat
for panel, (name, fit) in zip(panels, fits.items(), strict=True):
    confusion = np.array(fit["confusion"])
    mistakes = confusion - np.diag(np.diag(confusion))
    display = ConfusionMatrixDisplay(confusion, display_labels=np.arange(10)).plot(
        ax=panel.subplots(),
        colorbar=False,
        cmap="Blues",
        text_kw={"fontsize": "x-small"},
        im_kw={"vmax": 1.5 * mistakes.max()},
    )
    for text, count in zip(display.text_.flat, confusion.flat, strict=True):
        text.set(visible=count > 0, color="white" if count > mistakes.max() else "black")
    panel.suptitle(f"{name}: {mistakes.sum()} mistakes", fontsize="medium")

common = set.intersection(*(set(fit["mistakes"]) for fit in fits.values()))
rows = np.array(sorted(map(int, common)), dtype=int)
predicted = [fits[names[-1]]["mistakes"][str(row)] for row in rows]
MistakesDisplay.from_predictions(
    X_held_out[rows], y_held_out[rows], predicted, n_images=20, ax=last.subplots()
)
last.suptitle(f"Misclassified by all: {len(rows)}", fontsize="medium")
study.save(figure)
plt.show()
