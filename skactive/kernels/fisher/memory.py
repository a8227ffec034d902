"""How much memory searches by Fisher information take: upper bounds, in bytes."""

from skactive.kernels.distances import BLOCK
from skactive.kernels.fisher.spaces import ENTRIES
from skactive.kernels.sums import ROWS

MATRICES = 14
"""Of the size of M that are held at once: while information is summed and reduced, or
M⁻¹, F, their sides and the same lifted, twice."""
LIFTED = 6
"""Of M's rows in the gradient space, with a sketch: axes, sides, and copies of them."""
HEAD = 32
"""Rows that a determinantal search evaluates together, unless it is told otherwise."""


def dense_bytes(dim, n_blocks=1, lifted=0):
    """
    Say what the dense matrices take.

    Parameters
    ----------
    dim : int
        Rows of M.
    n_blocks : int, default=1
        How many M there are.
    lifted : int, default=0
        With a sketch, dimensions of the gradient space; 0 where M has all.

    Returns
    -------
    int
        Bytes.
    """
    return 8 * n_blocks * dim * (MATRICES * dim + LIFTED * lifted)


def scalar_bytes(n_rows, d, n_blocks, width=None):
    """
    Say what a search takes where information has rank one.

    Parameters
    ----------
    n_rows, d : int
        Rows of the pool and width of their embeddings.
    n_blocks : int
        Blocks of M, G.
    width : int or None, default=None
        Dimensions of a sketch.

    Returns
    -------
    int
        Bytes.
    """
    dim = d if width is None else width
    # Roots, P and R, the last two before the steps made ahead, and their gains.
    kept = n_rows * (8 * n_blocks + 5)
    # Blocks of rows, those that lead, and what is made of a strip.
    work = 3 * min(n_rows, BLOCK) * d + ENTRIES // 4
    work += 4 * min(ENTRIES // 8, n_rows * n_blocks * dim)
    return 8 * (kept + work) + dense_bytes(dim, n_blocks, 0 if width is None else d)


def matrix_bytes(n_rows, d, n_classes, n, *, rank=None, width=None, memory=None):
    """
    Say what a search takes where information has any rank.

    Parameters
    ----------
    n_rows, d, n_classes : int
        Rows of the pool, width of their embeddings, and K.
    n : int
        How many rows go forward.
    rank : int or None, default=None
        Columns kept; None keeps all.
    width : int or None, default=None
        Dimensions of a sketch; None is exact.
    memory : float or None, default=None
        Bytes that P and R of all rows may take.

    Returns
    -------
    int
        Bytes.
    """
    k = n_classes
    dim = (k - 1) * d if width is None else width
    r = k if rank is None else rank
    small = 8 * n_rows * r * (r + 1)
    small = small if memory is None else min(small, int(memory))
    # Class weights, scores; the rows taken out again, and those near the best.
    kept = n_rows * (k + 5) + n * (r * (r + 1) + 2 * (k + d))
    dense = dense_bytes(dim, lifted=0 if width is None else k * d)
    return small + 8 * kept + _strips(n_rows, d, k, dim) + dense


def determinant_bytes(n_rows, d, n_classes):
    """
    Say what a determinantal search takes.

    Parameters
    ----------
    n_rows, d, n_classes : int
        Rows of the pool, width of their embeddings, and K; 1 for regression.

    Returns
    -------
    int
        Bytes.
    """
    k = n_classes
    dim = max(k - 1, 1) * d
    # Class weights, bounds and what they are sorted in; the queue's head.
    kept = n_rows * (2 * k + 6) + 3 * HEAD * k * dim
    return 8 * kept + _strips(n_rows, d, k, dim, 256) + dense_bytes(dim)


def _strips(n_rows, d, k, dim, most=2 * BLOCK):
    """Small matrices of a strip, products with all columns, rows summed up."""
    strip = min(n_rows, most, max(16, ENTRIES // k**2))
    work = 5 * strip * k**2 + 2 * min(ENTRIES, min(n_rows, 256) * k * dim)
    return 8 * (work + 2 * min(n_rows, ROWS) * k * d + 3 * min(n_rows, BLOCK) * d)
