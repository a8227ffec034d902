"""Strategies that give each row a score of its own."""

from abc import abstractmethod

import numpy as np

from skactive.base import QueryStrategy
from skactive.utils.selection import ScoredPart, best_of, top_n


class ScoringStrategy(QueryStrategy):
    """
    Base of the strategies that give each row a score of its own.

    A subclass writes ``_scores`` alone; the rows with the largest scores are chosen,
    ties broken at random.

    Parameters
    ----------
    estimator : estimator or None, default=None
        The model; None means ``LogisticRegression()``.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model and the breaking of ties.

    Attributes
    ----------
    scores_by_row : bool
        Whether a row's score depends on that row alone, not on the rest of the pool:
        then a pool that lies on several workers is scored where it lies. A subclass
        says so itself.
    """

    scores_by_row = False

    @abstractmethod
    def _scores(self, pool):
        """
        Score each row of the pool.

        Parameters
        ----------
        pool : Bunch
            What is known of the pool: see ``QueryStrategy._query``.

        Returns
        -------
        array-like of shape (n_pool,)
            Larger = ask first. No NaN.
        """

    def score_samples(self, X_pool):
        """
        Score each row of a pool by how much its label is wanted.

        Parameters
        ----------
        X_pool : array-like of shape (n_pool, n_features) or (n_pool, ...)
            Unlabelled rows.

        Returns
        -------
        ndarray of shape (n_pool,), dtype float64
            Larger = ask first.
        """
        return self._checked_scores(self._ask(self._validate_pool(X_pool)))

    @property
    def _takes_parts(self):
        is_joint = any(question.is_joint for question in self._questions())
        return self.scores_by_row and not is_joint

    def _query(self, pool, n, rng, info):
        if "parts" in pool:
            return best_of(pool.parts.make(_scored_part).ask("top", n, rng), n)
        return top_n(self._checked_scores(pool), n, rng)

    def _selection_memory(self, n_pool, n, widths):
        # Scores, twice while they are put together or sorted, and what breaks ties.
        return 4 * 8 * n_pool

    def _checked_scores(self, pool):
        scores = np.asarray(self._scores(pool), dtype=np.float64)
        if scores.shape != (pool.n,) or np.isnan(scores).any():
            raise ValueError(
                f"{type(self).__name__}._scores must give one number, not NaN, for "
                f"each of the {pool.n} rows. Got shape {scores.shape} with "
                f"{int(np.isnan(scores).sum())} NaN."
            )
        return scores


def _scored_part(strategy, answers, start):
    return ScoredPart(strategy._checked_scores(answers), start)
