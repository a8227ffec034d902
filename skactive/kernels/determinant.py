"""
Batches by determinants: long rows, far from parallel.

Greedy log-determinants, and samples S with probability ∝ det(L_S), the k-DPP. For rows
g = a ⊗ z the kernel L_ij = ⟨a_i, a_j⟩⟨z_i, z_j⟩ is all that is needed. Inner products
are measured from the origin, and all arithmetic is float64 whatever the rows are:
residuals are differences of nearly equal numbers.
"""

import math
from dataclasses import dataclass

import torch

from skactive.kernels.distances import Rows, blocks
from skactive.kernels.precision import full_precision
from skactive.kernels.shared import fill_uniformly, given_or_fresh

ROUNDING = 1e-12
"""Residuals up to this share of the row's squared norm count as 0; so do ties."""

WIDEST = 2048
"""The largest width K d whose dual kernel is decomposed."""

WIDEST_HEAD = 2**14
"""Rows up to which a queue's head grows by itself."""


@dataclass(frozen=True)
class MaxDet:
    """
    What greedy log-determinants chose.

    Parameters
    ----------
    positions : torch.Tensor of shape (n,), int64, on the CPU
        Distinct positions in the order chosen.
    gains : torch.Tensor of shape (n,), float64, on the CPU
        By how much each pick raised log det(λ Id + Σ g gᵀ), in nats.
    n_passes : int
        Passes over the pool that folded picks in.
    n_filled : int
        How many of the last positions gained nothing: the smallest ones left.
    """

    positions: torch.Tensor
    gains: torch.Tensor
    n_passes: int
    n_filled: int


@dataclass(frozen=True)
class Sample:
    """
    What a k-DPP drew.

    Parameters
    ----------
    positions : torch.Tensor of shape (n,), int64, on the CPU
        Distinct positions; those of the k-DPP first.
    n_filled : int
        How many of the last were drawn uniformly, because the rank is below n.
    n_steps : int
        Exchanges proposed; 0 for an exact sample.
    n_accepted : int
        Exchanges made.
    """

    positions: torch.Tensor
    n_filled: int
    n_steps: int = 0
    n_accepted: int = 0


@full_precision()
def greedy_maxdet(z, n, *, a=None, lam=1.0, head=1024):
    """
    Choose n rows by greedy log-determinant, lazily and exactly.

    Parameters
    ----------
    z : torch.Tensor of shape (n_rows, d), float32 or float64
        Embeddings.
    n : int
        How many rows to choose, 1 <= n <= n_rows.
    a : torch.Tensor of shape (n_rows, K) or None, default=None
        The other factor of gradient embeddings a ⊗ z.
    lam : float, default=1.0
        The ridge λ > 0.
    head : int, default=1024
        Rows kept up to date after each pick, >= 1.

    Returns
    -------
    MaxDet
        The positions, and the gain of each.

    Raises
    ------
    ValueError
        The arguments are out of range or do not fit together.

    Notes
    -----
    Each pick maximises gᵀM⁻¹g, M = λ Id + Σ g gᵀ, which is 1/λ times the residual of
    an incremental Cholesky factor of λ Id + L_S (Chen et al. 2018, Algorithm 1).
    Residuals only fall, so stale ones are upper bounds (Minoux 1978). Ties, up to
    1e-12 of the squared norm, go to the smallest position. Costs
    n_rows n (2 (d + K) + n) flops as matrix products, and for the head, which grows to
    at most max(head, 16,384) rows, as many a row; 8 n (n_rows + head) bytes.
    """
    vectors = _Vectors(z, a, n)
    if not 0 < lam < math.inf:
        raise ValueError(f"lam must be a positive number. Got {lam}.")
    if head < 1:
        raise ValueError(f"head must be at least 1. Got {head}.")
    queue = _Queue(vectors, n, lam, head)
    chosen, heights = queue.take(n)
    while len(chosen) < n:
        queue.fold()
        picked, values = queue.take(n - len(chosen))
        chosen, heights = chosen + picked, heights + values
    heights = torch.tensor(heights, dtype=torch.float64)
    # log(1 + h/λ), where h/λ may overflow or h be 0.
    gains = torch.logaddexp(heights.new_zeros(()), heights.log() - math.log(lam))
    n_filled = int((heights == 0).sum())
    return MaxDet(torch.tensor(chosen), gains, queue.n_passes, n_filled)


@full_precision()
def sample_kdpp(z, n, *, a=None, generator=None):
    """
    Draw n rows S with probability ∝ det(L_S), exactly.

    Parameters
    ----------
    z : torch.Tensor of shape (n_rows, d), float32 or float64
        Embeddings.
    n : int
        How many rows to draw, 1 <= n <= n_rows. Beyond the rank, the rest is uniform.
    a : torch.Tensor of shape (n_rows, K) or None, default=None
        The other factor of gradient embeddings a ⊗ z.
    generator : torch.Generator or None, default=None
        On the CPU, so that every device draws alike; None is a fresh one.

    Returns
    -------
    Sample
        The positions.

    Raises
    ------
    ValueError
        K × d is above 2,048, n is out of range, or z and a do not fit together.

    Notes
    -----
    Kulesza and Taskar 2012, Algorithms 1, 3 (dual) and 8 (k-DPP). Costs
    2 n_rows (Kd)² + O((Kd)³ + n_rows n (Kd + n)) flops and
    8 (2 n_rows n + 4096 Kd + 4 (Kd)²) bytes, as float64. Eigenvalues up to 1e-12 of
    the largest count as 0.
    """
    vectors, generator = _Vectors(z, a, n), given_or_fresh(generator)
    values, axes = _spectrum(vectors)
    some = _choose_axes(values.log(), min(n, len(values)), generator)
    axes = axes[:, some] / values[some].sqrt()
    chosen = _sample_projection(vectors.project(axes), generator)
    filled = fill_uniformly(chosen, n, len(z), generator)
    return Sample(torch.tensor(chosen + filled), len(filled))


@full_precision()
def exchange_chain(z, n, *, a=None, n_steps=None, generator=None):
    """
    Draw n rows S with probability ∝ det(L_S), approximately, by a Markov chain.

    Parameters
    ----------
    z : torch.Tensor of shape (n_rows, d), float32 or float64
        Embeddings.
    n : int
        How many rows to draw, 1 <= n <= n_rows. Beyond the rank, the rest is uniform.
    a : torch.Tensor of shape (n_rows, K) or None, default=None
        The other factor of gradient embeddings a ⊗ z.
    n_steps : int or None, default=None
        Exchanges proposed, >= 0; None is ⌊5 n ln n⌋, which for n = 1 leaves the start.
    generator : torch.Generator or None, default=None
        On the CPU, so that every device draws alike; None is a fresh one.

    Returns
    -------
    Sample
        The positions, and how many exchanges were made.

    Raises
    ------
    ValueError
        The arguments are out of range or do not fit together.

    Notes
    -----
    Kang 2013, Algorithm 1, from a greedy start: exchange a chosen row for another,
    both uniform, with probability min(1, det ratio). Costs
    2 n_steps n (d + K + 3n) flops beyond those and the memory of `greedy_maxdet`.
    """
    vectors, generator = _Vectors(z, a, n), given_or_fresh(generator)
    if n_steps is not None and n_steps < 0:
        raise ValueError(f"n_steps must be None or at least 0. Got {n_steps}.")
    n_steps = math.floor(5 * n * math.log(n)) if n_steps is None else n_steps
    # So small a ridge is lost in rounding: the start ends where the rank does.
    lam = max(1e-16 * float(vectors.norms.max()), 1e-300)
    start = greedy_maxdet(z, n, a=a, lam=lam)
    chain = _Chain(vectors, start.positions[: n - start.n_filled])
    n_steps = n_steps if 0 < chain.n < len(z) else 0
    for done in range(0, n_steps, chain.REFRESH):
        chain.walk(min(chain.REFRESH, n_steps - done), generator)
    chosen = chain.order[: chain.n].tolist()
    filled = fill_uniformly(chosen, n, len(z), generator)
    positions = torch.tensor(chosen + filled)
    return Sample(positions, len(filled), n_steps, chain.n_accepted)


class _Vectors:
    """The rows from the origin, handed out in float64, and their squared norms."""

    def __init__(self, z, a, n):
        Rows(z, a)  # refuses what does not fit together, or is not finite
        if not 1 <= n <= len(z):
            raise ValueError(
                f"n must lie in [1, {len(z)}], the number of rows. Got {n}."
            )
        self.z, self.a = z, a
        self.norms = z.new_empty(len(z), dtype=torch.float64)
        for block in blocks(len(z)):
            squares = [f.square().sum(dim=1) for f in self.take(block)]
            self.norms[block] = math.prod(squares)

    def take(self, at):
        """Give the factors of some rows."""
        return [f[at].double() for f in (self.z, self.a) if f is not None]

    def project(self, axes):
        """Give the products of all rows with axes of shape (K d, k)."""
        axes = axes.to(self.z.device)
        out = axes.new_empty(len(self.z), axes.shape[1])
        for block in blocks(len(self.z)):
            out[block] = _outer(self.take(block)) @ axes
        return out


class _Queue:
    """Residuals ‖g‖² − Σ c²: a fresh head, a stale rest; −∞ where chosen."""

    def __init__(self, vectors, n, lam, head):
        self.vectors, self.lam, self.head = vectors, lam, head
        self.residuals = vectors.norms.clone()
        self.floor = ROUNDING * vectors.norms
        self.columns = vectors.norms.new_empty(len(vectors.norms), n)
        self.n_folded = self.n_passes = 0

    def fold(self):
        """Give every row the columns of the last picks: one matrix product."""
        old, new = self.n_folded, self.n_folded + len(self.pending)
        if old < new:
            picks, known = self.vectors.take(self.pending), self.columns[:, :old]
            picked = known[self.pending].T
            for block in blocks(len(self.residuals)):
                products = _gram(self.vectors.take(block), picks)
                products -= known[block] @ picked
                columns = torch.linalg.solve_triangular(
                    self.factor.T, products, upper=True, left=False
                )
                self.columns[block, old:new] = columns
                self.residuals[block] -= columns.square().sum(dim=1)
            self.n_folded, self.n_passes = new, self.n_passes + 1
            self.residuals = _settled(self.residuals, self.floor)

    def take(self, most):
        """Pick while the head's best beats every stale bound; the first always does."""
        slack = float(self.floor[self.residuals.argmax()])
        at, bound, first_outside = _cut(self.residuals, self.head, slack)
        rows, fresh, floor = self.vectors.take(at), self.residuals[at], self.floor[at]
        old = end = self.n_folded
        columns = fresh.new_empty(len(at), old + min(most, len(at)))
        columns[:, :old] = self.columns[at, :old]
        picked, heights, turns = [], [], []
        while len(picked) < most:
            best = float(fresh.max())
            if best == -math.inf:
                break
            turn = int((fresh >= best - min(slack, best / 2)).nonzero()[0])
            position, height = int(at[turn]), float(fresh[turn])
            tied = best >= bound - min(slack, bound / 2) and position < first_outside
            if picked and not (best > bound + slack or tied):
                break
            picked.append(position)
            heights.append(height)
            if height > 0:
                pick = [f[turn : turn + 1] for f in rows]
                column = _gram(rows, pick)[:, 0]
                column -= columns[:, :end] @ columns[turn, :end]
                columns[:, end] = column / math.sqrt(self.lam + height)
                fresh = _settled(fresh - columns[:, end].square(), floor)
                turns.append(turn)
                end += 1
            fresh[turn] = -math.inf
        self.pending, self.factor = at[turns], columns[turns, old:end].tril(-1)
        pivots = fresh.new_tensor([h + self.lam for h in heights if h > 0]).sqrt()
        self.factor.diagonal().copy_(pivots)
        self.residuals[picked] = -math.inf
        if len(picked) < 16:
            self.head = min(2 * self.head, max(self.head, WIDEST_HEAD))
        return picked, heights


class _Chain:
    """The chosen rows first in `order`, the others after them; on the CPU."""

    REFRESH = 1024

    def __init__(self, vectors, start):
        self.vectors, self.n, self.n_accepted = vectors, len(start), 0
        rest = torch.ones(len(vectors.norms), dtype=torch.bool)
        rest[start] = False
        self.order = torch.cat([start, rest.nonzero()[:, 0]])

    def walk(self, n_steps, generator):
        """Propose exchanges; the rows they can touch are known from the start."""
        n, n_rest = self.n, len(self.order) - self.n
        leaving = torch.randint(n, (n_steps,), generator=generator).tolist()
        entering = torch.randint(n_rest, (n_steps,), generator=generator) + n
        uniform = torch.rand(n_steps, dtype=torch.float64, generator=generator)
        slots, entering = entering.unique(return_inverse=True)
        slots = torch.cat([torch.arange(n), slots])
        at = self.order[slots].to(self.vectors.z.device)
        rows = [f.cpu() for f in self.vectors.take(at)]
        norms, place = self.vectors.norms[at].cpu(), torch.arange(len(slots))
        inverse = self._inverse(rows, place)
        steps = zip(leaving, (entering + n).tolist(), uniform.tolist(), strict=True)
        for i, j, u in steps:
            new = int(place[j])
            cross = _gram([f[place[:n]] for f in rows], [f[[new]] for f in rows])[:, 0]
            x, own, square = inverse @ cross, float(inverse[i, i]), float(norms[new])
            # The square of what is left of the new row, off the other chosen ones.
            rest = square - float(cross @ x) + float(x[i]) ** 2 / own
            if rest <= ROUNDING * square or u >= own * rest:
                continue
            place[i], place[j] = new, int(place[i])
            self.n_accepted += 1
            if rest < 1e-6 * square:
                inverse = self._inverse(rows, place)
                continue
            column = inverse[:, i].clone()
            x -= column * (x[i] / own)
            x[i] = -1
            inverse.addr_(column, column, alpha=-1 / own)
            inverse[i], inverse[:, i] = 0, 0
            inverse.addr_(x, x, alpha=1 / rest)
        self.order[slots] = self.order[slots[place]]

    def _inverse(self, rows, place):
        chosen = [f[place[: self.n]] for f in rows]
        return torch.linalg.inv(_gram(chosen, chosen))


def _gram(left, right):
    """Give ⟨a_i, a_j⟩⟨z_i, z_j⟩."""
    return math.prod(p @ q.T for p, q in zip(left, right, strict=True))


def _outer(factors):
    """Build a ⊗ z, for a block of rows only."""
    z, *a = factors
    return (a[0][:, :, None] * z[:, None, :]).flatten(1) if a else z


def _settled(residuals, floor):
    kept = (residuals > floor) | (residuals == -math.inf)
    return torch.where(kept, residuals, 0)


def _cut(values, head, slack):
    """Give the head's positions; the largest value outside, and its first position."""
    if head >= len(values):
        return torch.arange(len(values), device=values.device), -math.inf, 0
    threshold = values.topk(head + 1).values[-1]
    above = values > threshold + slack
    equal = (~above & (values >= threshold - slack)).nonzero()[:, 0]
    inside = int(head - above.sum())
    at = torch.cat([above.nonzero()[:, 0], equal[:inside]]).sort().values
    return at, float(values[equal[inside:]].max()), int(equal[inside])


def _spectrum(vectors):
    """Give the positive eigenvalues of C = Σ g gᵀ, and its eigenvectors, on the CPU."""
    width = math.prod(f.shape[1] for f in vectors.take(slice(0, 1)))
    if width > WIDEST:
        raise ValueError(
            f"z and a must have K d <= {WIDEST} for an exact k-DPP. Got K d = {width}; "
            "use exchange_chain, or fewer features."
        )
    kernel = vectors.norms.new_zeros(width, width)
    for block in blocks(len(vectors.z)):
        g = _outer(vectors.take(block))
        kernel.addmm_(g.T, g)
    values, axes = torch.linalg.eigh(kernel.cpu())
    kept = values > ROUNDING * values[-1:]
    return values[kept], axes[:, kept]


def _choose_axes(logs, k, generator):
    """Draw k eigenvectors with probability ∝ the product of their eigenvalues."""
    # table[m][l]: log of the l-th elementary symmetric polynomial of the first m.
    table = logs.new_full((len(logs) + 1, k + 1), -math.inf)
    table[:, 0] = 0
    for m, log in enumerate(logs):
        torch.logaddexp(table[m, 1:], log + table[m, :-1], out=table[m + 1, 1:])
    # The law of taking the m-th, with l still to take, from the last down.
    shares = (logs[:, None] + table[:-1, :-1] - table[1:, 1:]).exp()
    uniform = torch.rand(len(logs), dtype=torch.float64, generator=generator).tolist()
    some = []
    for m in range(len(logs) - 1, -1, -1):
        left = k - len(some)
        if left and (m + 1 == left or uniform[m] < shares[m, left - 1]):
            some.append(m)
    return some


def _sample_projection(rows, generator):
    """Draw as many rows as columns, which are orthonormal up to rounding."""
    # One step of Cholesky QR, so that they are orthonormal to the last digits.
    factor = torch.linalg.cholesky(rows.T @ rows)
    rows = torch.linalg.solve_triangular(factor.T, rows, upper=True, left=False)
    masses = rows.square().sum(dim=1)
    floor, basis, chosen = ROUNDING * masses, rows[:0], []
    while len(chosen) < rows.shape[1]:
        ends = masses.cumsum(dim=0)
        u = torch.rand(1, dtype=torch.float64, generator=generator).to(ends.device)
        # Rounding must not run past the last row with any mass.
        u = u * ends[-1] * (1 - 1e-15)
        chosen.append(int(torch.searchsorted(ends, u, right=True)))
        axis = rows[chosen[-1]]
        for _ in range(2):  # twice is enough (Kahan)
            axis = axis - (basis @ axis) @ basis
        axis /= torch.linalg.vector_norm(axis)
        basis = torch.cat([basis, axis[None]])
        masses = _settled(masses - (rows @ axis).square(), floor)
        masses[chosen[-1]] = 0
    return chosen
