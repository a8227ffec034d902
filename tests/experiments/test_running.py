"""Grids played: resumed, in parallel, with runs that fail, and by two at a time."""

import functools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

import skactive
from skactive import ActiveLearningSimulation, MarginSampling, RandomSampling
from skactive.datasets import load_dataset
from skactive.experiments import Grid, GridError, Store, grid_status, run_grid

SMALL = {
    "datasets": ["iris"],
    "models": ["logistic"],
    "strategies": ["BADGE", "RandomSampling"],
    "batch_sizes": [4],
    "seeds": 2,
    "n_initial": 6,
    "n_queries": 3,
}


def small(**changes):
    return Grid(**(SMALL | changes))


def play(grid, path, **options):
    return run_grid(grid, path, progress=False, **options)


def rows(store, grid=None):
    """Give what must not depend on when, where and how often runs were played."""
    return {
        (run.dataset, run.model, run.batch_size, run.strategy, run.seed): (
            run.budget.tolist(),
            run.score.tolist(),
            run.acquired.tolist(),
        )
        for run in Store(store).runs(grid)
    }


def positions(path):
    query = (
        "SELECT key, place, position, query, label FROM acquired "
        "JOIN runs ON runs.id = run ORDER BY key, place"
    )
    return sqlite3.connect(path).execute(query).fetchall()


# Module level, that their names tell them from others.
def scaled_down():
    data = load_dataset("iris")
    data.X_train, data.y_train = data.X_train[:40], data.y_train[:40]
    return data


def cautious(data):
    return LogisticRegression(C=1 / data.X_train.shape[1], max_iter=500)


@functools.cache
def seed_of_strategy(seed):
    """The seed that a simulation of this seed gives its strategy."""
    data = load_dataset("iris")
    simulation = ActiveLearningSimulation(RandomSampling(), n_queries=0)
    simulation.set_params(random_state=seed).fit(data.X_train, data.y_train)
    return simulation.strategy_.random_state


class Fragile(RandomSampling):
    """Fails in the second query of seed 1, unless it was mended."""

    is_mended = False

    def _query(self, pool, n, rng, info):
        is_second = self.random_state == seed_of_strategy(1) and self.n_rounds_ == 1
        if is_second and not self.is_mended:
            raise ArithmeticError("out of order")
        return super()._query(pool, n, rng, info)


class Counted(RandomSampling):
    """Notes who played which seed."""

    plays: ClassVar[list] = []
    both_started = None

    def fit(self, X_labeled, y, classes=None, **params):
        thread = threading.get_ident()
        is_first = thread not in {other for other, _ in Counted.plays}
        Counted.plays.append((thread, self.random_state))
        if is_first:
            Counted.both_started.wait(timeout=30)
        return super().fit(X_labeled, y, classes, **params)


# ------------------------------------------------------------------- one process


def test_a_run_is_what_the_simulation_alone_gives(tmp_path):
    grid = small(strategies={"m": MarginSampling()}, scoring="f1_macro", pool_size=30)
    status = play(grid, tmp_path / "a.sqlite")
    assert (len(status.done), status.missing, status.failed) == (2, [], {})
    data = load_dataset("iris")
    for run in Store(tmp_path / "a.sqlite").runs(grid):
        model = LogisticRegression(max_iter=1000)
        simulation = skactive.ActiveLearningSimulation(
            MarginSampling(model),
            n_initial=6,
            batch_size=4,
            n_queries=3,
            pool_size=30,
            scoring="f1_macro",
            random_state=run.seed,
        ).fit(data.X_train, data.y_train, data.X_test, data.y_test)
        curve = simulation.learning_curve_
        np.testing.assert_array_equal(run.budget, curve.budget)
        np.testing.assert_array_equal(run.score, curve.score)
        labels = data.y_train[simulation.labeled_indices_]
        np.testing.assert_array_equal(run.acquired, labels)
        np.testing.assert_array_equal(np.isnan(run.query_seconds), [0, 0, 0, 1])


def test_strategies_start_from_the_same_labels(tmp_path):
    play(small(), tmp_path / "a.sqlite")
    initial = {}
    for key, place, position, query, _ in positions(tmp_path / "a.sqlite"):
        assert (query == 0) == (place < 6)
        initial.setdefault(key, []).append((position, query))
    starts = [tuple(p for p, q in picks if q == 0) for picks in initial.values()]
    assert len(starts) == 4 and len(set(starts)) == 2  # one for each seed


def test_what_is_stored_is_not_played_again(tmp_path):
    path = tmp_path / "a.sqlite"
    play(small(seeds=1), path)
    before = sqlite3.connect(path).execute("SELECT id, wall_seconds FROM runs")
    before = before.fetchall()
    status = grid_status(small(), Store(path))
    assert [s.seed for s in status.missing] == [1, 1] and status.seconds_left > 0
    assert len(play(small(), path).done) == 4
    after = sqlite3.connect(path).execute("SELECT id, wall_seconds FROM runs")
    assert after.fetchall()[:2] == before


def test_some_of_a_grid_is_played(tmp_path):
    only = {"strategy": ["BADGE"], "seed": [1]}
    status = play(small(), tmp_path / "a.sqlite", only=only)
    assert [(s.strategy, s.seed) for s in status.done] == [("BADGE", 1)]
    assert len(grid_status(small(), Store(tmp_path / "a.sqlite")).missing) == 3


def test_data_models_and_strategies_of_ones_own(tmp_path):
    grid = small(
        datasets={"few": scaled_down, "iris": load_dataset("iris")},
        models={"cautious": cautious, "svm": LinearSVC()},
        strategies={"fragile": Fragile()},
        seeds=1,
    )
    status = play(grid, tmp_path / "a.sqlite")
    assert len(status.done) == 4
    by_data = {run.dataset: run for run in Store(tmp_path / "a.sqlite").runs(grid)}
    assert by_data["few"].acquired.shape == by_data["iris"].acquired.shape == (18,)


def test_a_network_learns_the_same_from_the_same_seed(tmp_path):
    grid = small(
        models={"mlp": {"width": 8}},
        training={"max_epochs": 5, "lr": 0.01},
        strategies=["BADGE"],
    )
    for name in ("a", "b"):
        assert len(play(grid, tmp_path / name).done) == 2
    assert rows(tmp_path / "a") == rows(tmp_path / "b")
    assert positions(tmp_path / "a") == positions(tmp_path / "b")


def test_two_at_a_time_share_the_runs(tmp_path, monkeypatch):
    """At the end one may play again what the other is at, and nothing else."""
    monkeypatch.setattr(Counted, "plays", [])
    monkeypatch.setattr(Counted, "both_started", threading.Barrier(2))
    grid = small(strategies={"c": Counted()}, seeds=20)

    def play_all(_):
        return play(grid, tmp_path / "a.sqlite", rehearsal=False)

    with ThreadPoolExecutor(2) as pool:
        for status in pool.map(play_all, range(2)):
            assert len(status.done) == 20
    assert len({thread for thread, _ in Counted.plays}) == 2
    assert len({seed for _, seed in Counted.plays}) == 20
    assert 20 <= len(Counted.plays) <= 20 + 1


# ------------------------------------------------------------------- what fails


def test_a_run_that_fails_is_stored_and_the_others_go_on(tmp_path, monkeypatch):
    path = tmp_path / "a.sqlite"
    grid = small(strategies={"fragile": Fragile(), "random": "RandomSampling"}, seeds=3)
    status = play(grid, path)
    assert len(status.done) == 5 and not status.missing
    ((setting, error),) = status.failed.items()
    assert (setting.strategy, setting.seed) == ("fragile", 1)
    assert error.startswith("Traceback") and "in _query" in error
    assert error.splitlines()[-1] == "ArithmeticError: out of order"
    assert len(rows(path)) == 5
    monkeypatch.setattr(Fragile, "is_mended", True)
    assert len(play(grid, path).failed) == 1
    status = play(grid, path, retry=True)
    assert len(status.done) == 6 and not status.failed


def test_a_curve_with_gaps_is_a_failed_run(tmp_path):
    grid = small(scoring="roc_auc", seeds=1, strategies=["RandomSampling"])
    (error,) = play(grid, tmp_path / "a.sqlite", rehearsal=False).failed.values()
    assert "could not be scored with scoring='roc_auc'" in error


def no_number(model, X, y):
    warnings.warn("something else", UserWarning, stacklevel=2)
    return float("nan")


def test_a_score_that_is_no_number_is_the_reason_told(tmp_path):
    grid = small(scoring=no_number, seeds=1, strategies=["RandomSampling"])
    (error,) = play(grid, tmp_path / "a.sqlite", rehearsal=False).failed.values()
    assert error.endswith("ValueError: The score is nan.\n")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"models": {"svm": LinearSVC()}},
            "strategies.BADGE with models.svm on iris: the strategy asks its model for "
            "predict_proba, which this one cannot give. Leave one of them out.",
        ),
        (
            {"models": ["mlp"], "strategies": ["BALD"]},
            "strategies.BALD with models.mlp on iris: TypeError: .*no dropout",
        ),
        ({"models": ["ridge"]}, "models.ridge.model: there is no classification 'ridg"),
        (
            {"models": {"logistic": {"C": "a lot"}}},
            "models.logistic on iris: .*'C' param",
        ),
        ({"models": {"mlp": {"depht": 2}}}, "models.mlp: .*no parameter 'depht'"),
        ({"models": ["bayesian_cnn"]}, "models.bayesian_cnn: .*square images"),
        (
            {"strategies": {"b": {"class": "BAIT", "scaling": "paperr"}}},
            "strategies.b with models.logistic on iris: .*'scaling' parameter of BAIT",
        ),
        (
            {"strategies": {"b": {"class": "BAIT", "lam": "1"}}},
            "'lam' parameter of BAI",
        ),
        ({"datasets": {"iris": {"test_size": 3.0}}}, "datasets.iris: .*test_size"),
        (
            {"n_initial": 200},
            "n_initial: must be at most 105, the rows of iris. Got 200",
        ),
        ({"scoring": "f1"}, "could not be scored with scoring='f1'.*multiclass"),
        ({"n_initial": 0}, "X_labeled has no rows, and LogisticRegression cannot answ"),
    ],
    ids=str,
)
def test_what_cannot_work_is_told_before_anything_is_played(
    changes, sentence, tmp_path
):
    with pytest.raises(GridError, match=sentence):
        play(small(**changes), tmp_path / "a.sqlite")
    assert not (tmp_path / "a.sqlite").exists()


def test_wrong_arguments_are_told(tmp_path):
    with pytest.raises(GridError, match=r"n_jobs: must be a whole number >= 1. Got 0"):
        play(small(), tmp_path / "a.sqlite", n_jobs=0)
    with pytest.raises(GridError, match=r"backend: .*'threading'. Allowed: loky, dask"):
        play(small(), tmp_path / "a.sqlite", backend="threading")


# ------------------------------------------------------------------- several processes


@pytest.mark.slow
def test_the_results_do_not_depend_on_the_number_of_processes(tmp_path):
    grid = small(models={"logistic": {}, "mlp": {"width": 8, "max_epochs": 3}})
    for n_jobs in (1, 2):
        assert len(play(grid, tmp_path / str(n_jobs), n_jobs=n_jobs).done) == 8
    assert rows(tmp_path / "1") == rows(tmp_path / "2")
    assert positions(tmp_path / "1") == positions(tmp_path / "2")


def test_dask_plays_a_grid(tmp_path):
    distributed = pytest.importorskip("distributed")
    grid = small()
    with distributed.Client(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    ):
        assert len(play(grid, tmp_path / "dask", backend="dask", n_jobs=2).done) == 4
    play(grid, tmp_path / "alone")
    assert rows(tmp_path / "dask") == rows(tmp_path / "alone")


TOML = """
datasets = ["digits"]
models = ["logistic"]
strategies = ["RandomSampling", "BADGE"]
batch_sizes = 20
seeds = 6

[protocol]
n_initial = 20
n_queries = 4
"""


def start(folder, *options):
    command = [sys.executable, "-m", "skactive", "run", "grid.toml", "--no-rehearsal"]
    return subprocess.Popen(
        [*command, *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_runs(path, n, process):
    """Wait until so many runs are stored."""
    deadline = time.monotonic() + 60
    while not path.exists() or len(Store(path).outcomes()) < n:
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uninterrupted")
    (folder / "grid.toml").write_text(TOML)
    grid = Grid.from_toml(folder / "grid.toml")
    play(grid, folder / "grid.sqlite")
    return folder / "grid.sqlite"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "grid.toml").write_text(TOML)
    return tmp_path


def test_after_a_kill_the_same_command_goes_on(folder, uninterrupted):
    path = folder / "grid.sqlite"
    process = start(folder, "--jobs", "1")
    wait_for_runs(path, 3, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    stored = rows(path)
    assert 3 <= len(stored) < 12
    play(Grid.from_toml(folder / "grid.toml"), path)
    assert rows(path) == rows(uninterrupted) and len(rows(path)) == 12
    assert positions(path) == positions(uninterrupted)


def test_an_interruption_leaves_what_is_finished(folder, uninterrupted):
    path = folder / "grid.sqlite"
    process = start(folder, "--jobs", "1")
    wait_for_runs(path, 2, process)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Traceback" not in out
    assert "Interrupted. The same command goes on." in out
    stored = rows(path)
    assert 2 <= len(stored) < 12
    assert stored.items() <= rows(uninterrupted).items()


@pytest.mark.slow
def test_two_commands_play_into_one_file(folder, uninterrupted):
    processes = [start(folder, "--jobs", "1") for _ in range(2)]
    told = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    path = folder / "grid.sqlite"
    assert rows(path) == rows(uninterrupted)
    assert positions(path) == positions(uninterrupted)
    db = sqlite3.connect(path)
    assert db.execute("SELECT COUNT(*) FROM runs").fetchone() == (12,)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_their_parent(number, folder, uninterrupted):
    path = folder / "grid.sqlite"
    text = TOML.replace("n_queries = 4", "n_queries = 60")
    (folder / "grid.toml").write_text(text)
    process = start(folder, "--jobs", "2")
    wait_for_runs(path, 1, process)
    workers = children(process.pid)
    assert len(workers) >= 2
    process.send_signal(number)
    process.wait(timeout=30)
    deadline = time.monotonic() + 10
    while any(map(is_alive, workers)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert 1 <= len(rows(path)) < 12


def children(pid):
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True
    )
    return [int(word) for word in listed.stdout.split()]


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_labels_that_cannot_be_compared_are_told(tmp_path):
    data = load_dataset("iris")
    for part in ("y_train", "y_test"):
        data[part] = np.array(
            [("a", 1, 2)[label] for label in data[part]], dtype=object
        )
    grid = Grid({"mixed": data}, ["logistic"], ["RandomSampling"], n_queries=1)
    with pytest.raises(GridError, match=r"datasets\.mixed: its labels are of kinds"):
        run_grid(grid, tmp_path / "runs.sqlite", progress=False)
