"""Play the runs of a plan, several at a time."""

import contextlib
import itertools
import os
import signal
import sys
import threading
import warnings

import torch
from joblib import Parallel, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.utils import Bunch
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from skactive.cli._models import STRATEGIES, make_estimator
from skactive.simulation import ActiveLearningSimulation


def play(plan):
    """Play all runs; give the finished, the failed, and what ended it early or None."""
    done, ended = [], None
    bar = tqdm(total=plan.n_runs, unit="run", ncols=79, file=sys.stderr)
    with bar, contextlib.closing(_outcomes(plan)) as outcomes:
        try:
            for run in outcomes:
                if run.interrupted:
                    raise KeyboardInterrupt
                done.append(run)
                bar.update()
        except KeyboardInterrupt:
            ended = "Interrupted"
        except TerminatedWorkerError:
            ended = "A process was killed, for want of memory perhaps (try --jobs 1)"
    done.sort(key=lambda run: _place(plan, run))
    finished = [run for run in done if run.error is None]
    return finished, [run for run in done if run.error is not None], ended


def _outcomes(plan):
    """Play runs in processes, giving each as it ends."""
    # Seed by seed: the time left is told well, and an interruption leaves whole seeds.
    grid = itertools.product(range(plan.seeds), plan.estimators, plan.strategies)
    # Waiting threads of OpenMP would burn the cores of the other processes.
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    with parallel_config(backend="loky", inner_max_num_threads=1):
        yield from Parallel(
            n_jobs=plan.jobs,
            batch_size=1,
            return_as="generator_unordered",
        )(delayed(_play_one)(plan, *run) for run in grid)


def _place(plan, run):
    estimator = plan.estimators.index(run.estimator)
    return estimator, plan.strategies.index(run.strategy), run.seed


def _play_one(plan, seed, estimator, strategy):
    """Play one run in a worker; an error is an outcome like any other."""
    run = Bunch(estimator=estimator, strategy=strategy, seed=seed)
    run.update(error=None, interrupted=False, learning_curve_=None)
    if os.getpid() != plan.pid:
        _be_a_worker()
    with _one_thread(), warnings.catch_warnings(record=True) as caught:
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


def _be_a_worker():
    """Leave Ctrl-C to the parent, which ends this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The bar's own lock is shared by processes, and a killed one would not give it up.
    tqdm.set_lock(threading.RLock())


def _simulate(plan, estimator, strategy, seed):
    data = plan.data
    model = make_estimator(estimator, data)
    return ActiveLearningSimulation(
        STRATEGIES[strategy](model, random_state=seed),
        n_initial=plan.n_initial,
        batch_size=plan.batch_size,
        n_queries=plan.n_queries,
        keep_estimators=False,
        random_state=seed,
    ).fit(data.X_train, data.y_train, data.X_test, data.y_test)


@contextlib.contextmanager
def _one_thread():
    """Compute in one thread, in this process too: sums then round alike anywhere."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(n_threads)
