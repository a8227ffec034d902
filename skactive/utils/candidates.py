"""A random part of the pool to choose from, and positions told in the whole of it."""

import numbers

import numpy as np
from sklearn.utils import Bunch

from skactive.utils.containers import safe_indexing
from skactive.utils.validation import num_rows

POSITIONS = ("positions", "forward", "removed")
"""Entries of ``query_info_`` that hold positions of rows."""


def check_max_candidates(max_candidates, n, n_pool):
    """
    Check how many rows a query may look at.

    Parameters
    ----------
    max_candidates : int or None
        What the user asked for.
    n : int
        How many rows are to be chosen among them; checked later, for itself.
    n_pool : int
        The number of rows of the pool.

    Returns
    -------
    int or None
        The number of rows to draw; None where the whole pool is looked at.
    """
    if max_candidates is None:
        return None
    is_whole = isinstance(max_candidates, numbers.Integral)
    if not is_whole or isinstance(max_candidates, bool):
        raise TypeError(
            "The 'max_candidates' parameter of query must be an int of at least 1, or "
            f"None. Got {max_candidates!r} instead."
        )
    if max_candidates < 1:
        raise ValueError(
            "The 'max_candidates' parameter of query must be at least 1. Got "
            f"{max_candidates} instead."
        )
    is_number = isinstance(n, numbers.Integral) and not isinstance(n, bool)
    if is_number and max_candidates < n <= n_pool:
        raise ValueError(
            f"query was asked for n={n} points among max_candidates={max_candidates} "
            f"rows drawn from X_pool. Raise max_candidates to at least {n}."
        )
    return None if max_candidates >= n_pool else int(max_candidates)


def candidate_rows(X_pool, n, max_candidates, seeds):
    """
    Take the rows that a query looks at.

    Parameters
    ----------
    X_pool : array-like of shape (n_pool, ...)
        The pool.
    n : int
        How many rows are to be chosen.
    max_candidates : int or None
        How many rows to look at, at most; None looks at all.
    seeds : numpy.random.SeedSequence
        Where the draw comes from.

    Returns
    -------
    rows : array-like of shape (n_candidates, ...)
        The rows drawn, or X_pool itself.
    positions : ndarray of shape (n_candidates,), dtype int64, or None
        Where they stand in the pool, ascending; None where it is looked at whole.
    """
    if max_candidates is None:
        return X_pool, None
    n_pool = num_rows(X_pool)
    drawn = check_max_candidates(max_candidates, n, n_pool)
    if drawn is None:
        return X_pool, None
    positions = draw_candidates(n_pool, drawn, seeds)
    return safe_indexing(X_pool, positions), positions


def draw_candidates(n_pool, n_candidates, seeds):
    """
    Draw rows of the pool uniformly, without replacement.

    Parameters
    ----------
    n_pool : int
        The number of rows of the pool.
    n_candidates : int
        How many to draw.
    seeds : numpy.random.SeedSequence
        Where the draw comes from.

    Returns
    -------
    ndarray of shape (n_candidates,), dtype int64
        Positions, ascending.
    """
    rng = np.random.default_rng(seeds)
    drawn = rng.choice(n_pool, n_candidates, replace=False, shuffle=False)
    return np.sort(drawn.astype(np.int64))


def told_of_pool(info, candidates):
    """
    Put positions among candidates as positions in the whole pool.

    Parameters
    ----------
    info : Bunch
        What a strategy told of its query; changed in place, also what a strategy
        inside it told.
    candidates : ndarray of shape (n_candidates,), dtype int64
        Positions of the candidates in the pool.
    """
    for name, value in info.items():
        if isinstance(value, Bunch):
            told_of_pool(value, candidates)
        elif name in POSITIONS:
            info[name] = candidates[value]
