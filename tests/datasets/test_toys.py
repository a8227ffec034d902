"""The toys of the papers: their laws, and pools with near copies."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skactive.datasets import (
    make_clusters,
    make_gaussian_design,
    make_orthonormal_design,
    make_quadrants,
    repeated,
)

DESIGNS = [make_gaussian_design, make_orthonormal_design]


def test_a_quadrant_is_a_class():
    X, y = make_quadrants(4000, random_state=0)
    assert X.shape == (4000, 2) and np.abs(X).max() <= 1
    for label, signs in enumerate([(-1, -1), (1, -1), (-1, 1), (1, 1)]):
        assert (np.sign(X[y == label]) == signs).all()
    counts = np.bincount(y)
    assert (np.abs(counts - 1000) < 5 * np.sqrt(4000 * 3 / 16)).all()
    np.testing.assert_allclose(X.std(axis=0), 1 / np.sqrt(3), rtol=0.05)


def errors_of_nearest_centre(deviation):
    X, y = make_clusters(9000, deviation=deviation, random_state=0)
    centres = np.stack([X[y == label].mean(axis=0) for label in range(9)])
    distances = np.linalg.norm(X[:, np.newaxis] - centres, axis=2)
    return np.mean(distances.argmin(axis=1) != y)


def test_clusters_overlap_as_their_deviation_says():
    # In the middle of a lattice with spacing 2.5 a point is nearest to its own centre
    # with probability (2 Φ(1.25 / s) − 1)²; on its rim with less to lose.
    assert 0.005 < errors_of_nearest_centre(0.5) < 0.03
    assert 0.2 < errors_of_nearest_centre(1.0) < 0.4


@pytest.mark.parametrize("n_clusters", [1, 4, 7])
def test_clusters_have_their_centres_apart_and_their_share(n_clusters):
    X, y = make_clusters(1000, deviation=1e-3, n_clusters=n_clusters, random_state=0)
    assert set(np.bincount(y)) <= {1000 // n_clusters, -(-1000 // n_clusters)}
    centres = np.stack([X[y == label].mean(axis=0) for label in range(n_clusters)])
    apart = np.linalg.norm(centres[:, np.newaxis] - centres, axis=2)
    apart = apart[~np.eye(n_clusters, dtype=bool)]
    if n_clusters > 1:
        assert abs(apart.min() - 2.5) < 1e-3
    assert (np.diff(y) != 0).any() or n_clusters == 1  # in random order


@pytest.mark.parametrize("make", DESIGNS)
def test_both_designs_have_the_same_second_moments(make):
    X = make(200_000, 6, random_state=0)
    shares = 1 / np.arange(1, 7) ** 2
    expected = np.diag(shares / shares.sum())
    np.testing.assert_allclose(X.T @ X / len(X), expected, atol=5e-3)


def test_the_designs_are_what_their_names_say():
    X = make_orthonormal_design(500, random_state=0)
    assert X.shape == (500, 100)
    assert_array_equal(np.sort(X, axis=1)[:, -2:], [[0, 1]] * 500)
    X = make_gaussian_design(5000, 2, random_state=0)
    assert abs(np.mean(np.abs(X[:, 0]) < 0.6745 * X[:, 0].std()) - 0.5) < 0.03


@pytest.mark.parametrize("make", [make_quadrants, make_clusters, *DESIGNS])
def test_a_seed_repeats_and_a_generator_moves(make):
    def drawn(random_state):
        X = make(50, random_state=random_state)
        return X[0] if isinstance(X, tuple) else X

    before = np.random.get_state()  # noqa: NPY002
    assert_array_equal(drawn(3), drawn(3))
    assert not np.array_equal(drawn(3), drawn(4))
    rng = np.random.default_rng(3)
    assert_array_equal(drawn(rng), drawn(3))
    assert not np.array_equal(drawn(rng), drawn(3))
    assert not np.array_equal(drawn(None), drawn(None))
    np.testing.assert_equal(np.random.get_state(), before)  # noqa: NPY002


@pytest.mark.parametrize(
    ("make", "wrong", "sentence"),
    [
        (make_quadrants, {"n_samples": 0}, "'n_samples' parameter of make_quadrants"),
        (make_clusters, {"n_clusters": 0}, "'n_clusters'.*integer >= 1. Got 0"),
        (make_clusters, {"deviation": 0.0}, "'deviation'.*> 0. Got 0.0"),
        (make_clusters, {"deviation": np.inf}, "'deviation'.*Got inf"),
        (make_gaussian_design, {"n_samples": 2.5}, "'n_samples'.*Got 2.5"),
        (make_orthonormal_design, {"n_samples": 5, "n_features": 0}, "'n_features'"),
    ],
)
def test_a_size_out_of_range_is_named(make, wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        make(**wrong)


# ------------------------------------------------------------ near copies


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_copies_come_one_after_the_other_with_their_own_noise(dtype):
    X = np.arange(2000, dtype=dtype).reshape(500, 2, 2)
    y = np.arange(500)
    copies, labels = repeated(X, y, times=3, noise=0.1, random_state=0)
    assert copies.shape == (1500, 2, 2) and copies.dtype == dtype
    assert_array_equal(labels, np.tile(y, 3))
    noise = (copies - np.tile(X, (3, 1, 1))).reshape(3, -1)
    np.testing.assert_allclose(noise.std(axis=1), 0.1, rtol=0.1)
    assert np.abs(np.corrcoef(noise)[np.triu_indices(3, 1)]).max() < 0.1
    exact, _ = repeated(X, y, times=2, noise=0)
    assert_array_equal(exact, np.tile(X, (2, 1, 1)))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"times": 0}, "'times'.*integer >= 1. Got 0"),
        ({"times": 1.5}, "'times'"),
        ({"noise": -0.1}, "'noise'.*Got -0.1"),
        ({"noise": np.inf}, "'noise'"),
        ({"y": [0]}, "inconsistent"),
    ],
)
def test_what_cannot_be_repeated_is_refused(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        repeated(**{"X": [[0.0], [1.0]], "y": [0, 1]} | wrong)
