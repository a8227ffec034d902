"""Rows that are not in memory."""

from abc import ABC, abstractmethod

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
        rows = np.asarray(rows)
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"There are {len(self)} rows. Got positions {rows!r}.")
        if (np.diff(rows) > 0).all():
            return self._read(rows)
        positions, back = np.unique(rows, return_inverse=True)
        return _safe_indexing(self._read(positions), back)

    @abstractmethod
    def _read(self, rows):
        """Read a slice, or some positions, ascending and distinct."""

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            f"This pool of shape {self.shape} is read in parts and must not become one "
            "array. Take rows of it, pool.X[start:stop]."
        )
