"""How many rows to take at a time, so that what is made of them stays in bounds."""

from sklearn import get_config

LOGICAL = 4096
"""Kernels sum by blocks of so many rows; others are multiples or fractions of it."""


def block_rows(row_bytes):
    """
    Say how many rows fit scikit-learn's working memory.

    Parameters
    ----------
    row_bytes : float
        What one row takes, with all that is made of it.

    Returns
    -------
    int
        A multiple of 4,096; where not so many fit, a power of two, at least 1.
    """
    fit = int(get_config()["working_memory"] * 2**20 // max(row_bytes, 1))
    if fit >= LOGICAL:
        return fit - fit % LOGICAL
    return 1 << max(fit.bit_length() - 1, 0)
