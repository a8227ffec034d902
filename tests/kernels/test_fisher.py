import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import fisher as textbook

from skactive.kernels.fisher import determinant_search, trace_search
from skactive.kernels.fisher.scalar_part import ScalarPart
from skactive.kernels.fisher.scalars import ScalarSearch
from skactive.kernels.parts import Whole


def problem(seed, n=40, d=5, k=3, n_labeled=6, kind="plain"):
    """Make a pool and labelled rows; with duplicates, near certainty, low rank."""
    random = np.random.RandomState(seed)
    z = random.randn(n + n_labeled, d)
    logits = 2 * random.randn(n + n_labeled, k)
    if kind == "duplicates":
        z[n // 2 : n] = z[: n - n // 2]
        logits[n // 2 : n] = logits[: n - n // 2]
    if kind == "certain":
        logits[::3, 0] = logits[::3].max(axis=1) + 17.0
    if kind == "low rank":
        z[:, max(1, d // 2) :] = 0
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    if kind == "certain":
        assert (p.max(axis=1) > 1 - 1e-6).any()
    return z[:n], p[:n], z[n:], p[n:]


def tensors(*arrays, dtype=torch.float64, device="cpu"):
    return [
        None if a is None else torch.tensor(a, dtype=dtype).to(device) for a in arrays
    ]


def search(z, p, z_labeled, p_labeled, n, device="cpu", dtype=torch.float64, **options):
    z, p, z_labeled, p_labeled = tensors(
        z, p, z_labeled, p_labeled, dtype=dtype, device=device
    )
    return trace_search(z, n, p=p, z_labeled=z_labeled, p_labeled=p_labeled, **options)


def assert_same(found, expected, objective_offset=0.0):
    np.testing.assert_array_equal(found.forward.numpy(), expected.forward)
    np.testing.assert_allclose(found.gains.numpy(), expected.gains, rtol=1e-6)
    np.testing.assert_array_equal(found.removed.numpy(), expected.removed)
    costs = found.costs.numpy()
    np.testing.assert_allclose(costs, expected.costs, rtol=1e-6, atol=1e-12)
    np.testing.assert_array_equal(found.positions.numpy(), expected.selected)
    trace = [*expected.objective, *expected.objective_back[1:]]
    np.testing.assert_allclose(
        found.objective.numpy() + objective_offset, trace, rtol=1e-8
    )


KINDS = ["plain", "duplicates", "certain", "low rank"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lam", [0.01, 1.0, 10.0])
@pytest.mark.parametrize(("k", "d"), [(2, 7), (3, 5), (10, 3)])
def test_same_points_as_the_textbook(k, d, lam, kind, device):
    z, p, z_labeled, p_labeled = problem(k + d, d=d, k=k, kind=kind)
    for scaling in ("paper", "authors", "sum"):
        expected = textbook.bait(
            z, p, z_labeled, p_labeled, 5, lam=lam, scaling=scaling
        )
        found = search(z, p, z_labeled, p_labeled, 5, device, lam=lam, scaling=scaling)
        assert_same(found, expected)


def test_any_problem_as_the_textbook(device):
    @settings(max_examples=100 if device == "cpu" else 50)
    @given(
        seed=st.integers(0, 10**6),
        k=st.sampled_from([2, 3, 4, 10]),
        d=st.integers(1, 8),
        n=st.integers(1, 8),
        n_labeled=st.integers(0, 6),
        kind=st.sampled_from(KINDS),
        lam=st.sampled_from([0.01, 0.3, 1.0, 10.0]),
        oversample=st.sampled_from([1, 1.5, 2, 3]),
        refresh=st.sampled_from([1, 3, 128]),
    )
    def check(seed, k, d, n, n_labeled, kind, lam, oversample, refresh):
        data = problem(seed, n=16, d=d, k=k, n_labeled=n_labeled, kind=kind)
        options = {"lam": lam, "oversample": oversample}
        found = search(*data, n, device, refresh=refresh, **options)
        assert_same(found, textbook.bait(*data, n, **options))
        falls = np.diff(found.objective.numpy()[: len(found.forward) + 1])
        assert (falls <= 0).all()

    check()


@given(st.integers(0, 10**6), st.sampled_from([0.01, 1.0]), st.sampled_from(KINDS))
def test_regression_as_the_textbook(device, seed, lam, kind):
    z, _, z_labeled, _ = problem(seed, n=30, d=40, k=2, kind=kind)
    expected = textbook.bait(z, None, z_labeled, None, 6, lam=lam)
    assert_same(search(z, None, z_labeled, None, 6, device, lam=lam), expected)


@pytest.mark.parametrize("kind", ["plain", "duplicates"])
@pytest.mark.parametrize("n", [3000, 12_000])
@pytest.mark.parametrize("binary", [False, True])
def test_steps_made_ahead_are_the_steps_of_the_textbook(n, binary, kind, device):
    z, p, z_labeled, p_labeled = problem(0, n=n, d=6, k=2, kind=kind)
    # Long tails: the order of the leaders changes at every step.
    z *= np.random.RandomState(1).gamma(1.0, size=(n, 1))
    p, p_labeled = (p, p_labeled) if binary else (None, None)
    expected = textbook.bait(z, p, z_labeled, p_labeled, 20)
    assert_same(search(z, p, z_labeled, p_labeled, 20, device), expected)


def test_steps_are_undone_where_a_row_outside_would_have_won(device):
    z, _, z_labeled, _ = problem(0, n=300, d=6, k=2)
    expected = textbook.bait(z, None, z_labeled, None, 20)
    prior = textbook.start(z_labeled[:, :, None], 20, 1.0, "paper")[0]
    both = np.concatenate([z, z_labeled])
    z, prior, fisher = tensors(z, prior, both.T @ both / len(both), device=device)
    for levels in (((4, 3),), ((12, 6), (3, 2))):
        pool = Whole(ScalarPart(z, z.new_ones(1, 300)))
        found = ScalarSearch(
            *(pool, prior[None], fisher[None], None, z.dtype, 128), levels=levels
        )
        found.forward(40)
        found.backward(20)
        assert found.n_undone > 0
        assert found.picks.forward == expected.forward
        assert found.picks.left() == expected.selected


def test_copies_in_the_lead_slow_the_steps_down_instead_of_undoing_them(device):
    basis = torch.eye(10, dtype=torch.float64, device=device)
    z = basis[torch.arange(3000) % 10]
    pool, fisher = Whole(ScalarPart(z, z.new_ones(1, 3000))), z.T @ z[None] / 3000
    found = ScalarSearch(pool, basis[None], fisher, None, z.dtype, 128)
    found.forward(40)
    assert found.n_undone < 80
    counts = z[found.picks.forward].sum(dim=0)
    assert (counts == 4).all()


@pytest.mark.parametrize("k", [2, 4])
def test_no_fisher_term(k, device):
    data = problem(3, k=k, d=4)
    expected = textbook.bait(*data, 5, lam=0.5, fisher_term=False)
    # The textbook keeps the d directions without information: tr = d / lam there.
    found = search(*data, 5, device, lam=0.5, fisher_term=False)
    assert_same(found, expected, objective_offset=4 / 0.5)


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_columns_of_largest_norm(rank, device):
    data = problem(4, k=4, d=3)
    expected = textbook.bait(*data, 5, rank=rank)
    assert_same(search(*data, 5, device, rank=rank), expected)


@pytest.mark.parametrize("rank", [None, 2])
def test_sketch_is_the_search_on_sketched_factors(rank, device):
    z, p, z_labeled, p_labeled = problem(5, k=4, d=6)
    axes = torch.randn(
        9, 4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(8)
    )
    axes = axes.view(9, 24).numpy() / 3
    pool, labeled = (
        axes @ textbook.last_layer_factors(*some, rank)
        for some in ((p, z), (p_labeled, z_labeled))
    )
    m, _ = textbook.start(labeled, 5, 0.3, "paper")
    f = textbook.pool_fisher(pool, labeled)
    ahead = textbook.forward(m, f, pool, 10)
    found = search(
        *(z, p, z_labeled, p_labeled, 5, device),
        lam=0.3,
        rank=rank,
        approximation="sketch",
        width=9,
        generator=torch.Generator().manual_seed(8),
    )
    np.testing.assert_array_equal(found.forward.numpy(), ahead.chosen)
    np.testing.assert_allclose(found.gains.numpy(), ahead.gains, rtol=1e-8)
    back = textbook.backward(ahead.m, f, pool, ahead.chosen, 5)
    np.testing.assert_array_equal(found.positions.numpy(), back.left)


def test_blocks_are_the_search_on_block_diagonal_information(device):
    z, p, z_labeled, p_labeled = problem(6, k=4, d=3)

    def factors(p, z):
        roots = np.sqrt(p * (1 - p))
        return textbook.kronecker(roots[:, :, None] * np.eye(4), z)

    pool, labeled = factors(p, z), factors(p_labeled, z_labeled)
    m, _ = textbook.start(labeled, 5, 1.0, "paper")
    f = textbook.pool_fisher(pool, labeled)
    # Between the classes nothing is known: their blocks are 0, in V Vᵀ as well.
    between = np.kron(np.eye(4), np.ones((3, 3)))
    ahead = textbook.forward(m * between, f * between, pool, 10)
    found = search(z, p, z_labeled, p_labeled, 5, device, approximation="block")
    np.testing.assert_array_equal(found.forward.numpy(), ahead.chosen)
    np.testing.assert_allclose(found.gains.numpy(), ahead.gains, rtol=1e-8)


@pytest.mark.parametrize("kind", ["plain", "certain"])
def test_float32_takes_the_same_points(kind, device):
    data = problem(7, n=500, d=8, k=5, kind=kind)
    wide = search(*data, 20, device, lam=0.01)
    narrow = search(*data, 20, device, dtype=torch.float32, lam=0.01)
    np.testing.assert_array_equal(narrow.forward.numpy(), wide.forward.numpy())
    np.testing.assert_array_equal(narrow.positions.numpy(), wide.positions.numpy())


def test_large_features_and_small_lam_keep_float32_honest(device):
    # The published code ends far above the float64 objective here.
    z, p, z_labeled, p_labeled = problem(8, n=400, d=10, k=4, n_labeled=20)
    data = (100 * z, p, 100 * z_labeled, p_labeled)
    wide = search(*data, 20, device, lam=0.01)
    narrow = search(*data, 20, device, dtype=torch.float32, lam=0.01)
    assert (wide.costs >= 0).all() and (narrow.costs >= 0).all()
    assert float(narrow.objective[-1]) == pytest.approx(
        float(wide.objective[-1]), rel=1e-3
    )


def test_many_classes_go_through_lapack(device):
    data = problem(9, n=60, d=3, k=40)
    assert_same(search(*data, 4, device), textbook.bait(*data, 4))


def test_refreshing_and_recomputing_change_no_choice(device):
    data = problem(10, n=300, d=6, k=5)
    plain = search(*data, 15, device)
    for options in ({"refresh": 1}, {"refresh": 7}, {"memory": 0}):
        other = search(*data, 15, device, **options)
        np.testing.assert_array_equal(other.forward.numpy(), plain.forward.numpy())
        np.testing.assert_array_equal(other.positions.numpy(), plain.positions.numpy())
        assert other.recomputed == ("memory" in options)
        assert other.n_refreshes > plain.n_refreshes


def test_certain_pool_is_filled_at_random(device):
    z, _, z_labeled, _ = problem(11, k=3)
    p = np.eye(3)[np.zeros(40, dtype=int)]
    found = [
        search(
            *(z, p, z_labeled, p[:6], 7, device),
            generator=torch.Generator().manual_seed(seed),
        )
        for seed in (0, 0, 1)
    ]
    assert all(
        one.n_filled == 7 and len(set(one.positions.tolist())) == 7 for one in found
    )
    assert (found[0].positions == found[1].positions).all()
    assert (found[0].positions != found[2].positions).any()


@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(1, 12))
def test_greedy_is_optimal_on_basis_vectors(device, seed, d, n):
    # Proposition 2: at least n copies of each basis vector.
    random = np.random.RandomState(seed)
    counts = n + random.randint(0, 5, size=d)
    z = np.repeat(np.eye(d), counts, axis=0)
    found = search(z, None, None, None, n, device, oversample=1, lam=0.3)
    weights = counts / counts.sum()

    def risk(picks):
        return (weights / (0.3 + np.asarray(picks))).sum()

    taken = z[found.positions.numpy()].sum(axis=0)
    best = min(
        risk(np.bincount(split, minlength=d))
        for split in itertools.combinations_with_replacement(range(d), n)
    )
    assert risk(taken) == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("name", ["bait_classification.npz", "bait_regression.npz"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_published_answers(name, dtype, golden, device):
    answers = golden(name)
    n = int(answers["n_pool"])
    z = torch.tensor(answers["h"], dtype=dtype, device=device)
    p = (
        torch.tensor(answers["p"], dtype=dtype, device=device)
        if "p" in answers
        else None
    )
    found = trace_search(
        z[:n],
        int(answers["B"]),
        p=None if p is None else p[:n],
        z_labeled=z[n:],
        p_labeled=None if p is None else p[n:],
        lam=float(answers["lamb"]),
        scaling="authors",
    )
    np.testing.assert_array_equal(found.forward.numpy(), answers["forward_idx"])
    np.testing.assert_allclose(found.gains.numpy(), answers["forward_gain"], rtol=1e-5)
    np.testing.assert_array_equal(
        found.removed.numpy(), answers["backward_removed_idx"]
    )
    np.testing.assert_allclose(found.costs.numpy(), answers["backward_cost"], rtol=1e-4)
    assert set(found.positions.tolist()) == set(answers["selected"].tolist())


@given(
    seed=st.integers(0, 10**6),
    k=st.sampled_from([None, 2, 3, 5]),
    n_labeled=st.integers(0, 6),
    fisher=st.sampled_from(["gradient", "full"]),
    kind=st.sampled_from(KINDS),
    head=st.sampled_from([1, 4, 64]),
)
def test_determinants_as_the_textbook(device, seed, k, n_labeled, fisher, kind, head):
    z, p, z_labeled, p_labeled = problem(
        seed, n=25, d=4, k=k or 2, n_labeled=n_labeled, kind=kind
    )
    if k is None:
        p = p_labeled = None
    chosen, rises = textbook.maxdet(
        z, p, z_labeled, p_labeled, 6, lam=0.5, full=fisher == "full"
    )
    z, p, z_labeled, p_labeled = tensors(z, p, z_labeled, p_labeled, device=device)
    found = determinant_search(
        *(z, 6),
        p=p,
        z_labeled=z_labeled,
        p_labeled=p_labeled,
        lam=0.5,
        fisher=fisher,
        head=head,
    )
    np.testing.assert_array_equal(found.positions.numpy(), chosen)
    np.testing.assert_allclose(found.gains.numpy(), rises, rtol=1e-7)


@pytest.mark.parametrize("fisher", ["gradient", "full"])
def test_determinants_read_half_precision_as_float32(fisher, device):
    half = tensors(*problem(12, n=200, k=4), dtype=torch.float16, device=device)
    found = []
    for z, p, z_labeled, p_labeled in (half, [some.float() for some in half]):
        labeled = {"z_labeled": z_labeled, "p_labeled": p_labeled}
        found.append(determinant_search(z, 20, p=p, fisher=fisher, **labeled))
    assert found[0].positions.tolist() == found[1].positions.tolist()
    assert found[0].gains.tolist() == found[1].gains.tolist()


def test_determinants_of_duplicates_end(device):
    z = torch.ones(80, 3, dtype=torch.float64, device=device)
    found = determinant_search(z, 60, head=4)
    np.testing.assert_array_equal(found.positions.numpy(), np.arange(60))


GOOD = dict(
    zip(["z", "p", "z_labeled", "p_labeled"], tensors(*problem(0)), strict=True)
)
ONE = torch.ones(40, 1).double()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, r"n must lie in \[1, 40\].*Got 0"),
        ({"n": 41}, r"n must lie in \[1, 40\].*Got 41"),
        ({"lam": 0.0}, "lam must be a finite number > 0. Got 0.0"),
        ({"lam": math.nan}, "lam must be a finite number > 0. Got nan"),
        ({"p": ONE, "p_labeled": ONE[:6]}, "at least two classes. Got 1"),
        ({"p": -GOOD["p"]}, "p must hold probabilities >= 0. Got -"),
        ({"p": None}, "p and p_labeled go together"),
        ({"p_labeled": None}, "p and p_labeled go together"),
        ({"z_labeled": GOOD["z_labeled"][:, :2]}, "z_labeled must have the 5 columns"),
        ({"p_labeled": GOOD["p_labeled"][:, :2]}, "p_labeled must have the 3 columns"),
        ({"z": GOOD["z"] * math.nan}, "not finite, in 40 row"),
    ],
)
@pytest.mark.parametrize("kernel", [trace_search, determinant_search])
def test_bad_arguments_get_a_sentence(kernel, options, message, send):
    with pytest.raises(ValueError, match=message):
        kernel(**send({"n": 3, **GOOD, **options}))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"oversample": 0.5}, "oversample must be a finite number >= 1. Got 0.5"),
        ({"scaling": "papers"}, "scaling must be one of .* Got 'papers'"),
        ({"approximation": "blok"}, "approximation must be one of .* Got 'blok'"),
        ({"approximation": "sketch"}, "width is the number of dimensions"),
        ({"width": 5}, "width is the number of dimensions"),
        ({"approximation": "sketch", "width": 0}, "width must be >= 1. Got 0"),
        ({"refresh": 0}, "refresh must be >= 1. Got 0"),
        ({"rank": 0}, r"rank must lie in \[1, 3\].*Got 0"),
        ({"rank": 4}, r"rank must lie in \[1, 3\].*Got 4"),
        ({"rank": 2, "approximation": "block"}, "choose one of them"),
    ],
)
def test_bad_options_get_a_sentence(options, message, send):
    with pytest.raises(ValueError, match=message):
        trace_search(**{"n": 3, **send(GOOD), **options})


def test_dense_matrices_that_do_not_fit_are_refused_with_their_size(device):
    z = torch.ones(4, 5000, device=device)
    p = torch.full((4, 200), 1 / 200, device=device)
    with pytest.raises(MemoryError, match=r"995000 x 995000 .* GB .*sketch.*block"):
        trace_search(z, 2, p=p)
    with pytest.raises(MemoryError, match="smaller width"):
        trace_search(z, 2, p=p, approximation="sketch", width=10**6)
