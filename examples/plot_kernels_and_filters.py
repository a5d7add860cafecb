"""
=========================================
How large a kernel, and how many filters?
=========================================

One convolution, a pooling, dropout and the output: the smallest network of the reports that takes
images as images. It has two numbers to choose: the side of the kernel and the number of filters.

``--full`` trains Portillo's second network with its 15 epochs on 45,000 images of MNIST with
kernels of 3 and 5 and 32, 64 and 128 filters, and judges it on 15,000 others. It takes about half
an hour on two cores.
"""

# %%
# The networks
# ------------
# A convolution is a ``ConvBlock``, and a list of them is a parameter like any other. The small
# study has an eighth of the filters.

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
from _studies import HELD_OUT, Study, draw_curves, draw_table, variant

from skmnist import recipe

study = Study("kernels_and_filters", __doc__, n_images=1000)
network = recipe("portillo-v2").set_params(validation_fraction=HELD_OUT, random_state=0)
kernels, filters = (3, 5), (32, 64, 128)
if not study.full:
    network.set_params(epochs=6)
    filters = (4, 8, 16)

(convolution,) = network.conv_blocks
networks = {
    f"{side} x {side}, {n} filters": variant(
        network, conv_blocks=[replace(convolution, kernel_size=side, filters=n)]
    )
    for side in kernels
    for n in filters
}
fits = study.fit(networks, study.X, study.y)

# %%
# The picture
# -----------
# A larger kernel covers longer strokes, more filters detect more kinds of them. With one
# convolution both help; deep networks cover as much with small kernels.

scores = [100 * fit["final"]["val_accuracy"] for fit in fits.values()]
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
draw_table(
    left,
    np.reshape(scores, (len(kernels), len(filters))),
    [f"{side} x {side}" for side in kernels],
    [f"{n} filters" for n in filters],
)
left.set(title=f"Accuracy on the images held out after {network.epochs} epochs")
draw_curves(right, fits, "loss")
right.set(title="Loss per epoch")
figure.suptitle(f"One convolution, {len(study.X):,} images of {study.source}, a quarter held out")
study.save(figure)
plt.show()
