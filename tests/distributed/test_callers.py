"""Queries from several threads, from inside a task, and from a forked process."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from skactive import BADGE, MarginSampling
from skactive.distributed import clusters

dask = pytest.importorskip("dask", reason="needs dask: pip install skactive[dask]")
da = pytest.importorskip("dask.array")
distributed = pytest.importorskip("distributed")

pytestmark = pytest.mark.slow


def _rows():
    X = np.random.default_rng(0).normal(size=(9000, 4))
    return X, (X[:40, 0] > 0).astype(int)


@pytest.fixture
def clusters_made(monkeypatch):
    """The clusters made by queries, none at first; closed in the end."""
    made, kind = [], distributed.LocalCluster

    def make(**options):
        made.append(kind(**options))
        return made[-1]

    monkeypatch.setattr(distributed, "LocalCluster", make)
    monkeypatch.setattr(clusters, "_embedded", {})
    yield made
    for client in clusters._embedded.values():
        client.close()
    for cluster in made:
        cluster.close()


def test_threads_leave_dask_as_it_was(clusters_made):
    X, y = _rows()
    strategy = BADGE(random_state=0).fit(X[:40], y)
    pool, sizes, found, errors = (
        da.from_array(X, chunks=(1000, -1)),
        (3, 40, 80),
        {},
        [],
    )

    def ask(n):
        found[n] = strategy.snapshot().query(pool, n)

    threads = [threading.Thread(target=ask, args=(n,), daemon=True) for n in sizes]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        try:
            assert pool[:10].sum().compute() == pytest.approx(X[:10].sum())
        except Exception as error:
            errors.append(error)
            break
    for thread in threads:
        thread.join(60)
    assert not errors
    for n in sizes:
        assert found[n].tolist() == strategy.query(X, n).tolist()
    assert dask.config.get("scheduler", None) is None
    assert pool.sum().compute() == pytest.approx(X.sum())
    assert len(clusters_made) == 1


def _query(strategy, X, options):
    import dask.array as da

    return strategy.query(da.from_array(X, chunks=(3000, -1)), 3, **options)


@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_query_inside_a_task(n_workers):
    X, y = _rows()
    strategy = MarginSampling(random_state=0).fit(X[:40], y)
    with (
        distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        for options in ({}, {"max_candidates": 500}):
            expected = strategy.query(X, 3, **options).tolist()
            tasks = [
                client.submit(_query, strategy, X, options, pure=False)
                for _ in range(2)
            ]
            for task in tasks:
                assert task.result(timeout=60).tolist() == expected
        refused = client.submit(_query, strategy, X[:, :3], {})
        with pytest.raises(ValueError, match="X has 3 features"):
            refused.result(timeout=60)
        assert client.submit(sum, [1, 2]).result(timeout=60) == 3


FORKED = """
import multiprocessing as mp
import dask.array as da
import numpy as np
from skactive import MarginSampling

X = np.random.default_rng(0).normal(size=(9000, 4))
strategy = MarginSampling(random_state=0).fit(X[:40], np.arange(40) % 2)
pool = da.from_array(X, chunks=(3000, -1))

def ask():
    try:
        strategy.query(pool, 3)
    except RuntimeError as error:
        print(error)
    print(strategy.query(pool.compute(), 3).tolist(), flush=True)

print(strategy.query(pool, 3).tolist(), flush=True)
child = mp.get_context("fork").Process(target=ask, daemon=True)
child.start()
child.join(60)
print(child.exitcode)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_says_that_dask_does_not_work_there():
    ran = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=120
    )
    parent, error, child, exitcode = ran.stdout.splitlines()[:4]
    assert "was forked from" in error and "X_pool.compute()" in error
    assert (child, exitcode) == (parent, "0"), ran.stderr
