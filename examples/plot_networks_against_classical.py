"""
==================================
Networks against classical methods
==================================

Is a network worth its time? On scikit-learn's digits, 1,797 images of 8 x 8 pixels, three
networks are compared with a support vector machine, nearest neighbours and a random forest, all on
the same five folds. ``compare`` fits them, tests whether the differences are significant, and keeps
every prediction, so that we can look at the mistakes of the best one.
"""

# %%
# The comparison
# --------------
# Networks and classical methods are all scikit-learn classifiers. The printed table has scores,
# times and sizes.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay

from skmnist import (
    CNNClassifier,
    DNNClassifier,
    LeNetClassifier,
    compare,
    knn,
    random_forest,
    svm,
)
from skmnist.display import ScoresDisplay

X, y = load_digits(return_X_y=True)
classifiers = {
    "dense network": DNNClassifier(hidden_units=(128,)),
    "LeNet-5": LeNetClassifier(epochs=12),
    "convolutional network": CNNClassifier(epochs=10),
    "support vectors": svm(),
    "nearest neighbours": knn(),
    "random forest": random_forest(n_estimators=100),
}
result = compare(classifiers, X, y, cv=5, random_state=0)

# %%
# Which differences are significant?
# ----------------------------------
# Folds share most of their training data, so their scores are not independent samples; the test
# corrects for that, and for the number of pairs.

best = max(result.rows, key=lambda row: row["accuracy"])["classifier"]
print(f"\nBest: {best}, which is")
for pair in result.significance:
    if best in (pair["better"], pair["other"]):
        other = pair["other"] if pair["better"] == best else pair["better"]
        verdict = "better than" if pair["significant"] else "not significantly different from"
        print(f"  {verdict} {other} (p = {pair['p_holm']:.3f})")

# %%
# The picture
# -----------
# On the left, each classifier's accuracy with its interval. On the right, the confusions of the
# best one; its correct predictions are left out, as they would dominate the colours.

predictions = result.predictions[best]
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
ScoresDisplay.from_comparison(result, ax=left)
mistakes = predictions.y_pred != y[predictions.test]
confusion = ConfusionMatrixDisplay.from_predictions(
    y[predictions.test][mistakes],
    predictions.y_pred[mistakes],
    labels=np.arange(10),
    cmap="Blues",
    colorbar=False,
    ax=right,
)
for text in confusion.text_.flat:
    if text.get_text() == "0":
        text.set_visible(False)
right.set_title(f"{best}: {mistakes.sum()} mistakes in {len(mistakes)} images")
plt.savefig("networks_against_classical.png", dpi=120)
plt.show()
