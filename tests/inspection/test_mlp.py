"""scikit-learn's multilayer perceptrons: the last hidden layer."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.special import expit, softmax
from sklearn.exceptions import NotFittedError
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skactive.inspection import embed

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))
y = np.argmax(X, axis=1)


@pytest.fixture(autouse=True)
def ignore_convergence():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("sizes", [(), (5,), (6, 4)])
def test_the_output_layer_on_the_embedding_is_the_prediction(activation, sizes):
    options = {"activation": activation, "max_iter": 5, "random_state": 0}
    model = MLPClassifier(sizes, **options).fit(X, y)
    z = embed(model, X)
    assert z.shape == (40, sizes[-1] if sizes else 3)
    logits = z @ model.coefs_[-1] + model.intercepts_[-1]
    np.testing.assert_allclose(softmax(logits, axis=1), model.predict_proba(X))
    binary = MLPClassifier(sizes, **options).fit(X, y == 0)
    logit = embed(binary, X) @ binary.coefs_[-1] + binary.intercepts_[-1]
    np.testing.assert_allclose(expit(logit[:, 0]), binary.predict_proba(X)[:, 1])
    regressor = MLPRegressor(hidden_layer_sizes=sizes, **options).fit(X, X[:, :2])
    values = embed(regressor, X) @ regressor.coefs_[-1] + regressor.intercepts_[-1]
    np.testing.assert_allclose(values, regressor.predict(X))


@pytest.mark.parametrize("sizes", [(), (5,)])
def test_sparse_rows_come_back_dense(sizes):
    rows = np.where(X > 0, X, 0)
    model = MLPClassifier(sizes, max_iter=5, random_state=0).fit(rows, y)
    z = embed(model, sp.csr_array(rows))
    assert isinstance(z, np.ndarray)
    np.testing.assert_allclose(z, embed(model, rows))


def test_single_precision_stays():
    rows = X.astype(np.float32)
    model = MLPClassifier((5,), max_iter=5, random_state=0).fit(rows, y)
    assert embed(model, rows).dtype == np.float32


def test_it_has_no_layers_by_name_and_must_be_fitted():
    with pytest.raises(NotFittedError):
        embed(MLPClassifier(), X)
    with pytest.raises(ValueError, match=r"'layer'.*MLPClassifier"):
        embed(MLPClassifier(max_iter=5).fit(X, y), X, layer="output")
