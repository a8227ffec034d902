"""Classifiers whose last layer can be approximated: logistic regression and nets."""

from functools import partial

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNetBinaryClassifier, NeuralNetClassifier

from skactive.inspection.laplace import LastLayer, fit_laplace, last_layer
from skactive.inspection.preparation import as_input, final_model
from skactive.inspection.questions import (
    DEFAULT_DRAWS,
    check_n_draws,
    embed,
    sample_posterior,
)
from skactive.inspection.sampling import Sampler, prepared_by
from skactive.inspection.skorch_heads import find_head
from skactive.inspection.skorch_hooks import modules_of
from skactive.utils.random import draw_entropy


def _with_posterior(model, labeled=None):
    check_is_fitted(model)
    return Sampler(partial(_draw, model, _posterior(model, labeled)))


@sample_posterior.register(LogisticRegression)
@prepared_by(_with_posterior)
def _(model, X, n_draws=None, random_state=None, labeled=None):
    check_is_fitted(model)
    check_n_draws(n_draws, DEFAULT_DRAWS)
    return _draw(model, _posterior(model, labeled), X, n_draws, random_state)


def _posterior(model, labeled):
    if labeled is None:
        raise ValueError(
            "The posterior of a LogisticRegression needs the rows that it was fitted "
            "on, which it does not keep. Ask a strategy around it, pass "
            "labeled=(X_labeled, y_labeled), or use LastLayerLaplace."
        )
    X_labeled, y, sample_weight = (*labeled, None)[:3]
    if not len(y):
        raise ValueError(
            "The posterior of a LogisticRegression cannot be computed from no labelled "
            "rows at all. Give the strategy some, those it was fitted on."
        )
    weights = row_weights(model, y, sample_weight)
    return fit_laplace(model, X_labeled, weights)


def _draw(model, posterior, X, n_draws, random_state):
    n_draws = check_n_draws(n_draws, DEFAULT_DRAWS)
    z = last_layer(model, X).z
    return posterior.draw(z, n_draws, draw_entropy(random_state))


@last_layer.register(LogisticRegression)
def _(model, X):
    z = embed(model, X)
    coef = model.coef_.toarray() if hasattr(model.coef_, "toarray") else model.coef_
    # Searched strengths of a LogisticRegressionCV: one for each class, all the same.
    C = float(np.ravel(model.C_ if hasattr(model, "C_") else model.C)[0])
    ridge = np.full(z.shape[1], 1 / C)
    if model.fit_intercept:
        coef = np.column_stack([coef, model.intercept_])
        is_liblinear = model.solver == "liblinear"
        ridge[-1] = 1 / (C * model.intercept_scaling**2) if is_liblinear else 0
    return LastLayer(z, coef, ridge, has_prior=_is_ridge(model) and np.isfinite(C))


def _is_ridge(model):
    """Say whether the penalty is l2; its old name is "deprecated" unless given."""
    l1_ratio = model.l1_ratio_ if hasattr(model, "l1_ratio_") else model.l1_ratio
    old = model.penalty
    return old == "l2" or (old == "deprecated" and not np.any(l1_ratio))


@last_layer.register(NeuralNetClassifier)
@last_layer.register(NeuralNetBinaryClassifier)
def _(net, X):
    z = embed(net, X)
    head = modules_of(net)[find_head(net, as_input(net, X)).name]
    weights = head.weight.detach().cpu().double().numpy()
    if head.bias is not None:
        bias = head.bias.detach().cpu().double().numpy()
        z = np.column_stack([z, np.ones(len(z), dtype=z.dtype)])
        weights = np.column_stack([weights, bias])
    decay = _weight_decay(net, head)
    return LastLayer(z, weights, np.full(z.shape[1], decay * len(z)), decay > 0)


def _weight_decay(net, head):
    """Give the ridge per row of a mean loss; 0 where there is none that is known."""
    if getattr(net.criterion_, "reduction", "mean") != "mean":
        return 0.0
    for group in getattr(net.optimizer_, "param_groups", ()):
        if any(parameter is head.weight for parameter in group["params"]):
            coupled = not group.get("decoupled_weight_decay", False)
            return float(group.get("weight_decay", 0) or 0) if coupled else 0.0
    return 0.0


def weights_among(params):
    """
    Find the weights of rows among what ``fit`` was given.

    Parameters
    ----------
    params : dict
        Parameters of ``fit``; in a Pipeline with the step's name before theirs.

    Returns
    -------
    ndarray of shape (n_labeled,) or None
        The first ``sample_weight`` found.
    """
    given = (v for k, v in params.items() if k.rpartition("__")[2] == "sample_weight")
    return next(given, None)


def row_weights(model, y, sample_weight):
    """
    Give what each row counts in the likelihood: by its class, and by itself.

    Parameters
    ----------
    model : fitted classifier
        Whose ``class_weight``, if any, counts.
    y : ndarray of shape (n_labeled,)
        The labels it was fitted on.
    sample_weight : array-like of shape (n_labeled,) or None
        Weights of the rows.

    Returns
    -------
    ndarray of shape (n_labeled,), dtype float64
        The product of both.
    """
    class_weight = getattr(final_model(model), "class_weight", None)
    weights = (
        np.ones(len(y)) if sample_weight is None else np.array(sample_weight, float)
    )
    if class_weight is not None:
        weights *= compute_sample_weight(class_weight, y)
    return weights
