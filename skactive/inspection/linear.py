"""Linear models: the features are the embedding."""

import numpy as np
import scipy.sparse as sp
from sklearn import linear_model, svm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.utils.validation import check_is_fitted, validate_data

from skactive.inspection.questions import embed

LINEAR_MODELS = (
    linear_model.ARDRegression,
    linear_model.BayesianRidge,
    linear_model.ElasticNet,
    linear_model.ElasticNetCV,
    linear_model.GammaRegressor,
    linear_model.HuberRegressor,
    linear_model.Lars,
    linear_model.Lasso,
    linear_model.LassoCV,
    linear_model.LinearRegression,
    linear_model.LogisticRegression,
    linear_model.MultiTaskElasticNetCV,
    linear_model.MultiTaskLassoCV,
    linear_model.OrthogonalMatchingPursuit,
    linear_model.OrthogonalMatchingPursuitCV,
    linear_model.Perceptron,
    linear_model.PoissonRegressor,
    linear_model.QuantileRegressor,
    linear_model.Ridge,
    linear_model.RidgeCV,
    linear_model.RidgeClassifier,
    linear_model.RidgeClassifierCV,
    linear_model.SGDClassifier,
    linear_model.SGDRegressor,
    linear_model.TheilSenRegressor,
    linear_model.TweedieRegressor,
    svm.LinearSVC,
    svm.LinearSVR,
    LinearDiscriminantAnalysis,
)


def _features(estimator, X, layer=None):
    refuse_layer(estimator, layer)
    check_is_fitted(estimator)
    X = validate_data(
        estimator,
        X,
        reset=False,
        accept_sparse=True,
        dtype=[np.float64, np.float32],
    )
    # Discriminant analysis always fits an intercept and has no parameter for it.
    has_intercept = getattr(estimator, "fit_intercept", True)
    if sp.issparse(X):
        ones = [np.ones((X.shape[0], 1), dtype=X.dtype)] if has_intercept else []
        return sp.hstack([X, *ones], format="csr").toarray()
    n, n_features = X.shape
    z = np.ones((n, n_features + bool(has_intercept)), dtype=X.dtype)
    z[:, :n_features] = X
    return z


def refuse_layer(estimator, layer):
    """
    Refuse a layer where the model has none to choose from.

    Parameters
    ----------
    estimator : estimator
        The model, to be named.
    layer : str, int or None
        What the user asked for.
    """
    if layer is not None:
        raise ValueError(
            f"The 'layer' parameter names a layer of a skorch net, but the model is "
            f"{type(estimator).__name__}. Got layer={layer!r}; leave it at None."
        )


for _model in LINEAR_MODELS:
    embed.register(_model, _features)
