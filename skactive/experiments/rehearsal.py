"""Each pair of strategy and model tried for a moment, before hours are spent on it."""

import sys
import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from tqdm.auto import tqdm

from skactive.experiments.checks import GridError
from skactive.experiments.choices import lacks
from skactive.experiments.workers import one_thread
from skactive.simulation import ActiveLearningSimulation

# Enough rows for what strategies fit to a pool; few enough for a moment.
_N_POOL, _N_TEST, _N_ASKED = 300, 50, 4


def rehearse(grid, settings, progress=False):
    """
    Find out which runs cannot work: play one query of each kind on a few rows.

    A network is trained for one epoch. Of runs that differ only in batch size and seed
    one is tried.

    Parameters
    ----------
    grid : Grid
        The grid.
    settings : list of Setting
        Runs of it.
    progress : bool, default=False
        Whether to show a bar.

    Raises
    ------
    GridError
        A data set cannot be loaded or has too few rows, or a strategy or a model
        refuses its parameters or the other.
    """
    kinds = {(s.dataset, s.model, s.strategy): s for s in reversed(settings)}
    names = [name for name in grid.datasets if any(name == k[0] for k in kinds)]
    with tqdm(
        total=len(kinds),
        desc="trying each pair",
        unit="pair",
        leave=False,
        ncols=79,
        file=sys.stderr,
        disable=not progress,
    ) as bar:
        for name in names:
            data = grid.datasets[name].load()
            _check_sizes(grid, name, data)
            parts = _few(name, data, grid)
            for kind, setting in kinds.items():
                if kind[0] == name:
                    _try(grid, setting, data, parts)
                    bar.update()


def _check_sizes(grid, name, data):
    n_rows = len(data.y_train)
    if grid.n_initial > n_rows:
        raise GridError(
            f"n_initial: must be at most {n_rows}, the rows of {name}. Got "
            f"{grid.n_initial}."
        )


def _few(name, data, grid):
    """Take so many rows that what a run starts from is among them."""
    y = np.asarray(data.y_train)
    n = min(len(y), grid.n_initial + _N_POOL)
    rng = np.random.default_rng(0)
    train = np.sort(rng.choice(len(y), n, replace=False))
    if data.task == "classification":
        # One of each class, which the labels to start from are to have.
        try:
            firsts = np.unique(y, return_index=True)[1]
        except TypeError as error:
            raise GridError(
                f"datasets.{name}: its labels are of kinds that cannot be compared "
                f"({error}). Write all as text, or all as numbers."
            ) from error
        train = np.union1d(train, firsts)
    n_test = len(data.y_test)
    test = np.sort(rng.choice(n_test, min(n_test, _N_TEST), replace=False))
    return train, test


def _try(grid, setting, data, parts):
    where = (
        f"strategies.{setting.strategy} with models.{setting.model} on "
        f"{setting.dataset}"
    )
    train, test = parts
    y_train, y_test = np.asarray(data.y_train), np.asarray(data.y_test)
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = grid.models[setting.model].make(data)
            strategy = grid.strategies[setting.strategy].make(model)
            _check_pair(where, strategy)
            rows = (_rows(data.X_train, train), y_train[train])
            few = (_rows(data.X_test, test), y_test[test])
            simulation = ActiveLearningSimulation(
                _shortened(strategy),
                n_initial=grid.n_initial,
                initial=grid.initial,
                batch_size=min(_N_ASKED, setting.batch_size),
                n_queries=1,
                scoring=grid.scoring,
                keep_estimators=False,
                random_state=setting.seed,
            ).fit(*rows, *few)
            if not np.isfinite(simulation.learning_curve_.score).all():
                # A class may be missing among a few rows, which is no mistake: now all
                # are known, and all are scored on.
                warnings.simplefilter("error", UndefinedMetricWarning)
                everything = {"n_initial": len(train), "n_queries": 0}
                simulation.set_params(initial="random", **everything)
                simulation.fit(*rows, data.X_test, y_test)
        except GridError:
            raise
        except Exception as error:
            raise GridError(f"{where}: {type(error).__name__}: {error}") from error
    if simulation.termination_condition_ == "interrupted":
        raise KeyboardInterrupt


def _rows(X, at):
    return X.iloc[at] if hasattr(X, "iloc") else X[at]


def _check_pair(where, strategy):
    missing = lacks(strategy)
    if missing:
        raise GridError(
            f"{where}: the strategy asks its model for {' and '.join(missing)}, which "
            "this one cannot give. Leave one of them out."
        )


def _shortened(strategy):
    """Let networks train for one epoch."""
    epochs = [
        name
        for name in strategy.get_params()
        if name.rpartition("__")[2] == "max_epochs" and name.startswith("estimator__")
    ]
    return strategy.set_params(**dict.fromkeys(epochs, 1))
