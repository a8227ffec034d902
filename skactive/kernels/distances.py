"""
Squared Euclidean distances, between plain rows or factored gradient embeddings.

A gradient embedding is an outer product g = a ⊗ z of K × d numbers. It is never built:
⟨g_i, g_j⟩ = ⟨a_i, a_j⟩⟨z_i, z_j⟩, so distances cost d + K numbers a row.
"""

import math
from typing import NamedTuple

import torch

BLOCK = 4096
"""Rows worked on at a time. Fixed, so that no sum depends on who asks."""


class Factors(NamedTuple):
    """
    Some rows, ready to be measured.

    Parameters
    ----------
    z : torch.Tensor of shape (m, d)
        Embeddings, centred where plain.
    a : torch.Tensor of shape (m, K) or None
        The other factor.
    norms : torch.Tensor of shape (m,)
        Squared norms of the rows.
    """

    z: torch.Tensor
    a: torch.Tensor | None
    norms: torch.Tensor


class Rows:
    """
    Rows to measure distances between: z, or a ⊗ z.

    Parameters
    ----------
    z : torch.Tensor of shape (n, d), float16, float32 or float64
        Embeddings. Half precision is for keeping: numbers are read, block by block, as
        float32.
    a : torch.Tensor of shape (n, K) or None, default=None
        The other factor, on the device and in the dtype of z.
    shift : torch.Tensor of shape (d,) or None, default=None
        Where plain rows are measured from: far from the origin the expanded square
        would lose its digits. None is near the mean of z, of `origin`; of no effect
        with a.

    Raises
    ------
    ValueError
        The shapes, dtypes or devices do not fit, or a number is not finite.
    """

    def __init__(self, z, a=None, shift=None):
        _check(z, a)
        self.z, self.a = z, a
        self.dtype = torch.promote_types(z.dtype, torch.float32)
        self.shift = None
        if a is None:
            shift = origin([column_sums(z)], len(z)) if shift is None else shift
            self.shift = shift.to(z.device, self.dtype)
        self.norms = torch.empty(len(z), dtype=self.dtype, device=z.device)
        for block in blocks(len(z)):
            rows = self.like(z[block], None if a is None else a[block])
            self.norms[block] = rows.norms
        # A norm is finite only if every number of its row is: one look at n numbers.
        if not bool(torch.isfinite(self.norms).all()):
            raise ValueError(_not_finite(self))

    def __len__(self):
        return len(self.z)

    def factors(self, at):
        """
        Give some of the rows.

        Parameters
        ----------
        at : slice or torch.Tensor of shape (m,)
            Which rows.

        Returns
        -------
        Factors
            These rows.
        """
        z, a = self._read(self.z[at], None if self.a is None else self.a[at])
        return Factors(z, a, self.norms[at])

    def like(self, z, a=None):
        """
        Prepare rows from elsewhere to be measured against these.

        Parameters
        ----------
        z : torch.Tensor of shape (m, d)
            Embeddings.
        a : torch.Tensor of shape (m, K) or None, default=None
            The other factor.

        Returns
        -------
        Factors
            The rows, from the same origin.
        """
        z, a = self._read(z, a)
        norms = z.square().sum(dim=1)
        return Factors(z, a, norms if a is None else norms * a.square().sum(dim=1))

    def _read(self, z, a):
        z = z.to(self.dtype)
        z = z if self.shift is None else z - self.shift
        return z, None if a is None else a.to(self.dtype)

    def longest(self):
        """
        Find the row that is farthest from zero.

        Returns
        -------
        norm : float
            Its squared norm.
        position : int
            The first row of that norm.
        """
        norms = self.norms
        if self.shift is not None:
            norms = torch.empty_like(self.norms)
            for block in blocks(len(self.z)):
                norms[block] = self.z[block].to(self.dtype).square().sum(dim=1)
        at = int(norms.argmax())
        return float(norms[at]), at


def column_sums(z):
    """
    Sum each column, block by block.

    Parameters
    ----------
    z : torch.Tensor of shape (n, d)
        Numbers.

    Returns
    -------
    torch.Tensor of shape (d,), float64, on the CPU
        The sums.
    """
    total = torch.zeros(z.shape[1], dtype=torch.float64)
    for block in blocks(len(z)):
        total += z[block].sum(dim=0, dtype=torch.float64).cpu()
    return total


def origin(sums, n):
    """
    Give a point near the mean of rows, the same however the rows were cut.

    Parameters
    ----------
    sums : list of torch.Tensor of shape (d,), float64
        Sums of each column over each part of the rows.
    n : int
        The number of rows.

    Returns
    -------
    torch.Tensor of shape (d,), float64
        The mean, each number rounded to 12 binary digits: near is enough, and sums in
        another order may differ in the last of 53.
    """
    mantissa, exponent = torch.frexp(sum(sums) / max(n, 1))
    return torch.ldexp((mantissa * 2**12).round(), exponent - 12)


def blocks(n):
    """
    Cut n rows into the fixed blocks that all work is done in.

    Parameters
    ----------
    n : int
        How many rows.

    Yields
    ------
    slice
        The next at most 4,096 positions.
    """
    for start in range(0, n, BLOCK):
        yield slice(start, min(start + BLOCK, n))


def pairwise(left, right):
    """
    Measure squared distances between two sets of rows from one origin.

    Parameters
    ----------
    left : Factors
        The m rows.
    right : Factors
        The c rows.

    Returns
    -------
    torch.Tensor of shape (m, c)
        The distances ‖g_i − g_j‖² ≥ 0, exactly 0 between equal rows. Costs
        2mc(d + K) flops.
    """
    squares = _less_left_norm(left, right) + left.norms[:, None]
    return _settled(squares, left.norms[:, None], _tolerance(left))


def nearest(left, right, work=None):
    """
    Measure the squared distance of each row to the nearest row of another set.

    Parameters
    ----------
    left : Factors
        The m rows.
    right : Factors
        The c rows.
    work : torch.Tensor of shape (2, >= m c) or None, default=None
        Numbers to work in, of `workspace`: fresh memory for each block costs as much
        as the product.

    Returns
    -------
    torch.Tensor of shape (m,)
        The distances min_j ‖g_i − g_j‖² ≥ 0, exactly 0 where some row is equal. Costs
        2mc(d + K) flops and m × c numbers of memory.
    """
    squares = _less_left_norm(left, right, work).amin(dim=1) + left.norms
    return _settled(squares, left.norms, _tolerance(left))


def workspace(rows, n_columns):
    """
    Make room for the distances of a block of rows, to be used again and again.

    Parameters
    ----------
    rows : Rows
        The rows whose blocks are measured.
    n_columns : int
        The number of rows they are measured against.

    Returns
    -------
    torch.Tensor of shape (2, numbers)
        Not initialised; the second part only where rows are factored.
    """
    parts = 1 if rows.a is None else 2
    return rows.norms.new_empty(parts, min(BLOCK, len(rows)) * n_columns)


def _less_left_norm(left, right, work=None):
    """Give ‖g_j‖² − 2⟨g_i, g_j⟩."""
    shape = len(left.z), len(right.z)
    inner, outer = None, None
    if work is not None:
        inner, *rest = (part[: shape[0] * shape[1]].view(shape) for part in work)
        outer = rest[0] if rest else None
    inner = torch.mm(left.z, right.z.T, out=inner)
    if left.a is None:
        return torch.add(right.norms, inner, alpha=-2, out=inner)
    outer = torch.mm(left.a, right.a.T, out=outer)
    return torch.addcmul(right.norms, inner, outer, value=-2, out=inner)


def _tolerance(rows):
    """Give the share of two squared norms up to which a distance is rounding."""
    width = rows.z.shape[1] + (0 if rows.a is None else rows.a.shape[1])
    return torch.finfo(rows.z.dtype).eps * max(16.0, 2 * math.sqrt(width))


def _settled(squares, norms, tolerance):
    # Two equal rows have equal norms, so one of the two tells the scale of rounding.
    return torch.where(squares <= 2 * tolerance * norms, 0, squares)


def _check(z, a):
    if z.ndim != 2 or z.dtype not in (torch.float16, torch.float32, torch.float64):
        raise ValueError(
            "The embeddings z must be a float16, float32 or float64 tensor of shape "
            f"(n, d). Got shape {tuple(z.shape)}, dtype {z.dtype}."
        )
    if a is not None and (a.ndim != 2 or len(a) != len(z)):
        raise ValueError(
            f"The factor a must have shape (n, K) with n={len(z)}. Got shape "
            f"{tuple(a.shape)}."
        )
    if a is not None and (a.dtype != z.dtype or a.device != z.device):
        raise ValueError(
            f"The factors must share dtype and device. Got z {z.dtype} on {z.device}, "
            f"a {a.dtype} on {a.device}."
        )


def _not_finite(rows):
    for name, factor in (("z", rows.z), ("a", rows.a)):
        bad = 0 if factor is None else int((~factor.isfinite()).any(dim=1).sum())
        if bad:
            return (
                f"The embeddings hold numbers that are not finite, in {bad} row(s) of "
                f"{name}. Look at the model's features for these rows."
            )
    return (
        f"Squared norms of {int((~rows.norms.isfinite()).sum())} row(s) overflow "
        f"{str(rows.dtype).removeprefix('torch.')}. Scale the features, or pass "
        "float64."
    )
