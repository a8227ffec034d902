"""Play the runs of a plan, several at a time."""

import contextlib
import itertools
import sys
import warnings

from sklearn.utils import Bunch
from tqdm.auto import tqdm

from skactive.cli._models import STRATEGIES, make_estimator
from skactive.experiments.workers import KILLED, be_a_worker, one_thread, outcomes
from skactive.simulation import ActiveLearningSimulation


def play(plan):
    """Play all runs; give the finished, the failed, and what ended it early or None."""
    done, ended = [], None
    bar = tqdm(total=plan.n_runs, unit="run", ncols=79, file=sys.stderr)
    # Seed by seed: the time left is told well, and an interruption leaves whole seeds.
    grid = itertools.product(range(plan.seeds), plan.estimators, plan.strategies)
    playing = outcomes(_play_one, ((plan, *run) for run in grid), n_jobs=plan.jobs)
    with bar, contextlib.closing(playing):
        try:
            for run in playing:
                if run.interrupted:
                    raise KeyboardInterrupt
                done.append(run)
                bar.update()
        except KeyboardInterrupt:
            ended = "Interrupted"
        except KILLED:
            ended = "A process was killed, for want of memory perhaps (try --jobs 1)"
    done.sort(key=lambda run: _place(plan, run))
    finished = [run for run in done if run.error is None]
    return finished, [run for run in done if run.error is not None], ended


def _place(plan, run):
    estimator = plan.estimators.index(run.estimator)
    return estimator, plan.strategies.index(run.strategy), run.seed


def _play_one(job):
    """Play one run in a worker; an error is an outcome like any other."""
    plan, seed, estimator, strategy = job
    run = Bunch(estimator=estimator, strategy=strategy, seed=seed)
    run.update(error=None, interrupted=False, learning_curve_=None)
    be_a_worker(plan.pid)
    with one_thread(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        for category in (UserWarning, RuntimeWarning):
            warnings.simplefilter("always", category)
        try:
            simulation = _simulate(plan, estimator, strategy, seed)
            run.learning_curve_ = simulation.learning_curve_
            run.interrupted = simulation.termination_condition_ == "interrupted"
        except KeyboardInterrupt:
            run.interrupted = True
        except Exception as error:
            run.error = f"{type(error).__name__}: {error}"
    run.warnings = sorted({f"{w.category.__name__}: {w.message}" for w in caught})
    return run


def _simulate(plan, estimator, strategy, seed):
    data = plan.data
    model = make_estimator(estimator, data)
    return ActiveLearningSimulation(
        STRATEGIES[strategy](model),  # seeded by the simulation
        n_initial=plan.n_initial,
        batch_size=plan.batch_size,
        n_queries=plan.n_queries,
        keep_estimators=False,
        random_state=seed,
    ).fit(data.X_train, data.y_train, data.X_test, data.y_test)
