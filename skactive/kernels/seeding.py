"""
D² sampling (k-means++ seeding), exact, at matrix-product speed.

A pass over the pool for each centre is bound by memory bandwidth. D² only falls as
centres are added, so a stale D² bounds the new one from above: propose points from the
stale law, accept each with probability D²_new / D²_stale, and the accepted point
follows the exact law. Accepted centres are folded in by one matrix product.
"""

from dataclasses import dataclass

import torch

from skactive.kernels.distances import BLOCK, blocks, nearest, pairwise, workspace
from skactive.kernels.parts import (
    Part,
    Whole,
    begin,
    give,
    in_turn,
    joined,
    longest,
    take,
)
from skactive.kernels.precision import full_precision
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


@full_precision()
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
    pool = Whole(SeedingPart(z, a))
    return seed(
        pool, n, init=init, generator=generator, width=width, n_proposals=n_proposals
    )


@full_precision()
def seed(pool, n, *, init="max_norm", generator=None, width=64, n_proposals=64):
    """
    Choose n rows of a pool in parts by k-means++ seeding.

    Parameters
    ----------
    pool : Whole or alike
        Parts that are `SeedingPart`.
    n : int
        How many rows to choose, 1 <= n <= n_rows.
    init : {"max_norm", "uniform"} or int, default="max_norm"
        The first centre, as for `kmeans_plusplus`.
    generator : torch.Generator or None, default=None
        On the CPU; None is a fresh one.
    width : int, default=64
        Centres folded in together.
    n_proposals : int, default=64
        Proposals drawn together.

    Returns
    -------
    Seeding
        The same as of `kmeans_plusplus`, however many parts there are.

    Notes
    -----
    A round sends d + K numbers for each centre and gets one number for each block of
    4,096 rows; another sends the proposals and gets their d + K numbers each.
    """
    if not 1 <= n <= pool.n_rows:
        raise ValueError(
            f"n must lie in [1, {pool.n_rows}], the number of rows. Got {n}."
        )
    generator = given_or_fresh(generator)
    begin(pool)
    chosen = [_first_centre(pool, init, generator)]
    law = _StaleLaw(pool, generator, n_proposals)
    positions, centres = chosen, give(pool, chosen)
    while len(chosen) < n:
        law.fold(positions, centres)
        if law.total == 0:
            break
        positions, centres = law.accept(min(width, n - len(chosen)))
        chosen = chosen + positions
    filled = fill_uniformly(chosen, n, pool.n_rows, generator)
    return Seeding(
        torch.tensor(chosen + filled), law.n_passes, law.n_rejections, len(filled)
    )


class SeedingPart(Part):
    """
    Some rows of a pool, and their D² as of the last pass.

    Parameters
    ----------
    z : torch.Tensor of shape (m, d), float16, float32 or float64
        Embeddings.
    a : torch.Tensor of shape (m, K) or None, default=None
        The other factor.
    start : int, default=0
        Position of the first row in the pool.
    """

    def begin(self, shift):
        """
        Get ready to measure.

        Parameters
        ----------
        shift : torch.Tensor of shape (d,) or None
            Where plain rows are measured from.
        """
        super().begin(shift)
        # Cells as rows; the last are padded with zeros, which are never drawn.
        size = min(CELL, len(self))
        n_cells = -(-len(self) // size)
        if len(self) > BLOCK:
            n_cells = -(-n_cells // (BLOCK // CELL)) * (BLOCK // CELL)
        self.squares = self.rows.norms.new_zeros(n_cells, size)
        self.flat = self.squares.view(-1)[: len(self)]
        self.flat.fill_(torch.inf)

    def fold(self, positions, centres):
        """
        Bring D² up to date.

        Parameters
        ----------
        positions : torch.Tensor of shape (c,), int64
            The new centres.
        centres : Factors
            Their rows.

        Returns
        -------
        torch.Tensor of shape (n_blocks,), float64, on the CPU
            The sum of D² over each block of 4,096 rows.
        """
        work = workspace(self.rows, len(positions))
        for block in blocks(len(self)):
            new = nearest(self.rows.factors(block), centres, work)
            torch.minimum(self.flat[block], new, out=self.flat[block])
        self.flat[self.here(positions)[1]] = 0
        masses = self.squares.sum(dim=1, dtype=torch.float64).cpu()
        self.masses = masses.view(-1, min(BLOCK // CELL, len(masses)))
        return self.masses.sum(dim=1)

    def draw(self, chosen, rest):
        """
        Find the rows where cumulated D² passes given values.

        Parameters
        ----------
        chosen : torch.Tensor of shape (m,), int64
            Blocks of the pool.
        rest : torch.Tensor of shape (m,), float64
            Cumulated D² in each.

        Returns
        -------
        turns : torch.Tensor of shape (c,), int64
            Which of the m are here.
        positions : torch.Tensor of shape (c,), int64
            The rows.
        stale : torch.Tensor of shape (c,), float64
            Their D².
        factors : Factors
            The rows.
        """
        chosen = chosen - self.start // BLOCK
        turns = ((chosen >= 0) & (chosen < len(self.masses))).nonzero()[:, 0]
        chosen, rest = chosen[turns], rest[turns]
        cell, rest = _passes(self.masses[chosen], rest)
        cell = chosen * self.masses.shape[1] + cell
        cell, rest = cell.to(self.flat.device), rest.to(self.flat.device)
        column, _ = _passes(self.squares[cell].double(), rest)
        at = cell * self.squares.shape[1] + column
        stale = self.flat[at].double().cpu()
        return turns, (at + self.start).cpu(), stale, self.rows.factors(at)


def _passes(masses, rest):
    """Give, for each row, the column where its running sum passes, and what is left."""
    ends = masses.cumsum(dim=1)
    # Rounding must not run past the last column with any mass.
    rest = rest.clamp(min=0).minimum(ends[:, -1] * (1 - 1e-15))
    column = torch.searchsorted(ends, rest[:, None], right=True)
    column = column.clamp_(max=masses.shape[1] - 1)
    before = ends.gather(1, column) - masses.gather(1, column)
    return column[:, 0], rest - before[:, 0]


class _StaleLaw:
    """The law ∝ D² as of the last pass, from which points are proposed."""

    def __init__(self, pool, generator, n_proposals):
        self.pool, self.generator, self.n_proposals = pool, generator, n_proposals
        self.n_passes = self.n_rejections = 0

    def fold(self, positions, centres):
        """Bring D² up to date; sums in float64, block by block."""
        self.masses = torch.cat(
            self.pool.tell("fold", torch.tensor(positions), centres)
        )
        self.total = float(self.masses.sum())
        self.n_passes += 1

    def accept(self, most):
        """Propose until enough are accepted, or most proposals are turned down."""
        accepted, rows, tried = [], None, 0
        while len(accepted) < most and tried < 4 * most + self.n_proposals:
            proposals, stale, factors = self._propose()
            new = self._judge(proposals, stale, factors, accepted, rows, most)
            if new:
                some = take(factors, torch.tensor(new, device=factors.z.device))
                rows = some if rows is None else joined(rows, some)
                accepted += [int(proposals[turn]) for turn in new]
            tried += self.n_proposals
        return accepted, rows

    def _propose(self):
        """Draw from the stale law: a block, then a row in it."""
        u = self._uniform() * self.total
        ends = self.masses.cumsum(dim=0)
        block = torch.searchsorted(ends, u, right=True).clamp_(max=len(ends) - 1)
        block = torch.where(self.masses[block] > 0, block, self.masses.argmax())
        rest = u - (ends - self.masses)[block]
        turns, *found = zip(*self.pool.ask("draw", block, rest), strict=True)
        return [in_turn(turns, pieces) for pieces in found]

    def _judge(self, proposals, stale, factors, pending, rows, most):
        """Accept in turn with probability D²_new / D²_stale; give the turns."""
        others = torch.cat([torch.tensor(pending, dtype=torch.int64), proposals])
        right = factors if rows is None else joined(rows, factors)
        squares = pairwise(factors, right).double().cpu()
        squares = squares.masked_fill(proposals[:, None] == others, 0)
        fresh = stale
        if len(pending):
            fresh = fresh.minimum(squares[:, : len(pending)].amin(dim=1))
        between = squares[:, len(pending) :]
        thresholds = self._uniform() * stale
        accepted = []
        for turn in range(len(proposals)):
            if len(pending) + len(accepted) == most:
                break
            if thresholds[turn] < fresh[turn]:
                accepted.append(turn)
                fresh = fresh.minimum(between[:, turn])
            else:
                self.n_rejections += 1
        return accepted

    def _uniform(self):
        return torch.rand(
            self.n_proposals, dtype=torch.float64, generator=self.generator
        )


def _first_centre(pool, init, generator):
    if isinstance(init, str):
        if init == "uniform":
            return int(torch.randint(pool.n_rows, (1,), generator=generator))
        if init == "max_norm":
            return longest(pool)
    elif isinstance(init, int) and not isinstance(init, bool):
        if 0 <= init < pool.n_rows:
            return init
    raise ValueError(
        "init must be 'max_norm', 'uniform' or a position in "
        f"[0, {pool.n_rows}). Got {init!r}."
    )
