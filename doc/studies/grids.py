"""How the grids of this folder are played and reported: one command line for all."""

import argparse
import contextlib
from pathlib import Path

from grid_report import keep, read
from grid_report import report as print_report
from runs import HERE

from skactive.experiments import Store, run_grid


def main(about, make_grid, **report):
    """
    Play or report a grid.

    Parameters
    ----------
    about : str
        The script's docstring.
    make_grid : callable
        Gives the grid, at the size that fits two cores or, with ``full=True``, at the
        paper's.
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
    if options.report:
        table = HERE / f"{grid.name}{size}.csv"
        if store.exists():
            keep(Store(store).runs(grid), table)
        tables = table.with_suffix(".txt")
        with tables.open("w") as file, contextlib.redirect_stdout(file):
            print_report(f"{grid.name}{size}", *read(table), **report)
        return print(tables.read_text())
    return print(run_grid(grid, store, n_jobs=options.jobs, only=only))
