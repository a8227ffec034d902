"""Core-sets: greedy k-centre, from embeddings at hand."""

import warnings

import numpy as np
import torch
from benchmarks.harness import features, golden, side_by_side, table, timed
from sklearn.metrics import pairwise_distances

from skactive.kernels.covering import k_center_greedy, nearest_labeled_distance


def run(scale):
    """Print the tables, n divided by the scale."""
    check()
    _compare(50_000 // scale)
    _growth([n // scale for n in (50_000, 100_000, 200_000, 500_000, 1_000_000)])


# ---------------------------------------------------------------- the rivals


def published(z, z_labeled, n):
    """Greedy k-centre as published: all distances to S at once, a pass a pick."""
    nearest = pairwise_distances(z, z_labeled).min(axis=1)
    chosen = []
    while len(chosen) < n:
        chosen.append(int(nearest.argmax()))
        new = pairwise_distances(z, z[chosen[-1:]])[:, 0]
        nearest = np.minimum(nearest, new)
    return np.array(chosen)


def peer(z, z_labeled):
    """scikit-activeml's ``CoreSet``."""
    from skactiveml.pool import CoreSet

    X = np.concatenate([z, z_labeled])
    y = np.concatenate([np.full(len(z), np.nan), np.zeros(len(z_labeled))])

    def query(n):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return CoreSet(random_state=0).query(X, y, batch_size=n)

    return query


def ours(z, z_labeled, n):
    """Ours: distances to S in blocks, lazy picks."""
    nearest = nearest_labeled_distance(z, z_labeled)
    return k_center_greedy(z, n, nearest_labeled=nearest).positions.numpy()


# ---------------------------------------------------------------- the tables


def _rivals(z, z_labeled, n):
    rivals = {
        "skactive": lambda _: ours(z, z_labeled, n),
        "published form": lambda _: published(z.numpy(), z_labeled.numpy(), n),
    }
    try:
        query = peer(z.numpy(), z_labeled.numpy())
        rivals["scikit-activeml"] = lambda _: query(n)
    except ImportError:
        print("\nscikit-activeml is not installed: no comparison with it.")
    return rivals


def check():
    answers = golden("coreset.npz")
    if answers is None:
        print("\nThe published answers are not at hand: the rivals are unchecked.")
        return
    X, n_pool = torch.from_numpy(answers["X"]), int(answers["n_pool"])
    wanted = answers["selected"]
    rivals = _rivals(X[:n_pool], X[n_pool:], len(wanted))
    table(
        "Core-set: picks on the published inputs",
        ("form", "the published points, in order"),
        [
            (name, f"{(rival(0) == wanted).sum()} of {len(wanted)}")
            for name, rival in rivals.items()
        ],
    )


def _compare(n):
    d, labeled, batch = 128, 1000, 100
    z, _ = features(n + labeled, d, 2)
    times = side_by_side(_rivals(z[:n], z[n:], batch))
    best = times["skactive"]
    table(
        f"Core-set, n = {n:,}, d = {d}, {labeled:,} labelled, B = {batch}",
        ("form", "time", "ratio", "extra memory", "same picks"),
        [
            (
                name,
                time,
                f"{time.seconds / best.seconds:.1f} x",
                f"{time.peak:.0f} MB",
                f"{(time.answer == best.answer).sum()} of {batch}",
            )
            for name, time in times.items()
        ],
    )


def _growth(sizes):
    d, labeled, batch = 128, 1000, 100
    z, _ = features(max(sizes) + labeled, d, 2)
    times = {
        n: timed(lambda _, n=n: ours(z[:n], z[-labeled:], batch), repeats=5)
        for n in sizes
    }
    slope = np.polyfit(
        np.log(list(sizes)), np.log([t.seconds for t in times.values()]), 1
    )[0]
    table(
        f"Core-set against n, d = {d}, {labeled:,} labelled, B = {batch}",
        ("n", "time", "a million rows", "extra memory"),
        [
            (f"{n:,}", t, f"{t.seconds / n * 1e6:.2f} s", f"{t.peak:.0f} MB")
            for n, t in times.items()
        ],
    )
    print(f"\nTime grows as n to the power {slope:.2f}.")
