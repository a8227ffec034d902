import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference import diversity as textbook
from torch.utils._python_dispatch import TorchDispatchMode

from skactive.kernels.diversity import (
    PosteriorVariance,
    min_distance,
    posterior_variance,
    standardize,
)


def rows(seed, n=40, n_labeled=7, d=3, **options):
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n + n_labeled, d, dtype=torch.float64, generator=generator)
    z = z.to(**options)
    return z[:n], z[n:]


@given(seed=st.integers(0, 10**6), d=st.integers(3, 6), n_labeled=st.integers(1, 12))
def test_formulas(send, seed, d, n_labeled):
    z, labeled = rows(seed, 15, n_labeled, d)
    z, labeled = 3 * z + 5, 3 * labeled + 5
    expected = textbook.standardize(z.numpy(), labeled.numpy())
    scaled = standardize(*send((z, labeled)))
    for ours, theirs in zip(scaled, expected, strict=True):
        np.testing.assert_allclose(ours.cpu(), theirs, atol=1e-10)
    np.testing.assert_allclose(
        min_distance(*scaled).cpu(), textbook.min_distance(*expected), atol=1e-7
    )
    found = PosteriorVariance(scaled[0]).add(scaled[1])
    theirs = textbook.posterior_variance(*expected, found.jitter)
    np.testing.assert_allclose(found.values.cpu(), theirs, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_devices_and_dtypes(dtype, device):
    z, labeled = rows(0, dtype=dtype, device=device)
    scaled = standardize(z, labeled)
    assert {part.dtype for part in scaled} == {dtype}
    plain = [part.cpu().double().numpy() for part in (z, labeled)]
    expected = textbook.standardize(*plain)
    for name in ("min_distance", "posterior_variance"):
        measure = {"min_distance": min_distance}.get(name, posterior_variance)
        ours = measure(*scaled)
        assert ours.dtype == torch.float64 and ours.device == z.device
        theirs = getattr(textbook, name)(*expected)
        np.testing.assert_allclose(ours.cpu(), theirs, atol=1e-5)


class Made(TorchDispatchMode):
    """Count the numbers of all tensors of n rows that are made."""

    def __init__(self, n):
        super().__init__()
        self.n, self.count = n, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor) and out.shape[:1] == (self.n,):
            self.count += out.numel()
        return out


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_copy_of_the_pool_is_made(dtype, device):
    n, d = 9000, 5
    z, labeled = rows(3, n, 7, d, dtype=dtype, device=device)
    with Made(n) as made:
        scaled, _ = standardize(z, labeled)
    assert scaled.shape == (n, d) and made.count == n * d


@pytest.mark.parametrize("spread", [0.1, 0.01, 0.003])
def test_variance_of_clusters_in_float32(spread, device):
    # Rounding of float32 in the kernel would be divided by pivots near 0.
    z, centres = rows(1, 60, 8, 5)
    noise, _ = rows(2, 32, 0, 5)
    labeled = centres.repeat_interleave(4, dim=0) + spread * noise
    z, labeled = z.float().to(device), labeled.float().to(device)
    found = PosteriorVariance(z).add(labeled)
    expected = textbook.posterior_variance(
        z.cpu().double().numpy(), labeled.cpu().double().numpy(), found.jitter
    )
    np.testing.assert_allclose(found.values.cpu(), expected, atol=1e-5)


@given(
    seed=st.integers(0, 10**6),
    sizes=st.lists(st.integers(0, 6), min_size=1, max_size=5),
)
def test_steps_equal_all_at_once(send, seed, sizes):
    z, labeled = send(rows(seed, 30, max(1, sum(sizes)), 4))
    labeled = labeled[: sum(sizes)]
    grown = PosteriorVariance(z)
    for part in labeled.split(sizes):
        before = grown.values.clone()
        assert grown.add(part) is grown
        assert (grown.values <= before + 1e-12).all()
    at_once = PosteriorVariance(z).add(labeled)
    torch.testing.assert_close(grown.values, at_once.values, rtol=1e-7, atol=1e-7)
    assert len(grown.labeled) == len(labeled)


@pytest.mark.parametrize("together", [True, False])
def test_duplicates_among_the_labeled_raise_the_jitter(together, device):
    z, labeled = rows(3, device=device)
    once = PosteriorVariance(z).add(labeled)
    assert once.jitter == 0
    twice = PosteriorVariance(z)
    if together:
        twice.add(torch.cat([labeled, labeled]))
    else:
        twice.add(labeled).add(labeled)
    assert 0 < twice.jitter <= 1e-4
    torch.testing.assert_close(twice.values, once.values, rtol=1e-7, atol=1e-5)


def test_labeled_rows_are_known_and_far_ones_are_not(device):
    _, labeled = rows(4, device=device)
    both = torch.cat([labeled, labeled[:1] * 0 + 1e4])
    variances = posterior_variance(both, labeled)
    assert (variances[:-1] < 1e-9).all()
    assert variances[-1] == 1
    distances = min_distance(both, labeled)
    assert (distances[:-1] == 0).all()
    assert distances[-1] == 1


def test_nothing_labeled(send):
    here, _ = rows(5)
    z = send(here)
    assert (min_distance(z, z[:0]) == 1).all()
    assert (posterior_variance(z, z[:0]) == 1).all()
    scaled, none = standardize(z, z[:0])
    assert none.shape == (0, 3)
    expected, _ = textbook.standardize(here, here[:0])
    np.testing.assert_allclose(scaled.cpu(), expected, atol=1e-12)


def test_all_rows_labeled(device):
    z, _ = rows(5, device=device)
    assert (min_distance(z, z) == 0).all()
    assert (posterior_variance(z, z) < 1e-6).all()


@pytest.mark.parametrize("constant", [0.0, 1.0, 0.1, 1e6])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_constant_features_are_dropped(constant, dtype, device):
    options = {"dtype": dtype, "device": device}
    z, labeled = rows(6, **options)
    expected = standardize(z, labeled)
    column = torch.full((len(z) + len(labeled), 1), constant, **options)
    wide = (
        torch.cat([z, column[: len(z)]], dim=1),
        torch.cat([labeled, column[len(z) :]], dim=1),
    )
    for ours, theirs in zip(standardize(*wide), expected, strict=True):
        assert torch.equal(ours, theirs)


def test_only_constant_features(device):
    z = torch.ones(5, 2, dtype=torch.float64, device=device)
    scaled = standardize(z, z[:2])
    assert [tuple(part.shape) for part in scaled] == [(5, 0), (2, 0)]
    assert (min_distance(*scaled) == 0).all()
    assert (posterior_variance(*scaled) < 1e-6).all()


@pytest.mark.parametrize("offset", [1e4, -1e8])
def test_far_offsets(offset, send):
    z, labeled = rows(7)
    far = standardize(*send((z + offset, labeled + offset)))
    near = textbook.standardize(z.numpy(), labeled.numpy())
    for ours, theirs in zip(far, near, strict=True):
        np.testing.assert_allclose(ours.cpu(), theirs, atol=1e-6)
    expected = textbook.posterior_variance(*near)
    np.testing.assert_allclose(posterior_variance(*far).cpu(), expected, atol=1e-4)


def test_more_rows_than_a_block(send):
    z, labeled = rows(8, 5000, 6, 2)
    expected = textbook.posterior_variance(z[-20:].numpy(), labeled.numpy())
    distances = torch.cdist(z, labeled).amin(dim=1)
    z, labeled = send((z, labeled))
    ours = posterior_variance(z, labeled)[-20:].cpu()
    np.testing.assert_allclose(ours, expected, atol=1e-7)
    ours = min_distance(z, labeled).cpu()
    np.testing.assert_allclose(ours, distances / distances.max(), atol=1e-6)


MEASURES = [standardize, min_distance, posterior_variance]


@pytest.mark.parametrize("measure", MEASURES)
def test_shapes_and_dtypes_must_fit(measure, device):
    z, labeled = rows(9, device=device)
    with pytest.raises(ValueError, match=r"the 3 columns of z. Got shape \(7, 2\)"):
        measure(z, labeled[:, :2])
    with pytest.raises(ValueError, match=r"columns of z. Got shape \(3,\)"):
        measure(z, labeled[0])
    with pytest.raises(ValueError, match=r"z must be .* Got shape \(3,\)"):
        measure(z[0], labeled)
    with pytest.raises(ValueError, match="share dtype and device"):
        measure(z, labeled.float())
    with pytest.raises(ValueError, match=r"z must be a float32 or float64"):
        measure(z.long(), labeled.long())


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("in_pool", [True, False])
def test_numbers_that_are_not_finite(measure, value, in_pool, device):
    z, labeled = rows(10, device=device)
    (z if in_pool else labeled)[2, 1] = value
    with pytest.raises(ValueError, match=r"not finite, in 1 row"):
        measure(z, labeled)


def test_overflow_is_said(device):
    z, labeled = rows(11, device=device)
    with pytest.raises(ValueError, match="overflow"):
        standardize(z * 1e200, labeled)
