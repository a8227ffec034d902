"""In which dtype a model's answers about a pool are kept."""

from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

STORAGES = ("float64", "float32", "float16")
_in_force = ContextVar("storage", default=None)


@contextmanager
def storing(storage):
    """
    Have answers about a pool kept in one dtype, inside this block and thread.

    Parameters
    ----------
    storage : {"float64", "float32", "float16"} or None
        The dtype; None leaves what is in force, so that a strategy that asks another
        one passes it on.

    Yields
    ------
    None
        Nothing.
    """
    if storage is not None and storage not in STORAGES:
        raise ValueError(
            f"The 'storage' parameter of query must be one of {STORAGES}, or None. Got "
            f"{storage!r} instead."
        )
    token = _in_force.set(storage or _in_force.get())
    try:
        yield
    finally:
        _in_force.reset(token)


def storage_in_force():
    """
    Say which dtype answers are kept in, to be passed on to other processes.

    Returns
    -------
    str or None
        What `storing` was given last.
    """
    return _in_force.get()


def kept_dtype(dtype):
    """
    Say in which dtype an answer is kept.

    Parameters
    ----------
    dtype : numpy.dtype
        What the model gave.

    Returns
    -------
    numpy.dtype
        The storage asked for; without one the model's own, float32 in place of float16.
    """
    storage = _in_force.get()
    if storage is not None and np.dtype(dtype).kind == "f":
        return np.dtype(storage)
    return np.dtype(np.float32) if dtype == np.float16 else np.dtype(dtype)
