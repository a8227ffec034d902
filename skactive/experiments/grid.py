"""A grid of experiments: what is compared, and the runs it comes to."""

import functools
import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.metrics import get_scorer

from skactive.experiments.checks import (
    GridError,
    check_is,
    check_known,
    check_labelled,
    check_numbers,
    check_seeds,
    check_whole,
)
from skactive.experiments.choices import make_choice
from skactive.experiments.identity import describe, key_of
from skactive.experiments.models import make_model
from skactive.experiments.reading import read_grid
from skactive.experiments.sources import make_source

AXES = ("dataset", "model", "batch_size", "strategy", "seed")
"""What runs of one grid differ in."""


@dataclass(frozen=True)
class Setting:
    """
    The settings of one run.

    Parameters
    ----------
    dataset, model : str
        Names in the grid.
    batch_size : int
        Labels asked for in each query.
    strategy : str
        Name in the grid.
    seed : int
        Seeds the labels to start from, the model and the strategy.
    key : str
        Hash of all settings; the names in the grid do not count.
    """

    dataset: str
    model: str
    batch_size: int
    strategy: str
    seed: int
    key: str

    def __str__(self):
        """Name the run in one line."""
        return (
            f"{self.dataset} {self.model} {self.strategy} batch {self.batch_size} "
            f"seed {self.seed}"
        )


@dataclass(frozen=True, eq=False)
class Grid:
    """
    Data sets × models × batch sizes × strategies × seeds, under one protocol.

    Parameters
    ----------
    datasets : list of str or dict of str to (str, dict, Bunch or callable)
        By the names that are shown. Each is a name that `list_datasets` gives;
        ``{"load": name, ...}`` with options of `load_dataset`;
        ``{"npz": path, ...}`` or ``{"table": path, "target": column, ...}``, with
        options of `from_npz` or `load_table`; a Bunch such as these give; or a function
        that gives one.
    models : list of str or dict of str to (str, dict, estimator or callable)
        Each is a short name ("logistic", "forest", "ridge", ...) or a network of
        `skactive.nets.make_net`; ``{"model": name, ...}`` with its options and, where
        it matters, ``scale``: whether columns are standardised in front of it, by
        default those of tables that their loader has left as they were; an estimator;
        or a function that makes one for a data set.
    strategies : list of str or dict of str to (str, dict or strategy)
        Each is the name of a class; ``{"class": name, ...}`` with its parameters; or a
        strategy without estimator and random_state.
    batch_sizes : int or sequence of int, default=10
        Labels asked for in each query.
    seeds : int or sequence of int, default=5
        A number n stands for 0 .. n − 1.
    n_initial : int, default=20
        Labels to start from.
    initial : {"stratified", "random"}, default="stratified"
        How they are drawn. They are the same for all strategies with the same seed.
    n_queries : int or None, default=None
        Queries in each run.
    max_labels : int, dict of int to int, or None, default=None
        As many whole queries as end with this many labels or fewer; a dict gives a
        number for each batch size. One of n_queries and max_labels is to be given.
    pool_size : int or None, default=None
        Unlabelled rows shown to the strategy at each query, drawn anew; None is all.
    scoring : str, callable or None, default=None
        As in ``sklearn.model_selection.cross_val_score``; None is the model's own:
        accuracy or R².
    exclude : sequence of dict, default=()
        Runs that are left out: those that agree with all of one table, such as
        ``{"dataset": "letter", "strategy": ["BAIT", "kDPP"]}``. Its keys are
        dataset, model, batch_size, strategy, seed; its values names or lists of them.
    training : dict or None, default=None
        Options of every network, unless it has its own.
    name : str, default="grid"
        Of the grid.
    folder : str or Path, default="."
        Where relative paths of files start.

    Raises
    ------
    GridError
        Something is not what it should be; the sentence names the key.

    Examples
    --------
    >>> from skactive.experiments import Grid
    >>> grid = Grid(["iris"], ["logistic"], ["BADGE", "RandomSampling"], n_queries=3)
    >>> len(grid.settings())
    10
    >>> str(grid.settings()[0])
    'iris logistic BADGE batch 10 seed 0'
    """

    datasets: object
    models: object
    strategies: object
    batch_sizes: object = 10
    seeds: object = 5
    n_initial: int = 20
    initial: str = "stratified"
    n_queries: int | None = None
    max_labels: int | dict | None = None
    pool_size: int | None = None
    scoring: object = None
    exclude: object = ()
    training: dict | None = None
    name: str = "grid"
    folder: object = "."

    def __post_init__(self):
        """Check all that can be checked without loading any data."""
        folder = Path(check_is("folder", self.folder, str | Path, "a path"))
        training = check_is("training", self.training or {}, dict, "a table of options")
        check_is("name", self.name, str, "a text")
        self._set("folder", folder)
        self._set("batch_sizes", check_numbers("batch_sizes", self.batch_sizes, 1))
        self._set("seeds", check_seeds(self.seeds))
        self._check_protocol()
        self._parts("datasets", lambda label, value: make_source(label, value, folder))
        self._parts("models", lambda label, value: make_model(label, value, training))
        self._parts("strategies", make_choice)
        self._check_exclude()
        if training and not any(model.is_net for model in self.models.values()):
            raise GridError("training: is for networks, and no model is one.")

    @classmethod
    def from_toml(cls, path):
        """
        Read a grid from a TOML file.

        Parameters
        ----------
        path : str or Path
            The file: the parameters of this class as keys, those of the protocol
            (n_initial, initial, n_queries, max_labels, pool_size, scoring) in the
            table ``protocol``.

        Returns
        -------
        Grid
            The grid, named as the file unless it says otherwise; relative paths start
            from its folder.

        Raises
        ------
        FileNotFoundError
            There is no such file.
        GridError
            It is no TOML, or something in it is not what it should be.
        """
        path = Path(path)
        try:
            return cls(**read_grid(path))
        except GridError as error:
            raise GridError(f"{path.name}: {error}") from error

    def _set(self, name, value):
        object.__setattr__(self, name, value)

    def _parts(self, axis, make):
        self._set(
            axis,
            {
                label: make(label, value)
                for label, value in check_labelled(axis, getattr(self, axis)).items()
            },
        )

    def _check_protocol(self):
        check_whole("n_initial", self.n_initial, 0)
        if self.initial not in ("stratified", "random"):
            raise GridError(
                f"initial: must be 'stratified' or 'random'. Got {self.initial!r}."
            )
        if (self.n_queries is None) == (self.max_labels is None):
            raise GridError("n_queries, max_labels: give one of them.")
        if self.n_queries is not None:
            check_whole("n_queries", self.n_queries, 0)
        else:
            self._check_max_labels()
        if self.pool_size is not None:
            check_whole("pool_size", self.pool_size, max(self.batch_sizes))
        if isinstance(self.scoring, str):
            try:
                get_scorer(self.scoring)
            except ValueError as error:
                raise GridError(
                    f"scoring: there is no {self.scoring!r}. Allowed: the names of "
                    "sklearn.metrics.get_scorer_names(), accuracy for one."
                ) from error
        elif self.scoring is not None and not callable(self.scoring):
            raise GridError(
                f"scoring: must be the name of a metric. Got {self.scoring!r}."
            )

    def _check_max_labels(self):
        if not isinstance(self.max_labels, dict):
            most = self.n_initial + max(self.batch_sizes)
            check_whole("max_labels", self.max_labels, most)
            return
        # The keys of a TOML file are text.
        given = {str(size): most for size, most in self.max_labels.items()}
        if set(given) != set(map(str, self.batch_sizes)):
            raise GridError(
                f"max_labels: must have a number for each batch size, "
                f"{', '.join(map(str, self.batch_sizes))}. Got {', '.join(given)}."
            )
        for size in self.batch_sizes:
            least = self.n_initial + size
            check_whole(f"max_labels.{size}", given[str(size)], least)
        most = {size: given[str(size)] for size in self.batch_sizes}
        self._set("max_labels", most)

    def _check_exclude(self):
        left_out = check_is("exclude", self.exclude, list | tuple, "a list of tables")
        tables = [_as_lists("exclude", table) for table in left_out]
        for table in tables:
            self._check_axes("exclude", table)
            if not table:
                raise GridError("exclude: an empty table would leave out all runs.")
            for axis, values in table.items():
                if not values:
                    raise GridError(f"exclude.{axis}: must name at least one.")
        self._set("exclude", tables)

    def _check_axes(self, where, chosen):
        axes = self.axes()
        for axis, values in chosen.items():
            check_known(where, axis, axes, "axis")
            for value in values:
                if value not in axes[axis]:
                    raise GridError(
                        f"{where}: there is no {axis} {value!r}. Allowed: "
                        f"{', '.join(map(str, axes[axis]))}."
                    )

    # ---------------------------------------------------------------- the runs

    def queries(self, batch_size):
        """
        Give the number of queries of a run.

        Parameters
        ----------
        batch_size : int
            Labels asked for in each.

        Returns
        -------
        int
            As given, or as ``max_labels`` allows.
        """
        if self.n_queries is not None:
            return int(self.n_queries)
        most = self.max_labels
        most = most[batch_size] if isinstance(most, dict) else most
        return (most - self.n_initial) // batch_size

    def described(self, dataset, model, batch_size, strategy, seed):
        """
        Write down all settings of a run.

        Parameters
        ----------
        dataset, model : str
            Names in the grid.
        batch_size : int
            Labels asked for in each query.
        strategy : str
            Name in the grid.
        seed : int
            Seed of the run.

        Returns
        -------
        dict
            What JSON can hold, without any name that the grid alone gives.
        """
        try:
            scoring = describe(self.scoring)
        except ValueError as error:
            raise GridError(f"scoring: {error}") from error
        return {
            "dataset": self.datasets[dataset].identity,
            "model": self.models[model].identity,
            "strategy": self.strategies[strategy].identity,
            "batch_size": int(batch_size),
            "seed": int(seed),
            "protocol": {
                "n_initial": int(self.n_initial),
                "initial": self.initial,
                "n_queries": self.queries(batch_size),
                "pool_size": None if self.pool_size is None else int(self.pool_size),
                "scoring": scoring,
            },
        }

    def axes(self):
        """
        List what the runs differ in.

        Returns
        -------
        dict of str to tuple
            The names of data sets, models and strategies, the batch sizes, the seeds.
        """
        values = (
            tuple(self.datasets),
            tuple(self.models),
            self.batch_sizes,
            tuple(self.strategies),
            self.seeds,
        )
        return dict(zip(AXES, values, strict=True))

    def settings(self):
        """
        List the runs of the grid.

        Returns
        -------
        list of Setting
            Seed by seed, so that an interruption leaves whole seeds.

        Raises
        ------
        GridError
            A file is missing, two runs are the same but for their names, or something
            has no name that would tell its runs from others.
        """
        return list(self._settings)

    @functools.cached_property
    def _settings(self):
        order = (self.seeds, self.datasets, self.models, self.batch_sizes)
        settings, seen = [], {}
        for seed, dataset, model, size, strategy in itertools.product(
            *order, self.strategies
        ):
            names = (dataset, model, size, strategy, seed)
            setting = Setting(*names, key_of(self.described(*names)))
            if any(_agrees(setting, table) for table in self.exclude):
                continue
            twin = seen.setdefault(setting.key, setting)
            if twin is not setting:
                axis, first, second = next(
                    (axis, getattr(twin, axis), getattr(setting, axis))
                    for axis in AXES
                    if getattr(twin, axis) != getattr(setting, axis)
                )
                raise GridError(
                    f"{axis} {first!r} and {second!r} are the same but for their "
                    "names. Leave one of them out."
                )
            settings.append(setting)
        if not settings:
            raise GridError("exclude: leaves no runs. Leave out fewer.")
        return settings

    def chosen(self, only=None):
        """
        List some of the runs.

        Parameters
        ----------
        only : dict of str to collection or None, default=None
            Of "dataset", "model", "batch_size", "strategy" and "seed", which to take.

        Returns
        -------
        list of Setting
            Those that agree in all.

        Raises
        ------
        GridError
            Something is asked for that the grid does not have, or leaves out.
        """
        only = _as_lists("only", only or {})
        self._check_axes("only", only)
        chosen = [setting for setting in self.settings() if _agrees(setting, only)]
        if not chosen:
            raise GridError(
                "only: none of these runs is in the grid. Ask for others, or take what "
                "leaves them out from exclude."
            )
        return chosen


def _as_lists(where, table):
    """Take a single value for a list of one."""
    return {
        axis: [value] if isinstance(value, str) or not np.iterable(value) else value
        for axis, value in check_is(where, table, dict, "a table").items()
    }


def _agrees(setting, chosen):
    return all(getattr(setting, axis) in values for axis, values in chosen.items())
