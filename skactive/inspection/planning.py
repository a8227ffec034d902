"""What a model takes while it answers, and about how many rows to ask it at once."""

import math
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch

from skactive.utils.blocks import LOGICAL, block_rows
from skactive.utils.pools import rows_of
from skactive.utils.storage import kept_dtype
from skactive.utils.validation import num_rows

COPIES = 4
"""So many float64 copies of rows and answers a model may make while it answers."""
MARGIN = 32
"""A pool that takes so many times less than there is need not be measured."""
FEW, SOME, MANY = 8, 64, 256
"""Rows that a model is shown: to see how wide answers are, and what more rows take."""


@dataclass(frozen=True)
class Question:
    """
    A question about rows.

    Parameters
    ----------
    name : str
        "predict_proba", "embed" or "sample_posterior".
    ask : callable
        Takes rows, gives an array whose last axis but one are the rows.
    judge : callable or None, default=None
        Called with the answer for all rows, to warn of what only the whole can show.
    is_joint : bool, default=False
        Whether an answer for some rows depends on which others are asked about.
    """

    name: str
    ask: Callable
    judge: Callable | None = None
    is_joint: bool = False


def asked(question, rows, author):
    """
    Ask once, and check the shape of the answer.

    Parameters
    ----------
    question : Question
        What to ask.
    rows : array-like of shape (n_samples, ...)
        About which rows.
    author : str
        The model, to be named.

    Returns
    -------
    ndarray or torch.Tensor, (n_samples, width) or (n_draws, n_samples, width)
        The answer; a tensor of a net that keeps it on its card.
    """
    answer, n = question.ask(rows), num_rows(rows)
    if not isinstance(answer, torch.Tensor):
        answer = np.asarray(answer)
    expected = ("T", n, "K") if question.name == "sample_posterior" else (n, "K")
    shape = tuple(answer.shape)
    if len(shape) != len(expected) or shape[-2] != n:
        wanted = ", ".join(map(str, expected))
        raise ValueError(
            f"{author} answered {question.name} with an array of shape {shape} when "
            f"asked about {n} rows. It must give ({wanted})."
        )
    return answer


def dtype_of(answer):
    """
    Name the dtype of an answer as numpy does.

    Parameters
    ----------
    answer : ndarray or torch.Tensor
        What a model gave.

    Returns
    -------
    numpy.dtype
        Its dtype.
    """
    if isinstance(answer, torch.Tensor):
        return torch.empty(0, dtype=answer.dtype).numpy().dtype
    return answer.dtype


@dataclass(frozen=True)
class Width:
    """
    What the answer about one row takes.

    Parameters
    ----------
    shape : tuple of int
        (width,), or (n_draws, width) of posterior draws.
    dtype : numpy.dtype
        In which it is kept.
    """

    shape: tuple
    dtype: np.dtype

    @property
    def numbers(self):
        """
        Count the numbers.

        Returns
        -------
        int
            How many there are for one row.
        """
        return math.prod(self.shape)

    @property
    def nbytes(self):
        """
        Count the bytes that are kept.

        Returns
        -------
        int
            How many there are for one row.
        """
        return self.numbers * self.dtype.itemsize


@dataclass(frozen=True)
class Plan:
    """
    What answers take.

    Parameters
    ----------
    widths : dict of str to Width
        How wide the answer to each question is.
    row_bytes : int
        What a model may take for each row while it answers.
    """

    widths: dict
    row_bytes: int

    @property
    def height(self):
        """
        Say about how many rows the model is asked at once.

        Returns
        -------
        int
            So many that what it may take fits scikit-learn's ``working_memory``.
        """
        return block_rows(self.row_bytes)

    @property
    def kept_bytes(self):
        """
        Count the bytes of all answers.

        Returns
        -------
        int
            How many are kept for one row.
        """
        return sum(width.nbytes for width in self.widths.values())

    def work_bytes(self, n, is_read, is_joint):
        """
        Say what a model may take at one time while it answers.

        Parameters
        ----------
        n : int
            How many rows it is asked about.
        is_read : bool
            Whether they are read in parts.
        is_joint : bool
            Whether it must be asked about all at once, and holds a covariance of them.

        Returns
        -------
        int
            Bytes; 0 where nothing is asked.
        """
        if not self.widths:
            return 0
        if is_joint:
            return n * (self.row_bytes + COPIES * 8 * n)
        is_one = n <= LOGICAL and not is_read
        return self.row_bytes * (n if is_one else min(self.height, n))


def first_rows(X):
    """
    Read the rows that a model is shown first.

    Parameters
    ----------
    X : array-like of shape (n_pool, ...) or LazyRows
        The pool.

    Returns
    -------
    array-like of shape (m, ...)
        Its first rows: 8 of up to 4,096, 256 of more, fewer where they are large.
    """
    n, shape = num_rows(X), getattr(X, "shape", ())
    fit = block_rows(COPIES * 8 * (1 if sp.issparse(X) else math.prod(shape[1:])))
    return rows_of(X, slice(0, min(n, fit, MANY if n > LOGICAL else FEW)))


def make_plan(first, n, questions, author, is_read, is_exact=False):
    """
    See what answers take by asking about a few rows.

    Parameters
    ----------
    first : array-like of shape (m, ...)
        What `first_rows` gave, validated.
    n : int
        The number of rows of the pool.
    questions : list of Question
        What is to be asked.
    author : str
        The model, to be named.
    is_read : bool
        Whether the pool is read in parts.
    is_exact : bool, default=False
        Whether to measure also where it would not matter.

    Returns
    -------
    Plan
        With the widths of eight answers. For each row: four float64 copies of it and of
        its answers, and the row itself where it is read; or what 256 rows were seen to
        take more than 64, rounded up to a power of two, if that is more.
    """
    if not questions:
        return Plan({}, 0)
    few = rows_of(first, slice(0, FEW))
    widths = {}
    for question in questions:
        answer = asked(question, few, author)
        shape = (*answer.shape[:-2], answer.shape[-1])
        widths[question.name] = Width(shape, kept_dtype(dtype_of(answer)))
    numbers = math.prod(first.shape[1:])
    if sp.issparse(first):
        numbers = 2 * first.nnz // num_rows(first)  # with their columns
    made = numbers + sum(width.numbers for width in widths.values())
    read = numbers * getattr(first, "dtype", np.dtype(float)).itemsize if is_read else 0
    row_bytes = COPIES * 8 * made
    matters = is_exact or n > block_rows(MARGIN * row_bytes)
    if n > LOGICAL and num_rows(first) == MANY and matters:
        measured = _measured(first, questions)
        if measured > row_bytes:
            # Again: a cache is filled once, and other threads take memory meanwhile.
            measured = min(measured, _measured(first, questions))
        row_bytes = max(row_bytes, measured)
    return Plan(widths, read + row_bytes)


def _measured(first, questions):
    """Give what one more row takes: hidden layers, features made by a pipeline."""
    if tracemalloc.is_tracing():
        return 0  # somebody's own measurement, not to be disturbed
    peaks = [_peak(rows_of(first, slice(0, n)), questions) for n in (SOME, MANY)]
    slope = (peaks[1] - peaks[0]) / (MANY - SOME)
    return 1 << math.ceil(math.log2(slope)) if slope > 1 else 0


def _peak(rows, questions):
    tracemalloc.start()
    try:
        for question in questions:
            question.ask(rows)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
