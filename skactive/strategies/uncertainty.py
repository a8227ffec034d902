"""Ask where the model is least certain: confidence, margin, entropy."""

import numpy as np
import torch
from sklearn.utils import gen_batches

from skactive.kernels import uncertainty
from skactive.scoring import ScoringStrategy

BLOCK = 4096


class _UncertaintySampling(ScoringStrategy):
    requires = ("predict_proba",)
    scores_by_row = True

    def _scores(self, pool):
        # In blocks: the float64 copy must not be as large as the pool.
        blocks = gen_batches(pool.n, BLOCK)
        return np.concatenate([self._score(pool.predict_proba[b]) for b in blocks])

    def _score(self, proba):
        proba = np.array(proba, dtype=np.float64, order="C")
        return self._measure(torch.from_numpy(proba)).numpy()


class LeastConfidence(_UncertaintySampling):
    """
    Choose the rows whose most likely class has the smallest probability.

    Parameters
    ----------
    estimator : classifier with predict_proba or None, default=None
        The model; None means ``LogisticRegression()``.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model and the breaking of ties.

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
    Scores 1 - max_c p_c (Lewis and Gale 1994; "Conf" in Ash et al. 2020, section 4).
    A query costs one prediction of the pool and O(n_pool · n_classes).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import LeastConfidence
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = LeastConfidence(random_state=0).fit(X[::15], y[::15])
    >>> float(strategy.score_samples(X).max()) <= 2 / 3
    True
    """

    _measure = staticmethod(uncertainty.least_confidence)


class MarginSampling(_UncertaintySampling):
    """
    Choose the rows whose two most likely classes are closest.

    Parameters
    ----------
    estimator : classifier with predict_proba or None, default=None
        The model; None means ``LogisticRegression()``.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model and the breaking of ties.

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
    Scores -(p_(1) - p_(2)) (Roth and Small 2006; "Marg" in Ash et al. 2020,
    section 4). A query costs one prediction of the pool and O(n_pool · n_classes).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import MarginSampling
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = MarginSampling(random_state=0).fit(X[::15], y[::15])
    >>> picked = strategy.query(X, n=2)
    >>> strategy = strategy.partial_fit(X[picked], y[picked])
    >>> strategy.n_rounds_
    1
    """

    _measure = staticmethod(uncertainty.margin)


class EntropySampling(_UncertaintySampling):
    """
    Choose the rows whose predicted class distribution has the largest entropy.

    Parameters
    ----------
    estimator : classifier with predict_proba or None, default=None
        The model; None means ``LogisticRegression()``.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model and the breaking of ties.

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
    Scores -Σ_c p_c ln p_c, in nats (Shannon 1948; "Entropy" in Ash et al. 2020,
    section 4). A query costs one prediction of the pool and O(n_pool · n_classes).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import EntropySampling
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = EntropySampling(random_state=0).fit(X[::15], y[::15])
    >>> bool((strategy.score_samples(X) >= 0).all())
    True
    """

    _measure = staticmethod(uncertainty.entropy)
