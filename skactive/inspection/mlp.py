"""scikit-learn's own multilayer perceptrons: the last hidden layer."""

import numpy as np
from scipy.special import expit
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted, validate_data

from skactive.inspection.linear import refuse_layer
from skactive.inspection.questions import embed

_ACTIVATIONS = {
    "identity": lambda x: x,
    "logistic": expit,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
}


@embed.register(MLPClassifier)
@embed.register(MLPRegressor)
def _(estimator, X, layer=None):
    refuse_layer(estimator, layer)
    check_is_fitted(estimator)
    z = validate_data(
        estimator,
        X,
        reset=False,
        accept_sparse=True,
        dtype=[np.float64, np.float32],
    )
    activation = _ACTIVATIONS[estimator.activation]
    hidden = zip(estimator.coefs_[:-1], estimator.intercepts_[:-1], strict=True)
    for weights, bias in hidden:
        z = activation(z @ weights + bias)
    return np.asarray(z.todense()) if hasattr(z, "todense") else z
