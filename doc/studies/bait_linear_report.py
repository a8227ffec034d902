"""Tables and figures of ``bait_linear.py``: paired differences over the seeds."""

import math

import matplotlib.pyplot as plt
import numpy as np
from runs import DIFFERENCE, difference, print_table

from skactive.evaluation import curve_mean, paired_difference

SCALINGS = ("BAIT paper", "BAIT authors", "BAIT sum")


def report(done, settings, folder, figures):
    """
    Print the tables of each setting, and draw one figure for each.

    Parameters
    ----------
    done : dict
        Rows of the CSV of each run, by (setting, strategy, seed).
    settings : dict of str to Protocol
        The settings to report.
    folder : Path
        Where the figures go.
    figures : bool
        Whether to draw.
    """
    for name, protocol in settings.items():
        curves = _curves(done, name, protocol)
        if not curves:
            print(f"\n{name}: no run yet.")
            continue
        print(f"\n{name}: {protocol.scoring}, {protocol.seeds} seeds planned")
        _print_levels(curves, done, name)
        for measure in (_mean, _final):
            _print_differences(curves, measure)
        if figures:
            _draw(curves, name, protocol.scoring, folder)


def _curves(done, name, protocol):
    """Give budgets and scores by strategy and seed, in the order of the protocol."""
    curves = {strategy: {} for strategy in protocol.strategies}
    for (setting, strategy, seed), rows in sorted(done.items()):
        if setting == name and strategy in curves:
            budget = np.array([int(row["budget"]) for row in rows])
            curves[strategy][seed] = (
                budget,
                np.array([float(row["score"]) for row in rows]),
            )
    return {strategy: runs for strategy, runs in curves.items() if runs}


def _mean(curve):
    """mean over the curve"""
    return curve_mean(*curve)


def _final(curve):
    """at the last budget"""
    return curve[1][-1]


def _numbers(runs, measure):
    return {seed: measure(curve) for seed, curve in runs.items()}


def _print_levels(curves, done, name):
    rows = []
    for strategy, runs in curves.items():
        seconds = [
            float(row["query_s"])
            for seed in runs
            for row in done[name, strategy, seed][:-1]
        ]
        means, finals = ([f(curve) for curve in runs.values()] for f in (_mean, _final))
        rows.append(
            (
                strategy,
                len(runs),
                f"{np.mean(means):.4f}",
                f"{np.mean(finals):.4f}",
                f"{np.median(seconds):.2f}",
            )
        )
    print_table(("strategy", "seeds", "mean", "last", "s a query"), rows)


def _print_differences(curves, measure):
    rows = []
    for ours in SCALINGS:
        for rival, runs in curves.items():
            if ours not in curves or rival in SCALINGS[: SCALINGS.index(ours) + 1]:
                continue
            cells = difference(_numbers(curves[ours], measure), _numbers(runs, measure))
            if cells[0]:
                rows.append((ours, rival, *cells))
    print(f"\nfirst minus second, {measure.__doc__}, paired by seed, 95 % t interval:")
    print_table(("first", "second", *DIFFERENCE), rows)


def _draw(curves, name, scoring, folder):
    """Draw the mean curves, and how far each scaling of BAIT is above each rival."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    _draw_curves(left, curves, -1 if scoring.startswith("neg_") else 1)
    left.set_title(f"{name}: mean and standard error")
    _draw_differences(right, curves)
    figure.savefig(folder / f"bait_linear_{name}.png", dpi=90)
    plt.close(figure)


def _draw_curves(ax, curves, sign):
    for number, (strategy, runs) in enumerate(curves.items()):
        budget = next(iter(runs.values()))[0]
        scores = sign * np.array([score for _, score in runs.values()])
        middle, color = scores.mean(axis=0), f"C{number}"
        style = "-" if strategy in SCALINGS else "--"
        label = f"{strategy} ({len(runs)} seed{'s' * (len(runs) > 1)})"
        ax.plot(budget, middle, style, color=color, label=label)
        if len(scores) > 1:
            error = scores.std(axis=0, ddof=1) / math.sqrt(len(scores))
            ax.fill_between(
                budget, middle - error, middle + error, color=color, alpha=0.12, lw=0
            )
    ax.set_xlabel("labels")
    ax.set_ylabel("accuracy" if sign == 1 else "mean squared error (inches²)")
    ax.legend(fontsize=7)


def _draw_differences(ax, curves):
    rivals = [strategy for strategy in curves if strategy not in SCALINGS]
    for turn, ours in enumerate(one for one in SCALINGS if one in curves):
        means = {name: _numbers(runs, _mean) for name, runs in curves.items()}
        found = [paired_difference(means[ours], means[rival]) for rival in rivals]
        at = np.arange(len(rivals)) + 0.2 * (turn - 1)
        color = f"C{list(curves).index(ours)}"
        middle = [one.mean for one in found]
        half = np.nan_to_num([one.smallest for one in found])
        ax.errorbar(middle, at, xerr=half, fmt="o", ms=4, color=color)
    ax.axvline(0, color="black", lw=0.8)
    ax.set_yticks(range(len(rivals)), rivals)
    ax.invert_yaxis()
    ax.set_xlabel("how far BAIT is above, mean over the curve")
    ax.set_title("paired by seed, 95 % t intervals")
    ax.locator_params(axis="x", nbins=6)
