"""Playing what is missing of a grid."""

import collections
import contextlib
import os
import sys
import uuid

import joblib
from tqdm.auto import tqdm

from skactive.experiments.checks import check_is, check_known, check_whole
from skactive.experiments.grid import Grid
from skactive.experiments.playing import make_job, play
from skactive.experiments.progress import expected_seconds, grid_status, in_words
from skactive.experiments.rehearsal import rehearse
from skactive.experiments.store import Store, StoreError
from skactive.experiments.workers import BACKENDS, KILLED, outcomes


def run_grid(
    grid,
    store,
    *,
    n_jobs=1,
    backend="loky",
    retry=False,
    progress=True,
    only=None,
    rehearsal=True,
):
    """
    Play the runs of a grid that are not stored yet.

    Each is stored as soon as it is finished, so that whatever ends this function, the
    same call goes on from there. A run that fails is stored with its traceback, and the
    others go on. Several processes may play one grid into one file: each takes what
    the others are not at, and at the end what they have not finished.

    Parameters
    ----------
    grid : Grid
        What to play.
    store : Store, str or Path
        Where finished runs are kept.
    n_jobs : int, default=1
        Processes, each of one thread; -1 is one for each core. The results do not
        depend on it.
    backend : {"loky", "dask"}, default="loky"
        Processes on this machine, or the workers of the dask client of this process;
        files must then lie under the same path for all of them.
    retry : bool, default=False
        Whether failed runs are played again.
    progress : bool, default=True
        Whether to show a bar, with the time left by the finished runs most alike.
    only : dict of str to collection or None, default=None
        Of "dataset", "model", "batch_size", "strategy" and "seed", which values to
        take: ``{"strategy": ["badge"], "seed": [0, 1]}``.
    rehearsal : bool, default=True
        Whether each strategy is first tried with each model, for one query on a few
        rows; those that were played before are not.

    Returns
    -------
    Status
        How far the grid is now.

    Raises
    ------
    GridError
        Something in the grid cannot work; nothing was played.
    StoreError
        The file cannot be used.
    RuntimeError
        A process was killed. What was finished is stored.
    KeyboardInterrupt
        By Ctrl-C. What was finished is stored.

    Examples
    --------
    >>> import tempfile
    >>> from skactive.experiments import Grid, run_grid
    >>> grid = Grid(
    ...     ["iris"], ["logistic"], ["MarginSampling"], seeds=1, n_queries=2
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     status = run_grid(grid, f"{folder}/iris.sqlite", progress=False)
    >>> len(status.done), status.missing
    (1, [])
    """
    check_is("grid", grid, Grid, "a Grid; of a file Grid.from_toml gives one")
    check_known("backend", backend, BACKENDS, "backend")
    if n_jobs != -1:
        check_whole("n_jobs", n_jobs, 1)
    store = store if isinstance(store, Store) else Store(store)
    check_is("store", store, Store, "a Store or a path")
    status = grid_status(grid, store, only=only)
    todo = to_play(status, retry)
    if rehearsal:
        try_grid(grid, todo, status, progress)
    if todo:
        store.make()
        n_processes = _n_processes(n_jobs, backend, todo)
        _play_all(grid, store, todo, status.done, n_processes, backend, progress)
    return grid_status(grid, store, only=only)


def to_play(status, retry):
    """
    List the runs to be played.

    Parameters
    ----------
    status : Status
        How far the grid is.
    retry : bool
        Whether failed runs are played again.

    Returns
    -------
    list of Setting
        The missing ones, then those to be played again.
    """
    return [*status.missing, *(status.failed if retry else ())]


def try_grid(grid, todo, status, progress=False):
    """
    Try for a moment what was never played: see `rehearse`.

    Parameters
    ----------
    grid : Grid
        The grid.
    todo : list of Setting
        Runs to be played.
    status : Status
        How far the grid is: a strategy that was played with the same model and data
        is not tried.
    progress : bool, default=False
        Whether to show a bar.
    """
    played = {_kind(setting) for setting in (*status.done, *status.failed)}
    new = [setting for setting in todo if _kind(setting) not in played]
    if new:
        rehearse(grid, new, progress)


def _kind(setting):
    return setting.dataset, setting.model, setting.strategy


def _n_processes(n_jobs, backend, todo):
    with joblib.parallel_config(backend=backend):
        return min(joblib.effective_n_jobs(n_jobs), len(todo))


def _play_all(grid, store, todo, done, n_jobs, backend, progress):
    left, done = dict.fromkeys(todo), dict(done)
    bar = tqdm(
        total=len(todo),
        unit="run",
        ncols=79,
        file=sys.stderr,
        disable=not progress,
        bar_format="{l_bar}{bar}| {n_fmt}/{total_fmt} runs [{elapsed}{postfix}]",
    )
    jobs = _jobs(grid, store, todo, left)
    playing = outcomes(play, jobs, n_jobs=n_jobs, backend=backend)
    with bar, contextlib.closing(playing):
        try:
            for outcome in playing:
                if outcome.interrupted:
                    raise KeyboardInterrupt
                store.add(outcome)
                del left[outcome.setting]
                if outcome.error is None:
                    done[outcome.setting] = outcome.wall_seconds
                seconds = expected_seconds(list(left), done) / n_jobs
                bar.set_postfix_str(f"{in_words(seconds)} left", refresh=False)
                bar.update(len(todo) - len(left) - bar.n)
        except KILLED as error:
            raise RuntimeError(
                "A process was killed, for want of memory perhaps. What was finished "
                "is stored; go on with fewer processes."
            ) from error


def _jobs(grid, store, todo, left):
    """Hand out runs, last those that another process is at, but for finished ones."""
    owner, waiting, put_off = uuid.uuid4().hex, collections.deque(todo), set()
    while waiting:
        setting = waiting.popleft()
        if _is_finished(store, setting.key):
            del left[setting]
        elif setting in put_off or _is_free(store, setting.key, owner):
            yield make_job(grid, setting, os.getpid())
        else:
            put_off.add(setting)
            waiting.append(setting)


def _is_finished(store, key):
    with contextlib.suppress(StoreError):  # met again, and told, where runs are stored
        return store.has(key)
    return False


def _is_free(store, key, owner):
    with contextlib.suppress(StoreError):
        return store.claim(key, owner)
    return True
