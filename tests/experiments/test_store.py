"""The file of runs: whole runs, once each, by several processes at a time."""

import json
import math
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from skactive.evaluation import Run
from skactive.experiments import Grid, Store, StoreError
from skactive.experiments.playing import Outcome

GRID = Grid(["iris"], ["logistic"], ["BADGE", "RandomSampling"], seeds=2, n_queries=1)


def outcome(setting, **changes):
    described = GRID.described("iris", "logistic", 10, setting.strategy, setting.seed)
    params = {
        "rounds": [(2, 0.5, 0.1, 0.2), (4, 0.75, math.nan, 0.3)],
        "acquired": [(7, 0, 1), (3, 0, 0), (5, 1, 2), (1, 1, 2)],
        "wall_seconds": 1.5,
        "versions": {"numpy": "2"},
    }
    return Outcome(setting, described, **(params | changes))


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "runs.sqlite")


def test_a_run_comes_back_as_it_was_stored(store):
    first = GRID.settings()[0]
    assert store.runs() == [] and store.outcomes() == {} and not store.has(first.key)
    assert not store.path.exists()
    assert store.add(outcome(first))
    (run,) = store.runs()
    assert isinstance(run, Run)
    assert (run.dataset, run.model, run.batch_size) == ("iris", "logistic", 10)
    assert (run.strategy, run.seed) == ("BADGE", 0)
    np.testing.assert_array_equal(run.budget, [2, 4])
    np.testing.assert_array_equal(run.score, [0.5, 0.75])
    np.testing.assert_array_equal(run.query_seconds, [0.1, np.nan])
    np.testing.assert_array_equal(run.fit_seconds, [0.2, 0.3])
    np.testing.assert_array_equal(run.acquired, [1, 0, 2, 2])
    assert store.outcomes() == {first.key: (None, 1.5)} and store.has(first.key)


def test_positions_queries_settings_and_versions_can_be_read_with_sql(store):
    first = GRID.settings()[0]
    store.add(outcome(first, warnings=["UserWarning: so and so"]))
    db = sqlite3.connect(store.path)
    acquired = db.execute("SELECT place, position, query, label FROM acquired")
    assert acquired.fetchall() == [
        (0, 7, 0, 1),
        (1, 3, 0, 0),
        (2, 5, 1, 2),
        (3, 1, 1, 2),
    ]
    columns = "settings, versions, warnings FROM runs"
    (texts,) = db.execute(f"SELECT {columns}").fetchall()
    settings, versions, warnings = map(json.loads, texts)
    assert settings == outcome(first).described
    assert (versions, warnings) == ({"numpy": "2"}, ["UserWarning: so and so"])


def test_labels_may_be_words(store):
    words = [(7, 0, "b"), (3, 0, "a"), (5, 1, "c"), (1, 1, "c")]
    store.add(outcome(GRID.settings()[0], acquired=words))
    assert store.runs()[0].acquired.tolist() == ["b", "a", "c", "c"]


def test_a_run_is_stored_once_and_a_failed_one_makes_room(store):
    first, second = GRID.settings()[:2]
    assert store.add(outcome(first, error="Traceback\nValueError: no"))
    assert store.runs() == [] and not store.has(first.key)
    assert store.outcomes()[first.key][0] == "Traceback\nValueError: no"
    assert store.add(outcome(first, error="Traceback\nValueError: again"))
    assert store.outcomes()[first.key][0].endswith("again")
    assert store.add(outcome(first))
    assert not store.add(outcome(first, rounds=[(2, 0.9, math.nan, 0.1)]))
    assert not store.add(outcome(first, error="Traceback\nMemoryError"))
    store.add(outcome(second))
    assert [run.score[0] for run in store.runs()] == [0.5, 0.5]
    db = sqlite3.connect(store.path)
    assert db.execute("SELECT COUNT(*) FROM rounds").fetchone() == (4,)


def test_runs_of_a_grid_come_in_its_order_and_under_its_names(store):
    for setting in reversed(GRID.settings()):
        store.add(outcome(setting))
    named = {"random": "RandomSampling", "badge": "BADGE", "margin": "MarginSampling"}
    other = Grid({"flowers": "iris"}, {"l": "logistic"}, named, seeds=[1], n_queries=1)
    runs = store.runs(other)
    assert [(r.dataset, r.model, r.strategy, r.seed) for r in runs] == [
        ("flowers", "l", "random", 1),
        ("flowers", "l", "badge", 1),
    ]
    assert len(store.runs()) == 4
    (run,) = store.runs(other, only={"strategy": ["badge"]})
    assert run.strategy == "badge"
    with pytest.raises(ValueError, match="needs a grid"):
        store.runs(only={"seed": [1]})


def test_runs_of_one_name_and_other_settings_need_a_grid(store):
    grids = [GRID, Grid(["iris"], ["logistic"], ["BADGE"], seeds=[0], n_queries=7)]
    first, second = (grid.settings()[0] for grid in grids)
    store.add(outcome(first))
    store.add(outcome(second))
    assert [len(store.runs(grid)) for grid in grids] == [1, 1]
    with pytest.raises(StoreError, match="several runs named iris logistic 10 BADGE 0"):
        store.runs()


def test_a_claim_ends_with_the_run(store):
    first, second = GRID.settings()[:2]
    assert store.claim(first.key, "a") and store.claim(first.key, "a")
    assert not store.claim(first.key, "b") and store.claim(second.key, "b")
    assert store.outcomes() == {}
    store.add(outcome(first, error="Traceback\nMemoryError"))
    assert store.claim(first.key, "b") and not store.claim(second.key, "a")
    store.add(outcome(first))
    assert not store.claim(first.key, "b")


def test_a_transaction_that_breaks_off_leaves_nothing(store):
    first = GRID.settings()[0]
    with pytest.raises(StoreError, match="cannot be used as a store"):
        store.add(outcome(first, rounds=[(2, 0.5, 0.1, 0.2), (4, None, 0.1, 0.2)]))
    assert store.outcomes() == {}
    assert store.add(outcome(first)) and len(store.runs()) == 1


def test_a_full_disk_is_told_as_such(store, monkeypatch):
    first, second, *_ = GRID.settings()
    assert store.add(outcome(first))
    connect = sqlite3.connect

    def on_a_full_disk(*args, **kwargs):
        db = connect(*args, **kwargs)
        db.execute("PRAGMA max_page_count = 1")  # no more than there are
        db.execute("PRAGMA cache_size = 1")
        return db

    monkeypatch.setattr(sqlite3, "connect", on_a_full_disk)
    many = [(i, 1, 2) for i in range(50_000)]
    with pytest.raises(StoreError, match="database or disk is full"):
        store.add(outcome(second, acquired=many))
    monkeypatch.undo()
    assert len(store.runs()) == 1 and store.add(outcome(second))


def test_what_is_no_store_is_told(tmp_path):
    text = tmp_path / "text.sqlite"
    text.write_text("not a database, but long enough to be taken for one" * 20)
    with pytest.raises(
        StoreError, match=r"text.sqlite cannot be used as a store: file"
    ):
        Store(text)
    foreign = tmp_path / "foreign.sqlite"
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE things (id)")
    with pytest.raises(StoreError, match=r"foreign.sqlite is a database of something"):
        Store(foreign)
    with pytest.raises(StoreError, match=r"folder.sqlite: there is no folder .*no"):
        Store(tmp_path / "no" / "folder.sqlite")


def test_a_store_of_another_layout_is_told(store):
    store.make()
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"has the layout 99 .* reads layout 1\. Use"):
        Store(store.path)
    with pytest.raises(StoreError, match="has the layout 99"):
        store.add(outcome(GRID.settings()[0]))


@pytest.mark.parametrize("n_writers", [2, 4])
def test_several_write_into_one_file_at_once(n_writers, store):
    """Each operation connects anew, so that threads meet as processes do."""
    grid = Grid(["iris"], ["logistic"], ["BADGE"], seeds=40, n_queries=1)
    barrier = threading.Barrier(n_writers)

    def write(_):
        barrier.wait(timeout=30)  # none makes the file before all are there
        n_stored = 0
        for s in grid.settings():
            acquired = [(i, i, s.seed) for i in range(40)]
            n_stored += store.add(outcome(s, acquired=acquired))
            assert store.has(s.key)
            assert len(store.runs()[-1].acquired) == 40
        return n_stored

    with ThreadPoolExecutor(n_writers) as pool:
        assert sum(pool.map(write, range(n_writers))) == 40
    runs = store.runs()
    assert sorted(run.seed for run in runs) == list(range(40))
    assert all(run.acquired.tolist() == [run.seed] * 40 for run in runs)
    db = sqlite3.connect(store.path)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert db.execute("SELECT COUNT(*) FROM acquired").fetchone() == (40 * 40,)
