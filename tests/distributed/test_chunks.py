"""How a pool is cut into parts, and what a worker keeps of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import get_config

pytest.importorskip("distributed", reason="needs dask: pip install skactive[dask]")

from skactive import BADGE
from skactive.distributed.chunks import part_rows
from skactive.distributed.holder import PROCESS, Holder
from skactive.kernels.parts import ALIGN
from skactive.strategies.badge import _seeding_part


@given(
    n_rows=st.integers(1, 10**9),
    longest=st.integers(1, 10**8),
    n_workers=st.integers(1, 1000),
)
def test_parts_are_neither_few_nor_many(n_rows, longest, n_workers):
    rows = part_rows(n_rows, longest, n_workers)
    assert rows % ALIGN == 0 and rows > 0
    n_parts = -(-n_rows // rows)
    assert n_parts <= 2 * 64 * n_workers
    assert rows <= max(longest, ALIGN, n_rows / (64 * n_workers))
    if n_rows >= 4 * n_workers * ALIGN:
        assert n_parts >= 4 / 3 * n_workers


def test_a_worker_keeps_no_answers_once_parts_are_made():
    X = np.random.default_rng(0).normal(size=(100, 3))
    strategy = BADGE(random_state=0).fit(X[:20], np.arange(20) % 3)
    settings = {"storage": None, "config": get_config(), "driver": PROCESS}
    holder = Holder(strategy, settings, [0], [X])
    assert len(holder.answers) == 1
    made, error, warned = holder.call(0, True, [("make", (_seeding_part, {}))])
    assert (made, error, warned) == ([(0, None)], None, [])
    assert holder.answers == []
    assert len(holder.parts[0]) == 100
