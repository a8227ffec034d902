"""The models of a grid: by a name, or any estimator."""

import functools
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    BayesianRidge,
    LinearRegression,
    LogisticRegression,
    Ridge,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skactive.experiments.checks import (
    GridError,
    check_is,
    check_keys,
    check_known,
    keywords,
)
from skactive.experiments.identity import describe, qualified_name
from skactive.experiments.sources import is_raw

CLASSICAL = {
    "classification": {
        "logistic": functools.partial(LogisticRegression, max_iter=1000),
        "forest": RandomForestClassifier,
        "gaussian_process": GaussianProcessClassifier,
    },
    "regression": {
        "ridge": Ridge,
        "forest": RandomForestRegressor,
        "linear": LinearRegression,
        "bayesian_ridge": BayesianRidge,
        "gaussian_process": GaussianProcessRegressor,
    },
}
"""Models of scikit-learn by task and short name."""

SHORT_NAMES = tuple(dict.fromkeys(name for kind in CLASSICAL.values() for name in kind))
"""All names in them."""
_OURS = ("model", "scale")
_OF_THE_GRID = ("n_outputs", "input_shape", "random_state", "validation")


def prepared(model, *, impute=True, scale=True):
    """
    Put in front of a model what tables need.

    Parameters
    ----------
    model : estimator
        Unfitted.
    impute : bool, default=True
        Whether gaps are filled with the mean of their column.
    scale : bool, default=True
        Whether columns are standardised.

    Returns
    -------
    estimator
        A Pipeline; the model itself where nothing is to be done.
    """
    # Few labels leave a column without any value at times: it must not vanish.
    steps = [SimpleImputer(keep_empty_features=True)] if impute else []
    steps += [StandardScaler()] if scale else []
    return make_pipeline(*steps, model) if steps else model


@dataclass(frozen=True, eq=False)
class Model:
    """
    One model of a grid.

    Parameters
    ----------
    label : str
        Its name in the grid.
    name : str or None
        Its short name, or the name of a network; None where ``made`` is given.
    options : dict
        Its parameters.
    scale : bool or None
        Whether columns are standardised in front of it; None does so for tables that
        their loader has not.
    made : estimator, callable or None
        An estimator, or a function that makes one for a data set.
    """

    label: str
    name: str | None = None
    options: dict = field(default_factory=dict)
    scale: bool | None = None
    made: object = None

    @property
    def is_net(self):
        """
        Whether `skactive.nets.make_net` makes it.

        Returns
        -------
        bool
            False for models of scikit-learn and what was made elsewhere.
        """
        return self.made is None and self.name not in SHORT_NAMES

    def make(self, data):
        """
        Make the model for a data set, unfitted.

        Parameters
        ----------
        data : Bunch
            The data set.

        Returns
        -------
        estimator
            The model.

        Raises
        ------
        GridError
            There is no such model for the task, or it refuses its parameters.
        """
        where = f"models.{self.label}"
        if self.made is not None:
            # A function may give one model each time: no run is to change it.
            return clone(self.made if _is_estimator(self.made) else self.made(data))
        if not self.is_net:
            check_known(f"{where}.model", self.name, CLASSICAL[data.task], data.task)
        try:
            model = self._net(data) if self.is_net else self._classical(data)
        except (ValueError, TypeError, ImportError) as error:
            raise GridError(f"{where}: {error}") from error
        return prepared(
            model,
            impute=_has_gaps(data.X_train) or _has_gaps(data.X_test),
            scale=is_raw(data) if self.scale is None else self.scale,
        )

    def _classical(self, data):
        return CLASSICAL[data.task][self.name](**self.options)

    def _net(self, data):
        from skactive.nets import make_net

        if data.task != "classification":
            task = data.get("name") or "the task"
            raise ValueError(
                f"{self.name} is a network for classes, and {task} is a "
                "regression. Leave one of them out."
            )
        shape = data.get("image_shape") or (data.X_train.shape[1],)
        names = data.get("target_names")
        if names is None:
            names = np.union1d(data.y_train, data.y_test)
        return make_net(
            self.name, n_outputs=len(names), input_shape=tuple(shape), **self.options
        )

    @functools.cached_property
    def identity(self):
        """
        What tells this model from others.

        Returns
        -------
        dict
            What JSON can hold.
        """
        if self.made is not None:
            try:
                return describe(self.made)
            except ValueError as error:
                raise GridError(f"models.{self.label}: {error}") from error
        scale = {} if self.scale is None else {"scale": self.scale}
        return {"model": self.name, **scale, "options": describe(self.options)}


def make_model(label, value, training):
    """
    Understand a model of a grid.

    Parameters
    ----------
    label : str
        Its name in the grid.
    value : str, dict, estimator or callable
        As `Grid` takes them.
    training : dict
        Options of every network, unless it has its own.

    Returns
    -------
    Model
        The model, for any data set.
    """
    where = f"models.{label}"
    if isinstance(value, type) and hasattr(value, "get_params"):
        raise GridError(
            f"{where}: must be an estimator and not its class. Write "
            f"{value.__name__}()."
        )
    if _is_estimator(value):
        return Model(label, made=value)
    if callable(value):
        try:
            qualified_name(value)
        except ValueError as error:
            raise GridError(f"{where}: {error}") from error
        return Model(label, made=value)
    value = {"model": value} if isinstance(value, str) else value
    check_is(
        where, value, dict, "a name, a table of settings, an estimator or a function"
    )
    name = value.get("model", label)
    if name not in SHORT_NAMES:
        # torch and skorch take seconds to import; a grid of others can do without.
        from skactive.nets import list_nets

        check_known(f"{where}.model", name, [*SHORT_NAMES, *list_nets()], "model")
    scale = value.get("scale")
    if scale is not None:
        check_is(f"{where}.scale", scale, bool, "true or false")
    options = {key: given for key, given in value.items() if key not in _OURS}
    if name in SHORT_NAMES:
        _check_classical(where, name, options)
    else:
        options = training | options
        # The others are checked where the network is made, which knows its own.
        for key in _OF_THE_GRID:
            if key in options:
                raise GridError(f"{where}.{key}: is set by the grid; leave it out.")
    return Model(label, name, options, scale)


def _check_classical(where, name, options):
    classes = [models[name] for models in CLASSICAL.values() if name in models]
    allowed = dict.fromkeys(
        name
        for made in classes
        for name in keywords(made, leaving_out=("random_state",))
    )
    check_keys(where, options, [*_OURS, *allowed])


def _has_gaps(X):
    values = np.asarray(X.data if scipy.sparse.issparse(X) else X)
    # NaN alone is not itself, among objects too.
    return values.dtype.kind in "fO" and bool((values != values).any())


def _is_estimator(value):
    return hasattr(value, "get_params") and not isinstance(value, type)
