"""Playing many runs at once: processes, their threads, and Ctrl-C."""

import contextlib
import os
import signal
import threading
import time

import torch
from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

BACKENDS = ("loky", "dask")
KILLED = TerminatedWorkerError
"""What is raised where a process of a run was killed."""


def outcomes(function, jobs, *, n_jobs, backend="loky"):
    """
    Call a function on each job, several at a time, giving each outcome as it ends.

    Close the generator to end what is under way, as ``contextlib.closing`` does.

    Parameters
    ----------
    function : callable
        Takes one job, and should start with `be_a_worker`.
    jobs : iterable
        Read as late as it can be, from other threads too.
    n_jobs : int
        Processes. 1 plays them in this process, one after the other.
    backend : {"loky", "dask"}, default="loky"
        Processes on this machine, or the workers of the dask client of this process.

    Yields
    ------
    object
        What the function gave, in the order in which jobs end.
    """
    # Waiting threads of OpenMP would burn the cores of the other processes.
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    limit = {"inner_max_num_threads": 1} if backend == "loky" else {}
    if backend == "loky" and n_jobs == 1:
        yield from map(function, jobs)
        return
    with parallel_config(backend=backend, **limit):
        yield from Parallel(
            n_jobs=n_jobs,
            batch_size=1,
            pre_dispatch=n_jobs,
            return_as="generator_unordered",
        )(delayed(function)(job) for job in jobs)


def be_a_worker(parent):
    """
    Leave Ctrl-C to the parent, which ends this process; end with it in any case.

    Does nothing in the parent itself.

    Parameters
    ----------
    parent : int
        The process that hands out the jobs.
    """
    if os.getpid() == parent:
        return
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The bar's own lock is shared by processes, and a killed one would not give it up.
    tqdm.set_lock(threading.RLock())
    if os.getppid() == parent and not _watching.is_set():
        _watching.set()
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


_watching = threading.Event()


def _end_with(parent):
    """End where the parent was killed: nobody would read what is computed here."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


@contextlib.contextmanager
def one_thread():
    """
    Compute in one thread, in this process too: sums then round alike anywhere.

    Yields
    ------
    None
        Nothing; the numbers of threads are put back at the end.
    """
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(n_threads)
