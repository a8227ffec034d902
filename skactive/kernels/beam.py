"""
Beam search of core-sets: several greedy covers at a time, the most doubtful stay.

Greedy k-centre keeps one configuration of centres. Here each of several configurations
is expanded by its farthest rows, and of the distinct sets those stay whose rows the
model doubts most. The distances to all new centres are one matrix product a block.
"""

import math
from dataclasses import dataclass
from numbers import Integral
from typing import NamedTuple

import torch

from skactive.kernels.distances import Rows, blocks, pairwise
from skactive.kernels.precision import full_precision
from skactive.kernels.shared import check_per_row

BITS = 110
"""Sums of log doubts are kept as whole multiples of 2⁻¹¹⁰, so that they are exact."""


@dataclass(frozen=True)
class Beam:
    """
    What a beam search chose.

    Parameters
    ----------
    positions : torch.Tensor of shape (n,), int64, on the CPU
        Distinct positions in the order chosen.
    uncertainty : float
        U of these rows (equation 5), in nats; larger is less confident.
    radii : torch.Tensor of shape (n,), float64, on the CPU
        The largest (weighted) distance of a row to the nearest chosen or labelled one,
        after each pick.
    n_passes : int
        Passes over the pool.
    """

    positions: torch.Tensor
    uncertainty: float
    radii: torch.Tensor
    n_passes: int


@full_precision()
def beam_search(z, n, *, doubt, width, nearest_labeled=None, weights=None, a=None):
    """
    Choose n rows by a beam search of greedy core-sets.

    Each of at most `width` configurations is expanded by its `width` farthest rows; of
    the distinct sets the `width` with the largest U(s), the mean of −ln(1 − I(x)) over
    x in s, stay. The result is the first.

    Parameters
    ----------
    z : torch.Tensor of shape (n_rows, d), float32 or float64
        Embeddings.
    n : int
        How many rows to choose, 1 <= n <= n_rows.
    doubt : torch.Tensor of shape (n_rows,)
        The doubt I = 1 − max p of each row, unscaled, in [0, 1).
    width : int
        How many configurations are kept, >= 1; 1 is `k_center_greedy`.
    nearest_labeled : torch.Tensor of shape (n_rows,) or None, default=None
        Squared distances to the nearest labelled row, of `nearest_labeled_distance`;
        None starts from the row of largest norm.
    weights : torch.Tensor of shape (n_rows,) or None, default=None
        Factors >= 0 of the distances: None, or the doubt (equation 2).
    a : torch.Tensor of shape (n_rows, K) or None, default=None
        The other factor of gradient embeddings a ⊗ z.

    Returns
    -------
    Beam
        The positions, their uncertainty, and the radius after each.

    Raises
    ------
    ValueError
        The arguments are out of range or do not fit together, a doubt is 1 (its
        logarithm is infinite), or squared distances overflow.

    Notes
    -----
    "Doubt-weighted core-sets" (under review for ICLR 2022), equations 2 and 5. U covers
    the new picks only. Among equally far rows the smallest position comes first. Among
    sets of equal U comes first that of the earlier configuration, then that of the
    farther row; two configurations with the same members are one, in the first's order.
    U is summed exactly, so that no tie hangs on the order of the picks.

    Costs 2 n_rows n width (d + K) flops as matrix products, and width × n_rows numbers
    of memory besides one block of 4096 × (d + K + a few width).
    """
    rows = Rows(z, a)
    _check(rows, n, doubt, width)
    costs = -torch.log1p(-doubt.detach().double().cpu())
    front = _Front(rows, width, nearest_labeled, weights)
    beam, history = [_Configuration(frozenset(), 0)], []
    offered = front.start()
    while len(history) < n:
        last = len(history) == n - 1
        beam, parents, picked = _stay(beam, offered, costs, 1 if last else width)
        offered, heights = front.fold(parents, picked)
        history.append((parents, picked, heights))
    positions, radii = _trace(history)
    uncertainty = beam[0].total / (int(n) << BITS)
    return Beam(positions, uncertainty, radii, n_passes=n)


class _Configuration(NamedTuple):
    """A set of picks, and Σ −ln(1 − I) over it in multiples of 2⁻¹¹⁰."""

    members: frozenset
    total: int


def _stay(beam, offered, costs, width):
    """Give the best distinct sets, the parents they come from and their new rows."""
    turns = [
        (parent, position, beam[parent].total + int(math.ldexp(cost, BITS)))
        for parent, positions in enumerate(offered)
        for position, cost in zip(positions, costs[positions].tolist(), strict=True)
    ]
    turns.sort(key=lambda turn: -turn[2])  # stable: ties stay in the order offered
    best = {}
    for parent, position, total in turns:
        if len(best) == width:
            break
        members = beam[parent].members | {position}
        best.setdefault(members, (parent, position, total))
    parents, picked, totals = zip(*best.values(), strict=True)
    kept = [_Configuration(*both) for both in zip(best, totals, strict=True)]
    return kept, list(parents), list(picked)


class _Front:
    """Each configuration's (weighted) squared distances; −1 marks its members."""

    def __init__(self, rows, width, nearest_labeled, weights):
        self.rows, self.width = rows, width
        self.weights = None
        if weights is not None:
            self.weights = check_per_row(rows, "weights", weights).square()
        if nearest_labeled is not None:
            nearest_labeled = check_per_row(rows, "nearest_labeled", nearest_labeled)
        _check_range(rows, nearest_labeled, self.weights)
        self.values = rows.norms.new_empty((width, len(rows)))
        self.is_bare = nearest_labeled is None
        self.values[0] = (
            torch.inf if self.is_bare else self._weighted(nearest_labeled, slice(None))
        )

    def start(self):
        """Give the rows that the empty configuration offers."""
        if self.is_bare:
            return [[self.rows.longest()[1]]]
        best = _Farthest(self.width)
        for block in blocks(len(self.rows)):
            best.see(self.values[:1, block], block.start)
        return best.positions()

    def fold(self, parents, picked):
        """Make the next configurations; give the rows they offer, and their heights."""
        device = self.values.device
        parents = torch.tensor(parents, device=device)
        at = torch.tensor(picked, device=device)
        distinct, which = at.unique(return_inverse=True)
        centres = self.rows.factors(distinct)
        best = _Farthest(self.width)
        for block in blocks(len(self.rows)):
            # Block by block in place: a parent's later columns are still its own.
            squares = pairwise(self.rows.factors(block), centres).T
            new = self._weighted(squares, block)[which]
            values = torch.minimum(self.values[parents, block], new)
            inside = ((at >= block.start) & (at < block.stop)).nonzero()[:, 0]
            values[inside, at[inside] - block.start] = -1
            self.values[: len(at), block] = values
            best.see(values, block.start)
        return best.positions(), best.heights()

    def _weighted(self, squares, block):
        return squares if self.weights is None else squares * self.weights[block]


class _Farthest:
    """The largest values of each configuration, block after block."""

    def __init__(self, width):
        self.width, self.values, self.at = width, None, None

    def see(self, values, start):
        at = _largest(values, self.width)
        values, at = values.gather(1, at), at + start
        if self.at is not None:
            values = torch.cat([self.values, values], dim=1)
            at = torch.cat([self.at, at], dim=1)
        # Stable: equal values stay in the order of their positions.
        values, order = values.sort(dim=1, descending=True, stable=True)
        self.values = values[:, : self.width]
        self.at = at.gather(1, order[:, : self.width])

    def positions(self):
        """Give each configuration's free rows, the farthest first."""
        free = (self.values >= 0).sum(dim=1).tolist()
        return [at[:m] for at, m in zip(self.at.tolist(), free, strict=True)]

    def heights(self):
        return self.values[:, 0].double().clamp(min=0).tolist()


def _largest(values, width):
    """Give the columns of each row's largest values, ascending; ties to the first."""
    width = min(width, values.shape[1])
    threshold = values.topk(width, dim=1).values[:, -1:]
    above, equal = values > threshold, values == threshold
    vacant = width - above.sum(dim=1, keepdim=True)
    inside = above | (equal & (equal.cumsum(dim=1) <= vacant))
    return inside.nonzero()[:, 1].view(len(values), width)


def _trace(history):
    """Follow the first configuration back to its start."""
    positions, heights, turn = [], [], 0
    for parents, picked, tops in reversed(history):
        positions.append(picked[turn])
        heights.append(tops[turn])
        turn = parents[turn]
    radii = torch.tensor(heights[::-1], dtype=torch.float64).sqrt()
    return torch.tensor(positions[::-1]), radii


def _check(rows, n, doubt, width):
    if not isinstance(n, Integral) or not 1 <= n <= len(rows):
        raise ValueError(
            f"n must be a whole number in [1, {len(rows)}], the number of rows. Got "
            f"{n}."
        )
    if not isinstance(width, Integral) or width < 1:
        raise ValueError(
            f"width must be a whole number >= 1, how many configurations are kept. Got "
            f"{width}; 1 is the greedy core-set, the paper has 10 to 20."
        )
    check_per_row(rows, "doubt", doubt)
    if bool((doubt >= 1).any()):
        raise ValueError(
            "doubt must lie in [0, 1): the uncertainty takes ln(1 - doubt). Got "
            f"{float(doubt.max()):.3g} at position {int(doubt.argmax())}. Pass "
            "1 - max p, which is at most 1 - 1/K with K classes."
        )


def _check_range(rows, nearest_labeled, weights):
    """Refuse what would make a value infinite: infinity times 0 has no place."""
    largest = 4 * rows.norms.max()
    if nearest_labeled is not None:
        largest = torch.maximum(largest, nearest_labeled.max())
    if weights is not None:
        largest = largest * weights.max()
    if not bool(torch.isfinite(largest)):
        raise ValueError(
            "The weighted squared distances must be finite numbers of "
            f"{rows.norms.dtype}. Got up to {float(largest):.3g}, from "
            "4 times the largest squared norm of z, nearest_labeled and weights². "
            "Scale z or pass float64; where nothing is labelled pass "
            "nearest_labeled=None."
        )
