"""A classical classifier of texts, to compare networks with."""

from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline


def tfidf_logistic_regression(**settings: Any) -> Pipeline:
    """Logistic regression on the frequency of words, the rare ones weighing more (TF-IDF).

    Parameters
    ----------
    **settings
        Settings of :class:`sklearn.linear_model.LogisticRegression`, in place of its own.

    Returns
    -------
    pipeline : Pipeline
        Steps ``tfidf`` and ``logistic``; takes X of shape (n,), texts.

    Raises
    ------
    TypeError
        If LogisticRegression has no such setting.

    Examples
    --------
    >>> from skmnist import tfidf_logistic_regression
    >>> texts = ["a great film", "a dull film", "great", "how dull"]
    >>> classifier = tfidf_logistic_regression().fit(texts, ["good", "bad", "good", "bad"])
    >>> classifier.predict(["great fun"])
    array(['good'], dtype='<U4')
    """
    return Pipeline([("tfidf", TfidfVectorizer()), ("logistic", LogisticRegression(**settings))])
