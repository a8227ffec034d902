"""The commands on grids: what they print, store and return."""

import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from skactive import RandomSampling
from skactive.cli import main
from skactive.experiments import Grid, Store, playing

TOML = """
seeds = 2
batch_sizes = [4, 8]
datasets = ["iris"]
models = ["logistic", "forest"]

[protocol]
n_initial = 6
n_queries = 2

[strategies.margin]
class = "MarginSampling"

[strategies."at random"]
class = "RandomSampling"
"""
QUICK = ["run", "grid.toml", "--jobs", "1", "--only", "model=logistic"]


@pytest.fixture(autouse=True)
def in_a_folder_with_a_grid(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("grid.toml").write_text(TOML)


def told(captured):
    return " ".join(captured.split())


def test_a_grid_is_played_and_kept_beside_its_file(capsys):
    assert main(QUICK) == 0
    out = capsys.readouterr().out
    assert "grid: grid, 16 runs:\n" in out
    assert "1 data set x 2 models x 2 batch sizes x 2 strategies x 2 seeds\n" in out
    assert "store: grid.sqlite\nruns: 0 done, 0 failed, 8 missing\n" in out
    assert "to play: 8 runs in 1 process\n" in out
    assert "8 done, 0 failed, 0 missing, after " in out
    runs = Store("grid.sqlite").runs(Grid.from_toml("grid.toml"))
    assert {(r.model, r.strategy) for r in runs} == {
        ("logistic", "margin"),
        ("logistic", "at random"),
    }
    assert [r.budget.tolist() for r in runs[:4:2]] == [[6, 10, 14], [6, 14, 22]]
    assert main(QUICK) == 0
    out = capsys.readouterr().out
    assert "to play" not in out and "8 done, 0 failed, 0 missing" in out


def test_runs_that_are_excluded_are_counted(capsys):
    excluding = TOML.replace("seeds =", "exclude = [{seed = 0}]\nseeds =")
    Path("small.toml").write_text(excluding)
    assert main(["status", "small.toml"]) == 0
    assert "x 2 seeds, 8 excluded\n" in capsys.readouterr().out


def test_status_says_what_is_done_and_how_long_the_rest_takes(capsys):
    assert main(["status", "grid.toml"]) == 0
    out = capsys.readouterr().out
    assert "runs: 0 done, 0 failed, 16 missing\ntime left: not known yet" in out
    assert not Path("grid.sqlite").exists()
    assert main([*QUICK, "--only", "strategy=at random", "--only", "seed=1"]) == 0
    capsys.readouterr()
    assert main(["status", "grid.toml"]) == 0
    out = capsys.readouterr().out
    assert "runs: 2 done, 0 failed, 14 missing\n" in out
    assert re.search(r"time left: \d+ s, one run after the other\n", out)
    lines = [re.split(r"  +", line) for line in out.splitlines()]
    assert ["iris", "logistic", "margin", "0", "0", "4"] in lines
    (line,) = [line for line in lines if line[1:3] == ["logistic", "at random"]]
    assert line[3:6] == ["2", "0", "2"] and float(line[6]) >= 0
    assert max(map(len, out.splitlines())) <= 80


def test_settings_that_changed_are_other_runs(capsys):
    main(QUICK)
    Path("grid.toml").write_text(TOML.replace("n_queries = 2", "n_queries = 1"))
    capsys.readouterr()
    assert main(["status", "grid.toml"]) == 0
    out = capsys.readouterr().out
    assert "runs: 0 done, 0 failed, 16 missing, 8 of other settings" in out


def test_a_dry_run_checks_and_plays_nothing(capsys):
    assert main([*QUICK, "--dry-run"]) == 0
    assert "All can be played; nothing was" in capsys.readouterr().out
    assert not Path("grid.sqlite").exists()
    Path("grid.toml").write_text(TOML.replace('"MarginSampling"', '"BADGE"'))
    assert main(["run", "grid.toml", "--dry-run"]) == 2
    sentence = "strategies.margin with models.forest on iris: the strategy asks its mo"
    assert sentence in told(capsys.readouterr().err)


def test_a_failed_run_is_named_by_the_first_line_of_what_it_says(capsys, monkeypatch):
    def fail(*_):
        try:
            return 1 / 0
        except ZeroDivisionError as error:
            raise RuntimeError("no such thing\nsecond line: see the docs") from error

    monkeypatch.setattr(RandomSampling, "_query", fail)
    assert main([*QUICK, "--no-rehearsal"]) == 1
    said = told(capsys.readouterr().err)
    assert "Failed: RuntimeError: no such thing (iris" in said
    assert "second line" not in said


def test_failed_runs_are_named_and_played_again_on_demand(capsys, monkeypatch):
    command = [*QUICK, "--no-rehearsal"]
    with monkeypatch.context() as broken:
        broken.setattr(RandomSampling, "_query", lambda *_: 1 / 0)
        assert main(command) == 1
    captured = capsys.readouterr()
    assert "4 done, 4 failed, 0 missing" in captured.out
    assert (
        "Failed: ZeroDivisionError: division by zero (iris logistic at random batch 4 "
        "seed 0; iris logistic at random batch 8 seed 0; iris logistic at random batch "
        "4 seed 1 and 1 more)" in told(captured.err)
    )
    assert "played again with --retry" in captured.err
    assert main(["status", "grid.toml"]) == 0
    captured = capsys.readouterr()
    assert "4 done, 4 failed, 8 missing" in captured.out
    assert "ZeroDivisionError: division by zero" in captured.err
    assert main(command) == 1
    assert main([*command, "--retry"]) == 0
    assert "8 done, 0 failed" in capsys.readouterr().out


def test_a_report_is_written_of_what_is_played(capsys):
    assert main(["report", "grid.toml"]) == 1
    assert "No run is finished yet" in capsys.readouterr().err
    main([*QUICK, "--only", "batch_size=4"])
    capsys.readouterr()
    assert main(["report", "grid.toml", "--csv", "--only", "seed=0,1"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Written: grid.html\n") and ".csv" in out
    page = Path("grid.html").read_text()
    assert "Baseline: at random." in page
    assert "4 done, 0 failed, 12 missing." in page
    chosen = ["--only", "seed=1", "--baseline", "margin", "--out", "one/page.html"]
    assert main(["report", "grid.toml", *chosen]) == 0
    page = Path("one/page.html").read_text()
    assert "Baseline: margin." in page and "2 runs:" in page
    asked = ["--level", "0.9", "--reach", "0.5", "--budgets", "002"]
    assert main(["report", "grid.toml", *asked]) == 0
    page = Path("grid.html").read_text()
    assert "90%" in page and "95%" not in page
    assert "Labels until a score of 0.5" in page
    assert main(["report", "grid.toml", "--level", "95"]) == 2
    assert "'level'" in capsys.readouterr().err
    assert main(["report", "grid.toml", "--out", "page.pdf"]) == 2
    assert ".html" in capsys.readouterr().err


def test_another_file_for_the_runs(capsys):
    Path("kept").mkdir()
    chosen = ["--only", "strategy=margin", "--only", "seed=0"]
    assert main([*QUICK, *chosen, "--store", "kept/runs.sqlite"]) == 0
    assert len(Store("kept/runs.sqlite").runs()) == 2
    assert "store: kept/runs.sqlite\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["run"], "required: GRID.TOML"),
        (["run", "no.toml"], "There is no file at no.toml"),
        (
            ["run", "wrong.toml"],
            "wrong.toml: seed: there is no such key (perhaps seeds",
        ),
        (["status", "grid.toml", "--jobs", "2"], "unrecognized arguments: --jobs"),
        (["run", "grid.toml", "--jobs", "0"], "--jobs: must be a whole number from 1"),
        (["run", "grid.toml", "--only", "margin"], "--only: write AXIS=NAMES, such as"),
        (["run", "grid.toml", "--only", "seed=2"], "no seed 2. Allowed: 0, 1."),
        (["run", "grid.toml", "--only", "net=mlp"], "no axis 'net'. Allowed: dataset,"),
        (["status", "grid.toml", "--store", "wrong.toml"], "cannot be used as a store"),
        (["run", "grid.toml", "--store", "no/a.sqlite"], "there is no folder no."),
        (
            ["report", "grid.toml", "--baseline", "margn"],
            "--baseline: there is no strategy 'margn' (perhaps margin). Allowed:",
        ),
    ],
    ids=str,
)
def test_wrong_usage_is_told_and_nothing_is_played(argv, sentence, capsys):
    Path("wrong.toml").write_text(TOML.replace("seeds", "seed"))
    assert main(argv) == 2
    assert sentence in told(capsys.readouterr().err)
    assert not Path("grid.sqlite").exists()


def test_the_command_of_the_shell():
    command = [sys.executable, "-m", "skactive", *QUICK, "--only", "seed=0"]
    played = subprocess.run(command, capture_output=True, text=True)
    assert played.returncode == 0, played.stderr
    assert "4 done, 0 failed, 0 missing" in played.stdout
    assert "4/4 runs" in played.stderr and "0 s left" in played.stderr
    assert len(Store("grid.sqlite").runs()) == 4


def test_the_grid_of_the_examples_can_be_read():
    grid = Grid.from_toml(Path(__file__).parents[1] / "examples" / "grid_digits.toml")
    assert grid.name == "grid_digits" and len(grid.settings()) == 2 * 2 * 5 * 5
    assert grid.queries(40) == 5


def test_help_names_the_commands(capsys):
    assert main(["--help"]) == 0
    assert "skactive report grid.toml" in capsys.readouterr().out
    assert main(["run", "--help"]) == 0
    out = capsys.readouterr().out
    assert "--only AXIS=NAMES" in out and "[strategies.badge]" in out
    for name in ("emnist_balanced", "bayesian_ridge", "vgg11", "ProbabilisticCoreSet"):
        assert name in out


def test_warnings_and_mixed_versions_are_told(capsys, monkeypatch):
    fit = RandomSampling.fit

    def warning(self, X_labeled, y, classes=None, **params):
        warnings.warn("The labels are few.\nMore of this.", UserWarning, stacklevel=2)
        return fit(self, X_labeled, y, classes, **params)

    monkeypatch.setattr(RandomSampling, "fit", warning)
    one = [*QUICK, "--only", "batch_size=4", "--no-rehearsal"]
    assert main([*one, "--only", "seed=0"]) == 0
    versions = playing._versions()
    monkeypatch.setattr(playing, "_versions", lambda: {**versions, "torch": "0.1"})
    assert main([*one, "--only", "seed=1"]) == 0
    capsys.readouterr()
    main(["status", *one[1:2]])
    printed = told(capsys.readouterr().err)
    assert "Warned in 2 of 4 runs: UserWarning: The labels are few." in printed
    assert "More of this" not in printed
    found = re.search(r"different versions of (\w+) stand.*?: (.*?) They", printed)
    assert found[1] == "torch"
    assert "0.1 (2 runs)" in found[2] and f"{versions['torch']} (2 runs)" in found[2]
    main(["report", "grid.toml"])
    page = Path("grid.html").read_text()
    assert "The labels are few." in page and "stand side by side" in page
