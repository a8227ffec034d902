"""
The smallest radius at which n rows cover a small pool: what greedy is held against.

The optimum is one of the distances. A bisection asks at each: do n rows cover the pool
within it? Each question is a 0/1 program, answered by HiGHS.
"""

import time
from dataclasses import dataclass
from numbers import Integral

import numpy as np
import torch
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from skactive.kernels.covering import k_center_greedy
from skactive.kernels.distances import Rows, blocks
from skactive.kernels.precision import full_precision

LARGEST_POOL = 1000
"""More rows than this are refused: the programs are NP-hard, n_rows² entries each."""


@dataclass(frozen=True)
class OptimalCovering:
    """
    A best core-set.

    Parameters
    ----------
    positions : torch.Tensor of shape (n,), int64, on the CPU
        Distinct positions, ascending: an optimum has no order. There may be others.
    radius : float
        The largest distance of a row to the nearest chosen or labelled one; no n rows
        have a smaller one.
    n_programs : int
        The 0/1 programs solved; 0 where bounds alone settle it.
    """

    positions: torch.Tensor
    radius: float
    n_programs: int


@full_precision()
def optimal_radius(z, n, *, z_labeled=None, time_limit=None):
    """
    Choose n rows that, with the labelled ones, cover the pool at the smallest radius.

    Parameters
    ----------
    z : torch.Tensor of shape (n_rows, d), float32 or float64
        Embeddings of the pool, at most 1,000 rows.
    n : int
        How many rows to choose, 1 <= n <= n_rows.
    z_labeled : torch.Tensor of shape (n_labeled, d) or None, default=None
        Embeddings of the labelled rows, in the dtype of z.
    time_limit : float or None, default=None
        Seconds > 0 for all programs together; None waits as long as it takes.

    Returns
    -------
    OptimalCovering
        The positions and their radius.

    Raises
    ------
    ValueError
        The arguments are out of range or do not fit together, the pool is too large,
        or a distance overflows.
    RuntimeError
        HiGHS reached the time limit, or failed. No answer is given then.

    Notes
    -----
    Sener and Savarese 2018, section 4.2 and their feasibility program, without
    outliers. Distances are plain differences in float64 on the CPU. The greedy radius
    is the upper bound. Its picks and the row farthest from them are n + 1 rows of which
    two must share a centre, so half their smallest distance is the lower one: half the
    greedy radius, or more.

    Costs n_rows² d flops and at most log₂(n_rows²) programs of n_rows variables,
    exponential in the worst case; a few n_rows² numbers of memory. From some 500 rows
    on this can take minutes or more: pass time_limit.
    """
    _check(z, n, z_labeled, time_limit)
    problem = _Problem(z, z_labeled)
    best = k_center_greedy(
        problem.z, n, nearest_labeled=problem.labeled_squares
    ).positions.numpy()
    radii = problem.radii_between(problem.lower_bound(best), problem.radius(best))
    end = None if time_limit is None else time.monotonic() + time_limit
    low, high, n_programs = 0, len(radii) - 1, 0
    while low < high:
        middle = (low + high) // 2
        found = problem.cover(radii[middle], n, end, radii[[low, high]])
        n_programs += 1
        if found is None:
            low = middle + 1
        else:
            best, high = found, int(np.searchsorted(radii, problem.radius(found)))
    positions = torch.tensor(np.sort(best), dtype=torch.int64)
    return OptimalCovering(positions, float(problem.radius(best)), n_programs)


class _Problem:
    """The distances, and the question asked of them."""

    def __init__(self, z, z_labeled):
        self.z = z.detach().double().cpu()
        self.distances = _distances(self.z, self.z)
        self.labeled, self.labeled_squares = np.full(len(z), np.inf), None
        if z_labeled is not None and len(z_labeled):
            z_labeled = z_labeled.detach().double().cpu()
            for block in blocks(len(z_labeled)):
                new = _distances(self.z, z_labeled[block]).min(axis=1)
                self.labeled = np.minimum(self.labeled, new)
            self.labeled_squares = torch.from_numpy(self.labeled).square()

    def to_nearest(self, positions):
        return np.minimum(self.labeled, self.distances[:, positions].min(axis=1))

    def radius(self, positions):
        return self.to_nearest(positions).max()

    def lower_bound(self, positions):
        """Give half the smallest distance of n + 1 rows, each other and labelled."""
        rows = np.append(positions, self.to_nearest(positions).argmax())
        between = self.distances[np.ix_(rows, rows)]
        np.fill_diagonal(between, np.inf)
        # The triangle inequality holds up to rounding.
        return min(between.min(), self.labeled[rows].min()) / 2 * (1 - 1e-9)

    def radii_between(self, low, high):
        radii = np.unique(np.append(self.distances, self.labeled))
        return radii[(radii >= low) & (radii <= high)]

    def cover(self, radius, n, end, bounds):
        """Give n rows that cover the pool within the radius; None if there are none."""
        within = self.distances <= radius
        needed = csr_array(within[self.labeled > radius].astype(float))
        n_rows = len(within)
        answer = milp(
            np.zeros(n_rows),
            integrality=np.ones(n_rows),
            bounds=Bounds(0, 1),
            constraints=[
                LinearConstraint(needed, lb=1),
                LinearConstraint(np.ones((1, n_rows)), lb=n, ub=n),
            ],
            options={} if end is None else {"time_limit": _left(end)},
        )
        if answer.status == 2:
            return None
        found = None if answer.x is None else np.flatnonzero(answer.x > 0.5)
        if found is None or len(found) != n or self.radius(found) > radius:
            raise RuntimeError(_no_answer(answer, n_rows, n, bounds))
        return found


def _distances(left, right):
    """Measure by differences: equal rows are at exactly 0, ties stay ties."""
    mode = "donot_use_mm_for_euclid_dist"
    distances = torch.cdist(left, right, compute_mode=mode).numpy()
    if not np.isfinite(distances).all():
        raise ValueError(
            "The distances between rows of z, and of z to z_labeled, must be finite in "
            "float64. Got an overflow; scale the embeddings."
        )
    return distances


def _left(end):
    # HiGHS takes 0 for no time; below that it would take no limit at all.
    return max(0.0, end - time.monotonic())


def _no_answer(answer, n_rows, n, bounds):
    cause = "reached the time limit" if answer.status == 1 else "failed"
    low, high = bounds
    return (
        f"HiGHS {cause} before the optimal radius was found ({n_rows} rows, n={n}): it "
        f"lies between {low:.6g} and {high:.6g}. Raise time_limit, take fewer rows, or "
        f"use k_center_greedy, at most twice the optimum. HiGHS: {answer.message}"
    )


def _check(z, n, z_labeled, time_limit):
    n_rows = len(Rows(z))
    if n_rows > LARGEST_POOL:
        raise ValueError(
            f"The optimal radius is for pools of at most {LARGEST_POOL} rows. Got "
            f"{n_rows}; use k_center_greedy, whose radius is at most twice the optimum."
        )
    if not isinstance(n, Integral) or not 1 <= n <= n_rows:
        raise ValueError(
            f"n must be a whole number in [1, {n_rows}], the number of rows. Got {n}."
        )
    if z_labeled is not None:
        Rows(z_labeled)
        if z_labeled.shape[1] != z.shape[1] or z_labeled.dtype != z.dtype:
            raise ValueError(
                f"z_labeled must have the {z.shape[1]} columns and the dtype of z, "
                f"{z.dtype}. Got shape {tuple(z_labeled.shape)}, {z_labeled.dtype}."
            )
    if time_limit is not None and not time_limit > 0:
        raise ValueError(
            f"time_limit must be None or seconds > 0. Got {time_limit}; None waits as "
            "long as it takes."
        )
