"""A random part of the pool to choose from, and positions told in the whole pool."""

import math
import numbers

import numpy as np
from sklearn.utils import Bunch

from skactive.utils.elsewhere import ElsewhereRows
from skactive.utils.pools import is_on_disk, pick_rows
from skactive.utils.validation import check_positions, num_rows

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
    X_pool : array-like of shape (n_pool, ...) or LazyRows
        The pool.
    n : int
        How many rows are to be chosen.
    max_candidates : int or None
        How many rows to look at, at most; None looks at all.
    seeds : callable
        Gives the numpy.random.SeedSequence that the draw comes from.

    Returns
    -------
    rows : array-like of shape (n_candidates, ...) or LazyRows
        The rows drawn, to be read later where the pool is on disk; or X_pool itself.
    positions : ndarray of shape (n_candidates,), dtype int64, or None
        Where they stand in the pool, ascending; None where it is looked at whole.
    """
    if max_candidates is None:
        return X_pool, None
    n_pool = num_rows(X_pool)
    drawn = check_max_candidates(max_candidates, n, n_pool)
    if drawn is None:
        # Few enough to be read here, for strategies that need them at hand too.
        is_here = not isinstance(X_pool, ElsewhereRows)
        return X_pool if is_here else pick_rows(X_pool, np.arange(n_pool)), None
    positions = draw_candidates(n_pool, drawn, seeds())
    return pick_rows(X_pool, positions), positions


def candidate_memory(X_pool, n_candidates):
    """
    Say what drawing candidates takes.

    Parameters
    ----------
    X_pool : array-like of shape (n_pool, ...) or LazyRows
        The pool.
    n_candidates : int
        How many are drawn.

    Returns
    -------
    int
        Bytes: positions of all rows while some are drawn, and those drawn; the rows
        too, where the pool is in memory and they are copied; the slice of a chunk that
        they are taken from, where the pool has chunks.
    """
    positions = 8 * (num_rows(X_pool) + 3 * n_candidates)
    if is_on_disk(X_pool):
        return positions + getattr(X_pool, "slice_bytes", 0)
    dtype = getattr(X_pool, "dtype", np.dtype(np.float64))
    numbers = math.prod(getattr(X_pool, "shape", ())[1:])
    return positions + n_candidates * numbers * np.dtype(dtype).itemsize


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


def told_of_pool(info, candidates, n_pool):
    """
    Tell of a query among candidates in terms of the whole pool.

    Parameters
    ----------
    info : Bunch
        What a strategy told of its query; changed in place, also what a strategy
        inside it told.
    candidates : ndarray of shape (n_candidates,), dtype int64
        Positions of the candidates in the pool.
    n_pool : int
        The number of rows of the pool.
    """
    _put_in_pool(info, candidates)
    info.status += f"; among {len(candidates)} of {n_pool} rows, drawn at random"
    info.update(candidates=candidates, n_pool=n_pool)


def _put_in_pool(info, candidates):
    for name, value in info.items():
        if isinstance(value, Bunch):
            _put_in_pool(value, candidates)
        elif name in POSITIONS:
            info[name] = candidates[value]


def check_picks(picked, n, n_pool, info, author):
    """
    Check what a strategy chose, and that it tells of the same rows.

    Parameters
    ----------
    picked : array-like of shape (n,)
        Positions in the pool.
    n : int
        How many were asked for.
    n_pool : int
        The number of rows to choose from.
    info : Bunch
        What the strategy told.
    author : str
        Whose answer it is, to be named.

    Returns
    -------
    ndarray of shape (n,), dtype int64
        The positions.
    """
    picked = check_positions(picked, n, n_pool, author)
    if not np.array_equal(info.get("positions", picked), picked):
        raise ValueError(
            f"{author} reports the positions {info.positions!r} but returns "
            f"{picked!r}: return the picks that were conditioned on."
        )
    return picked


def given_only(**options):
    """
    Leave out what was not given, lest a strategy of others' meet what it cannot know.

    Parameters
    ----------
    **options : dict
        Parameters; None stands for not given.

    Returns
    -------
    dict
        Those that are not None.
    """
    return {name: value for name, value in options.items() if value is not None}
