"""BatchBALD: the batch whose labels together tell most, by lazy greedy search."""

import math
from dataclasses import dataclass

import torch
from torch.special import entr

from skactive.kernels.information.configurations import (
    Configurations,
    information_gains,
)
from skactive.kernels.information.draws import Draws, check_whole
from skactive.kernels.information.groups import rungs
from skactive.kernels.information.joint import check_configurations
from skactive.kernels.information.measures import bald_of_block
from skactive.kernels.precision import full_precision
from skactive.kernels.shared import cut_head, given_or_fresh

TIE = 1e-12
"""Gains this near to each other are equal: the smaller position goes first."""
NOTHING = 1e-9
"""A gain below this, in nats, is rounding and not information."""

SIGNIFICANT = 2
"""A gain below so many standard errors is noise. One would never be reached: terms that
are not negative have a mean above its standard error, be it one term that is not 0."""

_FAR = 3  # standard errors of a difference
_FEW = 32  # candidates left over: cheaper to evaluate than to bound once more
_TOGETHER = 2**17  # probabilities P(y | c) of candidates evaluated together
_PROBE = 256  # candidates that tell whether bounding the others will pay


@dataclass(frozen=True)
class BatchInformation:
    """
    What BatchBALD chose, and how.

    Parameters
    ----------
    positions : torch.Tensor of shape (n,), int64, on the CPU
        Distinct positions in the order chosen.
    scores : torch.Tensor of shape (n - n_filled,), float64, on the CPU
        Information in nats that the labels chosen so far carry together, after each
        pick. Behind the exact ones each is an estimate from a sample of its own, so
        that two neighbours may stand the wrong way round by some standard errors.
    gains : torch.Tensor of shape (n - n_filled,), float64, on the CPU
        What each pick added, given those before.
    errors : torch.Tensor of shape (n - n_filled,), float64, on the CPU
        Standard errors of the gains; 0 where exact.
    n_exact : int
        How many picks were made with all configurations enumerated.
    n_evaluations : int
        How often a candidate was evaluated on all configurations, over all picks.
    n_bounds : int
        How often one was bounded on groups of configurations instead.
    n_filled : int
        How many of the last positions were filled up by BALD.
    reason : str
        Why; empty where nothing was filled up.
    """

    positions: torch.Tensor
    scores: torch.Tensor
    gains: torch.Tensor
    errors: torch.Tensor
    n_exact: int
    n_evaluations: int
    n_bounds: int
    n_filled: int
    reason: str


@full_precision()
def batch_bald(
    probabilities, n, *, n_configurations=10_000, generator=None, chunk=None
):
    """
    Choose n rows whose labels together tell most about the model, greedily.

    Parameters
    ----------
    probabilities : torch.Tensor of shape (T, n_rows, K), floating
        Class probabilities of T posterior draws; draw t must be the same model for all
        rows (consistent dropout masks). 0 and 1 are ordinary.
    n : int
        How many rows to choose, 1 <= n <= n_rows.
    n_configurations : int, default=10_000
        Up to so many configurations of the labels chosen so far are enumerated; beyond,
        so many are drawn. At least K.
    generator : torch.Generator or None, default=None
        On the CPU; used only where configurations are drawn. None draws fresh entropy.
    chunk : int or None, default=None
        Numbers worked on at a time; changes no choice.

    Returns
    -------
    BatchInformation
        The positions, and how they came about.

    Raises
    ------
    ValueError
        The rows are not probabilities, or n or n_configurations is out of range.

    Notes
    -----
    Algorithm 1 of Kirsch et al. 2019; 1 − 1/e of the best batch where exact, since the
    information is submodular. A candidate's own K labels are always summed, so that a
    pick is exact while K^(picks so far) <= n_configurations, and longer where some of
    these cannot come about.

    The choice is that of evaluating all candidates on the same configurations, with
    ties (within 1e-12) to the smallest position, but few are evaluated. What a row
    adds can only fall, so that its last gain bounds it; on a sample up to a margin, of
    three standard errors of a difference and of 10 ln K / n_configurations. And its
    gain on groups of configurations bounds that on the configurations, be they all or a
    sample.

    The search ends early where the best gain is below 1e-9 nats or, on a sample, twice
    its standard error (about four configurations carry it then): no batch tells more
    than ln T, and further picks would be noise. The rest is then filled up by BALD, and
    `reason` says so.

    Time: O(n_rows K T G) a pick for G of 32 to some hundred groups, and K T
    n_configurations for each candidate evaluated. Memory beside the input: the chunk,
    T n_rows numbers, and some (T + K) n_configurations.
    """
    draws = Draws(probabilities, chunk)
    check_configurations(n_configurations, draws.n_classes)
    check_whole("n", n, 1)
    if n > draws.n_rows:
        raise ValueError(
            f"n must lie in [1, {draws.n_rows}], the number of rows. Got {n}."
        )
    search = _Search(draws, n_configurations, given_or_fresh(generator))
    reason = search.run(n)
    filled = search.by_bald(n - len(search.chosen))
    scores, gains, errors = (
        torch.tensor(some, dtype=torch.float64)
        for some in (search.scores, search.gains, search.errors)
    )
    return BatchInformation(
        torch.tensor(search.chosen + filled),
        scores,
        gains,
        errors,
        search.n_exact,
        search.n_evaluations,
        search.n_bounds,
        len(filled),
        reason,
    )


class _Search:
    """The candidates with upper bounds of what they add."""

    def __init__(self, draws, limit, generator):
        self.draws, self.limit, self.generator = draws, limit, generator
        self.entropies = draws.map(lambda p: entr(p).sum(dim=2))
        self.bald = draws.map(bald_of_block)
        self.stale = self.bald.clone()
        self.error = torch.zeros_like(self.stale)
        self.free = torch.ones(draws.n_rows, dtype=torch.bool, device=draws.device)
        self.known = Configurations.none(draws.n_draws, draws.device)
        self.chosen, self.scores, self.gains, self.errors = [], [], [], []
        self.n_exact = self.n_evaluations = self.n_bounds = 0

    def run(self, n):
        """Pick while there is something to learn; say why not, if not."""
        while True:
            position, gain, error = self.best()
            if gain < NOTHING or gain < SIGNIFICANT * error:
                return self._why(gain, error)
            self.chosen.append(position)
            self.gains.append(gain)
            self.errors.append(error)
            self.scores.append(self.known.information() + gain)
            self.n_exact += self.known.is_exact
            if len(self.chosen) == n:
                return ""
            self.free[position] = False
            row = self.draws.block(slice(position, position + 1))[:, 0]
            self.known = self.known.extended(row, self.limit, self.generator)

    def best(self):
        """Give the first row whose gain nobody exceeds, its gain and its error."""
        exact = self.known.is_exact
        self.bounds = self.stale.masked_fill(~self.free, -torch.inf)
        self.fresh = torch.full_like(self.stale, -torch.inf)
        self.top = -torch.inf, self.draws.n_rows
        self._evaluate_highest()
        if not exact:
            self.bounds += self._margin()
        for posterior, mass in rungs(self.known.posterior, self.known.mass):
            at = self._contenders()
            if len(at) <= _FEW:
                break
            # A rung that does not rule out half of a few is not worth its price.
            probe = at[:: max(1, len(at) // _PROBE)]
            self._bound(probe, posterior, mass)
            left = self._contenders()
            if len(at) - len(left) >= len(probe) / 2:
                self._bound(left, posterior, mass)
                self._evaluate_highest()
        while self._evaluate_highest():
            pass
        position = self.top[1]
        return position, float(self.fresh[position]), float(self.error[position])

    def by_bald(self, n):
        """Give the n free rows of largest BALD, equal ones by position."""
        order = _rounded(self.bald).sort(descending=True, stable=True).indices
        return order[self.free[order]][:n].tolist()

    def _margin(self):
        """Say how far this sample may raise a gain above that on an earlier one."""
        error = self.error.clamp(min=float(self.error[self.top[1]])) * 2**0.5
        # What is rare may have been missed: a term is at most ln K (Bernstein's bound).
        return _FAR * error + 10 * math.log(self.draws.n_classes) / self.limit

    def _contenders(self):
        """Rows not yet evaluated that may be better, or as good and further ahead."""
        gain, position = self.top
        may = self.bounds > gain + TIE
        may[:position] |= self.bounds[:position] >= gain - TIE
        return (may & (self.bounds > -torch.inf)).nonzero()[:, 0]

    def _bound(self, at, posterior, mass):
        bounds, error = self._gains(at, posterior, mass)
        self.bounds[at] = torch.minimum(self.bounds[at], bounds)
        lower = bounds < self.stale[at]
        self.stale[at[lower]], self.error[at[lower]] = bounds[lower], error[lower]
        self.n_bounds += len(at)

    def _evaluate_highest(self):
        """Evaluate the contenders of highest bound, some together; say if any."""
        at = self._contenders()
        size = _TOGETHER // (self.draws.n_classes * len(self.known.mass))
        at = at[cut_head(_rounded(self.bounds[at]), max(8, size))[0]]
        if len(at) == 0:
            return False
        gains, error = self._gains(at, self.known.posterior, self.known.mass)
        self.fresh[at], self.stale[at], self.error[at] = gains, gains, error
        self.bounds[at] = -torch.inf
        self.n_evaluations += len(at)
        gain = float(self.fresh.max())
        self.top = gain, int((self.fresh >= gain - TIE).nonzero()[0])
        return True

    def _gains(self, at, posterior, mass):
        draws = self.draws
        width = max(draws.n_draws, min(len(mass), 4096))
        parts = [
            information_gains(
                draws.block(some), self.entropies[:, some], posterior, mass, draws.chunk
            )
            for some in at.split(max(1, draws.chunk // (draws.n_classes * width)))
        ]
        gains, spread = (torch.cat(some) for some in zip(*parts, strict=True))
        return gains, spread * (0 if self.known.is_exact else self.limit**-0.5)

    def _why(self, gain, error):
        found = f"{len(self.chosen)} rows tell {self.known.information():.3g} nats"
        most = f"no batch can tell more than ln {self.draws.n_draws}"
        if gain < NOTHING:
            return f"{found}, and no other row adds {NOTHING:g} ({most})"
        return (
            f"{found}, and the {gain:.1g} that the best other row adds is below twice "
            f"its standard error, {error:.1g} ({most})"
        )


def _rounded(values):
    return (values / TIE).round()
