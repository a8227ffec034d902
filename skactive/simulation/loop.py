"""The active-learning loop as an estimator: the oracle is a withheld y."""

import copy
import numbers
import time
import warnings
from contextlib import nullcontext

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch
from sklearn.utils.validation import (
    check_is_fitted,
)
from tqdm.auto import tqdm

from skactive.evaluation import curve_mean
from skactive.simulation.checks import check_data, check_parameters
from skactive.simulation.final_model import FinalModelMethods
from skactive.simulation.interruption import interruptions
from skactive.simulation.oracle import Oracle, classifies
from skactive.simulation.seeded import seeded
from skactive.utils.containers import safe_indexing
from skactive.utils.random import draw_entropy, seed_sequence
from skactive.utils.seeding import initial_positions
from skactive.utils.validation import check_positions
from skactive.utils.versions import Versioned

# What the spawned seeds are for.
_INITIAL, _STRATEGY, _CANDIDATES = range(3)


class ActiveLearningSimulation(
    Versioned, FinalModelMethods, MetaEstimatorMixin, BaseEstimator
):
    """
    Play the active-learning loop on labelled data whose labels are held back.

    ``fit`` starts from a few labels, asks the strategy what to label next, reveals
    just that, refits, and records how good the model has become. ``score`` gives the
    mean height of the learning curve, so that ``GridSearchCV`` can search any
    parameter of the strategy.

    Parameters
    ----------
    strategy : strategy
        Anything with ``fit(X, y)``, ``partial_fit(X, y)`` and ``query(X_pool, n)``.
        It is cloned. One whose ``random_state`` is None gets a seed of this
        simulation's, and so do the transformers of a ``skactive.pipeline.Pipeline``.
    n_initial : int, default=20
        Labels to start from. 0 is for a model that answers without labels: a skorch
        net (then untrained) or a frozen model.
    initial : {"stratified", "random"}, default="stratified"
        How these are drawn: in the proportions of the classes and, where there are
        enough, at least one of each; or uniformly. For regression both are uniform.
    batch_size : int, default=10
        Labels asked for in each query. The last batch takes what is left.
    n_queries : int, default=20
        Number of queries.
    pool_size : int or None, default=None
        At each query the strategy is shown this many of the unlabelled rows, drawn
        anew; None shows all.
    scoring : str, callable or None, default=None
        As in ``sklearn.model_selection.cross_val_score``; None is the model's own
        ``score``.
    callbacks : list of callable or None, default=None
        Each is called as ``callback(simulation)`` after each round, with the
        attributes of that round in place. If one returns True, the loop ends.
    keep_estimators : bool, default=True
        Whether the model of each round is kept. ``score`` needs them, and so does a
        search.
    verbose : int, default=0
        1 shows a progress bar over the queries.
    random_state : int, RandomState instance or None, default=None
        Seeds the initial labels, the candidates shown and the strategy.

    Attributes
    ----------
    labeled_indices_ : ndarray of shape (n_labeled,), dtype int64
        Positions in X in the order their labels were revealed.
    labeled_iter_ : ndarray of shape (n_labeled,), dtype int64
        The query that asked for each of them; 0 for the initial ones.
    learning_curve_ : Bunch of ndarray of shape (n_rounds,)
        ``budget`` (labels known), ``score`` (on the evaluation set, NaN without one),
        ``fit_seconds`` and ``query_seconds`` (of the query that followed, NaN in the
        last round).
    estimators_ : list
        The fitted strategy of each round, which predicts as its model does. Absent if
        ``keep_estimators=False``.
    strategy_ : strategy
        The strategy after the last round.
    termination_condition_ : str
        "n_queries", "pool_exhausted", "callback" or "interrupted".

    Notes
    -----
    The labels that may be read are those asked for. What else is known of y is its
    set of labels, passed as ``classes`` to strategies whose ``fit`` takes it, and
    with ``initial="stratified"`` the classes of the rows to start from.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import ActiveLearningSimulation, MarginSampling
    >>> X, y = load_iris(return_X_y=True)
    >>> simulation = ActiveLearningSimulation(
    ...     MarginSampling(), n_initial=6, batch_size=2, n_queries=3, random_state=0
    ... )
    >>> simulation = simulation.fit(X[::2], y[::2], X[1::2], y[1::2])
    >>> simulation.learning_curve_.budget
    array([ 6,  8, 10, 12])
    """

    def __init__(
        self,
        strategy,
        *,
        n_initial=20,
        initial="stratified",
        batch_size=10,
        n_queries=20,
        pool_size=None,
        scoring=None,
        callbacks=None,
        keep_estimators=True,
        verbose=0,
        random_state=None,
    ):
        self.strategy = strategy
        self.n_initial = n_initial
        self.initial = initial
        self.batch_size = batch_size
        self.n_queries = n_queries
        self.pool_size = pool_size
        self.scoring = scoring
        self.callbacks = callbacks
        self.keep_estimators = keep_estimators
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X, y, X_eval=None, y_eval=None):
        """
        Play the loop.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            All rows, the initial ones and the pool.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            All labels, withheld from the strategy until it asks.
        X_eval : array-like of shape (n_eval, n_features), default=None
            Rows of the evaluation set.
        y_eval : array-like of shape (n_eval,), default=None
            Labels of the evaluation set.

        Returns
        -------
        self : ActiveLearningSimulation
            The simulation, played. Ctrl-C ends the loop with all that was acquired in
            place (unless not even the first model was fitted).

        Raises
        ------
        TypeError
            The strategy lacks a method of the loop, or a parameter has a wrong type.
        ValueError
            A parameter is out of range, or X and y do not fit together.
        """
        check_parameters(self)
        X, y = check_data(self, X, y, X_eval, y_eval)
        entropy = draw_entropy(self.random_state)
        strategy = seeded(self.strategy, seed_sequence(entropy, _STRATEGY))
        rng = np.random.default_rng(seed_sequence(entropy, _INITIAL))
        classes = np.unique(y) if classifies(self.strategy, y) else None
        stratify = self.initial == "stratified" and classes is not None
        start = initial_positions(y if stratify else None, len(y), self.n_initial, rng)
        oracle = Oracle(X, y, classes)
        self._reset()
        evaluation = None if X_eval is None else (X_eval, np.asarray(y_eval))
        with interruptions() as interruption:
            try:
                self._loop(strategy, oracle, start, evaluation, entropy, interruption)
            except KeyboardInterrupt:
                if not hasattr(self, "strategy_"):
                    raise
                self.termination_condition_ = "interrupted"
        return self

    # ---------------------------------------------------------------- the loop

    def _reset(self):
        for name in ("strategy_", "estimators_", "termination_condition_"):
            vars(self).pop(name, None)
        self.labeled_indices_ = np.empty(0, dtype=np.int64)
        self.labeled_iter_ = np.empty(0, dtype=np.int64)
        self.learning_curve_ = Bunch(
            budget=np.empty(0, dtype=np.int64),
            score=np.empty(0),
            fit_seconds=np.empty(0),
            query_seconds=np.empty(0),
        )

    def _loop(self, strategy, oracle, positions, evaluation, entropy, interruption):
        with self._progress(strategy) as bar:
            for query in range(self.n_queries + 1):
                self._reveal(positions, query)
                seconds = oracle.teach(strategy, positions, is_first=query == 0)
                interruption.check()
                self._record(strategy, evaluation, seconds)
                self._show(bar, query)
                reason = self._why_stop(query, len(oracle.y))
                if reason is not None:
                    self.termination_condition_ = reason
                    return
                positions = self._ask(strategy, oracle.X, entropy, query)
                interruption.check()

    def _reveal(self, positions, query):
        asked_by = np.full(len(positions), query, dtype=np.int64)
        # In one step each, here and below: Ctrl-C must find no half of it.
        vars(self).update(
            labeled_indices_=np.concatenate([self.labeled_indices_, positions]),
            labeled_iter_=np.concatenate([self.labeled_iter_, asked_by]),
        )

    def _record(self, strategy, evaluation, fit_seconds):
        """Take down a whole round: after an interruption the last one stands."""
        budget = len(self.labeled_indices_)
        score = self._score_of_round(strategy, evaluation, budget)
        curve = self.learning_curve_
        kept = _snapshot(strategy)
        done = {
            "strategy_": kept,
            "learning_curve_": Bunch(
                budget=np.append(curve.budget, budget),
                score=np.append(curve.score, score),
                fit_seconds=np.append(curve.fit_seconds, fit_seconds),
                query_seconds=np.append(curve.query_seconds, np.nan),
            ),
        }
        if self.keep_estimators:
            done["estimators_"] = [*getattr(self, "estimators_", []), kept]
        vars(self).update(done)

    def _why_stop(self, query, n_samples):
        wishes = [callback(self) for callback in self.callbacks or ()]
        # A comparison of numpy numbers gives numpy's own True.
        if any(isinstance(wish, bool | np.bool_) and wish for wish in wishes):
            return "callback"
        if query == self.n_queries:
            return "n_queries"
        if len(self.labeled_indices_) == n_samples:
            return "pool_exhausted"
        return None

    def _ask(self, strategy, X, entropy, query):
        pool = np.setdiff1d(np.arange(X.shape[0]), self.labeled_indices_)
        if self.pool_size is not None and self.pool_size < len(pool):
            rng = np.random.default_rng(seed_sequence(entropy, _CANDIDATES, query))
            pool = np.sort(rng.choice(pool, size=self.pool_size, replace=False))
        n = min(self.batch_size, len(pool))
        start = time.perf_counter()
        picked = strategy.query(safe_indexing(X, pool), n)
        seconds = self.learning_curve_.query_seconds.copy()
        seconds[-1] = time.perf_counter() - start
        self.learning_curve_ = Bunch(
            **{**self.learning_curve_, "query_seconds": seconds}
        )
        author = f"{type(strategy).__name__}.query"
        return pool[check_positions(picked, n, len(pool), author)]

    def _progress(self, strategy):
        if not self.verbose:  # even a disabled bar takes a lock among processes
            return nullcontext()
        name = type(strategy).__name__
        return tqdm(total=self.n_queries, desc=name, unit="query")

    def _show(self, bar, query):
        if bar is not None:
            curve = self.learning_curve_
            bar.update(query - bar.n)
            bar.set_postfix(
                labels=int(curve.budget[-1]), score=f"{curve.score[-1]:.3f}"
            )

    # ---------------------------------------------------------------- evaluation

    def _score_of_round(self, strategy, evaluation, budget):
        if evaluation is None:
            return np.nan
        try:
            return self._score(strategy, *evaluation)
        except ValueError as error:
            # A class without a label yet is normal, and some metrics refuse it.
            warnings.warn(
                f"The model of {budget} labels could not be scored with scoring="
                f"{self.scoring!r}, so its score is NaN: {error}",
                UndefinedMetricWarning,
                stacklevel=2,
            )
            return np.nan

    def _score(self, model, X, y):
        score = check_scoring(model, scoring=self.scoring)(model, X, y)
        if not isinstance(score, numbers.Number):
            raise TypeError(
                "The 'scoring' parameter of ActiveLearningSimulation must give one "
                f"number. Got {score!r} from {self.scoring!r}."
            )
        return float(score)

    def score(self, X, y):
        """
        Give the mean height of the learning curve on (X, y).

        Every kept model is evaluated with ``scoring``; the area under the curve by the
        trapezoid rule is divided by the budget's range.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, ...)
            Rows not used in ``fit``.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their labels.

        Returns
        -------
        float
            On the scale of ``scoring``.

        Raises
        ------
        ValueError
            The models were not kept (``keep_estimators=False``).
        """
        check_is_fitted(self)
        if not hasattr(self, "estimators_"):
            raise ValueError(
                "score evaluates the model of each round, but keep_estimators=False "
                "dropped them. Use keep_estimators=True, or pass X_eval and y_eval to "
                "fit and read learning_curve_."
            )
        scores = [self._score(model, X, y) for model in self.estimators_]
        return curve_mean(self.learning_curve_.budget, scores)


def _snapshot(strategy):
    """Keep a strategy as it is now: cheaply where it knows how, else by a deep copy."""
    if hasattr(strategy, "snapshot"):
        return strategy.snapshot()
    return copy.deepcopy(strategy)
