"""
Core-sets with doubt and beam search on CIFAR-10: an ablation with a small VGG.

    python doc/studies/core_set.py --jobs 2            # hours; kill and restart at will
    python doc/studies/core_set.py --report            # tables and figures
    python doc/studies/core_set.py --full --jobs 16    # VGG-16, all of CIFAR-10: days

The array ``cifar10_12k.npz`` (12,000 training images) is looked for in ``data/`` of the
folder that SKACTIVE_SHARED names, by default ``../shared`` beside the repository. The
full size fetches CIFAR-10 from OpenML.
"""

from grids import main
from runs import shared

from skactive.experiments import Grid

DOUBT = {"class": "CoreSet", "weighting": "doubt"}
STRATEGIES = {
    "Greedy": "CoreSet",
    "Beam": {"class": "CoreSet", "beam_width": 20},
    "Doubt": DOUBT,
    "Doubt, beam": {**DOUBT, "beam_width": 20},
    "Confidence": "LeastConfidence",
    "Random": "RandomSampling",
}


def make_grid(full=False, exclude=()):
    """Give the grid; short of ``full`` a narrow VGG-11, from scratch each round."""
    name = "cifar10" if full else {"npz": str(shared("cifar10_12k.npz"))}
    net = {"model": "vgg16"} if full else {"model": "vgg11", "width": 8}
    return Grid(
        name="core_set",
        datasets={"cifar10": name},
        models={"vgg": net},
        strategies=STRATEGIES,
        batch_sizes=400,
        seeds=5,
        n_initial=1000,
        initial="random",
        max_labels=5000,
        exclude=exclude,
        training={"max_epochs": 30},
    )


if __name__ == "__main__":
    main(
        __doc__,
        make_grid,
        baseline="Greedy",
        pairs=[
            *(
                (name, "Random")
                for name in STRATEGIES
                if name not in ("Greedy", "Random")
            ),
            ("Doubt, beam", "Doubt"),
            ("Doubt, beam", "Confidence"),
        ],
    )
