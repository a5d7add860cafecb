"""Recipes of classical classifiers, on pixels, gradients and words."""

from typing import Any

from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline

from skmnist.classifiers._baselines import gradient_boosting, knn, random_forest, svm
from skmnist.classifiers._components import PCA
from skmnist.classifiers._support_vectors import SVC
from skmnist.preprocessing import (
    ConvolutionFeatures,
    Deskew,
    MomentNormalizer,
    OrientedGradients,
)
from skmnist.recipes._recipe import Recipe
from skmnist.text._baseline import tfidf_logistic_regression


def _gradients(*more: Any) -> Pipeline:
    """Make upright digits of equal size, and describe them by the directions of their strokes."""
    return make_pipeline(Deskew(), MomentNormalizer(), OrientedGradients(), *more)


def _components(n: int, lda_weight: float) -> FeatureUnion:
    """Combine principal components and the nine discriminants, in units of the latter's noise."""
    lda = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.01)
    return FeatureUnion([("pca", PCA(n)), ("lda", lda)], transformer_weights={"lda": lda_weight})


CLASSICAL = {
    "svm": Recipe(svm(), "A support vector machine on pixels."),
    "knn": Recipe(knn(), "Nearest neighbours on pixels."),
    "random-forest": Recipe(random_forest(), "A random forest on pixels."),
    "gradient-boosting": Recipe(gradient_boosting(), "Gradient boosting of trees, on pixels."),
    "tfidf": Recipe(
        tfidf_logistic_regression(),
        "A logistic regression on weighted words: the baseline for the reviews.",
        data="imdb",
    ),
    "svm-best": Recipe(
        _gradients(PCA(120), SVC(C=5.0, cache_size=1000)),
        "A support vector machine on oriented gradients; it needs at least 120 images.",
    ),
    "svm-few-labels": Recipe(
        _gradients(SVC(C=5.0)),
        "The same without components: for ten to a few hundred images per class, in seconds.",
    ),
    # Fitted on 4,000 training images of Fashion-MNIST and of CIFAR-10, it reads 90.2 and 59.0 % of
    # the last 4,000, which were held out; with the steps for characters 89.6 and 52.3 %, with
    # MomentNormalizer alone 89.6 and 52.6 %, with 250 components 90.5 and 58.8 %.
    "svm-objects": Recipe(
        make_pipeline(OrientedGradients(), PCA(120), SVC(C=5.0, cache_size=1000)),
        "The same on images as they are, not made upright or of one size: for clothes, objects and "
        "photographs, up to 20,000 images; it needs at least 120.",
    ),
    "knn-best": Recipe(
        _gradients(_components(60, 0.15), KNeighborsClassifier(4, weights="distance")),
        "Nearest neighbours on components and discriminants of oriented gradients.",
    ),
    "forest-best": Recipe(
        _gradients(_components(50, 1.0), ExtraTreesClassifier(300)),
        "Extremely randomised trees on components of oriented gradients.",
    ),
    "gradient-boosting-best": Recipe(
        _gradients(
            _components(50, 1.0),
            HistGradientBoostingClassifier(max_features=0.1, early_stopping=False),
        ),
        "Gradient boosting of trees on components of oriented gradients.",
    ),
    "ridge-best": Recipe(
        make_pipeline(
            Deskew(),
            ConvolutionFeatures(),
            RBFSampler(gamma="scale", n_components=6000),
            RidgeClassifier(alpha=0.05, copy_X=False),
        ),
        "Fixed convolutions and a random layer, then a linear classifier.",
    ),
}
