"""How the grids of this folder are played and reported: one command line for all."""

import argparse
import contextlib
from collections import defaultdict
from pathlib import Path

from grid_report import NAMES, keep, read, rounds
from grid_report import report as print_report
from runs import HERE

from skactive.experiments import Store, run_grid


def main(about, make_grid, **report):
    """
    Play or report a grid.

    Runs that are in the study's CSV are not played again; to play them anew, delete
    it.

    Parameters
    ----------
    about : str
        The script's docstring.
    make_grid : callable
        Gives the grid, at the size that fits two cores or, with ``full=True``, at the
        paper's; without the runs in ``exclude``.
    **report : dict
        For `grid_report.report`.
    """
    parser = argparse.ArgumentParser(
        description=about.strip(), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="the paper's size: days")
    parser.add_argument("--report", action="store_true", help="tables and figures")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--store", type=Path, help="an SQLite file, resumed")
    for axis in ("dataset", "strategy", "batch_size", "seed"):
        kind = int if axis in ("batch_size", "seed") else str
        parser.add_argument(f"--{axis}", nargs="+", type=kind, help="these alone")
    options = parser.parse_args()
    grid = make_grid(options.full)
    size = "_full" if options.full else ""
    store = options.store or HERE / f"{grid.name}{size}.sqlite"
    only = {
        axis: getattr(options, axis)
        for axis in ("dataset", "strategy", "batch_size", "seed")
        if getattr(options, axis)
    }
    table = HERE / f"{grid.name}{size}.csv"
    if options.report:
        if store.exists():
            keep(Store(store).runs(grid), table)
        if not table.exists():
            parser.error(f"nothing is played yet: there is no {table.name}")
        tables = table.with_suffix(".txt")
        runs, entropies = read(table)
        with tables.open("w") as file, contextlib.redirect_stdout(file):
            whole = _of_whole_settings(grid, runs)
            print_report(f"{grid.name}{size}", whole, entropies, **report)
        return print(tables.read_text())
    played, chosen = rounds(table), grid.chosen(only)
    if all(_names(setting) in played for setting in chosen):
        return print(f"All {len(chosen)} runs are in {table.name}.")
    names = [_names(setting) for setting in grid.settings()]
    kept = [dict(zip(NAMES, run, strict=True)) for run in names if run in played]
    missing = make_grid(options.full, exclude=kept)
    return print(run_grid(missing, store, n_jobs=options.jobs, only=only))


def _of_whole_settings(grid, runs):
    """Leave out settings that are being played: fewer seeds would change a ranking."""
    played, wanted = {_names(run) for run in runs}, defaultdict(list)
    for setting in grid.settings():
        wanted[_names(setting)[:3]].append(_names(setting) in played)
    unfinished = {names for names, parts in wanted.items() if not all(parts)}
    for names in sorted(unfinished):
        dataset, model, size = names
        print(
            f"- Being played, and not in these tables: {dataset}, {model}, batches of "
            f"{size}; {sum(wanted[names])} of {len(wanted[names])} runs so far."
        )
    return [run for run in runs if _names(run)[:3] not in unfinished]


def _names(setting):
    return tuple(getattr(setting, name) for name in NAMES)
