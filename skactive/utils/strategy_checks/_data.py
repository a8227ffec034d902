"""Data and small helpers of the checks."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import make_blobs, make_regression
from sklearn.frozen import FrozenEstimator

from skactive.utils.containers import safe_indexing
from skactive.utils.seeding import initial_positions


@dataclass(frozen=True)
class Data:
    """Labelled rows and a pool, all rows different."""

    X_labeled: object
    y_labeled: np.ndarray
    X_pool: object
    y_pool: np.ndarray

    @property
    def n_pool(self):
        return len(self.y_pool)

    @property
    def is_table(self):
        """Whether a row is a vector of numbers."""
        array = isinstance(self.X_pool, np.ndarray)
        return array and self.X_pool.ndim == 2 and self.X_pool.dtype.kind == "f"


def make_data(strategy, X, y):
    if not callable(getattr(strategy, "query", None)):
        raise TypeError(
            "The strategy checks are for query strategies, with fit and query. Got "
            f"{strategy!r}."
        )
    if X is None:
        if is_regressor(strategy):
            X, y = make_regression(60, 4, noise=5.0, random_state=0)
        else:
            X, y = make_blobs(60, 4, centers=3, cluster_std=4.0, random_state=0)
    elif y is None:
        raise ValueError(
            "The 'y' parameter of the strategy checks is missing: pass the labels of X."
        )
    y = np.asarray(y)
    is_array = isinstance(X, np.ndarray)
    if len(y) < 40 or (is_array and len(np.unique(X, axis=0)) < len(X)):
        raise ValueError(
            f"The strategy checks need at least 40 rows, all different. Got "
            f"{len(y)} rows{' with duplicates' if len(y) >= 40 else ''}."
        )
    rng = np.random.default_rng(0)
    stratify = y if is_classifier(strategy) else None
    labeled = initial_positions(stratify, len(y), len(y) // 3, rng)
    pool = np.setdiff1d(np.arange(len(y)), labeled)
    return Data(safe_indexing(X, labeled), y[labeled], safe_indexing(X, pool), y[pool])


def applies_if(condition):
    """Mark a check as one that runs only where condition(strategy, data) is true."""

    def mark(check):
        check.applies = condition
        return check

    return mark


def fitted(strategy, data, seed=0, y=None, X=None):
    """Fit a clone, with a fixed seed."""
    strategy = clone(strategy)
    if "random_state" in strategy.get_params(deep=False):
        strategy.set_params(random_state=seed)
    X = data.X_labeled if X is None else X
    return quietly(strategy.fit, X, data.y_labeled if y is None else y)


def quietly(call, *args):
    """Call without warnings: about data frames, small samples, convergence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args)


def query(strategy, X_pool, n):
    return quietly(strategy.query, X_pool, n)


def frozen_copies(strategy, data, seeds):
    """Yield the strategy over one shared fitted model, with different seeds."""
    model = quietly(fitted(strategy, data).snapshot).estimator_
    for seed in seeds:
        copy = clone(strategy).set_params(estimator=FrozenEstimator(model))
        yield fitted(copy, data, seed)


def is_random(strategy, data, n=5):
    """Say whether the answer depends on the seed when the model does not."""
    answers = [
        tuple(query(copy, data.X_pool, n))
        for copy in frozen_copies(strategy, data, range(4))
    ]
    return len(set(answers)) > 1


def has_estimator(strategy, data=None):
    return "estimator" in strategy.get_params(deep=False)


def expect_sentence(call, kinds, mention, advice):
    """Call must raise one of these kinds with a message that mentions a word."""
    try:
        quietly(call)
    except kinds as error:
        message = str(error)
    except Exception as error:
        raise AssertionError(
            f"{advice} It raised {type(error).__name__} instead: {error}"
        ) from error
    else:
        raise AssertionError(f"{advice} It raised nothing.")
    words = (mention,) if isinstance(mention, str) else mention
    lowered = message.lower()
    assert any(word.lower() in lowered for word in words), (
        f"{advice} The message should mention {' or '.join(map(repr, words))}; it "
        f"reads: {message}"
    )


def name_of(strategy):
    model = strategy.get_params(deep=False).get("estimator")
    return f"{type(strategy).__name__}-{type(model).__name__}"
