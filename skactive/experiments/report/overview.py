"""What the page says of all settings together."""

from functools import partial

from skactive.evaluation import (
    by_setting,
    normalized_errors,
    penalty_matrices,
    penalty_matrix,
)
from skactive.experiments.report.page import paragraph, table
from skactive.experiments.report.pictures import Picture
from skactive.plotting import NormalizedErrorDisplay, PenaltyMatrixDisplay
from skactive.plotting.style import size_for

_GROUPS = {"batch_size": "batches of {}", "model": "model {}"}


def penalties(runs, names, options):
    """
    Compare all strategies by the penalty matrix.

    Parameters
    ----------
    runs : list of Run
        The runs of all settings.
    names : tuple of str
        All strategies.
    options : Options
        Of the report.

    Returns
    -------
    markup : list of str
        Column means, or why there are none.
    pictures : list of Picture
        The matrix of all, by batch size and by model.
    found : PenaltyMatrix or None
        The matrix of all.
    """
    reason = _without_baseline(names, options)
    if len(names) < 2:
        reason = "there is a single strategy"
    if reason:
        return [paragraph(f"No penalty matrix: {reason}.", "note")], [], None
    settings = {
        "baseline": options.baseline,
        "budgets": options.budgets,
        "level": options.level,
    }
    found = penalty_matrix(runs, **settings)
    if not found.settings:
        reason = "every setting was left out; the reasons are at the end of the page"
        return [paragraph(f"No penalty matrix: {reason}.", "note")], [], found
    caption = (
        "Penalty matrix of all settings: how often the strategy of the row beat that "
        f"of the column in a paired t test at {100 * options.level:.4g}%, each "
        "setting with the weight 1. A low column mean is good."
    )
    laid = by_setting(runs)
    partly = [
        name
        for name in found.strategies
        if not all(name in laid[setting] for setting in found.settings)
    ]
    if partly:
        caption += (
            f" Not in all settings, so that it could not lose in all: "
            f"{', '.join(partly)}."
        )
    pictures = [_matrix("penalties", caption, found)]
    for by, words in _GROUPS.items():
        groups = penalty_matrices(runs, by, **settings)
        if len(groups) > 1:
            pictures += [
                _matrix(
                    f"penalties-{by}-{k}",
                    f"Penalty matrix: {words.format(value)}.",
                    group,
                )
                for k, (value, group) in enumerate(groups.items(), start=1)
                if group.settings
            ]
    means = sorted(zip(found.column_means, found.strategies, strict=True))
    rows = [[name, f"{mean:.3f}"] for mean, name in means]
    used = [
        f"{setting} at {', '.join(f'{at:g}' for at in budgets)} labels"
        for setting, budgets in found.settings.items()
    ]
    note = paragraph(f"Compared: {'; '.join(used)}.", "note")
    return [table(["Strategy", "Column mean"], rows), note], pictures, found


def _matrix(name, caption, found):
    display = PenaltyMatrixDisplay(found)
    return Picture(name, caption, display.size, display.plot)


def errors(runs, names, options):
    """
    Compare all strategies by their normalised errors.

    Parameters
    ----------
    runs : list of Run
        The runs of all settings.
    names : tuple of str
        All strategies.
    options : Options
        Of the report.

    Returns
    -------
    markup : list of str
        Why there are none, if so.
    pictures : list of Picture
        The distribution.
    found : NormalizedErrors or None
        The errors.
    """
    best = max(run.score.max() for run in runs)
    perfect = options.perfect
    reason = ""
    if options.baseline not in names:
        reason = f"no run is of the baseline {options.baseline!r}"
    elif len(names) < 2:
        reason = "there is a single strategy"
    elif best > perfect:
        reason = f"a run scores {best:g}, above perfect={perfect:g}"
    elif best <= 0 < perfect:
        reason = (
            f"no score is above 0, so that {perfect:g} less the score is hardly an "
            "error; for negated losses give perfect=0"
        )
    if reason:
        return [paragraph(f"No normalised errors: {reason}.", "note")], [], None
    found = normalized_errors(
        runs, baseline=options.baseline, budgets=options.budgets, perfect=perfect
    )
    if not found.settings:
        reason = "every setting was left out; the reasons are at the end of the page"
        return [paragraph(f"No normalised errors: {reason}.", "note")], [], found
    caption = (
        f"Share of settings in which a strategy's error ({perfect:g} less the score) "
        f"is at most so much of that of {options.baseline}. Left and above is better."
    )
    draw = partial(_draw_errors, found, options)
    return [], [Picture("errors", caption, size_for(len(found.errors)), draw)], found


def _draw_errors(found, options, ax):
    NormalizedErrorDisplay(found).plot(ax, colors=options.colors)


def _without_baseline(names, options):
    if isinstance(options.budgets, str) and options.baseline not in names:
        return (
            f"no run is of the baseline {options.baseline!r}, which the rule for the "
            "budgets looks at"
        )
    return ""
