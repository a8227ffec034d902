"""Models around a model: frozen, searched, thresholded, self-trained."""

from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.semi_supervised import SelfTrainingClassifier

from skactive.inspection.preparation import as_input, code_targets, final_model
from skactive.inspection.questions import embed, predict_proba, sample_posterior


def register_wrapper(cls, fitted, unfitted="estimator"):
    """
    Have the questions pass through a model that wraps another on the same rows.

    Parameters
    ----------
    cls : type
        The class of the wrapper.
    fitted : str
        The attribute that holds the fitted inner model.
    unfitted : str, default="estimator"
        The attribute that holds it before ``fit``.

    Examples
    --------
    >>> from sklearn.base import BaseEstimator
    >>> from skactive.inspection import register_wrapper
    >>> class Calibrated(BaseEstimator):
    ...     def __init__(self, estimator):
    ...         self.estimator = estimator
    ...     def fit(self, X, y):
    ...         self.model_ = self.estimator.fit(X, y)
    ...         return self
    >>> register_wrapper(Calibrated, fitted="model_")
    """

    def inner(wrapper):
        return getattr(wrapper, fitted if hasattr(wrapper, fitted) else unfitted)

    def passing_through(question):
        def ask(wrapper, *args, **kwargs):
            return question(inner(wrapper), *args, **kwargs)

        return ask

    for question in (predict_proba, embed, sample_posterior):
        question.register(cls, passing_through(question))
    for preparation in (final_model, as_input, code_targets):
        preparation.register(cls, passing_through(preparation))


register_wrapper(FrozenEstimator, "estimator")
# The common base of all searches, the experimental halving ones among them.
register_wrapper(GridSearchCV.__base__, "best_estimator_")
register_wrapper(FixedThresholdClassifier, "estimator_")
register_wrapper(TunedThresholdClassifierCV, "estimator_")
register_wrapper(SelfTrainingClassifier, "estimator_")
