"""
D² sampling (k-means++ seeding), exact, at matrix-product speed.

A pass over the pool for each centre is bound by memory bandwidth. D² only falls as
centres are added, so a stale D² bounds the new one from above: propose points from the
stale law, accept each with probability D²_new / D²_stale, and the accepted point
follows the exact law. Accepted centres are folded in by one matrix product.
"""

from dataclasses import dataclass

import torch

from skactive.kernels.distances import Rows, blocks, nearest, pairwise, workspace
from skactive.kernels.shared import fill_uniformly, given_or_fresh

CELL = 256
"""Rows whose D² is summed up, to draw first among sums. Fixed, as blocks are."""


@dataclass(frozen=True)
class Seeding:
    """
    What D² sampling chose, and how.

    Parameters
    ----------
    positions : torch.Tensor of shape (n,), int64, on the CPU
        Distinct positions in the order chosen.
    n_passes : int
        Passes over the pool that folded centres in.
    n_rejections : int
        Proposals that were turned down.
    n_filled : int
        How many of the last positions were drawn uniformly, because every remaining
        row equals a centre.
    """

    positions: torch.Tensor
    n_passes: int
    n_rejections: int
    n_filled: int


def kmeans_plusplus(
    z, n, *, a=None, init="max_norm", generator=None, width=64, n_proposals=64
):
    """
    Choose n rows by k-means++ seeding.

    Parameters
    ----------
    z : torch.Tensor of shape (n_rows, d), float32 or float64
        Embeddings.
    n : int
        How many rows to choose, 1 <= n <= n_rows.
    a : torch.Tensor of shape (n_rows, K) or None, default=None
        The other factor of gradient embeddings a ⊗ z.
    init : {"max_norm", "uniform"} or int, default="max_norm"
        The first centre: the row of largest norm (the published code of BADGE), a
        uniform draw (its paper, Appendix A), or this position.
    generator : torch.Generator or None, default=None
        On the CPU, so that every device draws alike; None is a fresh one.
    width : int, default=64
        Centres folded in together.
    n_proposals : int, default=64
        Proposals drawn together.

    Returns
    -------
    Seeding
        The positions, and how they came about.

    Raises
    ------
    ValueError
        The arguments n or init are out of range, or z and a do not fit together.

    Notes
    -----
    Arthur and Vassilvitskii 2007; Ash et al. 2020, Algorithm 1. Costs
    2 n_rows n (d + K) flops as matrix products, and n_rows + 4096 × width numbers of
    memory.
    """
    rows = Rows(z, a)
    if not 1 <= n <= len(rows):
        raise ValueError(
            f"n must lie in [1, {len(rows)}], the number of rows. Got {n}."
        )
    generator = given_or_fresh(generator)
    first = _first_centre(rows, init, generator)
    law = _StaleLaw(rows, generator, n_proposals)
    chosen, pending = [first], [first]
    while len(chosen) < n:
        law.fold(pending)
        if law.total == 0:
            break
        pending = law.accept(min(width, n - len(chosen)))
        chosen += pending
    filled = fill_uniformly(chosen, n, len(rows), generator)
    return Seeding(
        torch.tensor(chosen + filled), law.n_passes, law.n_rejections, len(filled)
    )


class _StaleLaw:
    """The law ∝ D² as of the last pass, from which points are proposed."""

    def __init__(self, rows, generator, n_proposals):
        self.rows, self.generator, self.n_proposals = rows, generator, n_proposals
        # Cells as rows; the last is padded with zeros, which are never drawn.
        n_cells = -(-len(rows) // CELL)
        self.squares = rows.z.new_zeros(n_cells, min(CELL, len(rows)))
        self.flat = self.squares.view(-1)[: len(rows)]
        self.flat.fill_(torch.inf)
        self.n_passes = self.n_rejections = 0

    def fold(self, centres):
        """Bring D² up to date; sums in float64, cell by cell."""
        at = torch.tensor(centres, device=self.flat.device)
        factors = self.rows.factors(at)
        work = workspace(self.rows, len(centres))
        for block in blocks(len(self.rows)):
            new = nearest(self.rows, self.rows.factors(block), factors, work)
            torch.minimum(self.flat[block], new, out=self.flat[block])
        self.flat[at] = 0
        self.masses = self.squares.sum(dim=1, dtype=torch.float64).cpu()
        self.total = float(self.masses.sum())
        self.n_passes += 1

    def accept(self, most):
        """Propose until enough are accepted, or most proposals are turned down."""
        accepted, tried = [], 0
        while len(accepted) < most and tried < 4 * most + self.n_proposals:
            proposals, stale = self._propose()
            accepted += self._judge(proposals, stale, accepted, most)
            tried += self.n_proposals
        return accepted

    def _propose(self):
        """Draw from the stale law: a cell, then a row in it."""
        u = self._uniform() * self.total
        ends = self.masses.cumsum(dim=0)
        cell = torch.searchsorted(ends, u, right=True).clamp_(max=len(ends) - 1)
        cell = torch.where(self.masses[cell] > 0, cell, self.masses.argmax())
        rest = u - (ends - self.masses)[cell]
        at = cell.to(self.squares.device)
        within = self.squares[at].double().cumsum(dim=1)
        # Rounding must not run past the last row with any mass.
        rest = rest.to(within.device).clamp(min=0).minimum(within[:, -1] * (1 - 1e-15))
        column = torch.searchsorted(within, rest[:, None], right=True)[:, 0]
        proposals = at * self.squares.shape[1] + column
        return proposals, self.flat[proposals].double().cpu()

    def _judge(self, proposals, stale, pending, most):
        """Accept in turn with probability D²_new / D²_stale."""
        known = torch.tensor(pending, dtype=torch.int64, device=proposals.device)
        others = torch.cat([known, proposals])
        left, right = self.rows.factors(proposals), self.rows.factors(others)
        squares = pairwise(self.rows, left, right).double()
        squares = squares.masked_fill(proposals[:, None] == others, 0).cpu()
        fresh = stale
        if len(pending):
            fresh = fresh.minimum(squares[:, : len(pending)].amin(dim=1))
        between = squares[:, len(pending) :]
        thresholds = self._uniform() * stale
        accepted = []
        for turn, position in enumerate(proposals.tolist()):
            if len(pending) + len(accepted) == most:
                break
            if thresholds[turn] < fresh[turn]:
                accepted.append(position)
                fresh = fresh.minimum(between[:, turn])
            else:
                self.n_rejections += 1
        return accepted

    def _uniform(self):
        return torch.rand(
            self.n_proposals, dtype=torch.float64, generator=self.generator
        )


def _first_centre(rows, init, generator):
    if isinstance(init, str):
        if init == "uniform":
            return int(torch.randint(len(rows), (1,), generator=generator))
        if init == "max_norm":
            return int(_norms_from_origin(rows).argmax())
    elif isinstance(init, int) and not isinstance(init, bool) and 0 <= init < len(rows):
        return init
    raise ValueError(
        "init must be 'max_norm', 'uniform' or a position in "
        f"[0, {len(rows)}). Got {init!r}."
    )


def _norms_from_origin(rows):
    return rows.norms if rows.shift is None else rows.z.square().sum(dim=1)
