"""The contract of a strategy: fit on what is labelled, query what to label next."""

import copy
from abc import ABCMeta, abstractmethod
from contextlib import contextmanager
from functools import partial

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import UNUSED, process_routing
from sklearn.utils.validation import check_is_fitted

from skactive.delegation import ModelMethods
from skactive.inspection import (
    embed,
    predict_proba,
    register_wrapper,
    sample_posterior,
)
from skactive.inspection.fitting import fit_model, warn_about_net
from skactive.inspection.pool_answers import PoolAnswers
from skactive.inspection.preparation import code_targets, final_model
from skactive.inspection.questions import answers
from skactive.inspection.sampling import prepared_by
from skactive.utils.candidates import candidate_rows, check_picks, told_of_pool
from skactive.utils.elsewhere import ElsewhereRows
from skactive.utils.labeled import LabeledSet
from skactive.utils.pools import as_pool
from skactive.utils.random import draw_entropy, seed_sequence
from skactive.utils.storage import storing
from skactive.utils.validation import check_n, num_rows, validate_labeled
from skactive.utils.versions import Versioned

_QUESTIONS = {
    "predict_proba": predict_proba,
    "embed": embed,
    "sample_posterior": sample_posterior,
}
# What the spawned seeds are for: fitting the model, querying, posterior draws.
_FIT, _QUERY, _POSTERIOR, _DISCRIMINATOR, _CANDIDATES = range(5)


@contextmanager
def _restored_on_error(estimator):
    """Leave an estimator as it was if the block fails."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


class QueryStrategy(
    Versioned,
    ModelMethods,
    PoolAnswers,
    MetaEstimatorMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """
    Base of all query strategies.

    A strategy is a scikit-learn meta-estimator: ``fit`` trains a clone of the model
    on what is labelled, ``query`` says which rows of a pool to label next, and
    ``predict``, ``score`` and the like are the model's. A subclass declares in
    ``requires`` what it asks of the model and writes ``_query``; it sets no attribute
    there, and its parameters stand in ``__init__`` as in any estimator.

    Parameters
    ----------
    estimator : estimator or None, default=None
        The model: a scikit-learn estimator, a Pipeline, a skorch net, or a
        ``FrozenEstimator`` around a fitted one. None means ``LogisticRegression()``.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model and the draws of ``query``. None takes fresh
        entropy at each ``fit``.

    Attributes
    ----------
    requires : tuple of str
        Questions put to the model at each query, of "predict_proba", "embed" and
        "sample_posterior"; the answers reach ``_query`` as entries of ``pool`` with
        these names, beside the rows ``pool.X`` and their number ``pool.n``.
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``, ``n_pool`` rows, of
        which ``n_candidates`` were looked at (``candidates`` are their positions, where
        they were drawn), and what the strategy has to show.

    Examples
    --------
    A strategy of one's own, here with a score for each row:

    >>> from skactive import ScoringStrategy
    >>> class Unsure(ScoringStrategy):
    ...     requires = ("predict_proba",)
    ...
    ...     def _scores(self, pool):
    ...         return 1 - pool.predict_proba.max(axis=1)
    >>> Unsure().fit([[0.0], [1.0], [4.0]], ["a", "a", "b"]).query([[0.0], [2.5]])
    array([1])
    """

    requires = ()
    _takes_parts = False  # whether _query can do with pool.parts in place of answers

    # The first argument is data, not metadata to be requested; classes always are.
    __metadata_request__fit = {"X_labeled": UNUSED, "classes": True}  # noqa: RUF012
    __metadata_request__partial_fit = __metadata_request__fit

    def __init__(self, estimator=None, *, random_state=None):
        self.estimator = estimator
        self.random_state = random_state

    # ---------------------------------------------------------------- learning

    def fit(self, X_labeled, y, classes=None, **params):
        """
        Fit a clone of the model on the labelled rows; start a new history.

        Parameters
        ----------
        X_labeled : array-like of shape (n_labeled, n_features) or (n_labeled, ...)
            Labelled rows. None at all are allowed for a skorch net, which is then
            initialised only, and for a frozen model.
        y : array-like of shape (n_labeled,) or (n_labeled, n_outputs)
            Their labels; of any type, and not of every class.
        classes : array-like of shape (n_classes,) or None, default=None
            All labels there are, in the order of a network's outputs. Needed where a
            network has more outputs than y names labels that are not integers in
            [0, n_outputs).
        **params : dict
            Routed to the model's ``fit``, ``sample_weight`` say; kept with the rows.

        Returns
        -------
        self : QueryStrategy
            The fitted strategy.

        Raises
        ------
        TypeError
            The model cannot answer what this strategy asks.
        ValueError
            X_labeled, y or classes are not what the model takes.
        """
        estimator = self._unfitted()
        self._check_model(estimator)
        with _restored_on_error(self):
            X, y = validate_labeled(self, X_labeled, y, estimator=estimator, reset=True)
            labeled = LabeledSet.start(X, y, classes, self._route("fit", params))
            return self._learn(labeled, draw_entropy(self.random_state), n_rounds=0)

    def partial_fit(self, X_labeled, y, classes=None, **params):
        """
        Add labels to those that ``fit`` was given, and refit on all of them.

        A fresh clone of the model is trained from scratch; the round is counted.

        Parameters
        ----------
        X_labeled : array-like of shape (n_new, n_features) or (n_new, ...)
            The newly labelled rows.
        y : array-like of shape (n_new,) or (n_new, n_outputs)
            Their labels.
        classes : array-like of shape (n_classes,) or None, default=None
            All labels there are; None keeps what was declared before.
        **params : dict
            Routed to the model's ``fit`` for the new rows; kept with them.

        Returns
        -------
        self : QueryStrategy
            The refitted strategy.

        Raises
        ------
        ValueError
            X_labeled, y or classes are not what the model takes.
        """
        if not hasattr(self, "estimator_"):
            return self.fit(X_labeled, y, classes, **params)
        estimator = self._unfitted()
        X, y = validate_labeled(self, X_labeled, y, estimator=estimator, reset=False)
        routed = self._route("partial_fit", params)
        labeled = self._labeled.extended(X, y, classes, routed)
        return self._learn(labeled, self._entropy, self.n_rounds_ + 1)

    def _learn(self, labeled, entropy, n_rounds):
        """Fit on a labelled set; attributes change only when all went well."""
        model = clone(self._unfitted())
        warn_about_net(model)
        X, y = labeled.X, labeled.y
        coding = code_targets(model, X, y, labeled.classes)
        seeds = seed_sequence(entropy, n_rounds, _FIT)
        model = fit_model(model, X, coding.encode(y), seeds, **labeled.params)
        self._check_features(model)
        self.estimator_ = model
        self.n_rounds_ = n_rounds
        self._coding, self._labeled, self._entropy = coding, labeled, entropy
        return self

    def _route(self, caller, params):
        if not get_config()["enable_metadata_routing"]:
            return params
        return dict(process_routing(self, caller, **params).estimator.fit)

    # ---------------------------------------------------------------- choosing

    def query(self, X_pool, n=1, *, max_candidates=None, storage=None):
        """
        Choose the rows of the pool to label next.

        Parameters
        ----------
        X_pool : array-like or Dataset of shape (n_pool, n_features) or (n_pool, ...)
            Unlabelled rows, in memory or read in parts: a memory map, what has slices
            of rows (HDF5, zarr, dask), a torch ``Dataset``, whose labels do not count.
        n : int, default=1
            How many to choose, 1 <= n <= n_pool.
        max_candidates : int or None, default=None
            Look only at so many rows, drawn first, uniformly and without replacement;
            a smaller pool is used whole. None looks at all.
        storage : {"float64", "float32", "float16"} or None, default=None
            The dtype in which the model's answers about the pool are kept. None keeps
            them as the model gives them, float16 as float32.

        Returns
        -------
        ndarray of shape (n,), dtype int64
            Distinct positions in X_pool, in the order chosen. The same round asked
            twice gives the same answer. ``query_info_`` tells how it came about.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            ``fit`` was not called.
        TypeError
            The argument n is no int, or the model cannot answer what is asked.
        ValueError
            X_pool is empty, smaller than n, or not like the rows of ``fit``;
            max_candidates is smaller than n, or storage no such dtype.
        """
        check_is_fitted(self)
        self._check_parameters()
        X_pool, seeds = as_pool(X_pool), partial(self._seeds, _CANDIDATES)
        X, candidates = candidate_rows(X_pool, n, max_candidates, seeds)
        rng = np.random.default_rng(self._seeds(_QUERY))
        info = Bunch(status="complete")
        with storing(storage), self._opened(X, n, info) as pool:
            n = check_n(n, pool.n)
            picked = self._query(pool, n, rng, info)
        author = f"{type(self).__name__}._query"
        info.positions = check_picks(picked, n, num_rows(X), info, author)
        info.update(round=self.n_rounds_, n_pool=num_rows(X), n_candidates=num_rows(X))
        if candidates is not None:
            told_of_pool(info, candidates, num_rows(X_pool))
        self.query_info_ = info
        return info.positions.copy()

    @abstractmethod
    def _query(self, pool, n, rng, info):
        """
        Choose n positions; the one method a strategy must write.

        Parameters
        ----------
        pool : Bunch
            What is known of the pool: ``X``, ``n`` rows, and an entry for each name
            in ``requires``.
        n : int
            How many to choose, already checked.
        rng : numpy.random.Generator
            The generator of this round.
        info : Bunch
            Filled with what the strategy has to show; becomes ``query_info_``.

        Returns
        -------
        array-like of shape (n,)
            Distinct positions in the order chosen.
        """

    @contextmanager
    def _opened(self, X, n, info):
        """Give what the model says of the pool, here or where its parts are."""
        if not isinstance(X, ElsewhereRows):
            X = self._validate_pool(X)
            check_n(n, num_rows(X))  # before the model is asked
            yield self._ask(X)
            return
        self._check_takes_parts()
        if not num_rows(X):
            self._validate_pool(X[:0])  # says that there is nothing to choose from
        self._validate_pool(X.made_up_row())  # not all strategies have the pool read
        check_n(n, num_rows(X))
        with X.opened(self) as parts:
            yield Bunch(n=num_rows(X), parts=parts)
            info.update(parts.report())

    def _check_takes_parts(self):
        if not self._takes_parts:
            raise TypeError(
                f"{type(self).__name__} with these parameters needs the whole pool at "
                "hand, and X_pool lies in parts on workers. Look at some of it with "
                "query(X_pool, n, max_candidates=...), pass X_pool.compute(), or use "
                "another strategy: the user guide's page on pools larger than memory "
                "lists those that work on parts."
            )

    def _seeds(self, purpose):
        return seed_sequence(self._entropy, self.n_rounds_, purpose)

    def _posterior_state(self):
        return np.random.RandomState(np.random.MT19937(self._seeds(_POSTERIOR)))

    # ---------------------------------------------------------------- checking

    def _check_model(self, estimator):
        if isinstance(estimator, type) or not hasattr(estimator, "fit"):
            raise TypeError(
                f"The 'estimator' parameter of {type(self).__name__} must be a "
                "scikit-learn estimator, a skorch net around a torch module, or None. "
                f"Got {estimator!r} instead."
            )
        if isinstance(self.requires, str) or set(self.requires) - set(_QUESTIONS):
            raise TypeError(
                f"{type(self).__name__}.requires must be a tuple of names out of "
                f"{tuple(_QUESTIONS)}. Got {self.requires!r} instead."
            )
        for name in self.requires:
            if not answers(_QUESTIONS[name], final_model(estimator)):
                raise TypeError(
                    f"{type(self).__name__} asks its model for {name}, which "
                    f"{type(final_model(estimator)).__name__} cannot answer. Use a "
                    "model that can, or register your own with "
                    f"skactive.inspection.{name}.register."
                )

    def _check_features(self, model):
        """Compare a frozen model, fitted elsewhere, with the labelled rows."""
        expected = getattr(model, "n_features_in_", None)
        seen = getattr(self, "n_features_in_", None)
        if None not in (expected, seen) and expected != seen:
            raise ValueError(
                f"X_labeled has {seen} features, but {type(model).__name__} was fitted "
                f"on {expected}. Pass rows like those the model was fitted on."
            )

    # ---------------------------------------------------------------- what is labelled

    @property
    def X_labeled_(self):
        """
        Rows labelled so far, in the order they came.

        Returns
        -------
        array-like of shape (n_labeled, n_features) or (n_labeled, ...)
            The rows, in the container that ``fit`` was given.
        """
        return self._labeled_set().X

    @property
    def y_labeled_(self):
        """
        Labels given so far, in the order they came.

        Returns
        -------
        ndarray of shape (n_labeled,) or (n_labeled, n_outputs)
            The labels.
        """
        return self._labeled_set().y

    def _labeled_set(self):
        if not hasattr(self, "_labeled"):
            raise AttributeError(f"{type(self).__name__} is not fitted yet.")
        return self._labeled

    def snapshot(self):
        """
        Copy the fitted strategy cheaply, to keep a round while the loop goes on.

        The copy shares the model and the labelled rows: ``fit`` and ``partial_fit``
        put new ones in their place and never change them.

        Returns
        -------
        QueryStrategy
            The copy.
        """
        return copy.copy(self)


register_wrapper(QueryStrategy, "estimator_")


def _own_labels(strategy, labeled=None):
    check_is_fitted(strategy)  # and has labelled rows of its own
    return strategy._sampler()


@sample_posterior.register(QueryStrategy)
@prepared_by(_own_labels)
def _(strategy, X, n_draws=None, random_state=None, labeled=None):
    return _own_labels(strategy).draw(X, n_draws, random_state)
