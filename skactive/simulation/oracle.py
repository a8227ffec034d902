"""Whoever knows the labels, in a simulation."""

import time

from sklearn.utils import get_tags
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import has_fit_parameter

from skactive.utils.containers import safe_indexing


class Oracle:
    """
    All rows and the withheld labels: it tells those it is asked for.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        Rows.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Their labels.
    classes : ndarray of shape (n_classes,) or None
        The set of labels; None for regression.
    """

    def __init__(self, X, y, classes):
        self.X = X
        self.y = y
        self.classes = classes

    def teach(self, strategy, positions, is_first):
        """
        Hand labels over to a strategy.

        Parameters
        ----------
        strategy : strategy
            Who asked.
        positions : ndarray of shape (n,)
            What it asked for.
        is_first : bool
            Whether these are the labels to start from.

        Returns
        -------
        float
            Seconds the strategy took to learn them.
        """
        rows, labels = safe_indexing(self.X, positions), self.y[positions]
        start = time.perf_counter()
        if not is_first:
            strategy.partial_fit(rows, labels)
        elif self.classes is not None and has_fit_parameter(strategy, "classes"):
            strategy.fit(rows, labels, classes=self.classes)
        else:
            strategy.fit(rows, labels)
        return time.perf_counter() - start


def classifies(strategy, y):
    """
    Say whether the labels are classes: by the strategy's tags, else by y.

    Parameters
    ----------
    strategy : strategy
        With scikit-learn's tags, or a home-made class without any.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        All labels.

    Returns
    -------
    bool
        True for a single output with classes.
    """
    tags = tags_of(strategy)
    if tags is None or tags.estimator_type is None:
        return type_of_target(y) in ("binary", "multiclass")
    return tags.estimator_type == "classifier" and y.ndim == 1


def tags_of(strategy):
    """
    Give the tags of a strategy.

    Parameters
    ----------
    strategy : strategy
        With scikit-learn's tags, or a home-made class without any.

    Returns
    -------
    sklearn.utils.Tags or None
        The tags; None where there are none.
    """
    return get_tags(strategy) if hasattr(strategy, "__sklearn_tags__") else None
