"""Linear models: the features, and a 1 where there is an intercept."""

import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn import linear_model
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC

from skactive import MarginSampling, RandomSampling
from skactive.inspection import embed, predict_proba, sample_posterior
from skactive.inspection.linear import LINEAR_MODELS

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))
y = (X[:, 0] > 0).astype(int)


@pytest.mark.parametrize("model", LINEAR_MODELS, ids=lambda model: model.__name__)
def test_the_embedding_times_the_coefficients_is_the_decision(model):
    model = model()
    target = np.exp(X[:, 0]) if "Gamma" in type(model).__name__ else y
    target = target[:, None] if "MultiTask" in type(model).__name__ else target
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, target)
        z = embed(model, X)
        assert z.shape == (40, 4)
        weights = np.append(np.ravel(model.coef_), np.ravel(model.intercept_))
        score = getattr(model, "decision_function", model.predict)(X)
    link = np.exp if "exp" in repr(getattr(model, "_base_loss", "")) else np.asarray
    if type(model).__name__ in ("GammaRegressor", "PoissonRegressor"):
        link = np.exp
    np.testing.assert_allclose(link(z @ weights), np.ravel(score), rtol=1e-6, atol=1e-8)


def test_subclasses_count_as_linear_too():
    for model in (linear_model.LassoLars(), linear_model.MultiTaskLasso()):
        target = X[:, :2] if "Multi" in repr(model) else X[:, 0]
        assert embed(model.fit(X, target), X).shape == (40, 4)


def test_no_one_where_no_intercept_is_fitted():
    model = linear_model.LogisticRegression(fit_intercept=False).fit(X, y)
    z = embed(model, X)
    np.testing.assert_array_equal(z, X)
    assert not np.shares_memory(z, X)
    assert embed(LinearDiscriminantAnalysis().fit(X, y), X)[:, 3].tolist() == [1] * 40


@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("container", [sp.csr_matrix, sp.csc_array, sp.coo_array])
def test_sparse_rows_come_back_dense(container, fit_intercept):
    rows = np.where(X > 0, X, 0)
    model = linear_model.LogisticRegression(fit_intercept=fit_intercept).fit(rows, y)
    z = embed(model, container(rows))
    assert isinstance(z, np.ndarray)
    np.testing.assert_array_equal(z, embed(model, rows))


@pytest.mark.parametrize(
    ("rows", "dtype"),
    [
        (X.astype(np.float32), np.float32),
        (X, np.float64),
        ((X * 3).astype(int), np.float64),
        (X.tolist(), np.float64),
        (pd.DataFrame(X, columns=list("abc")), np.float64),
    ],
)
def test_the_dtype_follows_the_rows(rows, dtype):
    model = linear_model.Ridge().fit(rows, y)
    assert embed(model, rows).dtype == dtype


def test_rows_unlike_those_of_fit_are_refused():
    model = linear_model.LogisticRegression().fit(pd.DataFrame(X, columns=[*"abc"]), y)
    with pytest.raises(ValueError, match="feature names"):
        embed(model, pd.DataFrame(X, columns=[*"acb"]))
    with pytest.raises(ValueError, match="2 features"):
        embed(linear_model.Ridge().fit(X, y), X[:, :2])


@pytest.mark.parametrize("layer", ["fc", 0, "output"])
def test_a_linear_model_has_no_layers(layer):
    with pytest.raises(ValueError, match=r"'layer'.*LogisticRegression.*None"):
        embed(linear_model.LogisticRegression().fit(X, y), X, layer=layer)


def test_unfitted():
    for question in (embed, predict_proba):
        with pytest.raises(NotFittedError):
            question(linear_model.LogisticRegression(), X)


def test_a_model_that_cannot_answer_is_named():
    model = KNeighborsClassifier().fit(X, y)
    with pytest.raises(TypeError, match=r"KNeighborsClassifier.*embed\.register"):
        embed(model, X)
    with pytest.raises(TypeError, match=r"KNeighbors.*sample_posterior\.register"):
        sample_posterior(model, X)
    for model in (LinearSVC(), SVC(), linear_model.SGDClassifier()):
        with pytest.raises(TypeError, match=r"gives no class prob.*predict_proba\.reg"):
            predict_proba(model.fit(X, y), X)
        with pytest.raises(TypeError, match="asks its model for predict_proba"):
            MarginSampling(model).fit(X, y)
    with pytest.raises(TypeError, match="Ridge gives no class probabilities"):
        predict_proba(linear_model.Ridge().fit(X, y), X)


def test_several_outputs_are_refused():
    model = KNeighborsClassifier().fit(X, np.c_[y, 1 - y])
    with pytest.raises(ValueError, match=r"a list of 2 arrays.*one strategy for each"):
        predict_proba(model, X)


@pytest.mark.parametrize("answer", [[[0.5, 0.4]], [[-0.5, 1.5]], [[np.nan, 1]], [0.5]])
def test_what_is_no_probability_is_refused(answer):
    class Wrong(linear_model.LogisticRegression):
        def predict_proba(self, X):
            return np.array(answer)

    with pytest.raises(ValueError, match=r"Wrong\.predict_proba gives"):
        predict_proba(Wrong().fit(X, y), X[:1])


def test_probabilities_follow_the_models_dtype():
    model = linear_model.LogisticRegression()
    for dtype in (np.float32, np.float64):
        rows = X.astype(dtype)
        assert predict_proba(model.fit(rows, y), rows).dtype == dtype


def test_a_regressor_may_be_sampled_for_at_random():
    strategy = RandomSampling(linear_model.Ridge(), random_state=0).fit(X, X[:, 0])
    assert embed(strategy, X).shape == (40, 4)
