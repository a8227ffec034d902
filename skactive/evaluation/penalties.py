"""How often each strategy beats each other one, over many settings."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from skactive.evaluation.budgets import budgets_of, check_rule
from skactive.evaluation.pairs import check_level, winner
from skactive.evaluation.settings import (
    LeftOut,
    by_setting,
    scores_at,
    strategies_of,
)

GROUPS = ("dataset", "model", "batch_size")


@dataclass(frozen=True, eq=False)
class PenaltyMatrix:
    """
    A matrix of penalties, and what went into it.

    Parameters
    ----------
    strategies : tuple of str
        Names of the rows and the columns.
    matrix : ndarray of shape (n_strategies, n_strategies), dtype float64
        At [i, j] the number of settings in which strategy i beat strategy j, each
        setting counted by the share of its budgets; at most the number of settings.
    settings : dict of Setting to tuple of float
        The settings compared, with the budgets of each.
    left_out : tuple of LeftOut
        What was left out, with the reason.
    """

    strategies: tuple
    matrix: np.ndarray
    settings: dict
    left_out: tuple

    @property
    def column_means(self):
        """Mean of each column, over all rows and so the zero diagonal; low is good."""
        return self.matrix.mean(axis=0)


def penalty_matrix(runs, *, budgets="000", baseline="random", level=0.95, within=0.01):
    """
    Count how often each strategy beats each other one significantly.

    In each setting (data set, model, batch size) strategies are compared at a few
    budgets, by a paired two-sided t test over the seeds that both have. A win adds
    1 / (number of budgets) at [winner, loser], so that every setting weighs the same.

    Parameters
    ----------
    runs : list of Run
        The runs of all settings.
    budgets : {"000", "002"} or array-like of float, default="000"
        Where strategies are compared, with M the first budget and B the batch size.
        "000" is M + 2^(m−1) B for m = 1, …, ⌊log₂((n0 − M) / B)⌋, where n0 is the
        first budget at which the baseline's mean score is at least (1 − within) times
        its final one, both over the budgets that all its runs have.
        "002" is all M + 2^k B ≤ n0, with n0 where it is at least the final one less
        `within`. Numbers are taken as they are.
    baseline : str, default="random"
        The strategy that the rules look at.
    level : float, default=0.95
        Confidence of the test.
    within : float, default=0.01
        How near to its final score the baseline counts as having learned.

    Returns
    -------
    PenaltyMatrix
        The matrix, its column means, the settings used and what was left out: a
        setting without budgets or with fewer than two strategies, a strategy with
        fewer than two repeats, two strategies with fewer than two seeds in common.

    Raises
    ------
    TypeError
        Something in `runs` is no Run.
    ValueError
        There are no runs, two are the same, a parameter is out of range, or no run is
        of the baseline and the rule needs one.

    Notes
    -----
    Section 4 of Ash et al. 2020, "Deep Batch Active Learning by Diverse, Uncertain
    Gradient Lower Bounds", which prints the sign for errors the wrong way round; and
    section 5 of Ash et al. 2021, "Gone Fishing", whose "within 1 %" is read as a
    difference of 0.01. A test at 95 % finds differences between equals in one
    comparison of twenty.

    Examples
    --------
    >>> from skactive.evaluation import Run, penalty_matrix
    >>> runs = [
    ...     Run("digits", "mlp", 5, name, seed, [5, 10], [0.5, score + seed / 100])
    ...     for name, score in [("random", 0.6), ("margin", 0.7)]
    ...     for seed in range(5)
    ... ]
    >>> found = penalty_matrix(runs, budgets=[10])
    >>> found.strategies, found.matrix.tolist()
    (('random', 'margin'), [[0.0, 0.0], [1.0, 0.0]])
    >>> found.column_means.tolist()
    [0.5, 0.0]
    """
    laid = by_setting(runs)
    check_level(level)
    names = strategies_of(laid)
    rule = check_rule(budgets, within, baseline, names)
    return _penalties(laid, names, rule, baseline, level, within)


def penalty_matrices(
    runs, by, *, budgets="000", baseline="random", level=0.95, within=0.01
):
    """
    Give a penalty matrix for each batch size, model or data set.

    Parameters
    ----------
    runs : list of Run
        The runs of all settings.
    by : {"batch_size", "model", "dataset"}
        What the settings are grouped by.
    budgets : {"000", "002"} or array-like of float, default="000"
        Where strategies are compared, as for `penalty_matrix`.
    baseline : str, default="random"
        The strategy that the rules look at.
    level : float, default=0.95
        Confidence of the test.
    within : float, default=0.01
        How near to its final score the baseline counts as having learned.

    Returns
    -------
    dict of int or str to PenaltyMatrix
        A matrix for each group, in increasing order, all with the same strategies in
        the same order. They sum to that of all runs.

    Raises
    ------
    TypeError
        Something in `runs` is no Run.
    ValueError
        `by` is unknown, or as for `penalty_matrix`.

    Notes
    -----
    Appendix D of Ash et al. 2020, figures 20 and 21.
    """
    if by not in GROUPS:
        raise ValueError(
            f"The 'by' parameter must be one of {', '.join(map(repr, GROUPS))}. Got "
            f"{by!r} instead."
        )
    laid = by_setting(runs)
    check_level(level)
    names = strategies_of(laid)
    rule = check_rule(budgets, within, baseline, names)
    groups = {}
    for setting, strategies in laid.items():
        groups.setdefault(getattr(setting, by), {})[setting] = strategies
    return {
        value: _penalties(groups[value], names, rule, baseline, level, within)
        for value in sorted(groups)
    }


def _penalties(laid, names, rule, baseline, level, within):
    matrix = np.zeros((len(names), len(names)))
    used, left_out = {}, []
    for setting, group in laid.items():
        chosen, reason = budgets_of(setting, group.get(baseline), rule, within)
        if reason:
            left_out.append(LeftOut(setting, (), reason))
            continue
        scores, missing = _repeated(setting, group, names, chosen)
        left_out += missing
        # A budget at which nobody can be compared is none.
        chosen = tuple(at for at in chosen if _n_repeated(scores, at) >= 2)
        if not chosen:
            reason = "no two strategies have two repeats at a budget compared"
            left_out.append(LeftOut(setting, (), reason))
            continue
        used[setting] = chosen
        wins, apart = _wins(setting, names, scores, chosen, level)
        left_out += apart
        matrix += wins / len(chosen)
    return PenaltyMatrix(names, matrix, used, tuple(left_out))


def _repeated(setting, group, names, budgets):
    """Give scores by strategy, budget and seed of strategies with two repeats."""
    scores, left_out = {}, []
    for name in names:
        found = {at: scores_at(group.get(name, {}), at) for at in budgets}
        if max(map(len, found.values())) >= 2:
            scores[name] = found
        else:
            reason = "fewer than two repeats" if name in group else "not run here"
            left_out.append(LeftOut(setting, (name,), reason))
    return scores, left_out


def _n_repeated(scores, at):
    return sum(len(found[at]) >= 2 for found in scores.values())


def _wins(setting, names, scores, budgets, level):
    wins, left_out = np.zeros((len(names), len(names))), []
    for i, j in combinations(range(len(names)), 2):
        if names[i] not in scores or names[j] not in scores:
            continue
        apart = []
        for at in budgets:
            first, second = scores[names[i]][at], scores[names[j]][at]
            seeds = sorted(first.keys() & second.keys())
            if len(seeds) < 2:
                apart.append(f"{at:g}")
                continue
            sign = winner([first[s] for s in seeds], [second[s] for s in seeds], level)
            wins[i, j] += sign > 0
            wins[j, i] += sign < 0
        if apart:
            reason = f"fewer than two seeds in common at {', '.join(apart)} labels"
            left_out.append(LeftOut(setting, (names[i], names[j]), reason))
    return wins, left_out
