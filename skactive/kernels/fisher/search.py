"""Forward and backward trace search over small matrices: classification."""

from dataclasses import dataclass, field

import torch

from skactive.kernels.fisher.dense import cheapest
from skactive.kernels.fisher.matrices import SmallMatrices, traces

CONTENDERS = 16
"""Rows whose scores lie so close to the best that float64 must tell them apart."""


@dataclass
class Picks:
    """
    What a search has done so far.

    Parameters
    ----------
    forward : list of int
        Positions in the order they were added.
    gains : list of float
        By how much each lowered the trace.
    removed : list of int
        Positions in the order they were taken out again.
    costs : list of float
        By how much each raised the trace.
    """

    forward: list = field(default_factory=list)
    gains: list = field(default_factory=list)
    removed: list = field(default_factory=list)
    costs: list = field(default_factory=list)

    def left(self):
        """
        Give what was added and not removed.

        Returns
        -------
        list of int
            Positions in the order added.
        """
        out = set(self.removed)
        return [at for at in self.forward if at not in out]


class Problem:
    """
    A pool, the class weights of its rows, and the space all lives in.

    Parameters
    ----------
    z : torch.Tensor of shape (n, d)
        Embeddings.
    factor : Softmax, Gradient or Scalar
        Class weights.
    space : Whole or Sketch
        Where the dense matrices live.
    root : float
        Square root of the weight of a candidate's information.
    """

    def __init__(self, z, factor, space, root):
        self.z, self.factor, self.space, self.root = z, factor, space, root

    def v(self, positions):
        """
        Give V of a few rows.

        Parameters
        ----------
        positions : list of int
            Which rows.

        Returns
        -------
        torch.Tensor of shape (m, r, dim), float64
            Transposes of their V.
        """
        at = torch.as_tensor(positions, dtype=torch.int64, device=self.z.device)
        z = self.z[at].double() * self.root
        return self.space.project(self.factor.columns(at), z)

    def batches(self, positions):
        """
        Give V of many rows, some at a time.

        Parameters
        ----------
        positions : list of int
            Which rows.

        Yields
        ------
        torch.Tensor of shape (c, dim), float64
            The next ones, transposed, one below the other.
        """
        for start in range(0, len(positions), 64):
            yield self.v(positions[start : start + 64]).flatten(0, 1)

    def lifted(self, *vectors):
        """
        Take vectors to the gradient space.

        Parameters
        ----------
        *vectors : torch.Tensor of shape (c, dim)
            Vectors of the space.

        Returns
        -------
        list of torch.Tensor of shape (K, c, d)
            The same, ready for the pool.
        """
        return [self.space.lift(v) for v in vectors]


class MatrixSearch:
    """
    The search where a row's information has any rank.

    Parameters
    ----------
    problem : Problem
        The pool.
    dense : Dense
        M⁻¹ and F.
    refresh : int
        Steps after which everything is computed anew from M.
    limit : float
        Bytes that P and R may take.
    """

    def __init__(self, problem, dense, refresh, limit):
        self.problem, self.dense, self.refresh = problem, dense, refresh
        self.small = SmallMatrices(problem.z, problem.factor, problem.root, limit=limit)
        self.picks, self.objective = Picks(), [dense.trace()]
        self.n_refreshes = 0
        self.slack = 1e-4 if problem.z.dtype == torch.float32 else 1e-9

    @property
    def is_kept(self):
        """
        Whether P and R were kept, or recomputed at each step.

        Returns
        -------
        bool
            True where they were kept.
        """
        return self.small.is_kept

    def forward(self, n):
        """
        Add rows while that lowers the trace.

        Parameters
        ----------
        n : int
            How many at most.
        """
        taken = torch.zeros(
            len(self.problem.z), dtype=torch.bool, device=self.problem.z.device
        )
        scores = self._refreshed()
        since, rounding = 0, 0.0
        while True:
            slack = max(self.slack, 8 * rounding)
            near = self._contenders(scores.masked_fill(taken, -torch.inf), slack)
            trials = self.dense.trials(self.problem.v(near), 1)
            best = float(trials.changes.max())
            turn = int((trials.changes >= best * (1 - 1e-12)).nonzero()[0])
            if best <= 1e-14 * self.objective[0]:
                return
            drift = abs(float(scores[near[turn]]) - best) / best
            if not since:
                rounding = drift  # of numbers computed anew: what cannot be bettered
            elif drift > max(self.slack / 4, 4 * rounding):
                scores, since = self._refreshed(), 0
                continue
            update = self._move(trials, turn, self.picks.forward, int(near[turn]))
            taken[near[turn]] = True
            if len(self.picks.forward) == n:
                return
            since += 1
            if since == self.refresh or not self.small.is_kept:
                scores, since = self._refreshed(), 0
            else:
                scores = self.small.step(*update, 1, _gain)

    def _move(self, trials, turn, picks, position):
        update = self.dense.move(trials, turn)
        picks.append(position)
        changes = self.picks.gains if trials.sign == 1 else self.picks.costs
        changes.append(update.change)
        self.objective.append(self.objective[-1] - trials.sign * update.change)
        return self.problem.lifted(update.vectors, update.sides)

    def _refreshed(self):
        self.n_refreshes += 1
        self.dense.rebuild(self.problem.batches(self.picks.forward))
        self.small.rebuild(*self.problem.lifted(*self.dense.sides()))
        return self.small.values(_gain)

    def _contenders(self, scores, slack):
        """Give the rows that are near-equal to the best, for float64 to tell apart."""
        top = scores.max()
        near = (scores >= top - slack * top.abs()).nonzero()[:, 0]
        if len(near) > CONTENDERS:
            order = scores[near].sort(descending=True, stable=True).indices
            near = near[order[:CONTENDERS]].sort().values
        return near

    def backward(self, n):
        """
        Take rows out again, the cheapest first.

        Parameters
        ----------
        n : int
            How many shall be left.
        """
        chosen = sorted(self.picks.forward)
        if len(chosen) <= n:
            return
        at = torch.tensor(chosen, device=self.problem.z.device)
        self.dense.rebuild(self.problem.batches(chosen))
        factor, root = _Some(self.problem.factor, at), self.problem.root
        small = SmallMatrices(self.problem.z[at].double(), factor, root)
        small.rebuild(*self.problem.lifted(*self.dense.sides()))
        costs = small.values(_cost)
        free = torch.ones(len(chosen), dtype=torch.bool, device=at.device)
        while len(chosen) - len(self.picks.removed) > n:
            turn = cheapest(costs.masked_fill(~free, torch.inf))
            trials = self.dense.trials(self.problem.v([chosen[turn]]), -1)
            update = self._move(trials, 0, self.picks.removed, chosen[turn])
            free[turn] = False
            costs = small.step(*update, -1, _cost)


class _Some:
    """The class weights of some rows, as rows of their own."""

    def __init__(self, factor, at):
        self.factor, self.at = factor, at
        self.n_classes, self.n_columns = factor.n_classes, factor.n_columns

    def apply(self, products, at):
        return self.factor.apply(products, self.at[at])


def _gain(p, r):
    return traces(p, r, 1)


def _cost(p, r):
    return traces(p, r, -1)
