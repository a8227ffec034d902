"""One run of an experiment: what was asked, under which settings, and how it went."""

import operator
from dataclasses import dataclass

import numpy as np

from skactive.evaluation.checks import checked_axis, checked_curve


@dataclass(frozen=True, eq=False)
class Run:
    """
    The learning curve of one strategy with one seed under one setting.

    A setting is a data set, a model and a batch size; runs of one setting that differ
    in the strategy are compared seed by seed.

    Parameters
    ----------
    dataset : str
        Name of the data set.
    model : str
        Name of the model.
    batch_size : int
        Labels asked for in each query.
    strategy : str
        Name of the strategy.
    seed : int
        Seed of this repeat. Runs of other strategies with the same seed should have
        started from the same labels.
    budget : array-like of shape (n_rounds,)
        Number of labels known at each round, increasing. Kept as float64.
    score : array-like of shape (n_rounds,)
        Score of the model at each round; higher is better. Kept as float64.
    query_seconds : array-like of shape (n_rounds,) or None, default=None
        Seconds of the query that followed each round; NaN where none followed.
    fit_seconds : array-like of shape (n_rounds,) or None, default=None
        Seconds that fitting the model of each round took; NaN where unknown.
    acquired : array-like of shape (n_labels,) or None, default=None
        The labels themselves in the order in which they were acquired, the initial
        ones first; as many as the last budget, or more.

    Raises
    ------
    TypeError
        A name is no string, or batch_size or seed is no integer.
    ValueError
        The curve is empty, budget does not increase, the lengths differ, a budget or
        a score is not finite, seconds are negative, batch_size is below 1, or there
        are fewer acquired labels than the last budget.

    Examples
    --------
    >>> from skactive.evaluation import Run
    >>> run = Run("letter", "mlp", 100, "margin", 0, [100, 200], [0.4, 0.6])
    >>> run.budget
    array([100., 200.])
    """

    dataset: str
    model: str
    batch_size: int
    strategy: str
    seed: int
    budget: np.ndarray
    score: np.ndarray
    query_seconds: np.ndarray | None = None
    fit_seconds: np.ndarray | None = None
    acquired: np.ndarray | None = None

    def __post_init__(self):
        """Check and convert each field."""
        for name in ("dataset", "model", "strategy"):
            _check_name(getattr(self, name), name)
        for name in ("batch_size", "seed"):
            self._set(name, _whole(getattr(self, name), name))
        if self.batch_size < 1:
            raise ValueError(
                "The 'batch_size' parameter must be at least 1. Got "
                f"{self.batch_size} instead."
            )
        budget, score = checked_curve(self.budget, self.score)
        self._set("budget", _kept(budget))
        self._set("score", _kept(score))
        for name in ("query_seconds", "fit_seconds"):
            self._set(name, _seconds(getattr(self, name), name, len(budget)))
        self._set("acquired", _labels(self.acquired, budget[-1]))

    def _set(self, name, value):
        object.__setattr__(self, name, value)


def _check_name(value, name):
    if not isinstance(value, str) or not value:
        raise TypeError(
            f"The '{name}' parameter must be a string that is not empty. Got {value!r} "
            "instead."
        )


def _whole(value, name):
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(
            f"The '{name}' parameter must be an integer. Got {value!r} instead."
        ) from None


def _kept(array):
    """Copy, and close against writing: a run that was checked stays as it was."""
    array = np.array(array)
    array.flags.writeable = False
    return array


def _seconds(values, name, n_rounds):
    if values is None:
        return None
    values = np.asarray(values, dtype=np.float64)
    if values.shape != (n_rounds,):
        raise ValueError(
            f"The '{name}' parameter must have one number for each of the {n_rounds} "
            f"rounds. Got an array of shape {values.shape} instead."
        )
    known = np.where(np.isnan(values), 0.0, values)
    checked_axis(known, name)
    if (known < 0).any():
        raise ValueError(
            f"The '{name}' parameter must not be negative. Got {known.min():g} instead."
        )
    return _kept(values)


def _labels(values, last_budget):
    if values is None:
        return None
    values = np.asarray(values)
    if values.ndim == 0 or len(values) < last_budget:
        raise ValueError(
            "The 'acquired' parameter must hold a label for each of the "
            f"{last_budget:g} that the last budget counts. Got an array of shape "
            f"{values.shape} instead."
        )
    return _kept(values)
