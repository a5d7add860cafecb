"""A classical text classifier, to compare networks with."""

from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline


def tfidf_logistic_regression(**settings: Any) -> Pipeline:
    """Return a logistic regression on word frequencies, with more weight for rare words (TF-IDF).

    Parameters
    ----------
    **settings
        Parameters of :class:`sklearn.linear_model.LogisticRegression`, instead of its defaults.

    Returns
    -------
    pipeline : Pipeline
        Steps ``tfidf`` and ``logistic``; takes X of shape (n,), texts.

    Raises
    ------
    TypeError
        If LogisticRegression has no such parameter.

    Examples
    --------
    >>> from skmnist import tfidf_logistic_regression
    >>> texts = ["a great film", "a dull film", "great", "how dull"]
    >>> classifier = tfidf_logistic_regression().fit(texts, ["good", "bad", "good", "bad"])
    >>> classifier.predict(["great fun"])
    array(['good'], dtype='<U4')
    """
    return Pipeline([("tfidf", TfidfVectorizer()), ("logistic", LogisticRegression(**settings))])
