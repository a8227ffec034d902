"""Learning which strategy to ask, while asking."""

import math
import numbers
import warnings

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.base import clone, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from skactive.base import QueryStrategy
from skactive.inspection.preparation import final_model
from skactive.strategies.core_sets import CoreSet
from skactive.strategies.uncertainty import LeastConfidence
from skactive.utils.containers import is_dataframe, safe_indexing
from skactive.utils.random import int_seed
from skactive.utils.validation import check_choice, check_real, num_rows

REWARDS = ("training", "holdout")


class ALBL(QueryStrategy):
    """
    Let a bandit choose among strategies, by what their batches turn out to be worth.

    At each query one strategy, an arm, chooses the whole batch. Once its labels are in,
    the arm is rewarded by the accuracy of the new model, each row weighted by how
    unlikely it was to be asked for.

    Parameters
    ----------
    estimator : classifier or None, default=None
        The model, trained once and shared by all arms. None means
        ``LogisticRegression()``.
    strategies : list of QueryStrategy or None, default=None
        The arms; a model of their own is not used. None means
        ``[CoreSet(), LeastConfidence()]``.
    delta : float, default=0.1
        Probability with which the bandit's bound may fail, in (0, 1).
    p_min : float or None, default=None
        Smallest probability of an arm, in (0, 1/N]; None means 1/(10 N) for N arms.
    reward : {"training", "holdout"}, default="training"
        Accuracy of the new model on all labelled rows, or of the old one on the new
        batch before it is trained on. Of a model that fits all its training data the
        first says little.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model, the arms and the draw among them.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    weights_ : ndarray of shape (N,)
        Weights of the arms.
    last_reward_ : float or None
        Reward of the last ``partial_fit``; None where nothing was learned.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``; ``arm``, the place in
        the list of the one that chose, ``probabilities`` of all arms, ``rows``, those
        asked for, and ``arm_info``, the arm's own.

    Notes
    -----
    Hsu and Lin 2015, EXP4.P over arms: P(a) = (1 − N p_min) w_a / Σ w + p_min; then
    w_a ← w_a exp(p_min / 2 (reward + √(ln(N/δ)/N) / P(a))), where the reward is the
    mean over labelled rows of 1[right] / P of the arm that asked for them (1 for those
    of ``fit``). Rows that the last query did not name count with P = 1; rows are known
    by their numbers, up to rounding.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import ALBL
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = ALBL(random_state=0).fit(X[::15], y[::15])
    >>> picked = strategy.query(X, n=3)
    >>> strategy.partial_fit(X[picked], y[picked]).weights_.shape
    (2,)
    """

    def __init__(
        self,
        estimator=None,
        *,
        strategies=None,
        delta=0.1,
        p_min=None,
        reward="training",
        random_state=None,
    ):
        super().__init__(estimator, random_state=random_state)
        self.strategies = strategies
        self.delta = delta
        self.p_min = p_min
        self.reward = reward

    # ---------------------------------------------------------------- learning

    def fit(self, X_labeled, y, classes=None, **params):
        """
        Fit a clone of the model on the labelled rows; forget what arms were worth.

        Parameters
        ----------
        X_labeled : array-like of shape (n_labeled, n_features) or (n_labeled, ...)
            Labelled rows.
        y : array-like of shape (n_labeled,)
            Their labels.
        classes : array-like of shape (n_classes,) or None, default=None
            All labels there are; see ``QueryStrategy.fit``.
        **params : dict
            Routed to the model's ``fit``.

        Returns
        -------
        self : ALBL
            The fitted strategy.
        """
        arms = self._arms()
        super().fit(X_labeled, y, classes, **params)
        self.weights_ = np.ones(len(arms))
        self.last_reward_ = None
        self._kept = np.ones(len(self.y_labeled_))
        if hasattr(self, "query_info_"):
            del self.query_info_
        return self

    def partial_fit(self, X_labeled, y, classes=None, **params):
        """
        Add labels, refit, and reward the arm that asked for them.

        Parameters
        ----------
        X_labeled : array-like of shape (n_new, n_features) or (n_new, ...)
            The newly labelled rows, in any order; some of those asked for may lack.
        y : array-like of shape (n_new,)
            Their labels.
        classes : array-like of shape (n_classes,) or None, default=None
            All labels there are; None keeps what was declared before.
        **params : dict
            Routed to the model's ``fit`` for the new rows.

        Returns
        -------
        self : ALBL
            The refitted strategy. It warns where no row is one that the last query
            named: then no arm is rewarded.
        """
        if not hasattr(self, "estimator_"):
            return self.fit(X_labeled, y, classes, **params)
        before, n_before = self.estimator_, len(self.y_labeled_)
        coding = self._coding
        super().partial_fit(X_labeled, y, classes, **params)
        new = np.arange(n_before, len(self.y_labeled_))
        self._kept = np.concatenate([self._kept, np.ones(len(new))])
        named = self._named(new)
        self.last_reward_ = None
        if not named.any():
            warnings.warn(
                "ALBL learned nothing about its arms: none of the rows given to "
                "partial_fit is one that its last query named.",
                UserWarning,
                stacklevel=2,
            )
            return self
        info = self.query_info_
        p = info.probabilities[info.arm]
        self._kept[new[named]] = p
        if self.reward == "holdout":
            asked, model, coding = new[named], before, coding
        else:
            asked, model, coding = np.arange(len(self._kept)), None, None
        right = self._is_right(asked, model, coding)
        self.last_reward_ = float((right / self._kept[asked]).mean())
        arms = len(self.weights_)
        bonus = math.sqrt(math.log(arms / self.delta) / arms) / p
        step = self._least() / 2 * (self.last_reward_ + bonus)
        weights = self.weights_.copy()
        weights[info.arm] *= math.exp(step)
        self.weights_ = weights / weights.max()
        del self.query_info_
        return self

    def _is_right(self, at, model, coding):
        rows = safe_indexing(self.X_labeled_, at)
        if model is None:
            answers = self.predict(rows)
        else:
            now = self.estimator_, self._coding
            self.estimator_, self._coding = model, coding
            try:
                answers = self.predict(rows)
            finally:
                self.estimator_, self._coding = now
        return np.asarray(answers) == self.y_labeled_[at]

    def _named(self, new):
        """Say which of the new rows the last query named."""
        if not hasattr(self, "query_info_"):
            return np.zeros(len(new), dtype=bool)
        rows = _plain(self._rows(new))
        keys = _keys(rows)
        given = dict(zip(keys, rows, strict=True))
        rows = _plain(self.query_info_.rows)
        asked = dict(zip(_keys(rows), rows, strict=True))
        named = given.keys() & asked.keys()
        named |= _named_but_for_rounding(
            {key: row for key, row in given.items() if key not in named},
            {key: row for key, row in asked.items() if key not in named},
        )
        return np.array([key in named for key in keys], dtype=bool)

    def _rows(self, at):
        return safe_indexing(self.X_labeled_, at)

    # ---------------------------------------------------------------- choosing

    def _check_model(self, estimator):
        super()._check_model(estimator)
        if is_regressor(final_model(estimator)):
            raise TypeError(
                "ALBL needs a classifier: arms are rewarded by how many labels it gets "
                f"right. Got {type(final_model(estimator)).__name__}."
            )

    @property
    def requires(self):
        """
        Questions put to the model: those of all arms.

        Returns
        -------
        tuple of str
            The names of the questions.
        """
        return tuple(sorted({name for arm in self._arms() for name in arm.requires}))

    def query_memory(self, X_pool, n=1, *, max_candidates=None, storage=None):
        """
        Say how many bytes a query would take, with the arm that takes most.

        Parameters
        ----------
        X_pool : array-like of shape (n_pool, n_features) or (n_pool, ...)
            Unlabelled rows: whatever ``query`` takes.
        n : int, default=1
            How many would be chosen, 1 <= n <= n_pool.
        max_candidates : int or None, default=None
            As of ``query``.
        storage : {"float64", "float32", "float16"} or None, default=None
            As of ``query``.

        Returns
        -------
        Bunch
            As of any strategy.
        """
        check_is_fitted(self)
        options = {"max_candidates": max_candidates, "storage": storage}
        told = [
            self._ready(arm).query_memory(X_pool, n, **options) for arm in self._arms()
        ]
        return max(told, key=lambda each: each.total)

    def _check_parameters(self):
        for arm in self._arms():
            arm._check_parameters()

    def _ask(self, X_pool):
        # The arm whose turn it is asks by itself.
        return Bunch(X=X_pool, n=num_rows(X_pool))

    def _query(self, pool, n, rng, info):
        probabilities = self._probabilities()
        arm = int(rng.choice(len(probabilities), p=probabilities))
        strategy = self._arms()[arm]
        if strategy.random_state is None:
            strategy.random_state = int_seed(rng.bit_generator.seed_seq.spawn(1)[0])
        picked = self._ready(strategy).query(pool.X, n)
        info.update(
            arm=arm,
            probabilities=probabilities,
            rows=safe_indexing(pool.X, picked),
            arm_info=strategy.query_info_,
            status=strategy.query_info_.status,
        )
        return picked

    def _ready(self, arm):
        """Give an arm this strategy's model and labelled rows."""
        arm.estimator = FrozenEstimator(self.estimator_)
        arm.fit(self.X_labeled_, self._coding.encode(self.y_labeled_))
        # Rows keep their labels and weights: a posterior may be computed from them.
        arm._labeled, arm._coding = self._labeled, self._coding
        arm.n_rounds_ = self.n_rounds_
        return arm

    def _probabilities(self):
        least = self._least()
        shares = self.weights_ / self.weights_.sum()
        p = (1 - len(shares) * least) * shares + least
        return p / p.sum()

    def _least(self):
        return 1 / (10 * len(self.weights_)) if self.p_min is None else self.p_min

    def _arms(self):
        check_choice(self, "reward", REWARDS)
        check_real(self, "delta", above=0, below=1)
        given = self.strategies
        if given is None:
            given = [CoreSet(), LeastConfidence()]
        if (
            not isinstance(given, list | tuple)
            or not given
            or not all(isinstance(arm, QueryStrategy) for arm in given)
        ):
            raise TypeError(
                f"The 'strategies' parameter of {type(self).__name__} must be a list "
                f"of query strategies, or None. Got {given!r} instead."
            )
        if self.p_min is not None:
            check_real(self, "p_min", above=0)
            if self.p_min > 1 / len(given):
                raise ValueError(
                    f"The 'p_min' parameter of {type(self).__name__} must be at most "
                    f"1/{len(given)} for {len(given)} arms. Got {self.p_min!r} instead."
                )
        return [clone(arm) for arm in given]


def _plain(X):
    """Give rows as an array of shape (n, numbers)."""
    if is_dataframe(X):
        X = X.to_numpy()
    if hasattr(X, "toarray"):
        X = X.toarray()
    X = np.asarray(X)
    return X.reshape(len(X), math.prod(X.shape[1:]))


def _stacked(rows):
    return np.stack(list(rows.values()))


def _named_but_for_rounding(given, asked):
    """
    Tell rows by their neighbours: what transforms many rows or few rounds otherwise.

    A row is named if it and a row asked for are each other's nearest, and differ by
    less than 1e-5 of each number, or of the largest by what the dtype cannot tell.
    """
    if not given or not asked:
        return set()
    keys, x, others = list(given), *map(_stacked, (given, asked))
    if not x.shape[1] or x.dtype.kind != "f" or others.dtype.kind != "f":
        return set()
    distances = cdist(np.nan_to_num(x), np.nan_to_num(others))
    nearest = distances.argmin(axis=1)
    is_mutual = distances.argmin(axis=0)[nearest] == np.arange(len(x))
    others = others[nearest]
    eps = max(np.finfo(x.dtype).eps, np.finfo(others.dtype).eps)
    largest = np.abs(np.nan_to_num(others)).max(axis=1, keepdims=True)
    least = min(100 * eps, 1e-5) * largest
    is_close = np.isclose(x, others, rtol=1e-5, atol=least, equal_nan=True)
    return {keys[at] for at in np.flatnonzero(is_mutual & is_close.all(axis=1))}


def _keys(X):
    """Give something hashable for each row of an array, equal for equal rows."""
    if X.dtype.kind not in "biuf":
        # repr: NaN equals itself there, and a dictionary can be hashed.
        return [tuple(map(_value, row)) for row in X.tolist()]
    X = np.ascontiguousarray(X.astype(np.float64)) + 0.0  # no -0
    return [row.tobytes() for row in X]


def _value(value):
    is_number = isinstance(value, numbers.Real) and value == value
    return float(value) if is_number else repr(value)
