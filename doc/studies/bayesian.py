"""
Bayesian networks: Repeated MNIST (Kirsch et al.), pure and hybrid measures (Li et al.).

    python doc/studies/bayesian.py                     # minutes, small
    python doc/studies/bayesian.py --full              # hours; kill and restart at will
    python doc/studies/bayesian.py --full --only repeated --seeds 0 1 2
    python doc/studies/bayesian.py --full --report     # tables, figures

Each finished run (one strategy, one seed) is appended to a CSV beside this file; a
restart plays only what is missing there. ``mnist.npz`` is looked for in ``data/`` of
the folder that SKACTIVE_SHARED names, by default ``../shared`` beside the repository.
"""

import argparse
import functools
import sys
import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from bayesian_report import report
from runs import HERE, append, finished, shared, start_anew
from skorch import NeuralNetClassifier
from skorch.callbacks import EarlyStopping
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from skorch.utils import noop
from threadpoolctl import threadpool_limits

from skactive import (
    BALD,
    ActiveLearningSimulation,
    BatchBALD,
    Hybrid,
    MeanStd,
    RandomSampling,
    VariationRatio,
)
from skactive.datasets import repeated
from skactive.nets import BayesianCNN, FixedLengthLoader

FIELDS = (
    *("setting", "strategy", "seed", "budget", "score", "query_s", "fit_s"),
    "acquired",  # the classes of the labels that were new in this round
)
MEAN, DEVIATION = 0.1307, 0.3081  # of the pixels of MNIST's training images
REPEATED = {
    "BatchBALD": BatchBALD,
    "BALD": BALD,
    "Random": RandomSampling,
    "VariationRatio": VariationRatio,
    "MeanStd": MeanStd,
}
# A hybrid that has but one part is the pure measure.
_only = functools.partial
HYBRID = {
    "Uniform": RandomSampling,
    "Entropy": _only(Hybrid, uncertainty="entropy", alpha=1),
    "BALD": _only(Hybrid, uncertainty="bald", alpha=1),
    "Variation ratio": _only(Hybrid, uncertainty="variation_ratio", alpha=1),
    "Discriminator": _only(Hybrid, diversity="discriminator", alpha=0),
    "Posterior var": _only(Hybrid, diversity="posterior_variance", alpha=0),
    "Min distance": _only(Hybrid, diversity="min_distance", alpha=0),
    "Geometric, decayed: var ratio, posterior var": _only(
        Hybrid,
        uncertainty="variation_ratio",
        diversity="posterior_variance",
        combination="geometric",
        beta=0.6,
    ),
    "Diversity first: BALD, discriminator": _only(
        Hybrid,
        uncertainty="bald",
        diversity="discriminator",
        combination="two_stage",
        first="diversity",
    ),
}


@dataclass(frozen=True)
class Protocol:
    """One setting: its pool, its network, its strategies, and the loop's sizes."""

    data: callable
    net: callable
    strategies: dict
    options: dict
    pool: int
    test: int
    candidates: int | None
    queries: int
    seeds: int


def images():
    """Give MNIST's training and test images, standardised, and the labels."""
    path = shared("mnist.npz")
    if not path.is_file():
        sys.exit(f"These studies need MNIST, and there is no {path}.")
    arrays = np.load(path)
    parts = []
    for part in ("train", "test"):
        rows = arrays[f"X_{part}"].reshape(-1, 784).astype(np.float32) / 255
        parts += [(rows - MEAN) / DEVIATION, arrays[f"y_{part}"].astype(np.int64)]
    return parts


def balanced(y, size, rng):
    """Draw as many rows of each class, in random order."""
    each = size // len(np.unique(y))
    rows = [rng.choice(np.flatnonzero(y == k), each, False) for k in np.unique(y)]
    return rng.permutation(np.concatenate(rows))


def repeated_pool(size, rng):
    """Give a pool of images, each there three times with noise, and 500 to stop by."""
    X, y, X_test, y_test = images()
    rows = balanced(y, size, rng)
    rest = np.setdiff1d(np.arange(len(y)), rows)
    held = rng.choice(rest, 500, replace=False)
    pool = repeated(X[rows], y[rows], 3, 0.1, random_state=int(rng.integers(2**31)))
    return *pool, X_test, y_test, X[held], y[held]


def plain_pool(size, rng):
    """Give a pool of images."""
    X, y, X_test, y_test = images()
    rows = balanced(y, size, rng)
    return X[rows], y[rows], X_test, y_test, None, None


def stopped_early(X, y):
    """Give the network that stops after three epochs without gain on held-out rows."""
    stop = EarlyStopping(
        "valid_acc", patience=3, lower_is_better=False, load_best=True, sink=noop
    )
    return _net(
        max_epochs=100,
        batch_size=64,
        iterator_train=FixedLengthLoader,  # 20 labels are no epoch
        iterator_train__epoch_length=512,
        train_split=predefined_split(Dataset(X, y)),
        callbacks=[("stop", stop)],
        callbacks__print_log=None,
    )


def fifty_epochs(X, y):
    """Give the network that trains for fifty epochs."""
    return _net(
        max_epochs=50,
        batch_size=128,
        iterator_train__shuffle=True,
        train_split=None,
        callbacks="disable",
    )


def _net(**options):
    return NeuralNetClassifier(
        BayesianCNN,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        iterator_valid__batch_size=128,
        verbose=0,
        **options,
    )


def protocols(full):
    """Give the settings by name, at the full or the small size."""
    ten, twenty = {"n_draws": 10}, {"n_draws": 20, "layer": "output"}
    repeated_mnist = Protocol(
        *(repeated_pool, stopped_early, REPEATED, ten),
        *(2000, 10_000, None, 20, 6),
    )
    hybrids = Protocol(
        *(plain_pool, fifty_epochs, HYBRID, twenty),
        *(50_000, 10_000, 2000, 20, 3),
    )
    if not full:
        small = {"test": 1000, "queries": 3, "seeds": 2}
        repeated_mnist = replace(repeated_mnist, pool=200, **small)
        hybrids = replace(hybrids, pool=1000, candidates=300, **small)
    return {"repeated": repeated_mnist, "hybrids": hybrids}


def play(name, protocol, strategy, seed):
    """Play one run and give its rows."""
    rng = np.random.default_rng(seed)
    X, y, X_test, y_test, *held = protocol.data(protocol.pool, rng)
    make = protocol.strategies[strategy]
    options = {} if make is RandomSampling else protocol.options
    simulation = ActiveLearningSimulation(
        make(protocol.net(*held), **options),
        n_initial=20,  # the pool has as many of each class: two of each
        batch_size=10,
        n_queries=protocol.queries,
        pool_size=protocol.candidates,
        keep_estimators=False,
        random_state=seed,
    ).fit(X, y, X_test[: protocol.test], y_test[: protocol.test])
    curve = simulation.learning_curve_
    labels = y[simulation.labeled_indices_]
    rows = []
    for turn in range(len(curve.budget)):
        new = labels[simulation.labeled_iter_ == turn]
        seconds = curve.query_seconds[turn], curve.fit_seconds[turn]
        rows.append(
            (
                *(name, strategy, seed, curve.budget[turn]),
                f"{curve.score[turn]:.7g}",
                *(f"{second:.3f}" for second in seconds),
                " ".join(map(str, new)),
            )
        )
    return rows


def main():
    """Read the command line and play or report."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--full", action="store_true", help="the full size: hours")
    parser.add_argument("--report", action="store_true", help="tables and figures")
    parser.add_argument("--only", nargs="+", metavar="SETTING", help="these settings")
    parser.add_argument("--seeds", nargs="+", type=int, help="these seeds")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    settings = protocols(options.full)
    unknown = set(options.only or ()) - set(settings)
    if unknown:
        parser.error(f"--only knows {', '.join(settings)}. Got {sorted(unknown)}.")
    names = options.only or list(settings)
    torch.set_num_threads(options.threads)
    for name in names:
        protocol, n_rows = settings[name], {name: settings[name].queries + 1}
        size = "" if options.full else "_small"
        path = HERE / f"bayesian_{name}{size}.csv"
        done = finished(path, n_rows)
        if options.report:
            report(done, name, list(protocol.strategies), HERE, figures=options.full)
            continue
        start_anew(path, done, FIELDS)
        seeds = options.seeds if options.seeds is not None else range(protocol.seeds)
        for seed in seeds:
            for strategy in protocol.strategies:
                if (name, strategy, seed) in done:
                    continue
                start = time.perf_counter()
                with threadpool_limits(options.threads):
                    append(path, play(name, protocol, strategy, seed))
                seconds = time.perf_counter() - start
                print(f"{name} {strategy} seed {seed}: {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
