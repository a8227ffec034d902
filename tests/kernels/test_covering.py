import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference.covering import k_center_greedy as textbook

from skactive.kernels.covering import k_center_greedy, nearest_labeled_distance


def small_integers(seed, n=60, weighted=False):
    """Rows with many ties, centred on exactly 0 so that no rounding breaks them."""
    generator = torch.Generator().manual_seed(seed)
    half = torch.randint(-2, 3, (n // 2, 2), generator=generator).double()
    labeled = torch.randint(-2, 3, (3, 2), generator=generator).double()
    weights = torch.randint(0, 3, (n,), generator=generator).double()
    return torch.cat([half, -half]), labeled, weights if weighted else None


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 60),
    head=st.sampled_from([1, 2, 7, 1024]),
    weighted=st.booleans(),
)
def test_lazy_equals_plain_with_ties(send, seed, n, head, weighted):
    here = small_integers(seed, weighted=weighted)
    z, labeled, weights = send(here)
    lazy = k_center_greedy(
        z,
        n,
        nearest_labeled=nearest_labeled_distance(z, labeled),
        weights=weights,
        head=head,
    )
    z, labeled, weights = (None if rows is None else rows.numpy() for rows in here)
    chosen, radii = textbook(z, labeled, n, weights)
    assert lazy.positions.tolist() == chosen
    np.testing.assert_allclose(lazy.radii.numpy(), radii, atol=1e-7)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_published_codes_answer(dtype, golden, device):
    answers = golden("coreset.npz")
    n_pool = int(answers["n_pool"])
    X = torch.tensor(answers["X"], dtype=dtype, device=device)
    nearest = nearest_labeled_distance(X[:n_pool], X[n_pool:])
    ours = k_center_greedy(
        X[:n_pool], len(answers["selected"]), nearest_labeled=nearest
    )
    assert ours.positions.tolist() == answers["selected"].tolist()
    # The published radius is that before each pick, ours that after it.
    np.testing.assert_allclose(ours.radii[:-1], answers["radius"][1:], rtol=1e-5)


def test_radii_in_blocks_equal_those_in_one_piece(send):
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(5000, 7, generator=generator, dtype=torch.float64)
    labeled = torch.randn(4500, 7, generator=generator, dtype=torch.float64)
    expected = torch.cdist(z, labeled).amin(dim=1).square()
    z, labeled = send((z, labeled))
    np.testing.assert_allclose(nearest_labeled_distance(z, labeled).cpu(), expected)
    assert torch.isinf(nearest_labeled_distance(z, labeled[:0])).all()


def test_nothing_labelled_starts_from_the_largest_norm(send):
    z = send(torch.tensor([[0.0, -1], [0, -6], [5, 0], [0, 0]]))
    picked = k_center_greedy(z, 4)
    assert picked.positions.tolist() == [1, 2, 0, 3]
    np.testing.assert_allclose(picked.radii, [61**0.5, 5, 1, 0])


def test_gradient_embeddings_are_covered_too(send):
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(300, 4, generator=generator, dtype=torch.float64)
    a = torch.randn(300, 3, generator=generator, dtype=torch.float64)
    factored = k_center_greedy(send(z), 30, a=send(a))
    dense = torch.einsum("nk,nd->nkd", a, z).flatten(1)
    first = int(factored.positions[0])
    assert first == int(dense.square().sum(dim=1).argmax())
    chosen, _ = textbook(dense.numpy(), dense[[first]].numpy(), 29)
    assert factored.positions.tolist()[1:] == chosen


@pytest.mark.parametrize(
    "options, message",
    [
        ({"n": 0}, r"n must lie in \[1, 60\]"),
        ({"n": 61}, r"n must lie in \[1, 60\]"),
        ({"weights": -torch.ones(60)}, "weights must hold one number >= 0"),
        ({"nearest_labeled": torch.ones(3)}, "nearest_labeled must hold one number"),
        ({"weights": torch.full((60,), torch.nan)}, "for each of the 60 rows"),
    ],
)
def test_bad_arguments_get_a_sentence(options, message, send):
    z, _, _ = small_integers(0)
    with pytest.raises(ValueError, match=message):
        k_center_greedy(send(z), **send({"n": 3, **options}))
