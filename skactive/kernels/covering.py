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
from skactive.kernels.parts import (
    Part,
    Whole,
    begin,
    give,
    longest,
    take,
)
from skactive.kernels.precision import full_precision
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


@full_precision()
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


@full_precision()
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
    pool = Whole(CoveringPart(z, a, weights=weights, squares=nearest_labeled))
    return cover(pool, n, head=head, is_bare=nearest_labeled is None)


@full_precision()
def cover(pool, n, *, z_labeled=None, is_bare=None, head=1024):
    """
    Choose n rows of a pool in parts by greedy k-centre.

    Parameters
    ----------
    pool : Whole or alike
        Parts that are `CoveringPart`.
    n : int
        How many rows to choose, 1 <= n <= n_rows.
    z_labeled : torch.Tensor of shape (n_labeled, d) or None, default=None
        Embeddings of the labelled rows.
    is_bare : bool or None, default=None
        Whether to start from the row of largest norm; None where nothing is labelled.
    head : int, default=1024
        Rows kept up to date after each pick.

    Returns
    -------
    Covering
        The same as of `k_center_greedy`, however many parts there are.

    Notes
    -----
    A round sends d + K numbers for each centre and gets the head's positions and
    distances from each part; another gets the rows of the head.
    """
    if not 1 <= n <= pool.n_rows:
        raise ValueError(
            f"n must lie in [1, {pool.n_rows}], the number of rows. Got {n}."
        )
    begin(pool)
    if z_labeled is not None and len(z_labeled):
        pool.tell("cover", z_labeled)
    elif is_bare is None:
        is_bare = True
    queue = _Queue(pool, head)
    chosen, heights, positions, centres = [], [], [], None
    if is_bare:
        chosen = positions = [longest(pool)]
        centres = give(pool, chosen)
    while len(chosen) < n:
        queue.fold(positions, centres)
        positions, values, centres = queue.take(n - len(chosen))
        chosen, heights = chosen + positions, heights + values
    queue.fold(positions, centres)
    heights = [*heights[len(heights) - n + 1 :], queue.height]
    radii = torch.tensor(heights, dtype=torch.float64).sqrt()
    return Covering(torch.tensor(chosen), radii, queue.n_passes)


class CoveringPart(Part):
    """
    Some rows of a pool, and how far each is from the centres.

    Parameters
    ----------
    z : torch.Tensor of shape (m, d), float16, float32 or float64
        Embeddings.
    a : torch.Tensor of shape (m, K) or None, default=None
        The other factor.
    start : int, default=0
        Position of the first row in the pool.
    weights : torch.Tensor of shape (m,) or None, default=None
        Factors >= 0 of the distances.
    squares : torch.Tensor of shape (m,) or None, default=None
        Squared distances to the nearest labelled row, where they are known.
    """

    def __init__(self, z, a=None, start=0, *, weights=None, squares=None):
        super().__init__(z, a, start)
        self.weights, self.squares = weights, squares

    def begin(self, shift):
        """
        Get ready to measure.

        Parameters
        ----------
        shift : torch.Tensor of shape (d,) or None
            Where plain rows are measured from.
        """
        super().begin(shift)
        rows, weights = self.rows, self.weights
        self.free = torch.ones(len(rows), dtype=torch.bool, device=rows.z.device)
        if weights is not None:
            self.weights = check_per_row(rows, "weights", weights).square()
        if self.squares is None:
            self.squares = torch.full_like(rows.norms, torch.inf)
        else:
            squares = check_per_row(rows, "nearest_labeled", self.squares)
            self.squares = squares.clone()

    def cover(self, z_labeled):
        """
        Measure the distances to the labelled rows.

        Parameters
        ----------
        z_labeled : torch.Tensor of shape (n_labeled, d)
            Their embeddings.
        """
        self.squares = _nearest_labeled(self.rows, z_labeled, None)

    def fold(self, positions, centres, head):
        """
        Bring all distances up to date.

        Parameters
        ----------
        positions : torch.Tensor of shape (c,), int64
            The new centres.
        centres : Factors or None
            Their rows; None where there are none.
        head : int
            How many rows to tell about.

        Returns
        -------
        values : torch.Tensor of shape (h,)
            The (weighted) squared distances of the farthest rows; -1 where chosen.
        positions : torch.Tensor of shape (h,), int64
            Their positions, ascending.
        weights : torch.Tensor of shape (h,) or None
            The squares of their weights.
        height : float
            The largest (weighted) squared distance of all rows.
        """
        if centres is not None:
            fold_centres(self.rows, self.squares, centres)
            at = self.here(positions)[1]
            self.free[at] = False
            self.squares[at] = 0
        values = self.squares
        if self.weights is not None:
            values = values * self.weights
        height = float(values.max())
        # Below every distance: a chosen row comes back only if nothing else is left.
        values = values.masked_fill(~self.free, -1)
        at = cut_head(values, head)[0]
        weights = None if self.weights is None else self.weights[at]
        return values[at], at + self.start, weights, height


class _Queue:
    """The rows by (weighted) squared distance: a fresh head, a stale rest."""

    def __init__(self, pool, head):
        self.pool, self.head, self.n_passes = pool, head, 0

    def fold(self, positions, centres):
        """Bring all distances up to date; each part tells of the rows that lead."""
        # One more than the head: the first one outside bounds all others.
        answers = self.pool.tell(
            "fold", torch.tensor(positions, dtype=torch.int64), centres, self.head + 1
        )
        values, at, weights, heights = zip(*answers, strict=True)
        self.values, self.at = torch.cat(values), torch.cat(at)
        self.weights = None if weights[0] is None else torch.cat(weights)
        self.height = max(heights)
        self.n_passes += centres is not None

    def take(self, most):
        """Pick while the head's best beats every stale bound."""
        inside, bound, first_outside = cut_head(self.values, self.head)
        first_outside = int(self.at[first_outside])
        at, fresh = self.at[inside], self.values[inside]
        weights = None if self.weights is None else self.weights[inside]
        factors = give(self.pool, at)
        picked, heights, turns = [], [], []
        while len(picked) < most:
            best = fresh.max()
            turn = int((fresh == best).nonzero()[0])
            position, height = int(at[turn]), float(best)
            beats = height > bound or (height == bound and position < first_outside)
            if height < 0 or not beats:
                break
            picked.append(position)
            heights.append(height)
            turns.append(turn)
            new = pairwise(factors, take(factors, slice(turn, turn + 1)))[:, 0]
            fresh = torch.minimum(fresh, new if weights is None else new * weights)
            fresh[turn] = -1
        if len(picked) < 16:
            self.head *= 2
        turns = torch.tensor(turns, dtype=torch.int64, device=factors.z.device)
        return picked, heights, take(factors, turns) if picked else None


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
            right = take(centres, some)
            torch.minimum(
                squares[block], nearest(left, right, work), out=squares[block]
            )


def _nearest_labeled(rows, z_labeled, a_labeled):
    squares = torch.full_like(rows.norms, torch.inf)
    for some in blocks(len(z_labeled)):
        a = None if a_labeled is None else a_labeled[some]
        fold_centres(rows, squares, rows.like(z_labeled[some], a))
    return squares
