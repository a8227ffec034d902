import numpy as np
import pytest
from reference.covering import k_center_greedy as textbook
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV

from skactive import (
    ActiveLearningSimulation,
    CoreSet,
    KMeansCoreSet,
    OptimalCoreSet,
)
from skactive.inspection import embed

X, Y = load_iris(return_X_y=True)
START = np.arange(0, 150, 10)


def test_picks_are_those_of_the_published_code(golden):
    answers = golden("coreset.npz")
    n_pool = int(answers["n_pool"])
    rows = answers["X"].astype(np.float64)
    # A regression without an intercept: its embedding is the features.
    model = LinearRegression(fit_intercept=False)
    strategy = CoreSet(model).fit(rows[n_pool:], rows[n_pool:, 0])
    picked = strategy.query(rows[:n_pool], len(answers["selected"]))
    assert picked.tolist() == answers["selected"].tolist()


def test_doubt_weights_the_distances():
    strategy = CoreSet(weighting="doubt").fit(X[START], Y[START])
    picked = strategy.query(X, 12)
    doubt = 1 - strategy.predict_proba(X).max(axis=1)
    z = embed(strategy, X)
    chosen, radii = textbook(z, z[START], 12, doubt)
    assert picked.tolist() == chosen
    np.testing.assert_allclose(strategy.query_info_.radii, radii, rtol=1e-6)
    assert picked.tolist() != CoreSet().fit(X[START], Y[START]).query(X, 12).tolist()


def test_a_beam_takes_a_more_uncertain_core_set():
    model = FrozenEstimator(LogisticRegression(max_iter=500).fit(X[START], Y[START]))

    def uncertainty(width):
        strategy = CoreSet(model, weighting="doubt", beam_width=width)
        picked = strategy.fit(X[START], Y[START]).query(X, 8)
        doubt = 1 - strategy.predict_proba(X).max(axis=1)
        return -np.log(1 - doubt[picked]).mean()

    assert uncertainty(10) > uncertainty(1)


def test_cosine_ignores_lengths():
    model = LinearRegression(fit_intercept=False)
    rows = np.array([[1.0, 0], [9, 0.1], [0, 0.5], [1, 1]])
    strategy = CoreSet(model, metric="cosine").fit(rows[:1], [0.0])
    assert strategy.query(rows, 1).tolist() == [2]
    strategy = CoreSet(model).fit(rows[:1], [0.0])
    assert strategy.query(rows, 1).tolist() == [1]


def test_nothing_labelled_yet():
    frozen = FrozenEstimator(LogisticRegression(max_iter=500).fit(X, Y))
    for strategy in (CoreSet(frozen), OptimalCoreSet(frozen), KMeansCoreSet(frozen)):
        assert len(set(strategy.fit(X[:0], Y[:0]).query(X[::3], 4).tolist())) == 4


def test_k_means_finds_the_clusters():
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [50, 0], [0, 50], [50, 50], [25, 25]])
    rows = np.repeat(centres, 20, axis=0) + rng.normal(size=(100, 2))
    strategy = KMeansCoreSet(LinearRegression(), random_state=0)
    picked = strategy.fit(rows[:5], rows[:5, 0]).query(rows, 5)
    assert sorted(picked // 20) == [0, 1, 2, 3, 4]
    for cluster, row in enumerate(sorted(picked)):
        members = rows[cluster * 20 : cluster * 20 + 20]
        distances = ((members - members.mean(axis=0)) ** 2).sum(axis=1)
        assert row % 20 == distances.argmin()


def test_greedy_is_at_most_twice_the_optimal_radius():
    rows = X[::3]
    greedy = CoreSet().fit(X[START], Y[START])
    best = OptimalCoreSet().fit(X[START], Y[START])
    for n in (1, 4, 8):
        greedy.query(rows, n)
        best.query(rows, n)
        optimal = best.query_info_.radius
        assert optimal <= greedy.query_info_.radii[-1] + 1e-12 <= 2 * optimal + 1e-9


def test_optimal_refuses_a_large_pool():
    strategy = OptimalCoreSet().fit(X[START], Y[START])
    with pytest.raises(ValueError, match=r"1,?050|1,?000"):
        strategy.query(np.tile(X, (7, 1)), 5)


@pytest.mark.parametrize(
    "params, error",
    [
        ({"weighting": "margin"}, ValueError),
        ({"metric": "l1"}, ValueError),
        ({"beam_width": 0}, ValueError),
        ({"beam_width": 2.5}, TypeError),
    ],
)
def test_bad_parameters_get_a_sentence(params, error):
    (name,) = params
    strategy = CoreSet(**params).fit(X[START], Y[START])
    with pytest.raises(error, match=f"{name!r} parameter of CoreSet must be"):
        strategy.query(X, 3)


def test_grid_search_over_the_weighting():
    search = GridSearchCV(
        ActiveLearningSimulation(
            CoreSet(LogisticRegression(max_iter=500)),
            n_initial=6,
            batch_size=3,
            n_queries=2,
            random_state=0,
        ),
        {"strategy__weighting": [None, "doubt"], "strategy__beam_width": [1, 3]},
        cv=2,
        n_jobs=2,
    ).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
