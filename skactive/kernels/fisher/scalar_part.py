"""Rows of a pool with P and R as one number for each block, and those that lead."""

from typing import NamedTuple

import torch

from skactive.kernels.fisher.spaces import strips
from skactive.kernels.parts import Part
from skactive.kernels.shared import cut_head

NEAR = 1e-3
"""Share of the best score up to which a row leads, whatever the lead's size."""


class Leaders(NamedTuple):
    """
    Rows that may lead the pool, by position.

    Parameters
    ----------
    scores : torch.Tensor of shape (m,)
        By how much each would lower the trace, nearly.
    positions : torch.Tensor of shape (m,), int64
        Their positions in the pool, ascending.
    """

    scores: torch.Tensor
    positions: torch.Tensor


class ScalarPart(Part):
    """
    Some rows of a pool, with P and R as one number for each of G blocks.

    Parameters
    ----------
    z : torch.Tensor of shape (m, d), float16, float32 or float64
        Embeddings; P and R have their dtype, float32 at least.
    roots : torch.Tensor of shape (G, m)
        V_g(x) = root_g(x) z(x).
    start : int, default=0
        Position of the first row in the pool.
    """

    is_kept = True

    def __init__(self, z, roots, start=0):
        super().__init__(z, None, start)
        self.roots = roots
        self.p, self.r = torch.empty_like(roots), torch.empty_like(roots)
        self.before = None
        self.free = torch.ones(len(z), dtype=torch.bool, device=z.device)

    def rebuild(self, left, right, size):
        """
        Compute P and R anew.

        Parameters
        ----------
        left, right : torch.Tensor of shape (d, G dim)
            For each block, U with M⁻¹ = U Uᵀ, and M⁻¹ F U.
        size : int
            As for `lead`.

        Returns
        -------
        Leaders
            As of `lead`.
        """
        left, right = left.to(self.z.device), right.to(self.z.device)
        n_blocks = len(self.roots)
        for at in strips(len(self.z), 8 * left.shape[1]):
            square, z = self.roots[:, at].square(), self._read(at)
            x = (z @ left).view(len(z), n_blocks, -1)
            y = (z @ right).view(len(z), n_blocks, -1)
            self.r[:, at] = (x * y).sum(dim=2).T * square
            self.p[:, at] = x.square_().sum(dim=2).T * square
        return self.lead(size)

    def lead(self, size):
        """
        Find the rows that lead, and all that are near-equal to the best.

        Parameters
        ----------
        size : int
            How many at least; at most twice as many.

        Returns
        -------
        Leaders
            Those of the rows here that may be among the first of the pool.
        """
        scores = gains(self.p, self.r).masked_fill_(~self.free, -torch.inf)
        size = lead_size(scores, size, int(self.free.sum()))
        at = cut_head(scores, size)[0]
        return Leaders(scores[at], at + self.start)

    def give(self, positions):
        """
        Give those of some rows that are here.

        Parameters
        ----------
        positions : torch.Tensor of shape (c,), int64
            Positions in the pool.

        Returns
        -------
        turns : torch.Tensor of shape (h,), int64
            Which of the c are here.
        z : torch.Tensor of shape (h, d)
            Their embeddings.
        numbers : torch.Tensor of shape (h, 3, G)
            Their roots, P and R.
        """
        turns, at = self.here(positions)
        numbers = torch.stack([some[:, at].T for some in (self.roots, self.p, self.r)])
        return turns, self._read(at), numbers.transpose(0, 1)

    def fold(self, positions, sides, lead, size):
        """
        Bring P and R up to date with steps made ahead.

        Parameters
        ----------
        positions : torch.Tensor of shape (steps,), int64
            The rows that were taken.
        sides : torch.Tensor of shape (d, 2, steps, G)
            W, and M⁻¹ F W ∓ ½ W (Wᵀ F W), of each step.
        lead : torch.Tensor of shape (c,), int64
            The rows that the steps were made among.
        size : int or None
            As for `lead`; None where it is not asked for.

        Returns
        -------
        best : torch.Tensor of shape (steps,), float64
            The best score of the other rows after each step.
        Leaders or None
            As of `lead`, after the last.
        """
        outside = self.free.clone()
        outside[self.here(lead)[1]] = False
        if self.before is None:
            self.before = torch.empty_like(self.p), torch.empty_like(self.r)
        for kept, some in zip(self.before, (self.p, self.r), strict=True):
            kept.copy_(some)
        self.made = positions, sides.to(self.z.device)
        best = outside.new_full(positions.shape, -torch.inf, dtype=torch.float64)
        for at, p, r in self._after(self.made[1]):
            scores = _over_blocks(r.div_(p.add_(1)), 1)
            scores.masked_fill_(~outside[at, None], -torch.inf)
            best = torch.maximum(best, scores.max(dim=0).values.double())
        self.free[self.here(positions)[1]] = False
        return best, None if size is None else self.lead(size)

    def settle(self, kept, size):
        """
        Undo some of the steps that were folded in last.

        Parameters
        ----------
        kept : int
            How many of them stand, from the first.
        size : int
            As for `lead`.

        Returns
        -------
        Leaders
            As of `lead`.
        """
        positions, sides = self.made
        for _ in self._after(sides[:, :, :kept], only_last=True):
            pass
        self.free[self.here(positions[kept:])[1]] = True
        return self.lead(size)

    def _after(self, sides, only_last=False):
        """Walk the rows: give P and R (m, G, steps) after each step, keep the last."""
        n_steps, n_blocks = sides.shape[2:]
        both = sides.flatten(1).contiguous()
        # Summing over the steps is a product with this: faster than a running sum.
        sums = both.new_ones(n_steps, n_steps).triu_()
        sums = sums[:, -1:] if only_last else sums
        for at in strips(len(self.z), 64 * n_steps * n_blocks):
            sides = (self._read(at) @ both).view(-1, 2, n_steps, n_blocks)
            sides = sides.transpose(2, 3) * self.roots[:, at].T[:, None, :, None]
            x, y = sides.unbind(dim=1)
            r = self.before[1][:, at].T[:, :, None] - _times(x * y, 2 * sums)
            p = self.before[0][:, at].T[:, :, None] - _times(x.square(), sums)
            self.p[:, at], self.r[:, at] = p[:, :, -1].T, r[:, :, -1].T
            yield at, p, r

    def _read(self, at):
        return self.z[at].to(self.roots.dtype)


def gains(p, r):
    """
    Score rows.

    Parameters
    ----------
    p, r : torch.Tensor of shape (G, m)
        Their P and R.

    Returns
    -------
    torch.Tensor of shape (m,)
        By how much each would lower the trace.
    """
    return _over_blocks(r / (1 + p), 0)


def lead_size(scores, size, n_free):
    """
    Give how many rows lead.

    Parameters
    ----------
    scores : torch.Tensor of shape (m,)
        Their scores.
    size : int
        How many at least.
    n_free : int
        How many there are.

    Returns
    -------
    int
        As many as are near-equal to the best, at most twice the size.
    """
    near = int((scores >= float(scores.max()) * (1 - NEAR)).sum())
    return min(max(size, min(near, 2 * size)), n_free)


def _over_blocks(scores, dim):
    return scores.squeeze(dim) if scores.shape[dim] == 1 else scores.sum(dim=dim)


def _times(sides, sums):
    return (sides.reshape(-1, len(sums)) @ sums).view(*sides.shape[:2], -1)
