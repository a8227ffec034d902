"""Tables and figures of ``bayesian.py``."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
from runs import DIFFERENCE, difference, print_table
from scipy.stats import entropy

from skactive.evaluation import curve_mean, labels_to_reach

LEVELS = (0.8, 0.9, 0.95)
COMPARED = {
    "repeated": ("BatchBALD", "BALD", "VariationRatio", "MeanStd"),
    "hybrids": None,  # all with the first, and these
}
DECAYED = "Geometric, decayed: var ratio, posterior var"
ALSO = (
    ("Variation ratio", "Entropy"),
    ("Variation ratio", "BALD"),
    (DECAYED, "Variation ratio"),
)
PUBLISHED = {
    "Uniform": 94.01,
    "Entropy": 95.75,
    "BALD": 95.93,
    "Variation ratio": 97.01,
    "Discriminator": 93.52,
    "Posterior var": 93.93,
    "Min distance": 95.70,
    DECAYED: 96.75,
}
"""Accuracy (%) with 220 labels of Li et al., table 1, their network, T = 100."""


def report(done, name, strategies, folder, figures):
    """
    Print the tables of a setting, and draw its figures.

    Parameters
    ----------
    done : dict
        Rows of the CSV of each run, by (setting, strategy, seed).
    name : str
        The setting.
    strategies : list of str
        In the order of the tables.
    folder : Path
        Where the figures go.
    figures : bool
        Whether to draw.
    """
    runs = {
        strategy: {
            seed: _Run(rows)
            for (setting, which, seed), rows in sorted(done.items())
            if setting == name and which == strategy
        }
        for strategy in strategies
    }
    runs = {strategy: some for strategy, some in runs.items() if some}
    print(f"\n{name}")
    if not runs:
        print("no run yet")
        return
    _print_levels(name, runs)
    for told, measure in (
        ("mean over the curve", _Run.mean),
        ("at the last budget", _Run.last),
        ("entropy of the classes acquired (nats)", _Run.class_entropy),
    ):
        _print_differences(name, runs, told, measure)
    if figures:
        _draw(name, runs, folder)


class _Run:
    def __init__(self, rows):
        self.budget = np.array([int(row["budget"]) for row in rows])
        self.score = np.array([float(row["score"]) for row in rows])
        self.seconds = [float(row["query_s"]) for row in rows[:-1]]
        words = itertools.chain.from_iterable(row["acquired"].split() for row in rows)
        self.labels = np.array([int(word) for word in words])

    def mean(self):
        return curve_mean(self.budget, self.score)

    def last(self):
        return self.score[-1]

    def counts(self):
        """Count the classes of what was asked for, without the rows to start from."""
        return np.bincount(self.labels[self.budget[0] :], minlength=10)

    def class_entropy(self):
        return entropy(self.counts())


def _print_levels(name, runs):
    rows = []
    for strategy, some in runs.items():
        lasts = 100 * np.array([run.last() for run in some.values()])
        quartiles = " / ".join(
            f"{q:.1f}" for q in np.quantile(lasts, (0.25, 0.5, 0.75))
        )
        reached = [
            _quartiles([labels_to_reach(r.budget, r.score, at) for r in some.values()])
            for at in LEVELS
        ]
        seconds = np.median([s for run in some.values() for s in run.seconds])
        entropies = [run.class_entropy() for run in some.values()]
        row = (strategy, len(some), f"{lasts.mean():.2f}", quartiles, *reached)
        row += (f"{np.mean(entropies):.3f}", f"{seconds:.1f}")
        if name == "hybrids":
            row += (PUBLISHED.get(strategy, "none"),)
        rows.append(row)
    heads = ("strategy", "seeds", "last (%)", "quartiles")
    heads += tuple(f"labels to {at:.0%}" for at in LEVELS)
    heads += ("class entropy", "s a query")
    print_table(heads + (("published (%)",) if name == "hybrids" else ()), rows)


def _quartiles(labels):
    """Give the three; a run that never gets there counts as one that takes longest."""
    ranks = np.sort(np.nan_to_num(labels, nan=np.inf))
    found = np.quantile(ranks, (0.25, 0.5, 0.75), method="higher")
    return " / ".join(f"{q:.0f}" if np.isfinite(q) else "more" for q in found)


def _print_differences(name, runs, told, measure):
    numbers = {
        strategy: {seed: measure(run) for seed, run in some.items()}
        for strategy, some in runs.items()
    }
    if COMPARED[name] is None:
        first = next(iter(runs))
        pairs = [(strategy, first) for strategy in runs if strategy != first]
        pairs += [pair for pair in ALSO if set(pair) <= set(runs)]
    else:
        wanted = [*COMPARED[name], "Random"]
        pairs = [
            pair for pair in itertools.combinations(wanted, 2) if set(pair) <= set(runs)
        ]
    rows = []
    for one, other in pairs:
        cells = difference(numbers[one], numbers[other])
        if cells[0]:
            rows.append((one, other, *cells))
    print(f"\nfirst minus second, {told}, paired by seed, 95 % t interval:")
    print_table(("first", "second", *DIFFERENCE), rows)


def _draw(name, runs, folder):
    """Draw medians and quartiles of accuracy, and the classes acquired."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for number, (strategy, some) in enumerate(runs.items()):
        budget = next(iter(some.values())).budget
        low, middle, high = np.quantile(
            [run.score for run in some.values()], (0.25, 0.5, 0.75), axis=0
        )
        color = f"C{number}"
        left.plot(budget, middle, color=color, label=f"{strategy} ({len(some)})")
        left.fill_between(budget, low, high, color=color, alpha=0.12, lw=0)
    left.set_xlabel("labels")
    left.set_ylabel("test accuracy: median, quartiles")
    left.legend(fontsize=7, title="strategy (seeds)", title_fontsize=7)
    for number, some in enumerate(runs.values()):
        counts = np.sum([run.counts() for run in some.values()], axis=0)
        share = np.sort(counts / counts.sum())[::-1]
        right.plot(np.arange(1, 11), share, "o-", ms=3, color=f"C{number}")
    right.axhline(0.1, color="black", lw=0.8, ls=":")
    right.set_xlabel("class, the most acquired first")
    right.set_ylabel("share of the labels asked for")
    right.set_ylim(bottom=0)
    figure.savefig(folder / f"bayesian_{name}.png", dpi=90)
    plt.close(figure)
