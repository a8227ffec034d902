"""Two strategies compared seed by seed."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

_ROUNDING = 1e-12


class PairedDifference(NamedTuple):
    """
    A mean difference with its interval.

    Parameters
    ----------
    n : int
        Number of pairs.
    mean : float
        Mean of first − second.
    low, high : float
        The confidence interval of the mean; NaN for a single pair.
    smallest : float
        The smallest mean difference that this many pairs, scattered as these are,
        could have shown: half the width of the interval. NaN for a single pair.
    """

    n: int
    mean: float
    low: float
    high: float
    smallest: float

    @property
    def is_significant(self):
        """Whether the interval leaves out 0."""
        return abs(self.mean) > self.smallest


def t_threshold(n, level=0.95):
    """
    Give the value that \\|t\\| must exceed in a paired two-sided t test.

    Parameters
    ----------
    n : int
        Number of pairs, at least 2.
    level : float, default=0.95
        Confidence: 1 less the chance of a difference found where there is none.

    Returns
    -------
    float
        The quantile (1 + level) / 2 of Student's t with n − 1 degrees of freedom.

    Raises
    ------
    ValueError
        There are fewer than two pairs, or level is not between 0 and 1.

    Examples
    --------
    >>> from skactive.evaluation import t_threshold
    >>> round(t_threshold(5), 3)
    2.776
    """
    check_level(level)
    if n < 2:
        raise ValueError(f"The 'n' parameter must be at least 2. Got {n!r} instead.")
    return float(stdtrit(n - 1, (1 + level) / 2))


def check_level(level):
    """
    Check a confidence.

    Parameters
    ----------
    level : float
        The confidence.

    Raises
    ------
    ValueError
        It is not between 0 and 1.
    """
    if not (isinstance(level, Real) and 0 < level < 1):
        raise ValueError(
            "The 'level' parameter must be a number between 0 and 1. Got "
            f"{level!r} instead."
        )


def paired_difference(first, second, *, level=0.95):
    """
    Compare two lists of numbers that belong together in pairs.

    The t interval of the mean difference: it takes the differences to be drawn from
    one normal distribution.

    Parameters
    ----------
    first, second : array-like of shape (n,), or dict of hashable to float
        The numbers: paired by their places or, in dicts, by their keys (seeds), of
        which those that both have count.
    level : float, default=0.95
        Confidence of the interval.

    Returns
    -------
    PairedDifference
        Number of pairs, mean, interval, and the smallest difference that could have
        been shown. Differences that are all equal have an interval of no width.

    Raises
    ------
    TypeError
        One is a dict and the other is not.
    ValueError
        There are no pairs, the lengths differ, a number is not finite, or level is
        not between 0 and 1.

    Examples
    --------
    >>> from skactive.evaluation import paired_difference
    >>> found = paired_difference([0.5, 0.75, 1.0], [0.25, 0.25, 0.25])
    >>> found.n, found.mean, round(found.smallest, 4), found.is_significant
    (3, 0.5, 0.621, False)
    """
    check_level(level)
    first, second = _paired(first, second)
    gaps = first - second
    # Means of the same numbers in another order differ by rounding, all alike at times.
    sizes = np.maximum(np.abs(first), np.abs(second))
    gaps[np.abs(gaps) <= _ROUNDING * sizes] = 0.0
    n, mean = len(gaps), float(gaps.mean())
    if n == 1:
        return PairedDifference(1, mean, math.nan, math.nan, math.nan)
    half = t_threshold(n, level) * float(gaps.std(ddof=1)) / math.sqrt(n)
    return PairedDifference(n, mean, mean - half, mean + half, half)


def _paired(first, second):
    if isinstance(first, Mapping) != isinstance(second, Mapping):
        raise TypeError(
            "The 'first' and 'second' parameters must both be lists or both be dicts. "
            f"Got {type(first).__name__} and {type(second).__name__} instead."
        )
    if isinstance(first, Mapping):
        keys = [key for key in first if key in second]
        if not keys:
            raise ValueError(
                "The 'first' and 'second' parameters must have a key in common. Got "
                f"{list(first)} and {list(second)} instead."
            )
        first, second = [first[k] for k in keys], [second[k] for k in keys]
    arrays = [np.asarray(values, dtype=np.float64) for values in (first, second)]
    shapes = [array.shape for array in arrays]
    if arrays[0].ndim != 1 or shapes[0] != shapes[1] or arrays[0].size == 0:
        raise ValueError(
            "The 'first' and 'second' parameters must be equally long lists of "
            f"numbers, at least one. Got shapes {shapes[0]} and {shapes[1]} instead."
        )
    if not np.isfinite(arrays).all():
        raise ValueError("The 'first' and 'second' parameters must be finite.")
    return arrays


def winner(first, second, level):
    """
    Decide a paired two-sided t test.

    Parameters
    ----------
    first, second : ndarray of shape (n,)
        Scores, paired by their places, n at least 2; higher is better.
    level : float
        Confidence.

    Returns
    -------
    int
        1 if first is better, −1 if second is, 0 if the test tells no difference.
        Differences that are all 0 are none; ones that are all equal, and not 0, are.
    """
    found = paired_difference(first, second, level=level)
    return int(np.sign(found.mean)) if found.is_significant else 0
