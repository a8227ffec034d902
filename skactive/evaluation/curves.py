"""What a learning curve comes to, in one number."""

import numpy as np
from scipy.integrate import trapezoid

from skactive.evaluation.checks import checked_curve


def curve_mean(budget, score):
    """
    Give the mean height of a learning curve over its range of budgets.

    The area under the curve by the trapezoid rule, divided by the width of the range:
    a number on the score's own scale, so that curves of different lengths compare.

    Parameters
    ----------
    budget : array-like of shape (n_rounds,)
        Number of labels at each round, increasing.
    score : array-like of shape (n_rounds,)
        Score of the model at each round.

    Returns
    -------
    float
        The mean, between the smallest and the largest score. The score itself where
        the curve is a single point.

    Raises
    ------
    ValueError
        The curve is empty, budget does not increase, the lengths differ, or a number
        is not finite.

    Examples
    --------
    >>> from skactive.evaluation import curve_mean
    >>> round(curve_mean([10, 20, 40], [0.5, 0.7, 0.9]), 6)
    0.733333
    """
    budget, score = checked_curve(budget, score)
    if len(score) == 1:
        return float(score[0])
    # The budget is scaled first, so that no width overflows or vanishes.
    position = (budget - budget[0]) / (budget[-1] - budget[0])
    mean = trapezoid(score, position)
    return float(np.clip(mean, score.min(), score.max()))


def labels_to_reach(budget, score, level):
    """
    Give the smallest budget at which a learning curve has reached a level.

    The first round that scores at least `level` counts, even where a later one falls
    below it again; nothing is interpolated between rounds.

    Parameters
    ----------
    budget : array-like of shape (n_rounds,)
        Number of labels at each round, increasing.
    score : array-like of shape (n_rounds,)
        Score of the model at each round; higher is better.
    level : float
        The score to reach.

    Returns
    -------
    float
        Number of labels, one of `budget`; NaN where the level is never reached.

    Raises
    ------
    ValueError
        The curve is empty, budget does not increase, the lengths differ, a number is
        not finite, or level is NaN.

    Examples
    --------
    >>> from skactive.evaluation import labels_to_reach
    >>> labels_to_reach([10, 20, 40], [0.5, 0.7, 0.9], level=0.6)
    20.0
    >>> labels_to_reach([10, 20, 40], [0.5, 0.7, 0.9], level=0.95)
    nan
    """
    budget, score = checked_curve(budget, score)
    if np.isnan(level):
        raise ValueError(
            f"The 'level' parameter must be a number, not NaN. Got {level!r} instead."
        )
    reached = np.flatnonzero(score >= level)
    return float(budget[reached[0]]) if len(reached) else float("nan")
