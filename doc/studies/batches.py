"""
How diverse and how uncertain batches are, by their gradients (Ash et al., F. 2 and 24).

    python doc/studies/batches.py                      # half an hour; may be restarted
    python doc/studies/batches.py --report             # tables and figures

Data and network are those of ``badge.py``; each strategy goes its own way from 100
labels to 1,100 in batches of 100, and every batch is seen by the network that was there
when it was asked for. A finished run is appended to ``batches.csv``.
"""

import argparse
import contextlib
import math
from collections import defaultdict
from statistics import mean, median

import torch
from badge import MODELS, datasets
from grid_report import DPI
from runs import DIFFERENCE, HERE, append, difference, finished, print_table, start_anew
from threadpoolctl import threadpool_limits

from skactive import ActiveLearningSimulation
from skactive.evaluation import BatchDiversity, diversity_of_batches
from skactive.experiments import Grid
from skactive.inspection import embed
from skactive.plotting import BatchDiversityDisplay

FIELDS = "setting", "strategy", "seed", "budget", "gram_logdet", "mean_norm"
SAMPLERS = {
    "k-means++": "BADGE",
    "k-DPP": {"class": "BADGE", "sampler": "kdpp"},
    "Farthest first": {"class": "BADGE", "sampler": "kcenter"},
    "Confidence": "LeastConfidence",
    "Random": "RandomSampling",
}
BATCH, N_QUERIES, SEEDS = 100, 10, range(5)
TABLE = HERE / "batches.csv"


def play(grid, dataset, strategy, seed):
    """Play one run and give its rows."""
    data = grid.datasets[dataset].load()
    net = grid.models["mlp"].make(data)
    simulation = ActiveLearningSimulation(
        grid.strategies[strategy].make(net),
        n_initial=BATCH,
        initial="random",
        batch_size=BATCH,
        n_queries=N_QUERIES,
        pool_size=10_000,
        random_state=seed,
    ).fit(data.X_train, data.y_train)
    found = diversity_of_batches(simulation, data.X_train, embed)
    return [
        (dataset, strategy, seed, *numbers)
        for numbers in zip(
            found.budget, found.gram_logdet, found.mean_norm, strict=True
        )
    ]


def report(done):
    """Print tables and draw a figure for each data set."""
    settings = defaultdict(lambda: defaultdict(dict))
    for (setting, strategy, seed), rows in sorted(done.items()):
        columns = ([float(row[name]) for row in rows] for name in FIELDS[-2:])
        found = BatchDiversity(*columns, [int(row["budget"]) for row in rows])
        settings[setting][strategy][seed] = found
    for setting, strategies in settings.items():
        strategies = {name: strategies[name] for name in SAMPLERS if name in strategies}
        print(f"\n.. rubric:: {setting.capitalize()}, mlp, batches of {BATCH}\n")
        medians, means = (
            {
                name: {seed: of(getattr(f, field)) for seed, f in seeds.items()}
                for name, seeds in strategies.items()
            }
            # A batch of dependent gradients has the log-determinant -inf.
            for field, of in (("gram_logdet", median), ("mean_norm", mean))
        )
        rows = [
            (
                name,
                len(seeds),
                sum(f.gram_logdet.count(-math.inf) for f in seeds.values()),
                f"{median(medians[name].values()):.1f}",
                f"{mean(means[name].values()):.2f}",
            )
            for name, seeds in strategies.items()
        ]
        print_table(
            ("strategy", "seeds", "dependent", "log-determinant", "length"), rows
        )
        first, *others = strategies
        for told, numbers in (
            ("median log-determinant of a run's batches", medians),
            ("mean length of a run's gradients", means),
        ):
            print(f"\nPaired differences, {told}:\n")
            print_table(
                ("first", "second", *DIFFERENCE),
                [
                    (first, other, *difference(numbers[first], numbers[other]))
                    for other in others
                    if math.isfinite(min(numbers[other].values()))
                ],
            )
        display = BatchDiversityDisplay(
            {name: list(seeds.values()) for name, seeds in strategies.items()}
        ).plot()
        path = HERE / f"batches_{setting}.png"
        display.figure_.savefig(path, dpi=DPI, bbox_inches="tight")


def main():
    """Play what is missing, or report."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--report", action="store_true", help="tables and figures")
    done = finished(TABLE, dict.fromkeys(("mnist", "letter"), N_QUERIES))
    if parser.parse_args().report:
        tables = TABLE.with_suffix(".txt")
        with tables.open("w") as file, contextlib.redirect_stdout(file):
            report(done)
        return print(tables.read_text())
    grid = Grid(
        name="batches",
        datasets=datasets(),
        models=MODELS,
        strategies=SAMPLERS,
        batch_sizes=BATCH,
        n_queries=N_QUERIES,
        training={"max_epochs": 400},
    )
    start_anew(TABLE, done, FIELDS)
    torch.set_num_threads(1)
    for dataset in grid.datasets:
        for seed in SEEDS:
            for strategy in SAMPLERS:
                if (dataset, strategy, seed) in done:
                    continue
                with threadpool_limits(1):
                    append(TABLE, play(grid, dataset, strategy, seed))
                print(f"{dataset} {strategy} seed {seed}", flush=True)
    return None


if __name__ == "__main__":
    main()
