"""Recipes that begin with ImageNet's weights: deeper networks that a report names as a next step.

The frozen backbone processes the images only once, so the head's epochs are fast; fine-tuning is
slow, so it has few epochs.  Images are enlarged to the smallest side that each backbone takes, as
the time grows with its square.
"""

from skmnist.classifiers import PretrainedClassifier
from skmnist.recipes._recipe import Recipe


def _transfer(backbone: str) -> Recipe:
    return Recipe(
        PretrainedClassifier(
            backbone,
            # The networks' own last step; only Xception's last maps are larger than a pixel.
            backbone_settings={"pooling": "avg"},
            validation_fraction=0.1,
            early_stopping=True,
            n_iter_no_change=3,
            # Higher than the default, as digits differ a lot from photographs.
            fine_tune_learning_rate=1e-4,
        ),
        f"{backbone}, a next step that the reports name; not measured here: ImageNet's weights are "
        "a download.",
        source="Named as a next step by the report of Navarro",
    )


PRETRAINED = {
    "densenet121": _transfer("DenseNet121"),
    "inceptionv3": _transfer("InceptionV3"),
    "xception": _transfer("Xception"),
    "vgg19": _transfer("VGG19"),
    "resnet50v2": _transfer("ResNet50V2"),
}
