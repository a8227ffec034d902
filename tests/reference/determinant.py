"""Greedy log-determinants, the law of the k-DPP and its exchange chain, by formula."""

from itertools import combinations

import numpy as np


def greedy_maxdet(g, n, lam=1.0):
    """Give positions (ties to the smallest) and the rise of log det(λ Id + Σ g gᵀ)."""
    m = lam * np.eye(g.shape[1])
    chosen, gains = [], []
    for _ in range(n):
        values = np.einsum("ij,jk,ik->i", g, np.linalg.inv(m), g)
        values[chosen] = -np.inf
        ties = values >= values.max() - 1e-9 * max(1, values.max())
        chosen.append(int(ties.nonzero()[0][0]))
        more = m + np.outer(g[chosen[-1]], g[chosen[-1]])
        gains.append(np.linalg.slogdet(more)[1] - np.linalg.slogdet(m)[1])
        m = more
    return chosen, np.array(gains)


def law_of_kdpp(g, n):
    """Give det(L_S) / Σ det(L_S) of each set of n rows."""
    sets = list(combinations(range(len(g)), n))
    kernel = g @ g.T
    dets = np.array([np.linalg.det(kernel[np.ix_(s, s)]) for s in sets])
    dets[dets < 1e-9 * dets.max()] = 0
    return dict(zip(sets, dets / dets.sum(), strict=True))


def law_after(g, start, n_steps):
    """Give the law of the exchange chain some steps after a set."""
    law = law_of_kdpp(g, len(start))
    index = {s: i for i, s in enumerate(law)}
    moves = np.zeros((len(law), len(law)))
    for old in law:
        outside = [i for i in range(len(g)) if i not in old]
        share = 1 / (len(old) * len(outside))
        for leaving in old:
            for entering in outside:
                new = tuple(sorted({*old, entering} - {leaving}))
                accept = min(1, law[new] / law[old]) if law[old] else 1
                moves[index[old], index[new]] += share * accept
                moves[index[old], index[old]] += share * (1 - accept)
    after = np.linalg.matrix_power(moves, n_steps)[index[tuple(sorted(start))]]
    return dict(zip(law, after, strict=True))
