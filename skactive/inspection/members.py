"""Models that were fitted apart, asked together: a list of them is a posterior."""

from functools import partial

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from skactive.inspection.ensembles import sample_members
from skactive.inspection.preparation import as_input
from skactive.inspection.questions import predict_proba, sample_posterior
from skactive.inspection.skorch_nets import adapted_input
from skactive.utils.random import isolated_torch


@sample_posterior.register(list)
@sample_posterior.register(tuple)
def _(models, X, n_draws=None, random_state=None):
    for model in models:
        check_is_fitted(model)
    if not models or len({is_classifier(model) for model in models}) > 1:
        raise TypeError(
            "A list of fitted models must hold classifiers only or regressors only, "
            f"and one at least. Got {[type(model).__name__ for model in models]}."
        )
    if is_classifier(models[0]):
        labels = [_columns_of(model, X[:1]) for model in models]
        asks = asks_for_proba(models, labels, union_of(labels), X)
    else:
        asks = [in_columns(partial(prediction_of, m, X)) for m in models]
    return sample_members("the list", asks, n_draws, random_state)


def _columns_of(model, X):
    """Name the columns; a net's classes_ are only those that it has seen."""
    n_columns = predict_proba(model, X).shape[1]
    known = np.asarray(model.classes_)
    return known if len(known) == n_columns else np.arange(n_columns)


def union_of(labels):
    """
    Join what several classifiers know.

    Parameters
    ----------
    labels : list of array-like of shape (n_classes of a member,)
        The labels of each.

    Returns
    -------
    ndarray of shape (n_classes,)
        All labels, sorted.
    """
    return np.unique(np.concatenate([np.asarray(each) for each in labels]))


def asks_for_proba(members, labels, classes, X):
    """
    Prepare to ask classifiers for probabilities, in common columns.

    Parameters
    ----------
    members : list of fitted classifiers
        Whom to ask.
    labels : list of array-like of shape (n_classes of a member,)
        What the columns of each stand for.
    classes : ndarray of shape (n_classes,)
        What the common columns stand for, sorted.
    X : array-like of shape (n_samples, ...)
        Rows.

    Returns
    -------
    list of callable
        One for each member: without arguments, it gives an ndarray of shape
        (n_samples, n_classes), 0 for classes that the member does not know.
    """

    def ask(member, known):
        proba = predict_proba(member, X)
        full = np.zeros((len(proba), len(classes)), dtype=proba.dtype)
        full[:, np.searchsorted(classes, known)] = proba
        return full

    return [partial(ask, *pair) for pair in zip(members, labels, strict=True)]


def prediction_of(member, X):
    """
    Predict with a model of any kind, in isolation.

    Parameters
    ----------
    member : fitted estimator
        Whom to ask; a net gets rows of its own dtype.
    X : array-like of shape (n_samples, ...)
        Rows.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The prediction.
    """
    with isolated_torch(), adapted_input(member):
        return np.asarray(member.predict(as_input(member, X)))


def in_columns(ask):
    """
    Have an answer of one number a row come as a column.

    Parameters
    ----------
    ask : callable
        Gives an ndarray of shape (n_samples,) or (n_samples, n_outputs).

    Returns
    -------
    callable
        Gives an ndarray of shape (n_samples, n_outputs).
    """

    def columns():
        answer = ask()
        return answer.reshape(len(answer), -1) if answer.ndim == 1 else answer

    return columns
