"""Models around a model, and a user's own."""

import warnings

import numpy as np
import pytest
from net_zoo import make_classifier
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from skorch.dataset import ValidSplit

from skactive import MarginSampling, RandomSampling
from skactive.inspection import embed, predict_proba, register_wrapper, sample_posterior

rng = np.random.default_rng(0)
pytestmark = pytest.mark.filterwarnings("ignore:y contains no unlabeled")
X = rng.normal(size=(60, 3))
y = (X[:, 0] + X[:, 1] > 0).astype(int)
C = {"C": [0.1, 10.0]}
forest_of_one = {"n_estimators": [4]}

WRAPPERS = {
    "grid": lambda model, grid: GridSearchCV(model, grid, cv=2),
    "random": lambda model, grid: RandomizedSearchCV(
        model, grid, n_iter=1, cv=2, random_state=0
    ),
    "halving": lambda model, grid: HalvingGridSearchCV(model, grid, cv=2),
    "fixed": lambda model, grid: FixedThresholdClassifier(model),
    "tuned": lambda model, grid: TunedThresholdClassifierCV(model, cv=2),
    "self-training": lambda model, grid: SelfTrainingClassifier(model),
    "strategy": lambda model, grid: RandomSampling(model, random_state=0),
}


def innermost(wrapper):
    return getattr(wrapper, "best_estimator_", None) or wrapper.estimator_


@pytest.mark.parametrize("kind", WRAPPERS)
def test_the_fitted_model_inside_is_asked(kind):
    wrapper = WRAPPERS[kind](LogisticRegression(), C).fit(X, y)
    inner = innermost(wrapper)
    np.testing.assert_array_equal(embed(wrapper, X), embed(inner, X))
    np.testing.assert_array_equal(predict_proba(wrapper, X), inner.predict_proba(X))
    forest = RandomForestClassifier(random_state=0, n_estimators=4)
    wrapper = WRAPPERS[kind](forest, forest_of_one).fit(X, y)
    draws = sample_posterior(wrapper, X, n_draws=3, random_state=0)
    expected = sample_posterior(innermost(wrapper), X, n_draws=3, random_state=0)
    np.testing.assert_array_equal(draws, expected)


@pytest.mark.parametrize("kind", WRAPPERS)
def test_a_strategy_takes_it(kind):
    strategy = MarginSampling(WRAPPERS[kind](LogisticRegression(), C), random_state=0)
    strategy.fit(X, y)
    assert len(set(strategy.query(X, n=4))) == 4
    assert embed(strategy, X).shape == (60, 4)


@pytest.mark.parametrize("kind", WRAPPERS)
@pytest.mark.parametrize("question", [predict_proba, embed, sample_posterior])
def test_unfitted_even_where_what_it_wraps_is_fitted(kind, question):
    for model in (
        LogisticRegression(),
        FrozenEstimator(LogisticRegression().fit(X, y)),
    ):
        with pytest.raises(NotFittedError):
            question(WRAPPERS[kind](model, C), X)


def test_a_search_that_refits_nothing_is_told_so():
    search = GridSearchCV(LogisticRegression(), C, refit=False).fit(X, y)
    with pytest.raises(NotFittedError, match="refit=True"):
        predict_proba(search, X)


def test_wrappers_in_wrappers():
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    search = GridSearchCV(pipeline, {"logisticregression__C": [0.1, 1]}, cv=2)
    frozen = FrozenEstimator(search.fit(X, y))
    rows = search.best_estimator_[0].transform(X)
    expected = np.hstack([rows, np.ones((60, 1))])
    np.testing.assert_allclose(embed(frozen, X), expected)
    strategy = MarginSampling(frozen).fit(X[:3], y[:3])
    assert strategy.estimator_ is frozen
    np.testing.assert_array_equal(predict_proba(strategy, X), search.predict_proba(X))
    with pytest.raises(ValueError, match="'layer'"):
        embed(frozen, X, layer="fc")


def test_a_frozen_net_in_a_search_in_a_pipeline():
    net = make_classifier(module__n_features=3, module__n_outputs=2).fit(
        X.astype(np.float32), y
    )
    model = make_pipeline(StandardScaler(), FrozenEstimator(net))
    strategy = MarginSampling(model, random_state=0).fit(X, y)
    z = embed(strategy, X)
    scaled = StandardScaler().fit_transform(X).astype(np.float32)
    np.testing.assert_allclose(z, embed(net, scaled), atol=1e-6)
    assert strategy.score(X, y) >= 0
    assert "get_dataset" not in vars(net)


def test_the_template_of_a_forest_is_no_model():
    forest = RandomForestClassifier(5, random_state=0).fit(X, y)
    assert hasattr(forest, "estimator_")
    with pytest.raises(TypeError, match="RandomForestClassifier has no embedding"):
        embed(forest, X)
    np.testing.assert_array_equal(predict_proba(forest, X), forest.predict_proba(X))
    calibrated = CalibratedClassifierCV(LogisticRegression(), cv=2).fit(X, y)
    with pytest.raises(TypeError, match="CalibratedClassifierCV has no embedding"):
        embed(calibrated, X)


def test_a_frozen_unfitted_model_is_told_so():
    with pytest.raises(NotFittedError):
        MarginSampling(FrozenEstimator(LogisticRegression())).fit(X, y)


# ------------------------------------------------------------------ a user's own


class Mine(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        p = 1 / (1 + np.exp(-np.asarray(X)[:, 0]))
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class Around(ClassifierMixin, BaseEstimator):
    def __init__(self, base=None):
        self.base = base

    def fit(self, X, y):
        self.model_ = clone(self.base).fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X)

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


def test_a_model_of_ones_own_joins_by_registering():
    mine = Mine().fit(X, y)
    with pytest.raises(TypeError, match=r"Mine has no embedding.*embed\.register"):
        embed(mine, X)

    @embed.register(Mine)
    def _(estimator, X, layer=None):
        return np.asarray(X) ** 2

    np.testing.assert_array_equal(embed(mine, X), X**2)
    pipeline = make_pipeline(StandardScaler(), Mine()).fit(X, y)
    scaled = pipeline[0].transform(X)
    np.testing.assert_array_equal(embed(FrozenEstimator(pipeline), X), scaled**2)
    assert len(MarginSampling(Mine()).fit(X, y).query(X, n=2)) == 2


def test_a_wrapper_of_ones_own_joins_by_registering():
    register_wrapper(Around, fitted="model_", unfitted="base")
    around = Around(LogisticRegression())
    with pytest.raises(NotFittedError, match="'model_'"):
        embed(around, X)
    np.testing.assert_array_equal(embed(around.fit(X, y), X)[:, :3], X)
    net = make_classifier(module__n_features=3, module__n_outputs=2, max_epochs=30)
    labels = np.array(["no", "yes"])[y]
    strategy = MarginSampling(Around(net), random_state=0).fit(X, labels)
    assert strategy.classes_.tolist() == ["no", "yes"]
    assert strategy.score(X, labels) > 0.7
    assert embed(strategy, X).shape == (60, 16)
    assert sample_posterior(strategy, X, n_draws=2).shape == (2, 60, 2)
    shared = strategy.estimator_.model_.set_params(train_split=ValidSplit(5))
    before = dict(vars(shared))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a frozen net is warned of by no one
        RandomSampling(Around(FrozenEstimator(shared))).fit(X, y)
    assert vars(shared) == before
