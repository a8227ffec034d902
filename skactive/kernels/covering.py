"""
Core-sets: choose rows so that every row is near a chosen one.

Greedy k-centre takes the row farthest from all chosen ones. Minimum distances only
fall, so a stale value is an upper bound: only the head of the queue is brought up to
date after each pick, and the whole pool by one matrix product when the head is used up.
"""

from dataclasses import dataclass

import torch

from skactive.kernels.distances import (
    BLOCK,
    Rows,
    blocks,
    nearest,
    pairwise,
    workspace,
)
from skactive.kernels.shared import check_per_row, cut_head


@dataclass(frozen=True)
class Covering:
    """
    What a greedy core-set chose.

    Parameters
    ----------
    positions : torch.Tensor of shape (n,), int64, on the CPU
        Distinct positions in the order chosen.
    radii : torch.Tensor of shape (n,), float64, on the CPU
        The largest (weighted) distance of a row to the nearest chosen or labelled one,
        after each pick.
    n_passes : int
        Passes over the pool.
    """

    positions: torch.Tensor
    radii: torch.Tensor
    n_passes: int


def nearest_labeled_distance(z, z_labeled, *, a=None, a_labeled=None):
    """
    Measure the squared distance of each row to the nearest labelled one.

    Parameters
    ----------
    z : torch.Tensor of shape (n, d), float32 or float64
        Embeddings of the pool.
    z_labeled : torch.Tensor of shape (n_labeled, d), same dtype
        Embeddings of the labelled rows.
    a : torch.Tensor of shape (n, K) or None, default=None
        The other factor of gradient embeddings a ⊗ z.
    a_labeled : torch.Tensor of shape (n_labeled, K) or None, default=None
        The other factor of the labelled rows.

    Returns
    -------
    torch.Tensor of shape (n,)
        Squared distances; infinite where nothing is labelled.

    Notes
    -----
    Algorithm 3 of the core-set paper: never more than 4,096 × 4,096 distances in
    memory. Costs 2 n n_labeled (d + K) flops as matrix products.
    """
    return _nearest_labeled(Rows(z, a), z_labeled, a_labeled)


def k_center_greedy(z, n, *, a=None, nearest_labeled=None, weights=None, head=1024):
    """
    Choose n rows by greedy k-centre (farthest first), lazily and exactly.

    Parameters
    ----------
    z : torch.Tensor of shape (n_rows, d), float32 or float64
        Embeddings.
    n : int
        How many rows to choose, 1 <= n <= n_rows.
    a : torch.Tensor of shape (n_rows, K) or None, default=None
        The other factor of gradient embeddings a ⊗ z.
    nearest_labeled : torch.Tensor of shape (n_rows,) or None, default=None
        Squared distances to the nearest labelled row, of `nearest_labeled_distance`;
        None starts from the row of largest norm.
    weights : torch.Tensor of shape (n_rows,) or None, default=None
        Factors >= 0 of the distances: the doubt of each row (equation 2).
    head : int, default=1024
        Rows kept up to date after each pick.

    Returns
    -------
    Covering
        The positions, and the radius after each.

    Raises
    ------
    ValueError
        The arguments are out of range or do not fit together.

    Notes
    -----
    Gonzalez 1985; Sener and Savarese 2018, Algorithm 1. Ties go to the smallest
    position; rows already chosen come last. Costs 2 n_rows n (d + K) flops as matrix
    products and n_rows + 4096 × head numbers of memory.
    """
    rows = Rows(z, a)
    queue = _Queue(rows, n, nearest_labeled, weights, head)
    chosen, heights, pending = [], [], []
    if nearest_labeled is None:
        chosen = pending = [
            int(z.square().sum(dim=1).argmax())
            if a is None
            else int(rows.norms.argmax())
        ]
    while len(chosen) < n:
        queue.fold(pending)
        pending, values = queue.take(n - len(chosen))
        chosen, heights = chosen + pending, heights + values
    queue.fold(pending)
    heights = [*heights[len(heights) - n + 1 :], queue.height()]
    radii = torch.tensor(heights, dtype=torch.float64).sqrt()
    return Covering(torch.tensor(chosen), radii, queue.n_passes)


class _Queue:
    """The rows by (weighted) squared distance: a fresh head, a stale rest."""

    def __init__(self, rows, n, nearest_labeled, weights, head):
        if not 1 <= n <= len(rows):
            raise ValueError(
                f"n must lie in [1, {len(rows)}], the number of rows. Got {n}."
            )
        self.rows, self.head, self.n_passes = rows, head, 0
        self.squares = (
            torch.full_like(rows.norms, torch.inf)
            if nearest_labeled is None
            else check_per_row(rows, "nearest_labeled", nearest_labeled).clone()
        )
        self.weights = (
            None
            if weights is None
            else check_per_row(rows, "weights", weights).square()
        )
        self.free = torch.ones(len(rows), dtype=torch.bool, device=rows.z.device)

    def fold(self, centres):
        """Bring all distances up to date."""
        if centres:
            at = torch.tensor(centres, device=self.squares.device)
            fold_centres(self.rows, self.squares, self.rows.factors(at))
            self.free[at] = False
            self.squares[at] = 0
            self.n_passes += 1

    def values(self, at=slice(None)):
        squares = self.squares[at]
        if self.weights is not None:
            squares = squares * self.weights[at]
        # Below every distance: a chosen row comes back only if nothing else is left.
        return squares.masked_fill(~self.free[at], -1)

    def height(self):
        squares = self.squares if self.weights is None else self.squares * self.weights
        return float(squares.max())

    def take(self, most):
        """Pick while the head's best beats every stale bound."""
        values = self.values()
        at, bound, first_outside = cut_head(values, self.head)
        fresh, factors = values[at], self.rows.factors(at)
        weights = None if self.weights is None else self.weights[at]
        picked, heights = [], []
        while len(picked) < most:
            best = fresh.max()
            turn = int((fresh == best).nonzero()[0])
            position, height = int(at[turn]), float(best)
            beats = height > bound or (height == bound and position < first_outside)
            if height < 0 or not beats:
                break
            picked.append(position)
            heights.append(height)
            centre = type(factors)(
                *(f if f is None else f[turn : turn + 1] for f in factors)
            )
            new = pairwise(self.rows, factors, centre)[:, 0]
            fresh = torch.minimum(fresh, new if weights is None else new * weights)
            fresh[turn] = -1
        if len(picked) < 16:
            self.head *= 2
        return picked, heights


def fold_centres(rows, squares, centres):
    """
    Lower squared distances to those of new centres, in place.

    Parameters
    ----------
    rows : Rows
        The pool.
    squares : torch.Tensor of shape (n_rows,)
        Squared distances to the centres so far; changed.
    centres : Factors
        The new centres.
    """
    work = workspace(rows, min(BLOCK, len(centres.z)))
    for block in blocks(len(rows)):
        left = rows.factors(block)
        for some in blocks(len(centres.z)):
            right = type(centres)(*(f if f is None else f[some] for f in centres))
            torch.minimum(
                squares[block], nearest(rows, left, right, work), out=squares[block]
            )


def _nearest_labeled(rows, z_labeled, a_labeled):
    squares = torch.full_like(rows.norms, torch.inf)
    for some in blocks(len(z_labeled)):
        a = None if a_labeled is None else a_labeled[some]
        fold_centres(rows, squares, rows.like(z_labeled[some], a))
    return squares
