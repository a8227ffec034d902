"""How diverse and how uncertain a batch is, by the gradients of the last layer."""

import math
from typing import NamedTuple

import numpy as np


class BatchDiversity(NamedTuple):
    """
    Diversity and uncertainty of a batch, or of the batches of a run.

    Parameters
    ----------
    gram_logdet : float or ndarray of shape (n_batches,)
        Log-determinant of the Gram matrix of the gradients; −∞ where they are
        linearly dependent. High is diverse, and grows with the lengths too.
    mean_norm : float or ndarray of shape (n_batches,)
        Mean length of the gradients. High is uncertain.
    budget : ndarray of shape (n_batches,) or None, default=None
        Number of labels known when each batch was asked for.
    """

    gram_logdet: float | np.ndarray
    mean_norm: float | np.ndarray
    budget: np.ndarray | None = None


def batch_diversity(embeddings, proba=None):
    """
    Give the log-determinant of a batch's Gram matrix, and its mean length.

    With probabilities the rows are the gradients g = (p − e_ŷ) ⊗ z of the loss at the
    predicted label ŷ; the K × d numbers of each are never built.

    Parameters
    ----------
    embeddings : array-like of shape (n_batch, n_features)
        The embedding z of each row; or, without `proba`, the vectors themselves.
    proba : array-like of shape (n_batch, n_classes) or None, default=None
        Predicted probabilities p of each row.

    Returns
    -------
    BatchDiversity
        Both numbers, in float64.

    Raises
    ------
    ValueError
        An array has no rows or is not two-dimensional, the numbers of rows differ, a
        number is not finite, or proba holds a number outside 0 to 1.

    Notes
    -----
    Ash et al. 2020, "Deep Batch Active Learning by Diverse, Uncertain Gradient Lower
    Bounds", figures 2 and 24. The Gram matrix of rows of length 1 is taken as singular
    where its condition number is beyond float64. O(n² (d + K) + n³) time, O(n²) memory.

    Examples
    --------
    >>> from skactive.evaluation import batch_diversity
    >>> found = batch_diversity([[3.0, 0.0], [0.0, 2.0]])
    >>> round(found.gram_logdet, 6), found.mean_norm
    (3.583519, 2.5)
    >>> batch_diversity([[1.0, 2.0], [2.0, 4.0]]).gram_logdet
    -inf
    """
    z = _rows(embeddings, "embeddings")
    gram = z @ z.T
    if proba is not None:
        gram *= _residual_products(_rows(proba, "proba"), len(z))
    norms = np.sqrt(gram.diagonal())
    mean_norm = float(norms.mean())
    if not norms.all():
        return BatchDiversity(-math.inf, mean_norm)
    values = np.linalg.eigvalsh(gram / norms / norms[:, None])
    if values[0] <= len(z) * np.finfo(np.float64).eps * values[-1]:
        return BatchDiversity(-math.inf, mean_norm)
    logdet = np.log(values).sum() + 2 * np.log(norms).sum()
    return BatchDiversity(float(logdet), mean_norm)


def diversity_of_batches(simulation, X, embed):
    """
    Give diversity and uncertainty of each batch that a simulation asked for.

    Each batch is seen by the model that was there when it was asked for, so that
    strategies compare that never look at gradients themselves.

    Parameters
    ----------
    simulation : ActiveLearningSimulation
        A fitted simulation that kept its estimators.
    X : array or pandas.DataFrame of shape (n_samples, n_features) or (n_samples, ...)
        The rows that it was fitted to.
    embed : callable
        ``embed(estimator, rows)`` gives the embedding of each row by a model, as
        ``skactive.inspection.embed`` does.

    Returns
    -------
    BatchDiversity
        Arrays with one number for each query.

    Raises
    ------
    ValueError
        The simulation kept no estimators, or made no query.
    """
    models = getattr(simulation, "estimators_", None)
    if models is None:
        raise ValueError(
            "The 'simulation' parameter must be a fitted simulation that kept its "
            "models: fit it with keep_estimators=True."
        )
    batches = [
        simulation.labeled_indices_[simulation.labeled_iter_ == query]
        for query in range(1, len(models))
    ]
    if not batches:
        raise ValueError("The 'simulation' parameter must have made a query. Got none.")
    rows = X.iloc if hasattr(X, "iloc") else X
    found = [
        batch_diversity(
            embed(getattr(model, "estimator_", model), rows[batch]),
            model.predict_proba(rows[batch]),
        )
        for model, batch in zip(models[:-1], batches, strict=True)
    ]
    budget = np.asarray(simulation.learning_curve_.budget[: len(batches)])
    return BatchDiversity(*map(np.array, list(zip(*found, strict=True))[:2]), budget)


def _rows(values, name):
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(
            f"The '{name}' parameter must have one row for each point of the batch, at "
            f"least one. Got an array of shape {values.shape} instead."
        )
    if not np.isfinite(values).all():
        raise ValueError(f"The '{name}' parameter must be finite.")
    return values


def _residual_products(proba, n):
    """Give the inner products of the rows p − e_ŷ."""
    if len(proba) != n:
        raise ValueError(
            "The 'embeddings' and 'proba' parameters must have as many rows. Got "
            f"{n} and {len(proba)} instead."
        )
    if proba.min() < 0 or proba.max() > 1:
        raise ValueError(
            "The 'proba' parameter must hold probabilities, from 0 to 1. Got numbers "
            f"from {proba.min():g} to {proba.max():g} instead."
        )
    residuals = proba.copy()
    residuals[np.arange(n), proba.argmax(axis=1)] -= 1
    return residuals @ residuals.T
