"""The commands on grids of experiments: `skactive run`, `status` and `report`."""

import argparse
import math
import textwrap
import time
from pathlib import Path

import joblib

import skactive.strategies
from skactive.cli._words import count, counted, say, warnings_as_notes
from skactive.datasets import list_datasets
from skactive.experiments import Grid, GridError, Store, StoreError, grid_status
from skactive.experiments.checks import check_known
from skactive.experiments.grid import AXES
from skactive.experiments.models import SHORT_NAMES
from skactive.experiments.progress import expected_seconds, in_words
from skactive.experiments.running import run_grid, to_play, try_grid
from skactive.strategies import RandomSampling

_SUCCESS, _FAILURE, _USAGE = 0, 1, 2
_EPILOG = """\
A grid file names data sets, models, strategies, batch sizes and seeds:

  batch_sizes = [10]
  seeds = 3
  datasets = ["digits"]
  models = ["logistic"]

  [protocol]
  n_initial = 20
  max_labels = 120

  [strategies.badge]
  class = "BADGE"

  [strategies.random]
  class = "RandomSampling"

data sets:  {}
models:     {}
strategies: {}

exit codes: {}, 2 wrong usage"""
_EXIT_CODES = {
    "run": "0 all went well, 1 a run failed or is missing",
    "status": "0 it was told, whatever it is",
    "report": "0 it was written, 1 no run is finished",
}


def main(words):
    """Run one of COMMANDS; give the exit code."""
    args = _parser(words[0]).parse_args(words[1:])
    try:
        grid = Grid.from_toml(args.grid)
        store = Store(args.store or args.grid.with_suffix(".sqlite"))
        with warnings_as_notes():
            return COMMANDS[words[0]](grid, store, _only(grid, args.only), args)
    except (GridError, StoreError, OSError) as error:
        say(f"skactive: {error}")
        return _USAGE
    except KeyboardInterrupt:
        say("Interrupted.")
        return _FAILURE


class _Parser(argparse.ArgumentParser):
    """A parser whose help names what a grid can be made of."""

    def format_help(self):
        # skorch takes a second to import; who wants no help can do without.
        from skactive.nets import list_nets

        strategies, exit_codes = skactive.strategies.__all__, self.epilog
        names = list_datasets(), [*SHORT_NAMES, *list_nets()], strategies
        self.epilog = _EPILOG.format(*map(_wrapped, names), exit_codes)
        try:
            return super().format_help()
        finally:
            self.epilog = exit_codes


def _wrapped(names):
    space = " " * len("strategies: ")
    text = textwrap.fill(
        ", ".join(names), 78, initial_indent=space, subsequent_indent=space
    )
    return text.lstrip()


def _parser(command):
    parser = _Parser(
        prog=f"skactive {command}",
        description=COMMANDS[command].__doc__,
        epilog=_EXIT_CODES[command],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("grid", type=Path, metavar="GRID.TOML", help="the grid")
    add(
        "--store",
        type=Path,
        metavar="FILE",
        help="where finished runs are kept (beside the grid, ending in .sqlite)",
    )
    add(
        "--only",
        action="append",
        default=[],
        metavar="AXIS=NAMES",
        help="some of it: --only strategy=badge,margin --only seed=0,1 (of "
        f"{', '.join(AXES)})",
    )
    if command == "run":
        add(
            "--jobs",
            type=count,
            metavar="N",
            default=joblib.cpu_count(),
            help="processes (all cores); the results do not depend on it",
        )
        add("--retry", action="store_true", help="play failed runs again, too")
        add("--dry-run", action="store_true", help="check all, and play nothing")
        add(
            "--no-rehearsal",
            action="store_true",
            help="do not try each strategy with each model first",
        )
    if command == "report":
        add(
            "--out",
            type=Path,
            metavar="FILE.HTML",
            help="the page (beside the grid, ending in .html)",
        )
        add(
            "--baseline",
            metavar="NAME",
            help="strategy to compare with (the grid's RandomSampling)",
        )
        add(
            "--budgets",
            choices=("000", "002"),
            default="000",
            help="where the penalty matrix compares: by the rule of BADGE's paper, or "
            "of BAIT's, which takes losses too (000)",
        )
        add(
            "--level",
            type=float,
            default=0.95,
            metavar="SHARE",
            help="confidence of intervals and tests (0.95)",
        )
        add(
            "--reach",
            type=float,
            metavar="SCORE",
            help="the score to reach in figures of labels and seconds (the baseline's "
            "mean last score)",
        )
        add("--png", action="store_true", help="write each figure as a file, too")
        add("--csv", action="store_true", help="write each table as a file, too")
    return parser


def _only(grid, words):
    """Read AXIS=NAME,NAME; a name with a comma in it is taken whole."""
    only, axes = {}, grid.axes()
    for word in words:
        axis, sign, text = word.partition("=")
        if not sign:
            raise GridError(
                f"--only: write AXIS=NAMES, such as seed=0,1, not {word!r}."
            )
        values = [text] if text in axes.get(axis, ()) else text.split(",")
        if axis in ("batch_size", "seed"):
            values = [int(v) if v.isdecimal() else v for v in values]
        only.setdefault(axis, []).extend(values)
    grid.chosen(only)  # says what there is not
    return only


# ------------------------------------------------------------------- the commands


def _run(grid, store, only, args):
    """Play what is missing of a grid of experiments; the same command resumes."""
    status = grid_status(grid, store, only=only)
    todo = to_play(status, args.retry)
    n_jobs = min(args.jobs, max(len(todo), 1))
    _print_grid(grid, store, status)
    if todo:
        left = expected_seconds(todo, status.done) / n_jobs
        time_left = "" if math.isnan(left) else f", about {in_words(left)}"
        print(
            f"to play: {counted(len(todo), 'run')} in {counted(n_jobs, 'process')}"
            f"{time_left}",
            flush=True,
        )
    if args.dry_run:
        if not args.no_rehearsal:
            try_grid(grid, todo, status, progress=True)
        print("All can be played; nothing was, as --dry-run says.")
        return _SUCCESS
    start, ended = time.perf_counter(), None
    try:
        run_grid(
            grid,
            store,
            n_jobs=n_jobs,
            retry=args.retry,
            only=only,
            rehearsal=not args.no_rehearsal,
        )
    except KeyboardInterrupt:
        ended = "Interrupted. The same command goes on."
    except RuntimeError as error:
        ended = str(error)
    seconds = time.perf_counter() - start
    status = grid_status(grid, store, only=only)
    print(f"{status}, after {in_words(seconds)}", flush=True)
    _say_remarks(store, status, retried=args.retry)
    if ended is not None:
        say(ended)
    return _FAILURE if status.failed or status.missing else _SUCCESS


def _status(grid, store, only, args):
    """Say how much of a grid of experiments is played, and how long the rest takes."""
    status = grid_status(grid, store, only=only)
    _print_grid(grid, store, status)
    if status.missing:
        left = in_words(status.seconds_left)
        print(f"time left: {left}, one run after the other")
    print(f"\n{_table(grid, status)}", flush=True)
    _say_remarks(store, status, retried=False)
    return _SUCCESS


def _report(grid, store, only, args):
    """Write a page of HTML with curves, tables and tests of what is played."""
    from skactive.experiments.report import write_report

    if args.baseline is not None:
        check_known("--baseline", args.baseline, grid.strategies, "strategy")
    status = grid_status(grid, store, only=only)
    if not status.done:
        say("No run is finished yet: play some with skactive run.")
        return _FAILURE
    try:
        written = write_report(
            store.runs(grid, only=only),
            args.out or args.grid.with_suffix(".html"),
            title=grid.name,
            baseline=args.baseline or _random_of(grid),
            budgets=args.budgets,
            level=args.level,
            reach=args.reach,
            ylabel=_score_of(grid),
            perfect=0.0 if _score_of(grid).startswith("neg") else 1.0,
            notes=[f"{status}.", *_failures(status), *_remarks(store, status)],
            png=args.png,
            csv=args.csv,
        )
    except (ImportError, ValueError) as error:
        say(f"skactive: {error}")
        return _USAGE
    for path in written:
        print(f"Written: {path}")
    return _SUCCESS


def _random_of(grid):
    for label, choice in grid.strategies.items():
        if isinstance(choice.strategy, RandomSampling):
            return label
    return "random"


def _score_of(grid):
    if grid.scoring is None:
        return "Score"
    return grid.scoring.replace("_", " ")


COMMANDS = {"run": _run, "status": _status, "report": _report}


# ------------------------------------------------------------------- what is shown


def _print_grid(grid, store, status):
    sizes = (
        (len(grid.datasets), "data set"),
        (len(grid.models), "model"),
        (len(grid.batch_sizes), "batch size"),
        (len(grid.strategies), "strategy"),
        (len(grid.seeds), "seed"),
    )
    product = " x ".join(counted(n, noun) for n, noun in sizes)
    n_runs = len(grid.settings())
    n_excluded = math.prod(n for n, _ in sizes) - n_runs
    excluded = f", {n_excluded} excluded" if n_excluded else ""
    print(f"grid: {grid.name}, {counted(n_runs, 'run')}:\n      {product}{excluded}")
    others = f", {status.n_others} of other settings" if status.n_others else ""
    print(f"store: {store.path}\nruns: {status}{others}", flush=True)


def _table(grid, status):
    """Lay out a line for each data set, model and strategy."""
    heads = ("data set", "model", "strategy", "done", "failed", "missing", "sec/run")
    lines = []
    for dataset in grid.datasets:
        for model in grid.models:
            for strategy in grid.strategies:
                names = (dataset, model, strategy)
                groups = [
                    [s for s in part if (s.dataset, s.model, s.strategy) == names]
                    for part in (status.done, status.failed, status.missing)
                ]
                if any(groups):
                    seconds = [status.done[setting] for setting in groups[0]]
                    mean = f"{sum(seconds) / len(seconds):.1f}" if seconds else ""
                    lines.append((*names, *(str(len(g)) for g in groups), mean))
    widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if at < 3 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (heads, *lines)
    )


def _say_remarks(store, status, retried):
    for sentence in (*_failures(status), *_remarks(store, status)):
        say(sentence)
    if status.failed and not retried:
        say("Failed runs are played again with --retry.")


def _remarks(store, status):
    return store.remarks(setting.key for setting in status.done)


def _failures(status):
    """Name failed runs by what their tracebacks end in, alike ones together."""
    by_error = {}
    for setting, error in status.failed.items():
        by_error.setdefault(_first_line(error), []).append(setting)
    for line, settings in by_error.items():
        more = f" and {len(settings) - 3} more" if len(settings) > 3 else ""
        yield f"Failed: {line} ({'; '.join(map(str, settings[:3]))}{more})"


def _first_line(error):
    """Give the type of an exception and the first line of what it says."""
    lines = error.strip().rpartition("Traceback (most recent call last):")[2]
    lines = [line for line in lines.splitlines() if line]
    return next((line for line in lines if not line.startswith(" ")), lines[-1])
