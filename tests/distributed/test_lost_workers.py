"""Workers that die in the middle of a query."""

import os
import signal

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from skactive import BADGE, CoreSet, MarginSampling
from skactive.distributed import workers
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
    monkeypatch.setattr(workers, "ATTEMPTS", 1)  # those lost together count once
    picked = strategy.query(da.from_array(X, chunks=(8192, -1)), 200)
    assert killed
    assert picked.tolist() == expected.tolist()
    assert strategy.query_info_.n_lost >= len(killed)


class _DiesOnce(LogisticRegression):
    """A model whose first answer about many rows kills the process that asks."""

    def __init__(self, flag=None, driver=None):
        super().__init__()
        self.flag, self.driver = flag, driver

    def predict_proba(self, X):
        is_worker = len(X) > 1000 and os.getpid() != self.driver
        if is_worker and not self.flag.exists():
            self.flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().predict_proba(X)


@pytest.mark.slow
def test_a_worker_that_dies_while_it_asks_the_model(client, tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30_000, 4))
    model = _DiesOnce(tmp_path / "died", os.getpid())
    strategy = MarginSampling(model, random_state=0).fit(X[:40], np.arange(40) % 3)
    picked = strategy.query(da.from_array(X, chunks=(8192, -1)), 5)
    assert model.flag.exists()
    assert strategy.query_info_.n_lost >= 1
    assert picked.tolist() == strategy.query(X, 5).tolist()


@pytest.mark.slow
@pytest.mark.parametrize("scattered", [True, False], ids=["scattered", "restarted"])
def test_rows_that_cannot_be_made_anew_are_told_of(client, monkeypatch, scattered):
    X = np.random.default_rng(0).normal(size=(20_000, 4))
    strategy = BADGE(random_state=0).fit(X[:40], np.arange(40) % 3)
    pids, pool = client.run(os.getpid), da.from_array(X, chunks=(8192, -1))
    first = next(iter(pids))
    if scattered:
        there = client.scatter(X, workers=[first])
        pool = da.from_delayed(there, X.shape, X.dtype)
    ask, done = Workers._exchange, []

    def exchange(self, changes, method, args):
        if method == "fold" and not done:
            done.append(method)
            os.kill(pids[first], signal.SIGKILL) if scattered else client.restart()
        return ask(self, changes, method, args)

    monkeypatch.setattr(Workers, "_exchange", exchange)
    with pytest.raises(RuntimeError, match=r"rows of X_pool .*restart.*scatter"):
        strategy.query(pool, 10)
    assert done
