"""
BAIT and greedy determinants with every V built, in float64, from Algorithms 1 to 3.

An n-row pool's factors are one array (n, D, r) of V, I(x) = V Vᵀ. For K classes
D = K d, class by class: entry c d + j belongs to class c and feature j. Two classes
are a two-column softmax like any other K. All of D is kept, also the d directions in
which no row has any information: there M = λ Id, so with fisher_term=False the
objective is d/λ above that of the (K − 1) d directions left, and nothing else differs.

Ties go to the smallest position; values as close as 1e-9 of the largest are a tie.
"""

import math
from types import SimpleNamespace

import numpy as np

TIE = 1e-9


def last_layer_factors(p, z, rank=None):
    """
    Give V = L ⊗ z with L = diag √p − p √pᵀ; z itself without p (regression).

    p of one dimension is P(y = 1) of a binary model. `rank` keeps the columns
    √p_c (e_c − p) of largest norm. The paper means it to "estimate the Fisher", so
    everything made of these factors, F and M₀ too, is of the columns kept.
    """
    z = np.asarray(z, dtype=np.float64)
    if p is None:
        return z[:, :, None]
    p = as_two_columns(p)
    roots = np.sqrt(p)
    columns = roots[:, None, :] * (np.eye(p.shape[1]) - p[:, :, None])
    if rank is not None:
        squares = (columns**2).sum(axis=1)
        kept = np.argsort(-squares, axis=1, kind="stable")[:, None, :rank]
        columns = np.take_along_axis(columns, kept, axis=2)
    return kronecker(columns, z)


def predicted_gradients(p, z):
    """Give g = (p − e_ŷ) ⊗ z as factors of one column; z itself without p."""
    z = np.asarray(z, dtype=np.float64)
    if p is None:
        return z[:, :, None]
    p = as_two_columns(p)
    a = p - np.eye(p.shape[1])[p.argmax(axis=1)]
    return kronecker(a[:, :, None], z)


def kronecker(columns, z):
    n, n_classes, r = columns.shape
    product = columns[:, :, None, :] * z[:, None, :, None]
    return product.reshape(n, n_classes * z.shape[1], r)


def as_two_columns(p):
    p = np.asarray(p, dtype=np.float64)
    return p if p.ndim == 2 else np.column_stack([1 - p, p])


def mean_information(factors):
    """Give the mean of V Vᵀ; 0 over no rows."""
    n, dim, r = factors.shape
    columns = factors.transpose(1, 0, 2).reshape(dim, n * r)
    return columns @ columns.T / max(n, 1)


def pool_fisher(pool, labeled):
    """Give F, the mean of I(x) over labelled and unlabelled rows."""
    return mean_information(np.concatenate([pool, labeled]))


def start(labeled, n, lam, scaling):
    """Give M₀ and the weight of a candidate's I(x), by the table of `scaling`."""
    n_labeled, dim, _ = labeled.shape
    mean = mean_information(labeled)
    share, weight = {
        "paper": (1, 1),
        "authors": (n_labeled / (n_labeled + n), n / (n_labeled + n)),
        "sum": (n_labeled, 1),
    }[scaling]
    return lam * np.eye(dim) + share * mean, weight


def objective(m, f):
    """Give tr(M⁻¹ F)."""
    return np.trace(np.linalg.inv(m) @ f)


def gains(m, f, factors):
    """Give tr(Vᵀ M⁻¹ F M⁻¹ V (Id + Vᵀ M⁻¹ V)⁻¹) of each row (Section 5)."""
    n, dim, r = factors.shape
    columns = factors.transpose(1, 0, 2).reshape(dim, n * r)
    solved = np.linalg.inv(m) @ columns
    moved = (f @ solved).T.reshape(n, r, dim)
    solved = solved.T.reshape(n, r, dim)
    middle = moved @ solved.swapaxes(1, 2)
    a = np.eye(r) + solved @ factors
    return np.trace(middle @ np.linalg.inv(a), axis1=1, axis2=2)


def forward(m, f, factors, n_steps):
    """Give positions in order, the fall of tr(M⁻¹ F) at each, its values, and M."""
    chosen, falls, values = [], [], [objective(m, f)]
    for _ in range(n_steps):
        fall = gains(m, f, factors)
        fall[chosen] = -np.inf
        best = first_largest(fall)
        m = m + factors[best] @ factors[best].T
        chosen.append(best)
        falls.append(fall[best])
        values.append(objective(m, f))
    return SimpleNamespace(
        chosen=chosen, gains=np.array(falls), objective=np.array(values), m=m
    )


def backward(m, f, factors, chosen, n_kept):
    """Give positions removed in order, the rise at each, and what is left in order."""
    left, removed, values = list(chosen), [], [objective(m, f)]
    while len(left) > n_kept:
        candidates = sorted(left)
        without = [m - factors[i] @ factors[i].T for i in candidates]
        after = np.array([objective(smaller, f) for smaller in without])
        best = first_largest(values[-1] - after)
        m = without[best]
        left.remove(candidates[best])
        removed.append(candidates[best])
        values.append(after[best])
    return SimpleNamespace(
        removed=removed, costs=np.diff(values), objective=np.array(values), left=left
    )


def first_largest(values):
    top = values.max()
    return int(np.flatnonzero(values >= top - TIE * abs(top))[0])


def bait(
    z,
    p,
    z_labeled,
    p_labeled,
    n,
    lam=1.0,
    oversample=2,
    fisher_term=True,
    rank=None,
    scaling="paper",
):
    """
    Give forward picks, removals, and the n that stay, in the order picked.

    min(⌈oversample n⌉, rows of the pool) picks, then removals among them down to n.
    The objective comes before any pick and after each; likewise for removals.
    """
    pool = last_layer_factors(p, z, rank)
    labeled = last_layer_factors(p_labeled, z_labeled, rank)
    f = pool_fisher(pool, labeled) if fisher_term else np.eye(pool.shape[1])
    m, weight = start(labeled, n, lam, scaling)
    pool = np.sqrt(weight) * pool
    ahead = forward(m, f, pool, min(math.ceil(oversample * n), len(pool)))
    back = backward(ahead.m, f, pool, ahead.chosen, n)
    return SimpleNamespace(
        forward=ahead.chosen,
        gains=ahead.gains,
        objective=ahead.objective,
        removed=back.removed,
        costs=back.costs,
        objective_back=back.objective,
        selected=back.left,
    )


def maxdet(z, p, z_labeled, p_labeled, n, lam=1.0, full=False):
    """
    Give positions and the rise of log det M at each.

    Algorithm 2, by the predicted label's gradient; Algorithm 3 with `full`, by I(x).
    """
    make = last_layer_factors if full else predicted_gradients
    pool = make(p, z)
    labeled = make(p_labeled, z_labeled)
    m, _ = start(labeled, n, lam, "paper")
    chosen, rises = [], []
    for _ in range(n):
        before = np.linalg.slogdet(m)[1]
        rise = np.array([np.linalg.slogdet(m + v @ v.T)[1] for v in pool]) - before
        rise[chosen] = -np.inf
        chosen.append(first_largest(rise))
        rises.append(rise[chosen[-1]])
        m = m + pool[chosen[-1]] @ pool[chosen[-1]].T
    return chosen, np.array(rises)
