"""What a level of the score costs: in labels and in seconds."""

import math
from typing import NamedTuple

import numpy as np

from skactive.evaluation.curves import labels_to_reach
from skactive.evaluation.settings import Setting, by_setting


class Reached(NamedTuple):
    """
    Quartiles over the seeds of what a strategy needed to reach a level.

    Parameters
    ----------
    setting : Setting
        Data set, model and batch size.
    strategy : str
        The strategy.
    n_runs : int
        Number of seeds.
    n_reached : int
        How many of them reached the level.
    lower, median, upper : float
        The quartiles; infinite where too few runs reached the level to know.
    """

    setting: Setting
    strategy: str
    n_runs: int
    n_reached: int
    lower: float
    median: float
    upper: float


def labels_to_reach_quartiles(runs, level):
    """
    Give quartiles over the seeds of the labels needed to reach a level.

    Parameters
    ----------
    runs : list of Run
        The runs of all settings.
    level : float
        The score to reach.

    Returns
    -------
    list of Reached
        One for each setting and strategy. A run that never gets there counts as
        needing infinitely many; quartiles between two runs are interpolated.

    Raises
    ------
    TypeError
        Something in `runs` is no Run.
    ValueError
        There are no runs, two are the same, or level is NaN.

    Notes
    -----
    Table 1 of Kirsch et al. 2019, "BatchBALD".

    Examples
    --------
    >>> from skactive.evaluation import Run, labels_to_reach_quartiles
    >>> runs = [
    ...     Run("digits", "mlp", 5, "margin", seed, [5, 10, 15], score)
    ...     for seed, score in enumerate([[0.5, 0.9, 0.9], [0.5, 0.8, 0.9], [0.5] * 3])
    ... ]
    >>> labels_to_reach_quartiles(runs, 0.9)[0][2:]
    (3, 2, 12.5, 15.0, inf)
    """
    return _quartiles(runs, lambda run: labels_to_reach(run.budget, run.score, level))


def seconds_to_reach(run, level):
    """
    Give the time that a run took until its score first reached a level.

    Fitting all models up to the one that reached it, and the queries between them.

    Parameters
    ----------
    run : Run
        A run with seconds.
    level : float
        The score to reach.

    Returns
    -------
    float
        Seconds; NaN where the level is never reached.

    Raises
    ------
    ValueError
        The run has no seconds, or level is NaN.

    Notes
    -----
    Figure 6 of Kirsch et al. 2019, "BatchBALD".

    Examples
    --------
    >>> from skactive.evaluation import Run, seconds_to_reach
    >>> run = Run(
    ...     "digits", "mlp", 5, "margin", 0, [5, 10, 15], [0.5, 0.9, 0.9],
    ...     query_seconds=[1, 2, float("nan")], fit_seconds=[10, 20, 30],
    ... )
    >>> seconds_to_reach(run, 0.9)
    31.0
    """
    seconds = total_seconds(run)
    labels = labels_to_reach(run.budget, run.score, level)
    return math.nan if math.isnan(labels) else float(seconds[run.budget == labels][0])


def seconds_to_reach_quartiles(runs, level):
    """
    Give quartiles over the seeds of the time needed to reach a level.

    Parameters
    ----------
    runs : list of Run
        The runs of all settings, with seconds.
    level : float
        The score to reach.

    Returns
    -------
    list of Reached
        One for each setting and strategy, in seconds, as `labels_to_reach_quartiles`.

    Raises
    ------
    TypeError
        Something in `runs` is no Run.
    ValueError
        There are no runs, two are the same, one has no seconds, or level is NaN.
    """
    return _quartiles(runs, lambda run: seconds_to_reach(run, level))


def total_seconds(run):
    """
    Give the time from a run's start to the model of each round.

    Parameters
    ----------
    run : Run
        A run with ``fit_seconds`` and ``query_seconds``.

    Returns
    -------
    ndarray of shape (n_rounds,), dtype float64
        Seconds: the models so far and the queries between them.

    Raises
    ------
    ValueError
        The run has no seconds, or those of a fit or of a query between two rounds are
        not known.

    Examples
    --------
    >>> from skactive.evaluation import Run, total_seconds
    >>> run = Run("digits", "mlp", 5, "margin", 0, [5, 10], [0.5, 0.9],
    ...           query_seconds=[1, float("nan")], fit_seconds=[10, 20])
    >>> total_seconds(run).tolist()
    [10.0, 31.0]
    """
    if run.fit_seconds is None or run.query_seconds is None:
        raise ValueError(
            "The 'run' parameter must have fit_seconds and query_seconds. Got a run of "
            f"{run.strategy!r} with seed {run.seed} without them."
        )
    total = np.cumsum(run.fit_seconds)
    total[1:] += np.cumsum(run.query_seconds[:-1])
    if np.isnan(total).any():
        raise ValueError(
            "The 'run' parameter must have the seconds of every fit and of every query "
            f"between two rounds. Got a run of {run.strategy!r} with seed {run.seed} "
            "that lacks some."
        )
    return total


def _quartiles(runs, cost):
    rows = []
    for setting, strategies in by_setting(runs).items():
        for name, seeds in strategies.items():
            costs = np.array([cost(run) for run in seeds.values()])
            costs = np.sort(np.where(np.isnan(costs), math.inf, costs))
            n_reached = int(np.isfinite(costs).sum())
            parts = [_quantile(costs, q) for q in (0.25, 0.5, 0.75)]
            rows.append(Reached(setting, name, len(costs), n_reached, *parts))
    return rows


def _quantile(ordered, q):
    """Interpolate; numpy's own gives NaN beside an infinite value."""
    at = q * (len(ordered) - 1)
    low, share = int(at), at - int(at)
    if share == 0:
        return float(ordered[low])
    if math.isinf(ordered[low + 1]):
        return math.inf
    return float(ordered[low] + share * (ordered[low + 1] - ordered[low]))
