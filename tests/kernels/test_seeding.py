from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference.distances import gradient_embeddings
from reference.seeding import kmeans_plusplus as textbook
from reference.seeding import law_of_three
from scipy.stats import chisquare

from skactive.kernels import seeding
from skactive.kernels.seeding import kmeans_plusplus

N_DRAWS = 12_500


def pool_of_eight(plain):
    generator = torch.Generator().manual_seed(1)
    # Clusters, so that D² falls much from pick to pick and proposals are turned down.
    z = torch.randn(8, 2, generator=generator, dtype=torch.float64) * 0.7
    z += torch.tensor([0.0, 4.0, 8.0, 0.0] * 2)[:, None]
    a = torch.rand(8, 3, generator=generator, dtype=torch.float64)
    return z, None if plain else a


def draw_batches(z, a, **options):
    generator = torch.Generator().manual_seed(0)
    counts, rejections = Counter(), 0
    for _ in range(N_DRAWS):
        drawn = kmeans_plusplus(
            z, 3, a=a, init="uniform", generator=generator, **options
        )
        counts[tuple(drawn.positions.tolist())] += 1
        rejections += drawn.n_rejections
    return counts, rejections


def p_value(counts, law):
    """χ² of the observed batches, cells under 5 expected pooled."""
    observed = np.array([counts[batch] for batch in law], dtype=float)
    expected = np.array(list(law.values())) * N_DRAWS
    small = expected < 5
    observed = np.append(observed[~small], observed[small].sum())
    expected = np.append(expected[~small], expected[small].sum())
    keep = expected > 0
    return chisquare(observed[keep], expected[keep] * observed.sum() / N_DRAWS).pvalue


@pytest.mark.slow
@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize("n_proposals", [2, 5])
def test_law_of_the_whole_batch(send_real, plain, n_proposals):
    z, a = pool_of_eight(plain)
    counts, rejections = draw_batches(
        *send_real((z, a)), width=2, n_proposals=n_proposals
    )
    assert sum(counts.values()) == N_DRAWS
    assert rejections > 1000  # picks came from a stale law
    assert p_value(counts, law_of_three(gradient_embeddings(z, a))) > 0.001


@pytest.mark.slow
def test_the_law_catches_a_sampler_that_accepts_everything(send_real, monkeypatch):
    z, a = pool_of_eight(plain=True)
    far = send_real(torch.full((2, 99), 1e9).double())
    monkeypatch.setattr(seeding, "pairwise", lambda *_: far)

    def accept_all(self, proposals, stale, factors, pending, rows, most):
        found = proposals.tolist()
        new = {p: turn for turn, p in enumerate(found) if p not in pending}
        return list(new.values())[: most - len(pending)]

    monkeypatch.setattr(seeding._StaleLaw, "_judge", accept_all)
    counts, _ = draw_batches(send_real(z), a, width=2, n_proposals=2)
    assert p_value(counts, law_of_three(gradient_embeddings(z))) < 1e-6


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 40),
    width=st.integers(1, 9),
    n_proposals=st.integers(1, 9),
)
def test_always_n_distinct_positions(send, seed, n, width, n_proposals):
    generator = torch.Generator().manual_seed(seed)
    # Few distinct rows: most of a large batch must be filled.
    z = torch.randint(0, 3, (40, 2), generator=generator).float()
    drawn = kmeans_plusplus(
        send(z), n, generator=generator, width=width, n_proposals=n_proposals
    )
    assert len(set(drawn.positions.tolist())) == n
    n_distinct = len(z.unique(dim=0))
    assert drawn.n_filled == max(0, n - n_distinct)
    picked = z[drawn.positions[: n - drawn.n_filled]]
    assert len(picked.unique(dim=0)) == n - drawn.n_filled


def test_a_certain_model_is_filled_at_random(send):
    z, a = send((torch.randn(50, 4), torch.zeros(50, 3)))
    answers = {
        tuple(kmeans_plusplus(z, 5, a=a, generator=_seeded(s)).positions.tolist())
        for s in range(5)
    }
    assert len(answers) == 5


def test_first_centre(send):
    z = send(torch.tensor([[1.0, 0], [0, 5], [3, 3], [0, 0]]))
    assert kmeans_plusplus(z, 1).positions.tolist() == [1]
    assert kmeans_plusplus(z + 100, 1, init=3).positions.tolist() == [3]
    a = send(torch.tensor([[9.0], [1], [1], [1]]))
    assert kmeans_plusplus(z, 1, a=a).positions.tolist() == [0]
    firsts = {
        int(kmeans_plusplus(z, 1, init="uniform", generator=_seeded(s)).positions[0])
        for s in range(40)
    }
    assert firsts == {0, 1, 2, 3}
    for bad in ("best", 4, -1, True, None):
        with pytest.raises(ValueError, match="init must be"):
            kmeans_plusplus(z, 1, init=bad)
    for bad in (0, 5):
        with pytest.raises(ValueError, match=r"n must lie in \[1, 4\]"):
            kmeans_plusplus(z, bad)


def test_same_generator_same_answer_on_every_device_and_any_threads(device):
    z = torch.randn(9000, 16, generator=_seeded(0), dtype=torch.float64)
    a = torch.randn(9000, 3, generator=_seeded(1), dtype=torch.float64)
    here = kmeans_plusplus(z, 200, a=a, generator=_seeded(2))
    there = kmeans_plusplus(z.to(device), 200, a=a.to(device), generator=_seeded(2))
    assert here.positions.tolist() == there.positions.tolist()
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        again = kmeans_plusplus(z, 200, a=a, generator=_seeded(2))
    finally:
        torch.set_num_threads(threads)
    assert again.positions.tolist() == here.positions.tolist()


def test_potential_is_that_of_the_published_code(golden, send):
    answers = golden("badge.npz")
    z, p = torch.tensor(answers["h"]), torch.tensor(answers["p"])
    a = p - torch.nn.functional.one_hot(p.argmax(dim=1), p.shape[1]).float()
    z, a = send((z, a))
    n = int(answers["B"])
    potentials = [
        potential(z, a, kmeans_plusplus(z, n, a=a, generator=_seeded(s)).positions)
        for s in range(10)
    ]
    published = answers["potential"]
    # Two means of ten: their difference has this standard error.
    error = np.sqrt((published.var(ddof=1) + np.var(potentials, ddof=1)) / 10)
    assert abs(np.mean(potentials) - published.mean()) < 3 * error


def test_potential_is_that_of_the_textbook(send):
    z = torch.randn(400, 3, generator=_seeded(0), dtype=torch.float64)
    g = z.numpy()
    rng = np.random.default_rng(0)
    first = int((g**2).sum(axis=1).argmax())
    slow = [potential(z, None, textbook(g, 20, first, rng)) for _ in range(60)]
    fast = [
        potential(z, None, kmeans_plusplus(send(z), 20, generator=_seeded(s)).positions)
        for s in range(60)
    ]
    error = np.sqrt((np.var(slow, ddof=1) + np.var(fast, ddof=1)) / 60)
    assert abs(np.mean(slow) - np.mean(fast)) < 4 * error


def potential(z, a, picked):
    """Give Σ_i min_c ‖g_i − g_c‖² in float64."""
    z, a = z.double(), None if a is None else a.double()
    picked = torch.as_tensor(picked, device=z.device)
    inner = z @ z[picked].T if a is None else (z @ z[picked].T) * (a @ a[picked].T)
    norms = (z**2).sum(dim=1) * (1 if a is None else (a**2).sum(dim=1))
    squares = norms[:, None] + norms[picked] - 2 * inner
    return float(squares.amin(dim=1).clamp(min=0).sum())


def _seeded(seed):
    return torch.Generator().manual_seed(seed)
