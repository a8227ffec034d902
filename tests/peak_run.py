"""Query with every strategy, in a process of its own; print told and taken bytes."""

import json

import numpy as np
import torch
from benchmarks.scale_run import Watch
from sklearn import config_context
from sklearn.ensemble import RandomForestClassifier

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

N, D, K, BATCH = 40_000, 32, 5, 20
FOREST = RandomForestClassifier(20, max_depth=6, random_state=0)
STRATEGIES = {
    "albl": ALBL(strategies=[MinDistance(), LeastConfidence()]),
    "badge": BADGE(),
    "badge, kdpp": BADGE(sampler="kdpp"),
    "badge, maxdet": BADGE(sampler="maxdet"),
    "badge, kcenter": BADGE(sampler="kcenter"),
    "bait": BAIT(rank=2),
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


def main():
    """Query a pool of which little is worked on at a time."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    pool = rng.normal(size=(N, D)).astype(np.float32)
    X = rng.normal(size=(200, D)).astype(np.float32)
    y = (X @ rng.normal(size=(D, K))).argmax(axis=1)
    with config_context(working_memory=4):
        for name, strategy in STRATEGIES.items():
            rows = pool[:600] if name == "core_set, optimal" else pool
            strategy.set_params(random_state=0).fit(X, y)
            strategy.query(pool[:500], BATCH)  # what is loaded once is no part of it
            told = strategy.query_memory(rows, BATCH)
            with Watch(every=0.002) as watch:
                strategy.query(rows, BATCH)
            taken = watch.peak - watch.before
            print(json.dumps({"name": name, "taken": taken, **told}), flush=True)


if __name__ == "__main__":
    main()
