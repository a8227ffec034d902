"""Distances between gradient embeddings, built in full, in float64."""

import numpy as np


def gradient_embeddings(z, a=None):
    z = np.asarray(z, dtype=np.float64)
    if a is None:
        return z
    a = np.asarray(a, dtype=np.float64)
    return np.einsum("ik,id->ikd", a, z).reshape(len(z), -1)


def squared_distances(left, right):
    return np.array([[((p - q) ** 2).sum() for q in right] for p in left])
