import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import loguniform
from sklearn.datasets import load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
)

from skactive import BADGE, BAIT, ActiveLearningSimulation, Hybrid, MarginSampling
from skactive.model_selection import query

X, Y = load_iris(return_X_y=True)


def simulation(strategy, **options):
    defaults = {"n_initial": 9, "batch_size": 3, "n_queries": 3, "random_state": 0}
    return ActiveLearningSimulation(strategy, **{**defaults, **options})


SEARCHES = [
    (
        simulation(Hybrid(n_draws=5)),
        lambda s: GridSearchCV(
            s, {"strategy__alpha": [0.1, 0.9], "strategy__beta": [None, 0.5]}, cv=2
        ),
    ),
    (
        simulation(Hybrid(combination="two_stage", n_draws=5)),
        lambda s: GridSearchCV(
            s, {"strategy__gamma": [2, 6], "strategy__n_draws": [3, 5]}, cv=2
        ),
    ),
    (
        simulation(BAIT()),
        lambda s: RandomizedSearchCV(
            s, {"strategy__lam": loguniform(0.1, 10)}, n_iter=3, cv=2, random_state=0
        ),
    ),
    (
        simulation(BADGE()),
        lambda s: GridSearchCV(
            s, {"strategy__sampler": ["kmeans++", "maxdet"], "batch_size": [2, 4]}, cv=2
        ),
    ),
    (
        simulation(MarginSampling(LogisticRegression())),
        lambda s: HalvingGridSearchCV(
            s,
            {"strategy__estimator__C": [0.01, 0.1, 1, 10]},
            resource="n_queries",
            min_resources=2,
            max_resources=8,
            cv=2,
            random_state=0,
        ),
    ),
]


@pytest.mark.parametrize(("start", "make"), SEARCHES, ids=range(len(SEARCHES)))
def test_searches_over_a_simulation(start, make):
    search = make(start).fit(X[::2], Y[::2])
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()
    picked = query(search, X[1::2], n=4)
    assert_array_equal(picked, search.best_estimator_.strategy_.query(X[1::2], 4))
    assert len(set(picked)) == 4


def test_halving_gives_more_queries_to_fewer_candidates():
    start, make = SEARCHES[-1]
    search = make(start).fit(X[::2], Y[::2])
    assert search.n_resources_ == [2, 6]
    assert search.n_candidates_ == [4, 2]
    assert search.best_estimator_.n_queries == 6


def test_a_search_over_the_strategy_itself_warns_of_ties():
    search = GridSearchCV(BAIT(), {"lam": [0.1, 1, 10]}, cv=2).fit(X[::5], Y[::5])
    with pytest.warns(UserWarning, match="All 3 candidates .*ActiveLearningSimulation"):
        picked = query(search, X, n=3)
    assert_array_equal(picked, search.best_estimator_.query(X, 3))
    decided = GridSearchCV(MarginSampling(), {"estimator": None}, cv=2)
    decided.param_grid = {
        "estimator": [LogisticRegression(C=1e-4), LogisticRegression(C=1)]
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        query(decided.fit(X[::5], Y[::5]), X, n=3)


def test_what_has_no_query():
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2).fit(X, Y)
    with pytest.raises(TypeError, match="LogisticRegression, which has no query"):
        query(search, X)
    search = GridSearchCV(BADGE(), {"weighting": ["uncertainty"]}, cv=2, refit=False)
    search.param_grid = {"sampler": ["kmeans++"]}
    with pytest.raises(AttributeError, match="refit=True"):
        query(search.fit(X, Y), X)


def test_a_search_over_lam_is_the_same_in_two_processes():
    scores = [
        GridSearchCV(
            simulation(BAIT(LogisticRegression(C=0.1))),
            {"strategy__lam": [0.01, 1.0, 100.0]},
            cv=2,
            n_jobs=jobs,
        )
        .fit(X, Y)
        .cv_results_["mean_test_score"]
        for jobs in (1, 2)
    ]
    assert_array_equal(*scores)
    assert len(set(scores[0])) > 1  # lam matters
