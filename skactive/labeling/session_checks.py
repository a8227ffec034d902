"""Checks of what a labelling session is given."""

import numbers
from pathlib import Path

import numpy as np

from skactive.labeling.fingerprint import count_rows
from skactive.labeling.store import LabelStore


def check_session(strategy, batch_size, lease, random_state):
    """
    Check the parameters that stand on their own.

    Parameters
    ----------
    strategy : strategy
        Must have ``fit`` and ``query``.
    batch_size : int
        At least 1.
    lease : float
        Seconds, more than 0.
    random_state : int or None
        A seed that can be written down.
    """
    if isinstance(strategy, type) or not (
        hasattr(strategy, "fit") and hasattr(strategy, "query")
    ):
        raise TypeError(
            "The 'strategy' parameter of LabelingSession must have the methods fit and "
            f"query. Got {strategy!r} instead."
        )
    if not _is_int(batch_size) or batch_size < 1:
        raise ValueError(
            "The 'batch_size' parameter of LabelingSession must be an int of at least "
            f"1. Got {batch_size!r} instead."
        )
    if not isinstance(lease, numbers.Real) or not 0 < lease < float("inf"):
        raise ValueError(
            "The 'lease' parameter of LabelingSession must be a number of seconds more "
            f"than 0. Got {lease!r} instead."
        )
    if random_state is not None and (not _is_int(random_state) or random_state < 0):
        raise ValueError(
            "The 'random_state' parameter of LabelingSession must be an int of at "
            f"least 0, to be kept in the store, or None. Got {random_state!r} instead."
        )


def check_initial(initial, n):
    """
    Check what to ask for first.

    Parameters
    ----------
    initial : int, array-like of int or None
        As the session was given it.
    n : int
        Rows of the pool.

    Returns
    -------
    int, ndarray of int64, or None
        The same.
    """
    if initial is None:
        return None
    if _is_int(initial) and 0 <= initial <= n:
        return int(initial)
    positions = np.asarray(initial)
    is_list = positions.ndim == 1 and positions.dtype.kind in "iu" and len(positions)
    if (
        not is_list
        or len(np.unique(positions)) != len(positions)
        or positions.min() < 0
        or positions.max() >= n
    ):
        raise ValueError(
            f"The 'initial' parameter of LabelingSession must be an int in [0, {n}], "
            f"or distinct positions in [0, {n}). Got {initial!r} instead."
        )
    return positions.astype(np.int64)


def check_score_on(score_on, strategy):
    """
    Check rows and labels to score on.

    Parameters
    ----------
    score_on : tuple of (X_val, y_val) or None
        As the session was given it.
    strategy : strategy
        Must have ``score`` then.

    Returns
    -------
    tuple or None
        The same.
    """
    if score_on is None:
        return None
    if not isinstance(score_on, tuple | list) or len(score_on) != 2:
        raise TypeError(
            "The 'score_on' parameter of LabelingSession must be a pair (X_val, "
            f"y_val). Got a {type(score_on).__name__} instead."
        )
    if not hasattr(strategy, "score"):
        raise TypeError(
            "The 'score_on' parameter of LabelingSession needs a strategy with the "
            f"method score. Got {strategy!r}; leave score_on out."
        )
    X_val, y_val = score_on
    if count_rows(X_val) != len(y_val):
        raise ValueError(
            "The 'score_on' parameter of LabelingSession must have a label for each "
            f"row. Got {count_rows(X_val)} rows and {len(y_val)} labels."
        )
    return X_val, y_val


def check_position(position, n):
    """
    Check a row of the pool.

    Parameters
    ----------
    position : int
        As the user gave it.
    n : int
        Rows of the pool.

    Returns
    -------
    int
        The same as a plain int.
    """
    if not _is_int(position) or not 0 <= position < n:
        raise ValueError(
            f"A position must be an int in [0, {n}), a row of X_pool. Got "
            f"{position!r} instead."
        )
    return int(position)


def opened(store, annotator):
    """
    Open a store where a path was given.

    Parameters
    ----------
    store : LabelStore, str or Path
        As the session was given it.
    annotator : str or None
        Who labels.

    Returns
    -------
    LabelStore
        The store.
    """
    if isinstance(store, str | Path):
        return LabelStore(store, annotator=annotator)
    if not isinstance(store, LabelStore):
        raise TypeError(
            "The 'store' parameter of LabelingSession must be a LabelStore or the path "
            f"of one. Got {store!r} instead."
        )
    return store


def _is_int(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)
