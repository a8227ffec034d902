"""Rows of a pool with P and R as small matrices, and those that lead among them."""

from typing import NamedTuple

import torch

from skactive.kernels.fisher.factors import Softmax
from skactive.kernels.fisher.matrices import SmallMatrices, traces
from skactive.kernels.parts import Part

CONTENDERS = 16
"""Rows whose scores lie so close to the best that float64 must tell them apart."""


class Contenders(NamedTuple):
    """
    Rows that are near-equal to the best, by position.

    Parameters
    ----------
    scores : torch.Tensor of shape (m,)
        By how much each would lower the trace, nearly; -inf where it was taken.
    positions : torch.Tensor of shape (m,), int64
        Their positions in the pool, ascending.
    z : torch.Tensor of shape (m, d)
        Their embeddings.
    p : torch.Tensor of shape (m, K)
        Their probabilities.
    """

    scores: torch.Tensor
    positions: torch.Tensor
    z: torch.Tensor
    p: torch.Tensor


class MatrixPart(Part):
    """
    Some rows of a pool, with P and R as small matrices.

    Parameters
    ----------
    z : torch.Tensor of shape (m, d), float16, float32 or float64
        Embeddings.
    p : torch.Tensor of shape (m, K), same dtype
        Probabilities.
    start : int
        Position of the first row in the pool.
    plan : MatrixPlan
        The search.
    """

    def __init__(self, z, p, start, plan):
        super().__init__(z, p, start)
        self.space = plan.space(z, p)
        factor, limit = Softmax(p, plan.rank), plan.memory * len(z)
        self.small = SmallMatrices(z, factor, plan.root, limit=limit)
        self.free = torch.ones(len(z), dtype=torch.bool, device=z.device)

    @property
    def is_kept(self):
        """
        Whether P and R are kept, or recomputed at each step.

        Returns
        -------
        bool
            True where they are kept.
        """
        return self.small.is_kept

    def rebuild(self, root, side, taken, slack):
        """
        Compute P and R anew.

        Parameters
        ----------
        root : torch.Tensor of shape (dim, dim), float64
            Uᵀ, where M⁻¹ = U Uᵀ.
        side : torch.Tensor of shape (dim, dim), float64
            (M⁻¹ F U)ᵀ.
        taken : int or None
            Position of the row that came to M last, where it has not been told.
        slack : float
            Share of the best score up to which rows are near-equal to it.

        Returns
        -------
        Contenders
            The rows that lead.
        """
        self.small.rebuild(*self._lifted(root, side))
        return self._near(self.small.values(_gain), taken, slack)

    def drop(self, taken):
        """
        Leave a row out from now on.

        Parameters
        ----------
        taken : int
            Its position in the pool.
        """
        if 0 <= taken - self.start < len(self):
            self.free[taken - self.start] = False

    def step(self, vectors, sides, taken, slack):
        """
        Bring P and R up to date with a row that came to M.

        Parameters
        ----------
        vectors, sides : torch.Tensor of shape (c, dim), float64
            Of `Update`.
        taken : int
            The row's position.
        slack : float
            Share of the best score up to which rows are near-equal to it.

        Returns
        -------
        Contenders
            The rows that lead.
        """
        scores = self.small.step(*self._lifted(vectors, sides), 1, _gain)
        return self._near(scores, taken, slack)

    def _lifted(self, *vectors):
        return [self.space.lift(some.to(self.z.device)) for some in vectors]

    def _near(self, scores, taken, slack):
        if taken is not None:
            self.drop(taken)
        scores.masked_fill_(~self.free, -torch.inf)
        at = contend(scores, slack)
        return Contenders(scores[at], at + self.start, self.z[at], self.a[at])


def contend(scores, slack):
    """
    Find the rows that are near-equal to the best, for float64 to tell apart.

    Parameters
    ----------
    scores : torch.Tensor of shape (m,)
        Their scores.
    slack : float
        Share of the best score up to which they are.

    Returns
    -------
    torch.Tensor of shape (c,), int64
        Ascending; the best 16 where there are more, ties to the first.
    """
    top = scores.max()
    near = (scores >= top - slack * top.abs()).nonzero()[:, 0]
    if len(near) > CONTENDERS:
        order = scores[near].sort(descending=True, stable=True).indices
        near = near[order[:CONTENDERS]].sort().values
    return near


def _gain(p, r):
    return traces(p, r, 1)
