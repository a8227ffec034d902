"""Scaled diversities from their formulas, with loops and an explicit inverse."""

import numpy as np


def standardize(z, labeled):
    """Mean 0 and standard deviation 1 over both, without constant features."""
    both = np.concatenate([z, labeled])
    keep = [j for j in range(both.shape[1]) if np.ptp(both[:, j]) > 0]
    columns = [(both[:, j] - both[:, j].mean()) / both[:, j].std() for j in keep]
    both = np.array(columns).T.reshape(len(both), len(keep))
    return both[: len(z)], both[len(z) :]


def min_distance(z, labeled):
    nearest = [min(np.linalg.norm(row - other) for other in labeled) for row in z]
    return np.array(nearest) / max(nearest)


def posterior_variance(z, labeled, jitter=0.0):
    def k(x, y):
        return np.exp(-np.sum((x - y) ** 2) / (2 * z.shape[1]))

    between = np.array([[k(x, y) for y in labeled] for x in labeled])
    inverse = np.linalg.inv(between + jitter * np.eye(len(labeled)))
    variances = []
    for x in z:
        told = np.array([k(x, y) for y in labeled])
        variances.append(1 - told @ inverse @ told)
    return np.array(variances)
