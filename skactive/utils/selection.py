"""Choosing positions from scores."""

import numpy as np


def top_n(scores, n, rng):
    """
    Give the positions of the n largest scores, largest first.

    Ties are broken at random: a pool is often sorted by class or by date, and "the
    first rows" would then be a biased choice.

    Parameters
    ----------
    scores : ndarray of shape (n_pool,)
        One score a row, larger = first. No NaN.
    n : int
        How many positions to give, 1 <= n <= n_pool.
    rng : numpy.random.Generator
        Breaks the ties; draws n_pool numbers.

    Returns
    -------
    ndarray of shape (n,), dtype int64
        Distinct positions. Cost O(n_pool + m log m) where m candidates reach the
        n-th largest score.
    """
    keys = rng.random(len(scores))
    threshold = np.partition(scores, len(scores) - n)[len(scores) - n]
    candidates = np.flatnonzero(scores >= threshold)
    order = np.lexsort((keys[candidates], -scores[candidates]))
    return candidates[order[:n]].astype(np.int64)
