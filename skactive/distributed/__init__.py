"""
Pools on several machines: `query` with a dask array or data frame.

Nothing here is called by name. With the extra ``dask`` installed, a strategy's
``query(X_pool, n)`` takes a dask collection, works on each chunk where it lies, and
gives the answer that one process would.
"""

from skactive.utils.elsewhere import register_elsewhere


def _open(X):
    from skactive.distributed.rows import dask_rows

    return dask_rows(X)


register_elsewhere("dask", _open)

__all__ = []
