"""Pools with near copies: what greedy batches of single scores fall for."""

import numbers

import numpy as np
from sklearn.utils import check_consistent_length, check_random_state


def repeated(X, y, times=3, noise=0.1, random_state=None):
    """
    Repeat every row, with Gaussian noise on each copy.

    Parameters
    ----------
    X : array-like of shape (n, ...)
        Rows of numbers, scaled already: the noise is the same on all.
    y : array-like of shape (n,)
        Labels.
    times : int, default=3
        How often each row comes, >= 1.
    noise : float, default=0.1
        Standard deviation of the noise, >= 0, in the units of X.
    random_state : int, RandomState instance or None, default=None
        Seeds the noise.

    Returns
    -------
    X_repeated : ndarray of shape (n * times, ...)
        The copies of row i are rows i, i + n, i + 2 n and so on. float32 stays float32,
        all else becomes float64.
    y_repeated : ndarray of shape (n * times,)
        Their labels.

    Raises
    ------
    ValueError
        ``times`` or ``noise`` is out of its range, or X and y differ in length.

    Notes
    -----
    Kirsch et al. 2019, section 4.1: Repeated MNIST.

    Examples
    --------
    >>> from skactive.datasets import repeated
    >>> X, y = repeated([[0.0], [1.0]], [0, 1], times=3, random_state=0)
    >>> X.shape, y
    ((6, 1), array([0, 1, 0, 1, 0, 1]))
    """
    if not isinstance(times, numbers.Integral) or times < 1:
        raise ValueError(
            f"The 'times' parameter of repeated must be an integer >= 1. Got {times!r} "
            "instead."
        )
    if not isinstance(noise, numbers.Real) or not 0 <= noise < np.inf:
        raise ValueError(
            f"The 'noise' parameter of repeated must be a finite number >= 0. Got "
            f"{noise!r} instead."
        )
    X, y = np.asarray(X), np.asarray(y)
    check_consistent_length(X, y)
    dtype = np.float32 if X.dtype == np.float32 else np.float64
    X = np.concatenate([X.astype(dtype)] * times)
    draw = check_random_state(random_state).standard_normal
    for rows in np.array_split(X, times):  # a view of each: one copy's noise at a time
        rows += noise * draw(rows.shape).astype(dtype)
    return X, np.concatenate([y] * times)
