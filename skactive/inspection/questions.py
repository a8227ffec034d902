"""
The three questions a strategy may ask of a fitted model.

Each is a ``functools.singledispatch`` function; the answers for the families of
models stand in the other files of this room. A model of your own joins with

    @embed.register(MyModel)
    def _(estimator, X, layer=None):
        return estimator.features(X)
"""

import inspect
import numbers
from functools import singledispatch

import numpy as np
from sklearn.base import is_regressor

DEFAULT_DRAWS = 100
"""Draws from a posterior that is no finite set of members, unless told otherwise."""


@singledispatch
def predict_proba(estimator, X):
    """
    Predict class probabilities.

    Parameters
    ----------
    estimator : fitted classifier
        A scikit-learn classifier with ``predict_proba``, a skorch classifier, a
        Pipeline, search or frozen model around one, or a class registered with
        ``predict_proba.register``.
    X : array-like of shape (n_samples, n_features) or (n_samples, ...)
        Rows, as the estimator takes them.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), dtype float32 or float64
        Rows that sum to 1, columns in the order of the model's classes.

    Raises
    ------
    TypeError
        The model gives no probabilities.
    ValueError
        The model's answer is no probability.
    """
    if is_regressor(estimator) or not hasattr(estimator, "predict_proba"):
        raise TypeError(
            f"{type(estimator).__name__} gives no class probabilities. Use a "
            "classifier with predict_proba (LogisticRegression; SVC inside "
            "CalibratedClassifierCV; SGDClassifier(loss='log_loss')), or register "
            "your own with skactive.inspection.predict_proba.register."
        )
    return check_probabilities(estimator.predict_proba(X), estimator)


@singledispatch
def embed(estimator, X, layer=None):
    """
    Give the embedding z of each row: what the model's last linear layer sees.

    For a linear model these are the features, with a 1 appended where it fits an
    intercept; for a network the input of its last linear layer.

    Parameters
    ----------
    estimator : fitted estimator
        A linear scikit-learn model, an MLP, a skorch net, a Pipeline, search or frozen
        model around one, or a class registered with ``embed.register``.
    X : array-like of shape (n_samples, n_features) or (n_samples, ...)
        Rows, as the estimator takes them.
    layer : str, int or None, default=None
        For skorch nets: the name of a module, whose output is taken; a position in
        the tuple that the module returns; ``"output"`` for the output before the
        softmax; or None to find the input of the last linear layer by value. Other
        models have only None.

    Returns
    -------
    ndarray of shape (n_samples, d), dtype float32 or float64
        One embedding a row. Sparse input comes back dense: n_samples × d numbers.

    Raises
    ------
    TypeError
        The model has no embedding that we know of.
    ValueError
        The layer asked for is not there, or no layer is the head.
    """
    raise TypeError(
        f"{type(estimator).__name__} has no embedding that we know of: linear models, "
        "MLPClassifier, MLPRegressor and skorch nets do, alone or at the end of a "
        "Pipeline. Use one of these, or register your own model with "
        "skactive.inspection.embed.register."
    )


@singledispatch
def sample_posterior(estimator, X, n_draws=None, random_state=None, labeled=None):
    """
    Draw predictions from the model's posterior.

    One draw is one model (one member, one dropout mask, one set of weights, one
    function) asked about every row, so that the answers for different rows belong
    together. Where they come from:

    - forests, bagging, voting, ``Committee``, a list of fitted estimators: the members;
    - skorch nets: Monte-Carlo dropout, with one mask a draw shared by all rows;
    - ``LogisticRegression``, and any skorch classifier inside ``LastLayerLaplace``: a
      Laplace approximation of the last layer;
    - ``BayesianRidge``, ``ARDRegression``: the Gaussian over the coefficients;
    - Gaussian processes: the function at all rows jointly.

    A draw does not depend on which rows are asked for, nor in which order or
    mini-batches, beyond float rounding; except of a Gaussian process, whose pool must
    be asked for whole. Noise of the targets is not added.

    Parameters
    ----------
    estimator : fitted estimator
        One of these, a Pipeline, search, strategy or frozen model around one, or a
        class registered with ``sample_posterior.register``.
    X : array-like of shape (n_samples, n_features) or (n_samples, ...)
        Rows, as the estimator takes them.
    n_draws : int or None, default=None
        How many draws. None means each member of an ensemble once, and 100 draws of
        any other model. Members are drawn without replacement.
    random_state : int, RandomState instance or None, default=None
        Seed of the draws; None takes fresh entropy.
    labeled : tuple or None, default=None
        For ``LogisticRegression`` only, which does not keep them: the rows that it was
        fitted on as (X_labeled, y) or (X_labeled, y, sample_weight). Strategies pass
        theirs.

    Returns
    -------
    ndarray of shape (n_draws, n_samples, n_classes) or (n_draws, n_samples, n_outputs)
        Probabilities of a classifier, predictions of a regressor.

    Raises
    ------
    TypeError
        The model has no source of disagreement.
    ValueError
        More draws asked for than there are members, or the model lacks something that
        its posterior needs.
    """
    raise TypeError(
        f"{type(estimator).__name__} has no source of disagreement to sample from. "
        f"{SOURCES}"
    )


SOURCES = (
    "Use a forest, a bagging or voting ensemble, a Committee, a LogisticRegression, a "
    "BayesianRidge or ARDRegression, a Gaussian process, or a skorch net with dropout "
    "layers or inside LastLayerLaplace; or register your own model with "
    "skactive.inspection.sample_posterior.register."
)
"""What can be sampled from, said to whoever asks another model."""


def takes_labeled(estimator):
    """
    Say whether the posterior of a model is computed from the rows of its ``fit``.

    Parameters
    ----------
    estimator : estimator
        The innermost model.

    Returns
    -------
    bool
        True where what is registered for it has a parameter ``labeled``.
    """
    answer = sample_posterior.dispatch(type(estimator))
    return "labeled" in inspect.signature(answer).parameters


def answers(question, estimator):
    """
    Say whether a model can be expected to answer a question, before it is fitted.

    Parameters
    ----------
    question : callable
        ``predict_proba``, ``embed`` or ``sample_posterior``.
    estimator : estimator
        Fitted or not.

    Returns
    -------
    bool
        False where asking is known to fail.
    """
    if question is predict_proba and is_regressor(estimator):
        return False
    if question.dispatch(type(estimator)) is not question.dispatch(object):
        return True
    return question is predict_proba and hasattr(estimator, "predict_proba")


def check_n_draws(n_draws, default):
    """
    Check how many draws are asked for.

    Parameters
    ----------
    n_draws : int or None
        What the user asked for.
    default : int
        What None stands for.

    Returns
    -------
    int
        The number of draws.
    """
    if n_draws is None:
        return default
    if not isinstance(n_draws, numbers.Integral) or isinstance(n_draws, bool):
        raise TypeError(
            "The 'n_draws' parameter must be an int of at least 1, or None. Got "
            f"{n_draws!r} instead."
        )
    if n_draws < 1:
        raise ValueError(
            f"The 'n_draws' parameter must be at least 1. Got {n_draws} instead."
        )
    return int(n_draws)


def stack_draws(draws, n_draws):
    """
    Put draws one upon another, without holding them twice.

    Parameters
    ----------
    draws : iterable of ndarray
        Draws, all of one shape.
    n_draws : int
        How many there are.

    Returns
    -------
    ndarray of shape (n_draws, ...)
        The draws, in their order.
    """
    stacked = None
    for number, draw in enumerate(draws):
        if stacked is None:
            stacked = np.empty((n_draws, *draw.shape), dtype=draw.dtype)
        stacked[number] = draw
    return stacked


def check_probabilities(proba, estimator, hint=""):
    """
    Check that a model's answer is a probability for each row and class.

    Parameters
    ----------
    proba : array-like of shape (n_samples, n_classes)
        What the model gave.
    estimator : estimator
        The model, to be named.
    hint : str, default=""
        What this family of models can do about it.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), dtype float32 or float64
        The probabilities.
    """
    name = type(estimator).__name__
    if isinstance(proba, list):
        raise ValueError(
            f"{name}.predict_proba gives a list of {len(proba)} arrays, one for each "
            "output. Strategies take one output; fit one strategy for each of them."
        )
    proba = np.asarray(proba)
    if proba.dtype not in (np.float32, np.float64):
        proba = proba.astype(np.float64)
    if proba.ndim != 2:
        raise ValueError(
            f"{name}.predict_proba gives an array of shape {proba.shape}; expected "
            f"(n_samples, n_classes). {hint}".rstrip()
        )
    total = proba.sum(axis=1, dtype=np.float64)
    if not (proba >= 0).all() or not np.allclose(total, 1, atol=1e-3, rtol=0):
        seen = f"{proba.min():.3g} to {proba.max():.3g}"
        sums = f"{total.min():.3g} to {total.max():.3g}"
        raise ValueError(
            f"{name}.predict_proba gives rows that are no probabilities: values from "
            f"{seen}, rows that sum to {sums}; expected values >= 0 and sums of 1. "
            f"{hint}".rstrip()
        )
    return proba
