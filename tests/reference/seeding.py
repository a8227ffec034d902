"""k-means++ seeding one centre at a time, and its law in closed form."""

from itertools import permutations

import numpy as np


def kmeans_plusplus(g, n, first, rng):
    """Draw n rows of g by D² sampling: one pass a centre, float64."""
    chosen = [first]
    squares = ((g - g[first]) ** 2).sum(axis=1)
    while len(chosen) < n:
        squares[chosen] = 0
        chosen.append(int(rng.choice(len(g), p=squares / squares.sum())))
        squares = np.minimum(squares, ((g - g[chosen[-1]]) ** 2).sum(axis=1))
    return chosen


def law_of_three(g):
    """Give the probability of each ordered batch of three; the first is uniform."""
    n = len(g)
    squares = ((g[:, None] - g[None]) ** 2).sum(axis=2)
    law = {}
    for first, second, third in permutations(range(n), 3):
        after_one = squares[first]
        after_two = np.minimum(after_one, squares[second])
        law[first, second, third] = (
            1
            / n
            * after_one[second]
            / after_one.sum()
            * after_two[third]
            / after_two.sum()
        )
    return law
