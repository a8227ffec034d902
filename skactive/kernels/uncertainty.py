"""Uncertainty of predicted probabilities: one score a row, larger = more uncertain."""

import torch

__all__ = ["entropy", "least_confidence", "margin"]


def least_confidence(proba):
    """
    Compute one minus the largest probability.

    Parameters
    ----------
    proba : torch.Tensor of shape (n, K), floating
        Class probabilities.

    Returns
    -------
    torch.Tensor of shape (n,), same dtype and device
        Scores 1 - max_c p_c in [0, 1 - 1/K]. Cost O(nK) time, O(n) memory.

    Notes
    -----
    Lewis and Gale 1994; "confidence sampling" in Ash et al. 2020, section 4.
    """
    return 1 - proba.amax(dim=1)


def margin(proba):
    """
    Compute the negative gap between the two most likely classes.

    Parameters
    ----------
    proba : torch.Tensor of shape (n, K), floating
        Class probabilities. With a single class the runner-up has probability 0.

    Returns
    -------
    torch.Tensor of shape (n,), same dtype and device
        Scores -(p_(1) - p_(2)) in [-1, 0]. Cost O(nK) time, O(n) memory.

    Notes
    -----
    Roth and Small 2006; "margin sampling" in Ash et al. 2020, section 4.
    """
    if proba.shape[1] == 1:
        return -proba[:, 0]
    first, second = proba.topk(2, dim=1).values.unbind(dim=1)
    return second - first


def entropy(proba):
    """
    Compute the entropy in nats.

    Parameters
    ----------
    proba : torch.Tensor of shape (n, K), floating
        Class probabilities; zeros are ordinary (0 ln 0 = 0).

    Returns
    -------
    torch.Tensor of shape (n,), same dtype and device
        Scores -Σ_c p_c ln p_c in [0, ln K]. Cost O(nK) time and memory.

    Notes
    -----
    Shannon 1948; "entropy sampling" in Ash et al. 2020, section 4.
    """
    return torch.special.entr(proba).sum(dim=1)
