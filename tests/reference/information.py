"""BALD, BatchBALD and joint entropies from their formulas: every configuration."""

import numpy as np


def entropy(p):
    return -sum(value * np.log(value) for value in np.ravel(p) if value > 0)


def joint_distribution(p):
    """Give P(y_1, …, y_b) for all K^b configurations; p of shape (T, b, K)."""
    per_draw = []
    for draw in p:
        joint = np.ones(1)
        for row in draw:
            joint = np.outer(joint, row).ravel()
        per_draw.append(joint)
    return np.mean(per_draw, axis=0)


def joint_entropy(p):
    return entropy(joint_distribution(p))


def expected_entropy(p):
    """Give Σ_i mean_t H(y_i | ω_t)."""
    return sum(np.mean([entropy(draw[i]) for draw in p]) for i in range(p.shape[1]))


def information(p):
    """Give I(y_1, …, y_b; ω), equation (8)."""
    return joint_entropy(p) - expected_entropy(p)


def bald(p):
    return np.array([information(p[:, [i]]) for i in range(p.shape[1])])


def mean_std(p):
    return np.std(p, axis=0).mean(axis=1)


def variation_ratio(p):
    votes = p.argmax(axis=2)
    modal = [np.bincount(column).max() for column in votes.T]
    return 1 - np.array(modal) / len(p)


def batch_bald(p, n, tie=1e-12, nothing=1e-9):
    """Evaluate all rows for each pick; give positions and information after each."""
    chosen, scores = [], []
    while len(chosen) < n:
        left = [i for i in range(p.shape[1]) if i not in chosen]
        values = np.array([information(p[:, [*chosen, i]]) for i in left])
        if values.max() - (scores[-1] if scores else 0) < nothing:
            break
        at = int(np.flatnonzero(values >= values.max() - tie)[0])
        chosen.append(left[at])
        scores.append(values[at])
    left = [i for i in range(p.shape[1]) if i not in chosen]
    alone = np.round(bald(p), 11)
    left.sort(key=lambda i: (-alone[i], i))
    return chosen + left[: n - len(chosen)], np.array(scores)
