"""
============
When to stop
============

Early stopping has two parameters: the patience, the number of epochs that it waits for the loss on
images held out to fall, and ``tol``, the smallest decrease that counts. The reports tried patience
6 with 0.0001 and 0.001, and patience 4 with 0.0001. Less patience saves epochs, but may miss the
best ones.

``--full`` trains Béjar's third network for up to 200 epochs on 45,000 images of MNIST, with 15,000
held out, and once without stopping. It takes about two hours on two cores.
"""

# %%
# The settings
# ------------
# The same seed draws the same weights and holds out the same images, so all settings follow the
# same curve; they differ only in where they stop. A classifier that stops early restores its best
# epoch. The small study has a dense network, as a convolutional one would take minutes.

import matplotlib.pyplot as plt
import numpy as np
from _studies import HELD_OUT, Study, variant

from skmnist import recipe

study = Study("early_stopping", __doc__, n_images=1500)
network = recipe("bejar-cnn3" if study.full else "portillo-v1").set_params(
    validation_fraction=HELD_OUT, epochs=200 if study.full else 30, random_state=0
)
settings = {
    "patience 6, tol 0.0001": {"n_iter_no_change": 6, "tol": 1e-4},
    "patience 6, tol 0.001": {"n_iter_no_change": 6, "tol": 1e-3},
    "patience 4, tol 0.0001": {"n_iter_no_change": 4, "tol": 1e-4},
    "patience 1, tol 0.0001": {"n_iter_no_change": 1, "tol": 1e-4},
}
networks = {
    name: variant(network, early_stopping=True, **setting) for name, setting in settings.items()
}
fits = study.fit({**networks, "no early stopping": network}, study.X, study.y)

print("                         epochs    best epoch  accuracy")
for name, fit in fits.items():
    back_to = fit["best_epoch"] if name in settings else "-"
    print(f"{name:24} {fit['n_epochs']:6} {back_to:>13} {fit['final']['val_accuracy']:9.2%}")

# %%
# The picture
# -----------
# One bar per setting: the dot is the best epoch, the end is where it stopped. A patience of one
# stops at the first bump; the reports' settings differ little.

history = fits["no early stopping"]["history"]
figure, (top, bottom) = plt.subplots(
    2, 1, figsize=(8, 5.5), layout="constrained", sharex=True, height_ratios=(2, 1)
)
epochs = np.arange(1, len(history["loss"]) + 1)
top.plot(epochs, history["loss"], label="training images")
top.plot(epochs, history["val_loss"], label="images held out")
top.set(yscale="log", ylabel="loss", title=f"{len(study.X):,} images of {study.source}")
top.legend()
for height, (name, fit) in enumerate(fits.items()):
    bottom.plot(
        [1, fit["n_epochs"]],
        [height, height],
        linewidth=6,
        alpha=0.4,
        color="C1",
        solid_capstyle="butt",
    )
    if name in settings:
        bottom.plot(fit["best_epoch"], height, "o", color="C1")
bottom.set(
    xlabel="epoch",
    yticks=range(len(fits)),
    yticklabels=fits,
    title="Trained to the end of the bar; best epoch at the dot",
)
bottom.title.set_size("medium")
bottom.invert_yaxis()
bottom.margins(y=0.15)
for ax in (top, bottom):
    ax.grid(axis="x", alpha=0.3)
study.save(figure)
plt.show()
