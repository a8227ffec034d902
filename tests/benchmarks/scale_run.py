"""One query of a large pool, in a process of its own that says what it took."""

import argparse
import json
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from skactive import BADGE, BAIT, CoreSet, MarginSampling

STRATEGIES = {
    "margin": MarginSampling,
    "badge": BADGE,
    "core_set": CoreSet,
    "bait": BAIT,
}
BLOCK = 2**18


def make_pool(path, n, d, n_clusters, seed=0):
    """
    Write a pool of clusters to a file, if it is not there, and open it.

    Parameters
    ----------
    path : pathlib.Path
        The file, of float16.
    n, d, n_clusters : int
        Rows, features, clusters.
    seed : int, default=0
        Of the numbers.

    Returns
    -------
    numpy.memmap of shape (n, d), float16
        The pool.
    """
    if not path.is_file() or path.stat().st_size != 2 * n * d:
        pool = np.memmap(path, dtype=np.float16, mode="w+", shape=(n, d))
        centres = _centres(n_clusters, d, seed)
        for number, start in enumerate(range(0, n, BLOCK)):
            rng = np.random.default_rng((seed, number))
            rows = min(BLOCK, n - start)
            home = rng.integers(n_clusters, size=rows)
            noise = rng.standard_normal((rows, d), dtype=np.float32)
            pool[start : start + rows] = centres[home] + noise
        pool.flush()
        del pool
    return np.memmap(path, dtype=np.float16, mode="r", shape=(n, d))


def _centres(n_clusters, d, seed):
    rng = np.random.default_rng(seed)
    return 2 * rng.standard_normal((n_clusters, d), dtype=np.float32) / np.sqrt(d) * 3


def labeled_rows(d, n_clusters, n=1000, seed=0):
    """
    Draw labelled rows of the same clusters.

    Parameters
    ----------
    d, n_clusters : int
        Features, clusters.
    n : int, default=1000
        How many.
    seed : int, default=0
        Of the centres.

    Returns
    -------
    X : ndarray of shape (n, d), float32
        Rows.
    y : ndarray of shape (n,)
        Their clusters.
    """
    rng = np.random.default_rng((seed, 1_000_000))
    y = np.arange(n) % n_clusters
    noise = rng.standard_normal((n, d), dtype=np.float32)
    return _centres(n_clusters, d, seed)[y] + noise, y


def read_rows(path, d, start, stop):
    """
    Read some rows of the file: what a worker does for its chunk.

    Parameters
    ----------
    path : str
        The file.
    d, start, stop : int
        Features, first row, end.

    Returns
    -------
    ndarray of shape (stop - start, d), float16
        The rows.
    """
    rows = np.fromfile(path, np.float16, (stop - start) * d, offset=2 * start * d)
    return rows.reshape(-1, d)


class Watch:
    """Polls the memory of processes that no file stands behind; keeps the peak."""

    def __init__(self, pids=("self",), every=0.05):
        self.pids, self.every = pids, every
        self.peak, self.done = 0, threading.Event()
        self.thread = threading.Thread(target=self._poll, daemon=True)

    def _poll(self):
        while not self.done.wait(self.every):
            self.peak = max(self.peak, sum(map(_anonymous, self.pids)))

    def __enter__(self):
        self.before = sum(map(_anonymous, self.pids))
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        self.peak = max(self.peak, sum(map(_anonymous, self.pids)))


def _anonymous(pid):
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    for line in lines:
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


def main():
    """Query once; print what it took as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("strategy", choices=STRATEGIES)
    for name, default in (("n", 10**5), ("d", 64), ("classes", 10), ("batch", 1000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0, help="0: no dask")
    parser.add_argument(
        "--chunk", type=int, default=2**19, help="rows of dask's chunks"
    )
    parser.add_argument("--kill", action="store_true", help="a worker, in mid-query")
    options = parser.parse_args()
    pool = make_pool(options.path, options.n, options.d, options.classes)
    strategy = STRATEGIES[options.strategy](
        LogisticRegression(max_iter=200), random_state=0
    ).fit(*labeled_rows(options.d, options.classes))
    torch.set_num_threads(options.threads)
    if options.workers:
        found = query_with_dask(strategy, options)
    else:
        with threadpool_limits(options.threads), Watch() as watch:
            started = time.perf_counter()
            picked = strategy.query(pool, options.batch, storage="float16")
            seconds = time.perf_counter() - started
        found = {
            "seconds": seconds,
            "peak": watch.peak - watch.before,
            "held": watch.before,
            "picked": picked.tolist(),
            "told": strategy.query_memory(pool, options.batch, storage="float16").total,
        }
    print(json.dumps(found))


def query_with_dask(strategy, options):
    """
    Query the pool on workers of this machine.

    Parameters
    ----------
    strategy : QueryStrategy
        Fitted.
    options : argparse.Namespace
        Of the command line.

    Returns
    -------
    dict
        Seconds, bytes, picks, and what a round that does nothing takes.
    """
    import os
    import signal

    import dask.array as da
    from dask import delayed
    from distributed import Client, LocalCluster

    from skactive.distributed.workers import Workers

    path, d = str(options.path), options.d
    edges = [*range(0, options.n, options.chunk), options.n]
    chunks = [
        da.from_delayed(delayed(read_rows)(path, d, a, b), (b - a, d), np.float16)
        for a, b in pairwise(edges)
    ]
    threads = max(1, options.threads // options.workers)
    with (
        LocalCluster(
            n_workers=options.workers,
            threads_per_worker=threads,
            dashboard_address=None,
            memory_limit=0,
        ) as cluster,
        Client(cluster) as client,
    ):
        pids = list(client.run(os.getpid).values())
        client.run(_warm)
        ask, rounds = Workers._exchange, []

        def exchange(self, changes, method, args):
            if options.kill and method == "fold" and len(self.told) == 4:
                if not self.n_lost:
                    os.kill(pids[0], signal.SIGKILL)
            if not rounds and method == "fold":
                rounds.append(_idle_round(self, ask))
            return ask(self, changes, method, args)

        Workers._exchange = exchange
        with Watch(pids) as watch:
            started = time.perf_counter()
            picked = strategy.query(
                da.concatenate(chunks), options.batch, storage="float16"
            )
            seconds = time.perf_counter() - started
        info = strategy.query_info_
    return {
        "seconds": seconds - (rounds[0]["spent"] if rounds else 0),
        "peak": watch.peak - watch.before,
        "held": watch.before,
        "picked": picked.tolist(),
        "round": rounds[0]["seconds"] if rounds else None,
        "n_exchanges": info.n_exchanges,
        "n_lost": info.n_lost,
    }


def _warm():
    import skactive  # noqa: F401  (imports are no part of a query)


def _idle_round(workers, ask):
    """Time rounds in which the workers do nothing."""
    started, counted = time.perf_counter(), workers.n_exchanges
    ask(workers, False, "__len__", ())
    times = []
    for _ in range(50):
        begun = time.perf_counter()
        ask(workers, False, "__len__", ())
        times.append(time.perf_counter() - begun)
    workers.n_exchanges = counted
    return {
        "seconds": float(np.median(times)),
        "spent": time.perf_counter() - started,
    }


if __name__ == "__main__":
    main()
