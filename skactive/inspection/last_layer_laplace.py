"""The wish to have the last layer of a classifier approximated."""

import numbers

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skactive.inspection.laplace import fit_laplace, last_layer
from skactive.inspection.last_layers import row_weights, weights_among
from skactive.inspection.preparation import as_input
from skactive.inspection.questions import (
    DEFAULT_DRAWS,
    check_n_draws,
    predict_proba,
    sample_posterior,
)
from skactive.inspection.wrappers import register_wrapper
from skactive.utils.random import draw_entropy


class LastLayerLaplace(MetaEstimatorMixin, BaseEstimator):
    """
    A classifier whose posterior is a Laplace approximation of its last layer.

    The model predicts as it would alone; ``sample_posterior`` draws the weights of its
    last linear layer from a Gaussian around the fitted ones, with the inverse Hessian
    of the penalised multinomial likelihood as covariance. It is how to ask for that of
    a skorch net, with or without dropout. A plain ``LogisticRegression`` inside a
    strategy is sampled in the same way and needs no wrapping.

    Parameters
    ----------
    estimator : classifier
        A skorch classifier or a ``LogisticRegression``, perhaps at the end of a
        Pipeline, in a search, or frozen.
    prior_precision : float or None, default=None
        Precision (1/variance) of the Gaussian prior on all weights of the layer. None
        takes the ridge that the model was fitted with: 1/C of a
        ``LogisticRegression``; n_labeled × ``weight_decay`` of a net with a mean loss,
        where it is refused if there is no weight decay.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone.
    posterior_ : LaplacePosterior
        The Gaussian; (n_classes × d)² numbers.
    classes_ : ndarray of shape (n_classes,)
        The labels of the fitted model.

    References
    ----------
    .. [1] MacKay, D. J. C. (1992). The evidence framework applied to classification
       networks. Neural Computation 4(5).
    .. [2] Kristiadi, A., Hein, M. and Hennig, P. (2020). Being Bayesian, even just a
       bit, fixes overconfidence in ReLU networks. ICML.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skactive import LastLayerLaplace
    >>> from skactive.inspection import sample_posterior
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LastLayerLaplace(LogisticRegression(max_iter=1000)).fit(X, y)
    >>> sample_posterior(model, X[:2], n_draws=5, random_state=0).shape
    (5, 2, 3)
    """

    def __init__(self, estimator, *, prior_precision=None):
        self.estimator = estimator
        self.prior_precision = prior_precision

    def fit(self, X, y, **params):
        """
        Fit a clone of the classifier, then the Gaussian around its last layer.

        Parameters
        ----------
        X : array-like of shape (n_labeled, n_features) or (n_labeled, ...)
            Labelled rows, as the classifier takes them.
        y : array-like of shape (n_labeled,)
            Their labels.
        **params : dict
            Passed to the classifier's ``fit``; a ``sample_weight`` among them counts
            in the Gaussian too.

        Returns
        -------
        self : LastLayerLaplace
            The fitted model.

        Raises
        ------
        TypeError
            The classifier has no last layer that we know of.
        ValueError
            There is no prior, or the covariance does not fit the working memory.
        """
        _check_precision(self.prior_precision)
        model = clone(self.estimator)
        model.fit(as_input(model, X), y, **params)
        weights = row_weights(model, np.asarray(y), weights_among(params))
        posterior = fit_laplace(model, X, weights, self.prior_precision)
        self.estimator_, self.posterior_ = model, posterior
        return self

    def predict(self, X):
        """
        Predict with the fitted classifier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        check_is_fitted(self)
        return self.estimator_.predict(as_input(self.estimator_, X))

    def predict_proba(self, X):
        """
        Predict class probabilities with the fitted weights, not averaged over draws.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities.
        """
        check_is_fitted(self)
        return predict_proba(self.estimator_, X)

    @available_if(lambda self: hasattr(self.estimator, "decision_function"))
    def decision_function(self, X):
        """
        Give the decision function of the fitted classifier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            The classifier's scores.
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(X)

    def score(self, X, y, **params):
        """
        Score the fitted classifier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows.
        y : array-like of shape (n_samples,)
            Their labels.
        **params : dict
            Passed to the classifier's ``score``.

        Returns
        -------
        float
            Accuracy, usually.
        """
        check_is_fitted(self)
        return self.estimator_.score(as_input(self.estimator_, X), y, **params)

    @property
    def classes_(self):
        """
        Labels of the fitted classifier.

        Returns
        -------
        ndarray of shape (n_classes,)
            The labels.
        """
        return self.estimator_.classes_

    @property
    def n_features_in_(self):
        """
        The number of features the fitted classifier saw.

        Returns
        -------
        int
            The number.
        """
        return self.estimator_.n_features_in_

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimator_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        for name in ("estimator_type", "classifier_tags", "input_tags", "target_tags"):
            setattr(tags, name, getattr(inner, name))
        return tags


register_wrapper(LastLayerLaplace, "estimator_")


@sample_posterior.register(LastLayerLaplace)
def _(model, X, n_draws=None, random_state=None, labeled=None):
    check_is_fitted(model)
    n_draws = check_n_draws(n_draws, DEFAULT_DRAWS)
    layer = last_layer(model.estimator_, X)
    if not np.array_equal(layer.weights, model.posterior_.mean):
        raise ValueError(
            "The classifier inside LastLayerLaplace has changed since fit, so its "
            "posterior is not known any more. Call fit again."
        )
    return model.posterior_.draw(layer.z, n_draws, draw_entropy(random_state))


def _check_precision(value):
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if value is not None and not (is_number and 0 < value < np.inf):
        raise ValueError(
            "The 'prior_precision' parameter of LastLayerLaplace must be a positive "
            f"number or None. Got {value!r} instead."
        )
