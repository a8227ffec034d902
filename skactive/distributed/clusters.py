"""The cluster that works: the user's, or a small one in this process."""

import atexit
import os
import threading
from contextlib import contextmanager, nullcontext

_lock = threading.Lock()
_embedded = {}
"""The client of the cluster in this process, by the process's number."""


@contextmanager
def client_at_hand():
    """
    Work with the client in force, or with one of a cluster in this process.

    Inside a task of a cluster it is that of the task's worker, and the task leaves its
    place among the worker's threads meanwhile, lest it wait for what waits for it.

    Yields
    ------
    distributed.Client
        The user's, where there is one (``Client(...)``); else that of a cluster of one
        worker in this process, made once. In this block and thread it is current.
    """
    try:
        from distributed import worker_client
        from distributed.client import _current_client
    except ImportError as error:
        raise ImportError(
            "A dask pool needs dask's distributed scheduler: pip install "
            "'skactive[dask]'."
        ) from error
    with worker_client() if _in_task() else nullcontext(_driver_client()) as client:
        # As client.as_current(), which also sets dask's scheduler, for all threads.
        before = _current_client.set(client)
        try:
            yield client
        finally:
            _current_client.reset(before)


def _in_task():
    from distributed import get_worker

    try:
        get_worker()
    except ValueError:
        return False
    return True


def _driver_client():
    from distributed import get_client

    try:
        return get_client()
    except ValueError:
        pass
    process = os.getpid()
    with _lock:
        if process not in _embedded or _embedded[process].status != "running":
            _embedded[process] = _made(process)
        return _embedded[process]


def _made(process):
    from distributed import Client, LocalCluster

    # Dask keeps threads for all clusters of a process, so that a new one hangs too.
    if _embedded and process not in _embedded:
        raise RuntimeError(
            "This process was forked from one that has queried a dask pool, and dask's "
            "threads are not in it. Start it by another method, "
            'multiprocessing.get_context("spawn"), or pass X_pool.compute().'
        )
    cluster = LocalCluster(n_workers=1, processes=False, dashboard_address=None)
    client = Client(cluster, set_as_default=False)
    atexit.register(_close, client, cluster, process)
    return client


def _close(client, cluster, process):
    if process == os.getpid():
        client.close()
        cluster.close()
