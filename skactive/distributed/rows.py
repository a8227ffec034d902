"""Dask's arrays and data frames as the pools that strategies read."""

from abc import abstractmethod
from contextlib import contextmanager

import numpy as np
import scipy.sparse as sp

from skactive.distributed.chunks import (
    aligned_array,
    aligned_frame,
    as_declared,
    known_array,
)
from skactive.distributed.clusters import client_at_hand
from skactive.distributed.workers import Workers
from skactive.utils.containers import safe_indexing
from skactive.utils.elsewhere import ElsewhereRows


def dask_rows(X):
    """
    Read a dask collection as a pool.

    Parameters
    ----------
    X : dask.array.Array or dask.dataframe.DataFrame
        The pool.

    Returns
    -------
    DaskArrayRows or DaskFrameRows
        The rows.
    """
    import dask.array as da

    if isinstance(X, da.Array):
        return DaskArrayRows(X)
    if hasattr(X, "_meta") and hasattr(X, "columns"):
        return DaskFrameRows(X)
    raise TypeError(
        f"X_pool is a dask {type(X).__name__}, which has no rows of features. Pass a "
        "dask array or a dask data frame."
    )


class _DaskRows(ElsewhereRows):
    @contextmanager
    def opened(self, strategy):
        """
        Have a strategy's model answer where the rows are.

        Parameters
        ----------
        strategy : QueryStrategy
            Fitted.

        Yields
        ------
        Workers
            The parts.
        """
        with client_at_hand() as client:
            workers = Workers(client, self, strategy)
            try:
                yield workers
            finally:
                workers.close()

    def chunks(self, client):
        """
        Have the rows computed, in parts.

        Parameters
        ----------
        client : distributed.Client
            Where.

        Returns
        -------
        list of (int, int, distributed.Future)
            First row, number of rows and the rows, of each part.
        """
        return self._chunks(client)

    @abstractmethod
    def _chunks(self, client):
        """As `chunks`."""


class DaskArrayRows(_DaskRows):
    """
    The rows of a dask array.

    Parameters
    ----------
    X : dask.array.Array of shape (n_pool, n_features) or (n_pool, ...)
        The pool; unknown chunk sizes are computed.
    """

    def __init__(self, X):
        if X.ndim == 0:
            raise ValueError("X_pool is a dask array without rows, of shape ().")
        self._X = known_array(X)
        self._checked = as_declared(self._X)
        super().__init__(self._X.shape, self._X.dtype)

    def made_up_row(self):
        """
        Make up a row, without reading any.

        Returns
        -------
        array-like of shape (1, n_features) or (1, ...)
            Zeros, sparse where the pool is.
        """
        zeros = type(self._X._meta) if sp.issparse(self._X._meta) else np.zeros
        return zeros((1, *self.shape[1:]), dtype=self.dtype)

    def _read(self, rows):
        # What is picked comes by positions; of a slice dask may read less than chunks.
        X = self._X if isinstance(rows, slice) else self._checked
        rows = X[rows].compute()
        return rows if sp.issparse(rows) else np.asarray(rows)

    def _chunks(self, client):
        return aligned_array(self._checked, client)


class DaskFrameRows(_DaskRows):
    """
    The rows of a dask data frame.

    Parameters
    ----------
    X : dask.dataframe.DataFrame
        The pool.
    """

    def __init__(self, X):
        from dask import compute, delayed

        self._meta = X._meta
        self._nonempty = X._meta_nonempty
        # Optimised once: how many partitions there are may depend on what is done.
        self._partitions = X.to_delayed()
        self._lengths = np.array(compute(*map(delayed(len), self._partitions)))
        super().__init__((self._lengths.sum(), len(X.columns)), object)

    def made_up_row(self):
        """
        Make up a row, without reading any.

        Returns
        -------
        data frame of shape (1, n_features)
            What dask takes to try a function.
        """
        return self._nonempty.iloc[:1]

    def _read(self, rows):
        import pandas as pd
        from dask import compute, delayed

        if isinstance(rows, slice):
            rows = np.arange(rows.start, rows.stop)
        ends = np.cumsum(self._lengths)
        home = np.searchsorted(ends, rows, side="right")
        pieces = [self._meta] if not len(rows) else []
        for number in np.unique(home):
            at = rows[home == number] - (ends[number] - self._lengths[number])
            pieces.append(delayed(safe_indexing)(self._partitions[number], at))
        return pd.concat(compute(*pieces))

    def _chunks(self, client):
        return aligned_frame(self._partitions, self._lengths, client)
