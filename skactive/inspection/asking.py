"""Asking a model about a pool: rows in blocks, each answer in one array."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn import get_config
from sklearn.utils import gen_batches

from skactive.utils.blocks import LOGICAL, block_rows
from skactive.utils.lazy_rows import LazyRows
from skactive.utils.pools import rows_of
from skactive.utils.storage import kept_dtype
from skactive.utils.validation import num_rows

COPIES = 4
"""So many float64 copies of rows and answers a model may make while it answers."""
FEW = 8
"""Rows that a model is shown to see how wide its answers are."""


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


def answers_about(X, questions, author):
    """
    Put questions about a pool, block by block.

    Parameters
    ----------
    X : array-like of shape (n_pool, ...) or LazyRows
        Validated rows. ``LazyRows`` are read once for all questions together.
    questions : list of Question
        What to ask.
    author : str
        The model, to be named.

    Returns
    -------
    dict of str to ndarray
        For each question an array of shape (n_pool, width), or (n_draws, n_pool, width)
        of posterior draws, in the dtype of ``skactive.utils.storage``.
    """
    n = num_rows(X)
    kept = {question.name: _Kept(question, author, n) for question in questions}
    rowwise = [question for question in questions if not question.is_joint]
    for question in questions:
        if question.is_joint:
            kept[question.name].put(_whole(X, author), slice(None))
    for block, rows in _parts(X, rowwise, author):
        for question in rowwise:
            kept[question.name].put(rows, block)
    for question in questions:
        if question.judge is not None:
            question.judge(kept[question.name].answer)
    return {name: each.answer for name, each in kept.items()}


def _parts(X, questions, author):
    """Cut the pool into blocks about which a model can be asked at once."""
    n = num_rows(X)
    if not questions:
        return
    if n <= LOGICAL and not isinstance(X, LazyRows):
        yield slice(0, n), X
        return
    height = rows_at_once(X, widths_of(X, questions, author))
    if height >= n and not isinstance(X, LazyRows):
        yield slice(0, n), X
        return
    X = X.tocsr() if sp.issparse(X) else X
    for block in gen_batches(n, height):
        yield block, rows_of(X, block)


def _whole(X, author):
    """Give all rows, to a model whose answers about them hang together."""
    if not isinstance(X, LazyRows):
        return X
    needed = math.prod(X.shape) * X.dtype.itemsize / 2**20
    allowed = get_config()["working_memory"]
    if needed > allowed:
        raise ValueError(
            f"Draws from {author} hang together over all rows, so the pool must be "
            f"read whole: {needed:.0f} MiB, more than the working memory of {allowed} "
            "MiB. Look at fewer rows with max_candidates, or raise it with "
            "sklearn.set_config(working_memory=...)."
        )
    return X[:]


class _Kept:
    """The answer about all rows, filled block by block."""

    def __init__(self, question, author, n):
        self.question, self.author, self.n = question, author, n
        self.answer = None

    def put(self, rows, block):
        part = asked(self.question, rows, self.author)
        kind = kept_dtype(part.dtype)
        try:
            with np.errstate(over="raise"):
                self._put(part, block, kind)
        except FloatingPointError as error:
            raise ValueError(
                f"{self.author} answered {self.question.name} with numbers up to "
                f"{np.abs(part).max():.3g}, too large for storage={kind.name!r}. Use a "
                "wider storage, or scale the features."
            ) from error

    def _put(self, part, block, kind):
        if part.shape[-2] == self.n:
            self.answer = part.astype(kind, copy=False)
            return
        if self.answer is None:
            shape = (*part.shape[:-2], self.n, part.shape[-1])
            self.answer = np.empty(shape, dtype=kind)
        into = self.answer[..., block, :]
        if into.shape != part.shape:
            raise ValueError(
                f"{self.author} answered {self.question.name} with arrays of shape "
                f"{into.shape} and {part.shape} about as many rows. Its answers must "
                "be of one width."
            )
        into[...] = part


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
    ndarray of shape (n_samples, width) or (n_draws, n_samples, width)
        The answer.
    """
    answer, n = np.asarray(question.ask(rows)), num_rows(rows)
    expected = ("T", n, "K") if question.name == "sample_posterior" else (n, "K")
    shape = answer.shape
    if len(shape) != len(expected) or shape[-2] != n:
        wanted = ", ".join(map(str, expected))
        raise ValueError(
            f"{author} answered {question.name} with an array of shape {shape} when "
            f"asked about {n} rows. It must give ({wanted})."
        )
    return answer


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


def widths_of(X, questions, author):
    """
    See how wide answers are, by asking about a few rows.

    Parameters
    ----------
    X : array-like of shape (n_pool, ...) or LazyRows
        The pool; its first eight rows are asked about.
    questions : list of Question
        What to ask.
    author : str
        The model, to be named.

    Returns
    -------
    dict of str to Width
        One for each question.
    """
    few = rows_of(X, slice(0, min(num_rows(X), FEW)))
    answers = {q.name: asked(q, few, author) for q in questions}
    return {
        name: Width((*answer.shape[:-2], answer.shape[-1]), kept_dtype(answer.dtype))
        for name, answer in answers.items()
    }


def bytes_at_work(X, widths):
    """
    Say what a model may take for each row while it answers.

    Parameters
    ----------
    X : array-like of shape (n_pool, ...) or LazyRows
        The pool.
    widths : dict of str to Width
        How wide the answers are.

    Returns
    -------
    int
        Four float64 copies of a row and of its answers, and the row itself where it is
        read: the numbers of a sparse matrix counted with their columns.
    """
    numbers = math.prod(X.shape[1:])
    if sp.issparse(X):
        numbers = 2 * X.nnz // max(num_rows(X), 1)
    read = numbers * X.dtype.itemsize if isinstance(X, LazyRows) else 0
    made = numbers + sum(width.numbers for width in widths.values())
    return read + COPIES * 8 * made


def rows_at_once(X, widths):
    """
    Say about how many rows a model is asked at once.

    Parameters
    ----------
    X : array-like of shape (n_pool, ...) or LazyRows
        The pool.
    widths : dict of str to Width
        How wide the answers are.

    Returns
    -------
    int
        So many that what a model may take for them fits scikit-learn's
        ``working_memory``; at most all.
    """
    return min(block_rows(bytes_at_work(X, widths)), num_rows(X))


def block_memory(X, n, widths, is_joint=False):
    """
    Say what a model may take at one time while it answers.

    Parameters
    ----------
    X : array-like of shape (n_pool, ...) or LazyRows
        The pool.
    n : int
        How many of its rows it is asked about.
    widths : dict of str to Width
        How wide the answers are; empty where nothing is asked.
    is_joint : bool, default=False
        Whether it must be asked about all at once, and holds a covariance of them.

    Returns
    -------
    int
        Bytes.
    """
    if not widths:
        return 0
    row_bytes = bytes_at_work(X, widths)
    if is_joint:
        return n * (row_bytes + COPIES * 8 * n)
    is_one = n <= LOGICAL and not isinstance(X, LazyRows)
    return row_bytes * (n if is_one else min(block_rows(row_bytes), n))
