"""Bayesian linear regression: draws of its coefficients."""

import numpy as np
from sklearn.linear_model import ARDRegression, BayesianRidge
from sklearn.utils.validation import check_is_fitted, validate_data

from skactive.inspection.questions import (
    DEFAULT_DRAWS,
    check_n_draws,
    sample_posterior,
    stack_draws,
)
from skactive.utils.random import draw_entropy, seed_sequence


@sample_posterior.register(BayesianRidge)
@sample_posterior.register(ARDRegression)
def _(model, X, n_draws=None, random_state=None):
    check_is_fitted(model)
    n_draws = check_n_draws(n_draws, DEFAULT_DRAWS)
    X = validate_data(model, X, reset=False, dtype=[np.float64, np.float32])
    mean = model.predict(X)
    # Both were fitted on centred rows, where the intercept is certain.
    X = (X - model.X_offset_)[:, _kept(model)]
    values, vectors = np.linalg.eigh(model.sigma_)
    root = vectors * np.sqrt(np.maximum(values, 0))
    entropy = draw_entropy(random_state)
    noise = (
        np.random.default_rng(seed_sequence(entropy, t)).standard_normal(len(root))
        for t in range(n_draws)
    )
    return stack_draws(((mean + X @ (root @ e))[:, None] for e in noise), n_draws)


def _kept(model):
    """Say which features have a posterior: ARD prunes those of little use."""
    if isinstance(model, ARDRegression):
        return model.lambda_ < model.threshold_lambda
    return slice(None)
