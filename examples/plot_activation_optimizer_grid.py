"""
==================================
Activation and optimizer, together
==================================

The best activation may depend on the optimizer, so a grid tries every pair: ReLU and sigmoid with
Adam, RMSprop and SGD, each at Keras's default rate. The reports name the pairs by their first
letters: RA, SA, RR, SR, RS and SS.

``--full`` trains Martin's dense network with its 30 epochs on 45,000 images of MNIST with each pair
and judges it on 15,000 others. It takes about a quarter of an hour on two cores.
"""

# %%
# The grid
# --------
# The optimizers have different learning rates, so a pair sets three parameters. The small study has
# layers of 128 units instead of 512.

import matplotlib.pyplot as plt
import numpy as np
from _studies import HELD_OUT, Study, draw_curves, draw_table, variant

from skmnist import recipe

study = Study("activation_optimizer_grid", __doc__, n_images=1000)
network = variant(recipe("martin-dnn"), validation_fraction=HELD_OUT, random_state=0)
if not study.full:
    network = variant(network, hidden_units=(128, 128), epochs=12)

activations = {"R": "relu", "S": "sigmoid"}
optimizers = {"A": ("adam", 0.001), "R": ("rmsprop", 0.001), "S": ("sgd", 0.01)}
pairs = {
    first + second: variant(network, activation=activation, optimizer=optimizer, learning_rate=rate)
    for second, (optimizer, rate) in optimizers.items()
    for first, activation in activations.items()
}
fits = study.fit(pairs, study.X, study.y)

# %%
# The picture
# -----------
# Plain gradient descent at its default rate is slow, and slowest with sigmoids, whose gradients are
# small; the other optimizers scale their steps, and are less affected.

table = np.array(
    [
        [100 * fits[first + second]["final"]["val_accuracy"] for second in optimizers]
        for first in activations
    ]
)
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
draw_table(left, table, list(activations.values()), [name for name, _ in optimizers.values()])
left.set(title=f"Accuracy on the images held out after {network[-1].epochs} epochs")
draw_curves(right, fits, "loss")
right.set(yscale="log", title="Loss per epoch")
units = "-".join(map(str, network[-1].hidden_units))
figure.suptitle(f"{units} units, {len(study.X):,} images of {study.source}, a quarter held out")
study.save(figure)
plt.show()
