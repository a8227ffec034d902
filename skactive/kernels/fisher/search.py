"""Forward and backward trace search over small matrices: classification."""

from dataclasses import dataclass, field

import torch

from skactive.kernels.fisher.checks import check_score
from skactive.kernels.fisher.dense import cheapest
from skactive.kernels.fisher.factors import Softmax
from skactive.kernels.fisher.matrices import SmallMatrices, traces
from skactive.kernels.fisher.matrix_part import Contenders, contend


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

    def ascending(self):
        """
        Give the order that sorts what was added.

        Returns
        -------
        torch.Tensor of shape (n,), int64
            Turns, by position.
        """
        return torch.tensor(self.forward, dtype=torch.int64).argsort()


class MatrixSearch:
    """
    The search where a row's information has any rank.

    Parameters
    ----------
    pool : Whole or alike
        Parts that are `FisherPart`, begun by the plan.
    plan : MatrixPlan
        What the parts know.
    space : Reduced or Sketch
        Where the dense matrices live.
    dense : Dense
        M⁻¹ and F.
    dtype : torch.dtype
        Of the parts' P and R.
    refresh : int
        Steps after which everything is computed anew from M.
    is_kept : bool
        Whether all parts keep P and R; else they are recomputed at each step.
    """

    def __init__(self, pool, plan, space, dense, dtype, refresh, is_kept):
        self.pool, self.plan, self.space, self.dense = pool, plan, space, dense
        self.refresh, self.is_kept = refresh, is_kept
        self.picks, self.objective = Picks(), [dense.trace()]
        self.rows = []
        self.n_refreshes = 0
        self.slack = self.least_slack = 1e-9 if dtype == torch.float64 else 1e-4

    def forward(self, n):
        """
        Add rows while that lowers the trace.

        Parameters
        ----------
        n : int
            How many at most.
        """
        near = self._refreshed()
        since, rounding = 0, 0.0
        while True:
            trials = self.dense.trials(self._v(near.z, near.p), 1)
            best = float(trials.changes.max())
            if best <= 1e-14 * self.objective[0]:
                return
            check_score(best, trials.changes.dtype)
            turn = int((trials.changes >= best * (1 - 1e-12)).nonzero()[0])
            drift = abs(float(near.scores[turn]) - best) / best
            if not since:
                rounding = drift  # of numbers computed anew: what cannot be bettered
                self.slack = max(self.least_slack, 8 * rounding)
            elif drift > max(self.least_slack / 4, 4 * rounding):
                near, since = self._refreshed(), 0
                continue
            taken = int(near.positions[turn])
            update = self._move(trials, turn, self.picks.forward, taken)
            self.rows.append((near.z[[turn]], near.p[[turn]]))
            if len(self.picks.forward) == n:
                return
            since += 1
            if since == self.refresh or not self.is_kept:
                near, since = self._refreshed(taken), 0
            else:
                sides = update.vectors, update.sides
                near = self._near(self.pool.tell("step", *sides, taken, self.slack))

    def _move(self, trials, turn, picks, position):
        update = self.dense.move(trials, turn)
        picks.append(position)
        changes = self.picks.gains if trials.sign == 1 else self.picks.costs
        changes.append(update.change)
        self.objective.append(self.objective[-1] - trials.sign * update.change)
        return update

    def _refreshed(self, taken=None):
        """Have all parts compute P and R anew."""
        self.n_refreshes += 1
        if self.rows:
            self.dense.rebuild(self._batches(*self._chosen()))
        sides = self.dense.sides()
        if self.is_kept:
            return self._near(self.pool.tell("rebuild", *sides, taken, self.slack))
        # Parts that keep nothing need not be told it again: matrices of every step.
        if taken is not None:
            self.pool.tell("drop", taken)
        return self._near(self.pool.ask("rebuild", *sides, None, self.slack))

    def _near(self, answers):
        """Give what is near-equal to the best of all parts."""
        if len(answers) == 1:
            return answers[0]
        near = Contenders(*(torch.cat(some) for some in zip(*answers, strict=True)))
        at = contend(near.scores, self.slack)
        return Contenders(*(some[at] for some in near))

    def _v(self, z, p):
        """Give the transposed V of a few rows, (m, r, dim)."""
        columns = Softmax(p, self.plan.rank).columns(slice(None))
        return self.space.project(columns, z.double() * self.plan.root)

    def _batches(self, z, p):
        for some in zip(z.split(64), p.split(64), strict=True):
            yield self._v(*some).flatten(0, 1)

    def _chosen(self):
        return [torch.cat(some) for some in zip(*self.rows, strict=True)]

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
        z, p = (some[self.picks.ascending().to(some.device)] for some in self._chosen())
        self.dense.rebuild(self._batches(z, p))
        small = SmallMatrices(z.double(), Softmax(p, self.plan.rank), self.plan.root)
        small.rebuild(*self._lifted(*self.dense.sides()))
        costs = small.values(_cost)
        free = torch.ones(len(chosen), dtype=torch.bool, device=z.device)
        while len(chosen) - len(self.picks.removed) > n:
            turn = cheapest(costs.masked_fill(~free, torch.inf))
            trials = self.dense.trials(self._v(z[[turn]], p[[turn]]), -1)
            update = self._move(trials, 0, self.picks.removed, chosen[turn])
            free[turn] = False
            costs = small.step(*self._lifted(update.vectors, update.sides), -1, _cost)

    def _lifted(self, *vectors):
        return [self.space.lift(some) for some in vectors]


def _cost(p, r):
    return traces(p, r, -1)
