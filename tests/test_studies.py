"""The scripts of doc/studies: runs of several machines end up in one table."""

import contextlib
import csv
import io
import sys
from pathlib import Path

import pytest

from skactive.experiments import Grid

STUDIES = Path(__file__).parents[1] / "doc" / "studies"


@pytest.fixture
def grids(monkeypatch, tmp_path):
    """The module that plays grids, with a folder of its own for what it writes."""
    monkeypatch.syspath_prepend(STUDIES)
    import grids

    monkeypatch.setattr(grids, "HERE", tmp_path)
    yield grids
    for name in ("grids", "grid_report", "runs"):
        sys.modules.pop(name, None)


def make_grid(full=False, exclude=()):
    return Grid(
        ["iris"],
        ["logistic"],
        ["MarginSampling", "RandomSampling"],
        seeds=2,
        n_initial=6,
        n_queries=1,
        name="small",
        exclude=exclude,
    )


def call(grids, monkeypatch, *arguments):
    """Call a study's command line; give what it printed."""
    monkeypatch.setattr(sys, "argv", ["study.py", *arguments])
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        grids.main("A study.", make_grid, baseline="Random")
    return printed.getvalue()


def test_runs_of_two_machines_are_told_together_and_none_is_played_twice(
    grids, monkeypatch, tmp_path
):
    told = []
    monkeypatch.setattr(grids, "print_report", lambda *args, **_: told.append(args[1]))
    table, store = tmp_path / "small.csv", tmp_path / "small.sqlite"
    call(grids, monkeypatch, "--seed", "0")
    call(grids, monkeypatch, "--report")
    first = table.read_text().splitlines()
    assert told.pop() == []  # half of a setting ranks nobody
    printed = (tmp_path / "small.txt").read_text()
    assert "iris, logistic, batches of 10; 2 of 4 runs so far." in printed
    store.unlink()  # it stays on the first machine
    assert call(grids, monkeypatch) == "2 done, 0 failed, 0 missing\n"
    call(grids, monkeypatch, "--report")
    both = table.read_text().splitlines()
    assert len(told.pop()) == 4
    assert set(first) < set(both)
    with table.open() as file:
        rows = list(csv.DictReader(file))
    runs = {(row["strategy"], row["seed"]) for row in rows}
    assert len(runs) == 4 and len(rows) == 8
    store.unlink()
    assert call(grids, monkeypatch) == "All 4 runs are in small.csv.\n"
    assert not store.exists()


def test_a_report_before_any_run_says_so(grids, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        call(grids, monkeypatch, "--report")
    assert "nothing is played yet: there is no small.csv" in capsys.readouterr().err
