"""The labels a loop starts from."""

import numpy as np


def initial_positions(y, n_samples, n, rng):
    """
    Draw the positions of the labels to start from.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or None
        Classes to keep the proportions of; None draws uniformly.
    n_samples : int
        The number of rows.
    n : int
        How many to draw, 0 <= n <= n_samples.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    ndarray of shape (n,), dtype int64
        Distinct positions, in random order.
    """
    if y is None:
        return rng.permutation(n_samples)[:n].astype(np.int64)
    _, members = np.unique(y, return_inverse=True, axis=0)
    members = members.ravel()
    shares = _shares(np.bincount(members), n, rng)
    shuffled = rng.permutation(n_samples)
    by_class = shuffled[np.argsort(members[shuffled], kind="stable")]
    sizes = np.bincount(members)
    place = np.arange(n_samples) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    picked = by_class[place < np.repeat(shares, sizes)]
    return rng.permutation(picked).astype(np.int64)


def _shares(counts, n, rng):
    """Split n over classes by size (largest remainder), one of each if n allows."""
    floor = np.minimum(counts, 1) if n >= len(counts) else np.zeros_like(counts)
    exact = n * counts / counts.sum()
    shares = np.maximum(np.floor(exact).astype(np.int64), floor)
    tie_break = rng.random(len(counts))
    # Largest remainders first; a class gives or takes one at a time, within bounds.
    while shares.sum() != n:
        missing = n - shares.sum()
        can = shares < counts if missing > 0 else shares > floor
        wish = np.where(can, np.sign(missing) * (exact - shares), -np.inf)
        order = np.lexsort((tie_break, wish))[::-1][: min(abs(missing), can.sum())]
        shares[order] += np.sign(missing)
    return shares
