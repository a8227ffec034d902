"""
Configurations: what the labels of the rows picked so far may turn out to be.

Each configuration c keeps its probability and what the model would be believed to be
after it, the posterior w_t(c) ∝ P(c | ω_t). That form neither underflows for long
batches nor loses digits: what a further row tells is, given c,
H(Σ_t w_t(c) p_t) − Σ_t w_t(c) H(p_t) >= 0.
"""

import math
from typing import NamedTuple

import torch
from torch.special import entr

# A smaller probability of a configuration adds nothing to any sum, in float64.
_IMPOSSIBLE = 1e-290
_FLOOR = 1e-300  # its logarithm is finite: 0 · ln 0 = 0


class Configurations(NamedTuple):
    """
    Some configurations of the same rows, all distinct.

    Parameters
    ----------
    posterior : torch.Tensor of shape (T, C), float64
        P(ω_t | c), each column a distribution over the draws.
    mass : torch.Tensor of shape (C,), float64
        P(c) where all are enumerated, else the share of the sample that is c.
    log_prob : torch.Tensor of shape (C,), float64
        The logarithm of P(c).
    is_exact : bool
        Whether these are all configurations that can come about.
    """

    posterior: torch.Tensor
    mass: torch.Tensor
    log_prob: torch.Tensor
    is_exact: bool

    @classmethod
    def none(cls, n_draws, device):
        """
        Give the one configuration of no rows.

        Parameters
        ----------
        n_draws : int
            The number of draws T.
        device : torch.device
            Where the probabilities lie.

        Returns
        -------
        Configurations
            With a uniform posterior.
        """
        posterior = torch.full(
            (n_draws, 1), 1 / n_draws, dtype=torch.float64, device=device
        )
        one = torch.ones_like(posterior[0])
        return cls(posterior, one, torch.zeros_like(one), True)

    def extended(self, p, limit, generator):
        """
        Append the label of one more row.

        Parameters
        ----------
        p : torch.Tensor of shape (T, K), float64
            Probabilities of the row.
        limit : int
            Up to so many configurations are enumerated; beyond, so many are drawn.
        generator : torch.Generator
            On the CPU; draws `limit` numbers, or none.

        Returns
        -------
        Configurations
            All that can come about, or a sample.
        """
        masses = self.mass[:, None] * (self.posterior.T @ p)
        flat = masses.flatten()
        at = (flat > _IMPOSSIBLE).nonzero()[:, 0]
        is_exact = self.is_exact and len(at) <= limit
        if not is_exact:
            at, mass = _stratified(flat, at, limit, generator)
        before, label = at // p.shape[1], at % p.shape[1]
        joint = self.posterior[:, before] * p[:, label]
        evidence = joint.sum(dim=0)
        return Configurations(
            joint / evidence,
            flat[at] if is_exact else mass,
            self.log_prob[before] + evidence.log(),
            is_exact,
        )

    def information(self):
        """
        Compute what the labels tell about the model.

        Returns
        -------
        float
            The difference ln T − E_c[H(ω | c)], in [0, ln T].
        """
        doubt = entr(self.posterior).sum(dim=0)
        return max(0.0, math.log(len(self.posterior)) - float(self.mass @ doubt))


def _stratified(masses, possible, size, generator):
    """
    Draw one extended configuration from each of `size` slices of equal mass.

    A configuration drawn before fills whole slices, so that each copy of it gets a
    label of its own; one drawn often gets labels in nearly their proportions.
    """
    # On the CPU, so that every device draws alike.
    u = torch.rand(size, dtype=torch.float64, generator=generator).to(masses.device)
    edges = masses[possible].cumsum(dim=0)
    points = (torch.arange(size, device=masses.device) + u) / size * edges[-1]
    drawn = torch.searchsorted(edges, points, right=True).clamp(max=len(edges) - 1)
    drawn, counts = drawn.unique(return_counts=True)
    return possible[drawn], counts.double() / size


def information_gains(p, h, posterior, mass, chunk):
    """
    Compute what rows would tell beyond the configurations.

    Parameters
    ----------
    p : torch.Tensor of shape (T, m, K), float64
        Probabilities of the rows.
    h : torch.Tensor of shape (T, m), float64
        Their entropies under each draw.
    posterior : torch.Tensor of shape (T, C), float64
        Posteriors of configurations, or of groups of them.
    mass : torch.Tensor of shape (C,), float64
        Their masses.
    chunk : int
        How many probabilities P(y | c) are worked on at a time.

    Returns
    -------
    gains : torch.Tensor of shape (m,), float64
        The mean over c of H(y | c) − Σ_t w_t(c) H(y | ω_t), each term >= 0.
    spread : torch.Tensor of shape (m,), float64
        The standard deviation of the terms.
    """
    m, k = p.shape[1:]
    columns = max(1, min(len(mass), 4096, chunk // k))
    step = max(1, chunk // (k * columns))
    first, second = p.new_zeros(m), p.new_zeros(m)
    for start in range(0, m, step):
        rows = slice(start, start + step)
        likelihood = p[:, rows].permute(1, 2, 0).reshape(-1, len(p))
        for at in range(0, len(mass), columns):
            w, q = posterior[:, at : at + columns], mass[at : at + columns]
            predicted = likelihood @ w
            terms = predicted.clamp(min=_FLOOR).log_().mul_(predicted)
            terms = terms.view(-1, k, len(q)).sum(dim=1)
            terms = terms.add_(h[:, rows].T @ w).neg_().clamp_(min=0)
            first[rows] += terms @ q
            second[rows] += terms.square_() @ q
    return first, (second - first.square()).clamp(min=0).sqrt()
