"""
Forward and backward trace search where information has rank one: regression, binary.

P and R are then one number a row, and a step is bound by reading the pool. So some
steps are made ahead on the rows that lead, the head; then the whole pool is brought up
to date by one matrix product, and the same product tells, for each of the steps, the
best row outside the head. Where one would have won, the steps from there are undone.
"""

import torch

from skactive.kernels.fisher.dense import cheapest, factored
from skactive.kernels.fisher.search import Picks
from skactive.kernels.fisher.spaces import strips
from skactive.kernels.shared import cut_head


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
    head : int, default=512
        Rows that steps are made ahead on.
    ahead : int, default=32
        Steps made ahead.
    """

    is_kept = True

    def __init__(
        self, z, roots, prior, fisher, axes, refresh, *, head=512, ahead=32
    ):
        self.z, self.roots, self.axes = z, roots, axes
        self.prior, self.fisher = prior, fisher
        self.refresh, self.head, self.ahead = refresh, head, ahead
        self.picks = Picks()
        self.inverse = self._inverse()
        self.objective = [float((self.inverse * self.fisher).sum())]
        self.n_refreshes = self.n_undone = self.n_passes = 0

    # ---------------------------------------------------------------- forward

    def forward(self, n):
        """
        Add rows while that lowers the trace.

        Parameters
        ----------
        n : int
            How many at most.
        """
        taken = torch.zeros(len(self.z), dtype=torch.bool, device=self.z.device)
        self._refresh()
        since = 0
        while len(self.picks.forward) < n:
            scores = self._scores(self.p, self.r).masked_fill_(taken, -torch.inf)
            most = min(self.ahead, n - len(self.picks.forward), self.refresh)
            run = self._run_ahead(scores, most, taken)
            if run.slack > 1e-3 and since:
                self._refresh()
                since = 0
                continue
            if not run.positions:
                break
            kept = self._fold(run, taken)
            self.n_undone += len(run.positions) - kept
            self._accept(run, kept, taken)
            since += kept
            if since >= self.refresh:
                self._refresh()
                since = 0

    def _run_ahead(self, scores, most, taken):
        """Make steps on the rows that lead, in float64."""
        best = float(scores.max())
        near = int((scores >= best * (1 - 1e-3)).sum())
        # Rows already taken are never in the head.
        width = min(max(self.head, min(near, 8 * self.head)), int((~taken).sum()))
        at = cut_head(scores, width)[0]
        head = _Head(self, at, scores[at])
        while len(head.positions) < most and head.step(self.objective[0]):
            pass
        return head

    def _fold(self, run, taken):
        """Bring P and R up to date; give how many steps stand."""
        n_steps = len(run.positions)
        outside = ~taken
        outside[run.at] = False
        w, y = run.lifted(n_steps)
        gains = torch.tensor(run.gains, dtype=torch.float64, device=self.z.device)
        best = torch.full_like(gains, -torch.inf)
        for at in self._strips(n_steps):
            p, r = self._after(at, w, y)
            scores = self._scores(p, r)
            scores.masked_fill_(~outside[at], -torch.inf)
            best = torch.maximum(best, scores.amax(dim=1).double())
        self.n_passes += 1
        # After step t the best outside must lie below what step t + 1 took.
        beaten = best[:-1] * (1 + run.slack) >= gains[1:]
        kept = int(beaten.nonzero()[0]) + 1 if bool(beaten.any()) else n_steps
        w, y = run.lifted(kept)
        for at in self._strips(kept):
            p, r = self._after(at, w, y)
            self.p[:, at], self.r[:, at] = p[:, -1], r[:, -1]
        return kept

    def _after(self, at, w, y):
        """Give P and R (G, steps, m) after each of the steps."""
        blocks, m = len(self.roots), at.stop - at.start
        roots = self.roots[:, None, at]
        x = (w @ self.z[at].T).view(blocks, -1, m) * roots
        y = (y @ self.z[at].T).view(blocks, -1, m) * roots
        r = self.r[:, None, at] - (x * y).cumsum(dim=1).mul_(2)
        p = self.p[:, None, at] - x.square_().cumsum(dim=1)
        return p, r

    def _scores(self, p, r):
        return (r / (1 + p)).sum(dim=0)

    def _accept(self, run, kept, taken):
        w = torch.stack(run.vectors[:kept], dim=2)
        self.inverse -= w @ w.transpose(1, 2)
        positions = run.positions[:kept]
        taken[torch.tensor(positions, device=taken.device)] = True
        self.picks.forward += positions
        self.picks.gains += run.gains[:kept]
        for gain in run.gains[:kept]:
            self.objective.append(self.objective[-1] - gain)

    # ---------------------------------------------------------------- backward

    def backward(self, n):
        """
        Take rows out again, the cheapest first.

        Parameters
        ----------
        n : int
            How many shall be left.
        """
        chosen = self.picks.forward
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
            x = torch.einsum("gmd,gd->gm", v, w)
            p += x.square()
            r += 2 * x * torch.einsum("gmd,gd->gm", v, y)
            self.inverse += w[:, :, None] * w[:, None, :]
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

    def _refresh(self):
        self.n_refreshes += 1
        self.inverse = self._inverse()
        root = torch.linalg.cholesky(self.inverse)
        side = self.inverse @ (self.fisher @ root)
        blocks, dim = root.shape[:2]
        left = self.lift(root.transpose(1, 2).reshape(-1, dim))
        right = self.lift(side.transpose(1, 2).reshape(-1, dim))
        self.p = self.roots.new_empty(self.roots.shape)
        self.r = self.p.clone()
        for at in self._strips(dim):
            square = self.roots[:, at].square()
            x = (left @ self.z[at].T).view(blocks, dim, -1)
            y = (right @ self.z[at].T).view(blocks, dim, -1)
            self.p[:, at] = x.square().sum(dim=1) * square
            self.r[:, at] = (x * y).sum(dim=1) * square
        self.n_passes += 1

    def _strips(self, n_vectors):
        return strips(len(self.z), 8 * n_vectors * len(self.roots))


class _Head:
    """The rows that lead, in float64, and the steps made on them."""

    def __init__(self, search, at, stale):
        self.search, self.at = search, at
        self.fisher, self.inverse = search.fisher, search.inverse.clone()
        self.v = search.v(at)
        u = self.v @ self.inverse
        self.p, self.r = (u * self.v).sum(dim=2), (u * (u @ self.fisher)).sum(dim=2)
        self.scores = (self.r / (1 + self.p)).sum(dim=0)
        self.free = torch.ones(len(at), dtype=torch.bool, device=at.device)
        # How far the pool's numbers have drifted, of the head's best.
        best = float(self.scores.max())
        drift = float((self.scores - stale.double()).abs().max())
        self.slack = max(4 * drift / max(best, 1e-300), 1e-12)
        self.positions, self.gains, self.vectors, self.sides = [], [], [], []

    def step(self, scale):
        """Add the best row of the head; tell whether there was one."""
        best = float(self.scores.max())
        if best <= 1e-14 * scale:
            return False
        turn = int((self.scores >= best * (1 - 1e-12)).nonzero()[0])
        w, y, gain = move(self.inverse, self.fisher, self.v[:, turn], 1)
        x = torch.einsum("gmd,gd->gm", self.v, w)
        self.p -= x.square()
        self.r -= 2 * x * torch.einsum("gmd,gd->gm", self.v, y)
        self.inverse -= w[:, :, None] * w[:, None, :]
        self.free[turn] = False
        self.scores = (self.r / (1 + self.p)).sum(dim=0)
        self.scores.masked_fill_(~self.free, -torch.inf)
        self.positions.append(int(self.at[turn]))
        self.gains.append(gain)
        self.vectors.append(w)
        self.sides.append(y)
        return True

    def lifted(self, n_steps):
        """Give W and Y of the first steps as (G steps, d), for the pool."""
        return [
            self.search.lift(torch.stack(some[:n_steps], dim=1).flatten(0, 1))
            for some in (self.vectors, self.sides)
        ]


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
        w with M⁻¹ ∓ w wᵀ the new inverse, M⁻¹ F w ∓ ½ w (wᵀ F w), and the change of
        the trace.
    """
    u = (inverse @ v[:, :, None])[:, :, 0]
    scale = 1 + sign * (u * v).sum(dim=1, keepdim=True)
    w = u / scale.sqrt()
    fw = (fisher @ w[:, :, None])[:, :, 0]
    inner = (w * fw).sum(dim=1, keepdim=True)
    sides = (inverse @ fw[:, :, None])[:, :, 0] - sign / 2 * inner * w
    return w, sides, float(inner.sum())
