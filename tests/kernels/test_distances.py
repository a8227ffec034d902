import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference.distances import gradient_embeddings, squared_distances

from skactive.kernels.distances import BLOCK, Rows, blocks, nearest, pairwise


def random_rows(seed, n=30, d=5, n_classes=4, dtype=torch.float64, offset=0.0):
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n, d, generator=generator, dtype=torch.float64) + offset
    a = torch.randn(n, n_classes, generator=generator, dtype=torch.float64)
    return z.to(dtype), a.to(dtype)


@given(
    seed=st.integers(0, 10**6),
    d=st.integers(1, 8),
    n_classes=st.integers(1, 6),
    plain=st.booleans(),
)
def test_factored_equals_dense(send, seed, d, n_classes, plain):
    z, a = random_rows(seed, d=d, n_classes=n_classes, dtype=torch.float32)
    a = None if plain else a
    rows = Rows(*send((z, a)))
    fast = pairwise(rows.factors(slice(0, 9)), rows.factors(slice(9, 30)))
    g = gradient_embeddings(z, a)
    slow = squared_distances(g[:9], g[9:])
    scale = (g**2).sum(axis=1)
    np.testing.assert_allclose(fast.cpu(), slow, rtol=1e-4, atol=1e-5 * scale.max())
    near = nearest(rows.factors(slice(0, 9)), rows.factors(slice(9, 30)))
    assert torch.equal(near, fast.amin(dim=1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
@pytest.mark.parametrize("plain", [True, False])
def test_equal_rows_have_distance_exactly_zero(dtype, offset, plain, device):
    z, a = random_rows(0, n=500, d=512, dtype=dtype, offset=offset)
    rows = Rows(z.to(device), None if plain else a.to(device))
    squares = pairwise(rows.factors(slice(0, 500)), rows.factors(slice(0, 500)))
    assert (squares.diagonal() == 0).all() and (squares >= 0).all()


def test_far_from_the_origin_digits_are_kept(send):
    z, _ = random_rows(0, d=64, dtype=torch.float32, offset=1000.0)
    rows = Rows(send(z))
    fast = pairwise(rows.factors(slice(0, 9)), rows.factors(slice(9, 30)))
    slow = squared_distances(z[:9].double().numpy(), z[9:].double().numpy())
    np.testing.assert_allclose(fast.cpu(), slow, rtol=1e-4)


def test_rows_from_elsewhere_share_the_origin(send):
    z, _ = random_rows(0, offset=5.0)
    rows = Rows(send(z[:20]))
    fast = pairwise(rows.factors(slice(0, 20)), rows.like(send(z[20:])))
    np.testing.assert_allclose(
        fast.cpu(), squared_distances(z[:20].numpy(), z[20:].numpy())
    )


@given(st.integers(0, 3 * BLOCK + 5))
def test_blocks_cover_every_row_once(n):
    covered = [i for block in blocks(n) for i in range(block.start, block.stop)]
    assert covered == list(range(n))
    assert all(block.stop - block.start <= BLOCK for block in blocks(n))


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda z, a: (z[0], a), r"float32 or float64 tensor of shape \(n, d\)"),
        (lambda z, a: (z.long(), a), "dtype torch.int64"),
        (lambda z, a: (z, a[:-1]), r"a must have shape \(n, K\) with n=30"),
        (lambda z, a: (z, a.float()), "share dtype and device"),
        (lambda z, a: (z.index_fill(0, torch.tensor([3]), torch.nan), a), r"in 1 row"),
        (lambda z, a: (z, a.index_fill(0, torch.tensor([3, 4]), torch.inf)), r"2 row"),
    ],
)
def test_bad_rows_get_a_sentence(change, message, send):
    with pytest.raises(ValueError, match=message):
        Rows(*send(change(*random_rows(0))))


@given(seed=st.integers(0, 10**6), n_classes=st.integers(2, 6))
def test_the_predicted_label_has_the_smallest_gradient(send, seed, n_classes):
    # Proposition 1 of Ash et al. 2020: ‖g_x^y‖² = (Σ p² + 1 − 2 p_y)‖z‖².
    generator = torch.Generator().manual_seed(seed)
    p = torch.rand(1, n_classes, generator=generator, dtype=torch.float64)
    p /= p.sum()
    z = torch.randn(1, 3, generator=generator, dtype=torch.float64)
    norms = []
    for label in range(n_classes):
        one_hot = torch.eye(n_classes, dtype=torch.float64)[[label]]
        norms.append(float(Rows(*send((z, p - one_hot))).norms[0]))
        expected = ((p**2).sum() + 1 - 2 * p[0, label]) * (z**2).sum()
        assert norms[-1] == pytest.approx(float(expected))
    assert norms[int(p.argmax())] == pytest.approx(min(norms))


@pytest.mark.parametrize(
    ("z", "a", "message"),
    [
        ([[1.0], [torch.nan]], None, r"not finite, in 1 row\(s\) of z"),
        ([[1.0], [torch.inf]], [[0.0], [0.0]], r"not finite, in 1 row\(s\) of z"),
        ([[1.0], [1.0]], [[0.0], [torch.nan]], r"not finite, in 1 row\(s\) of a"),
        ([[1e25], [1.0]], [[1.0], [1.0]], r"1 row\(s\) overflow float32.*Scale"),
    ],
)
def test_rows_that_are_not_finite(z, a, message, device):
    with pytest.raises(ValueError, match=message):
        Rows(*(rows and torch.tensor(rows, device=device) for rows in (z, a)))
