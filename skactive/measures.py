"""
The measures of uncertainty and diversity as plain functions, for teaching.

NumPy in, NumPy out, larger = ask first. Probabilities are (n, K) or, of T posterior
draws, (T, n, K); embeddings are (n, d).
"""

import numpy as np
import torch

from skactive.kernels import diversity, information, uncertainty


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
    proba = np.asarray(proba)
    if proba.ndim == 3:
        return information.entropy_of_mean(_draws(proba)).numpy()
    return uncertainty.entropy(_proba(proba)).numpy()


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


def _proba(proba):
    proba = np.array(proba, dtype=np.float64)
    if proba.ndim != 2:
        raise ValueError(
            f"proba must have shape (n, K): rows and classes. Got {proba.shape}."
        )
    return torch.from_numpy(proba)


def _draws(draws):
    return torch.from_numpy(np.array(draws, dtype=np.float64))


def _pair(embeddings, labeled):
    arrays = (np.array(some, dtype=np.float64) for some in (embeddings, labeled))
    return diversity.standardize(*map(torch.from_numpy, arrays))
