"""Forests, bagging and voting: each member is one draw."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from net_zoo import make_classifier
from sklearn.base import clone
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skactive import MarginSampling
from skactive.inspection import embed, predict_proba, sample_posterior

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4))
y = np.array(["ant", "bee", "cow"])[np.argmax(X[:, :3], axis=1)]
target = X @ [1.0, -2.0, 0.5, 0.0]

CLASSIFIERS = [
    RandomForestClassifier(7, random_state=0),
    ExtraTreesClassifier(7, random_state=0),
    BaggingClassifier(DecisionTreeClassifier(), 7, random_state=0),
    BaggingClassifier(DecisionTreeClassifier(), 7, max_features=0.5, random_state=0),
    VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], voting="soft"),
]
REGRESSORS = [
    RandomForestRegressor(7, random_state=0),
    ExtraTreesRegressor(7, random_state=0),
    BaggingRegressor(DecisionTreeRegressor(), 7, max_features=0.5, random_state=0),
    VotingRegressor([("a", Ridge()), ("b", LinearRegression())]),
]


def n_members(model):
    return len(getattr(model, "estimators", None) or range(7))


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda m: type(m).__name__)
def test_the_mean_over_members_is_the_ensembles_own_probability(model):
    model.fit(X, y)
    draws = sample_posterior(model, X)
    assert draws.shape == (n_members(model), 60, 3)
    np.testing.assert_allclose(draws.mean(axis=0), predict_proba(model, X), atol=1e-7)
    np.testing.assert_array_equal(draws, sample_posterior(model, X, len(draws), 5))


@pytest.mark.parametrize("model", REGRESSORS, ids=lambda m: type(m).__name__)
def test_the_mean_over_members_is_the_ensembles_own_prediction(model):
    model.fit(X, target)
    draws = sample_posterior(model, X)
    assert draws.shape == (n_members(model), 60, 1)
    np.testing.assert_allclose(draws.mean(axis=0)[:, 0], model.predict(X), atol=1e-7)


def test_regression_of_several_targets():
    model = RandomForestRegressor(5, random_state=0).fit(X, X[:, :2])
    draws = sample_posterior(model, X)
    assert draws.shape == (5, 60, 2)
    np.testing.assert_allclose(draws.mean(axis=0), model.predict(X))


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda m: type(m).__name__)
def test_fewer_draws_are_distinct_members_by_seed(model):
    model.fit(X, y)
    pool = X[::-1] + 0.3  # fully grown trees agree on what they were fitted on
    whole = sample_posterior(model, pool)
    seen = set()
    for seed in range(20):
        draws = sample_posterior(model, pool, n_draws=len(whole) - 1, random_state=seed)
        again = sample_posterior(model, pool, n_draws=len(whole) - 1, random_state=seed)
        np.testing.assert_array_equal(draws, again)
        members = [
            next(i for i, w in enumerate(whole) if np.array_equal(w, d)) for d in draws
        ]
        assert len(set(members)) == len(members)
        seen.add(tuple(members))
    assert len(seen) > 1


@pytest.mark.parametrize(
    ("n_draws", "error", "sentence"),
    [
        (8, ValueError, "between 1 and the 7 members.*Got n_draws=8.*fit more"),
        (0, ValueError, "'n_draws' parameter must be at least 1. Got 0"),
        (-3, ValueError, "'n_draws' parameter must be at least 1"),
        (2.5, TypeError, "'n_draws' parameter must be an int.*Got 2.5"),
        (True, TypeError, "'n_draws' parameter must be an int.*Got True"),
        ("all", TypeError, "'n_draws' parameter must be an int.*Got 'all'"),
    ],
)
def test_a_wrong_number_of_draws_is_told_in_a_sentence(n_draws, error, sentence):
    model = CLASSIFIERS[0].fit(X, y)
    with pytest.raises(error, match=sentence):
        sample_posterior(model, X, n_draws=n_draws)


def test_a_class_that_a_bootstrap_missed_has_probability_zero():
    labels = np.array(["rare", *["x", "y"] * 29, "z"])
    # A member without sample_weight is given fewer rows, and so fewer classes.
    model = BaggingClassifier(KNeighborsClassifier(), 12, random_state=0)
    model.fit(X, labels)
    short = [len(m.classes_) < 4 for m in model.estimators_]
    assert any(short)
    draws = sample_posterior(model, X)
    assert draws.shape == (12, 60, 4)
    np.testing.assert_allclose(draws.sum(axis=2), 1)
    np.testing.assert_allclose(draws.mean(axis=0), predict_proba(model, X), atol=1e-7)


@pytest.mark.parametrize("voting", ["soft", "hard"])
def test_voting_gives_its_members_whatever_the_vote(voting):
    members = [("a", LogisticRegression()), ("b", GaussianNB()), ("c", "drop")]
    model = VotingClassifier(members, voting=voting).fit(X, y)
    draws = sample_posterior(model, X)
    assert draws.shape == (2, 60, 3)
    alone = LogisticRegression().fit(X, y).predict_proba(X)
    np.testing.assert_allclose(draws[0], alone, atol=1e-6)


def test_voting_with_weights_or_without_probabilities_is_refused():
    members = [("a", LogisticRegression()), ("b", LinearSVC())]
    model = VotingClassifier(members).fit(X, y)
    with pytest.raises(TypeError, match="LinearSVC gives no class probabilities"):
        sample_posterior(model, X)
    model = VotingClassifier(members, weights=[1, 2]).fit(X, y)
    with pytest.raises(ValueError, match=r"weights=\[1, 2\].*weights=None"):
        sample_posterior(model, X)


@pytest.mark.parametrize(
    "model, kind",
    [
        (model, kind)
        for model in (CLASSIFIERS[0], CLASSIFIERS[3], CLASSIFIERS[4])
        for kind in ("frame", "sparse", "list", "float32")
        # Its GaussianNB takes no sparse rows.
        if kind != "sparse" or not isinstance(model, VotingClassifier)
    ],
)
def test_any_container_gives_the_draws_of_the_array(model, kind):
    rows = X.astype(np.float32).astype(np.float64)
    expected = sample_posterior(model.fit(rows, y), rows)
    same = {
        "frame": pd.DataFrame(rows, columns=list("abcd")),
        "sparse": sp.csr_array(rows),
        "list": rows.tolist(),
        "float32": rows.astype(np.float32),
    }[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(same, y)
        draws = sample_posterior(model, same)
    np.testing.assert_allclose(draws, expected, atol=1e-5)


@pytest.mark.parametrize("model", [CLASSIFIERS[0], CLASSIFIERS[2]])
def test_columns_in_another_order_are_refused(model):
    model.fit(pd.DataFrame(X, columns=list("abcd")), y)
    with pytest.raises(ValueError, match="feature names"):
        sample_posterior(model, pd.DataFrame(X, columns=list("bacd")))
    with pytest.raises(ValueError, match="3 features"):
        sample_posterior(model.fit(X, y), X[:, :3])


def test_missing_values_are_the_trees_own_business():
    rows = X.copy()
    rows[0, 0] = np.nan
    model = RandomForestClassifier(5, random_state=0).fit(rows, y)
    draws = sample_posterior(model, rows)
    np.testing.assert_allclose(draws.mean(axis=0), model.predict_proba(rows))


@pytest.mark.parametrize("model", [*CLASSIFIERS, *REGRESSORS])
def test_unfitted_and_without_embedding(model):
    with pytest.raises(NotFittedError):
        sample_posterior(clone(model), X)
    with pytest.raises(TypeError, match="has no embedding"):
        embed(model, X)


@pytest.mark.parametrize("kind", ["bagging", "voting"])
def test_nets_as_members(kind):
    net = make_classifier(max_epochs=2)
    model = {
        "bagging": BaggingClassifier(net, 3),
        "voting": VotingClassifier([("a", net), ("b", net), ("c", net)], voting="soft"),
    }[kind]
    strategy = MarginSampling(model, random_state=0).fit(X, y)  # doubles and words
    draws = sample_posterior(strategy, X)
    assert draws.shape == (3, 60, 3)
    np.testing.assert_allclose(
        draws.mean(axis=0), predict_proba(strategy, X), atol=1e-6
    )
    assert len(strategy.query(X, n=3)) == 3
    again = MarginSampling(model, random_state=0).fit(X, y)
    np.testing.assert_array_equal(sample_posterior(again, X), draws)
