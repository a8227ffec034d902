import itertools
import math

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, ParameterGrid
from sklearn.naive_bayes import GaussianNB

from skactive import (
    BALD,
    ActiveLearningSimulation,
    DiscriminativeSampling,
    Hybrid,
    MinDistance,
    PosteriorVariance,
    ScoringStrategy,
    VariationRatio,
)
from skactive.inspection import embed, sample_posterior

X, Y = load_iris(return_X_y=True)
START = np.arange(0, 150, 10)


class ByHand(ClassifierMixin, BaseEstimator):
    """Row i of the pool has the i-th of these draws and lies at AT[i]; labelled: 0."""

    AT = np.array([1.0, 4.0, 2.0])
    DRAWS = np.array(
        [
            [[0.25, 0.25, 0.25, 0.25], label, both]
            for label, both in zip(np.eye(4), np.eye(4)[[0, 0, 1, 1]], strict=True)
        ]
    )

    def fit(self, X, y):
        self.classes_ = np.arange(4)
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X):
        return np.zeros(len(X), dtype=int)


@sample_posterior.register(ByHand)
def _(estimator, X, n_draws=None, random_state=None, labeled=None):
    return ByHand.DRAWS[:, X[:, 0].astype(int)]


@embed.register(ByHand)
def _(estimator, X):
    return np.append(ByHand.AT, 0.0)[X[:, 0].astype(int)][:, None]


POOL = np.arange(3.0)[:, None]
UNCERTAINTIES = {
    "entropy": [1, 1, 1 / 2],
    "bald": [0, 1, 1 / 2],
    "variation_ratio": [0, 1, 2 / 3],
}
# (0² + 1² + 2² + 4²) / 4 less the square of the mean 7 / 4
SPREAD = 35 / 16
DIVERSITIES = {
    "min_distance": [1 / 4, 1, 1 / 2],
    "posterior_variance": 1 - np.exp(-(ByHand.AT**2) / SPREAD),
}


def by_hand(**params):
    return Hybrid(ByHand(), random_state=0, **params).fit([[3.0]], [0])


@pytest.mark.parametrize("uncertainty", UNCERTAINTIES)
@pytest.mark.parametrize("diversity", DIVERSITIES)
def test_scaled_measures(uncertainty, diversity):
    strategy = by_hand(uncertainty=uncertainty, diversity=diversity)
    picked = strategy.query(POOL, 3)
    info = strategy.query_info_
    u = np.array(UNCERTAINTIES[uncertainty])
    d = np.array(DIVERSITIES[diversity])
    np.testing.assert_allclose(info.uncertainty, u[picked], atol=1e-12)
    np.testing.assert_allclose(info.diversity, d[picked], atol=1e-12)


MEASURES = {"u": [0.9, 0.5, 0.1, 0.6], "d": [0.0, 0.5, 0.8, 0.3]}


def given(**params):
    """A hybrid of the measures above, whatever the model says."""
    strategy = Hybrid(
        uncertainty=lambda draws: MEASURES["u"],
        diversity=lambda z, z_labeled: MEASURES["d"],
        random_state=0,
        **params,
    )
    return strategy.fit(X[START], Y[START])


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        # 0.45, 0.5, 0.45, 0.45: only the first place is sure
        ({"alpha": 0.5}, [1]),
        # 0.72, 0.5, 0.24, 0.54
        ({"alpha": 0.8}, [0, 3, 1, 2]),
        # 0.18, 0.5, 0.66, 0.36
        ({"alpha": 0.2}, [2, 1, 3, 0]),
        # 0, 0.5, 0.283, 0.424
        ({"combination": "geometric"}, [1, 3, 2, 0]),
        # 0, 0.5, 0.121, 0.522: 0.6^0.8 0.3^0.2 = 0.522
        ({"combination": "geometric", "alpha": 0.8}, [3, 1, 2, 0]),
        # w = exp(-1) = 0.368: 0.569, 0.5, 0.358, 0.49
        ({"beta": 1.0}, [0, 1, 3, 2]),
        # alpha has no say where weights decay
        ({"beta": 1.0, "alpha": 0}, [0, 1, 3, 2]),
        # the two most uncertain, then the more diverse of them
        ({"combination": "two_stage", "gamma": 2}, [3]),
        ({"combination": "two_stage", "gamma": 3}, [1]),
        ({"combination": "two_stage", "gamma": 1.5}, [1, 3]),
        ({"combination": "two_stage", "gamma": 2, "first": "diversity"}, [1]),
        ({"combination": "two_stage", "gamma": 3, "first": "diversity"}, [3]),
    ],
)
def test_combinations_by_hand(params, expected):
    pool = X[[1, 51, 101, 149]]
    assert given(**params).query(pool, len(expected)).tolist() == expected


@pytest.mark.parametrize("combination", ["arithmetic", "geometric"])
def test_weights_decay_with_the_queries(combination):
    # U = (1, ε), D = (ε, 1): row 0 is asked for once exp(-β t) < 1/2, at t = 2.
    strategy = Hybrid(
        uncertainty=lambda draws: [1, 0.1],
        diversity=lambda z, z_labeled: [0.1, 1],
        combination=combination,
        beta=math.log(2) / 1.5,
    ).fit(X[START], Y[START])
    assert strategy.query(X[1:3], 1).tolist() == [1]
    assert strategy.query(X[1:3], 1).tolist() == [1]  # the same round
    strategy.partial_fit(X[5:6], Y[5:6])
    assert strategy.n_rounds_ == 1
    assert strategy.query(X[1:3], 1).tolist() == [0]


PURE_UNCERTAIN = {"bald": BALD, "variation_ratio": VariationRatio}
PURE_DIVERSE = {
    "min_distance": MinDistance,
    "posterior_variance": PosteriorVariance,
    "discriminator": DiscriminativeSampling,
}


class EntropyOfMean(ScoringStrategy):
    requires = ("sample_posterior",)
    n_draws = 15

    def _scores(self, pool):
        mean = pool.sample_posterior.mean(axis=0, dtype=np.float64)
        return -(mean * np.log(mean)).sum(axis=1)


ALONE = {
    "uncertainty": [
        {"alpha": 1},
        {"alpha": 1, "combination": "geometric"},
        {"beta": 1e4},
        {"combination": "two_stage", "gamma": 1},
        {"combination": "two_stage", "gamma": 1e300, "first": "diversity"},
    ],
    "diversity": [
        {"alpha": 0},
        {"alpha": 0, "combination": "geometric"},
        {"beta": 0},
        {"beta": 0, "combination": "geometric"},
        {"combination": "two_stage", "gamma": 1, "first": "diversity"},
        {"combination": "two_stage", "gamma": 15},  # 15 * 10 = the pool
        {"combination": "two_stage", "gamma": 99},
    ],
}


@pytest.mark.parametrize("uncertainty", PURE_UNCERTAIN)
@pytest.mark.parametrize("setting", ALONE["uncertainty"])
def test_uncertainty_alone(uncertainty, setting):
    # Ties, of which the variation ratio has many, are broken alike.
    options = {"estimator": LogisticRegression(), "n_draws": 15, "random_state": 3}
    pure = PURE_UNCERTAIN[uncertainty](**options).fit(X[START], Y[START])
    hybrid = Hybrid(uncertainty=uncertainty, **options, **setting)
    picked = hybrid.fit(X[START], Y[START]).query(X, 10)
    assert picked.tolist() == pure.query(X, 10).tolist()


@pytest.mark.parametrize("setting", ALONE["uncertainty"])
def test_entropy_alone(setting):
    pure = EntropyOfMean(random_state=3).fit(X[START], Y[START])
    hybrid = Hybrid(n_draws=15, random_state=3, **setting).fit(X[START], Y[START])
    assert hybrid.query(X[1:80], 10).tolist() == pure.query(X[1:80], 10).tolist()


@pytest.mark.parametrize("diversity", PURE_DIVERSE)
@pytest.mark.parametrize("setting", ALONE["diversity"])
def test_diversity_alone(diversity, setting):
    pool = np.round(X)  # with duplicates, so with ties
    pure = PURE_DIVERSE[diversity](random_state=3).fit(X[START], Y[START])
    hybrid = Hybrid(diversity=diversity, n_draws=5, random_state=3, **setting)
    picked = hybrid.fit(X[START], Y[START]).query(pool, 10)
    assert picked.tolist() == pure.query(pool, 10).tolist()


def test_callables_see_draws_and_embeddings():
    seen = {}

    def uncertainty(draws):
        seen["draws"] = draws
        return draws[0, :, 0]

    def diversity(z, z_labeled):
        seen["z"], seen["z_labeled"] = z, z_labeled
        return -z[:, 0]

    strategy = Hybrid(
        uncertainty=uncertainty, diversity=diversity, n_draws=7, random_state=0
    ).fit(X[START], Y[START])
    picked = strategy.query(X[:50], 4)
    assert seen["draws"].shape == (7, 50, 3)
    both = np.concatenate([seen["z"], seen["z_labeled"]])
    assert both.shape == (65, 4)
    np.testing.assert_allclose(both.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(both.std(axis=0), 1)
    score = seen["draws"][0, :, 0] / 2 - seen["z"][:, 0] / 2
    assert picked.tolist() == np.argsort(-score)[:4].tolist()


@pytest.mark.parametrize("name", ["uncertainty", "diversity"])
@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([1.0], r"each of the 20 rows of the pool. Got shape \(1,\) from '{}'"),
        (np.ones((20, 1)), r"Got shape \(20, 1\) from '{}'"),
        (1.0, r"Got shape \(\) from '{}'"),
        ([np.nan] * 20, "what {} gives contains NaN"),
        (["much"] * 20, "much"),
    ],
)
def test_callables_must_give_a_number_a_row(name, values, sentence):
    strategy = Hybrid(**{name: lambda *_: values}).fit(X[START], Y[START])
    with pytest.raises(ValueError, match=sentence.format(name)):
        strategy.query(X[:20])


def test_geometric_mean_refuses_negative_numbers():
    strategy = Hybrid(diversity=lambda z, _: z[:, 0], combination="geometric")
    strategy.fit(X[START], Y[START])
    with pytest.raises(ValueError, match=r"numbers >= 0. The diversity goes down to -"):
        strategy.query(X)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        (
            {"uncertainty": "margin"},
            "'uncertainty' .* one of .*variation_ratio.*margin",
        ),
        ({"diversity": None}, "'diversity' .* one of .*min_distance.*None"),
        ({"combination": "sum"}, "'combination' .* one of .*two_stage.*'sum'"),
        ({"first": "both"}, "'first' .* one of .*'both'"),
        ({"alpha": -0.1}, "'alpha' .*>= 0 and <= 1. Got -0.1"),
        ({"alpha": 1.1}, r"'alpha' .*<= 1. Got 1.1"),
        ({"alpha": None}, "'alpha' .*number"),
        ({"alpha": float("nan")}, "'alpha' .*finite"),
        ({"beta": -1}, "'beta' .*>= 0. Got -1"),
        ({"gamma": 0.9}, "'gamma' .*>= 1. Got 0.9"),
        ({"gamma": float("inf")}, "'gamma' .*finite"),
        ({"diversity": "discriminator", "discriminator": Ridge()}, "'discriminator'"),
        ({"n_draws": 0}, "n_draws"),
    ],
)
def test_bad_parameters(params, sentence):
    strategy = Hybrid(**params).fit(X[START], Y[START])
    with pytest.raises((TypeError, ValueError), match=sentence):
        strategy.query(X)


def test_models_without_classes_embedding_or_posterior_are_refused():
    for model, sentence in (
        (Ridge(), "Ridge"),
        (GaussianNB(), "GaussianNB"),
        (RandomForestClassifier(), "asks its model for embed, which RandomForest"),
    ):
        with pytest.raises(TypeError, match=sentence):
            Hybrid(model).fit(X[START], Y[START])


# ------------------------------------------------------------ the 54


def test_grid_lists_54_strategies():
    grid = Hybrid.grid()
    assert len(grid) == 54
    points = list(ParameterGrid(grid))
    assert len({tuple(sorted(point.items(), key=str)) for point in points}) == 54
    settings = {
        tuple(
            Hybrid(**point).get_params()[name]
            for name in ("uncertainty", "diversity", "combination", "beta", "first")
        )
        for point in points
    }
    assert len(settings) == 54
    measures = set(itertools.product(UNCERTAINTIES, PURE_DIVERSE))
    for at in range(0, 54, 9):
        block = points[at : at + 9]
        assert {(p["uncertainty"], p["diversity"]) for p in block} == measures
    prefixed = Hybrid.grid(prefix="strategy__")
    assert prefixed == [
        {f"strategy__{name}": value for name, value in point.items()} for point in grid
    ]


def test_all_54_in_a_search():
    rows = np.arange(0, 150, 3)
    simulation = ActiveLearningSimulation(
        Hybrid(n_draws=5), n_initial=6, n_queries=2, batch_size=3, random_state=0
    )
    grid = Hybrid.grid(prefix="strategy__")
    found = GridSearchCV(simulation, grid, cv=2, error_score="raise")
    found.fit(X[rows], Y[rows])
    scores = found.cv_results_["mean_test_score"]
    assert scores.shape == (54,)
    assert scores.min() > 1 / 3
    assert len(np.unique(scores)) > 1
    best = found.best_estimator_.strategy_
    for name, value in found.best_params_.items():
        assert getattr(best, name.removeprefix("strategy__")) == value
