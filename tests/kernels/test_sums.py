import math
from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skactive.kernels.parts import ALIGN, merged
from skactive.kernels.sums import ROWS, TwoFold, products, row_sums


def summed(numbers, device="cpu"):
    total = TwoFold(*torch.zeros(2, 1, dtype=torch.float64, device=device))
    for number in numbers:
        total.add(torch.tensor([number], dtype=torch.float64, device=device))
    return total


@given(
    numbers=st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=40),
    data=st.data(),
)
def test_sums_are_those_of_exact_arithmetic(device, numbers, data):
    exact = sum(map(Fraction, numbers))
    size = sum(abs(Fraction(number)) for number in numbers)
    cuts = data.draw(st.sets(st.integers(1, len(numbers))))
    shuffled = data.draw(st.permutations(numbers))
    bounds = sorted({0, len(numbers), *cuts})
    parts = [summed(shuffled[a:b], device) for a, b in pairwise(bounds)]
    found = merged(parts)
    told = Fraction(float(found.high)) + Fraction(float(found.low))
    # Forty terms, each of which may lose the last of twice 53 digits.
    assert abs(told - exact) <= 80 * size / 2**105
    assert abs(Fraction(float(found.value())) - exact) <= (
        abs(exact) / 2**53 + 80 * size / 2**105
    )


def test_what_plain_sums_lose_is_kept(device):
    numbers = [1e16, 1.0, -1e16, 2.0**-40] * 3
    assert float(summed(numbers, device).value()) == math.fsum(numbers)
    assert float(sum(numbers)) != math.fsum(numbers)


@pytest.mark.parametrize("shape", [(3, 3), (700, 800)])
def test_many_sums_at_once(shape, device):
    random = torch.Generator().manual_seed(0)
    made = [
        torch.randn(shape, dtype=torch.float64, generator=random) * 10.0 ** (8 * turn)
        for turn in (2, 0, 1)
    ]
    total = TwoFold(*torch.zeros(2, *shape, dtype=torch.float64, device=device))
    for numbers in made:
        total.add(numbers.to(device))
    at = (1, 2), (0, 0), (-1, -1)
    for i, j in at:
        expected = math.fsum(float(numbers[i, j]) for numbers in made)
        assert float(total.value()[i, j]) == expected


def squares(rows, start=0, stop=None):
    """Sum x xᵀ over some of the rows, as a part that begins there would."""
    mine = rows[start:stop]

    def add(block, at):
        assert at.stop - at.start <= ROWS
        block.addmm_(mine[at].T, mine[at])

    return row_sums(len(mine), (rows.shape[1],) * 2, rows.device, add)


@pytest.mark.parametrize("d", [1, 7, 64])
@pytest.mark.parametrize("offset", [0, 1e5])
def test_products_are_the_same_however_rows_are_cut(d, offset, device):
    random = torch.Generator().manual_seed(d)
    rows = torch.randn(5 * ALIGN + 77, d, generator=random).double().to(device)
    rows += offset
    whole = squares(rows).value()
    torch.testing.assert_close(whole, rows.T @ rows)
    for cuts in ([1], [2, 3], [1, 2, 3, 4, 5], [4]):
        bounds = [0, *(cut * ALIGN for cut in cuts), None]
        parts = [squares(rows, *bound) for bound in pairwise(bounds)]
        for order in (parts, parts[::-1]):
            copies = [TwoFold(*(some.clone() for some in part)) for part in order]
            assert merged(copies).value().equal(whole)


def test_no_rows_sum_to_zero(device):
    found = squares(torch.ones(0, 3, dtype=torch.float64, device=device))
    assert found.value().equal(torch.zeros(3, 3, dtype=torch.float64, device=device))


def test_orders_in_memory_do_not_matter(device):
    random = torch.Generator().manual_seed(0)
    plain = torch.randn(600, 700, dtype=torch.float64, generator=random).to(device)
    turned = plain.T.contiguous().T
    totals = [
        TwoFold(*torch.zeros(2, 600, 700, dtype=torch.float64, device=device))
        for _ in range(2)
    ]
    for total, numbers in zip(totals, (plain, turned), strict=True):
        total.add(numbers)
    assert totals[0].value().equal(plain) and totals[1].value().equal(plain)


@pytest.mark.parametrize("d", [40, 512, 1500])
def test_long_rows_are_multiplied_alike_on_any_number_of_threads(d):
    random = torch.Generator().manual_seed(d)
    left = torch.randn(500, d, dtype=torch.float64, generator=random) + 100
    right = torch.randn(3, d, 50, dtype=torch.float64, generator=random)
    first = products(left, right)
    torch.testing.assert_close(first, left @ right)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert products(left, right).equal(first)
        assert products(left, right[0]).equal(products(left, right[:1])[0])
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("d", [3, 16, 70])
def test_products_are_the_same_on_any_number_of_threads(d):
    random = torch.Generator().manual_seed(d)
    rows = torch.randn(2 * ALIGN, d, generator=random).double() + 1e5
    first = squares(rows).value()
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert squares(rows).value().equal(first)
    finally:
        torch.set_num_threads(threads)
