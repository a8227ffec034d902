"""Ask what a search has found for the next rows to label."""

import warnings

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skactive.utils.candidates import given_only


def query(search, X_pool, n=1, *, max_candidates=None, storage=None):
    """
    Choose the rows to label next with the best strategy of a search.

    scikit-learn's searches hand on ``predict``, but not ``query``.

    Parameters
    ----------
    search : GridSearchCV, RandomizedSearchCV or HalvingGridSearchCV
        Fitted with ``refit=True``, over an ``ActiveLearningSimulation`` or over a
        strategy itself.
    X_pool : array-like of shape (n_pool, n_features) or (n_pool, ...)
        Unlabelled rows.
    n : int, default=1
        How many to choose, 1 <= n <= n_pool.
    max_candidates : int or None, default=None
        Look only at so many rows, drawn first; see ``QueryStrategy.query``.
    storage : {"float64", "float32", "float16"} or None, default=None
        The dtype in which the model's answers about the pool are kept; None keeps them
        as they come.

    Returns
    -------
    ndarray of shape (n,), dtype int64
        Distinct positions in X_pool, in the order chosen.

    Raises
    ------
    TypeError
        What was searched has no ``query``.
    AttributeError
        The search was fitted with ``refit=False``.

    Warns
    -----
    UserWarning
        All candidates have the same score. A search over a strategy itself scores its
        *model*, which does not depend on how rows are chosen: α, λ or a sampler all
        tie, and the first candidate wins by its place. Search over an
        ``ActiveLearningSimulation`` of the strategy instead.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skactive import ActiveLearningSimulation, BADGE
    >>> from skactive.model_selection import query
    >>> X, y = load_iris(return_X_y=True)
    >>> simulation = ActiveLearningSimulation(BADGE(), n_queries=3, random_state=0)
    >>> grid = {"strategy__sampler": ["kmeans++", "maxdet"]}
    >>> search = GridSearchCV(simulation, grid, cv=2).fit(X[::2], y[::2])
    >>> query(search, X[1::2], n=4).shape
    (4,)
    """
    check_is_fitted(search)
    if not hasattr(search, "best_estimator_"):
        raise AttributeError(
            f"This {type(search).__name__} kept no best estimator. Fit it with "
            "refit=True."
        )
    best = search.best_estimator_
    strategy = getattr(best, "strategy_", best)
    if not callable(getattr(strategy, "query", None)):
        raise TypeError(
            f"{type(search).__name__} searched {type(best).__name__}, which has no "
            "query. Search over a strategy, or better over an ActiveLearningSimulation "
            "of one."
        )
    if strategy is best:
        _warn_of_ties(search)
    given = given_only(max_candidates=max_candidates, storage=storage)
    return strategy.query(X_pool, n, **given)


def _warn_of_ties(search):
    """Warn where nothing was decided: no candidate's score differs from another's."""
    scores = np.array(
        [
            values
            for name, values in search.cv_results_.items()
            if name.startswith("split") and name.endswith("_test_score")
        ]
    )
    if scores.shape[1] > 1 and (scores == scores[:, :1]).all():
        warnings.warn(
            f"All {scores.shape[1]} candidates of this search have the same score: a "
            "strategy's score is its model's, whatever rows it would choose. Search "
            "over ActiveLearningSimulation(strategy), whose score is the learning "
            "curve's.",
            UserWarning,
            stacklevel=3,
        )
