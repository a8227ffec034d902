"""The options of the command, and the plan of runs they come to."""

import argparse
import os
import tempfile
from pathlib import Path

import joblib
from sklearn.utils import Bunch

import skactive
from skactive.cli._models import (
    DEFAULT_ESTIMATORS,
    ESTIMATORS,
    ON_REQUEST,
    STRATEGIES,
    lacks,
)
from skactive.cli._words import count
from skactive.datasets import TASKS, list_datasets, load_dataset, load_table

_DESCRIPTION = """\
Compare active-learning strategies on a data set: play the loop for each model,
strategy and seed, with the labels held back until they are asked for. Without any
option: the quick strategies on scikit-learn's digits, with a logistic regression
and a neural network, in one to two minutes."""
_EPILOG = """\
examples:
  skactive
  skactive --dataset iris --strategies random,margin --estimator forest
  skactive --dataset diabetes --estimator ridge
  skactive --dataset patients.csv --target diagnosis --seeds 10

several data sets, models and batch sizes, kept in a file and resumed:
  skactive run grid.toml      play what is missing (skactive run --help)
  skactive status grid.toml   how much is played, and how long the rest takes
  skactive report grid.toml   curves, tables and tests on a page of HTML

exit codes: 0 all went well, 1 a run failed or was interrupted, 2 wrong usage"""


class UsageError(Exception):
    """A sentence for somebody who asked for what there is not."""


def parse(argv):
    """Parse the arguments; argparse raises SystemExit where they are not understood."""
    parser = argparse.ArgumentParser(
        prog="skactive",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    data, loop, run = map(parser.add_argument_group, ("data", "loop", "run"))
    _add_names(data, loop)
    loop.add_argument("--initial", type=count, metavar="N", help="labels to start from")
    loop.add_argument("--batch-size", type=count, metavar="N", help="labels per query")
    loop.add_argument("--queries", type=count, metavar="N", help="queries (50)")
    loop.add_argument(
        "--seeds",
        type=count,
        metavar="N",
        default=3,
        help="runs of each, seed 0 .. N-1 (3)",
    )
    run.add_argument(
        "--jobs",
        type=count,
        metavar="N",
        default=joblib.cpu_count(),
        help="processes (all cores); the results do not depend on it",
    )
    run.add_argument(
        "--out",
        type=Path,
        metavar="FOLDER",
        default=Path("skactive-results"),
        help="where CSV and PNG go (skactive-results)",
    )
    add("--version", action="version", version=f"skactive {skactive.__version__}")
    return parser.parse_args(argv)


def _add_names(data, loop):
    data.add_argument(
        "--dataset",
        metavar="NAME",
        default="digits",
        help=f"{', '.join(list_datasets())}, or the path of a CSV or parquet file",
    )
    data.add_argument("--target", metavar="COLUMN", help="of a file: what to predict")
    data.add_argument(
        "--task", choices=TASKS, help="of a file: decided by its target otherwise"
    )
    loop.add_argument(
        "--strategies",
        nargs="+",
        metavar="NAME",
        help=f"of {', '.join(STRATEGIES)} (all that the models allow, for "
        f"classification without {' and '.join(ON_REQUEST[TASKS[0]])})",
    )
    models = "; ".join(f"for {task} {', '.join(ESTIMATORS[task])}" for task in TASKS)
    loop.add_argument(
        "--estimator", nargs="+", metavar="NAME", help=f"{models} (the first two)"
    )


def make_plan(args):
    """Turn options into all there is to know for the runs, or raise UsageError."""
    try:
        data = _load(args)
    except (ValueError, OSError, ImportError) as error:
        raise UsageError(str(error)) from error
    estimators = _names(args.estimator or DEFAULT_ESTIMATORS[data.task])
    _check_names("--estimator", estimators, ESTIMATORS[data.task], data)
    strategies = _strategies(args.strategies, estimators, data)
    n_runs = len(estimators) * len(strategies) * args.seeds
    plan = Bunch(
        data=data,
        estimators=estimators,
        strategies=strategies,
        seeds=args.seeds,
        n_runs=n_runs,
        jobs=min(args.jobs, n_runs),
        out=args.out,
        pid=os.getpid(),
        **_sizes(args, data),
    )
    _make_folder(args.out)
    return plan


def _make_folder(path):
    """Make the folder before the runs, not to find out after them that one cannot."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UsageError(
            f"--out: nothing can be written to the folder {path}: {error.strerror}."
        ) from error


def _load(args):
    if args.dataset in list_datasets():
        if args.target or args.task:
            raise UsageError(
                f"--target and --task are for files; {args.dataset} has its own."
            )
        return load_dataset(args.dataset)
    path = Path(args.dataset)
    if not path.suffix and not path.exists():
        raise UsageError(
            f"--dataset: there is no {args.dataset!r}. Use one of "
            f"{', '.join(list_datasets())}, or the path of a .csv or .parquet file."
        )
    if args.target is None:
        raise UsageError(f"Say which column of {path} to predict: --target COLUMN.")
    return load_table(path, args.target, task=args.task)


def _names(words):
    """Split at commas as well as at spaces, each name once."""
    names = [name for word in words for name in word.split(",") if name]
    return list(dict.fromkeys(names))


def _check_names(option, names, known, data):
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise UsageError(
            f"{option}: there is no {', '.join(map(repr, unknown)) or 'empty list'} "
            f"for {data.task}. Use any of {', '.join(known)}."
        )


def _strategies(words, estimators, data):
    missing = {
        (name, model): needs
        for name in STRATEGIES
        for model in estimators
        if (needs := lacks(name, model, data))
    }
    unable = {name for name, _ in missing}
    allowed = [name for name in STRATEGIES if name not in unable]
    if words is None:
        return [name for name in allowed if name not in ON_REQUEST[data.task]]
    names = _names(words)
    _check_names("--strategies", names, STRATEGIES, data)
    for (name, model), needs in missing.items():
        if name in names:
            raise UsageError(
                f"--strategies: {name} asks its model for {' and '.join(needs)}, which "
                f"{model} ({data.task}) cannot give. Use {', '.join(allowed)}, or "
                "another --estimator."
            )
    return names


def _sizes(args, data):
    """Fit the loop to the set, where it was not said: some 40 % of it in 50 queries."""
    n_rows = len(data.y_train)
    n_least = 2 * len(data.target_names) if data.task == "classification" else 10
    few = min(max(n_rows // 120, 1), 10)
    n_initial = args.initial or min(max(n_least, 2 * few), n_rows)
    if n_initial > n_rows:
        raise UsageError(
            f"--initial asks for {n_initial} labels, but {data.name} has only {n_rows} "
            "rows to label."
        )
    return {
        "n_initial": n_initial,
        "batch_size": args.batch_size or few,
        "n_queries": args.queries or 50,
        "chosen_sizes": not (args.initial and args.batch_size and args.queries),
    }
