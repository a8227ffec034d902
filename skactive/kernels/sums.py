"""
Sums over rows that come out the same, however the rows are cut and in whatever order.

What a sum loses to rounding is kept beside it, so that it carries twice the digits of
float64 (Knuth's TwoSum); a block of rows is summed in plain float64, by products of few
terms, which no number of threads changes.
"""

from typing import NamedTuple

import torch

from skactive.kernels.parts import ALIGN

ROWS = 512
"""Terms in a product: sums of more, MKL and its like make in an order of threads."""
SLAB = 2**18
"""Numbers added at a time, so that the temporary ones stay near."""


class TwoFold(NamedTuple):
    """
    Sums, and what they lost to rounding.

    Parameters
    ----------
    high : torch.Tensor, float64
        The sums.
    low : torch.Tensor, float64
        What is to be added to them, of the same shape.
    """

    high: torch.Tensor
    low: torch.Tensor

    def add(self, numbers):
        """
        Add numbers to the sums, in place.

        Parameters
        ----------
        numbers : torch.Tensor, float64
            A number for each sum.
        """
        flat = self.high.view(-1), self.low.view(-1), numbers.reshape(-1)
        slabs = (some.split(SLAB) for some in flat)
        for high, low, more in zip(*slabs, strict=True):
            total = high + more
            came = total - high
            low += (high - (total - came)) + (more - came)
            high.copy_(total)

    def merge(self, other):
        """
        Add other sums to these, in place.

        Parameters
        ----------
        other : TwoFold
            Of the same shape.
        """
        self.add(other.high)
        self.low.add_(other.low)

    def value(self):
        """
        Give the sums in float64.

        Returns
        -------
        torch.Tensor, float64
            Of the same shape.
        """
        return self.high + self.low


def products(left, right):
    """
    Multiply, so that no number of threads changes a digit.

    Parameters
    ----------
    left : torch.Tensor of shape (m, d), float64
        Rows.
    right : torch.Tensor of shape (..., d, w), float64
        Columns.

    Returns
    -------
    torch.Tensor of shape (..., m, w), float64
        The same as ``left @ right``, up to rounding.
    """
    out = left[:, :ROWS] @ right[..., :ROWS, :]
    for start in range(ROWS, left.shape[1], ROWS):
        some = slice(start, start + ROWS)
        out += left[:, some] @ right[..., some, :]
    return out


def row_sums(n, shape, device, add):
    """
    Sum something over rows.

    Parameters
    ----------
    n : int
        How many rows; the first is at a multiple of ALIGN in the pool.
    shape : tuple of int
        Of the sums.
    device : torch.device
        Where they lie.
    add : callable
        Called with (block, at) to add what the rows of slice ``at`` give, at most ROWS
        of them, to the float64 tensor ``block`` of that shape, in place.

    Returns
    -------
    TwoFold
        The sums. Three tensors of that shape are held while it works.
    """
    block = torch.zeros(shape, dtype=torch.float64, device=device)
    total = TwoFold(torch.zeros_like(block), torch.zeros_like(block))
    for first in range(0, n, ALIGN):
        last = min(first + ALIGN, n)
        for start in range(first, last, ROWS):
            add(block, slice(start, min(start + ROWS, last)))
        total.add(block)
        block.zero_()
    return total
