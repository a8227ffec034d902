"""
How well a batch tells the components of a mixture apart.

θ is one of K components, all equally likely, and y of a row is 1 where the row belongs
to θ: P(y = 1 | x, θ = c) = r_c(x), its responsibility. The information that the answers
of a batch carry on θ is large for rows that sit in the midst of different components.
"""

import math
from numbers import Integral
from typing import NamedTuple

import torch

from skactive.kernels.precision import full_precision
from skactive.kernels.shared import given_or_fresh

ENUMERATED = 8
"""Up to so many rows all 2⁸ = 256 answers are summed; beyond, answers are drawn."""
N_DRAWS = 2048
"""How many answers are drawn, at least."""
SLOTS = 512
"""Rows whose answers are drawn at a time."""

_FLOOR = -750.0  # below the logarithm of any float64 > 0: keeps 0 · ln 0 from being NaN


class MixtureInformation(NamedTuple):
    """
    What batches tell about the component.

    Parameters
    ----------
    information : torch.Tensor of shape (n_batches,), float64, on the CPU
        Of the given rows and the batch together, in nats, in [0, ln K].
    given : float
        Of the given rows alone, in nats.
    is_exact : bool
        Whether all answers were enumerated, so that nothing is an estimate.
    """

    information: torch.Tensor
    given: float
    is_exact: bool


@full_precision()
def mixture_information(
    responsibilities, batches, *, given=None, n_draws=N_DRAWS, generator=None
):
    """
    Compute the information that the answers of a batch carry on the component.

    Parameters
    ----------
    responsibilities : torch.Tensor of shape (n, K), floating
        P(y = 1 | x, θ = c) in [0, 1], for each row x and component c; 0 and 1 are
        ordinary.
    batches : torch.Tensor of shape (n_batches, b), int64
        Positions of the rows of each batch.
    given : torch.Tensor of shape (n_given, K) or None, default=None
        Responsibilities of rows whose answers are part of every batch.
    n_draws : int, default=2048
        How many answers are drawn where they are not enumerated; rounded up to a
        multiple of K.
    generator : torch.Generator or None, default=None
        On the CPU; advances by two seeds. None draws fresh entropy.

    Returns
    -------
    MixtureInformation
        One number a batch, in nats.

    Raises
    ------
    ValueError
        The shapes do not fit, a number is not in [0, 1], a position is out of range, or
        n_draws is not at least 1.

    Notes
    -----
    I(y; θ) = E_{θ,y}[ln p(y | θ) − ln mean_θ' p(y | θ')], BatchBALD's mutual
    information (Kirsch et al. 2019, section 3), with y of the given rows and of the
    batch, which are independent once θ is known. Written as ln K − E_y[H(θ | y)]: the
    mean of the first form over θ given y, so that a draw of y scatters less, and never
    leaves [0, ln K].

    A batch of at most 8 rows is enumerated, and so are at most 8 given rows before such
    a batch; the answer is then exact. Otherwise each component draws equally many
    answers, from the same numbers for every batch, so that batches are compared on
    equal terms. Where all responsibilities are 0 or 1, draws are exact too. The
    standard error is at most ln K / (2 √n_draws): 0.04 nats with 32 components.

    float64 throughout, sums of logarithms. O(n_draws K) time for each given row and
    each row of a batch, 2^b n_draws K for a batch that is enumerated; memory
    O(n_draws (K + 512)).
    """
    _check(responsibilities, batches, given, n_draws)
    r = responsibilities.double()
    n_components = r.shape[1]
    given = r[:0] if given is None else given.to(r)
    generator = given_or_fresh(generator)
    seeds = torch.randint(2**62, (2,), generator=generator).tolist()
    enumerates = batches.shape[1] <= ENUMERATED
    is_exact = enumerates and len(given) <= ENUMERATED
    if is_exact:
        known = _log_likelihood(_all_answers(given), given)
        weights = (known.logsumexp(dim=1) - math.log(n_components)).exp()
    else:
        each = -(-n_draws // n_components)
        theta = torch.arange(n_components, device=r.device).repeat_interleave(each)
        known = _drawn(given, theta, seeds[0])
        weights = torch.full_like(known[:, 0], 1 / len(theta))
    before = _information(known, weights)
    if enumerates:
        posterior = known.softmax(dim=1)
        gains = [_enumerated_gain(r[rows], posterior, weights) for rows in batches]
        information = torch.stack(gains).clamp(min=0) + before
    else:
        information = torch.stack(
            [
                _information(known + _drawn(r[rows], theta, seeds[1]), weights)
                for rows in batches
            ]
        )
    information = information.clamp(0, math.log(n_components)).cpu()
    return MixtureInformation(information, float(before), is_exact)


def _information(log_likelihood, weights):
    """Give ln K − E_y[H(θ | y)], from ln p(y | θ) for some y and their weights."""
    posterior = log_likelihood.softmax(dim=1)
    doubt = torch.special.entr(posterior).sum(dim=1)
    return (math.log(log_likelihood.shape[1]) - weights @ doubt).clamp(min=0)


def _enumerated_gain(r, posterior, weights):
    """Give E[H(y_batch | y_given) − H(y_batch | θ)]; r of shape (b, K)."""
    likelihood = _log_likelihood(_all_answers(r), r).exp()
    alone = (torch.special.entr(r) + torch.special.entr(1 - r)).sum(dim=0)
    together = torch.special.entr(posterior @ likelihood.T).sum(dim=1)
    return weights @ (together - posterior @ alone)


def _all_answers(r):
    n_rows = len(r)
    codes = torch.arange(2**n_rows, device=r.device)
    return ((codes[:, None] >> torch.arange(n_rows, device=r.device)) & 1).double()


def _drawn(r, theta, seed):
    """Draw answers from P(y | θ), the same numbers for one seed; give ln p(y | ·)."""
    total = r.new_zeros(len(theta), r.shape[1])
    generator = torch.Generator().manual_seed(seed)
    for rows in r.split(SLOTS):
        shape = (len(theta), len(rows))
        # On the CPU, so that every device draws alike.
        u = torch.rand(shape, dtype=torch.float64, generator=generator).to(r.device)
        total += _log_likelihood((u < rows.T[theta]).double(), rows)
    return total


def _log_likelihood(y, r):
    """Give ln p(y | θ) of shape (m, K), for answers (m, b) and r of shape (b, K)."""
    # All terms have one sign: nothing cancels.
    yes, no = r.log().clamp(min=_FLOOR), torch.log1p(-r).clamp(min=_FLOOR)
    return y @ yes + (1 - y) @ no


def _check(responsibilities, batches, given, n_draws):
    for name, r in (("responsibilities", responsibilities), ("given", given)):
        if r is None:
            continue
        if r.ndim != 2 or r.shape[1] == 0 or not r.is_floating_point():
            raise ValueError(
                f"{name} must be a floating tensor of one row a point and one column a "
                f"component. Got shape {tuple(r.shape)}, {r.dtype}."
            )
        if not bool(((r >= 0) & (r <= 1)).all()):
            raise ValueError(
                f"{name} must be probabilities in [0, 1]. Got NaN, or a range from "
                f"{float(r.min()):.3g} to {float(r.max()):.3g}."
            )
    if given is not None and given.shape[1] != responsibilities.shape[1]:
        raise ValueError(
            "given must have as many columns as responsibilities, "
            f"{responsibilities.shape[1]}. Got {given.shape[1]}."
        )
    n = len(responsibilities)
    if batches.ndim != 2 or 0 in batches.shape or batches.dtype != torch.int64:
        raise ValueError(
            "batches must be an int64 tensor of one row a batch, none of them empty. "
            f"Got shape {tuple(batches.shape)}, {batches.dtype}."
        )
    if not bool(((batches >= 0) & (batches < n)).all()):
        raise ValueError(
            f"batches must hold positions in [0, {n}), rows of responsibilities. Got "
            f"{int(batches.min())} to {int(batches.max())}."
        )
    if not isinstance(n_draws, Integral) or n_draws < 1:
        raise ValueError(
            f"n_draws must be a whole number >= 1, better some thousand. Got {n_draws}."
        )
