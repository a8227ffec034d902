"""A pool's fingerprint, so that labels are not put to the rows of another one."""

import hashlib
import json

import numpy as np
import scipy.sparse as sp

from skactive.utils.containers import is_dataframe, safe_indexing

_ALL_BELOW = 2**26  # bytes; of a larger pool a sample is hashed
_SAMPLE = 4096  # rows


def count_rows(X_pool):
    """
    Count the rows of a pool.

    Parameters
    ----------
    X_pool : array-like, sparse matrix, data frame or list
        Rows, one for each item.

    Returns
    -------
    int
        How many.
    """
    shape = getattr(X_pool, "shape", None)
    return int(shape[0]) if shape else len(X_pool)


def fingerprint(X_pool):
    """
    Describe a pool and hash its content.

    Parameters
    ----------
    X_pool : array-like, sparse matrix, data frame or list
        Rows. Of more than 64 MiB only 4,096 rows are hashed, evenly spread, the first
        and the last among them.

    Returns
    -------
    description : str
        Container, shape and dtype, to be shown.
    digest : str
        SHA-256 of description and content, in hexadecimal.
    """
    description = _description(X_pool)
    digest = hashlib.sha256(description.encode())
    n = count_rows(X_pool)
    if n > _SAMPLE and _size(X_pool) > _ALL_BELOW:
        rows = np.linspace(0, n - 1, _SAMPLE).astype(np.int64)
        X_pool = safe_indexing(X_pool, rows)
    for part in _parts(X_pool):
        digest.update(part)
    return description, digest.hexdigest()


def _description(X):
    n = count_rows(X)
    if sp.issparse(X):
        return f"sparse matrix of shape {_shape(X)}, {X.dtype}"
    if is_dataframe(X):
        return f"data frame of shape {_shape(X)}"
    if hasattr(X, "shape"):
        return f"array of shape {_shape(X)}, {X.dtype}"
    return f"list of {n} rows"


def _shape(X):
    return " x ".join(str(int(length)) for length in X.shape)


def _size(X):
    if sp.issparse(X):
        return X.nnz * (X.dtype.itemsize + 8)
    if hasattr(X, "nbytes"):
        return X.nbytes
    if is_dataframe(X):
        return 8 * X.shape[0] * X.shape[1]
    return 64 * len(X)


def _parts(X):
    """Give bytes that are the same on any machine and for any layout in memory."""
    if sp.issparse(X):
        X = sp.csr_array(X, copy=True)
        X.sum_duplicates()
        yield from map(
            _bytes, (X.data, X.indptr.astype("<i8"), X.indices.astype("<i8"))
        )
    elif is_dataframe(X):
        for name in X.columns:
            yield str(name).encode() + b"\0"
            yield _bytes(np.asarray(X[name]))
    elif hasattr(X, "dtype"):
        yield _bytes(np.asarray(X))
    else:
        yield from map(_row_bytes, X)


def _bytes(array):
    if array.dtype.kind in "biufc":
        little = array.dtype.newbyteorder("<")
        return np.ascontiguousarray(array.astype(little, copy=False)).tobytes()
    return b"".join(_row_bytes(value) for value in array.ravel().tolist())


def _row_bytes(row):
    if hasattr(row, "tolist"):
        row = row.tolist()
    text = row if isinstance(row, str) else json.dumps(row, default=str, sort_keys=True)
    return text.encode("utf-8", "surrogatepass") + b"\0"
