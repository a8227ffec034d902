"""BADGE: selection alone, from embeddings and probabilities at hand."""

import numpy as np
import torch
from benchmarks.harness import (
    features,
    golden,
    matrix_rate,
    side_by_side,
    table,
    timed,
)
from scipy.stats import rv_discrete

from skactive.kernels.seeding import kmeans_plusplus


def run(scale):
    """Print the tables, n divided by the scale."""
    check()
    _small(50_000 // scale)
    _large(50_000 // scale)
    _peer(10_000 // scale)
    _many_classes(200_000 // scale)


def run_on_gpu(scale):
    """Print what a card does with ImageNet: 1.28 million rows, 1,000 classes."""
    n, d, k, batch = 1_280_000 // scale, 2048, 1000, 10_000
    z, p = features(n, d, k, device="cuda")
    a = gradient_factor(p)
    torch.cuda.reset_peak_memory_stats()
    held = torch.cuda.memory_allocated()
    ours = timed(_ours(z, a, batch), repeats=3)
    extra = torch.cuda.max_memory_allocated() - held
    rate = matrix_rate(d, device="cuda")
    reached = 2e-9 * n * batch * (d + k) / ours.seconds
    table(
        f"BADGE on a card, n = {n:,}, d = {d}, K = {k}, B = {batch:,}",
        ("seconds", "GFLOP/s", "share of the card's float32 rate", "extra memory"),
        [(ours, f"{reached:.0f}", f"{reached / rate:.0%}", f"{extra / 1e9:.1f} GB")],
    )


# ---------------------------------------------------------------- the rivals


def gradient_factor(p):
    """Give a = p − e_ŷ, the factor of the gradient embedding."""
    a = p.clone()
    a[torch.arange(len(p), device=p.device), p.argmax(dim=1)] -= 1
    return a


def published(z, a, n, seed):
    """
    Factored k-means++ as published: a numpy pass a centre, scipy draws.

    Written again from its description; the minimum is vectorised, where the published
    one loops over the rows in Python.
    """
    random = np.random.RandomState(seed)
    z_norms, a_norms = np.square(z).sum(axis=1), np.square(a).sum(axis=1)
    norms = z_norms * a_norms
    chosen, nearest = [int(norms.argmax())], np.full(len(z), np.inf)
    while len(chosen) < n:
        last = chosen[-1]
        squares = norms + norms[last] - 2 * (z @ z[last]) * (a @ a[last])
        nearest = np.minimum(nearest, np.clip(squares, 0, None))
        nearest[last] = 0
        law = nearest / nearest.sum(dtype=np.float64)
        draw = rv_discrete(values=(np.arange(len(z)), law), seed=random)
        position = int(draw.rvs())
        while position in chosen:
            position = int(draw.rvs())
        chosen.append(position)
    return np.array(chosen)


def matrix_vector(z, a, n, seed):
    """Factored k-means++ in torch: a matrix-vector product a centre."""
    generator = torch.Generator().manual_seed(seed)
    norms = z.square().sum(dim=1) * a.square().sum(dim=1)
    chosen, nearest = [int(norms.argmax())], torch.full((len(z),), torch.inf)
    while len(chosen) < n:
        last = chosen[-1]
        squares = norms + norms[last] - 2 * (z @ z[last]) * (a @ a[last])
        torch.minimum(nearest, squares.clamp_(min=0), out=nearest)
        nearest[last] = 0
        law = nearest.double().cumsum(dim=0)
        u = torch.rand(1, dtype=torch.float64, generator=generator) * law[-1]
        chosen.append(int(torch.searchsorted(law, u, right=True)))
    return np.array(chosen)


def peer(z, p):
    """scikit-activeml's ``Badge``, told embeddings and probabilities by a stub."""
    from skactiveml.base import SkactivemlClassifier
    from skactiveml.pool import Badge

    class AtHand(SkactivemlClassifier):
        def fit(self, X, y, sample_weight=None):
            return self

        def predict_proba(self, X):
            return p, z

    def query(n, seed):
        labels = np.full(len(z), np.nan)
        model = AtHand(classes=list(range(p.shape[1])))
        strategy = Badge(random_state=seed)
        return strategy.query(z, labels, model, fit_clf=False, batch_size=n)

    return query


def potential(z, a, chosen):
    """Give Σ min D² after the batch, in float64."""
    z, a = z.double(), a.double()
    norms = z.square().sum(dim=1) * a.square().sum(dim=1)
    at = torch.as_tensor(np.asarray(chosen))
    squares = norms[:, None] + norms[at] - 2 * (z @ z[at].T) * (a @ a[at].T)
    return float(squares.amin(dim=1).clamp(min=0).sum())


def _ours(z, a, n):
    return lambda seed: (
        kmeans_plusplus(
            z, n, a=a, generator=torch.Generator().manual_seed(seed)
        ).positions
    )


# ---------------------------------------------------------------- the tables


def check():
    """Hold every sampler against the published answers before it is timed."""
    answers = golden("badge.npz")
    if answers is None:
        print("\nThe published answers are not at hand: the rivals are unchecked.")
        return
    z, p = torch.from_numpy(answers["h"]), torch.from_numpy(answers["p"])
    a = gradient_factor(p)
    samplers = {
        "skactive": _ours(z, a, 100),
        "published form": lambda s: published(z.numpy(), a.numpy(), 100, s),
        "torch, matrix-vector": lambda s: matrix_vector(z, a, 100, s),
    }
    query = _peer_at_hand(z, p)
    if query:
        samplers["scikit-activeml"] = lambda s: query(100, s)
    rows = [("published", f"{np.mean(answers['potential']):.0f}", _sd(answers))]
    for name, sampler in samplers.items():
        seeds = 3 if name == "scikit-activeml" else 10
        found = [potential(z, a, sampler(seed)) for seed in range(seeds)]
        rows.append((name, f"{np.mean(found):.0f}", f"{np.std(found, ddof=1):.0f}"))
    table(
        "Potential Σ min D² after 100 picks on the published inputs",
        ("sampler", "mean over seeds", "standard deviation"),
        rows,
    )


def _sd(answers):
    return f"{np.std(answers['potential'], ddof=1):.0f}"


def _small(n):
    d, k, batch = 128, 10, 100
    z, p = features(n, d, k)
    a = gradient_factor(p)
    times = side_by_side(
        {
            "skactive": _ours(z, a, batch),
            "published form": lambda s: published(z.numpy(), a.numpy(), batch, s),
            "torch, matrix-vector": lambda s: matrix_vector(z, a, batch, s),
        }
    )
    _compare(f"BADGE, n = {n:,}, d = {d}, K = {k}, B = {batch}", times)
    _memory(times["skactive"], n, d, k)


def _large(n):
    d, k, batch = 512, 10, 1000
    z, p = features(n, d, k)
    a = gradient_factor(p)
    times = side_by_side(
        {
            "skactive": _ours(z, a, batch),
            "torch, matrix-vector": lambda s: matrix_vector(z, a, batch, s),
        }
    )
    _compare(f"BADGE, n = {n:,}, d = {d}, K = {k}, B = {batch}", times)
    reached = 2e-9 * n * batch * (d + k) / times["skactive"].seconds
    rate = matrix_rate(d)
    print(
        f"\nThat is {reached:.0f} GFLOP/s, {reached / rate:.0%} of the {rate:.0f} that "
        f"a float32 product of 4,096 x {d} by {d} x 4,096 reaches in the same run."
    )
    _memory(times["skactive"], n, d, k)


def _peer(n):
    for k in (10, 100):
        d, batch = 128, 100
        z, p = features(n, d, k)
        query = _peer_at_hand(z, p)
        if query is None:
            print("\nscikit-activeml is not installed: no comparison with it.")
            return
        a = gradient_factor(p)
        times = side_by_side(
            {
                "skactive": _ours(z, a, batch),
                "scikit-activeml": lambda s, q=query, b=batch: q(b, s),
            }
        )
        _compare(f"BADGE, n = {n:,}, d = {d}, K = {k}, B = {batch}", times)


def _many_classes(n):
    d, k, batch = 512, 1000, 1000
    z, p = features(n, d, k)
    a = gradient_factor(p)
    del p
    time = timed(_ours(z, a, batch), repeats=3)
    _compare(f"BADGE, n = {n:,}, d = {d}, K = {k}, B = {batch}", {"skactive": time})
    print(f"\nBuilt as a matrix, the embeddings would take {n * d * k * 4e-9:.0f} GB.")
    _memory(time, n, d, k)


def _peer_at_hand(z, p):
    try:
        return peer(z.numpy(), p.numpy())
    except ImportError:
        return None


def _compare(title, times):
    ours = times["skactive"].seconds
    table(
        title,
        ("sampler", "time", "ratio", "extra memory"),
        [
            (name, time, f"{time.seconds / ours:.1f} x", f"{time.peak:.0f} MB")
            for name, time in times.items()
        ],
    )


def _memory(time, n, d, k):
    print(
        f"\nInputs take {n * (d + k) * 4e-6:.0f} MB; skactive took "
        f"{time.peak:.0f} MB more."
    )
