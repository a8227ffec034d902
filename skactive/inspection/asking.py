"""Asking a model about a pool: rows in blocks, each answer in one array."""

import math

import scipy.sparse as sp
from sklearn import get_config
from sklearn.utils import gen_batches

from skactive.inspection.devices import CPU
from skactive.inspection.keeping import Kept
from skactive.inspection.planning import first_rows, make_plan
from skactive.utils.blocks import LOGICAL
from skactive.utils.lazy_rows import LazyRows
from skactive.utils.pools import rows_of
from skactive.utils.validation import num_rows


def answers_about(X, questions, author, device=CPU):
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
    device : torch.device, default=CPU
        Where answers are kept: arrays on the CPU, tensors elsewhere.

    Returns
    -------
    dict of str to ndarray or torch.Tensor
        For each question an array of shape (n_pool, width), or (n_draws, n_pool, width)
        of posterior draws, in the dtype of ``skactive.utils.storage``.
    """
    n = num_rows(X)
    kept = {question.name: Kept(question, author, n, device) for question in questions}
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
    n, is_read = num_rows(X), isinstance(X, LazyRows)
    if not questions:
        return
    height = n
    if n > LOGICAL or is_read:
        plan = make_plan(first_rows(X), n, questions, author, is_read)
        height = min(plan.height, n)
    if height == n and not is_read:
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
