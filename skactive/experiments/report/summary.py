"""The numbers of one setting: a row for each strategy."""

from typing import NamedTuple

import numpy as np

from skactive.evaluation import PairedDifference, curve_mean, paired_difference


class Row(NamedTuple):
    """
    What the runs of one strategy in one setting come to.

    Parameters
    ----------
    strategy : str
        The strategy.
    n_runs : int
        Number of seeds.
    last_budget : float
        The smallest of the last budgets of its runs.
    final : float
        Mean over the seeds of the last score.
    mean : float
        Mean over the seeds of the mean height of the curve.
    final_difference, mean_difference : PairedDifference or None
        Strategy less baseline, at the last budget that both runs of a seed have and
        over the budgets that both have; None for the baseline and where no seed and
        budget is common.
    query_seconds, fit_seconds : float
        Mean over seeds and rounds; NaN where unknown.
    """

    strategy: str
    n_runs: int
    last_budget: float
    final: float
    mean: float
    final_difference: PairedDifference | None
    mean_difference: PairedDifference | None
    query_seconds: float
    fit_seconds: float


def summary(strategies, baseline, level):
    """
    Sum up one setting.

    Parameters
    ----------
    strategies : dict
        ``{strategy: {seed: Run}}``.
    baseline : str
        The strategy that the others are compared with; it may be missing.
    level : float
        Confidence of the intervals.

    Returns
    -------
    list of Row
        One for each strategy, in the order given.
    """
    rows = []
    for name, seeds in strategies.items():
        runs = list(seeds.values())
        others = strategies.get(baseline, {}) if name != baseline else {}
        final, mean = _differences(seeds, others, level)
        rows.append(
            Row(
                name,
                len(runs),
                min(float(run.budget[-1]) for run in runs),
                float(np.mean([run.score[-1] for run in runs])),
                float(np.mean([curve_mean(run.budget, run.score) for run in runs])),
                final,
                mean,
                _mean_seconds([run.query_seconds for run in runs]),
                _mean_seconds([run.fit_seconds for run in runs]),
            )
        )
    return rows


def _differences(seeds, others, level):
    finals, means = ([], []), ([], [])
    for seed in sorted(seeds.keys() & others.keys()):
        pair = seeds[seed], others[seed]
        shared = np.intersect1d(pair[0].budget, pair[1].budget)
        if len(shared) == 0:
            continue
        for side, run in enumerate(pair):
            score = run.score[np.isin(run.budget, shared)]
            finals[side].append(score[-1])
            means[side].append(curve_mean(shared, score))
    if not finals[0]:
        return None, None
    return tuple(paired_difference(*sides, level=level) for sides in (finals, means))


def _mean_seconds(arrays):
    known = [array[~np.isnan(array)] for array in arrays if array is not None]
    known = np.concatenate(known) if known else np.empty(0)
    return float(known.mean()) if len(known) else np.nan


def entropy_trouble(runs):
    """
    Say why the class entropy of some runs cannot be given.

    Parameters
    ----------
    runs : list of Run
        The runs.

    Returns
    -------
    str
        The reason; empty where it can be.
    """
    labels = [run.acquired for run in runs]
    if any(array is None for array in labels):
        return "not all runs kept the labels they acquired"
    if any(array.ndim > 1 for array in labels):
        return "the labels are several numbers each"
    # All loaders number classes with integers; whole floats are targets such as ages.
    if any(array.dtype.kind == "f" for array in labels):
        return "the labels are numbers and no classes"
    return ""
