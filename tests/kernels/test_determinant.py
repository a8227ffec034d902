from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.determinant import greedy_maxdet as textbook
from reference.determinant import law_after, law_of_kdpp
from reference.distances import gradient_embeddings
from scipy.stats import chisquare

from skactive.kernels import determinant
from skactive.kernels.determinant import exchange_chain, greedy_maxdet, sample_kdpp

ALL = (greedy_maxdet, sample_kdpp, exchange_chain)
SAMPLERS = (sample_kdpp, exchange_chain)


def _seeded(seed):
    return torch.Generator().manual_seed(seed)


def random_rows(seed, n=300, d=4, n_classes=3, plain=False):
    generator = _seeded(seed)
    z = torch.randn(n, d, generator=generator, dtype=torch.float64)
    a = torch.randn(n, n_classes, generator=generator, dtype=torch.float64)
    return z, None if plain else a


def small_integers(seed, n=60, plain=False):
    """Rows with many ties, duplicates and zeros."""
    generator = _seeded(seed)
    z = torch.randint(-1, 2, (n, 3), generator=generator).double()
    a = torch.randint(-1, 2, (n, 2), generator=generator).double()
    return z, None if plain else a


def draws(sampler, z, n, n_draws, **options):
    generator, counts = _seeded(0), Counter()
    for _ in range(n_draws):
        drawn = sampler(z, n, generator=generator, **options)
        counts[tuple(sorted(drawn.positions.tolist()))] += 1
    return counts


def p_value(counts, law):
    """χ² of the observed sets, cells under 5 expected pooled."""
    total = sum(counts.values())
    assert not any(counts[s] for s, p in law.items() if p == 0)
    observed = np.array([counts[s] for s in law], dtype=float)
    expected = np.array(list(law.values())) * total
    small = expected < 5
    observed = np.append(observed[~small], observed[small].sum())
    expected = np.append(expected[~small], expected[small].sum())
    kept = expected > 0
    return chisquare(observed[kept], expected[kept]).pvalue


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 60),
    head=st.sampled_from([1, 2, 7, 1024]),
    lam=st.sampled_from([0.1, 1.0, 30.0]),
    plain=st.booleans(),
)
def test_lazy_equals_plain_with_ties(send, seed, n, head, lam, plain):
    z, a = small_integers(seed, plain=plain)
    lazy = greedy_maxdet(send(z), n, a=send(a), lam=lam, head=head)
    chosen, gains = textbook(gradient_embeddings(z, a), n, lam)
    assert lazy.positions.tolist() == chosen
    np.testing.assert_allclose(lazy.gains.numpy(), gains, atol=1e-9)
    assert lazy.n_filled == (gains < 1e-9).sum()


@given(
    seed=st.integers(0, 10**6),
    d=st.integers(1, 8),
    n_classes=st.integers(1, 6),
    single=st.booleans(),
)
@settings(max_examples=20)
def test_factored_equals_dense(send, seed, d, n_classes, single):
    z, a = random_rows(seed, n=40, d=d, n_classes=n_classes)
    if single:
        z, a = z.float(), a.float()
    g = send(torch.as_tensor(gradient_embeddings(z, a)))
    z, a = send((z, a))
    factored, dense = greedy_maxdet(z, 20, a=a), greedy_maxdet(g, 20)
    assert factored.positions.tolist() == dense.positions.tolist()
    np.testing.assert_allclose(factored.gains, dense.gains, rtol=1e-9)
    for sampler in SAMPLERS:
        factored = sampler(z, 20, a=a, generator=_seeded(seed))
        dense = sampler(g, 20, generator=_seeded(seed))
        assert factored.positions.tolist() == dense.positions.tolist()


@settings(max_examples=50)
@given(seed=st.integers(0, 10**6), lam=st.floats(1e-6, 1e6), plain=st.booleans())
def test_gains_never_rise_and_add_up(send, seed, lam, plain):
    z, a = random_rows(seed, n=50, plain=plain)
    picked = greedy_maxdet(send(z), 30, a=send(a), lam=lam, head=5)
    gains = picked.gains.numpy()
    assert (gains >= 0).all() and (np.diff(gains) <= 1e-9).all()
    g = gradient_embeddings(z, a)[picked.positions.numpy()]
    squares = np.linalg.svd(g, compute_uv=False) ** 2
    assert gains.sum() == pytest.approx(np.log1p(squares / lam).sum(), rel=1e-6)


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("offset", [0.0, 100.0])
@pytest.mark.parametrize("head", [16, 1024])
def test_large_pools_equal_the_textbook(plain, offset, head, device):
    z, a = random_rows(0, n=9000, d=6, plain=plain)
    z += offset
    rows = (z.to(device), None if plain else a.to(device))
    picked = greedy_maxdet(rows[0], 60, a=rows[1], head=head)
    chosen, gains = textbook(gradient_embeddings(z, a), 60)
    assert picked.positions.tolist() == chosen
    np.testing.assert_allclose(picked.gains, gains, atol=1e-7)
    assert picked.n_passes < 60


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("lam", [1e-300, 1e-14, 1e-6, 1.0, 1e300])
def test_duplicates_and_zeros_never_stop_greedy(lam, dtype, device):
    z, a = small_integers(0)
    z, a = z.to(device, dtype), a.to(device, dtype)
    for scale in (1e-15, 1.0, 1e15):
        picked = greedy_maxdet(z * scale, 60, a=a, lam=lam)
        assert len(set(picked.positions.tolist())) == 60
        assert torch.isfinite(picked.gains).all() and (picked.gains >= 0).all()
    alone = greedy_maxdet(torch.zeros_like(z), 60, lam=lam)
    assert alone.positions.tolist() == list(range(60))
    assert alone.n_filled == 60 and alone.n_passes == 0


def test_past_the_rank_the_smallest_positions_follow(send):
    z = send(torch.tensor([[0.0, 0], [1, 0], [0, 3], [1, 0], [2, 3]]))
    picked = greedy_maxdet(z, 5, lam=1e-20)
    assert picked.positions.tolist() == [4, 2, 0, 1, 3]
    assert picked.n_filled == 3 and picked.gains[2:].tolist() == [0, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("plain", [True, False])
def test_law_of_the_exact_sampler(send_real, plain, monkeypatch):
    z, a = random_rows(1, n=6, d=4 if plain else 2, n_classes=2, plain=plain)
    law = law_of_kdpp(gradient_embeddings(z, a), 3)
    z, a = send_real((z, a))
    # The pool stays the same: check it and decompose its kernel once.
    vectors = determinant._Vectors(z, a, 3)
    spectrum = determinant._spectrum(vectors)
    monkeypatch.setattr(determinant, "_Vectors", lambda z, a, n: vectors)
    monkeypatch.setattr(determinant, "_spectrum", lambda vectors: spectrum)
    assert p_value(draws(sample_kdpp, z, 3, 5000, a=a), law) > 0.001


def test_the_law_catches_a_sampler_that_ignores_eigenvalues(send_real, monkeypatch):
    z, _ = random_rows(1, n=6, plain=True)
    monkeypatch.setattr(
        determinant,
        "_choose_axes",
        lambda logs, k, generator: torch.randperm(4, generator=generator)[:k],
    )
    law = law_of_kdpp(z.numpy(), 3)
    assert p_value(draws(sample_kdpp, send_real(z), 3, 2000), law) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_law_of_the_exact_sampler_for_every_size(send_real, n):
    z, a = random_rows(n, n=6, d=3, n_classes=2)
    law = law_of_kdpp(gradient_embeddings(z, a), n)
    z, a = send_real((z, a))
    assert p_value(draws(sample_kdpp, z, n, 5000, a=a), law) > 0.001


@pytest.mark.parametrize("plain, n_steps", [(True, 3), (False, 2)])
def test_law_of_the_chain_step_by_step(send_real, plain, n_steps):
    z, a = random_rows(1, n=6, d=4 if plain else 2, n_classes=2, plain=plain)
    start = exchange_chain(z, 3, a=a, n_steps=0).positions.tolist()
    law = law_after(gradient_embeddings(z, a), start, n_steps)
    z, a = send_real((z, a))
    counts = draws(exchange_chain, z, 3, 1500, a=a, n_steps=n_steps)
    assert p_value(counts, law) > 0.001


def test_stationary_law_of_the_chain(send_real):
    z, a = random_rows(1, n=6, d=2, n_classes=2)
    g = gradient_embeddings(z, a)
    law, after = law_of_kdpp(g, 3), law_after(g, (0, 1, 2), 40)
    np.testing.assert_allclose(list(after.values()), list(law.values()), atol=1e-3)
    z, a = send_real((z, a))
    counts = draws(exchange_chain, z, 3, 1000, a=a, n_steps=40)
    assert p_value(counts, law) > 0.001


def test_a_long_chain_keeps_its_digits(send):
    # 20 of 25 rows in 20 dimensions, some nearly parallel: far more steps than a block.
    z = torch.randn(25, 20, generator=_seeded(0), dtype=torch.float64)
    z[20:] = z[:5] + 1e-5 * z[20:]
    drawn = exchange_chain(send(z), 20, n_steps=5000, generator=_seeded(0))
    assert 0 < drawn.n_accepted < drawn.n_steps == 5000 and drawn.n_filled == 0
    assert torch.linalg.matrix_rank(z[drawn.positions]) == 20
    together = [{i, i + 20} <= set(drawn.positions.tolist()) for i in range(5)]
    assert not any(together)


@pytest.mark.parametrize("sampler", SAMPLERS)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), plain=st.booleans())
@settings(max_examples=50)
def test_always_n_distinct_and_no_duplicates_within_the_rank(
    send, sampler, seed, n, plain
):
    z, a = small_integers(seed, plain=plain)
    g = torch.as_tensor(gradient_embeddings(z, a))
    drawn = sampler(send(z), n, a=send(a), generator=_seeded(seed))
    assert len(set(drawn.positions.tolist())) == n
    rank = int(torch.linalg.matrix_rank(g))
    assert drawn.n_filled == max(0, n - rank)
    picked = g[drawn.positions[: n - drawn.n_filled]]
    assert torch.linalg.matrix_rank(picked) == n - drawn.n_filled


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_certain_model_is_filled_at_random(sampler, send):
    z, a = send(random_rows(0, n=50))
    answers = set()
    for seed in range(5):
        drawn = sampler(z, 5, a=a * 0, generator=_seeded(seed))
        assert drawn.n_filled == 5 and drawn.n_accepted == drawn.n_steps == 0
        answers.add(tuple(drawn.positions.tolist()))
    assert len(answers) == 5


def test_eigenvalues_of_any_size_are_drawn_from(send):
    # Products of 30 such eigenvalues are far out of the range of float64.
    z = torch.diag(torch.logspace(-4, 1, 40, dtype=torch.float64)) * 1e15
    drawn = sample_kdpp(send(z), 30, generator=_seeded(0))
    assert drawn.n_filled == 0 and {37, 38, 39} <= set(drawn.positions.tolist())


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_same_generator_same_answer_on_every_device(sampler, device):
    z, a = random_rows(0, n=5000, d=16)
    here = sampler(z, 40, a=a, generator=_seeded(2))
    there = sampler(z.to(device), 40, a=a.to(device), generator=_seeded(2))
    assert here.positions.tolist() == there.positions.tolist()
    other = sampler(z, 40, a=a, generator=_seeded(3))
    assert here.positions.tolist() != other.positions.tolist()
    state = torch.get_rng_state()
    assert len(set(sampler(z, 40, a=a).positions.tolist())) == 40
    assert torch.equal(state, torch.get_rng_state())


def test_default_steps(send):
    z, a = send(random_rows(0, n=30))
    assert exchange_chain(z, 10, a=a).n_steps == 115  # ⌊50 ln 10⌋
    assert exchange_chain(z, 1, a=a).n_steps == 0
    everything = exchange_chain(z[:12], 12, a=a[:12])
    assert everything.positions.sort().values.tolist() == list(range(12))
    assert everything.n_steps == everything.n_filled == 0


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize(
    "change, message",
    [
        ({"n": 0}, r"n must lie in \[1, 300\].*Got 0"),
        ({"n": 301}, r"n must lie in \[1, 300\].*Got 301"),
        ({"a": torch.ones(3, 2)}, r"a must have shape \(n, K\) with n=300"),
        ({"a": torch.ones(300, 2)}, "share dtype and device"),
        ({"z": torch.full((300, 2), torch.nan).double()}, "not finite, in 300 row"),
        ({"z": torch.ones(300, 2).double() * 1e200}, "overflow.*Scale the features"),
    ],
)
def test_bad_arguments_get_a_sentence(function, change, message, send):
    z, a = random_rows(0)
    with pytest.raises(ValueError, match=message):
        function(**send({"z": z, "n": 3, "a": a, **change}))


@pytest.mark.parametrize(
    "function, option, message",
    [
        (greedy_maxdet, {"lam": 0.0}, "lam must be a positive number. Got 0.0"),
        (greedy_maxdet, {"lam": float("nan")}, "lam must be a positive number"),
        (greedy_maxdet, {"head": 0}, "head must be at least 1. Got 0"),
        (exchange_chain, {"n_steps": -1}, "n_steps must be None or at least 0. Got -1"),
        (sample_kdpp, {"a": torch.ones(300, 513).double()}, "Got K d = 2052; use exch"),
    ],
)
def test_bad_options_get_a_sentence(function, option, message, send):
    z, _ = random_rows(0)
    with pytest.raises(ValueError, match=message):
        function(send(z), 3, **send(option))
