import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.beam import beam_search as textbook

from skactive.kernels.beam import beam_search
from skactive.kernels.covering import k_center_greedy, nearest_labeled_distance


def random_pool(seed, n=30, dtype=torch.float64, device="cpu"):
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n, 3, generator=generator, dtype=torch.float64)
    labeled = torch.randn(2, 3, generator=generator, dtype=torch.float64)
    doubt = torch.rand(n, generator=generator, dtype=torch.float64) * 0.9
    return [tensor.to(device, dtype) for tensor in (z, labeled, doubt)]


def small_integers(seed, n=14):
    """Rows and doubts with many ties; the mean is exactly 0, so no rounding."""
    generator = torch.Generator().manual_seed(seed)
    half = torch.randint(-2, 3, (n // 2, 2), generator=generator).double()
    labeled = torch.randint(-2, 3, (3, 2), generator=generator).double()
    doubt = torch.randint(0, 4, (n,), generator=generator).double() / 4
    return torch.cat([half, -half]), labeled, doubt


def assert_as_in_the_textbook(pool, n, width, weighted):
    z, labeled, doubt = pool
    weights = doubt if weighted else None
    ours = beam_search(
        z,
        n,
        doubt=doubt,
        width=width,
        nearest_labeled=nearest_labeled_distance(z, labeled),
        weights=weights,
    )
    plain = [tensor.double().cpu().numpy() for tensor in pool]
    chosen, uncertainty, radii = textbook(
        plain[0], plain[1], n, plain[2], width, plain[2] if weighted else None
    )
    assert ours.positions.tolist() == chosen
    assert ours.uncertainty == pytest.approx(uncertainty, rel=1e-12)
    rtol = 1e-9 if z.dtype == torch.float64 else 1e-4
    np.testing.assert_allclose(ours.radii, radii, rtol=rtol, atol=rtol)
    assert ours.n_passes == n


@pytest.mark.parametrize("width", range(1, 7))
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equals_the_textbook(width, weighted, dtype, device):
    for seed in range(2):
        pool = random_pool(seed, dtype=dtype, device=device)
        assert_as_in_the_textbook(pool, 6, width, weighted)


@settings(max_examples=50)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 14),
    width=st.integers(1, 6),
    weighted=st.booleans(),
)
def test_equals_the_textbook_with_ties(send, seed, n, width, weighted):
    assert_as_in_the_textbook(send(small_integers(seed)), n, width, weighted)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 60),
    weighted=st.booleans(),
    has_labeled=st.booleans(),
)
def test_width_one_is_greedy(send, seed, n, weighted, has_labeled):
    z, labeled, doubt = send(small_integers(seed, n=60))
    options = {
        "nearest_labeled": nearest_labeled_distance(z, labeled)
        if has_labeled
        else None,
        "weights": doubt if weighted else None,
    }
    ours = beam_search(z, n, doubt=doubt, width=1, **options)
    greedy = k_center_greedy(z, n, **options)
    assert ours.positions.tolist() == greedy.positions.tolist()
    np.testing.assert_array_equal(ours.radii, greedy.radii)


@pytest.mark.parametrize("weighted", [False, True])
def test_blocks_do_not_show(weighted, device):
    """Three blocks; copies of one row far away in each make ties across them."""
    z, labeled, doubt = random_pool(0, n=9000, device=device)
    z[[4000, 4100, 8500]] = 9.0
    doubt[[4000, 4100, 8500]] = 0.5
    options = {
        "doubt": doubt,
        "nearest_labeled": nearest_labeled_distance(z, labeled),
        "weights": doubt if weighted else None,
    }
    greedy = k_center_greedy(
        z, 20, nearest_labeled=options["nearest_labeled"], weights=options["weights"]
    )
    assert greedy.positions[0] == 4000
    ours = beam_search(z, 20, width=1, **options)
    assert ours.positions.tolist() == greedy.positions.tolist()
    several = beam_search(z, 20, width=4, **options)
    centres = torch.cat([labeled, z[several.positions.to(device)]])
    heights = torch.cdist(z, centres).amin(dim=1) * (doubt if weighted else 1)
    assert float(several.radii[-1]) == pytest.approx(float(heights.max()))


def test_the_doubtful_of_the_farthest_wins(send):
    z = send(torch.tensor([[0.0], [10], [-9], [1]]))
    doubt = send(torch.tensor([0.1, 0.2, 0.5, 0.6]))
    labeled = nearest_labeled_distance(z, z[:1])
    one = np.int64(1)
    picked = beam_search(z, one, doubt=doubt, width=2, nearest_labeled=labeled)
    assert picked.positions.tolist() == [2]
    assert picked.uncertainty == pytest.approx(np.log(2))
    assert picked.radii.tolist() == [10]
    wide = beam_search(z, 1, doubt=doubt, width=99, nearest_labeled=labeled)
    assert wide.positions.tolist() == [3]


def test_nothing_labelled_starts_from_the_largest_norm(send):
    z = send(torch.tensor([[0.0, -1], [0, -6], [5, 0], [0, 0]]))
    picked = beam_search(z, 4, doubt=z[:, 0] * 0, width=3)
    assert picked.positions.tolist()[0] == 1
    assert picked.uncertainty == 0
    assert picked.radii[-1] == 0


@pytest.mark.parametrize("width", [1, 2, 5, 50])
@pytest.mark.parametrize("z", [torch.ones(12, 2), torch.eye(3).repeat(4, 1)])
@pytest.mark.parametrize("weights", [None, torch.zeros(12)])
def test_positions_are_distinct_among_copies(z, weights, width, device):
    doubt = torch.arange(12) / 20
    for labeled in (None, torch.zeros(12)):
        picked = beam_search(
            z.to(device),
            12,
            doubt=doubt.to(device),
            width=width,
            nearest_labeled=labeled,
            weights=weights,
        )
        assert sorted(picked.positions.tolist()) == list(range(12))


@pytest.mark.parametrize("has_labeled", [False, True])
def test_gradient_embeddings_are_covered_too(has_labeled, device):
    z, labeled, doubt = random_pool(0, n=60, device=device)
    a = torch.cat([1 - doubt[:, None], doubt[:, None] - 1], dim=1)
    a_labeled = torch.ones(2, 2, dtype=torch.float64, device=device)
    dense = torch.einsum("nk,nd->nkd", a, z).flatten(1)
    dense_labeled = torch.einsum("nk,nd->nkd", a_labeled, labeled).flatten(1)
    near = nearest_labeled_distance(dense, dense_labeled) if has_labeled else None
    options = {"doubt": doubt, "width": 4, "nearest_labeled": near}
    ours = beam_search(z, 8, a=a, **options)
    plain = beam_search(dense, 8, **options)
    assert ours.positions.tolist() == plain.positions.tolist()
    np.testing.assert_allclose(ours.radii, plain.radii)


ONES = torch.ones(14, dtype=torch.float64)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"n": 0}, r"n must be a whole number in \[1, 14\].*Got 0"),
        ({"n": 15}, r"n must be a whole number in \[1, 14\].*Got 15"),
        ({"n": 2.5}, r"n must be a whole number in \[1, 14\].*Got 2.5"),
        ({"width": 0}, "width must be a whole number >= 1.*Got 0"),
        ({"width": 1.5}, "width must be a whole number >= 1.*Got 1.5"),
        ({"doubt": ONES}, r"doubt must lie in \[0, 1\).*Got 1 at position 0"),
        ({"doubt": -ONES}, "doubt must hold one number >= 0 .* smallest -1"),
        ({"doubt": ONES[:3] / 2}, r"doubt must hold .* shape \(3,\)"),
        ({"doubt": ONES[:0]}, r"doubt must hold .* shape \(0,\)"),
        ({"doubt": ONES * torch.nan}, "doubt must hold one number >= 0"),
        ({"weights": -ONES}, "weights must hold one number >= 0"),
        ({"weights": ONES * torch.inf}, "must be finite.*Got up to inf"),
        ({"nearest_labeled": ONES[:3]}, "nearest_labeled must hold one number"),
        ({"nearest_labeled": ONES * torch.inf}, "pass nearest_labeled=None"),
        (
            {"z": 1e30 * torch.eye(14)},
            "overflow float32. Scale the features, or pass float64",
        ),
    ],
)
def test_bad_arguments_get_a_sentence(options, message, send):
    z, _, doubt = small_integers(0)
    good = {"z": z, "n": 3, "doubt": doubt, "width": 2}
    with pytest.raises(ValueError, match=message):
        beam_search(**send({**good, **options}))
