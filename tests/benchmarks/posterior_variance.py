"""Posterior variance of a Gaussian process: from scratch, and ten more labels."""

import numpy as np
import torch
from benchmarks.harness import features, side_by_side, table, timed
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from skactive.kernels.diversity import PosteriorVariance, standardize

LABELED, MORE, WIDTH = 2000, 10, 128


def run(scale):
    """Print the table, n divided by the scale."""
    check()
    n, labeled = 50_000 // scale, max(20, LABELED // scale)
    z, first, more = _data(n, labeled)
    times = side_by_side(
        {
            "skactive": lambda _: PosteriorVariance(z).add(first).values.numpy(),
            "scikit-learn": lambda _: scikit_learn(z, first),
        },
        repeats=3,
    )
    best = times["skactive"]
    known = [PosteriorVariance(z).add(first) for _ in range(4)]
    grown = timed(lambda _: known.pop().add(more), repeats=3)  # the first is not timed
    rows = [
        (
            name,
            one,
            f"{one.seconds / best.seconds:.1f} x",
            f"{one.peak:.0f} MB",
            f"{np.abs(one.answer - best.answer).max():.0e}",
        )
        for name, one in times.items()
    ]
    rows.append(
        (f"skactive, {MORE} more labels", grown, "", f"{grown.peak:.0f} MB", "")
    )
    table(
        f"Posterior variance, n = {n:,}, d = {WIDTH}, {labeled:,} labelled",
        ("form", "time", "ratio", "extra memory", "largest difference"),
        rows,
    )


def scikit_learn(z, z_labeled):
    """Fit scikit-learn's Gaussian process with the same kernel; any targets will do."""
    kernel = RBF(np.sqrt(z.shape[1]), "fixed")
    process = GaussianProcessRegressor(kernel, alpha=1e-10, optimizer=None)
    process.fit(z_labeled.double().numpy(), np.zeros(len(z_labeled)))
    return process.predict(z.double().numpy(), return_std=True)[1] ** 2


def check():
    """Hold the rival against ours on few rows."""
    z, first, more = _data(500, 40)
    ours = PosteriorVariance(z).add(first).add(more).values.numpy()
    theirs = scikit_learn(z, torch.cat([first, more]))
    gap = np.abs(ours - theirs).max()
    table(
        "Posterior variance, 500 rows, 50 labelled, ten of them later",
        ("form", "largest difference"),
        [("scikit-learn", f"{gap:.0e}")],
    )


def _data(n, labeled):
    z, _ = features(n + labeled + MORE, WIDTH, 2)
    pool, rest = standardize(z[:n], z[n:])
    return pool, rest[:labeled], rest[labeled:]
