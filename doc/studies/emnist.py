"""
What BALD and BatchBALD acquire: the classes, on EMNIST letters (Kirsch et al.).

    python doc/studies/emnist.py --jobs 2              # hours; kill and restart at will
    python doc/studies/emnist.py --report              # tables and figures

The array ``emnist_letters_30k.npz`` is looked for in ``data/`` of the folder that
SKACTIVE_SHARED names, by default ``../shared`` beside the repository. ``--full`` takes
EMNIST balanced with 47 classes from OpenML, all of it as the pool, batches of 5.
"""

from grids import main
from runs import shared

from skactive.experiments import Grid

STRATEGIES = {
    "BatchBALD": {"class": "BatchBALD", "n_draws": 10},
    "BALD": {"class": "BALD", "n_draws": 10},
    "Random": "RandomSampling",
}


def make_grid(full=False, exclude=()):
    """Give the grid; short of ``full`` 5,000 candidates and 20 rounds of 10."""
    letters = {"npz": str(shared("emnist_letters_30k.npz"))}
    return Grid(
        name="emnist",
        datasets={"emnist": "emnist_balanced" if full else letters},
        models={"cnn": {"model": "bayesian_cnn_emnist"}},
        strategies=STRATEGIES,
        batch_sizes=5 if full else 10,
        seeds=5,
        n_initial=0,  # the first query asks the untrained network
        n_queries=60 if full else 20,
        pool_size=None if full else 5000,
        exclude=exclude,
        training={"max_epochs": 150, "epoch_length": 512},
    )


if __name__ == "__main__":
    main(
        __doc__,
        make_grid,
        baseline="Random",
        levels=(0.4, 0.5),
        pairs=[("BatchBALD", "BALD")],
    )
