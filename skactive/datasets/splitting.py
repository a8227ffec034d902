"""What all loaders give: a pool to label and a set to score on."""

import numbers

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

TASKS = ("classification", "regression")


def bundle(
    X_train,
    y_train,
    X_test,
    y_test,
    *,
    name,
    feature_names,
    target_names,
    scaling="Nothing was scaled.",
    image_shape=None,
):
    """
    Put a data set into the form that all loaders give.

    Parameters
    ----------
    X_train : ndarray of shape (n_train, n_features)
        Rows to label.
    y_train : ndarray of shape (n_train,)
        Their classes, numbered from 0, or targets.
    X_test : ndarray of shape (n_test, n_features)
        Rows to score on.
    y_test : ndarray of shape (n_test,)
        Theirs.
    name : str
        Of the data set.
    feature_names : list of str
        The columns.
    target_names : array-like of object or None
        Names of the classes; None means regression.
    scaling : str, default="Nothing was scaled."
        A sentence: what was scaled and by what.
    image_shape : tuple of int or None, default=None
        Channels, height and width, if rows are flat images.

    Returns
    -------
    Bunch
        What `load_dataset` describes.
    """
    return Bunch(
        X_train=X_train.astype(np.float32, copy=False),
        X_test=X_test.astype(np.float32, copy=False),
        y_train=y_train,
        y_test=y_test,
        feature_names=feature_names,
        target_names=target_names,
        name=name,
        task=TASKS[0] if target_names is not None else TASKS[1],
        image_shape=image_shape,
        scaling=scaling,
    )


def divide(X, y, *, stratify, test_size, random_state):
    """
    Divide rows at random into those to label and those to score on.

    Parameters
    ----------
    X : ndarray of shape (n, ...)
        The rows.
    y : ndarray of shape (n,)
        Numbers of classes, or targets.
    stratify : bool
        Whether to keep the proportions of the classes, where each has two rows.
    test_size : float
        Share of the rows to score on.
    random_state : int, RandomState instance or None
        Seeds the division.

    Returns
    -------
    X_train, y_train, X_test, y_test : ndarray
        The parts.
    """
    is_number = isinstance(test_size, numbers.Real) and not isinstance(test_size, bool)
    if not is_number or not 0 < test_size < 1:
        raise ValueError(
            "The 'test_size' parameter must be the share of rows to score on, in "
            f"(0, 1). Got {test_size!r} instead."
        )
    X_train, X_test, y_train, y_test = train_test_split(
        X,
        y,
        test_size=test_size,
        random_state=random_state,
        stratify=y if stratify and _stratifies(y, test_size) else None,
    )
    return X_train, y_train, X_test, y_test


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
    parts = divide(
        X,
        y,
        stratify=target_names is not None,
        test_size=test_size,
        random_state=random_state,
    )
    return bundle(
        *parts, name=name, feature_names=feature_names, target_names=target_names
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
