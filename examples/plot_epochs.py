"""
====================================
How many epochs does a network need?
====================================

The first picture of most reports on MNIST: accuracy and loss in epochs 1 to 30, on training images
and on images held out, for a dense and a convolutional network. What else the reports did with a
network (they count the classes, draw the layers, list the predictions and save it) is done by
``skmnist.reproduce("martin-dnn").save("folder")``.

``--full`` trains Martin's two networks as the report does, on 45,000 images of MNIST, and judges
them after each epoch on 15,000 others. It takes about half an hour on two cores.
"""

# %%
# The networks
# ------------
# Two layers of 512 sigmoids, and two pairs of convolutions. A quarter of the images is held out for
# validation after each epoch. Martin's convolutions have sigmoids too, which take thousands of
# steps to learn anything; the small study has Portillo's single convolution instead.

import matplotlib.pyplot as plt
from _studies import HELD_OUT, Study, variant

from skmnist import recipe
from skmnist.display import HistoryDisplay

study = Study("epochs", __doc__, n_images=800)
networks = {
    name: variant(recipe(name), validation_fraction=HELD_OUT, random_state=0, epochs=30)
    for name in ("martin-dnn", "martin-cnn" if study.full else "portillo-v2")
}
fits = study.fit(networks, study.X, study.y)

# %%
# The picture
# -----------
# The curves of training keep improving when those of the images held out have stopped to: that gap
# is overfitting. The loss shows it before the accuracy does.

figure, axes = plt.subplots(2, 2, figsize=(10, 6.4), layout="constrained", sharey="row")
for column, (name, fit) in zip(axes.T, fits.items(), strict=True):
    for ax, metric in zip(column, ("accuracy", "loss"), strict=True):
        HistoryDisplay.from_histories([fit["history"]], metric=metric, ax=ax)
        ax.label_outer()
    column[0].set_title(f"{name}: best validation loss after {fit['best_epoch']} epochs")
figure.suptitle(f"{len(study.X):,} images of {study.source}, a quarter of them held out")
study.save(figure)
plt.show()
