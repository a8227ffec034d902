"""Bayesian linear regression: draws of the coefficients."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import ARDRegression, BayesianRidge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skactive import RandomSampling
from skactive.inspection import sample_posterior

rng = np.random.default_rng(0)
X = rng.normal(loc=[5.0, 0, 0, -2], size=(30, 4))
y = X @ [1.0, -2.0, 0.0, 0.0] + 3 + rng.normal(size=30)
MODELS = [
    BayesianRidge(),
    BayesianRidge(fit_intercept=False),
    ARDRegression(),
    ARDRegression(threshold_lambda=5.0),  # prunes
]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_mean_and_covariance_are_those_of_the_model(model):
    model.fit(X, y)
    n = 20_000
    draws = sample_posterior(model, X, n_draws=n, random_state=0)
    assert draws.shape == (n, 30, 1)
    mean, std = model.predict(X, return_std=True)
    of_function = np.sqrt(std**2 - 1 / model.alpha_)  # without the noise of y
    error = np.abs(draws[..., 0].mean(axis=0) - mean)
    assert (error < 5 * of_function / np.sqrt(n) + 1e-12).all()
    np.testing.assert_allclose(draws[..., 0].std(axis=0), of_function, rtol=0.03)
    # Draws are linear functions: what a row less another gets is the same anywhere.
    steps = X[:2] + X[2] - X[3]
    moved = sample_posterior(model, np.vstack([X[:4], steps]), 7, random_state=1)
    expected = moved[:, :2] + moved[:, 2:3] - moved[:, 3:4]
    np.testing.assert_allclose(moved[:, 4:], expected, atol=1e-8)


def test_ard_prunes_in_this_test():
    model = MODELS[3].fit(X, y)
    assert len(model.sigma_) < 4


def test_in_a_pipeline_in_a_strategy():
    pipeline = make_pipeline(StandardScaler(), BayesianRidge())
    strategy = RandomSampling(pipeline, random_state=0).fit(X, y)
    draws = sample_posterior(strategy, X, n_draws=5, random_state=0)
    assert draws.shape == (5, 30, 1)
    assert draws.std(axis=0).min() > 0
    assert sample_posterior(strategy, X.astype(np.float32)).shape == (100, 30, 1)


@pytest.mark.parametrize("model", [BayesianRidge(), ARDRegression()])
def test_refusals(model):
    with pytest.raises(NotFittedError):
        sample_posterior(type(model)(), X)
    with pytest.raises(ValueError, match="3 features"):
        sample_posterior(model.fit(X, y), X[:, :3])
