"""What all loaders give: a pool to label and a set to score on."""

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

TASKS = ("classification", "regression")


def split(X, y, *, name, feature_names, target_names, test_size, random_state):
    """
    Split rows into the Bunch that all loaders give.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        The rows.
    y : ndarray of shape (n,)
        Numbers of classes, or targets.
    name : str
        Of the data set.
    feature_names : list of str
        The columns.
    target_names : array-like of str or None
        Names of the classes; None means regression.
    test_size : float
        Share of the rows to score on.
    random_state : int, RandomState instance or None
        Seeds the split.

    Returns
    -------
    Bunch
        What `load_dataset` describes.
    """
    classification = target_names is not None
    X_train, X_test, y_train, y_test = train_test_split(
        X,
        y,
        test_size=test_size,
        random_state=random_state,
        stratify=y if classification and _stratifies(y, test_size) else None,
    )
    return Bunch(
        X_train=X_train,
        X_test=X_test,
        y_train=y_train,
        y_test=y_test,
        feature_names=feature_names,
        target_names=target_names,
        name=name,
        task=TASKS[0] if classification else TASKS[1],
    )


def _stratifies(y, test_size):
    """Say whether each class can be on both sides: scikit-learn refuses otherwise."""
    counts = np.bincount(y)
    smaller_side = len(y) * min(test_size, 1 - test_size)
    return counts.min() > 1 and len(counts) <= int(smaller_side)


def listed(names):
    """
    Write names one after the other.

    Parameters
    ----------
    names : iterable of object
        The names.

    Returns
    -------
    str
        In quotes, with commas between.
    """
    return ", ".join(repr(str(name)) for name in names)
