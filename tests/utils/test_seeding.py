import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skactive.utils.seeding import initial_positions


@st.composite
def labels_and_n(draw):
    y = np.array(draw(st.lists(st.integers(0, 4), min_size=1, max_size=60)))
    return y, draw(st.integers(0, len(y)))


@given(labels_and_n(), st.integers(0, 2**32))
def test_stratified_positions(case, seed):
    y, n = case
    picked = initial_positions(y, len(y), n, np.random.default_rng(seed))
    assert len(set(picked.tolist())) == len(picked) == n
    classes, counts = np.unique(y, return_counts=True)
    got = np.array([(y[picked] == c).sum() for c in classes])
    if n >= len(classes):
        assert (got >= 1).all()
    # Away from the guaranteed one of each, shares are within one of proportional.
    assert (np.abs(got - n * counts / len(y)) <= len(classes)).all()


def test_shares_are_proportional():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    picked = initial_positions(y, 100, 20, np.random.default_rng(0))
    assert np.bincount(y[picked]).tolist() == [12, 6, 2]


def test_uniform_without_classes():
    rng = np.random.default_rng(0)
    draws = [initial_positions(None, 5, 2, rng) for _ in range(5000)]
    counts = np.bincount(np.concatenate(draws))
    # 2,000 expected for each, standard deviation below 35.
    assert (np.abs(counts - 2000) < 5 * 35).all()
    assert all(len(set(d.tolist())) == 2 for d in draws)
