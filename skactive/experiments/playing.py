"""One run: from its settings to its curve, or to a traceback."""

import importlib.metadata
import json
import platform
import time
import traceback
import warnings
from dataclasses import dataclass, field

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from skactive.experiments.choices import Choice
from skactive.experiments.grid import Setting
from skactive.experiments.models import Model
from skactive.experiments.sources import Source
from skactive.experiments.workers import be_a_worker, one_thread
from skactive.simulation import ActiveLearningSimulation

_LIBRARIES = ("skactive", "numpy", "scipy", "scikit-learn", "skorch", "torch")


@dataclass(frozen=True, eq=False)
class Job:
    """
    All that a worker needs for one run.

    Parameters
    ----------
    setting : Setting
        Which run it is.
    described : dict
        All its settings, as they are hashed.
    source : Source
        The data set.
    model : Model
        The model.
    choice : Choice
        The strategy.
    protocol : dict
        Parameters of the simulation.
    parent : int
        The process that hands it out.
    """

    setting: Setting
    described: dict
    source: Source
    model: Model
    choice: Choice
    protocol: dict
    parent: int


@dataclass(eq=False)
class Outcome:
    """
    What came of a run.

    Parameters
    ----------
    setting : Setting
        Which run it is.
    described : dict
        All its settings, as they are hashed.
    error : str or None
        The traceback of a run that failed.
    interrupted : bool
        Whether Ctrl-C ended it: then it is not to be stored.
    rounds : list of tuple
        Budget, score, seconds to query and to fit (NaN where nothing was asked).
    acquired : list of tuple
        Position in the data set, the query that asked for it (0: to start from), label.
    warnings : list of str
        What was warned of, each once.
    wall_seconds : float
        From the start to the end of the run.
    versions : dict of str to str
        Of the libraries that computed it.
    """

    setting: Setting
    described: dict
    error: str | None = None
    interrupted: bool = False
    rounds: list = field(default_factory=list)
    acquired: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    wall_seconds: float = 0.0
    versions: dict = field(default_factory=dict)


def make_job(grid, setting, parent):
    """
    Gather what one run needs.

    Parameters
    ----------
    grid : Grid
        The grid.
    setting : Setting
        One of its runs.
    parent : int
        The process that hands it out.

    Returns
    -------
    Job
        The job.
    """
    names = (setting.dataset, setting.model, setting.batch_size, setting.strategy)
    described = grid.described(*names, setting.seed)
    return Job(
        setting=setting,
        described=described,
        source=grid.datasets[setting.dataset],
        model=grid.models[setting.model],
        choice=grid.strategies[setting.strategy],
        protocol=described["protocol"] | {"scoring": grid.scoring},
        parent=parent,
    )


def play(job):
    """
    Play one run; an error is an outcome like any other.

    Parameters
    ----------
    job : Job
        What to play.

    Returns
    -------
    Outcome
        What came of it.
    """
    be_a_worker(job.parent)
    outcome = Outcome(job.setting, job.described, versions=_versions())
    start = time.perf_counter()
    with one_thread(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        for category in (UserWarning, RuntimeWarning):
            warnings.simplefilter("always", category)
        try:
            data = _loaded(job.source)
            simulation = _simulate(job, data, caught)
            outcome.interrupted = simulation.termination_condition_ == "interrupted"
            outcome.rounds = _rounds(simulation)
            outcome.acquired = _acquired(simulation, data)
        except KeyboardInterrupt:
            outcome.interrupted = True
        except Exception:
            outcome.error = traceback.format_exc()
    outcome.warnings = sorted({f"{w.category.__name__}: {w.message}" for w in caught})
    outcome.wall_seconds = time.perf_counter() - start
    return outcome


def _simulate(job, data, caught):
    def check_score(simulation):
        """Fail at once: a curve with gaps is of no use."""
        score = simulation.learning_curve_.score[-1]
        if not np.isfinite(score):
            kind = UndefinedMetricWarning
            said = [w.message for w in caught if issubclass(w.category, kind)]
            raise ValueError(str(said[-1]) if said else f"The score is {score}.")

    seed = job.setting.seed
    return ActiveLearningSimulation(
        job.choice.make(job.model.make(data)),
        batch_size=job.setting.batch_size,
        callbacks=[check_score],
        keep_estimators=False,
        random_state=seed,
        **job.protocol,
    ).fit(data.X_train, data.y_train, data.X_test, data.y_test)


def _rounds(simulation):
    curve = simulation.learning_curve_
    names = ("budget", "score", "query_seconds", "fit_seconds")
    return list(zip(*(curve[name].tolist() for name in names), strict=True))


def _acquired(simulation, data):
    positions = simulation.labeled_indices_
    labels = np.asarray(data.y_train)[positions]
    # The kind of number tells readers of the store whether there are classes.
    if data.task == "regression":
        labels = labels.astype(np.float64)
    elif labels.dtype.kind == "f" and (labels == labels.astype(np.int64)).all():
        labels = labels.astype(np.int64)
    columns = (positions, simulation.labeled_iter_, labels)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _versions():
    found = {"python": platform.python_version()}
    return found | {name: importlib.metadata.version(name) for name in _LIBRARIES}


# What this process loaded last: runs of one data set come one after the other.
_last = {}


def _loaded(source):
    key = source.label + json.dumps(source.identity, sort_keys=True)
    if key not in _last:
        _last.clear()
        _last[key] = source.load_unchanged()
    return _last[key]
