"""Uncertainty measures written from their formulas, row by row, in float64."""

import math


def least_confidence(p):
    return 1.0 - max(p)


def margin(p):
    first, second = sorted(p, reverse=True)[:2]
    return -(first - second)


def entropy(p):
    return -sum(value * math.log(value) for value in p if value > 0)
