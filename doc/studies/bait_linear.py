"""
BAIT with linear models: figure 4 (MNIST) and figure 7, right (rainfall) of Ash et al.

    python doc/studies/bait_linear.py                  # minutes, small pools
    python doc/studies/bait_linear.py --full           # hours; kill and restart at will
    python doc/studies/bait_linear.py --full --report  # tables, figures

Each finished run (one strategy, one seed) is appended to a CSV beside this file; a
restart plays only what is missing there. The arrays are looked for in ``data/`` of the
folder that SKACTIVE_SHARED names, by default ``../shared`` beside the repository.
Without MNIST scikit-learn's digits stand in, at the small size.
"""

import argparse
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from bait_linear_report import report
from runs import append, finished, shared, start_anew
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from skactive import (
    BADGE,
    BAIT,
    ActiveLearningSimulation,
    CoreSet,
    KMeansCoreSet,
    LeastConfidence,
    MaxDet,
    RandomSampling,
)

HERE = Path(__file__).resolve().parent
FIELDS = ("setting", "strategy", "seed", "budget", "score", "query_s", "fit_s")
WIDTH = 128
LAM = 1.0  # the paper's for all but CIFAR-10

OURS = {
    "BAIT paper": lambda model: BAIT(model, lam=LAM),
    "BAIT F=Id": lambda model: BAIT(model, lam=LAM, fisher_term=False),
    "BAIT authors": lambda model: BAIT(model, lam=LAM, scaling="authors"),
    "BAIT sum": lambda model: BAIT(model, lam=LAM, scaling="sum"),
}
CLASSIFICATION = {
    "Random": RandomSampling,
    "Confidence": LeastConfidence,
    "CoreSet": CoreSet,
    "BADGE": BADGE,
    **OURS,
}
REGRESSION = {
    "Random": RandomSampling,
    "CoreSet": CoreSet,
    "KMeansCoreSet": KMeansCoreSet,
    "MaxDet": MaxDet,
    **OURS,
}


@dataclass(frozen=True)
class Protocol:
    """One setting: its data, its model, its strategies, and the loop's sizes."""

    data: callable
    model: object
    strategies: dict
    scoring: str
    pool: int
    start: int
    batch: int
    queries: int
    seeds: int


def images():
    """Give MNIST with pixels in [0, 1], or digits where it is absent."""
    if shared("mnist.npz").is_file():
        arrays = np.load(shared("mnist.npz"))
        X, X_test = (
            arrays[f"X_{part}"].reshape(-1, 784) / 255 for part in ("train", "test")
        )
        return X, arrays["y_train"], X_test, arrays["y_test"]
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(
        X / 16, y, test_size=0.3, stratify=y, random_state=0
    )
    return X, y, X_test, y_test


def random_projection(pool, rng):
    """Project on 128 Gaussian directions, mean zero and unit variance."""
    X, y, X_test, y_test = images()
    rows = rng.permutation(len(X))[:pool]
    directions = rng.standard_normal((X.shape[1], WIDTH))
    return X[rows] @ directions, y[rows], X_test @ directions, y_test


def learned_features(pool, rng):
    """Give the hidden layer of a net trained on the half of the rows not used here."""
    X, y, X_test, y_test = images()
    train, rest = np.array_split(rng.permutation(len(X)), 2)
    net = MLPClassifier(
        WIDTH, learning_rate_init=1e-4, max_iter=20, tol=0, random_state=0
    )
    with warnings.catch_warnings():  # twenty epochs are what is meant
        warnings.simplefilter("ignore", ConvergenceWarning)
        net.fit(X[train], y[train])

    def features(rows):
        return np.maximum(rows @ net.coefs_[0] + net.intercepts_[0], 0)

    rows = rest[:pool]
    return features(X[rows]), y[rows], features(X_test), y_test


def austin(pool, rng):
    """Split off 30 % for testing; features by the pool's median, mean and deviation."""
    arrays = np.load(shared("austin_weather.npz"))
    X, y = arrays["X"].astype(np.float64), arrays["y"].astype(np.float64)
    order = rng.permutation(len(X))
    n_test = round(0.3 * len(X))
    test, rows = order[:n_test], order[n_test:][:pool]
    X = np.where(np.isnan(X), np.nanmedian(X[rows], axis=0), X)
    X = (X - X[rows].mean(axis=0)) / X[rows].std(axis=0)
    return X[rows], y[rows], X[test], y[test]


def protocols(full):
    """Give the settings by name, at the full or the small size."""
    found = shared("mnist.npz").is_file()
    if not found:
        print("MNIST is not at hand: digits stand in for it, at the small size.")
    name = "mnist" if found else "digits"
    size = (10_000, 100, 100, 15, 5) if full and found else (1_000, 100, 20, 5, 2)
    logistic = LogisticRegression(fit_intercept=False, max_iter=10_000)
    random = Protocol(random_projection, logistic, CLASSIFICATION, "accuracy", *size)
    settings = {
        f"{name}-random": random,
        f"{name}-learned": replace(random, data=learned_features),
    }
    if shared("austin_weather.npz").is_file():
        size = (10_000, 100, 10, 40, 20) if full else (10_000, 100, 10, 10, 3)
        late = Protocol(austin, Ridge(), REGRESSION, "neg_mean_squared_error", *size)
        early = replace(late, start=20, queries=20 if full else 5)
        settings = {"austin": late, "austin-early": early, **settings}
    else:
        print("austin_weather.npz is not at hand: the rainfall study is left out.")
    return settings


def play(name, protocol, strategy, seed):
    """Play one run and give its rows."""
    X, y, X_test, y_test = protocol.data(protocol.pool, np.random.default_rng(seed))
    simulation = ActiveLearningSimulation(
        protocol.strategies[strategy](protocol.model),
        n_initial=protocol.start,
        initial="random",
        batch_size=protocol.batch,
        n_queries=protocol.queries,
        scoring=protocol.scoring,
        keep_estimators=False,
        random_state=seed,
    ).fit(X, y, X_test, y_test)
    curve = simulation.learning_curve_
    numbers = zip(
        curve.budget, curve.score, curve.query_seconds, curve.fit_seconds, strict=True
    )
    return [
        (name, strategy, seed, budget, f"{score:.7g}", f"{query:.3f}", f"{fit:.3f}")
        for budget, score, query, fit in numbers
    ]


def missing(settings, done):
    """
    List what is to play.

    The quick ones first. BAIT in classification takes minutes a run: seed 0 of every
    variant, then one variant after the other, the default first, so that a study cut
    short can say something.
    """

    def turn(job):
        name, strategy, seed = job
        if strategy not in OURS or name.startswith("austin"):
            return (0,)
        return (2, list(OURS).index(strategy)) if seed else (1,)

    jobs = [
        (name, strategy, seed)
        for name, protocol in settings.items()
        for seed in range(protocol.seeds)
        for strategy in protocol.strategies
        if (name, strategy, seed) not in done
    ]
    return sorted(jobs, key=turn)


def main():
    """Read the command line and play or report."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--full", action="store_true", help="the full size: hours")
    parser.add_argument("--report", action="store_true", help="tables and figures")
    parser.add_argument("--only", nargs="+", metavar="SETTING", help="these settings")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    settings = protocols(options.full)
    unknown = set(options.only or ()) - set(settings)
    if unknown:
        parser.error(f"--only knows {', '.join(settings)}. Got {sorted(unknown)}.")
    settings = {
        name: protocol
        for name, protocol in settings.items()
        if not options.only or name in options.only
    }
    path = HERE / ("bait_linear.csv" if options.full else "bait_linear_small.csv")
    n_rows = {name: protocol.queries + 1 for name, protocol in settings.items()}
    done = finished(path, n_rows)
    if options.report:
        return report(done, settings, HERE, figures=options.full)
    start_anew(path, done, FIELDS)
    torch.set_num_threads(options.threads)
    with threadpool_limits(options.threads):
        for name, strategy, seed in missing(settings, done):
            start = time.perf_counter()
            rows = play(name, settings[name], strategy, seed)
            append(path, rows)
            seconds = time.perf_counter() - start
            print(f"{name} {strategy} seed {seed}: {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
