"""What the user gets to see: lines, a table, a CSV and a picture."""

import collections
import csv
import itertools

import numpy as np

from skactive.cli._words import counted
from skactive.evaluation import curve_mean, labels_to_reach

LEVELS = (0.90, 0.95)
_COLUMNS = (
    "dataset",
    "estimator",
    "strategy",
    "seed",
    "budget",
    "score",
    "fit_seconds",
    "query_seconds",
)


def header(plan):
    """Say what is going to be played."""
    data, sizes = plan.data, []
    classes = f", {len(data.target_names)} classes" if _has_levels(plan) else ""
    total, n_rows = plan.n_initial + plan.n_queries * plan.batch_size, len(data.y_train)
    if plan.chosen_sizes:
        sizes += ["sized for this set; --initial, --batch-size, --queries change it"]
    if total > n_rows:
        sizes += ["all rows are labelled before the last query, and the loop ends"]
    return "\n".join(
        [
            f"data: {data.name}, {data.task}, "
            f"{counted(data.X_train.shape[1], 'feature')}{classes}",
            f"rows: {n_rows} to label, {len(data.y_test)} to test on",
            f"loop: {counted(plan.n_initial, 'label')} to start from, then "
            f"{counted(plan.n_queries, 'query')} of {plan.batch_size}: "
            f"{min(total, n_rows)} labels in the end",
            *(f"      ({sentence})" for sentence in sizes),
            f"runs: {counted(len(plan.estimators), 'model')} x "
            f"{counted(len(plan.strategies), 'strategy')} x "
            f"{counted(plan.seeds, 'seed')} = {plan.n_runs}, in "
            f"{counted(plan.jobs, 'process')}",
        ]
    )


# ------------------------------------------------------------------- the table


def table(plan, runs):
    """Lay out one line for each model and strategy, and how to read them."""
    levels = LEVELS if _has_levels(plan) else ()
    heads = ["model", "strategy", *(f"{level:.0%} at" for level in levels)]
    heads += ["mean", "final", "sec/run", "runs"]
    lines = [
        [*names, *_reached(group, levels), *_summary(group), str(len(group))]
        for names, group in _grouped(plan, runs)
    ]
    if _is_complete(plan, runs):
        heads, lines = heads[:-1], [line[:-1] for line in lines]
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    rule = "-" * (sum(widths) + 2 * len(widths) - 2)
    text = [_aligned(line, widths) for line in (heads, *lines)]
    for at in reversed(_first_of_each_model(lines)):
        text.insert(at + 1, rule)
    return "\n".join([*text, rule, *_legend(plan, runs, lines)])


def _is_complete(plan, runs):
    return len(runs) == plan.n_runs


def _first_of_each_model(lines):
    models = [line[0] for line in lines]
    return [at for at, model in enumerate(models) if at == 0 or models[at - 1] != model]


def _aligned(line, widths):
    names = [cell.ljust(width) for cell, width in zip(line[:2], widths, strict=False)]
    rest = zip(line[2:], widths[2:], strict=True)
    return "  ".join([*names, *(cell.rjust(width) for cell, width in rest)])


def _reached(runs, levels):
    for level in levels:
        curves = [run.learning_curve_ for run in runs]
        labels = np.array([labels_to_reach(c.budget, c.score, level) for c in curves])
        last = [curve.budget[-1] for curve in curves]
        mean = np.where(np.isnan(labels), last, labels).mean()
        n_there = int(np.isfinite(labels).sum())
        yield (
            f"{mean:.0f}"
            if n_there == len(runs)
            else (f">{mean:.0f} ({n_there}/{len(runs)})")
        )


def _summary(runs):
    curves = [run.learning_curve_ for run in runs]
    seconds = [np.nansum([c.fit_seconds, c.query_seconds]) for c in curves]
    yield f"{np.mean([curve_mean(c.budget, c.score) for c in curves]):.3f}"
    yield f"{np.mean([c.score[-1] for c in curves]):.3f}"
    yield f"{np.mean(seconds):.1f}"


def _legend(plan, runs, lines):
    if _has_levels(plan):
        yield f"90% at  labels needed for a {_metric(plan)} of 90%"
    if any(cell.startswith(">") for line in lines for cell in line[2:]):
        yield ">       not all runs got there, (2/3) = two of three did; the others"
        yield "        count with their last budget, so that the true mean is larger"
    yield f"mean    {_metric(plan)} averaged over the learning curve (area / width)"
    yield f"final   {_metric(plan)} with the last label"
    yield "sec/run time to fit and to query in one run"
    if not _is_complete(plan, runs):
        yield f"runs    how many of {counted(plan.seeds, 'seed')} were finished"
    if plan.seeds > 1:
        yield "Each number is the mean over seeds."


def _grouped(plan, runs):
    by_names = collections.defaultdict(list)
    for run in runs:
        by_names[run.estimator, run.strategy].append(run)
    names = itertools.product(plan.estimators, plan.strategies)
    return [(name, by_names[name]) for name in names if name in by_names]


def _metric(plan):
    return "test accuracy" if _has_levels(plan) else "test R2"


def _has_levels(plan):
    return plan.data.task == "classification"


# ------------------------------------------------------------------- the files


def write_csv(plan, runs):
    """Write one row for each run and round; give the path."""
    path = plan.out / f"{plan.data.name}_learning_curves.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for run in runs:
            curve = run.learning_curve_
            names = (plan.data.name, run.estimator, run.strategy, run.seed)
            columns = [curve[column].tolist() for column in _COLUMNS[4:]]
            for *values, query_seconds in zip(*columns, strict=True):
                asked = "" if np.isnan(query_seconds) else query_seconds
                writer.writerow([*names, *values, asked])
    return path


def write_png(plan, runs):
    """Draw one panel for each model; give the path, or raise ImportError."""
    from matplotlib.figure import Figure

    from skactive.plotting import LearningCurveDisplay

    panels = collections.defaultdict(dict)
    for (estimator, strategy), group in _grouped(plan, runs):
        panels[estimator][strategy] = group
    figure = Figure(figsize=(max(6.4, 4.8 * len(panels)), 4.2), layout="constrained")
    row = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (estimator, simulations) in zip(row, panels.items(), strict=True):
        LearningCurveDisplay.from_simulations(
            simulations, ax=ax, ylabel=_metric(plan).capitalize()
        )
        ax.set_title(estimator)
        ax.label_outer()
    band = ": mean and standard deviation" if plan.seeds > 1 else ""
    figure.suptitle(f"{plan.data.name}, {counted(plan.seeds, 'seed')}{band}")
    path = plan.out / f"{plan.data.name}_learning_curves.png"
    figure.savefig(path, dpi=150)
    return path


# ------------------------------------------------------------------- the troubles


def troubles(plan, finished, failed, ended):
    """Say what went wrong, one sentence each; nothing where all went well."""
    warned = collections.Counter(
        text.partition("\n")[0] for run in finished for text in run.warnings
    )
    for text, n_runs in warned.items():
        yield f"Warned in {counted(n_runs, 'run')}: {text}"
    by_error = collections.defaultdict(list)
    for run in failed:
        by_error[run.error].append(f"{run.estimator} {run.strategy} seed {run.seed}")
    for error, names in by_error.items():
        yield f"Failed: {', '.join(names)}. {error}"
    if ended is not None:
        yield f"{ended}: {len(finished)} of {plan.n_runs} runs were finished."
    if not finished:
        yield "No run was finished, so that nothing was written."
