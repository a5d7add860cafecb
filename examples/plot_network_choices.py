"""
========================================
Design choices of convolutional networks
========================================

Four choices that the reports make in one way or the other: pooling over 2 or 3 pixels, dropout
before or after the dense layer, the number of convolutions, and a dense layer or none. Each is
changed in turn, with everything else unchanged.

``--full`` trains Béjar's network 2b and its variants for 20 epochs on 45,000 images of MNIST and
judges them on 15,000 others. It takes about a quarter of an hour on two cores.
"""

# %%
# The choices
# -----------
# Three convolutions with 16, 32 and 64 filters, each with a pooling, then 128 units with dropout.
# Convolutions are data, so each choice is a parameter. Dropout before the dense layer is applied to
# the last convolution's feature maps; without a dense layer there is none.

from dataclasses import replace

import matplotlib.pyplot as plt
from _studies import HELD_OUT, Study, draw_curves, variant

from skmnist import recipe

study = Study("network_choices", __doc__, n_images=800)
network = recipe("bejar-cnn2b").set_params(validation_fraction=HELD_OUT, random_state=0)
if not study.full:
    network.set_params(epochs=6, learning_rate=3e-3)

*firsts, last = blocks = network.conv_blocks
changes = {
    "3 x 3": {"conv_blocks": [replace(block, pool_size=3) for block in blocks]},
    "before": {"conv_blocks": [*firsts, replace(last, dropout=network.dropout)], "dropout": 0.0},
    "1 convolution": {"conv_blocks": blocks[:1]},
    "2 convolutions": {"conv_blocks": blocks[:2]},
    "none": {"hidden_units": ()},
}
networks = {name: variant(network, **change) for name, change in changes.items()}
fits = study.fit({"as in the report": network, **networks}, study.X, study.y)

# %%
# The picture
# -----------
# Three poolings over 3 pixels leave one pixel of each feature map, so that little is left to
# distinguish digits. Fewer convolutions learn faster, as they leave larger feature maps to the
# dense layer; the full study shows whether they learn more.

of_report = fits["as in the report"]
choices = {
    "Pooling": {"2 x 2": of_report, "3 x 3": fits["3 x 3"]},
    "Dropout": {"after the dense layer": of_report, "before it": fits["before"]},
    "Convolutions": {"3": of_report, "2": fits["2 convolutions"], "1": fits["1 convolution"]},
    "Dense layer": {"128 units": of_report, "none": fits["none"]},
}
figure, axes = plt.subplots(2, 2, figsize=(11, 7), layout="constrained", sharex=True, sharey=True)
for ax, (title, of_choice) in zip(axes.flat, choices.items(), strict=True):
    draw_curves(ax, of_choice, "accuracy")
    ax.set_title(title)
    ax.label_outer()
figure.suptitle(f"{len(study.X):,} images of {study.source}, a quarter held out")
study.save(figure)
plt.show()
