"""
Forward and backward trace search where information has rank one: regression, binary.

P and R are then one number a row, and a step is bound by reading the pool. So steps are
made ahead on the few rows that lead; then all rows are brought up to date by one matrix
product, and the same product tells, for each of the steps, the best row among those
left out. Where one of these would have won, the steps from there are undone.
"""

import torch

from skactive.kernels.fisher.dense import cheapest, factored
from skactive.kernels.fisher.search import Picks
from skactive.kernels.fisher.spaces import strips
from skactive.kernels.shared import cut_head

LEVELS = ((4096, 16), (512, 8))
"""Rows that lead, and steps made ahead on them: some, and some of these again."""


class ScalarSearch:
    """
    The search with G independent blocks, each of rank one: Σ_g tr(M_g⁻¹ F_g).

    Parameters
    ----------
    z : torch.Tensor of shape (n, d)
        Embeddings; P and R have their dtype.
    roots : torch.Tensor of shape (G, n)
        V_g(x) = root_g(x) z(x).
    prior : torch.Tensor of shape (G, dim, dim), float64
        M before the first pick.
    fisher : torch.Tensor of shape (G, dim, dim), float64
        F.
    axes : torch.Tensor of shape (dim, d) or None
        The sketch; None works on z itself.
    refresh : int
        Steps after which everything is computed anew from M.
    levels : tuple of (int, int), default=LEVELS
        Rows that lead, and steps made ahead on them, level by level.
    """

    is_kept = True

    def __init__(self, z, roots, prior, fisher, axes, refresh, *, levels=LEVELS):
        self.z, self.roots, self.axes = z, roots, axes
        self.prior, self.fisher = prior, fisher
        self.refresh, self.levels = refresh, levels
        self.pace = {ahead: ahead for _, ahead in levels}
        self.picks = Picks()
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
        everywhere = torch.arange(len(self.z), device=self.z.device)
        pool = _Rows(self.z, self.roots, everywhere)
        while len(self.picks.forward) < n:
            self._refresh(pool)
            most = min(self.refresh, n - len(self.picks.forward))
            run = self._run(pool, self.levels, most)
            self.picks.forward += run.positions
            self.picks.gains += run.gains
            for gain in run.gains:
                self.objective.append(self.objective[-1] - gain)
            if run.ended:
                break

    def _run(self, rows, levels, most):
        """Make steps among these rows, and bring them up to date."""
        run = _Run()
        (size, ahead), *deeper = levels
        while len(run.positions) < most and not run.ended:
            some = min(self.pace[ahead], most - len(run.positions))
            start = self.inverse
            lead = rows.lead(size)
            if deeper and len(lead.z) > deeper[0][0]:
                part = self._run(lead, deeper, some)
            else:
                part = self._steps(lead, some)
            if part.slack > 1e-3 and rows.is_stale:
                # Rounding has grown: go back to where all is computed from M.
                self.inverse = start
                run.slack = part.slack
                break
            kept = rows.fold(part, lead, self.lift)
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
        v = self.v(lead.positions)
        u = v @ self.inverse
        p, r = (u * v).sum(dim=2), (u * (u @ self.fisher)).sum(dim=2)
        scores = (r / (1 + p)).sum(dim=0)
        best = float(scores.max())
        drift = float((scores - lead.scores().double()).abs().max())
        run.slack = max(4 * drift / max(best, 1e-300), 1e-12)
        free = lead.free.clone()
        while len(run.positions) < most:
            scores.masked_fill_(~free, -torch.inf)
            best = float(scores.max())
            if best <= 1e-14 * self.objective[0]:
                run.ended = True
                break
            turn = int((scores >= best * (1 - 1e-12)).nonzero()[0])
            w, y, gain = move(self.inverse, self.fisher, v[:, turn], 1)
            x, sides = (v @ torch.stack([w, y], dim=2)).unbind(dim=2)
            p -= x.square()
            r -= 2 * x * sides
            scores = (r / (1 + p)).sum(dim=0)
            self.inverse = self.inverse - w[:, :, None] * w[:, None, :]
            free[turn] = False
            run.add(int(lead.positions[turn]), gain, w, y)
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
        v = self.v(torch.tensor(chosen, device=self.z.device))
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

    def v(self, at):
        """
        Give V of some rows.

        Parameters
        ----------
        at : torch.Tensor of shape (m,)
            Which rows.

        Returns
        -------
        torch.Tensor of shape (G, m, dim), float64
            The V of each block.
        """
        z = self.z[at].double()
        z = z if self.axes is None else z @ self.axes.T
        return self.roots[:, at].double()[:, :, None] * z

    def lift(self, vectors):
        """
        Take vectors of the space back to the embedding's, for the pool.

        Parameters
        ----------
        vectors : torch.Tensor of shape (c, dim)
            Vectors of the space.

        Returns
        -------
        torch.Tensor of shape (c, d)
            The same, in the pool's dtype.
        """
        vectors = vectors if self.axes is None else vectors @ self.axes
        return vectors.to(self.z.dtype)

    def _inverse(self):
        m = self.prior.clone()
        if self.picks.forward:
            v = self.v(torch.tensor(self.picks.forward, device=self.z.device))
            m += v.transpose(1, 2) @ v
        return torch.cholesky_inverse(factored(m))

    def _refresh(self, pool):
        self.n_refreshes += 1
        self.inverse = self._inverse()
        root = torch.linalg.cholesky(self.inverse)
        side = self.inverse @ (self.fisher @ root)
        blocks, dim = root.shape[:2]
        left, right = (
            self.lift(some.transpose(1, 2).reshape(-1, dim)).T.contiguous()
            for some in (root, side)
        )
        for at in strips(len(self.z), 8 * dim * blocks):
            square = self.roots[:, at].square()
            x = (self.z[at] @ left).view(-1, blocks, dim)
            y = (self.z[at] @ right).view(-1, blocks, dim)
            pool.r[:, at] = (x * y).sum(dim=2).T * square
            pool.p[:, at] = x.square_().sum(dim=2).T * square
        pool.is_stale = False


class _Run:
    """Steps made one after the other."""

    def __init__(self):
        self.positions, self.gains, self.vectors, self.sides = [], [], [], []
        self.slack, self.ended = 0.0, False

    def add(self, position, gain, w, y):
        self.positions.append(position)
        self.gains.append(gain)
        self.vectors.append(w)
        self.sides.append(y)

    def take(self, part, kept):
        self.positions += part.positions[:kept]
        self.gains += part.gains[:kept]
        self.vectors += part.vectors[:kept]
        self.sides += part.sides[:kept]
        self.slack = max(self.slack, part.slack)
        self.ended = part.ended and kept == len(part.positions)


class _Rows:
    """Some rows of the pool: P, R, and which are still to be had."""

    def __init__(self, z, roots, positions):
        self.z, self.roots, self.positions = z, roots, positions
        self.p, self.r = torch.empty_like(roots), torch.empty_like(roots)
        self.free = torch.ones(len(z), dtype=torch.bool, device=z.device)
        self.is_stale = False

    def scores(self):
        return _scores(self.p, self.r)

    def lead(self, size):
        """Give the rows that lead, and all that are near-equal to the best."""
        scores = self.scores().masked_fill_(~self.free, -torch.inf)
        near = int((scores >= float(scores.max()) * (1 - 1e-3)).sum())
        size = min(max(size, min(near, 2 * size)), int(self.free.sum()))
        self.at = cut_head(scores, size)[0]
        lead = _Rows(self.z[self.at], self.roots[:, self.at], self.positions[self.at])
        lead.p, lead.r = self.p[:, self.at], self.r[:, self.at]
        lead.is_stale = self.is_stale
        return lead

    def fold(self, run, lead, lift):
        """Bring P and R up to date; give how many of the steps stand."""
        n_steps = len(run.positions)
        if not n_steps:
            return 0
        outside = self.free.clone()
        outside[self.at] = False
        gains = torch.tensor(run.gains, dtype=torch.float64, device=self.z.device)
        best = torch.full_like(gains, -torch.inf)
        before = self.p.clone(), self.r.clone()
        for at, p, r in self._after(run, n_steps, before, lift):
            scores = (r / (1 + p)).sum(dim=1)
            scores.masked_fill_(~outside[at, None], -torch.inf)
            best = torch.maximum(best, scores.max(dim=0).values.double())
        # After step t the best outside must lie below what step t + 1 took.
        beaten = best[:-1] * (1 + run.slack) >= gains[1:]
        kept = n_steps
        if bool(beaten.any()):
            kept = int(beaten.nonzero()[0]) + 1
            for _ in self._after(run, kept, before, lift):
                pass
        taken = torch.tensor(run.positions[:kept], device=self.z.device)
        self.free[torch.searchsorted(self.positions, taken)] = False
        self.is_stale = True
        return kept

    def _after(self, run, n_steps, before, lift):
        """Walk the rows: give P and R (m, G, steps) after each step, keep the last."""
        both = torch.stack(run.vectors[:n_steps] + run.sides[:n_steps])
        both, blocks = lift(both.flatten(0, 1)).T.contiguous(), len(self.roots)
        # Summing over the steps is a product with this: faster than a running sum.
        sums = both.new_ones(n_steps, n_steps).triu_()
        for at in strips(len(self.z), 64 * n_steps * blocks):
            sides = (self.z[at] @ both).view(-1, 2, n_steps, blocks).transpose(2, 3)
            sides = sides * self.roots[:, at].T[:, None, :, None]
            x, y = sides.unbind(dim=1)
            r = before[1][:, at].T[:, :, None] - _times((x * y).mul_(2), sums)
            p = before[0][:, at].T[:, :, None] - _times(x.square(), sums)
            self.p[:, at], self.r[:, at] = p[:, :, -1].T, r[:, :, -1].T
            yield at, p, r


def _times(sides, sums):
    return (sides.reshape(-1, len(sums)) @ sums).view(sides.shape)


def _scores(p, r):
    return (r / (1 + p)).sum(dim=0)


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
