"""Dask pools where the user has started no cluster."""

import numpy as np
import pytest

from skactive import BADGE

da = pytest.importorskip("dask.array", reason="needs dask: pip install skactive[dask]")
distributed = pytest.importorskip("distributed")


def test_without_a_cluster_one_is_made():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30_000, 5)), rng.integers(3, size=40)
    strategy = BADGE(random_state=0).fit(X[:40], y)
    with pytest.raises(ValueError):
        distributed.get_client()
    for _ in range(2):
        there = strategy.query(da.from_array(X, chunks=(9_000, -1)), 10)
        assert there.tolist() == strategy.query(X, 10).tolist()
    with pytest.raises(ValueError):
        distributed.get_client()
