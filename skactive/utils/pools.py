"""Pools that are read a part at a time: chunked arrays, data sets, rows picked."""

import math
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset

from skactive.utils.blocks import block_rows
from skactive.utils.containers import safe_indexing
from skactive.utils.elsewhere import elsewhere_rows
from skactive.utils.lazy_rows import LazyRows
from skactive.utils.random import isolated_torch


class _ArrayRows(LazyRows):
    """Rows of something that has a shape, a dtype and slices of rows (HDF5, zarr)."""

    def __init__(self, source):
        super().__init__(source.shape, source.dtype)
        self._source = source

    def _read(self, rows):
        if isinstance(rows, slice):
            return np.asarray(self._source[rows])
        if isinstance(self._source, np.ndarray):
            return np.asarray(self._source[rows])
        out = np.empty((len(rows), *self.shape[1:]), dtype=self.dtype)
        for part in self._runs(rows):
            first, last = int(rows[part][0]), int(rows[part][-1])
            out[part] = np.asarray(self._source[first : last + 1])[rows[part] - first]
        return out

    def _runs(self, rows):
        """Cut positions where one slice shall end: at chunks, which are read whole."""
        height = self._height()
        steps = np.diff(rows // height) if height else np.diff(rows) > 1
        ends = np.flatnonzero(steps) + 1
        edges = [0, *ends.tolist(), len(rows)] if len(rows) else []
        return [slice(*pair) for pair in pairwise(edges)]

    def _height(self):
        """Say how many rows of a chunk are read at once; 0 where there are none."""
        chunks = getattr(self._source, "chunks", None)
        height = chunks[0] if chunks else 0
        if not isinstance(height, int) or height < 2:
            return 0
        # Chunks of few columns are tall: whole rows of one may be most of the pool.
        return min(height, len(self), block_rows(self._row_bytes()))

    def _row_bytes(self):
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def slice_bytes(self):
        """Bytes read to take some positions out of them."""
        return self._height() * self._row_bytes()


class _DatasetRows(LazyRows):
    """Rows of a torch Dataset, item by item, without their labels."""

    def __init__(self, dataset):
        self._dataset = dataset
        with isolated_torch():
            first = self._row(0)
        super().__init__((len(dataset), *first.shape), first.dtype)

    def _read(self, rows):
        if isinstance(rows, slice):
            rows = range(rows.start, rows.stop)
        out = np.empty((len(rows), *self.shape[1:]), dtype=self.dtype)
        with isolated_torch():
            for place, position in enumerate(rows):
                out[place] = self._like_the_first(int(position))
        return out

    def _row(self, position):
        item = self._dataset[position]
        if isinstance(item, tuple):
            if len(item) not in (1, 2):
                raise TypeError(
                    f"Item {position} of X_pool is a tuple of {len(item)}. A Dataset "
                    "must give a row, or a row and its label."
                )
            item = item[0]
        if isinstance(item, torch.Tensor):
            item = as_numpy(item)
        try:
            row = np.asarray(item)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"Item {position} of X_pool is a {type(item).__name__} that makes no "
                "array of numbers. A Dataset must give a row, or a tuple of a row and "
                "its label."
            ) from error
        if row.dtype.kind not in "biuf":
            raise TypeError(
                f"Item {position} of X_pool is a {type(item).__name__}. A Dataset must "
                "give rows of numbers: arrays or tensors, perhaps with a label."
            )
        return row

    def _like_the_first(self, position):
        row = self._row(position)
        # Whole numbers that are too large would wrap round, not become infinite.
        casting = "safe" if self.dtype.kind in "biu" else "same_kind"
        fits = np.can_cast(row.dtype, self.dtype, casting=casting)
        if row.shape != self.shape[1:] or not fits:
            raise ValueError(
                f"Item {position} of X_pool has shape {row.shape} and dtype "
                f"{row.dtype}, but item 0 has shape {self.shape[1:]} and dtype "
                f"{self.dtype}. A Dataset must give rows of one shape and dtype."
            )
        return row


class _PickedRows(LazyRows):
    """Some rows of others, by ascending positions."""

    def __init__(self, source, positions):
        super().__init__((len(positions), *source.shape[1:]), source.dtype)
        self._source = source
        self._positions = positions

    def _read(self, rows):
        return self._source[self._positions[rows]]


class MappedRows(LazyRows):
    """
    Rows that something is done to whenever they are read.

    Parameters
    ----------
    source : array-like of shape (n_pool, ...) or LazyRows
        The rows.
    function : callable
        Takes some rows and gives as many.
    """

    def __init__(self, source, function):
        self._source = source
        self._function = function
        few = function(rows_of(source, slice(0, 1)))
        dtype = getattr(few, "dtype", np.float64)
        n = source.shape[0] if hasattr(source, "shape") else len(source)
        super().__init__((n, *getattr(few, "shape", (1,))[1:]), dtype)

    def _read(self, rows):
        return self._function(rows_of(self._source, rows))

    @property
    def slice_bytes(self):
        """Bytes of the source's."""
        return getattr(self._source, "slice_bytes", 0)


def as_pool(X):
    """
    See how a pool is to be read.

    Parameters
    ----------
    X : object
        What the user calls a pool.

    Returns
    -------
    array-like or LazyRows
        ``LazyRows`` around a torch ``Dataset``, and around whatever has a shape, a
        numeric dtype and slices of rows without being a numpy array; what a library of
        its own opens (dask); all else as it is.
    """
    elsewhere = elsewhere_rows(X)
    if elsewhere is not None:
        return elsewhere
    if isinstance(X, DataLoader):
        raise TypeError(
            "X_pool is a DataLoader, whose rows may come in any order. Pass its data "
            "set, X_pool.dataset."
        )
    if isinstance(X, Dataset):
        if isinstance(X, IterableDataset) or not hasattr(X, "__len__"):
            raise TypeError(
                f"X_pool is a {type(X).__name__} without a length, whose rows have no "
                "positions to give back. Pass a Dataset with __len__ and __getitem__."
            )
        return _DatasetRows(X) if len(X) else np.empty((0, 1))
    if hasattr(X, "__next__"):
        raise TypeError(
            f"X_pool is a {type(X).__name__}, which can be read only once and has no "
            "length. Pass an array, a data frame, a list or a Dataset."
        )
    return _ArrayRows(X) if _is_chunked(X) else X


def _is_chunked(X):
    is_known = isinstance(X, np.ndarray | torch.Tensor | LazyRows) or sp.issparse(X)
    is_table = hasattr(X, "iloc") or hasattr(X, "columns")
    if is_known or is_table or not hasattr(X, "__getitem__"):
        return False
    try:
        return len(X.shape) > 0 and np.dtype(X.dtype).kind in "biuf"
    except (AttributeError, TypeError):
        return False  # no array of numbers


def as_numpy(tensor):
    """
    Give the numbers of a tensor.

    Parameters
    ----------
    tensor : torch.Tensor
        On any device, with a gradient or without.

    Returns
    -------
    ndarray
        The numbers, not copied where numpy can share them; bfloat16 as float32.
    """
    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def is_on_disk(X):
    """
    Say whether rows had better be read a part at a time.

    Parameters
    ----------
    X : array-like or LazyRows
        Rows.

    Returns
    -------
    bool
        True for ``LazyRows`` and memory maps.
    """
    return isinstance(X, LazyRows | np.memmap)


def pick_rows(X, positions):
    """
    Take some rows, to be read later where they are on disk.

    Parameters
    ----------
    X : array-like of shape (n_pool, ...) or LazyRows
        Rows.
    positions : ndarray of shape (m,), dtype int64
        Which ones, ascending and distinct.

    Returns
    -------
    array-like of shape (m, ...) or LazyRows
        The rows.
    """
    if is_on_disk(X):
        source = X if isinstance(X, LazyRows) else _ArrayRows(X)
        return _PickedRows(source, positions)
    return rows_of(X, positions)


def rows_of(X, rows):
    """
    Read some rows.

    Parameters
    ----------
    X : array-like of shape (n_pool, ...) or LazyRows
        Rows in any container.
    rows : slice or ndarray of int
        Which ones.

    Returns
    -------
    array-like
        The rows, in the container of X; an array where they were read from disk.
    """
    if sp.issparse(X) and X.format not in ("csr", "csc", "lil"):
        X = X.tocsr()
    return safe_indexing(X, rows)
