"""Penalty matrix and normalised errors as the papers write them, run by run."""

import math
from itertools import product

import numpy as np
from scipy.stats import ttest_rel


def budgets(first, batch_size, n0, rule):
    """Ash et al. 2020 and 2021, by their formulas."""
    steps = (n0 - first) / batch_size
    if rule == "000":
        m = range(1, math.floor(math.log2(steps)) + 1) if steps > 0 else ()
        return [first + 2 ** (m - 1) * batch_size for m in m]
    k = range(64)
    return [first + 2**k * batch_size for k in k if first + 2**k * batch_size <= n0]


def saturation(budget, scores, rule):
    """The first budget at which the mean over seeds is near to its final value."""
    mean = np.mean(scores, axis=0)
    near = 0.99 * mean[-1] if rule == "000" else mean[-1] - 0.01
    return next(b for b, score in zip(budget, mean, strict=True) if score >= near)


def beats(first, second):
    """Two-sided paired t test at 5 %."""
    gaps = np.subtract(first, second)
    if (gaps == gaps[0]).all():
        return gaps[0] > 0
    return gaps.mean() > 0 and ttest_rel(first, second).pvalue < 0.05


def penalty_matrix(tables, names):
    """Sum over settings; a table is {budget: {strategy: scores of all seeds}}."""
    matrix = np.zeros((len(names), len(names)))
    for table in tables:
        for (i, a), (j, b) in product(enumerate(names), repeat=2):
            for scores in table.values():
                matrix[i, j] += beats(scores[a], scores[b]) / len(table)
    return matrix


def cdf(tables, name, baseline, x):
    """The share of settings, divided among budgets, with a normalised error ≤ x."""
    total = 0.0
    for table in tables:
        for scores in table.values():
            error = 1 - np.mean(scores[name])
            total += (error / (1 - np.mean(scores[baseline])) <= x) / len(table)
    return total / len(tables)
