"""Query with every strategy, in a process of its own; print told and taken bytes."""

import json

import numpy as np
import torch
from benchmarks.scale_run import Watch
from sklearn import config_context
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge

from skactive import (
    ALBL,
    BADGE,
    BAIT,
    BALD,
    BatchBALD,
    CoreSet,
    DiscriminativeSampling,
    Hybrid,
    KMeansCoreSet,
    LeastConfidence,
    MaxDet,
    MinDistance,
    OptimalCoreSet,
    PosteriorVariance,
    ProbabilisticCoreSet,
    RandomSampling,
)

FOREST = RandomForestClassifier(20, max_depth=6, random_state=0)
STRATEGIES = {
    "albl": ALBL(strategies=[MinDistance(), LeastConfidence()]),
    "albl, draws": ALBL(FOREST, strategies=[BALD()]),
    "badge": BADGE(),
    "badge, kdpp": BADGE(sampler="kdpp"),
    "badge, maxdet": BADGE(sampler="maxdet"),
    "badge, kcenter": BADGE(sampler="kcenter"),
    "bait": BAIT(rank=2, oversample=1),
    "bait, block": BAIT(approximation="block"),
    "bait, sketch": BAIT(approximation="sketch", sketch_width=64),
    "bald": BALD(FOREST),
    "batch_bald": BatchBALD(FOREST),
    "confidence": LeastConfidence(),
    "core_set": CoreSet(),
    "core_set, beam": CoreSet(beam_width=5),
    "core_set, cosine": CoreSet(metric="cosine", weighting="doubt"),
    "core_set, kmeans": KMeansCoreSet(),
    "core_set, optimal": OptimalCoreSet(),
    "core_set, probabilistic": ProbabilisticCoreSet(n_components=8, n_batches=10),
    "discriminator": DiscriminativeSampling(),
    "hybrid": Hybrid(n_draws=5, uncertainty="bald"),
    "hybrid, discriminator": Hybrid(n_draws=5, diversity="discriminator"),
    "max_det": MaxDet(fisher="full"),
    "min_distance": MinDistance(),
    "posterior_variance": PosteriorVariance(),
    "random": RandomSampling(),
}
WIDE = {"n_pool": 5000, "d": 300, "k": 3, "n_labeled": 200}
WIDER = {"n_pool": 5000, "d": 1000, "k": 2, "n_labeled": 200}
CLASSES = {"n_pool": 5000, "d": 4, "k": 60, "n": 3, "n_labeled": 600}
DOUBLE = {"dtype": "f8"}
BATCH = {"n_pool": 5000, "n": 1500}
SHAPES = {
    "badge, float64": (BADGE(), WIDER | DOUBLE),
    "badge, wide": (BADGE(), WIDER),
    "badge, maxdet, wide": (BADGE(sampler="maxdet"), WIDER),
    "badge, large batch": (BADGE(), BATCH),
    "badge, kcenter, large batch": (BADGE(sampler="kcenter"), BATCH),
    "bait, float64": (BAIT(), WIDE | DOUBLE),
    "bait, block, float64": (BAIT(approximation="block"), WIDE | DOUBLE),
    "bait, many classes, float64": (BAIT(), CLASSES | DOUBLE),
    "bait, wide": (BAIT(), WIDE),
    "bait, block, wide": (BAIT(approximation="block"), WIDE),
    "bait, sketch, wide": (BAIT(approximation="sketch", sketch_width=256), WIDE),
    "bait, binary sketch": (BAIT(approximation="sketch", sketch_width=32), WIDER),
    "bait, many classes": (BAIT(), CLASSES),
    "bait, regression": (BAIT(Ridge()), {"n_pool": 5000, "d": 500}),
    "core_set, float64": (CoreSet(), WIDER | DOUBLE),
    "core_set, cosine, float64": (CoreSet(metric="cosine"), WIDER | DOUBLE),
    "core_set, wide": (CoreSet(), WIDER),
    "core_set, cosine, wide": (CoreSet(metric="cosine"), WIDER),
    "core_set, kmeans, wide": (KMeansCoreSet(), WIDER),
    "max_det, wide": (MaxDet(fisher="full"), WIDE),
    "max_det, many classes": (MaxDet(), CLASSES),
    "max_det, many classes, float64": (MaxDet(), CLASSES | DOUBLE),
    "min_distance, many labels": (MinDistance(), {"n_labeled": 6000}),
    "min_distance, float64": (MinDistance(), {"n_labeled": 6000} | DOUBLE),
}


def pool_of(name, n_pool=40_000, d=32, k=5, n=20, n_labeled=200, dtype="f4"):
    """Make labelled rows and a pool."""
    n_pool = 600 if name == "core_set, optimal" else n_pool
    rng = np.random.default_rng(0)
    pool = rng.normal(size=(n_pool, d)).astype(dtype)
    X = rng.normal(size=(n_labeled, d)).astype(dtype)
    y = (X @ rng.normal(size=(d, k))).argmax(axis=1)
    y[:k] = np.arange(k)
    return pool, X, y, n


def main():
    """Query pools of which little is worked on at a time."""
    torch.set_num_threads(1)
    cases = {name: (strategy, {}) for name, strategy in STRATEGIES.items()} | SHAPES
    with config_context(working_memory=4):
        for name, (strategy, shape) in cases.items():
            pool, X, y, n = pool_of(name, **shape)
            strategy.set_params(random_state=0).fit(X, y)
            strategy.query(pool[:200], 5)  # what is loaded once is no part of it
            told = strategy.query_memory(pool, n)
            with Watch(every=0.002) as watch:
                strategy.query(pool, n)
            taken = watch.peak - watch.before
            print(json.dumps({"name": name, "taken": taken, **told}), flush=True)


if __name__ == "__main__":
    main()
