"""Gaussian processes: joint draws, held against the model's own moments."""

import warnings

import numpy as np
import pytest
import sklearn
from sklearn.exceptions import NotFittedError
from sklearn.gaussian_process import (
    GaussianProcessClassifier,
    GaussianProcessRegressor,
)
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

from skactive.inspection import embed, predict_proba, sample_posterior

rng = np.random.default_rng(0)
X = rng.normal(size=(30, 2))
POOL = rng.normal(size=(12, 2)) * 1.5
target = np.sin(X[:, 0])
labels = np.array(["a", "b", "c"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0.5)]


def test_the_moments_of_a_regressors_draws_are_its_predictions():
    kernel = RBF() + WhiteKernel(0.1)
    model = GaussianProcessRegressor(kernel, optimizer=None).fit(X, target)
    draws = sample_posterior(model, POOL, n_draws=20_000, random_state=0)
    assert draws.shape == (20_000, 12, 1)
    assert draws.flags.c_contiguous
    mean, covariance = model.predict(POOL, return_cov=True)
    np.testing.assert_allclose(draws[:, :, 0].mean(axis=0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(draws[:, :, 0].T), covariance, atol=0.04)


def test_a_regressor_of_two_targets():
    targets = np.c_[target, 5 - target]
    model = GaussianProcessRegressor(RBF(), alpha=0.1, optimizer=None).fit(X, targets)
    draws = sample_posterior(model, POOL, n_draws=4000, random_state=0)
    assert draws.shape == (4000, 12, 2)
    np.testing.assert_allclose(draws.mean(axis=0), model.predict(POOL), atol=0.08)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_mean_of_a_classifiers_draws_is_its_probability(n_classes):
    y = labels if n_classes == 3 else labels != "a"
    kernel = ConstantKernel(2.0) * RBF()
    model = GaussianProcessClassifier(kernel, optimizer=None).fit(X, y)
    draws = sample_posterior(model, POOL, n_draws=20_000, random_state=0)
    assert draws.shape == (20_000, 12, n_classes)
    np.testing.assert_allclose(draws.sum(axis=2), 1)
    # scikit-learn approximates the integral, and normalises after it, not before.
    atol = 0.01 if n_classes == 2 else 0.04
    np.testing.assert_allclose(
        draws.mean(axis=0), predict_proba(model, POOL), atol=atol
    )


def test_a_draw_is_one_function_for_all_rows():
    pool = POOL[0] + np.array([[0], [1e-6], [4]])
    for model in (
        GaussianProcessRegressor(RBF(), optimizer=None).fit(X, target),
        GaussianProcessClassifier(RBF(), optimizer=None).fit(X, labels),
    ):
        draws = sample_posterior(model, pool, n_draws=50, random_state=0)
        np.testing.assert_allclose(draws[:, 0], draws[:, 1], atol=1e-3)
        assert np.abs(draws[:, 0] - draws[:, 2]).max() > 0.1


def test_saturated_draws_are_still_probabilities():
    kernel = ConstantKernel(1e6) * RBF(0.1)
    model = GaussianProcessClassifier(kernel, optimizer=None).fit(X, labels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draws = sample_posterior(model, 50 + POOL, n_draws=200, random_state=0)
    assert np.isfinite(draws).all()
    np.testing.assert_allclose(draws.sum(axis=2), 1)


def test_draws_follow_their_seed_and_are_a_hundred_unless_told():
    for model in (
        GaussianProcessRegressor(optimizer=None).fit(X, target),
        GaussianProcessClassifier(optimizer=None).fit(X, labels),
    ):
        draws = sample_posterior(model, POOL, random_state=1)
        assert len(draws) == 100
        again = sample_posterior(model, POOL.tolist(), random_state=1)
        np.testing.assert_array_equal(again, draws)
        assert not np.allclose(sample_posterior(model, POOL, random_state=2), draws)
        for wrong, error in ((0, ValueError), (2.5, TypeError), (True, TypeError)):
            with pytest.raises(error, match="'n_draws' parameter must be"):
                sample_posterior(model, POOL, n_draws=wrong)


def test_the_global_generator_is_untouched():
    model = GaussianProcessRegressor(optimizer=None).fit(X, target)
    before = np.random.get_state()  # noqa: NPY002
    sample_posterior(model, POOL)
    after = np.random.get_state()  # noqa: NPY002
    assert before[2] == after[2]
    np.testing.assert_array_equal(before[1], after[1])


def test_a_pool_too_large_for_its_covariance_is_refused():
    for model in (
        GaussianProcessRegressor(optimizer=None).fit(X, target),
        GaussianProcessClassifier(optimizer=None).fit(X, labels),
    ):
        with sklearn.config_context(working_memory=1):
            sentence = r"400 x 400 covariance of 1 MiB.*1 MiB.*working_memory"
            with pytest.raises(ValueError, match=sentence):
                sample_posterior(model, np.zeros((400, 2)))
            assert len(sample_posterior(model, np.zeros((300, 2)), 2)) == 2


def test_what_gives_no_probabilities_is_refused():
    model = GaussianProcessClassifier(multi_class="one_vs_one", optimizer=None)
    with pytest.raises(ValueError, match="one_vs_rest"):
        sample_posterior(model.fit(X, labels), POOL)
    binary = model.fit(X, labels == "a")
    assert sample_posterior(binary, POOL, 3).shape == (3, 12, 2)


@pytest.mark.parametrize(
    "model", [GaussianProcessRegressor(), GaussianProcessClassifier()]
)
def test_unfitted_and_without_embedding(model):
    with pytest.raises(NotFittedError):
        sample_posterior(model, POOL)
    with pytest.raises(TypeError, match="has no embedding"):
        embed(model, POOL)


def test_rows_of_another_width_are_refused():
    model = GaussianProcessClassifier(optimizer=None).fit(X, labels)
    with pytest.raises(ValueError, match="3 features"):
        sample_posterior(model, np.zeros((4, 3)))
