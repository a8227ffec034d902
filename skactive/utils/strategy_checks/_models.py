"""Labels as they are in active learning, and what the model makes of them."""

import pickle

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.frozen import FrozenEstimator

from skactive.utils.containers import safe_indexing
from skactive.utils.strategy_checks._data import (
    applies_if,
    fitted,
    has_estimator,
    query,
    quietly,
)


class OnlyFits(ClassifierMixin, BaseEstimator):
    """A classifier that can be asked nothing but labels."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(X.shape[0], self.classes_[0])


def _classifies(strategy, data):
    return is_classifier(strategy) and len(np.unique(data.y_labeled)) > 1


def _trains(strategy, data):
    """Whether fit trains: a frozen model keeps the labels it was fitted on."""
    frozen = isinstance(strategy.get_params().get("estimator"), FrozenEstimator)
    return _classifies(strategy, data) and not frozen


def _net_of(model):
    """Follow wrappers and chains to a skorch net; None where there is none."""
    while model is not None and not hasattr(model, "iterator_valid"):
        steps = getattr(model, "steps", None)
        model = steps[-1][1] if steps else getattr(model, "estimator", None)
    return model


def _has_net(strategy, data):
    return has_estimator(strategy) and _net_of(strategy.estimator) is not None


@applies_if(_trains)
def check_missing_class(strategy, data):
    """A class that no label names yet is normal in active learning."""
    classes = np.unique(data.y_labeled)
    kept = data.y_labeled != classes[1]
    rows = safe_indexing(data.X_labeled, np.flatnonzero(kept))
    copy = fitted(strategy, data, X=rows, y=data.y_labeled[kept])
    picked = query(copy, data.X_pool, 5)
    assert len(set(picked.tolist())) == 5, (
        "A class that no label names yet is normal in active learning: do not assume "
        "that the columns of the probabilities are the classes of y."
    )
    if hasattr(copy, "predict_proba"):
        n_columns = quietly(copy.predict_proba, data.X_pool).shape[1]
        assert len(copy.classes_) == n_columns, (
            "classes_ must have as many entries as predict_proba has columns."
        )


@applies_if(_trains)
def check_string_labels(strategy, data):
    """Labels may be strings: work with columns, not with labels."""
    classes = np.unique(data.y_labeled)
    names = np.array([f"class {c}" for c in classes])
    y = names[np.searchsorted(classes, data.y_labeled)]
    copy = fitted(strategy, data, y=y)
    picked = query(copy, data.X_pool, 5)
    plain = query(fitted(strategy, data), data.X_pool, 5)
    assert np.array_equal(picked, plain), (
        "Labels that are strings must lead to the same choice as numbers in the same "
        "order: work with columns, not with labels."
    )
    predicted = quietly(copy.predict, data.X_pool)
    assert set(predicted) <= set(names), (
        "predict must give the labels that fit was given, not their positions."
    )


@applies_if(_classifies)
def check_one_class(strategy, data):
    """Labels of one class only either work or are refused by that word."""
    one = data.y_labeled == data.y_labeled[0]
    rows = safe_indexing(data.X_labeled, np.flatnonzero(one))
    copy = clone(strategy)
    try:
        quietly(copy.fit, rows, data.y_labeled[one])
    except ValueError as error:
        assert "class" in str(error), (
            "If one class is not enough, the message must say so with the word "
            f"'class'. It reads: {error}"
        )
        return
    picked = query(copy, data.X_pool, 5)
    assert len(set(picked.tolist())) == 5, (
        "Where the model can be fitted on one class, the strategy must be able to "
        "query it."
    )


@applies_if(_has_net)
def check_inference_batch_size(strategy, data):
    """The net's mini-batch size at prediction changes no choice."""
    copy = fitted(strategy, data)
    picked = query(copy, data.X_pool, 5)
    for size in (3, 1000):
        again = pickle.loads(pickle.dumps(copy))
        # Not by set_params: skorch refuses that on a fitted net.
        _net_of(again.estimator_).iterator_valid__batch_size = size
        assert np.array_equal(query(again, data.X_pool, 5), picked), (
            "The net's iterator_valid__batch_size must not change the choice: leave "
            "the net in evaluation mode and draw nothing for each mini-batch."
        )


CHECKS = (
    check_missing_class,
    check_string_labels,
    check_one_class,
    check_inference_batch_size,
)
