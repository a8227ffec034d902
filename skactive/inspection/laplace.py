"""
Laplace approximation of the last linear layer: a Gaussian around its fitted weights.

The likelihood is the multinomial (or, for one logit, the binomial) of the labels given
the embedding z; the rest of the model stays fixed. With p_i the probabilities of row i
and w_i its weight, the precision of the weights (K rows of d) is

    H = sum_i w_i (diag(p_i) - p_i p_i^T) (x) z_i z_i^T  +  the ridge

(MacKay 1992; Kristiadi et al. 2020 for the last layer alone). It does not depend on the
labels themselves.
"""

from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from scipy.special import expit, softmax
from sklearn import get_config

from skactive.inspection.questions import predict_proba, stack_draws
from skactive.utils.random import seed_sequence


@dataclass(frozen=True)
class LastLayer:
    """
    The last linear layer of a fitted classifier, and what it sees of some rows.

    Parameters
    ----------
    z : ndarray of shape (n_samples, d)
        What the layer sees; a last column of ones where it has an intercept.
    weights : ndarray of shape (n_logits, d)
        Its fitted weights; one logit for a binary model with a sigmoid.
    ridge : ndarray of shape (d,)
        The precision of the Gaussian prior on each column that the model was fitted
        with, the rows taken as those of ``fit``; 0 where there is none.
    has_prior : bool, default=True
        False where the ridge is not known, or is 0 throughout.
    """

    z: np.ndarray
    weights: np.ndarray
    ridge: np.ndarray
    has_prior: bool = True


@singledispatch
def last_layer(estimator, X):
    """
    Look at the last linear layer of a fitted classifier.

    Parameters
    ----------
    estimator : fitted classifier
        A ``LogisticRegression``, a skorch classifier, or a Pipeline, search or frozen
        model around one.
    X : array-like of shape (n_samples, n_features) or (n_samples, ...)
        Rows, as the estimator takes them.

    Returns
    -------
    LastLayer
        The layer.

    Raises
    ------
    TypeError
        The model has no last layer that we know of.
    """
    raise TypeError(
        "A Laplace approximation needs a LogisticRegression or a skorch classifier, "
        "alone or at the end of a Pipeline. Got "
        f"{type(estimator).__name__}; use one of these, or an ensemble (Committee)."
    )


@dataclass(frozen=True)
class LaplacePosterior:
    """
    A Gaussian over the weights of a last layer.

    Parameters
    ----------
    mean : ndarray of shape (n_logits, d), dtype float64
        The fitted weights.
    factor : ndarray of shape (n_logits * d, n_logits * d), dtype float64
        The lower Cholesky factor of the precision.
    """

    mean: np.ndarray
    factor: np.ndarray

    def draw(self, z, n_draws, entropy):
        """
        Draw class probabilities.

        Parameters
        ----------
        z : ndarray of shape (n_samples, d)
            What the layer sees.
        n_draws : int
            How many draws T.
        entropy : int
            Seeds the draws; draw t depends on (entropy, t) alone, not on the rows.

        Returns
        -------
        ndarray of shape (n_draws, n_samples, n_classes)
            Probabilities, in the dtype of z. Costs (K d)² T for the weights and
            T n K d for the logits.
        """
        noise = np.stack(
            [
                np.random.default_rng(seed_sequence(entropy, t)).standard_normal(
                    self.mean.size
                )
                for t in range(n_draws)
            ],
            axis=1,
        )
        shift = solve_triangular(self.factor, noise, trans="T", lower=True)
        draws = (
            _probabilities(z, self.mean + shift[:, t].reshape(self.mean.shape))
            for t in range(n_draws)
        )
        return stack_draws((draw.astype(z.dtype) for draw in draws), n_draws)


def fit_laplace(estimator, X, sample_weight=None, prior_precision=None):
    """
    Approximate the posterior of a fitted classifier's last layer.

    Parameters
    ----------
    estimator : fitted classifier
        See ``last_layer``.
    X : array-like of shape (n_labeled, n_features) or (n_labeled, ...)
        The rows it was fitted on.
    sample_weight : ndarray of shape (n_labeled,) or None, default=None
        How often each row counts in the likelihood; None: once.
    prior_precision : float or None, default=None
        Precision of the Gaussian prior on all weights; None takes the model's ridge.

    Returns
    -------
    LaplacePosterior
        The posterior. Costs n (K d)² / 2 + (K d)³ / 3 and (K d)² × 8 bytes.

    Raises
    ------
    ValueError
        The matrix does not fit the working memory, there is no prior, or the model's
        probabilities are not those of its last layer.
    """
    layer = last_layer(estimator, X)
    name = type(estimator).__name__
    ridge = _ridge(layer, prior_precision, name)
    _refuse_large(layer.weights.shape)
    proba = _probabilities(layer.z, layer.weights)
    if not np.allclose(proba, predict_proba(estimator, X), atol=1e-3):
        raise ValueError(
            f"The probabilities of {name} are not the softmax (or sigmoid) of its last "
            "linear layer, so its posterior cannot be approximated there. Use a module "
            "that ends in its linear layer, or an ensemble (Committee)."
        )
    hessian = _hessian(
        layer.z.astype(np.float64),
        proba[:, 1:] if len(layer.weights) == 1 else proba,
        np.ones(len(proba)) if sample_weight is None else sample_weight,
    )
    _add_prior(hessian, ridge, len(layer.weights))
    try:  # its transpose is itself, in the order that LAPACK can work in place
        factor = cholesky(hessian.T, lower=True, overwrite_a=True)
    except LinAlgError as error:
        raise ValueError(
            f"The labels leave weights of {name} undetermined: the precision of its "
            "last layer is singular. Give it a (stronger) ridge: a smaller C or "
            "fit_intercept=False, or LastLayerLaplace(..., prior_precision=1.0)."
        ) from error
    return LaplacePosterior(layer.weights.astype(np.float64), factor)


def _ridge(layer, prior_precision, name):
    if prior_precision is not None:
        return np.full(layer.z.shape[1], float(prior_precision))
    if not layer.has_prior:
        raise ValueError(
            f"{name} was fitted without a ridge that is known (an l2 penalty; "
            "weight_decay of a mean loss, not decoupled as AdamW's), so its weights "
            "have no prior. Pass one: LastLayerLaplace(..., prior_precision=1.0)."
        )
    return layer.ridge


def _refuse_large(shape):
    n_logits, d = shape
    size = n_logits * d
    needed, allowed = size**2 * 8 / 2**20, get_config()["working_memory"]
    if needed > allowed:
        raise ValueError(
            f"A Laplace approximation over {n_logits} logits x {d} features needs a "
            f"{size} x {size} matrix of {needed:.0f} MiB, more than the working memory "
            f"of {allowed} MiB. Reduce the features (PCA, TruncatedSVD, a narrower "
            "layer), use an ensemble, or raise it with "
            "sklearn.set_config(working_memory=...)."
        )


def _probabilities(z, weights):
    logits = z.astype(np.float64) @ weights.T.astype(np.float64)
    if logits.shape[1] == 1:
        return np.hstack([expit(-logits), expit(logits)])
    return softmax(logits, axis=1)


def _hessian(z, p, row_weights):
    """Give the precision from the labels, a d x d block for each pair of logits."""
    d, n_logits = z.shape[1], p.shape[1]
    hessian = np.empty((n_logits * d, n_logits * d))
    for k in range(n_logits):
        for m in range(k + 1):
            curvature = row_weights * p[:, k] * ((k == m) - p[:, m])
            block = z.T @ (curvature[:, None] * z)
            hessian[k * d : (k + 1) * d, m * d : (m + 1) * d] = block
            hessian[m * d : (m + 1) * d, k * d : (k + 1) * d] = block
    return hessian


def _add_prior(hessian, ridge, n_logits):
    d = len(ridge)
    hessian[np.diag_indices_from(hessian)] += np.tile(ridge, n_logits)
    if n_logits == 1:
        return
    # A column without a ridge (the intercept) may shift all logits alike, which
    # changes no probability and has no curvature at all: fixed by a precision of 1.
    for column in np.flatnonzero(ridge == 0):
        hessian[column::d, column::d] += 1 / n_logits
