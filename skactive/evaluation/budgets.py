"""The budgets at which strategies are compared: where learning still goes on."""

from functools import reduce
from numbers import Real

import numpy as np

from skactive.evaluation.checks import within_rounding

RULES = ("000", "002")


def check_rule(budgets, within, baseline, names):
    """
    Check the parameters that choose the budgets.

    Parameters
    ----------
    budgets : {"000", "002"} or array-like of float
        The rule, or the budgets themselves.
    within : float
        How near to its final score the baseline must be.
    baseline : str
        Name of the strategy that a rule looks at.
    names : tuple of str
        The strategies there are.

    Returns
    -------
    str or tuple of float
        The rule, or the budgets in increasing order.

    Raises
    ------
    ValueError
        The rule is unknown, a budget is no finite number, within is not between 0 and
        1, or the baseline is none of the strategies and the rule needs it.
    """
    if not (isinstance(within, Real) and 0 <= within < 1):
        raise ValueError(
            "The 'within' parameter must be a number from 0 to below 1. Got "
            f"{within!r} instead."
        )
    if isinstance(budgets, str):
        if budgets not in RULES:
            raise ValueError(
                "The 'budgets' parameter must be '000', '002' or numbers of labels. "
                f"Got {budgets!r} instead."
            )
        if baseline not in names:
            raise ValueError(
                f"The 'baseline' parameter must be one of {', '.join(names)}. Got "
                f"{baseline!r} instead; without a baseline give 'budgets' as numbers."
            )
        return budgets
    values = np.asarray(budgets, dtype=np.float64)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(
            "The 'budgets' parameter must be '000', '002' or finite numbers of labels. "
            f"Got {budgets!r} instead."
        )
    return tuple(np.unique(values).tolist())


def budgets_of(setting, seeds, rule, within):
    """
    Choose the budgets of one setting.

    Parameters
    ----------
    setting : Setting
        The setting.
    seeds : dict of int to Run or None
        The runs of the baseline by seed; None where it was not run here.
    rule : {"000", "002"} or tuple of float
        The rule, or the budgets themselves.
    within : float
        How near to its final score the baseline must be.

    Returns
    -------
    budgets : tuple of float
        Increasing; empty where the rule gives none.
    reason : str
        Why there are none; empty otherwise.
    """
    if not isinstance(rule, str):
        return rule, ""
    if not seeds:
        return (), "the baseline was not run here"
    shared = reduce(np.intersect1d, [run.budget for run in seeds.values()])
    if len(shared) == 0:
        return (), "the runs of the baseline share no budget"
    scores = [run.score[np.isin(run.budget, shared)] for run in seeds.values()]
    mean = np.mean(scores, axis=0)
    if rule == "000" and mean[-1] <= 0:
        share = f"{100 * (1 - within):.4g}% of the baseline's final score"
        return (), (
            f"{share}, {mean[-1]:g}, is no level below it; rule '002' takes a "
            "difference instead"
        )
    goal = mean[-1] * (1 - within) if rule == "000" else mean[-1] - within
    room = shared[np.argmax(mean >= within_rounding(goal))] - shared[0]
    steps = _steps(room, setting.batch_size, halved=rule == "000")
    if not steps:
        least = (2 if rule == "000" else 1) * setting.batch_size
        grown = f"the baseline learns for {room:g} labels only"
        return (), f"{grown}, and the rule needs at least {least}"
    return tuple(float(shared[0] + step) for step in steps), ""


def _steps(room, batch_size, halved):
    """Give B, 2B, 4B, … up to the room, or up to half of it."""
    steps = []
    while (2 if halved else 1) * batch_size * 2 ** len(steps) <= room:
        steps.append(batch_size * 2 ** len(steps))
    return steps
