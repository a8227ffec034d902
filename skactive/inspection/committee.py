"""A committee: several models on the same labels, whose disagreement is a posterior."""

import warnings
from functools import partial

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skactive.inspection.ensembles import sample_members
from skactive.inspection.fitting import fit_model, warn_about_net
from skactive.inspection.members import (
    asks_for_proba,
    in_columns,
    prediction_of,
    union_of,
)
from skactive.inspection.preparation import (
    LabelCoding,
    code_targets,
    final_model,
)
from skactive.inspection.questions import answers, predict_proba, sample_posterior
from skactive.inspection.sampling import Sampler, prepared_by
from skactive.utils.containers import safe_indexing
from skactive.utils.random import draw_entropy, seed_sequence
from skactive.utils.validation import validate_labeled, validate_rows


class Committee(MetaEstimatorMixin, BaseEstimator):
    """
    Several classifiers, or several regressors, that answer by their mean.

    Each member is one draw of ``sample_posterior``. ``Committee([net] * 5)`` is an
    ensemble of networks that differ by their seeds (a deep ensemble); members without
    randomness of their own, ``[LogisticRegression()] * 10`` say, differ with
    ``bootstrap=True`` only. Fitted models join as ``FrozenEstimator(model)``.

    Parameters
    ----------
    estimators : list of estimators
        The members, all classifiers with ``predict_proba`` or all regressors: of any
        kinds, skorch nets and Pipelines too. They are cloned; one may occur often.
    bootstrap : bool, default=False
        Whether each member is fitted on rows drawn with replacement: within each class
        as many as it has, so that no member misses one. Frozen members stay as they
        are.
    random_state : int, RandomState instance or None, default=None
        Seeds the bootstraps and whatever in a member has no seed; each member gets
        others. None takes fresh entropy at each ``fit``.

    Attributes
    ----------
    estimators_ : list of estimators
        The fitted members.
    classes_ : ndarray of shape (n_classes,)
        Labels that any member knows, sorted. Classifiers only.
    n_features_in_ : int
        The number of features seen in ``fit``.

    References
    ----------
    .. [1] Seung, H. S., Opper, M. and Sompolinsky, H. (1992). Query by committee. COLT.
    .. [2] Lakshminarayanan, B., Pritzel, A. and Blundell, C. (2017). Simple and
       scalable predictive uncertainty estimation using deep ensembles. NeurIPS.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skactive import Committee
    >>> from skactive.inspection import sample_posterior
    >>> X, y = load_iris(return_X_y=True)
    >>> members = [LogisticRegression(max_iter=1000), GaussianNB()]
    >>> committee = Committee(members, random_state=0).fit(X, y)
    >>> sample_posterior(committee, X[:4]).shape
    (2, 4, 3)
    """

    def __init__(self, estimators, *, bootstrap=False, random_state=None):
        self.estimators = estimators
        self.bootstrap = bootstrap
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        """
        Fit a clone of each member.

        Parameters
        ----------
        X : array-like of shape (n_labeled, n_features) or (n_labeled, ...)
            Labelled rows.
        y : array-like of shape (n_labeled,) or (n_labeled, n_outputs)
            Their labels; of any type, for nets too.
        sample_weight : array-like of shape (n_labeled,) or None, default=None
            Weights of the rows, passed to each member where given.

        Returns
        -------
        self : Committee
            The fitted committee.

        Raises
        ------
        TypeError
            ``estimators`` is no list of models of one kind that can answer.
        ValueError
            X or y are not what the members take.
        """
        self._check_members()
        X, y = validate_labeled(self, X, y, estimator=self.estimators[0], reset=True)
        X = X.tocsr() if sp.issparse(X) else X
        weights = _as_params(sample_weight, len(y))
        entropy = draw_entropy(self.random_state)
        members, codings = [], []
        for place, estimator in enumerate(self.estimators):
            member = clone(estimator)
            if estimator not in self.estimators[:place]:
                warn_about_net(member)
            coding = code_targets(member, X, y)
            targets, params, seeds = coding.encode(y), weights, (entropy, place)
            rows = X
            if self.bootstrap:
                drawn = self._bootstrap(y, seed_sequence(*seeds, 0))
                rows, targets = safe_indexing(X, drawn), targets[drawn]
                params = {name: each[drawn] for name, each in weights.items()}
            fit_model(member, rows, targets, seed_sequence(*seeds, 1), **params)
            members.append(member)
            codings.append(coding)
        self.estimators_, self._codings = members, codings
        if is_classifier(self):
            self.classes_ = union_of(map(_labels, members, codings))
        return self

    def _check_members(self):
        members = self.estimators
        if not isinstance(members, list | tuple) or not members:
            raise TypeError(
                "The 'estimators' parameter of Committee must be a list of at least "
                f"one estimator. Got {members!r} instead."
            )
        for member in members:
            if isinstance(member, type) or not hasattr(member, "fit"):
                raise TypeError(
                    "The 'estimators' parameter of Committee must hold estimators. "
                    f"Got {member!r} among them."
                )
        kinds = {get_tags(member).estimator_type for member in members}
        if len(kinds) != 1 or not kinds <= {"classifier", "regressor"}:
            raise TypeError(
                "The members of a Committee must be all classifiers or all "
                f"regressors. Got {sorted(map(str, kinds))}."
            )
        for member in members:
            if is_classifier(self) and not answers(predict_proba, final_model(member)):
                raise TypeError(
                    f"{type(final_model(member)).__name__} gives no class "
                    "probabilities, which a Committee averages. Use members with "
                    "predict_proba."
                )

    def _bootstrap(self, y, seeds):
        """Draw as many rows as there are, within each class."""
        rng = np.random.default_rng(seeds)
        if not is_classifier(self):
            return np.sort(rng.choice(len(y), len(y)))
        groups = (np.flatnonzero(y == label) for label in np.unique(y))
        return np.sort(np.concatenate([rng.choice(g, len(g)) for g in groups]))

    @available_if(lambda self: is_classifier(self))
    def predict_proba(self, X):
        """
        Predict class probabilities: the mean over the members.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities, columns in the order of ``classes_``.
        """
        return self._mean(X)

    def predict(self, X):
        """
        Predict the class with the largest mean probability, or the mean prediction.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Labels, or values.
        """
        mean = self._mean(X)
        return self.classes_[mean.argmax(axis=1)] if is_classifier(self) else mean

    def score(self, X, y, sample_weight=None):
        """
        Give the accuracy, or R² of regressors.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their true labels.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weights of the rows.

        Returns
        -------
        float
            The score.
        """
        metric = accuracy_score if is_classifier(self) else r2_score
        return metric(y, self.predict(X), sample_weight=sample_weight)

    def _mean(self, X):
        answers = self._asks(self._validated(X))
        total = answers[0]().astype(np.float64)
        for ask in answers[1:]:
            total += ask()
        return total / len(answers)

    def _validated(self, X):
        check_is_fitted(self)
        return validate_rows(self, X, estimator=self.estimators[0])

    def _asks(self, X):
        """Give a function for each member, that answers about rows."""
        if not is_classifier(self):
            pairs = zip(self.estimators_, self._codings, strict=True)
            return [lambda m=m, c=c: c.decode(prediction_of(m, X)) for m, c in pairs]
        labels = map(_labels, self.estimators_, self._codings)
        return asks_for_proba(self.estimators_, labels, self.classes_, X)

    def __sklearn_is_fitted__(self):
        return hasattr(self, "estimators_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if isinstance(self.estimators, list | tuple) and self.estimators:
            inner = [get_tags(member) for member in self.estimators]
            for name in ("estimator_type", "classifier_tags", "regressor_tags"):
                setattr(tags, name, getattr(inner[0], name))
            tags.target_tags = inner[0].target_tags
            tags.input_tags = inner[0].input_tags
            tags.input_tags.sparse = all(t.input_tags.sparse for t in inner)
            tags.input_tags.allow_nan = all(t.input_tags.allow_nan for t in inner)
        return tags


def _draw(committee, X, n_draws, random_state):
    X = committee._validated(X)
    asks = [in_columns(ask) for ask in committee._asks(X)]
    return sample_members("Committee", asks, n_draws, random_state)


def _warn_if_unanimous(draws):
    (first, *others), n = draws, draws.shape[1]
    if others and n > 1 and all(bool((first == other).all()) for other in others):
        warnings.warn(
            f"The {len(draws)} members asked agree exactly on all {n} rows: they tell "
            "no row from another. Use bootstrap=True, or members that differ.",
            UserWarning,
            stacklevel=3,
        )


def _judged_at_the_end(committee, labeled=None):
    return Sampler(partial(_draw, committee), judge=_warn_if_unanimous)


@sample_posterior.register(Committee)
@prepared_by(_judged_at_the_end)
def _(committee, X, n_draws=None, random_state=None):
    draws = _draw(committee, X, n_draws, random_state)
    _warn_if_unanimous(draws)
    return draws


@code_targets.register(Committee)
def _(committee, X, y, classes=None):
    committee._check_members()
    if is_classifier(committee) and not hasattr(committee, "estimators_"):
        # What one net among them needs suits the others too.
        for member in committee.estimators:
            coding = code_targets(member, X, y, classes)
            if isinstance(coding, LabelCoding):
                return coding
    return code_targets.dispatch(object)(committee, X, y, classes)


def _as_params(sample_weight, n):
    if sample_weight is None:
        return {}
    weights = np.asarray(sample_weight)
    if weights.shape != (n,):
        raise ValueError(
            f"sample_weight must hold one weight for each of the {n} rows. Got an "
            f"array of shape {weights.shape}."
        )
    return {"sample_weight": weights}


def _labels(member, coding):
    """Name the columns of a member's probabilities."""
    return member.classes_ if coding.classes is None else coding.classes
