"""Models around a model: frozen, searched, thresholded, self-trained."""

from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.semi_supervised import SelfTrainingClassifier

from skactive.inspection.laplace import last_layer
from skactive.inspection.preparation import as_input, code_targets, final_model
from skactive.inspection.questions import embed, predict_proba, sample_posterior
from skactive.inspection.sampling import prepared_by, sampler


def register_wrapper(wrapper_class, fitted, unfitted="estimator"):
    """
    Have the questions pass through a model that wraps another on the same rows.

    Parameters
    ----------
    wrapper_class : type
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

    def asking(question):
        def ask(wrapper, *args, **kwargs):
            if not hasattr(wrapper, fitted):
                raise NotFittedError(
                    f"This {type(wrapper).__name__} has no {fitted!r}, the fitted "
                    "model that is asked. Call fit first (a search needs refit=True)."
                )
            return question(getattr(wrapper, fitted), *args, **kwargs)

        return ask

    def preparing(preparation):
        def prepare(wrapper, *args, **kwargs):
            known = fitted if hasattr(wrapper, fitted) else unfitted
            return preparation(getattr(wrapper, known), *args, **kwargs)

        return prepare

    for question in (predict_proba, embed, sample_posterior, last_layer):
        question.register(wrapper_class, asking(question))
    prepared_by(asking(sampler))(sample_posterior.dispatch(wrapper_class))
    for preparation in (final_model, as_input, code_targets):
        preparation.register(wrapper_class, preparing(preparation))


register_wrapper(FrozenEstimator, "estimator")
# The common base of all searches, the experimental halving ones among them.
register_wrapper(GridSearchCV.__base__, "best_estimator_")
register_wrapper(FixedThresholdClassifier, "estimator_")
register_wrapper(TunedThresholdClassifierCV, "estimator_")
register_wrapper(SelfTrainingClassifier, "estimator_")
