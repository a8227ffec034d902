"""
The measures of uncertainty and diversity as plain functions, for teaching.

NumPy in, NumPy out, larger = ask first. Probabilities are (n, K) or, of T posterior
draws, (T, n, K); embeddings are (n, d).
"""

import numpy as np
import torch

from skactive.kernels import diversity, information, uncertainty
from skactive.kernels.information.draws import ROUNDING


def least_confidence(proba):
    """
    Compute 1 − the largest probability.

    Parameters
    ----------
    proba : array-like of shape (n, K)
        Class probabilities.

    Returns
    -------
    ndarray of shape (n,)
        In [0, 1 − 1/K].
    """
    return uncertainty.least_confidence(_proba(proba)).numpy()


def margin(proba):
    """
    Compute how near the second largest probability comes to the largest.

    Parameters
    ----------
    proba : array-like of shape (n, K)
        Class probabilities.

    Returns
    -------
    ndarray of shape (n,)
        Minus the difference of the two, in [−1, 0].
    """
    return uncertainty.margin(_proba(proba)).numpy()


def entropy(proba):
    """
    Compute the entropy of predictions.

    Parameters
    ----------
    proba : array-like of shape (n, K) or (T, n, K)
        Class probabilities; of draws, their mean's entropy is taken.

    Returns
    -------
    ndarray of shape (n,)
        In nats, in [0, ln K].
    """
    proba = _numbers("proba", proba)
    if proba.ndim == 3:
        return information.entropy_of_mean(_draws(proba)).numpy()
    shape = "(n, K), or (T, n, K) of posterior draws"
    return uncertainty.entropy(_proba(proba, shape)).numpy()


def bald(draws):
    """
    Compute the mutual information of label and model.

    Parameters
    ----------
    draws : array-like of shape (T, n, K)
        Class probabilities of T posterior draws.

    Returns
    -------
    ndarray of shape (n,)
        In nats, in [0, min(ln K, ln T)].
    """
    return information.bald(_draws(draws)).numpy()


def variation_ratio(draws):
    """
    Compute the share of draws that do not vote for the most voted class.

    Parameters
    ----------
    draws : array-like of shape (T, n, K)
        Class probabilities of T posterior draws.

    Returns
    -------
    ndarray of shape (n,)
        In [0, 1 − 1/K].
    """
    return information.variation_ratio(_draws(draws)).numpy()


def mean_std(draws):
    """
    Compute the standard deviation over draws, averaged over classes.

    Parameters
    ----------
    draws : array-like of shape (T, n, K)
        Class probabilities of T posterior draws.

    Returns
    -------
    ndarray of shape (n,)
        In [0, 1/2].
    """
    return information.mean_std(_draws(draws)).numpy()


def joint_entropy(draws):
    """
    Compute the entropy of the labels of all rows together, exactly.

    Parameters
    ----------
    draws : array-like of shape (T, b, K)
        Class probabilities of T posterior draws for a small batch: K^b joint labels are
        enumerated.

    Returns
    -------
    float
        In nats.
    """
    return float(information.joint_entropy(_draws(draws)))


def min_distance(embeddings, embeddings_labeled):
    """
    Compute the distance to the nearest labelled row, as a share of the largest.

    Parameters
    ----------
    embeddings : array-like of shape (n, d)
        Embeddings of the pool.
    embeddings_labeled : array-like of shape (n_labeled, d)
        Embeddings of the labelled rows.

    Returns
    -------
    ndarray of shape (n,)
        In [0, 1], after both were standardised together.
    """
    return diversity.min_distance(*_pair(embeddings, embeddings_labeled)).numpy()


def posterior_variance(embeddings, embeddings_labeled):
    """
    Compute the variance that a Gaussian process is left with at each row.

    Parameters
    ----------
    embeddings : array-like of shape (n, d)
        Embeddings of the pool.
    embeddings_labeled : array-like of shape (n_labeled, d)
        Embeddings of the labelled rows.

    Returns
    -------
    ndarray of shape (n,)
        In [0, 1], after both were standardised together.
    """
    return diversity.posterior_variance(*_pair(embeddings, embeddings_labeled)).numpy()


def _numbers(name, values):
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers in a full array: {error}") from None


def _probabilities(name, values, ndim, shape):
    values = _numbers(name, values)
    if values.ndim != ndim or 0 in values.shape:
        raise ValueError(f"{name} must have shape {shape}. Got {values.shape}.")
    sums = values.sum(axis=-1)
    worst = sums.flat[np.argmax(np.abs(sums - 1))]  # the first NaN, if there is one
    if values.min() < 0 or not abs(worst - 1) <= ROUNDING:
        found = f"a row sums to {worst:.6g}"
        if np.isnan(worst):
            found = "there is NaN"
        elif values.min() < 0:
            found = f"the smallest is {values.min():.6g}"
        raise ValueError(
            f"{name} must hold probabilities, >= 0 and with rows that sum to 1. Here "
            f"{found}."
        )
    return torch.from_numpy(values)


def _proba(proba, shape="(n, K): rows and classes"):
    return _probabilities("proba", proba, 2, shape)


def _draws(draws):
    shape = "(T, n, K): posterior draws, rows and classes, none of them 0"
    return _probabilities("draws", draws, 3, shape)


def _pair(embeddings, labeled):
    arrays = []
    for name, values, rows in (
        ("embeddings", embeddings, "n"),
        ("embeddings_labeled", labeled, "n_labeled"),
    ):
        values = _numbers(name, values)
        if values.ndim != 2 or (rows == "n" and not len(values)):
            raise ValueError(
                f"{name} must have shape ({rows}, d). Got {values.shape}: pass a row "
                "for each point."
            )
        arrays.append(values)
    if arrays[0].shape[1] != arrays[1].shape[1]:
        raise ValueError(
            f"embeddings_labeled must have the {arrays[0].shape[1]} columns of "
            f"embeddings. Got {arrays[1].shape[1]}."
        )
    return diversity.standardize(*map(torch.from_numpy, arrays))
