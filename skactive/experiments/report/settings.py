"""What the page says of one setting."""

import math
from functools import partial

import numpy as np

from skactive.evaluation import class_entropy_curve
from skactive.evaluation.checks import within_rounding
from skactive.experiments.report.page import paragraph, table
from skactive.experiments.report.pictures import Picture
from skactive.experiments.report.summary import entropy_trouble, summary
from skactive.plotting import LearningCurveDisplay, LevelCostDisplay
from skactive.plotting.style import show_legend, size_for


def section(setting, strategies, options, slug):
    """
    Sum up one setting.

    Parameters
    ----------
    setting : Setting
        The setting.
    strategies : dict
        ``{strategy: {seed: Run}}``.
    options : Options
        Of the report.
    slug : str
        Beginning of the names of the pictures.

    Returns
    -------
    markup : list of str
        Tables and notes.
    pictures : list of Picture
        The figures.
    rows : list of Row
        The numbers of the table.
    """
    rows = summary(strategies, options.baseline, options.level)
    markup = [_table(rows, options)]
    markup += [paragraph(text, "note") for text in _notes(rows, strategies, options)]
    runs = [run for seeds in strategies.values() for run in seeds.values()]
    draw = partial(_draw_curves, runs, options)
    caption = f"{options.ylabel}: mean over seeds and one standard error."
    size = size_for(len(strategies))
    pictures = [Picture(f"{slug}-curves", caption, size, draw)]
    pictures += _cost(strategies, runs, options, slug)
    for kind, words, ylabel, curves in (
        ("query", "Time of a query.", "Seconds a query", _query_seconds(strategies)),
        ("entropy", *_entropy_words(runs), _entropies(strategies, runs)),
    ):
        if curves:
            draw = partial(_draw_other, curves, ylabel, options)
            caption = f"{words} Mean over seeds and one standard error."
            size = size_for(len(curves), most_inside=0)
            pictures.append(Picture(f"{slug}-{kind}", caption, size, draw))
    trouble = entropy_trouble(runs)
    if trouble:
        markup.append(paragraph(f"No class entropy: {trouble}.", "note"))
    if not _query_seconds(strategies):
        markup.append(paragraph("No query times: no run has them.", "note"))
    return markup, pictures, rows


# ------------------------------------------------------------------- the table


def _table(rows, options):
    there = any(row.strategy == options.baseline for row in rows)
    heads = ["Strategy", "Seeds", "Last budget", "Last score", "Mean of curve"]
    if there:
        percent = f"{100 * options.level:.4g}% interval"
        for measure in ("last score", "mean of curve"):
            heads += [f"Δ {measure}", percent, "Smallest", ""]
    heads += ["s a query", "s a fit"]
    cells = []
    for row in rows:
        line = [row.strategy, str(row.n_runs), f"{row.last_budget:g}"]
        line += [number(row.final), number(row.mean)]
        if there:
            is_baseline = row.strategy == options.baseline
            line += _difference(row.final_difference, is_baseline)
            line += _difference(row.mean_difference, is_baseline)
        cells.append([*line, seconds(row.query_seconds), seconds(row.fit_seconds)])
    return table(heads, cells)


def _difference(found, is_baseline):
    if is_baseline:
        return ["", "", "", "baseline"]
    if found is None:
        return ["", "", "", "not comparable"]
    if found.n < 2:
        return [signed(found.mean), "", "", "one seed"]
    kind = "better" if found.mean > 0 else "worse"
    verdict = (kind, kind) if found.is_significant else "not told apart"
    interval = f"{signed(found.low)} to {signed(found.high)}"
    return [signed(found.mean), interval, number(found.smallest), verdict]


def _notes(rows, strategies, options):
    if options.baseline not in strategies:
        yield f"No run here is of the baseline {options.baseline!r}: no differences."
    elif len(rows) == 1:
        yield "A single strategy: nothing to compare."
    if max(row.n_runs for row in rows) < 2:
        yield "A single seed: no standard errors, no intervals and no tests."
    last = {run.budget[-1] for seeds in strategies.values() for run in seeds.values()}
    if len(last) > 1:
        yield (
            f"Runs end at {min(last):g} to {max(last):g} labels: differences are taken "
            "over the budgets that both runs of a seed have."
        )


def number(value):
    """
    Write a number for a table.

    Parameters
    ----------
    value : float
        The number.

    Returns
    -------
    str
        Four decimals, or four digits where it is large.
    """
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.4g}"


def signed(value):
    """
    Write a difference for a table.

    Parameters
    ----------
    value : float
        The difference.

    Returns
    -------
    str
        As `number`, with its sign.
    """
    return f"+{number(value)}" if value >= 0 else number(value)


def seconds(value):
    """
    Write seconds for a table.

    Parameters
    ----------
    value : float
        Seconds, or NaN.

    Returns
    -------
    str
        Three digits; empty for NaN.
    """
    return "" if math.isnan(value) else f"{value:.3g}"


# ------------------------------------------------------------------- the figures


def _draw_curves(runs, options, ax):
    LearningCurveDisplay.from_runs(
        runs, ax=ax, ylabel=options.ylabel, colors=options.colors
    )


def _draw_other(curves, ylabel, options, ax):
    display = LearningCurveDisplay(curves=curves, band="sem", ylabel=ylabel)
    display.plot(ax, colors=options.colors, legend=False)
    # Such curves leave no corner free.
    show_legend(ax, len(curves), most_inside=0)


def _cost(strategies, runs, options, slug):
    """Labels to the given level, or to what the baseline has in the end."""
    level, words = options.reach, "the given level"
    if level is None:
        if options.baseline not in strategies or len(strategies) < 2:
            return []
        baseline = strategies[options.baseline].values()
        level = within_rounding(float(np.mean([run.score[-1] for run in baseline])))
        words = f"{options.baseline}'s mean last score"
    caption = (
        f"Labels until a score of {number(level)}, {words}, is first reached: median "
        "over seeds, and quartiles."
    )
    size = (6.4, 0.9 + 0.32 * len(strategies))
    draw = partial(_draw_cost, runs, level, options)
    pictures = [Picture(f"{slug}-labels", caption, size, draw(cost="labels"))]
    if all(_is_timed(run) for run in runs):
        caption = f"Seconds of fitting and querying until then, {words}."
        pictures.append(Picture(f"{slug}-seconds", caption, size, draw(cost="seconds")))
    return pictures


def _draw_cost(runs, level, options, *, cost):
    settings = {"cost": cost, "colors": options.colors}
    return lambda ax: LevelCostDisplay.from_runs(runs, level, ax=ax, **settings)


def _is_timed(run):
    if run.fit_seconds is None or run.query_seconds is None:
        return False
    return not (
        np.isnan(run.fit_seconds).any() or np.isnan(run.query_seconds[:-1]).any()
    )


def _query_seconds(strategies):
    """Curves over the budgets at which all runs of a strategy asked."""
    curves = {}
    for name, seeds in strategies.items():
        arrays = [
            dict(zip(run.budget[known], run.query_seconds[known], strict=True))
            for run in seeds.values()
            if run.query_seconds is not None
            for known in [~np.isnan(run.query_seconds)]
        ]
        curves |= _common(name, arrays if len(arrays) == len(seeds) else [])
    return curves


def _entropies(strategies, runs):
    if entropy_trouble(runs):
        return {}
    curves = {}
    for name, seeds in strategies.items():
        found = [class_entropy_curve(run) for run in seeds.values()]
        curves |= _common(name, [dict(zip(*curve, strict=True)) for curve in found])
    return curves


def _entropy_words(runs):
    words = "Class entropy of all labels acquired so far, in nats."
    if not entropy_trouble(runs):
        n_classes = len(set().union(*(np.unique(run.acquired) for run in runs)))
        words += f" At most {math.log(n_classes):.3f} with {n_classes} classes seen."
    return words, "Class entropy"


def _common(name, curves):
    """Lay curves, as dicts from budget to height, on the budgets they share."""
    budget = sorted(set.intersection(*map(set, curves))) if curves else []
    if not budget:
        return {}
    return {name: (budget, [[curve[at] for at in budget] for curve in curves])}
