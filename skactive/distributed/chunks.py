"""Chunks whose borders are the kernels' own, so that every sum is the same."""

import math

import numpy as np

from skactive.kernels.parts import ALIGN
from skactive.utils.validation import num_rows

MOST_PARTS = 64
"""Parts a worker, more or less; shorter chunks than make so few are put together."""


def known_array(X):
    """
    Learn how long the chunks of a dask array are.

    Parameters
    ----------
    X : dask.array.Array
        Perhaps with unknown chunk sizes; left as it is.

    Returns
    -------
    dask.array.Array
        The same with known sizes.
    """
    import dask.array as da

    if not any(math.isnan(size) for sizes in X.chunks for size in sizes):
        return X
    X = da.Array(X.dask, X.name, X.chunks, dtype=X.dtype, meta=X._meta)
    return X.compute_chunk_sizes()


def as_declared(X):
    """
    Have the length of each chunk checked as soon as it is computed.

    Dask believes what it was told, and a function in ``map_blocks`` may leave out rows:
    then all positions behind them would be those of other rows.

    Parameters
    ----------
    X : dask.array.Array
        With known chunk sizes.

    Returns
    -------
    dask.array.Array
        The same; to compute a chunk of another length raises ValueError.
    """
    return X.map_blocks(_of_its_length, dtype=X.dtype, meta=X._meta)


def _of_its_length(rows, block_info):
    start, stop = block_info[0]["array-location"][0]
    if num_rows(rows) != stop - start:
        raise ValueError(
            f"The chunk of X_pool whose first row is row {start} has {num_rows(rows)} "
            f"rows, but its shape says {stop - start}. Call "
            "X_pool.compute_chunk_sizes(), and query again."
        )
    return rows


def part_rows(n_rows, longest, n_workers):
    """
    Choose how many rows a part has.

    Parameters
    ----------
    n_rows : int
        Of the pool.
    longest : int
        Of the user's longest chunk, whose size is taken as wished.
    n_workers : int
        Each should get two parts or more, but not so many that calls take the time.

    Returns
    -------
    int
        A multiple of ALIGN.
    """
    most = max(longest // ALIGN, 1)
    fair = -(-n_rows // (2 * n_workers * ALIGN))
    least = n_rows // (MOST_PARTS * n_workers * ALIGN)
    return ALIGN * max(1, least, min(most, fair))


def aligned_array(X, client):
    """
    Cut a dask array into parts along its rows.

    Parameters
    ----------
    X : dask.array.Array
        With known chunk sizes.
    client : distributed.Client
        Where they are computed.

    Returns
    -------
    list of (int, int, distributed.Future)
        First row, number of rows and the rows, of each part.
    """
    rows = part_rows(len(X), max(X.chunks[0]), _n_workers(client))
    X = X.rechunk({0: rows, **dict.fromkeys(range(1, X.ndim), -1)})
    futures = client.compute(X.to_delayed().ravel().tolist())
    starts = np.cumsum((0, *X.chunks[0])).tolist()
    return list(zip(starts, X.chunks[0], futures, strict=False))


def aligned_frame(partitions, lengths, client):
    """
    Cut a dask data frame into parts.

    Parameters
    ----------
    partitions : list of dask.delayed.Delayed
        The rows.
    lengths : ndarray of int
        Of the partitions.
    client : distributed.Client
        Where they are computed.

    Returns
    -------
    list of (int, int, distributed.Future)
        First row, number of rows and the rows, of each part.
    """
    from dask import delayed

    n_rows = int(lengths.sum())
    rows = part_rows(n_rows, int(lengths.max()), _n_workers(client))
    ends = np.cumsum(lengths)
    parts = []
    for start in range(0, n_rows, rows):
        stop = min(start + rows, n_rows)
        pieces = [
            (partition, max(start - (end - length), 0), min(stop, end) - (end - length))
            for partition, end, length in zip(partitions, ends, lengths, strict=True)
            if end > start and end - length < stop
        ]
        frames, firsts, lasts = zip(*pieces, strict=True)
        parts.append(delayed(_stacked)(list(frames), list(firsts), list(lasts)))
    sizes = [min(rows, n_rows - start) for start in range(0, n_rows, rows)]
    return list(zip(range(0, n_rows, rows), sizes, client.compute(parts), strict=True))


def _stacked(frames, firsts, lasts):
    import pandas as pd

    pieces = zip(frames, firsts, lasts, strict=True)
    return pd.concat([frame.iloc[first:last] for frame, first, last in pieces])


def _n_workers(client):
    return max(len(client.nthreads()), 1)
