"""
=================================
Which activation? Dropout or not?
=================================

Two questions that every report on MNIST asks about its dense network, answered by curves: accuracy
and loss after each epoch, on training images and on images held out.

``--full`` trains Martin's dense network with its 30 epochs on 45,000 images of MNIST, with each
activation and with each dropout, and judges it on 15,000 others. It takes about a quarter of an
hour on two cores.
"""

# %%
# The network
# -----------
# Two layers of 512 sigmoid units with a dropout of 0.2, as in the report; 128 units in the small
# study.

import matplotlib.pyplot as plt
from _studies import HELD_OUT, Study, draw_curves, variant

from skmnist import recipe

study = Study("activations_and_dropout", __doc__, n_images=1000)
network = variant(recipe("martin-dnn"), validation_fraction=HELD_OUT, random_state=0)
if not study.full:
    network = variant(network, hidden_units=(128, 128), epochs=12)

# %%
# The activation
# --------------

activations = study.fit(
    {
        activation: variant(network, activation=activation)
        for activation in ("relu", "sigmoid", "tanh")
    },
    study.X,
    study.y,
)

# %%
# Dropout
# -------
# With ReLUs, which overfit soonest.

dropouts = study.fit(
    {
        f"dropout {rate}": variant(network, activation="relu", dropout=rate)
        for rate in (0.0, 0.25, 0.5)
    },
    study.X,
    study.y,
)

# %%
# The picture
# -----------
# Sigmoids start slowly, as their gradients are small. Dropout makes the training images harder to
# fit, and keeps the loss on the others from rising again.

figure, axes = plt.subplots(2, 2, figsize=(11, 7), layout="constrained", sharex=True, sharey="row")
columns = {"Activation, dropout 0.2": activations, "Dropout, ReLU": dropouts}
for column, (title, fits) in zip(axes.T, columns.items(), strict=True):
    for ax, metric in zip(column, ("accuracy", "loss"), strict=True):
        draw_curves(ax, fits, metric)
        ax.label_outer()
    column[0].set_title(title)
units = "-".join(map(str, network[-1].hidden_units))
figure.suptitle(f"{units} units, {len(study.X):,} images of {study.source}, a quarter held out")
study.save(figure)
plt.show()
