"""What a played simulation hands on to the strategy of its last round."""

import copy

from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skactive.simulation.oracle import tags_of


def _final_has(method):
    def check(self):
        getattr(self._final(), method)
        return True

    return check


class FinalModelMethods:
    """Mixin: predictions, attributes and tags of ``strategy_``."""

    def _final(self):
        return getattr(self, "strategy_", self.strategy)

    @available_if(_final_has("predict"))
    def predict(self, X):
        """
        Predict with the model of the last round.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions.
        """
        check_is_fitted(self)
        return self._final().predict(X)

    @available_if(_final_has("predict_proba"))
    def predict_proba(self, X):
        """
        Predict class probabilities with the model of the last round.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        return self._final().predict_proba(X)

    @available_if(_final_has("decision_function"))
    def decision_function(self, X):
        """
        Give the decision function of the model of the last round.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            The model's scores.
        """
        check_is_fitted(self)
        return self._final().decision_function(X)

    @property
    def classes_(self):
        """
        Labels, as the final model has them.

        Returns
        -------
        ndarray of shape (n_classes,)
            The labels.
        """
        return self._of_final("classes_")

    @property
    def n_features_in_(self):
        """
        Number of features seen in ``fit``.

        Returns
        -------
        int
            The number, as the final strategy has it.
        """
        return self._of_final("n_features_in_")

    @property
    def feature_names_in_(self):
        """
        Names of the features seen in ``fit``, where it was given a data frame.

        Returns
        -------
        ndarray of shape (n_features,)
            The names, as the final strategy has them.
        """
        return self._of_final("feature_names_in_")

    def _of_final(self, name):
        if not hasattr(self, "strategy_"):
            raise AttributeError("ActiveLearningSimulation is not fitted yet.")
        return getattr(self.strategy_, name)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "strategy_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = tags_of(self.strategy)
        if inner is not None:
            for name in (
                "estimator_type",
                "target_tags",
                "classifier_tags",
                "regressor_tags",
                "input_tags",
                "non_deterministic",
            ):
                setattr(tags, name, copy.deepcopy(getattr(inner, name)))
        return tags
