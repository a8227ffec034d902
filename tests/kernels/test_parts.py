"""A pool in parts gives what the whole gives."""

from itertools import pairwise

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skactive.kernels.covering import (
    CoveringPart,
    cover,
    k_center_greedy,
    nearest_labeled_distance,
)
from skactive.kernels.parts import ALIGN
from skactive.kernels.seeding import SeedingPart, kmeans_plusplus, seed


class Pieces:
    """Many parts in this process, which repeat what a lost one was told."""

    def __init__(self, make, n_rows, cuts):
        bounds = [0, *sorted({cut * ALIGN for cut in cuts}), n_rows]
        self.bounds = [(a, b) for a, b in pairwise(bounds) if a < b <= n_rows]
        self.make, self.n_rows, self.told = make, n_rows, []
        self.parts = [make(*bound) for bound in self.bounds]

    def ask(self, method, *args):
        return [getattr(part, method)(*args) for part in self.parts]

    def tell(self, method, *args):
        self.told.append((method, args))
        return self.ask(method, *args)

    def lose(self, which):
        self.parts[which] = self.make(*self.bounds[which])
        for method, args in self.told:
            getattr(self.parts[which], method)(*args)


class Forgetful(Pieces):
    """Loses a part after everything it was told."""

    def tell(self, method, *args):
        answers = super().tell(method, *args)
        self.lose(len(self.told) % len(self.parts))
        return answers


N_ROWS = 3 * ALIGN + 100


def make_rows(seed, d=3, n_classes=None, *, has_ties=False, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(N_ROWS, d, generator=generator, dtype=torch.float64) + 3
    if has_ties:
        z = z.round()
    a = None
    if n_classes:
        a = torch.randn(N_ROWS, n_classes, generator=generator, dtype=torch.float64)
        a = a.to(dtype)
    return z.to(dtype), a


def cut(rows, start, stop):
    return None if rows is None else rows[start:stop]


cuts = st.lists(st.integers(1, 3), max_size=3)
dtypes = st.sampled_from([torch.float16, torch.float32, torch.float64])


@settings(max_examples=15)
@given(
    number=st.integers(0, 10**6),
    cuts=cuts,
    plain=st.booleans(),
    has_ties=st.booleans(),
    dtype=dtypes,
)
@example(number=0, cuts=[1, 2, 3], plain=True, has_ties=True, dtype=torch.float16)
def test_seeding_does_not_hang_on_the_parts(send, number, cuts, plain, has_ties, dtype):
    n_classes = None if plain else 3
    z, a = send(make_rows(number, n_classes=n_classes, has_ties=has_ties, dtype=dtype))
    whole = kmeans_plusplus(
        z, 30, a=a, width=8, generator=torch.Generator().manual_seed(number)
    )
    for kind in (Pieces, Forgetful):
        pool = kind(
            lambda i, j: SeedingPart(z[i:j].clone(), cut(a, i, j), i), N_ROWS, cuts
        )
        drawn = seed(pool, 30, width=8, generator=torch.Generator().manual_seed(number))
        assert drawn.positions.tolist() == whole.positions.tolist()
        assert drawn.n_rejections == whole.n_rejections


@settings(max_examples=15)
@given(
    number=st.integers(0, 10**6),
    cuts=cuts,
    is_weighted=st.booleans(),
    has_ties=st.booleans(),
    is_labeled=st.booleans(),
    dtype=dtypes,
)
@example(0, [1, 2, 3], True, True, True, torch.float16)
@example(1, [2], False, True, False, torch.float64)
def test_covering_does_not_hang_on_the_parts(
    send, number, cuts, is_weighted, has_ties, is_labeled, dtype
):
    z, _ = send(make_rows(number, has_ties=has_ties, dtype=dtype))
    weights = (z[:, 0].abs() / 10).float() if is_weighted else None
    z_labeled = z[::9000] + 1 if is_labeled else None
    squares = None if z_labeled is None else nearest_labeled_distance(z, z_labeled)
    whole = k_center_greedy(z, 30, nearest_labeled=squares, weights=weights, head=8)
    for kind in (Pieces, Forgetful):
        pool = kind(
            lambda i, j: CoveringPart(
                z[i:j].clone(), None, i, weights=cut(weights, i, j)
            ),
            N_ROWS,
            cuts,
        )
        chosen = cover(pool, 30, z_labeled=z_labeled, head=8)
        assert chosen.positions.tolist() == whole.positions.tolist()
        assert torch.equal(chosen.radii, whole.radii)
        assert chosen.n_passes == whole.n_passes


@pytest.mark.parametrize("plain", [True, False])
def test_half_precision_is_that_of_the_numbers_kept(plain, device):
    rows = make_rows(0, n_classes=None if plain else 3, dtype=torch.float16)
    z, a = (None if some is None else some.to(device) for some in rows)
    wide = [None if some is None else some.float() for some in (z, a)]
    drawn = [
        kmeans_plusplus(z, 20, a=a, generator=torch.Generator().manual_seed(1))
        for z, a in ((z, a), wide)
    ]
    assert torch.equal(drawn[0].positions, drawn[1].positions)
    far = [k_center_greedy(z, 20, a=a) for z, a in ((z, a), wide)]
    assert torch.equal(far[0].positions, far[1].positions)
    assert torch.equal(far[0].radii, far[1].radii)
