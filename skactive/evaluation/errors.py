"""Errors over those of the baseline, over many settings, as a distribution."""

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np

from skactive.evaluation.budgets import budgets_of, check_rule
from skactive.evaluation.settings import (
    LeftOut,
    by_setting,
    scores_at,
    strategies_of,
)


@dataclass(frozen=True, eq=False)
class NormalizedErrors:
    """
    Normalised errors of each strategy, with their weights.

    Parameters
    ----------
    errors : dict of str to ndarray of shape (n_points,)
        For each strategy its errors over those of the baseline, increasing; below 1
        is better than the baseline.
    weights : dict of str to ndarray of shape (n_points,)
        The weight of each error; those of one strategy sum to 1.
    baseline : str
        The strategy whose errors are 1.
    settings : dict of Setting to tuple of float
        The settings used, with the budgets of each.
    left_out : tuple of LeftOut
        What was left out, with the reason.
    """

    errors: dict
    weights: dict
    baseline: str
    settings: dict
    left_out: tuple

    def cdf(self, strategy, at):
        """
        Give the share of settings in which a strategy's normalised error is so low.

        Parameters
        ----------
        strategy : str
            The strategy.
        at : float or array-like of float
            Normalised errors.

        Returns
        -------
        ndarray of float, of the shape of `at`
            The summed weight of the errors that are at most `at`.

        Raises
        ------
        ValueError
            There are no errors of this strategy.
        """
        if strategy not in self.errors:
            raise ValueError(
                f"The 'strategy' parameter must be one of {', '.join(self.errors)}. "
                f"Got {strategy!r} instead."
            )
        height = np.concatenate([[0.0], np.cumsum(self.weights[strategy])])
        return height[np.searchsorted(self.errors[strategy], at, side="right")]


def normalized_errors(
    runs, *, baseline="random", budgets="000", perfect=1.0, within=0.01
):
    """
    Divide each strategy's mean error by the baseline's at the same setting and budget.

    Parameters
    ----------
    runs : list of Run
        The runs of all settings.
    baseline : str, default="random"
        The strategy whose normalised error is 1.
    budgets : {"000", "002"} or array-like of float, default="000"
        Where the errors are taken, as for `penalty_matrix`.
    perfect : float, default=1.0
        The best score there can be: an error is `perfect` less the score, so that 1
        fits an accuracy or an R², and 0 a negated squared error.
    within : float, default=0.01
        How near to its final score the baseline counts as having learned.

    Returns
    -------
    NormalizedErrors
        The errors. Means are over the seeds that both strategies have; each setting
        weighs the same, divided among its budgets.

    Raises
    ------
    TypeError
        Something in `runs` is no Run.
    ValueError
        There are no runs, two are the same, a parameter is out of range, no run is of
        the baseline, or a score is above `perfect`.

    Notes
    -----
    Section 4 of Ash et al. 2020, "Deep Batch Active Learning by Diverse, Uncertain
    Gradient Lower Bounds", figures 5, 22 and 23. Their published script uses the first
    repeat alone.

    Examples
    --------
    >>> from skactive.evaluation import Run, normalized_errors
    >>> runs = [
    ...     Run("digits", "mlp", 5, "random", 0, [5, 10], [0.5, 0.6]),
    ...     Run("digits", "mlp", 5, "margin", 0, [5, 10], [0.5, 0.8]),
    ... ]
    >>> found = normalized_errors(runs, budgets=[5, 10])
    >>> found.errors["margin"].round(6).tolist()
    [0.5, 1.0]
    >>> found.cdf("margin", [0.4, 0.6, 1.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    laid = by_setting(runs)
    names = strategies_of(laid)
    rule = check_rule(budgets, within, baseline, names)
    if baseline not in names:
        raise ValueError(
            f"The 'baseline' parameter must be one of {', '.join(names)}. Got "
            f"{baseline!r} instead."
        )
    _check_perfect(perfect, laid)
    points, used, left_out = {name: [] for name in names}, {}, []
    for setting, group in laid.items():
        chosen, reason = _budgets(setting, group.get(baseline), rule, within, perfect)
        if reason:
            left_out.append(LeftOut(setting, (), reason))
            continue
        used[setting] = chosen
        for name in names:
            missing = _add(points[name], group, name, baseline, chosen, perfect)
            if missing:
                left_out.append(LeftOut(setting, (name,), missing))
    points = {name: np.array(sorted(found)) for name, found in points.items() if found}
    return NormalizedErrors(
        {name: found[:, 0] for name, found in points.items()},
        {name: found[:, 1] / found[:, 1].sum() for name, found in points.items()},
        baseline,
        used,
        tuple(left_out),
    )


def _check_perfect(perfect, laid):
    if not (isinstance(perfect, Real) and math.isfinite(perfect)):
        raise ValueError(
            f"The 'perfect' parameter must be a finite number. Got {perfect!r} instead."
        )
    runs = [
        r for group in laid.values() for seeds in group.values() for r in seeds.values()
    ]
    best = max(run.score.max() for run in runs)
    if best > perfect:
        raise ValueError(
            "The 'perfect' parameter must be the best score there can be. Got "
            f"{perfect:g}, and a run scores {best:g}."
        )


def _budgets(setting, seeds, rule, within, perfect):
    """Give the budgets at which the baseline errs at all."""
    if not seeds:
        return (), "the baseline was not run here"
    chosen, reason = budgets_of(setting, seeds, rule, within)
    if reason:
        return (), reason
    scores = {at: scores_at(seeds, at).values() for at in chosen}
    there = [at for at in chosen if scores[at]]
    if not there:
        return (), "the baseline was not measured at a budget compared"
    erring = tuple(at for at in there if min(scores[at]) < perfect)
    return erring, "" if erring else "the baseline makes no error to divide by"


def _add(points, group, name, baseline, budgets, perfect):
    """Append (error, weight) at each budget; give the reason where there is none."""
    if name not in group:
        return "not run here"
    apart = []
    for at in budgets:
        own, other = scores_at(group[name], at), scores_at(group[baseline], at)
        seeds = sorted(own.keys() & other.keys())
        error = sum(perfect - own[seed] for seed in seeds)
        divisor = sum(perfect - other[seed] for seed in seeds)
        if divisor > 0:
            points.append((error / divisor, 1 / len(budgets)))
        else:
            apart.append(f"{at:g}")
    if not apart:
        return ""
    return f"no seed in common with an erring baseline at {', '.join(apart)} labels"
