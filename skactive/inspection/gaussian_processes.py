"""Gaussian processes: joint draws of the function over all rows."""

from functools import partial

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import expit, log_expit, softmax
from sklearn import get_config
from sklearn.gaussian_process import (
    GaussianProcessClassifier,
    GaussianProcessRegressor,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from skactive.inspection.questions import DEFAULT_DRAWS, check_n_draws, sample_posterior
from skactive.inspection.sampling import Sampler, prepared_by
from skactive.utils.random import draw_entropy, int_seed, seed_sequence
from skactive.utils.validation import num_rows


def _jointly(process, labeled=None):
    return Sampler(partial(sample_posterior, process), is_joint=True)


@sample_posterior.register(GaussianProcessRegressor)
@prepared_by(_jointly)
def _(process, X, n_draws=None, random_state=None):
    check_is_fitted(process, "X_train_")  # unfitted it would answer from the prior
    n_draws = check_n_draws(n_draws, DEFAULT_DRAWS)
    X = _rows(process, X)
    _refuse_large(process, num_rows(X))
    draws = process.sample_y(
        X,
        n_samples=n_draws,
        random_state=int_seed(seed_sequence(draw_entropy(random_state))),
    )
    draws = draws[:, None, :] if draws.ndim == 2 else draws
    return np.ascontiguousarray(np.moveaxis(draws, 2, 0))


@sample_posterior.register(GaussianProcessClassifier)
@prepared_by(_jointly)
def _(process, X, n_draws=None, random_state=None):
    check_is_fitted(process)
    n_draws = check_n_draws(n_draws, DEFAULT_DRAWS)
    X = _rows(process, X)
    _refuse_large(process, num_rows(X))
    if process.n_classes_ > 2 and process.multi_class != "one_vs_rest":
        raise ValueError(
            "GaussianProcessClassifier has multi_class='one_vs_one', which gives no "
            "probabilities. Use multi_class='one_vs_rest'."
        )
    sequence = seed_sequence(draw_entropy(random_state))
    binary = getattr(process.base_estimator_, "estimators_", [process.base_estimator_])
    rngs = [np.random.default_rng(child) for child in sequence.spawn(len(binary))]
    latent = [
        _draw_latent(one, X, n_draws, rng)
        for one, rng in zip(binary, rngs, strict=True)
    ]
    if len(latent) == 1:
        return np.stack([expit(-latent[0]), expit(latent[0])], axis=2)
    # One against the rest, normalised: in logarithms, lest all of them underflow.
    return softmax(log_expit(np.stack(latent, axis=2)), axis=2)


def _draw_latent(laplace, X, n_draws, rng):
    """
    Draw the latent function of the Laplace approximation.

    Rasmussen and Williams 2006, Algorithm 3.2, with the whole covariance in place of
    its diagonal.
    """
    cross = laplace.kernel_(laplace.X_train_, X)
    mean = cross.T @ (laplace.y_train_ - laplace.pi_)
    v = solve_triangular(laplace.L_, laplace.W_sr_[:, None] * cross, lower=True)
    covariance = laplace.kernel_(X) - v.T @ v
    return rng.multivariate_normal(
        mean,
        covariance,
        size=n_draws,
        method="eigh",
        check_valid="ignore",  # its smallest eigenvalues are rounding, below zero too
    )


def _rows(process, X):
    # The kernels of structured data (strings, graphs) read X as it is.
    is_vectors = process.kernel is None or process.kernel.requires_vector_input
    options = {} if is_vectors else {"ensure_2d": False, "dtype": None}
    return validate_data(process, X, reset=False, **options)


def _refuse_large(process, n):
    needed = n * n * 8 / 2**20
    allowed = get_config()["working_memory"]
    if needed > allowed:
        raise ValueError(
            f"Joint draws from {type(process).__name__} over {n} rows need an "
            f"{n} x {n} covariance of {needed:.0f} MiB, more than the working memory "
            f"of {allowed} MiB. Pass fewer rows, or raise it with "
            "sklearn.set_config(working_memory=...)."
        )
