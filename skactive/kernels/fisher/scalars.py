"""
Forward and backward trace search where information has rank one: regression, binary.

P and R are then one number a row, and a step is bound by reading the pool. So steps are
made ahead on the few rows that lead; then all rows are brought up to date by one matrix
product, and the same product tells, for each of the steps, the best row among those
left out. Where one of these would have won, the steps from there are undone.
"""

from typing import NamedTuple

import torch

from skactive.kernels.fisher.checks import check_score
from skactive.kernels.fisher.dense import cheapest, factored
from skactive.kernels.fisher.scalar_part import ScalarPart, gains, lead_size
from skactive.kernels.fisher.search import Picks
from skactive.kernels.parts import Whole
from skactive.kernels.shared import cut_head

LEVELS = ((4096, 16), (512, 8))
"""Rows that lead, and steps made ahead on them: some, and some of these again."""


class ScalarSearch:
    """
    The search with G independent blocks, each of rank one: Σ_g tr(M_g⁻¹ F_g).

    Parameters
    ----------
    pool : Whole or alike
        Parts that are `ScalarPart`, or `FisherPart` begun by the plan.
    prior : torch.Tensor of shape (G, dim, dim), float64
        M before the first pick.
    fisher : torch.Tensor of shape (G, dim, dim), float64
        F.
    axes : torch.Tensor of shape (dim, d) or None
        The sketch; None works on the embeddings themselves.
    dtype : torch.dtype
        Of the parts' P and R.
    refresh : int
        Steps after which everything is computed anew from M.
    levels : tuple of (int, int), default=LEVELS
        Rows that lead, and steps made ahead on them, level by level.
    """

    is_kept = True

    def __init__(self, pool, prior, fisher, axes, dtype, refresh, *, levels=LEVELS):
        self.pool, self.axes, self.dtype = pool, axes, dtype
        self.prior, self.fisher = prior, fisher
        self.refresh, self.levels = refresh, levels
        self.pace = {ahead: ahead for _, ahead in levels}
        self.picks, self.rows = Picks(), []
        self.inverse = self._inverse()
        self.objective = [float((self.inverse * self.fisher).sum())]
        self.n_refreshes = self.n_undone = 0

    # ---------------------------------------------------------------- forward

    def forward(self, n):
        """
        Add rows while that lowers the trace.

        Parameters
        ----------
        n : int
            How many at most.
        """
        while len(self.picks.forward) < n:
            front = self._refreshed()
            most = min(self.refresh, n - len(self.picks.forward))
            run = self._run(front, self.levels, most)
            self.picks.forward += run.positions
            self.picks.gains += run.gains
            self.rows += run.rows
            for gain in run.gains:
                self.objective.append(self.objective[-1] - gain)
            if run.ended:
                break

    def _run(self, front, levels, most):
        """Make steps among these rows, and bring them up to date."""
        run = _Run()
        (_, ahead), *deeper = levels
        while len(run.positions) < most and not run.ended:
            some = min(self.pace[ahead], most - len(run.positions))
            start = self.inverse
            lead = front.lead()
            if deeper and len(lead.z) > deeper[0][0]:
                inside = _Front(Whole(lead.part()), deeper[0][0], front.is_stale)
                part = self._run(inside, deeper, some)
            else:
                part = self._steps(lead, some)
            if part.slack > 1e-3 and front.is_stale:
                # Rounding has grown: go back to where all is computed from M.
                self.inverse = start
                run.slack = part.slack
                break
            part.positions = lead.positions[part.positions].tolist()
            is_last = part.ended or len(run.positions) + len(part.positions) >= most
            kept = front.fold(part, lead, self._lift, is_last)
            self.n_undone += len(part.positions) - kept
            # Where copies of a row lead, no step but the first stands: walk, not run.
            self.pace[ahead] = min(max(1, 2 * kept), ahead)
            if kept < len(part.positions):
                w = torch.stack(part.vectors[:kept], dim=2)
                self.inverse = start - w @ w.transpose(1, 2)
            run.take(part, kept)
        return run

    def _steps(self, lead, most):
        """Make steps among the few rows that lead, in float64."""
        run = _Run()
        v = self._v(lead.z, lead.roots)
        u = v @ self.inverse
        p, r = (u * v).sum(dim=2), (u * (u @ self.fisher)).sum(dim=2)
        scores = (r / (1 + p)).sum(dim=0)
        best = float(scores.max())
        drift = float((scores - gains(lead.p, lead.r).double()).abs().max())
        run.slack = max(4 * drift / max(best, 1e-300), 1e-12)
        free = torch.ones(len(scores), dtype=torch.bool, device=v.device)
        while len(run.positions) < most:
            scores.masked_fill_(~free, -torch.inf)
            best = float(scores.max())
            if best <= 1e-14 * self.objective[0]:
                run.ended = True
                break
            check_score(best, scores.dtype)
            turn = int((scores >= best * (1 - 1e-12)).nonzero()[0])
            w, y, gain = move(self.inverse, self.fisher, v[:, turn], 1)
            x, sides = (v @ torch.stack([w, y], dim=2)).unbind(dim=2)
            p -= x.square()
            r -= 2 * x * sides
            scores = (r / (1 + p)).sum(dim=0)
            self.inverse = self.inverse - w[:, :, None] * w[:, None, :]
            free[turn] = False
            run.add(turn, gain, w, y, (lead.z[[turn]], lead.roots[:, [turn]]))
        return run

    # ---------------------------------------------------------------- backward

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
        self.inverse = self._inverse()
        v = self._chosen()
        v = v[:, self.picks.ascending().to(v.device)]
        u = v @ self.inverse
        p, r = (u * v).sum(dim=2), (u * (u @ self.fisher)).sum(dim=2)
        free = torch.ones(len(chosen), dtype=torch.bool, device=v.device)
        while len(chosen) - len(self.picks.removed) > n:
            rest = 1 - p
            costs = torch.where(rest > 0, r / rest, torch.inf).sum(dim=0)
            turn = cheapest(costs.masked_fill_(~free, torch.inf))
            w, y, cost = move(self.inverse, self.fisher, v[:, turn], -1)
            x, sides = (v @ torch.stack([w, y], dim=2)).unbind(dim=2)
            p += x.square()
            r += 2 * x * sides
            self.inverse = self.inverse + w[:, :, None] * w[:, None, :]
            free[turn] = False
            self.picks.removed.append(chosen[turn])
            self.picks.costs.append(cost)
            self.objective.append(self.objective[-1] + cost)

    # ---------------------------------------------------------------- from M

    def _v(self, z, roots):
        """Give V of some rows, (G, m, dim)."""
        z = z.double()
        z = z if self.axes is None else z @ self.axes.T
        return roots.double()[:, :, None] * z

    def _chosen(self):
        z, roots = zip(*self.rows, strict=True)
        return self._v(torch.cat(z), torch.cat(roots, dim=1))

    def _lift(self, vectors):
        """Take (c, dim) back to the embedding's space, in the dtype of P and R."""
        vectors = vectors if self.axes is None else vectors @ self.axes
        return vectors.to(self.dtype)

    def _inverse(self):
        m = self.prior.clone()
        if self.rows:
            v = self._chosen()
            m += v.transpose(1, 2) @ v
        return torch.cholesky_inverse(factored(m))

    def _refreshed(self):
        self.n_refreshes += 1
        self.inverse = self._inverse()
        root = torch.linalg.cholesky(self.inverse)
        side = self.inverse @ (self.fisher @ root)
        left, right = (
            self._lift(some.transpose(1, 2).flatten(0, 1)).T.contiguous()
            for some in (root, side)
        )
        size = self.levels[0][0]
        told = self.pool.tell("rebuild", left, right, size)
        return _Front(self.pool, size, told=told)


class _Run:
    """Steps made one after the other."""

    def __init__(self):
        self.positions, self.gains, self.rows = [], [], []
        self.vectors, self.sides = [], []
        self.slack, self.ended = 0.0, False

    def add(self, position, gain, w, y, row):
        self.positions.append(position)
        self.gains.append(gain)
        self.vectors.append(w)
        self.sides.append(y)
        self.rows.append(row)

    def take(self, part, kept):
        self.positions += part.positions[:kept]
        self.gains += part.gains[:kept]
        self.vectors += part.vectors[:kept]
        self.sides += part.sides[:kept]
        self.rows += part.rows[:kept]
        self.slack = max(self.slack, part.slack)
        self.ended = part.ended and kept == len(part.positions)


class _Lead(NamedTuple):
    """Rows that lead, by position, and their P and R."""

    positions: torch.Tensor
    z: torch.Tensor
    roots: torch.Tensor
    p: torch.Tensor
    r: torch.Tensor

    def part(self):
        part = ScalarPart(self.z, self.roots)
        part.p, part.r = self.p, self.r
        return part


class _Front:
    """The rows that lead a pool, and what steps among them do to all."""

    def __init__(self, pool, size, is_stale=False, *, told=None):
        self.pool, self.size, self.is_stale = pool, size, is_stale
        self.told = pool.ask("lead", size) if told is None else told

    def lead(self):
        """Put together what the parts have told."""
        scores, positions = map(_below, zip(*self.told, strict=True))
        if len(self.told) > 1:
            size = lead_size(scores, self.size, len(scores))
            positions = positions[cut_head(scores, size)[0]]
        # Asked for by position, they come by position.
        answers = self.pool.ask("give", positions)
        _, z, numbers = map(_below, zip(*answers, strict=True))
        roots, p, r = (some.contiguous().T for some in numbers.unbind(dim=1))
        return _Lead(positions, z, roots, p, r)

    def fold(self, run, lead, lift, is_last):
        """Bring P and R up to date; give how many of the steps stand."""
        kept = len(run.positions)
        if not kept:
            return 0
        both = torch.stack(run.vectors + run.sides)
        n_blocks = both.shape[1]
        both = lift(both.flatten(0, 1)).T.contiguous().view(-1, 2, kept, n_blocks)
        positions = torch.tensor(run.positions, device=lead.positions.device)
        size = None if is_last else self.size
        answers = self.pool.tell("fold", positions, both, lead.positions, size)
        best, self.told = zip(*answers, strict=True)
        self.is_stale = True
        best = torch.stack(best).amax(dim=0)
        gains = torch.tensor(run.gains, dtype=torch.float64, device=best.device)
        # After step t the best outside must lie below what step t + 1 took.
        beaten = best[:-1] * (1 + run.slack) >= gains[1:]
        if bool(beaten.any()):
            kept = int(beaten.nonzero()[0]) + 1
            self.told = self.pool.tell("settle", kept, self.size)
        return kept


def _below(pieces):
    """Put rows one below the other; those of one part need no copy."""
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces)


def move(inverse, fisher, v, sign):
    """
    Give what adding a row, or taking it out, does.

    Parameters
    ----------
    inverse, fisher : torch.Tensor of shape (G, dim, dim), float64
        M⁻¹ and F.
    v : torch.Tensor of shape (G, dim)
        The row's V.
    sign : {1, -1}
        1 to add, -1 to remove.

    Returns
    -------
    tuple of (torch.Tensor, torch.Tensor, float)
        The w with M⁻¹ ∓ w wᵀ the new inverse, M⁻¹ F w ∓ ½ w (wᵀ F w), and the change of
        the trace.
    """
    u = (inverse @ v[:, :, None])[:, :, 0]
    scale = 1 + sign * (u * v).sum(dim=1, keepdim=True)
    w = u / scale.sqrt()
    fw = (fisher @ w[:, :, None])[:, :, 0]
    inner = (w * fw).sum(dim=1, keepdim=True)
    sides = (inverse @ fw[:, :, None])[:, :, 0] - sign / 2 * inner * w
    return w, sides, float(inner.sum())
