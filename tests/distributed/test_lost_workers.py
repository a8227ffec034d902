"""Workers that die in the middle of a query."""

import os
import signal

import numpy as np
import pytest

from skactive import BADGE, CoreSet
from skactive.distributed.workers import Workers

da = pytest.importorskip("dask.array", reason="needs dask: pip install skactive[dask]")
distributed = pytest.importorskip("distributed")


@pytest.fixture
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.mark.parametrize(
    "strategy, all_of_them",
    [
        pytest.param(BADGE(random_state=0), False, id="one, BADGE"),
        pytest.param(CoreSet(), False, id="one, CoreSet", marks=pytest.mark.slow),
        pytest.param(BADGE(random_state=0), True, id="all", marks=pytest.mark.slow),
    ],
)
def test_killed_workers_change_nothing(client, monkeypatch, strategy, all_of_them):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50_000, 6)).astype(np.float32)
    strategy.fit(X[:40], rng.integers(3, size=40))
    expected = strategy.query(X, 200)
    pids = list(client.run(os.getpid).values())
    ask, killed = Workers._exchange, []

    def exchange(self, changes, method, args):
        # After rounds that were acknowledged, and more of them to come.
        if method == "fold" and len(self.told) == 4 and not killed:
            for pid in pids if all_of_them else pids[:1]:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
        return ask(self, changes, method, args)

    monkeypatch.setattr(Workers, "_exchange", exchange)
    picked = strategy.query(da.from_array(X, chunks=(8192, -1)), 200)
    assert killed
    assert picked.tolist() == expected.tolist()
    assert strategy.query_info_.n_lost >= len(killed)
