"""Rows that are not in memory."""

from abc import ABC, abstractmethod
from numbers import Integral

import numpy as np
from sklearn.utils import _safe_indexing  # documented, public


class LazyRows(ABC):
    """
    Rows that are read when they are asked for, and kept nowhere.

    Parameters
    ----------
    shape : tuple of int
        Of all rows together: (n_pool, n_features) or (n_pool, ...).
    dtype : numpy.dtype
        Of the numbers as they are read.
    """

    slice_bytes = 0
    """Bytes read at once to take some positions out of them, beside these rows."""

    def __init__(self, shape, dtype):
        self.shape = tuple(map(int, shape))
        self.dtype = np.dtype(dtype)
        self.ndim = len(self.shape)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            if step == 1:
                return self._read(slice(start, max(start, stop)))
            rows = np.arange(start, stop, step)
        if isinstance(rows, Integral) and not isinstance(rows, bool):
            return _safe_indexing(self[[rows]], 0)
        rows = self._positions_of(rows)
        if (np.diff(rows) > 0).all():
            return self._read(rows)
        positions, back = np.unique(rows, return_inverse=True)
        return _safe_indexing(self._read(positions), back)

    def _positions_of(self, rows):
        at = np.asarray(None if isinstance(rows, tuple) else rows)
        if at.ndim != 1 or (len(at) and at.dtype.kind not in "biu"):
            raise IndexError(
                "Rows of this pool are taken by a slice, a mask or positions; columns "
                f"by indexing what was read, pool.X[rows][:, columns]. Got {rows!r}."
            )
        if at.dtype.kind == "b":
            if len(at) != len(self):
                raise IndexError(
                    f"A mask must have one entry for each of the {len(self)} rows. Got "
                    f"shape {at.shape}."
                )
            return np.flatnonzero(at)
        at = at.astype(np.int64)
        if len(at) and not 0 <= at.min() <= at.max() < len(self):
            raise IndexError(f"There are {len(self)} rows. Got positions {at!r}.")
        return at

    @abstractmethod
    def _read(self, rows):
        """Read a slice, or some positions, ascending and distinct."""

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            f"This pool of shape {self.shape} is read in parts and must not become one "
            "array. Take rows of it, pool.X[start:stop]."
        )
