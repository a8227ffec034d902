"""What a strategy hands on to its model: predictions, scores, tags, metadata."""

import copy

import numpy as np
from sklearn import get_config
from sklearn.base import is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skactive.inspection.preparation import as_input
from skactive.inspection.skorch_nets import adapted_input
from skactive.utils.random import isolated_torch
from skactive.utils.validation import validate_rows


def _model_has(method):
    def check(self):
        getattr(self._model(), method)  # raises the model's own AttributeError
        return True

    return check


class ModelMethods:
    """Mixin: the methods of the model in ``estimator_``, on validated rows."""

    def _unfitted(self):
        return LogisticRegression() if self.estimator is None else self.estimator

    def _model(self):
        return self.estimator_ if hasattr(self, "estimator_") else self._unfitted()

    def _call(self, method, X, *args, **params):
        """Call a method of the fitted model on validated rows."""
        check_is_fitted(self)
        X = validate_rows(self, X, estimator=self._unfitted())
        with isolated_torch(), adapted_input(self.estimator_):
            X = as_input(self.estimator_, X)
            return getattr(self.estimator_, method)(X, *args, **params)

    @available_if(_model_has("predict"))
    def predict(self, X):
        """
        Predict with the fitted model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows like those of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels as ``fit`` was given them, or regression values.
        """
        return self._coding_of_model().decode(self._call("predict", X))

    @available_if(_model_has("predict_proba"))
    def predict_proba(self, X):
        """
        Predict class probabilities with the fitted model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows like those of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        return self._call("predict_proba", X)

    @available_if(_model_has("decision_function"))
    def decision_function(self, X):
        """
        Give the decision function of the fitted model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows like those of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            The model's scores.
        """
        return self._call("decision_function", X)

    @available_if(_model_has("transform"))
    def transform(self, X):
        """
        Transform rows with the fitted model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows like those of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, n_components)
            The transformed rows.
        """
        return self._call("transform", X)

    @available_if(_model_has("score"))
    def score(self, X, y, **params):
        """
        Score the fitted model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows like those of ``fit``.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their true labels; one that no label of ``fit`` names counts as a miss.
        **params : dict
            Routed to the model's ``score``.

        Returns
        -------
        float
            The model's own score: accuracy or R², usually.
        """
        if get_config()["enable_metadata_routing"]:
            params = process_routing(self, "score", **params).estimator.score
        y = self._coding_of_model().encode(np.asarray(y))
        return self._call("score", X, y, **params)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimator_")

    def _coding_of_model(self):
        check_is_fitted(self)
        return self._coding

    @property
    def classes_(self):
        """
        Labels, one for each column of ``predict_proba``.

        Returns
        -------
        ndarray of shape (n_classes,)
            The labels.
        """
        if not hasattr(self, "estimator_") or not is_classifier(self.estimator_):
            raise AttributeError(
                f"{type(self).__name__} has no classes_: it is not fitted, or its "
                "model is no classifier."
            )
        coded = self._coding.classes
        return self.estimator_.classes_ if coded is None else coded

    def get_metadata_routing(self):
        """
        Say how metadata reaches the model.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRouter
            The routing: ``fit`` and ``partial_fit`` to the model's ``fit``, ``score``
            to its ``score``.
        """
        mapping = (
            MethodMapping()
            .add(caller="fit", callee="fit")
            .add(caller="partial_fit", callee="fit")
            .add(caller="score", callee="score")
        )
        return (
            MetadataRouter(owner=self)
            .add_self_request(self)
            .add(estimator=self._unfitted(), method_mapping=mapping)
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = copy.deepcopy(get_tags(self._unfitted()))
        for name in (
            "estimator_type",
            "target_tags",
            "transformer_tags",
            "classifier_tags",
            "regressor_tags",
            "input_tags",
            "non_deterministic",
        ):
            setattr(tags, name, getattr(inner, name))
        return tags
