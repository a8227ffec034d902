"""The baseline of every comparison."""

from skactive.base import QueryStrategy


class RandomSampling(QueryStrategy):
    """
    Choose rows uniformly at random.

    Asks nothing of the model, so that any estimator will do, regressors too.

    Parameters
    ----------
    estimator : estimator or None, default=None
        The model; None means ``LogisticRegression()``.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model and the draws of ``query``.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``.

    Notes
    -----
    "Random" in Ash et al. 2020, section 4. A query costs O(n_pool).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import RandomSampling
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = RandomSampling(random_state=0).fit(X[::15], y[::15])
    >>> strategy.query(X, n=3).shape
    (3,)
    """

    _takes_parts = True

    def _selection_memory(self, n_pool, n, widths):
        return 8 * n_pool  # positions, of which some are drawn

    def _query(self, pool, n, rng, info):
        return rng.choice(pool.n, size=n, replace=False)
