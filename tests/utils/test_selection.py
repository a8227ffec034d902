import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skactive.utils.selection import top_n


@st.composite
def scores_and_n(draw):
    # Few distinct values, so that ties are common.
    scores = draw(st.lists(st.integers(0, 5), min_size=1, max_size=40))
    return np.array(scores, dtype=float), draw(st.integers(1, len(scores)))


@given(scores_and_n(), st.integers(0, 2**32))
def test_are_the_n_largest_in_order(case, seed):
    scores, n = case
    picked = top_n(scores, n, np.random.default_rng(seed))
    assert picked.dtype == np.int64 and len(set(picked.tolist())) == n
    assert scores[picked].tolist() == sorted(scores, reverse=True)[:n]


def test_ties_are_broken_uniformly():
    rng = np.random.default_rng(0)
    scores = np.array([1.0, 1, 1, 1, 0])
    counts = np.bincount([top_n(scores, 1, rng)[0] for _ in range(4000)], minlength=5)
    assert counts[4] == 0
    # 1000 expected for each, standard deviation 27.
    assert (np.abs(counts[:4] - 1000) < 5 * 27).all()


def test_infinite_scores_are_ordinary():
    scores = np.array([-np.inf, np.inf, 0.0])
    assert top_n(scores, 3, np.random.default_rng(0)).tolist() == [1, 2, 0]
