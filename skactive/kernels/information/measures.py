"""Measures of one row at a time, from T posterior draws: larger = more uncertain."""

import torch
from torch.special import entr

from skactive.kernels.information.draws import Draws


def entropy_of_mean(probabilities, *, chunk=None):
    """
    Compute the entropy of the mean prediction.

    Parameters
    ----------
    probabilities : torch.Tensor of shape (T, n, K), floating
        Class probabilities of T posterior draws; 0 and 1 are ordinary.
    chunk : int or None, default=None
        Numbers worked on at a time; changes no score beyond rounding.

    Returns
    -------
    torch.Tensor of shape (n,), float64
        H(p̄) in [0, ln K], p̄ the mean over draws.

    Raises
    ------
    ValueError
        The rows are not probabilities.

    Notes
    -----
    The left term of equation (2) of Kirsch et al. 2019. Costs O(T n K) time and O(n)
    memory besides the chunk.
    """
    return Draws(probabilities, chunk).map(lambda p: entr(p.mean(dim=0)).sum(dim=1))


def expected_entropy(probabilities, *, chunk=None):
    """
    Compute the mean over draws of the entropy: what remains once the model is known.

    Parameters
    ----------
    probabilities : torch.Tensor of shape (T, n, K), floating
        Class probabilities of T posterior draws; 0 and 1 are ordinary.
    chunk : int or None, default=None
        Numbers worked on at a time; changes no score beyond rounding.

    Returns
    -------
    torch.Tensor of shape (n,), float64
        The conditional entropy mean_t H(p_t) in [0, ln K].

    Raises
    ------
    ValueError
        The rows are not probabilities.

    Notes
    -----
    The right term of equation (2) of Kirsch et al. 2019; equation (9) sums it over a
    batch. Costs O(T n K) time and O(n) memory besides the chunk.
    """
    return Draws(probabilities, chunk).map(lambda p: entr(p).sum(dim=2).mean(dim=0))


def bald(probabilities, *, chunk=None):
    """
    Compute the information that a row's label carries on the model (BALD).

    Parameters
    ----------
    probabilities : torch.Tensor of shape (T, n, K), floating
        Class probabilities of T posterior draws; 0 and 1 are ordinary.
    chunk : int or None, default=None
        Numbers worked on at a time; changes no score beyond rounding.

    Returns
    -------
    torch.Tensor of shape (n,), float64
        H(p̄) − mean_t H(p_t) in [0, min(ln K, ln T)].

    Raises
    ------
    ValueError
        The rows are not probabilities.

    Notes
    -----
    Houlsby et al. 2011; equation (2) of Kirsch et al. 2019. With one draw it is 0.
    Costs O(T n K) time and O(n) memory besides the chunk.
    """
    return Draws(probabilities, chunk).map(bald_of_block)


def bald_of_block(p):
    """
    Compute BALD of a block of rows.

    Parameters
    ----------
    p : torch.Tensor of shape (T, m, K), float64
        Checked probabilities.

    Returns
    -------
    torch.Tensor of shape (m,)
        BALD, not below 0.
    """
    whole = entr(p.mean(dim=0)).sum(dim=1)
    return (whole - entr(p).sum(dim=2).mean(dim=0)).clamp(min=0)


def mean_std(probabilities, *, chunk=None):
    """
    Compute the standard deviation over draws, averaged over the classes.

    Parameters
    ----------
    probabilities : torch.Tensor of shape (T, n, K), floating
        Class probabilities of T posterior draws; 0 and 1 are ordinary.
    chunk : int or None, default=None
        Numbers worked on at a time; changes no score beyond rounding.

    Returns
    -------
    torch.Tensor of shape (n,), float64
        The mean over c of sqrt(mean_t p_tc² − p̄_c²), in [0, 1/2].

    Raises
    ------
    ValueError
        The rows are not probabilities.

    Notes
    -----
    Kampffmeyer et al. 2016, as in appendix D of Kirsch et al. 2019. Taken as the root
    of mean_t (p_tc − p̄_c)², which loses no digits where draws agree. Costs O(T n K)
    time and O(n) memory besides the chunk.
    """
    return Draws(probabilities, chunk).map(
        lambda p: (p - p.mean(dim=0)).square().mean(dim=0).sqrt().mean(dim=1)
    )


def variation_ratio(probabilities, *, chunk=None):
    """
    Compute the share of draws that do not vote for the most voted class.

    Parameters
    ----------
    probabilities : torch.Tensor of shape (T, n, K), floating
        Class probabilities of T >= 2 posterior draws. A draw votes for its likeliest
        class, ties for the first.
    chunk : int or None, default=None
        Numbers worked on at a time; changes no score.

    Returns
    -------
    torch.Tensor of shape (n,), float64
        1 − (votes of the modal class) / T in [0, 1 − 1/min(K, T)].

    Raises
    ------
    ValueError
        The rows are not probabilities, or there is only one draw.

    Notes
    -----
    Freeman 1965, as in appendix D of Kirsch et al. 2019. Costs O(T n K) time and O(n)
    memory besides the chunk.
    """
    draws = Draws(probabilities, chunk)
    if draws.n_draws < 2:
        raise ValueError(
            "probabilities must hold at least 2 posterior draws: the variation ratio "
            "of one model is 0 everywhere. Got 1."
        )

    return draws.map(lambda p: 1 - _vote_shares(p).amax(dim=1))


def vote_entropy(probabilities, *, chunk=None):
    """
    Compute the entropy of the draws' votes.

    Parameters
    ----------
    probabilities : torch.Tensor of shape (T, n, K), floating
        Class probabilities of T posterior draws. A draw votes for its likeliest class,
        ties for the first.
    chunk : int or None, default=None
        Numbers worked on at a time; changes no score.

    Returns
    -------
    torch.Tensor of shape (n,), float64
        The entropy of the shares of votes, in nats, in [0, ln min(K, T)].

    Raises
    ------
    ValueError
        The rows are not probabilities.

    Notes
    -----
    Dagan and Engelson 1995. Costs O(T n K) time and O(n) memory besides the chunk.
    """
    return Draws(probabilities, chunk).map(lambda p: entr(_vote_shares(p)).sum(dim=1))


def _vote_shares(p):
    votes = p.argmax(dim=2).T
    counts = p.new_zeros(p.shape[1:]).scatter_add_(
        1, votes, torch.ones_like(votes, dtype=p.dtype)
    )
    return counts / len(p)
