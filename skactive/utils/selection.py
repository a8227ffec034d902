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
        Distinct positions. Costs O(n_pool + m log m) where m candidates reach the n-th
        largest score.
    """
    picked = best_of([ScoredPart(scores).top(n, rng)], n)
    rng.bit_generator.advance(len(scores))  # a second draw has other numbers
    return picked


class ScoredPart:
    """
    The scores of some rows of a pool.

    Parameters
    ----------
    scores : ndarray of shape (m,)
        One score a row, larger = first. No NaN.
    start : int, default=0
        Position of the first row in the pool.
    """

    def __init__(self, scores, start=0):
        self.scores, self.start = scores, start

    def top(self, n, rng):
        """
        Give the n largest scores of the part, and all that equal the last of them.

        Parameters
        ----------
        n : int
            How many.
        rng : numpy.random.Generator
            Of the whole pool; breaks ties as for the whole pool, and stays where it is.

        Returns
        -------
        positions : ndarray of shape (c,), dtype int64
            Positions in the pool; at most n.
        scores : ndarray of shape (c,)
            Their scores.
        keys : ndarray of shape (c,)
            Random numbers, by which equal scores are ordered.
        """
        scores, n = self.scores, min(n, len(self.scores))
        keys = _numbers_from(rng, self.start, len(scores))
        threshold = np.partition(scores, len(scores) - n)[len(scores) - n]
        candidates = np.flatnonzero(scores >= threshold)
        order = np.lexsort((keys[candidates], -scores[candidates]))
        at = candidates[order[:n]]
        return at.astype(np.int64) + self.start, scores[at], keys[at]


def best_of(parts, n):
    """
    Give the positions of the n largest scores of all parts, largest first.

    Parameters
    ----------
    parts : list of tuple
        What `ScoredPart.top` gave for each part.
    n : int
        How many.

    Returns
    -------
    ndarray of shape (n,), dtype int64
        Distinct positions.
    """
    positions, scores, keys = map(np.concatenate, zip(*parts, strict=True))
    return positions[np.lexsort((keys, -scores))[:n]]


def _numbers_from(rng, start, m):
    """Draw the numbers that rows from this one on get of a generator of all rows."""
    bits = type(rng.bit_generator)(0)
    bits.state = rng.bit_generator.state
    return np.random.Generator(bits.advance(start)).random(m)
