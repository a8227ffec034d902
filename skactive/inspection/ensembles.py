"""Forests, bagging and voting: the members are the posterior."""

from functools import partial

import numpy as np
from sklearn.base import is_classifier
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from skactive.inspection.questions import (
    check_n_draws,
    predict_proba,
    sample_posterior,
    stack_draws,
)
from skactive.utils.containers import safe_indexing
from skactive.utils.random import draw_entropy, seed_sequence
from skactive.utils.validation import num_rows


@sample_posterior.register(RandomForestClassifier)
@sample_posterior.register(RandomForestRegressor)
@sample_posterior.register(ExtraTreesClassifier)
@sample_posterior.register(ExtraTreesRegressor)
def _(forest, X, n_draws=None, random_state=None):
    check_is_fitted(forest)
    # Trees read float32: converted here once, not by each of them.
    X = _bare_rows(forest, X, dtype=np.float32)
    return _sample_members(forest, list(forest), lambda _: X, n_draws, random_state)


@sample_posterior.register(BaggingClassifier)
@sample_posterior.register(BaggingRegressor)
def _(bagging, X, n_draws=None, random_state=None):
    check_is_fitted(bagging)
    X = _bare_rows(bagging, X, dtype=None)

    def rows(member):
        return safe_indexing(X, bagging.estimators_features_[member], axis=1)

    return _sample_members(bagging, bagging.estimators_, rows, n_draws, random_state)


@sample_posterior.register(VotingClassifier)
@sample_posterior.register(VotingRegressor)
def _(voting, X, n_draws=None, random_state=None):
    check_is_fitted(voting)
    if voting.weights is not None:
        raise ValueError(
            f"{type(voting).__name__} has weights={voting.weights!r}, but each member "
            "counts once as a draw from the posterior. Use weights=None."
        )
    members = voting.estimators_
    return _sample_members(voting, members, lambda _: X, n_draws, random_state)


def _bare_rows(ensemble, X, dtype):
    """Check names here: members are fitted on bare arrays and would warn of them."""
    return validate_data(
        ensemble,
        X,
        reset=False,
        dtype=dtype,
        accept_sparse="csr",
        ensure_all_finite=False,  # the members' own business
    )


def _sample_members(ensemble, members, rows, n_draws, random_state):
    ask = _member_proba if is_classifier(ensemble) else _member_prediction
    asks = [partial(_ask, ask, ensemble, m, rows, i) for i, m in enumerate(members)]
    return sample_members(type(ensemble).__name__, asks, n_draws, random_state)


def _ask(ask, ensemble, member, rows, place):
    return ask(ensemble, member, rows(place))


def sample_members(name, asks, n_draws, random_state):
    """
    Draw members without replacement and stack their answers.

    Parameters
    ----------
    name : str
        Whose members they are, to be named.
    asks : list of callable
        One for each member; called without arguments, it gives the member's answer, an
        ndarray of shape (n_samples, n_outputs).
    n_draws : int or None
        How many members to ask; None asks all, in their order.
    random_state : int, RandomState instance or None
        Seed of the choice of members.

    Returns
    -------
    ndarray of shape (n_draws, n_samples, n_outputs)
        The answers.
    """
    n_members = len(asks)
    n_draws = check_n_draws(n_draws, default=n_members)
    if n_draws > n_members:
        raise ValueError(
            f"The 'n_draws' parameter must lie between 1 and the {n_members} members "
            f"of {name}: each is one draw. Got n_draws={n_draws}. Ask for fewer, or "
            "fit more members."
        )
    drawn = range(n_members)
    if n_draws < n_members:
        rng = np.random.default_rng(seed_sequence(draw_entropy(random_state)))
        drawn = rng.choice(n_members, size=n_draws, replace=False)
    return stack_draws((asks[i]() for i in drawn), n_draws)


def _member_proba(ensemble, member, X):
    """Put columns where the ensemble has them: a member may have missed a class."""
    proba = predict_proba(member, X)
    n_classes = len(ensemble.classes_)
    if proba.shape[1] == n_classes:
        return proba
    full = np.zeros((num_rows(X), n_classes), dtype=proba.dtype)
    # Members of an ensemble are fitted on the positions of the classes.
    full[:, np.asarray(member.classes_).astype(np.intp)] = proba
    return full


def _member_prediction(ensemble, member, X):
    prediction = np.asarray(member.predict(X))
    return prediction.reshape(len(prediction), -1)
