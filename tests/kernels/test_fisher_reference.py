"""The textbook form of BAIT, held against definitions and the published answers."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import determinant
from reference.fisher import (
    backward,
    bait,
    forward,
    gains,
    last_layer_factors,
    maxdet,
    mean_information,
    objective,
    pool_fisher,
    predicted_gradients,
    start,
)

SCALINGS = ("paper", "authors", "sum")


def problem(seed, n_pool=9, n_labeled=4, d=2, n_classes=3):
    """Give z, p, z_labeled, p_labeled; without classes p is None."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n_pool + n_labeled, d))
    if n_classes is None:
        return z[:n_pool], None, z[n_pool:], None
    p = rng.dirichlet(np.full(n_classes, 0.7), size=len(z))
    return z[:n_pool], p[:n_pool], z[n_pool:], p[n_pool:]


problems = st.builds(
    problem,
    st.integers(0, 10**6),
    n_labeled=st.integers(0, 4),
    d=st.integers(1, 3),
    n_classes=st.sampled_from([None, 2, 3, 4]),
)
strengths = st.floats(0.01, 10)


def gradient(p, y, z):
    """Give ∇ −log p(y | x) by the weights of all classes, class by class."""
    return np.concatenate([(p[c] - (c == y)) * z for c in range(len(p))])


@given(problems)
def test_the_information_is_the_expected_product_of_gradients(problem):
    z, p, _, _ = problem
    factors = last_layer_factors(p, z)
    for i, v in enumerate(factors):
        if p is None:
            expected = np.outer(z[i], z[i])
        else:
            by_label = [gradient(p[i], y, z[i]) for y in range(p.shape[1])]
            expected = sum(
                share * np.outer(g, g) for share, g in zip(p[i], by_label, strict=True)
            )
        np.testing.assert_allclose(v @ v.T, expected, atol=1e-12)


@given(problems, st.integers(1, 4))
def test_rank_keeps_the_longest_columns(problem, rank):
    z, p, _, _ = problem
    squares = (last_layer_factors(p, z) ** 2).sum(axis=1)
    kept = (last_layer_factors(p, z, rank) ** 2).sum(axis=1)
    assert kept.shape == (len(z), min(rank, squares.shape[1]))
    np.testing.assert_allclose(kept, -np.sort(-squares, axis=1)[:, :rank], atol=1e-14)


@given(problems)
def test_the_predicted_labels_gradient(problem):
    z, p, _, _ = problem
    if p is not None:
        expected = [gradient(*row) for row in zip(p, p.argmax(axis=1), z, strict=True)]
        np.testing.assert_allclose(predicted_gradients(p, z)[:, :, 0], expected)


def test_the_fisher_is_the_mean_over_pool_and_labels():
    z, p, z_labeled, p_labeled = problem(0)
    f = pool_fisher(last_layer_factors(p, z), last_layer_factors(p_labeled, z_labeled))
    expected = 0
    for row, x in zip([*p, *p_labeled], [*z, *z_labeled], strict=True):
        expected += np.kron(np.diag(row) - np.outer(row, row), np.outer(x, x))
    np.testing.assert_allclose(f, expected / 13, atol=1e-12)


@pytest.mark.parametrize(
    ("scaling", "share", "weight"),
    [("paper", 1, 1), ("authors", 4 / 7, 3 / 7), ("sum", 4, 1)],
)
def test_the_start_by_scaling(scaling, share, weight):
    _, _, z_labeled, p_labeled = problem(0)
    factors = last_layer_factors(p_labeled, z_labeled)
    m, given_weight = start(factors, 3, 0.5, scaling)
    mean = sum(v @ v.T for v in factors) / 4
    np.testing.assert_allclose(m, 0.5 * np.eye(6) + share * mean)
    assert given_weight == pytest.approx(weight)


@given(problems, strengths, st.sampled_from(SCALINGS))
def test_gains_are_what_the_objective_falls_by(problem, lam, scaling):
    z, p, z_labeled, p_labeled = problem
    pool = last_layer_factors(p, z)
    labeled = last_layer_factors(p_labeled, z_labeled)
    f = pool_fisher(pool, labeled)
    m, _ = start(labeled, 3, lam, scaling)
    falls = [objective(m, f) - objective(m + v @ v.T, f) for v in pool]
    np.testing.assert_allclose(gains(m, f, pool), falls, atol=1e-9 * objective(m, f))


@settings(max_examples=50)
@given(
    problems,
    strengths,
    st.sampled_from(SCALINGS),
    st.booleans(),
    st.sampled_from([None, 1, 2]),
    st.integers(1, 3),
)
def test_the_objective_never_rises_ahead_nor_falls_back(
    problem, lam, scaling, fisher_term, rank, oversample
):
    z, p, z_labeled, p_labeled = problem
    options = {"fisher_term": fisher_term, "rank": rank, "scaling": scaling}
    out = bait(*problem, 4, lam=lam, oversample=oversample, **options)
    slack = 1e-9 * out.objective[0]
    assert (np.diff(out.objective) <= slack).all()
    assert (out.costs >= -slack).all()
    assert len(set(out.forward)) == len(out.forward) == min(4 * oversample, len(z))
    assert {*out.removed, *out.selected} == set(out.forward)
    assert len(out.removed) + 4 == len(out.forward)
    assert len(out.selected) == 4
    assert out.selected == [i for i in out.forward if i in out.selected]

    # The last value is that of the selected points alone, built from nothing.
    pool = last_layer_factors(p, z, rank)
    labeled = last_layer_factors(p_labeled, z_labeled, rank)
    m, weight = start(labeled, 4, lam, scaling)
    m = m + weight * 4 * mean_information(pool[out.selected])
    f = pool_fisher(pool, labeled) if fisher_term else np.eye(len(m))
    assert out.objective_back[-1] == pytest.approx(objective(m, f), rel=1e-9)


@given(problems, strengths)
def test_each_step_is_the_best_by_exhaustion(problem, lam):
    z, p, z_labeled, p_labeled = problem
    pool = last_layer_factors(p, z)
    labeled = last_layer_factors(p_labeled, z_labeled)
    f = pool_fisher(pool, labeled)
    out = bait(*problem, 2, lam=lam)

    def value(positions):
        m, _ = start(labeled, 2, lam, "paper")
        return objective(m + sum(pool[i] @ pool[i].T for i in positions), f)

    taken = []
    for position, reached in zip(out.forward, out.objective[1:], strict=True):
        others = [value([*taken, i]) for i in range(len(z)) if i not in taken]
        taken.append(position)
        assert reached == pytest.approx(min(others), rel=1e-9)
    for position, reached in zip(out.removed, out.objective_back[1:], strict=True):
        others = [value([i for i in taken if i != gone]) for gone in taken]
        taken.remove(position)
        assert reached == pytest.approx(min(others), rel=1e-9)


@given(st.integers(0, 10**6), strengths, st.sampled_from(SCALINGS))
def test_two_classes_are_rank_one_with_twice_the_variance(seed, lam, scaling):
    z, p, z_labeled, p_labeled = problem(seed, n_classes=2)
    scaled = z * np.sqrt(2 * p.prod(axis=1))[:, None]
    scaled_labeled = z_labeled * np.sqrt(2 * p_labeled.prod(axis=1))[:, None]
    expected = bait(scaled, None, scaled_labeled, None, 3, lam=lam, scaling=scaling)
    for out in (
        bait(z, p, z_labeled, p_labeled, 3, lam=lam, scaling=scaling),
        bait(z, p[:, 1], z_labeled, p_labeled[:, 1], 3, lam=lam, scaling=scaling),
    ):
        assert out.forward == expected.forward
        assert out.selected == expected.selected
        np.testing.assert_allclose(out.objective, expected.objective)


def test_the_scalings_agree_without_labels_and_differ_with_them():
    bare = [bait(*problem(3, n_labeled=0), 3, scaling=s).objective for s in SCALINGS]
    np.testing.assert_array_equal(bare[0], bare[1])
    np.testing.assert_array_equal(bare[0], bare[2])
    values = [bait(*problem(3), 3, scaling=s).objective[-1] for s in SCALINGS]
    assert len({round(value, 6) for value in values}) == 3


def test_of_equal_rows_the_smallest_position_is_taken_and_removed_first():
    z = np.repeat([[3.0, 0.0], [0.0, 3.0]], 3, axis=0)
    out = bait(z, None, np.zeros((0, 2)), None, 2)
    assert out.forward == [0, 3, 1, 4]
    assert out.removed == [0, 3]
    assert out.selected == [1, 4]


@settings(max_examples=30)
@given(
    st.lists(st.integers(4, 12), min_size=2, max_size=3),
    st.integers(1, 4),
    st.sampled_from([0.01, 0.5, 3]),
)
def test_on_the_standard_basis_forward_is_optimal(copies, n, lam):
    """Proposition 2."""
    z = np.repeat(np.eye(len(copies)), copies, axis=0)
    share = np.array(copies) / sum(copies)
    out = bait(z, None, z[:0], None, n, lam=lam, oversample=1)
    counts = (np.array(c) for c in product(range(n + 1), repeat=len(copies)))
    best = min((share / (c + lam)).sum() for c in counts if c.sum() <= n)
    assert out.objective[-1] == pytest.approx(best)


@given(st.integers(0, 10**6), strengths, st.sampled_from([None, 2, 3]))
def test_rank_one_determinants_are_those_of_the_gradients(seed, lam, n_classes):
    case = problem(seed, n_labeled=0, n_classes=n_classes)
    positions, rises = maxdet(*case, 5, lam=lam)
    g = predicted_gradients(case[1], case[0])[:, :, 0]
    chosen, expected = determinant.greedy_maxdet(g, 5, lam=lam)
    assert positions == chosen
    np.testing.assert_allclose(rises, expected, atol=1e-9)


@given(problems, strengths, st.booleans())
def test_determinants_by_the_lemma(problem, lam, full):
    """det(M + V Vᵀ) = det M · det(Id + Vᵀ M⁻¹ V), each pick the best of those left."""
    z, p, z_labeled, p_labeled = problem
    make = last_layer_factors if full else predicted_gradients
    pool, labeled = make(p, z), make(p_labeled, z_labeled)
    positions, rises = maxdet(*problem, 3, lam=lam, full=full)
    assert len(set(positions)) == 3
    m, _ = start(labeled, 3, lam, "paper")
    for step, (position, rise) in enumerate(zip(positions, rises, strict=True)):
        small = np.eye(pool.shape[2]) + pool.swapaxes(1, 2) @ np.linalg.solve(m, pool)
        logs = np.linalg.slogdet(small)[1]
        assert rise == pytest.approx(logs[position], abs=1e-9)
        left = [i for i in range(len(z)) if i not in positions[:step]]
        assert rise == pytest.approx(logs[left].max(), abs=1e-8)
        m = m + pool[position] @ pool[position].T


def published(golden, name):
    """Give the published code's answers, its M₀, F and V under scaling="authors"."""
    file = golden(name)
    n_pool = int(file["n_pool"])
    p = file["p"] if "p" in file else None
    factors = last_layer_factors(p, file["h"])
    pool, labeled = factors[:n_pool], factors[n_pool:]
    m, weight = start(labeled, int(file["B"]), float(file["lamb"]), "authors")
    return file, m, pool_fisher(pool, labeled), np.sqrt(weight) * pool


@pytest.mark.parametrize(
    ("name", "n_steps"), [("bait_classification", 4), ("bait_regression", 12)]
)
def test_the_first_steps_are_those_of_the_published_code(golden, name, n_steps):
    file, m, f, pool = published(golden, f"{name}.npz")
    out = forward(m, f, pool, n_steps)
    assert out.chosen == file["forward_idx"][:n_steps].tolist()
    np.testing.assert_allclose(out.gains, file["forward_gain"][:n_steps], rtol=1e-5)
    np.testing.assert_allclose(-np.diff(out.objective), out.gains, rtol=1e-9)


def test_the_published_removals_after_the_published_picks(golden):
    file, m, f, pool = published(golden, "bait_classification.npz")
    picks = file["forward_idx"]
    m = m + len(picks) * mean_information(pool[picks])
    out = backward(m, f, pool, picks.tolist(), len(picks) - 3)
    assert out.removed == file["backward_removed_idx"][:3].tolist()
    np.testing.assert_allclose(out.costs, file["backward_cost"][:3], rtol=1e-5)


@pytest.mark.slow
def test_the_whole_published_answer_in_classification(golden):
    file = golden("bait_classification.npz")
    h, p, n_pool = file["h"], file["p"], int(file["n_pool"])
    case = h[:n_pool], p[:n_pool], h[n_pool:], p[n_pool:]
    n, lam = int(file["B"]), float(file["lamb"])
    out = bait(*case, n, lam=lam, scaling="authors")
    _assert_same_answer(out, file)


@pytest.mark.slow
def test_the_whole_published_answer_in_regression(golden):
    file = golden("bait_regression.npz")
    h, n_pool, n = file["h"], int(file["n_pool"]), int(file["B"])
    lam = float(file["lamb"])
    out = bait(h[:n_pool], None, h[n_pool:], None, n, lam=lam, scaling="authors")
    _assert_same_answer(out, file)


def _assert_same_answer(out, file):
    assert out.forward == file["forward_idx"].tolist()
    assert out.removed == file["backward_removed_idx"].tolist()
    assert out.selected == file["selected"].tolist()
    np.testing.assert_allclose(out.gains, file["forward_gain"], rtol=1e-4)
    np.testing.assert_allclose(out.costs, file["backward_cost"], rtol=1e-4)
