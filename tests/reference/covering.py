"""Greedy k-centre, one pass a pick, from the formula."""

import numpy as np


def k_center_greedy(z, labeled, n, weights=None):
    """Give positions (ties to the smallest) and the radius after each pick."""
    weights = np.ones(len(z)) if weights is None else weights
    distances = np.min(
        [np.sqrt(((z - row) ** 2).sum(axis=1)) for row in labeled], axis=0
    )
    chosen, radii = [], []
    for _ in range(n):
        heights = weights * distances
        heights[chosen] = -1
        chosen.append(int(np.argmax(heights)))
        new = np.sqrt(((z - z[chosen[-1]]) ** 2).sum(axis=1))
        distances = np.minimum(distances, new)
        radii.append((weights * distances).max())
    return chosen, np.array(radii)
