"""Determinantal search: rows whose information makes det M large."""

from dataclasses import dataclass

import torch

from skactive.kernels.fisher.checks import (
    NARROW,
    check_count,
    check_dense,
    check_labeled,
    check_lam,
    check_rows,
)
from skactive.kernels.fisher.dense import Dense
from skactive.kernels.fisher.factors import Gradient, Scalar, Softmax
from skactive.kernels.fisher.matrices import SmallMatrices, log_determinants
from skactive.kernels.fisher.memory import HEAD
from skactive.kernels.fisher.spaces import Reduced
from skactive.kernels.precision import full_precision
from skactive.kernels.shared import cut_head, fill_uniformly, given_or_fresh

FISHERS = ("gradient", "full")


@dataclass(frozen=True)
class DeterminantSearch:
    """
    What a determinantal search chose, and how.

    Parameters
    ----------
    positions : torch.Tensor of shape (n,), int64, on the CPU
        Distinct positions in the order chosen.
    gains : torch.Tensor of shape (n - n_filled,), float64
        By how much each raised ln det M.
    n_filled : int
        How many of the last positions were drawn uniformly, because no row left could
        raise the determinant.
    """

    positions: torch.Tensor
    gains: torch.Tensor
    n_filled: int


@full_precision()
def determinant_search(
    z,
    n,
    *,
    p=None,
    z_labeled=None,
    p_labeled=None,
    lam=1.0,
    fisher="gradient",
    head=HEAD,
    generator=None,
):
    """
    Choose n rows that bring det M up, one at a time, each as far as can be.

    Parameters
    ----------
    z : torch.Tensor of shape (n_rows, d), float16, float32 or float64
        Embeddings; half precision is read, in strips, as float32.
    n : int
        How many rows to choose, 1 <= n <= n_rows.
    p : torch.Tensor of shape (n_rows, K) or None, default=None
        Probabilities; None is regression, where both kinds are z zᵀ.
    z_labeled : torch.Tensor of shape (n_labeled, d) or None, default=None
        Embeddings of the labelled rows; None where nothing is labelled.
    p_labeled : torch.Tensor of shape (n_labeled, K) or None, default=None
        Their probabilities.
    lam : float, default=1.0
        The λ > 0 of M₀ = λ Id + the mean information of the labelled rows.
    fisher : {"gradient", "full"}, default="gradient"
        "gradient": a row counts as g gᵀ, with the gradient g = (p − e_ŷ) ⊗ z of its
        likeliest label (Algorithm 2). "full": as its whole Fisher information
        (Algorithm 3).
    head : int, default=32
        Rows evaluated together at the head of the queue.
    generator : torch.Generator or None, default=None
        On the CPU; draws what is filled up.

    Returns
    -------
    DeterminantSearch
        The positions, and how they came about.

    Raises
    ------
    ValueError
        The arguments are out of range or do not fit together.
    MemoryError
        The dense float64 matrices do not fit.

    Notes
    -----
    Ash et al. 2021, Algorithms 2 and 3. What a row adds to ln det M only falls, so a
    stale value is an upper bound: only the head of the queue is evaluated anew (exact
    lazy greedy). Ties go to the smallest position. Costs 2 n_rows d² K² flops for the
    first pass, then what the head needs.
    """
    check_rows(z, p)
    check_labeled(z, p, z_labeled, p_labeled)
    check_count(n, len(z))
    check_lam(lam)
    if fisher not in FISHERS:
        raise ValueError(f"fisher must be one of {FISHERS}. Got {fisher!r}.")
    generator = given_or_fresh(generator)
    space = Reduced(1 if p is None else p.shape[1], z.shape[1], z.device)
    check_dense(space.dim, 1, z.device, NARROW)
    factor = _factor(fisher, z, p)
    prior = torch.zeros(space.dim, space.dim, dtype=torch.float64, device=z.device)
    if z_labeled is not None and len(z_labeled):
        labeled = _factor(fisher, z_labeled, p_labeled)
        sums = space.sums(labeled, z_labeled).value()
        prior = space.matrix(sums) / len(z_labeled)
    prior.diagonal().add_(lam)
    queue = _Queue(z, factor, space, Dense(prior, None), head)
    queue.run(n)
    filled = fill_uniformly(queue.chosen, n, len(z), generator)
    return DeterminantSearch(
        torch.tensor(queue.chosen + filled),
        torch.tensor(queue.gains, dtype=torch.float64),
        len(filled),
    )


def _factor(fisher, z, p):
    if p is None:
        return Scalar(z.new_ones(len(z)))
    p = p.to(z.dtype)
    return Gradient(p) if fisher == "gradient" else Softmax(p)


class _Queue:
    """The rows by what they add to ln det M: stale, an upper bound."""

    def __init__(self, z, factor, space, dense, head):
        self.z, self.factor, self.space = z, factor, space
        self.dense, self.head = dense, head
        small = SmallMatrices(z, factor, 1.0, with_fisher=False, limit=0)
        small.rebuild(space.lift(dense.sides()[0]))
        # Rounding must not push a bound below the truth.
        slack = 1e-10 if z.dtype == torch.float64 else 1e-4
        bounds = small.values(log_determinants).double()
        self.stale = bounds * (1 + slack) + slack * 1e-3
        self.chosen, self.gains = [], []

    def run(self, n):
        """Take the best while it adds anything."""
        fresh = torch.zeros(len(self.stale), dtype=torch.bool, device=self.stale.device)
        while len(self.chosen) < n:
            best = float(self.stale.max())
            near = (self.stale >= best * (1 - 1e-12)).nonzero()[:, 0]
            if bool(fresh[near].all()):
                if best <= 1e-14:
                    return
                self._take(int(near[0]), best)
                fresh[:] = False
            else:
                at = cut_head(self.stale.masked_fill(fresh, -torch.inf), self.head)[0]
                self.stale[at] = self._exact(at)
                fresh[at] = True

    def _exact(self, at):
        v = self._v(at)
        u = (v.flatten(0, 1) @ self.dense.inverse).view_as(v)
        p = (u @ v.transpose(1, 2)).permute(1, 2, 0).contiguous()
        return log_determinants(p).masked_fill(self.stale[at] == -torch.inf, -torch.inf)

    def _v(self, at):
        at = torch.as_tensor(at, device=self.z.device)
        return self.space.project(self.factor.columns(at), self.z[at].double())

    def _take(self, at, gain):
        self.dense.move(self.dense.trials(self._v([at]), 1), 0)
        self.chosen.append(at)
        self.gains.append(gain)
        self.stale[at] = -torch.inf
