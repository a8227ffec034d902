"""The exact risk of a design for Bayesian linear regression."""

import math
from numbers import Real

import numpy as np
from scipy.linalg.lapack import dpocon, dpotrf, dpotrs

WORST_CONDITION = 100 * np.finfo(np.float64).eps
"""A matrix of a smaller reciprocal condition number is not solved with."""


def bayes_risk(X, X_selected, *, lam, noise_variance):
    """
    Give the exact risk of Bayesian linear regression on the points selected.

    The model is y = x·θ* + noise, with θ* ~ N(0, Id / lam) and Gaussian noise of
    variance σ² = `noise_variance`. The most probable θ after the labels of the
    selected points are seen is ridge regression with the penalty lam σ². Its mean
    excess squared error over the rows of X, averaged over θ* and the noise, is

        σ² tr(Λ⁻¹ Σ),  Λ = Σ_selected x xᵀ + lam σ² Id,  Σ = mean over X of x xᵀ.

    No label is needed, so that batches from any strategy compare without fitting a
    model: lower is better. Computed in float64 by a Cholesky factor of Λ.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        The pool that the risk is averaged over. A model with an intercept needs a
        column of ones, in X_selected too; the prior then covers the intercept.
    X_selected : array-like of shape (n_selected, n_features)
        The points whose labels are known. A row given twice counts as two labels.
        No rows (shape (0, n_features)) give the risk of the prior.
    lam : float
        Precision of the prior: each coordinate of θ* has the variance 1 / lam.
    noise_variance : float
        Variance σ² of the noise in a label, in squared units of y.

    Returns
    -------
    float
        The risk, in squared units of y, at most trace(Σ) / lam.

    Raises
    ------
    ValueError
        An array is not two-dimensional, X has no rows, the widths differ, a number
        is not finite, lam or noise_variance is not above 0, or lam times
        noise_variance is so far below the squares of X_selected that Λ is singular
        in float64.

    Notes
    -----
    Lemma 1 and equation 3 of Ash et al. 2021, "Gone Fishing: Neural Active Learning
    with Fisher Embeddings". Takes O((n_samples + n_selected) n_features² +
    n_features³) time and O(n_features²) memory beside float64 copies of the arrays.

    Examples
    --------
    >>> from skactive.evaluation import bayes_risk
    >>> X = [[1, 0], [1, 0], [0, 1]]
    >>> round(bayes_risk(X, [[1, 0]], lam=1, noise_variance=1), 6)
    0.666667
    >>> round(bayes_risk(X, [[0, 1]], lam=1, noise_variance=1), 6)
    0.833333
    """
    X = _checked_rows(X, "X")
    X_selected = _checked_rows(X_selected, "X_selected")
    if len(X) == 0:
        raise ValueError("The 'X' parameter must have at least one row. Got 0 instead.")
    if X.shape[1] != X_selected.shape[1]:
        raise ValueError(
            "The 'X' and 'X_selected' parameters must have the same features. Got "
            f"{X.shape[1]} and {X_selected.shape[1]} columns instead."
        )
    lam = _checked_positive(lam, "lam")
    noise_variance = _checked_positive(noise_variance, "noise_variance")
    penalty = lam * noise_variance
    precision = X_selected.T @ X_selected
    precision.flat[:: X.shape[1] + 1] += penalty
    factor, failed = dpotrf(precision, lower=True)
    condition, _ = dpocon(factor, np.abs(precision).sum(axis=0).max(), uplo="L")
    if failed or not condition >= WORST_CONDITION:
        raise ValueError(
            "The 'lam' and 'noise_variance' parameters must have a product that "
            f"float64 can tell beside 'X_selected'. Got {lam:g} and "
            f"{noise_variance:g}: make one larger or smaller, or scale the features."
        )
    solved, _ = dpotrs(factor, X.T @ X / len(X), lower=True)
    return float(noise_variance * np.trace(solved))


def _checked_rows(values, name):
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(
            f"The '{name}' parameter must have one row for each sample and one column "
            f"for each feature. Got an array of shape {values.shape} instead."
        )
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"The '{name}' parameter must be finite. Got {values[row, column]} in row "
            f"{row}, column {column} instead."
        )
    return values


def _checked_positive(value, name):
    if not (isinstance(value, Real) and 0 < value < math.inf):
        raise ValueError(
            f"The '{name}' parameter must be a finite number above 0. Got {value!r} "
            "instead."
        )
    return float(value)
