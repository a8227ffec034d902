"""
Batches for networks: the strategies of BADGE's and BAIT's papers on Letter and MNIST.

    python doc/studies/badge.py --jobs 2               # hours; kill and restart at will
    python doc/studies/badge.py --dataset letter --batch_size 1000
    python doc/studies/badge.py --report               # tables and figures
    python doc/studies/badge.py --full --jobs 16       # to 15,000 labels: days

The arrays ``letter.npz`` and ``mnist.npz`` are looked for in ``data/`` of the folder
that SKACTIVE_SHARED names, by default ``../shared`` beside the repository, and else
fetched from OpenML.
"""

from grids import main
from runs import shared

from skactive.experiments import Grid

STRATEGIES = {
    "BADGE": "BADGE",
    "BAIT": "BAIT",
    "BAIT, block": {"class": "BAIT", "approximation": "block"},
    "k-DPP": {"class": "BADGE", "sampler": "kdpp"},
    "CoreSet": "CoreSet",
    "Confidence": "LeastConfidence",
    "Margin": "MarginSampling",
    "Entropy": "EntropySampling",
    "ALBL": "ALBL",
    "Random": "RandomSampling",
}

# With 26 classes exact BAIT takes some two minutes a query, hours a run, and gradients
# are too long for an exact k-DPP.
TOO_DEAR = [{"dataset": "letter", "strategy": ["BAIT", "k-DPP"]}]

MODELS = {"mlp": {"model": "mlp", "width": 128}}


def datasets():
    """Give the data sets, from files at hand or from OpenML."""
    given = {}
    for name, options in {"letter": {"n_train": 16_000}, "mnist": {}}.items():
        path = shared(f"{name}.npz")
        given[name] = {"npz": str(path), **options} if path.is_file() else name
    return given


def make_grid(full=False, exclude=()):
    """Give the grid; short of ``full`` it ends at 3,300 or 4,100 labels."""
    return Grid(
        name="badge",
        datasets=datasets(),
        models=MODELS,
        strategies=STRATEGIES,
        batch_sizes=(100, 1000, 10_000) if full else (100, 1000),
        seeds=5,
        n_initial=100,
        initial="random",
        max_labels=15_000 if full else {100: 3300, 1000: 4100},
        pool_size=None if full else 10_000,
        exclude=[*exclude, *(() if full else TOO_DEAR)],
        training={"max_epochs": 400},
    )


if __name__ == "__main__":
    main(
        __doc__,
        make_grid,
        baseline="Random",
        levels=(0.8, 0.9, 0.95),
        pairs=[
            ("BADGE", "Margin"),
            ("BADGE", "k-DPP"),
            ("BADGE", "CoreSet"),
            ("BAIT", "BADGE"),
            ("BAIT", "Margin"),
            ("BAIT, block", "BADGE"),
            ("BAIT, block", "BAIT"),
        ],
        left_out=("BAIT", "k-DPP"),
    )
