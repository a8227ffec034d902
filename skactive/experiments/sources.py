"""The data sets of a grid: where they come from, and what tells them apart."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.utils import Bunch

import skactive.datasets
from skactive.datasets import TASKS, list_datasets, load_dataset, load_table
from skactive.experiments.checks import (
    GridError,
    check_is,
    check_keys,
    check_known,
    check_whole,
)
from skactive.experiments.checks import keywords as keywords_of
from skactive.experiments.content import content_hash
from skactive.experiments.identity import (
    file_identity,
    qualified_name,
    without_defaults,
)

_ARRAYS = ("X_train", "y_train", "X_test", "y_test")
_FILES = ("npz", "table")
# Where a file is kept is not what is in it.
_PLACES = ("data_home",)


@dataclass(frozen=True, eq=False)
class Source:
    """
    One data set of a grid.

    Parameters
    ----------
    label : str
        Its name in the grid.
    loader : callable
        Gives the data, called with ``options``.
    options : dict
        Arguments of the loader.
    path : Path or None
        The file, where it is one.
    name : str or None
        The name among those of `load_dataset`, where it has one.
    """

    label: str
    loader: object
    options: dict = field(default_factory=dict)
    path: Path | None = None
    name: str | None = None

    def load(self):
        """
        Load the data set.

        Returns
        -------
        Bunch
            ``X_train``, ``y_train``, ``X_test``, ``y_test``, ``task`` and others.

        Raises
        ------
        GridError
            It cannot be loaded, or is not what a run needs.
        """
        first = [thing for thing in (self.path, self.name) if thing is not None]
        try:
            data = self.loader(*first, **self.options)
        except (ValueError, TypeError, OSError, ImportError) as error:
            raise GridError(f"datasets.{self.label}: {error}") from error
        return _checked(self.label, data)

    @functools.cached_property
    def identity(self):
        """
        What tells this data set from others, wherever it lies.

        Returns
        -------
        dict
            What JSON can hold.
        """
        options = {k: v for k, v in self.options.items() if k not in _PLACES}
        if self.name is not None:
            return {"name": self.name, **without_defaults(options, self.loader)}
        if self.path is None:
            return _identity_of(self.load())
        if not self.path.is_file():
            raise GridError(
                f"datasets.{self.label}: there is no file at {self.path}. A relative "
                "path starts from the folder of the grid's file."
            )
        described = without_defaults(options, self.loader)
        return {**file_identity(self.path), **described}

    def load_unchanged(self):
        """
        Load the data set that `identity` tells of.

        Returns
        -------
        Bunch
            As `load` gives it.

        Raises
        ------
        GridError
            Its file or what its function gives is another by now, or it cannot be
            loaded.
        """
        data = self.load()
        if self.path is not None:
            before = {name: self.identity[name] for name in ("bytes", "sha256")}
            if file_identity(self.path) != before:
                raise GridError(
                    f"datasets.{self.label}: {self.path} is no longer the file it was "
                    "when the grid was read. Start the grid again."
                )
        elif self.name is None and not isinstance(self.loader, _Given):
            if _identity_of(data) != self.identity:
                raise GridError(
                    f"datasets.{self.label}: the function gives other data each time. "
                    "Seed what it draws."
                )
        return data


def _identity_of(data):
    given = [data[name] for name in _ARRAYS]
    arrays = [x if sparse.issparse(x) else np.ascontiguousarray(x) for x in given]
    names, shape = data.get("target_names"), data.get("image_shape")
    return {
        "task": data.task,
        "arrays": content_hash(arrays),
        # What models are made by, too.
        "n_classes": None if names is None else len(names),
        "image_shape": None if shape is None else [int(n) for n in shape],
        "is_raw": is_raw(data),
    }


def is_raw(data):
    """
    Say whether columns of a table are as they were in its file.

    Parameters
    ----------
    data : Bunch
        The data set.

    Returns
    -------
    bool
        False for images and where the loader says that it has scaled.
    """
    told = data.get("scaling") or "Nothing"  # a sentence
    return data.get("image_shape") is None and told.startswith("Nothing")


def make_source(label, value, folder):
    """
    Understand a data set of a grid.

    Parameters
    ----------
    label : str
        Its name in the grid.
    value : str, dict, Bunch or callable
        As `Grid` takes them.
    folder : Path
        Where relative paths start.

    Returns
    -------
    Source
        The data set, not loaded yet.
    """
    where = f"datasets.{label}"
    if isinstance(value, Bunch):
        return Source(label, _Given(value))
    if callable(value):
        try:
            qualified_name(value)
        except ValueError as error:
            raise GridError(f"{where}: {error}") from error
        return Source(label, value)
    value = {"load": value} if isinstance(value, str) else value
    check_is(where, value, dict, "a name, a table of settings, a Bunch or a function")
    kinds = [kind for kind in ("load", *_FILES) if kind in value]
    if len(kinds) > 1:
        raise GridError(f"{where}: give only one of {', '.join(kinds)}.")
    kind = kinds[0] if kinds else "load"
    options = {name: given for name, given in value.items() if name != kind}
    if kind == "load":
        name = value.get("load", label)
        check_known(f"{where}.load", name, list_datasets(), "data set")
        _check_options(where, options, load_dataset, "name", ("load", *_FILES))
        return Source(label, load_dataset, options, name=name)
    path = Path(
        check_is(f"{where}.{kind}", value[kind], str | Path, "the path of a file")
    )
    path = folder / path.expanduser()
    # Looked up only here: a grid of other data can do without.
    loader = load_table if kind == "table" else skactive.datasets.from_npz
    if kind == "table" and "target" not in options:
        raise GridError(f"{where}.target: say which column of {path.name} to predict.")
    _check_options(where, options, loader, "path", (kind,))
    return Source(label, loader, options, path=path)


def _check_options(where, options, loader, first, others):
    names = keywords_of(loader, leaving_out=(first,))
    check_keys(where, options, [*others, *names])
    if "random_state" in options:  # each process is to load the same rows
        check_whole(f"{where}.random_state", options["random_state"], 0)


@dataclass(frozen=True)
class _Given:
    """Give what is there already."""

    data: Bunch

    def __call__(self):
        return self.data


def _checked(label, data):
    where = f"datasets.{label}"
    if not isinstance(data, Mapping):
        raise GridError(
            f"{where}: the function must give a Bunch, as load_dataset does. Got "
            f"{type(data).__name__}."
        )
    missing = [name for name in (*_ARRAYS, "task") if data.get(name) is None]
    if missing:
        raise GridError(
            f"{where}: must have {', '.join((*_ARRAYS, 'task'))}, as load_dataset "
            f"gives them. It lacks {', '.join(missing)}."
        )
    if data["task"] not in TASKS:
        raise GridError(
            f"{where}: task must be {' or '.join(TASKS)}, not {data['task']!r}."
        )
    data = Bunch(**data)
    for part in ("train", "test"):
        if not hasattr(data[f"X_{part}"], "shape"):  # a list of rows
            data[f"X_{part}"] = np.asarray(data[f"X_{part}"])
        X, y = data[f"X_{part}"], np.asarray(data[f"y_{part}"])
        if y.ndim != 1 or not len(y) or len(y) != X.shape[0]:
            raise GridError(
                f"{where}: y_{part} must hold one label for each row of X_{part}. Got "
                f"shapes {y.shape} and {X.shape}."
            )
        if y.dtype.kind == "u" and y.max() > np.iinfo(np.int64).max:
            raise GridError(
                f"{where}: y_{part} has labels up to {y.max()}, more than an int64 "
                "holds. Number them anew, or write them as text."
            )
    return data
