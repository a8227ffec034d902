"""Strategies kept in files that do not run code."""

import pytest
import skops.io
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import skactive
from skactive import (
    ActiveLearningSimulation,
    Committee,
    MarginSampling,
    ScoringStrategy,
)
from skactive.persistence import trusted_types
from skactive.pipeline import make_pipeline

X, Y = load_iris(return_X_y=True)
BASES = {"QueryStrategy", "ScoringStrategy"}
STRATEGIES = sorted(
    name
    for name in set(skactive.__all__) - BASES
    if issubclass(getattr(skactive, name), skactive.QueryStrategy)
)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_fitted_strategy_is_kept(name, tmp_path):
    strategy = getattr(skactive, name)(random_state=0).fit(X[::10], Y[::10])
    strategy.query(X, 3)  # leaves query_info_
    path = tmp_path / "strategy.skops"
    skops.io.dump(strategy, path)
    again = skops.io.load(path, trusted=trusted_types())
    assert_array_equal(again.query(X, 5), strategy.query(X, 5))


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(StandardScaler(), MarginSampling(random_state=0)),
        MarginSampling(Committee([LogisticRegression()] * 2), random_state=0),
    ],
)
def test_chains_and_committees_are_kept(estimator):
    estimator.fit(X[::10], Y[::10])
    kept = skops.io.dumps(estimator)
    again = skops.io.loads(kept, trusted=trusted_types())
    assert_array_equal(again.query(X, 5), estimator.query(X, 5))


def test_simulations_are_kept():
    simulation = ActiveLearningSimulation(
        MarginSampling(), n_initial=9, n_queries=2, random_state=0
    ).fit(X, Y, X, Y)
    again = skops.io.loads(skops.io.dumps(simulation), trusted=trusted_types())
    assert_array_equal(again.labeled_indices_, simulation.labeled_indices_)
    assert again.score(X, Y) == simulation.score(X, Y)


class Mine(ScoringStrategy):
    def _scores(self, pool):
        return pool.X[:, 0]


def test_what_is_not_listed_is_not_built():
    kept = skops.io.dumps(Mine().fit(X[::10], Y[::10]))
    with pytest.raises(skops.io.exceptions.UntrustedTypesFoundException, match="Mine"):
        skops.io.loads(kept, trusted=trusted_types())


def test_names_are_where_they_say():
    for name in trusted_types():
        module, _, cls = name.rpartition(".")
        found = getattr(__import__(module, fromlist=[cls]), cls)
        assert f"{found.__module__}.{found.__qualname__}" == name
