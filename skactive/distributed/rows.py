"""Dask's arrays and data frames as the pools that strategies read."""

from abc import abstractmethod
from contextlib import contextmanager

import numpy as np
import scipy.sparse as sp

from skactive.distributed.chunks import aligned_array, aligned_frame, known_array
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
        super().__init__(self._X.shape, self._X.dtype)

    def _read(self, rows):
        rows = self._X[rows].compute()
        return rows if sp.issparse(rows) else np.asarray(rows)

    def _chunks(self, client):
        return aligned_array(self._X, client)


class DaskFrameRows(_DaskRows):
    """
    The rows of a dask data frame.

    Parameters
    ----------
    X : dask.dataframe.DataFrame
        The pool.
    """

    def __init__(self, X):
        self._X = X
        self._lengths = X.map_partitions(len).compute().to_numpy()
        super().__init__((self._lengths.sum(), len(X.columns)), object)

    def _read(self, rows):
        import pandas as pd

        if isinstance(rows, slice):
            rows = np.arange(rows.start, rows.stop)
        ends = np.cumsum(self._lengths)
        home = np.searchsorted(ends, rows, side="right")
        pieces = [self._X._meta] if not len(rows) else []
        for number in np.unique(home):
            at = rows[home == number] - (ends[number] - self._lengths[number])
            pieces.append(
                self._X.get_partition(int(number)).map_partitions(
                    safe_indexing, at, meta=self._X._meta
                )
            )
        from dask import compute

        return pd.concat(compute(*pieces))

    def _chunks(self, client):
        return aligned_frame(self._X, self._lengths, client)
