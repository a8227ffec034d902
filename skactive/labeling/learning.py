"""What a labelling session learns, and how good that is."""

import copy
import math

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch, get_tags
from sklearn.utils.validation import has_fit_parameter

from skactive.labeling.asking import count_batches
from skactive.labeling.scores import read_scores, write_score
from skactive.utils.containers import safe_indexing
from skactive.utils.random import int_seed, seed_sequence

_STRATEGY = 1  # what the spawned seeds are for; 0 is the rows to begin with


class SessionLearning:
    """Mixin: fitting the strategy of a session on what its store holds."""

    def fit(self):
        """
        Fit the strategy on all labels there are now.

        Returns
        -------
        strategy
            The fitted strategy, which predicts as its model does.

        Raises
        ------
        ValueError
            There are no labels yet, or they do not suffice for the model.
        """
        with self.store._file.reading() as db:
            round_ = count_batches(db)
        return self._fit(round_)

    def _fit(self, round_):
        positions, y = self.store.arrays()
        key = (round_, positions.tobytes(), y.tolist())
        if self._fitted_on != key:
            strategy = self._seeded_strategy(round_)
            rows = safe_indexing(self.X_pool, positions)
            classes = self.store.classes
            takes_classes = classes and has_fit_parameter(strategy, "classes")
            options = {"classes": np.asarray(classes)} if takes_classes else {}
            strategy.fit(rows, y, **options)
            self._score(strategy, round_, len(y))
            self.strategy_, self._fitted_on = strategy, key
        return self.strategy_

    def _score(self, strategy, round_, n_labeled):
        if self.score_on is None:
            return
        score = float(strategy.score(*self.score_on))
        if not math.isfinite(score):
            return  # R² of one label, say: no point of a curve
        with self.store._file.writing() as db:
            write_score(db, round_, n_labeled, score, type(strategy).__name__)

    def _seeded_strategy(self, round_):
        if not hasattr(self.strategy, "get_params"):
            return copy.deepcopy(self.strategy)
        strategy = clone(self.strategy)
        if "random_state" in strategy.get_params(deep=False):
            seeds = seed_sequence(self._entropy, _STRATEGY, self._own_entropy, round_)
            strategy.set_params(random_state=int_seed(seeds))
        return strategy

    @property
    def learning_curve(self):
        """
        How good the model has become: needs ``score_on``.

        Returns
        -------
        Bunch of ndarray of shape (n_rounds,)
            ``budget`` (labels known) and ``score``, in the order of the trainings, of
            all sessions over this store. Labels given since the last ``next_batch``
            are not in it before the next one, or ``fit``.
        """
        with self.store._file.reading() as db:
            rows = read_scores(db)
        budget = np.array([n for n, _ in rows], dtype=np.int64)
        return Bunch(budget=budget, score=np.array([s for _, s in rows], dtype=float))


def classifies(strategy):
    """
    Say whether a strategy's labels are classes.

    Parameters
    ----------
    strategy : strategy
        With scikit-learn's tags, or a home-made class without any.

    Returns
    -------
    bool
        False where it does not tell.
    """
    if not hasattr(strategy, "__sklearn_tags__"):
        return False  # one of the user's own, who knows what it takes
    return get_tags(strategy).estimator_type == "classifier"
