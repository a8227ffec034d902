"""What draws from any model's posterior have in common."""

import pickle
import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from net_zoo import HeadFirst, SmallMLP, make_classifier, make_regressor
from sklearn.base import is_classifier
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.gaussian_process import (
    GaussianProcessClassifier,
    GaussianProcessRegressor,
)
from sklearn.linear_model import ARDRegression, BayesianRidge, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skactive import Committee, LastLayerLaplace, RandomSampling, ScoringStrategy
from skactive.inspection import predict_proba, sample_posterior

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4))
y = np.array(["ant", "bee", "cow"])[np.argmax(X[:, :3] + rng.normal(size=(40, 3)), 1)]
target = X @ [1.0, -2.0, 0.5, 0.0] + rng.normal(size=40)
POOL = rng.normal(size=(33, 4))

net = make_classifier(SmallMLP, max_epochs=3)
plain_net = make_classifier(HeadFirst, max_epochs=3)
few_iterations = MLPClassifier((8,), max_iter=400, tol=1e-2)
MODELS = {
    "dropout": net,
    "dropout in a pipeline": make_pipeline(StandardScaler(), net),
    "dropout, regression": make_regressor(SmallMLP, max_epochs=3),
    "forest": ExtraTreesClassifier(9),
    "forest, regression": RandomForestRegressor(9),
    "bagging": BaggingClassifier(DecisionTreeClassifier(), 9),
    "bagged nets": BaggingClassifier(plain_net, 3),
    "bagged perceptrons": BaggingClassifier(few_iterations, 3),
    "voting": VotingClassifier(
        [("a", LogisticRegression()), ("b", GaussianNB()), ("c", few_iterations)],
        voting="soft",
    ),
    "committee": Committee([plain_net, LogisticRegression(), GaussianNB()]),
    "committee, regression": Committee([Ridge()] * 4, bootstrap=True),
    "logistic": LogisticRegression(),
    "logistic in a pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
    "laplace": LastLayerLaplace(plain_net, prior_precision=1.0),
    "ridge": BayesianRidge(),
    "ard": ARDRegression(),
    "process": GaussianProcessClassifier(),
    "process, regression": GaussianProcessRegressor(alpha=0.1),
}
JOINT = ("process", "process, regression")


@pytest.fixture(scope="module", params=MODELS)
def fitted(request):
    model = MODELS[request.param]
    strategy = RandomSampling(model, random_state=0)
    targets = y if is_classifier(model) else target
    return request.param, strategy.fit(X, targets)


def global_states():
    of_numpy = np.random.get_state()  # noqa: NPY002
    return torch.get_rng_state().tolist(), str(of_numpy), str(random.getstate())


def test_shape_and_range(fitted):
    _, strategy = fitted
    draws = sample_posterior(strategy, POOL, n_draws=2, random_state=0)
    if is_classifier(strategy):
        assert draws.shape == (2, 33, 3)
        assert ((draws >= 0) & (draws <= 1)).all()
        np.testing.assert_allclose(draws.sum(axis=2), 1, atol=1e-5)
    else:
        assert draws.shape == (2, 33, 1)
    assert draws.dtype in (np.float32, np.float64)
    assert draws.std(axis=0).max() > 1e-3


def test_one_seed_gives_one_answer_and_global_generators_stay(fitted):
    _, strategy = fitted
    before = pickle.dumps(strategy.estimator_)
    states = global_states()
    draws = sample_posterior(strategy, POOL, n_draws=2, random_state=7)
    assert global_states() == states
    again = sample_posterior(strategy, POOL, n_draws=2, random_state=7)
    np.testing.assert_array_equal(draws, again)
    assert pickle.dumps(strategy.estimator_) == before
    others = [sample_posterior(strategy, POOL, 2, seed) for seed in range(8)]
    assert any(not np.array_equal(draws, other) for other in others)


def test_a_draw_is_a_function_of_the_row_alone(fitted):
    kind, strategy = fitted
    if kind in JOINT:  # its draws are joint over the rows asked for: see below
        return
    draws = sample_posterior(strategy, POOL, n_draws=2, random_state=0)
    order = np.random.default_rng(1).permutation(33)[:20]
    part = sample_posterior(strategy, POOL[order], n_draws=2, random_state=0)
    np.testing.assert_allclose(part, draws[:, order], rtol=1e-5, atol=1e-6)
    twice = sample_posterior(strategy, np.vstack([POOL, POOL]), 2, random_state=0)
    np.testing.assert_allclose(twice[:, :33], draws, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(twice[:, 33:], draws, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", JOINT)
def test_a_draw_of_a_process_is_one_function_of_the_rows_asked_for(kind):
    targets = y if is_classifier(MODELS[kind]) else target
    strategy = RandomSampling(MODELS[kind], random_state=0).fit(X, targets)
    draws = sample_posterior(strategy, np.vstack([POOL, POOL]), 3, random_state=0)
    np.testing.assert_allclose(draws[:, :33], draws[:, 33:], atol=1e-3)


def test_the_mean_of_the_draws_is_near_the_prediction(fitted):
    _, strategy = fitted
    mean = sample_posterior(strategy, POOL, random_state=0).mean(axis=0)
    if is_classifier(strategy):
        expected = predict_proba(strategy, POOL)
        assert np.abs(mean - expected).mean() < 0.1
    else:
        expected = strategy.predict(POOL)
        assert np.abs(mean[:, 0] - expected).mean() < 0.3 * target.std()


@pytest.fixture(scope="module")
def trained():
    codes = np.unique(y, return_inverse=True)[1]
    return make_classifier(SmallMLP, max_epochs=2).fit(X.astype(np.float32), codes)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 33), st.integers(1, 40), st.integers(0, 10**9))
def test_masks_know_neither_mini_batches_nor_order(trained, n, batch_size, seed):
    rows = POOL.astype(np.float32)
    trained.iterator_valid__batch_size = 64
    draws = sample_posterior(trained, rows, n_draws=3, random_state=seed)
    order = np.random.default_rng(seed).permutation(33)[:n]
    trained.iterator_valid__batch_size = batch_size
    part = sample_posterior(trained, rows[order], n_draws=3, random_state=seed)
    np.testing.assert_allclose(part, draws[:, order], rtol=1e-5, atol=1e-6)


def test_a_model_without_a_posterior_is_told_which_have_one():
    for model in (KNeighborsClassifier(), GaussianNB(), Ridge()):
        targets = y if is_classifier(model) else target
        with pytest.raises(TypeError) as told:
            sample_posterior(model.fit(X, targets), X)
        for source in ("forest", "bagging or voting", "Committee", "LogisticRegression",
                       "BayesianRidge", "Gaussian process", "dropout",
                       "LastLayerLaplace", "sample_posterior.register"):  # fmt: skip
            assert source in str(told.value)


def test_a_strategy_gets_draws_of_its_own_model():
    class Spread(ScoringStrategy):
        requires = ("sample_posterior",)
        n_draws = 3

        def _scores(self, pool):
            assert pool.sample_posterior.shape == (3, pool.n, 3)
            return pool.sample_posterior.std(axis=0).sum(axis=1)

    for kind in ("dropout", "logistic in a pipeline", "laplace", "committee"):
        strategy = Spread(MODELS[kind], random_state=0).fit(X[:20], y[:20])
        picked = strategy.query(POOL, n=4)
        assert len(set(picked)) == 4
        np.testing.assert_array_equal(picked, strategy.query(POOL, n=4))
        strategy.partial_fit(X[20:], y[20:]).query(POOL, n=4)
