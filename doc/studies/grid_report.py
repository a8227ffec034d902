"""Tables and figures of the grids of this folder, from one CSV for each."""

import csv
import math
from collections import defaultdict
from statistics import mean, median, stdev

from runs import DIFFERENCE, HERE, difference, print_table

from skactive.evaluation import (
    Run,
    by_setting,
    class_entropy_curve,
    curve_mean,
    labels_to_reach_quartiles,
    penalty_matrices,
    penalty_matrix,
    total_seconds,
)
from skactive.plotting import (
    LearningCurveDisplay,
    LevelCostDisplay,
    NormalizedErrorDisplay,
    PenaltyMatrixDisplay,
)

NAMES = "dataset", "model", "batch_size", "strategy", "seed"
NUMBERS = "budget", "score", "query_seconds", "fit_seconds", "class_entropy"
DPI = 110


def keep(runs, path):
    """
    Add runs to a CSV, with the entropy of the classes known at each round.

    Those of the file that are not among ``runs`` stay: a study is played on several
    machines, or in several weeks.
    """
    table = rounds(path)
    for run in runs:
        entropy = dict(zip(*class_entropy_curve(run), strict=True))
        curves = run.budget, run.score, run.query_seconds, run.fit_seconds
        table[_names(run)] = [
            [str(int(budget)), f"{score:.6g}"]
            + [f"{x:.4g}" for x in (query, fit, entropy.get(budget, math.nan))]
            for budget, score, query, fit in zip(*curves, strict=True)
        ]
    fresh = path.with_suffix(".tmp")
    with fresh.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(NAMES + NUMBERS)
        for names, numbers in sorted(table.items()):
            rows.writerows([*names, *row] for row in numbers)
    fresh.replace(path)


def rounds(path):
    """Give the rounds of each run in a CSV, by the run's names; none without a file."""
    table = defaultdict(list)
    if path.is_file():
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                dataset, model, size, strategy, seed = (row[name] for name in NAMES)
                names = dataset, model, int(size), strategy, int(seed)
                table[names].append([row[name] for name in NUMBERS])
    return table


def read(path):
    """Read what `keep` wrote: runs, and the class entropy of each at its end."""
    runs, entropies = [], {}
    for names, rows in rounds(path).items():
        numbers = [[float(number) for number in row] for row in rows]
        budget, score, query, fit, entropy = zip(*numbers, strict=True)
        runs.append(Run(*names, budget, score, query_seconds=query, fit_seconds=fit))
        entropies[names] = entropy[-1]
    return runs, entropies


def report(name, runs, entropies, *, baseline, levels=(), pairs=(), left_out=()):
    """
    Print tables, as the page includes them, and draw figures.

    Parameters
    ----------
    name : str
        Of the study; figures are named after it.
    runs : list of Run
        Finished runs.
    entropies : dict
        Class entropy of what each has acquired.
    baseline : str
        The strategy that all others are compared with.
    levels : sequence of float, default=()
        Scores to count labels to; the last that is reached is drawn.
    pairs : sequence of (str, str), default=()
        What else is compared.
    left_out : sequence of str, default=()
        Strategies that are not in the penalty matrix: played in some settings only.
    """
    for setting, strategies in by_setting(runs).items():
        _title(str(setting))
        _print_levels(setting, strategies, entropies, levels)
        for told, number in (
            ("last score", lambda run: run.score[-1]),
            ("mean over the curve", lambda run: curve_mean(run.budget, run.score)),
            ("class entropy (nats)", lambda run: entropies[_names(run)]),
            ("seconds of queries", lambda run: _seconds(run.query_seconds)),
        ):
            print(f"\nPaired differences, {told}:\n")
            _print_pairs(strategies, number, baseline, pairs)
        _draw(name, setting, strategies, baseline)
    whole = [run for run in runs if run.strategy not in left_out]
    if len(by_setting(whole)) > 1:
        _penalties(name, whole, baseline)


def _names(run):
    return tuple(getattr(run, name) for name in NAMES)


def _seconds(seconds):
    return math.fsum(s for s in seconds if not math.isnan(s))


def _print_levels(setting, strategies, entropies, levels):
    heads = ["strategy", "seeds", "last (%)", "mean of curve (%)"]
    heads += [f"labels to {level:.0%}" for level in levels]
    heads += ["class entropy", "s a query", "s a run"]
    rows = []
    for strategy, seeds in strategies.items():
        runs = list(seeds.values())
        queries = [s for run in runs for s in run.query_seconds if not math.isnan(s)]
        reached = [labels_to_reach_quartiles(runs, level)[0] for level in levels]
        rows.append(
            [
                strategy,
                len(runs),
                _percent([run.score[-1] for run in runs]),
                f"{100 * mean(curve_mean(run.budget, run.score) for run in runs):.2f}",
                *(_quartiles(row) for row in reached),
                f"{mean(entropies[_names(run)] for run in runs):.3f}",
                f"{median(queries):.2g}",
                f"{median(total_seconds(run)[-1] for run in runs):.0f}",
            ]
        )
    print_table(heads, rows)


def _percent(scores):
    spread = f" ± {100 * stdev(scores):.2f}" if len(scores) > 1 else ""
    return f"{100 * mean(scores):.2f}{spread}"


def _quartiles(row):
    numbers = (row.lower, row.median, row.upper)
    return " / ".join("more" if math.isinf(n) else f"{n:.0f}" for n in numbers)


def _print_pairs(strategies, number, baseline, pairs):
    numbers = {
        strategy: {seed: number(run) for seed, run in seeds.items()}
        for strategy, seeds in strategies.items()
    }
    compared = [(name, baseline) for name in numbers if name != baseline]
    rows = [
        (*pair, *difference(*(numbers[name] for name in pair)))
        for pair in [*compared, *pairs]
        if set(pair) <= set(numbers)
    ]
    print_table(("first", "second", *DIFFERENCE), rows)


def _penalties(name, runs, baseline):
    whole = penalty_matrix(runs, baseline=baseline)
    columns = {"all": whole}
    for by in ("dataset", "batch_size"):
        some = penalty_matrices(runs, by, baseline=baseline)
        columns |= {str(value): matrix for value, matrix in some.items()}
    n = len(whole.settings)
    _title("penalty matrix")
    print(f"Means of the columns: wins of others over it, of {n} settings at most.\n")
    order = sorted(range(len(whole.strategies)), key=lambda i: whole.column_means[i])
    rows = [
        [
            whole.strategies[i],
            *(
                f"{m.column_means[m.strategies.index(whole.strategies[i])]:.2f}"
                for m in columns.values()
            ),
        ]
        for i in order
    ]
    print_table(["strategy", *columns], rows)
    for left_out in whole.left_out:
        print(f"\n- Left out: {left_out}")
    display = PenaltyMatrixDisplay.from_runs(runs, baseline=baseline, sort=True)
    _save(display, f"{name}_penalties")
    _save(NormalizedErrorDisplay.from_runs(runs, baseline=baseline), f"{name}_errors")


def _title(words):
    print(f"\n.. rubric:: {words[0].upper()}{words[1:]}\n")


def _draw(name, setting, strategies, baseline):
    runs = [run for seeds in strategies.values() for run in seeds.values()]
    stem = f"{name}_{setting.dataset}_{setting.batch_size}"
    _save(LearningCurveDisplay.from_runs(runs, ylabel="Accuracy"), f"{stem}_curves")
    # A little less: seeds that all end at the mean miss it by rounding.
    level = mean(run.score[-1] for run in strategies[baseline].values()) - 1e-12
    display = LevelCostDisplay.from_runs(runs, level, cost="seconds")
    _save(display, f"{stem}_seconds")


def _save(display, stem):
    display.figure_.savefig(HERE / f"{stem}.png", dpi=DPI, bbox_inches="tight")
