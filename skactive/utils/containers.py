"""Rows in the containers people use: arrays, sparse matrices, data frames."""

import numpy as np
import scipy.sparse as sp
from sklearn.utils import _safe_indexing  # documented, public

from skactive.utils.lazy_rows import LazyRows

__all__ = ["concatenate_rows", "is_dataframe", "safe_indexing"]


def safe_indexing(X, indices, *, axis=0):
    """
    Take rows, or columns, out of any container.

    Parameters
    ----------
    X : array-like, sparse matrix, data frame, list or LazyRows
        Where to take from.
    indices : slice or array-like of int
        What to take.
    axis : int, default=0
        0 takes rows, 1 columns (not of ``LazyRows``).

    Returns
    -------
    array-like
        What was taken, in the same container; an array from ``LazyRows``.
    """
    if isinstance(X, LazyRows):
        return X[indices]
    return _safe_indexing(X, indices, axis=axis)


def is_dataframe(X):
    """
    Say whether X is a data frame (pandas, polars, …), without importing any.

    Parameters
    ----------
    X : object
        Anything.

    Returns
    -------
    bool
        True where X has named columns and a shape.
    """
    return hasattr(X, "columns") and hasattr(X, "shape")


def concatenate_rows(parts):
    """
    Stack rows that came in parts.

    Parameters
    ----------
    parts : list of array-like
        Parts of one kind: arrays, sparse matrices, or data frames of one library.

    Returns
    -------
    array-like
        All rows in the order given, in the container of the parts; a copy.
    """
    if len(parts) == 1:
        return copy_rows(parts[0])
    if any(sp.issparse(part) for part in parts):
        return sp.vstack(parts, format="csr")
    if is_dataframe(parts[0]):
        return _concatenate_frames(parts)
    return np.concatenate(parts)


def copy_rows(X):
    """
    Copy rows, so that neither side can change the other's.

    Parameters
    ----------
    X : array-like
        Rows.

    Returns
    -------
    array-like
        The same rows in the same container; polars frames never change and stay.
    """
    return X.copy() if hasattr(X, "copy") else X


def container_kind(X):
    """
    Name the container of X, to tell parts that cannot be stacked.

    Parameters
    ----------
    X : array-like
        Rows.

    Returns
    -------
    str
        "sparse matrix", "array", or the module and class of a data frame.
    """
    if sp.issparse(X):
        return "sparse matrix"
    if is_dataframe(X):
        return f"{type(X).__module__.partition('.')[0]} {type(X).__name__}"
    return "array"


def _concatenate_frames(parts):
    library = type(parts[0]).__module__.partition(".")[0]
    if library == "pandas":
        import pandas as pd

        return pd.concat(parts, ignore_index=True)
    if library == "polars":
        import polars as pl

        return pl.concat(parts, how="vertical_relaxed")
    raise TypeError(
        f"Rows of {container_kind(parts[0])} cannot be stacked. Pass pandas or polars "
        "data frames, or a numpy array."
    )
