"""
=========================
Sentiment of film reviews
=========================

A network can classify texts: each word gets a vector, which is learned like all other weights. From
raw texts to labels, everything is one Pipeline, as with scikit-learn's vectorizers. Here two such
networks are compared with what a user of scikit-learn would try first: TF-IDF with a logistic
regression.
"""

# %%
# The texts
# ---------
# 4,000 reviews of films from IMDb's training part to learn from and another 2,000 to judge on;
# short made-up sentences if IMDB isn't on this computer.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skmnist import (
    SequenceCNNClassifier,
    SequenceDNNClassifier,
    TextSequencer,
    fetch_imdb,
    tfidf_logistic_regression,
)


def made_up(n):
    """Return sentences whose meaning depends on the order of their words."""
    rng = np.random.default_rng(0)
    words = {
        0: ["not good at all", "dull and never funny", "a waste of time"],
        1: ["not bad at all", "funny and never dull", "time well spent"],
    }
    filler = ["the film was", "in the end", "I saw it with my sister", "the music, though", "well"]
    labels = rng.integers(2, size=n)
    texts = [" ".join([*rng.choice(filler, 4), rng.choice(words[label])]) for label in labels]
    return texts, np.where(labels, "positive", "negative")


try:
    reviews = fetch_imdb(download_if_missing=False, as_bunch=True)
    texts, labels = reviews.X_train, reviews.target_names[reviews.y_train]
    source, length = "reviews of IMDB", 250
except OSError:
    texts, labels = made_up(6000)
    source, length = "made-up sentences", 25
X, X_judge, y, y_judge = train_test_split(
    texts, labels, train_size=4000, test_size=2000, random_state=0, stratify=labels
)

# %%
# From a text to numbers
# ----------------------
# The most frequent words are numbered from 3 on; 2 is any other word, 1 the start, 0 padding in
# front.

sequencer = TextSequencer(max_tokens=3000, output_sequence_length=length).fit(X)
print("The most frequent words:", ", ".join(list(sequencer.vocabulary_)[:8]))
print("This was not a good film:", sequencer.transform(["This was not a good film"])[0, -8:])

# %%
# Three classifiers
# -----------------
# The networks hold out a fifth of their training texts, to be evaluated on after each epoch.

training = {"epochs": 6, "batch_size": 64, "validation_fraction": 0.2, "random_state": 0}
classifiers = {
    "sequence CNN": make_pipeline(
        sequencer, SequenceCNNClassifier(hidden_units=(64,), dropout=0.3, **training)
    ),
    "sequence dense": make_pipeline(
        sequencer, SequenceDNNClassifier(hidden_units=(64,), dropout=0.3, **training)
    ),
    "TF-IDF + logistic regression": tfidf_logistic_regression(),
}
accuracies = {}
for name, classifier in classifiers.items():
    accuracies[name] = classifier.fit(X, y).score(X_judge, y_judge)
    print(f"{name:30} {accuracies[name]:.1%} of {len(y_judge):,} {source}")

# %%
# Try it
# ------

for text in ("A wonderful film, moving from start to end.", "Boring. What a waste of two hours."):
    verdicts = [str(classifier.predict([text])[0]) for classifier in classifiers.values()]
    print(f"{text:45}", ", ".join(verdicts))

# %%
# The picture
# -----------
# On the left, the accuracy of each classifier on new texts. On the right, the networks' learning
# curves: the training texts are soon memorized, and by then the accuracy on others no longer rises.

figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.5), layout="constrained")
colors = ["tab:blue", "tab:orange", "tab:gray"]
bars = left.bar(
    [name.replace(" + ", " +\n") for name in accuracies],
    [100 * accuracy for accuracy in accuracies.values()],
    color=colors,
)
left.bar_label(bars, fmt="%.1f %%")
left.set(ylim=(50, 105), ylabel="accuracy (%)", title=f"Judged on {len(y_judge):,} {source}")

for (name, classifier), color in zip(list(classifiers.items())[:2], colors, strict=False):
    history = classifier[-1].history_
    epochs = np.arange(1, len(history["loss"]) + 1)
    for key, style, part in (("accuracy", "--", "training"), ("val_accuracy", "-", "held out")):
        right.plot(
            epochs, np.multiply(history[key], 100), style, color=color, label=f"{name}, {part}"
        )
right.set(xlabel="epoch", ylabel="accuracy (%)", title="Learning curves", xticks=epochs)
right.legend()
plt.savefig("imdb_reviews.png", dpi=120)
plt.show()
