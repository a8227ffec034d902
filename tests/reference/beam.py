"""Beam search of core-sets, set by set, from the paper's words and equation 5."""

from fractions import Fraction

import numpy as np


def beam_search(z, labeled, n, doubt, width, weights=None):
    """
    Give positions in the order chosen, their U, and the radius after each pick.

    Ties: farthest rows to the smallest position; sets of equal U to the earlier
    configuration, then to its farther row. Squares order the rows as distances do.
    """
    weights = np.ones(len(z)) if weights is None else weights
    beam = [()]
    for _ in range(n):
        successors = []
        for chosen in beam:
            for position in _farthest(z, labeled, chosen, weights, width):
                if not any({*chosen, position} == set(s) for s in successors):
                    successors.append((*chosen, position))
        successors.sort(key=lambda s: -_sum_of_logs(s, doubt))
        beam = successors[:width]
    best = beam[0]
    radii = [
        np.sqrt(_heights(z, labeled, best[: i + 1], weights).max()) for i in range(n)
    ]
    uncertainty = float(_sum_of_logs(best, doubt)) / n
    return list(best), uncertainty, np.array(radii)


def _heights(z, labeled, chosen, weights):
    centres = [*labeled, *z[list(chosen)]]
    squares = [min(((row - centre) ** 2).sum() for centre in centres) for row in z]
    return weights**2 * np.array(squares)


def _farthest(z, labeled, chosen, weights, width):
    heights = _heights(z, labeled, chosen, weights)
    free = [i for i in range(len(z)) if i not in chosen]
    return sorted(free, key=lambda i: (-heights[i], i))[:width]


def _sum_of_logs(chosen, doubt):
    # As fractions, so that the order of a set's members does not matter.
    return sum(Fraction(-np.log1p(-doubt[i])) for i in chosen)
