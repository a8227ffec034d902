"""
Every strategy under scikit-learn's estimator checks and under ours.

A new strategy is one line in STRATEGIES.
"""

import numpy as np
import pytest
from net_zoo import SmallCNN, SmallMLP, make_classifier, make_regressor
from sklearn.datasets import load_digits, make_blobs, make_regression
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import skactive
from skactive import (
    ALBL,
    BADGE,
    BAIT,
    BALD,
    ActiveLearningSimulation,
    BatchBALD,
    CoreSet,
    DiscriminativeSampling,
    EntropySampling,
    Hybrid,
    KMeansCoreSet,
    LeastConfidence,
    MarginSampling,
    MaxDet,
    MeanStd,
    MinDistance,
    OptimalCoreSet,
    PosteriorVariance,
    ProbabilisticCoreSet,
    QueryByCommittee,
    RandomSampling,
    VariationRatio,
)
from skactive.utils.strategy_checks import parametrize_with_strategy_checks

STRATEGIES = (
    ALBL,
    BADGE,
    BAIT,
    BALD,
    BatchBALD,
    CoreSet,
    DiscriminativeSampling,
    EntropySampling,
    Hybrid,
    KMeansCoreSet,
    LeastConfidence,
    MarginSampling,
    MaxDet,
    MeanStd,
    MinDistance,
    OptimalCoreSet,
    PosteriorVariance,
    ProbabilisticCoreSet,
    QueryByCommittee,
    RandomSampling,
    VariationRatio,
)
FOR_REGRESSION = (
    BAIT,
    CoreSet,
    DiscriminativeSampling,
    KMeansCoreSet,
    MaxDet,
    MinDistance,
    PosteriorVariance,
    RandomSampling,
)
# Settings that choose in another way, on the plainest model.
VARIANTS = [
    *(BADGE(sampler=sampler) for sampler in ("kdpp", "kcenter", "maxdet")),
    BADGE(init="uniform"),
    BAIT(oversample=1, fisher_term=False, scaling="authors"),
    BAIT(rank=1, scaling="sum"),
    BAIT(approximation="sketch", sketch_width=8),
    BAIT(approximation="block"),
    MaxDet(fisher="full"),
    QueryByCommittee(disagreement="kl"),
    ALBL(strategies=[RandomSampling(), BADGE()], reward="holdout"),
    Hybrid(uncertainty="bald", diversity="discriminator", combination="geometric"),
    Hybrid(diversity="posterior_variance", combination="two_stage", beta=0.5),
    CoreSet(weighting="doubt"),
    CoreSet(weighting="doubt", beam_width=4),
    CoreSet(metric="cosine"),
    ProbabilisticCoreSet(n_components=4, n_batches=10, exploit=0),
]


def scaled(model):
    return make_pipeline(StandardScaler(), model)


FEWER = {BatchBALD: {"n_draws": 20, "n_configurations": 200}}
"""Settings that choose alike in less time; the slow tests take the defaults."""


def over(*models, strategies=STRATEGIES, settings=FEWER):
    return [
        strategy(model, **settings.get(strategy, {}))
        for model in models
        for strategy in strategies
    ]


def test_no_strategy_is_left_out():
    bases = (skactive.QueryStrategy, skactive.ScoringStrategy)
    exported = (getattr(skactive, name) for name in skactive.__all__)
    assert set(STRATEGIES) == {
        thing
        for thing in exported
        if isinstance(thing, type)
        and issubclass(thing, skactive.QueryStrategy)
        and thing not in bases
    }


# ------------------------------------------------------------ scikit-learn's checks


@parametrize_with_checks(
    # None is a LogisticRegression.
    over(None) + over(Ridge(), strategies=FOR_REGRESSION)
)
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix")
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    over(scaled(LogisticRegression()))
    + over(scaled(Ridge()), strategies=FOR_REGRESSION)
)
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix")
def test_sklearn_checks_of_pipelines(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [
        # To the end of the pool: a bad value in any row must be met.
        ActiveLearningSimulation(strategy, n_initial=9, n_queries=50, batch_size=20)
        for strategy in (MarginSampling(), RandomSampling(Ridge()))
    ]
)
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix")
def test_sklearn_checks_of_the_simulation(estimator, check):
    check(estimator)


# ------------------------------------------------------------ our own checks


@parametrize_with_strategy_checks(
    over(LogisticRegression()) + over(Ridge(), strategies=FOR_REGRESSION) + VARIANTS
)
def test_linear_model(strategy, check):
    check(strategy)


X_BLOBS, Y_BLOBS = make_blobs(60, 4, centers=3, cluster_std=4.0, random_state=0)
X_IMAGES, Y_IMAGES = load_digits(n_class=3, return_X_y=True)
X_IMAGES = X_IMAGES[:90].reshape(-1, 1, 8, 8).astype(np.float32) / 16
Y_IMAGES = Y_IMAGES[:90]
CNN = make_classifier(SmallCNN, module__n_outputs=3, max_epochs=3)


def frozen(model, X, y):
    return FrozenEstimator(model.fit(X, y))


@parametrize_with_strategy_checks(
    over(frozen(make_classifier(), X_BLOBS.astype(np.float32), Y_BLOBS)),
    X_BLOBS,
    Y_BLOBS,
)
def test_frozen_net(strategy, check):
    check(strategy)


@pytest.mark.slow
@parametrize_with_strategy_checks(
    over(frozen(CNN, X_IMAGES, Y_IMAGES)), X_IMAGES, Y_IMAGES
)
def test_frozen_net_on_images(strategy, check):
    check(strategy)


@pytest.mark.slow
@parametrize_with_strategy_checks(
    over(frozen(scaled(LogisticRegression()), X_BLOBS, Y_BLOBS)), X_BLOBS, Y_BLOBS
)
def test_frozen_pipeline(strategy, check):
    check(strategy)


@pytest.mark.slow
@parametrize_with_strategy_checks(
    over(scaled(LogisticRegression()), make_classifier(), settings={})
    + over(scaled(make_classifier(SmallMLP)), settings={})
)
def test_full_cross(strategy, check):
    check(strategy)


@pytest.mark.slow
@parametrize_with_strategy_checks(over(CNN, settings={}), X_IMAGES, Y_IMAGES)
def test_full_cross_on_images(strategy, check):
    check(strategy)


@pytest.mark.slow
@parametrize_with_strategy_checks(
    over(scaled(Ridge()), make_regressor(), strategies=FOR_REGRESSION),
    *make_regression(60, 4, noise=5.0, random_state=0),
)
def test_full_cross_regression(strategy, check):
    check(strategy)
