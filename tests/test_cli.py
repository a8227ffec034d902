"""The command: what it prints, writes and returns, with tiny settings."""

import csv
import re
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import skactive
from skactive.cli import main

TINY = ["--dataset", "iris", "--seeds", "2", "--queries", "3", "--batch-size", "4"]
LOGISTIC = [*TINY, "--estimator", "logistic", "--jobs", "1"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def rows(path="skactive-results/iris_learning_curves.csv"):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def lines_of(out):
    """Give the lines of the table: model and strategy to the other cells."""
    cells = [line.split() for line in out.splitlines() if line.strip()]
    return {tuple(c[:2]): c[2:] for c in cells if re.fullmatch(r"\d+\.\d", c[-1])}


def test_a_comparison_is_printed_and_written(capsys):
    assert main([*LOGISTIC, "--strategies", "random,margin", "entropy"]) == 0
    out = capsys.readouterr().out
    assert "data: iris, classification, 4 features, 3 classes\n" in out
    assert "rows: 105 to label, 45 to test on\n" in out
    assert "6 labels to start from, then 3 queries of 4: 18 labels in the end" in out
    assert max(map(len, out.splitlines())) <= 80
    table = lines_of(out)
    assert list(table) == [("logistic", s) for s in ("random", "margin", "entropy")]
    written = rows()
    assert len(written) == 3 * 2 * 4
    last = [r for r in written if (r["strategy"], r["budget"]) == ("margin", "18")]
    final = np.mean([float(row["score"]) for row in last])
    assert table["logistic", "margin"][-2] == f"{final:.3f}"
    picture = matplotlib.image.imread("skactive-results/iris_learning_curves.png")
    assert picture.std() > 0


def test_the_csv_has_a_row_for_each_run_and_round():
    main([*LOGISTIC, "--strategies", "margin"])
    written = rows()
    assert list(written[0]) == [
        *("dataset", "estimator", "strategy", "seed"),
        *("budget", "score", "fit_seconds", "query_seconds"),
    ]
    assert [(r["seed"], r["budget"]) for r in written] == [
        (seed, budget) for seed in "01" for budget in ("6", "10", "14", "18")
    ]
    assert all(0 <= float(r["score"]) <= 1 for r in written)
    unasked = [row["query_seconds"] == "" for row in written]
    assert unasked == [False, False, False, True] * 2


def test_the_results_do_not_depend_on_the_number_of_jobs():
    chosen = [*TINY, "--seeds", "1", "--estimator", "logistic,mlp,forest"]
    chosen += ["--strategies", "random,margin"]

    def results(jobs):
        assert main([*chosen, "--jobs", jobs, "--out", jobs]) == 0
        written = rows(f"{jobs}/iris_learning_curves.csv")
        assert len(written) == 3 * 2 * 4
        return [list(row.values())[:6] for row in written]  # all but the seconds

    assert results("1") == results("2")


def test_the_loop_ends_with_the_pool(capsys):
    options = ["--dataset", "iris", "--seeds", "1", "--estimator", "logistic"]
    options += ["--batch-size", "60", "--strategies", "margin", "--jobs", "1"]
    assert main(options) == 0
    out = capsys.readouterr().out
    assert "all rows are labelled before the last query" in out
    assert max(map(len, out.splitlines())) <= 80
    assert [row["budget"] for row in rows()] == ["6", "66", "105"]


def test_a_level_not_reached_is_a_lower_bound_and_explained(capsys):
    options = ["--seeds", "2", "--queries", "1", "--batch-size", "2", "--jobs", "1"]
    assert main([*options, "--estimator", "logistic", "--strategies", "random"]) == 0
    out = capsys.readouterr().out
    assert lines_of(out)["logistic", "random"][:4] == [">22", "(0/2)", ">22", "(0/2)"]
    assert "not all runs got there" in out


def test_a_regression_has_no_levels_and_no_classes(capsys):
    options = ["--dataset", "diabetes", "--seeds", "1", "--queries", "2", "--jobs", "1"]
    assert main(options) == 0
    out = capsys.readouterr().out
    assert "90%" not in out and "test R2" in out
    assert list(lines_of(out)) == [("ridge", "random"), ("forest", "random")]
    assert main([*options, "--strategies", "margin"]) == 2
    assert (
        "margin asks its model for predict_proba, which ridge"
        in capsys.readouterr().err
    )
    assert main([*options, "--estimator", "ridge,linear"]) == 0
    played = [strategy for _, strategy in lines_of(capsys.readouterr().out)]
    assert played == ["random", "coreset", "bait"] * 2


def test_slow_strategies_play_when_they_are_named(capsys):
    assert main([*LOGISTIC, "--strategies", "bait,probabilistic"]) == 0
    played = [strategy for _, strategy in lines_of(capsys.readouterr().out)]
    assert played == ["bait", "probabilistic"]
    assert main([*LOGISTIC, "--seeds", "1"]) == 0
    played = [strategy for _, strategy in lines_of(capsys.readouterr().out)]
    assert played == ["random", "confidence", "margin", "entropy", "badge", "coreset"]


def test_a_file_of_ones_own_with_gaps(capsys):
    rng = np.random.default_rng(0)
    size = rng.normal(size=60)
    table = pd.DataFrame({"size": size, "town": ["Bern", "Basel"] * 30})
    table["ill"] = np.where(size + (table["town"] == "Bern") > 0.5, "yes", "no")
    table.loc[::7, "size"] = np.nan
    table.loc[3, "ill"] = None
    table.to_csv("patients.csv", index=False)
    options = ["--dataset", "patients.csv", "--target", "ill", "--out", "."]
    options += ["--seeds", "1", "--queries", "2", "--estimator", "logistic,mlp"]
    assert main([*options, "--jobs", "1"]) == 0
    captured = capsys.readouterr()
    assert "Note: 1 of 60 rows of patients.csv have no 'ill'" in captured.err
    written = rows("patients_learning_curves.csv")
    assert {row["dataset"] for row in written} == {"patients"}
    assert len(pd.read_csv("patients.csv")) == 60
    assert main([*options, "--task", "regression"]) == 2
    assert "holds text" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--strategies", "foo,margin"], "no 'foo'.*random, confidence, margin"),
        (["--strategies", ","], "--strategies: .*Use any of random"),
        (["--estimator", "ridge"], "no 'ridge' for classification.*logistic, mlp"),
        (["--dataset", "minst"], "no 'minst'.*digits, iris.*a .csv or .parquet"),
        (["--dataset", "no.csv", "--target", "y"], "no file at no.csv"),
        (["--dataset", "no.csv"], "--target COLUMN"),
        (["--dataset", "iris", "--target", "y"], "are for files"),
        (["--initial", "2000"], "asks for 2000 labels.*only 1257"),
        (["--seeds", "0"], "--seeds: must be a whole number from 1, not '0'"),
        (["--jobs", "two"], "--jobs: must be a whole number"),
        (
            ["--out", __file__],
            r"--out: nothing can be written to the folder .*test_cli",
        ),
        (["--colour"], "unrecognized arguments: --colour"),
    ],
)
def test_wrong_usage_is_told_and_nothing_is_played(argv, sentence, capsys):
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.search(sentence, " ".join(captured.err.split()))


def test_a_run_that_fails_is_named_and_the_others_are_written(capsys):
    options = [*TINY, "--estimator", "logistic,forest", "--strategies", "random"]
    assert main([*options, "--initial", "1", "--jobs", "1"]) == 1
    captured = capsys.readouterr()
    assert "logistic random seed 0, logistic random seed 1" in captured.err
    assert "ValueError" in captured.err
    assert {row["estimator"] for row in rows()} == {"forest"}
    assert "2 of 4 runs" in captured.out
    assert main([*LOGISTIC, "--initial", "1", "--out", "none"]) == 1
    assert "nothing was written" in capsys.readouterr().err


def test_warnings_are_said_with_the_number_of_runs(capsys, monkeypatch):
    fit = LogisticRegression.fit

    def warning(self, *args, **kwargs):
        warnings.warn("It did not\nconverge.", UserWarning, stacklevel=2)
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(LogisticRegression, "fit", warning)
    assert main([*LOGISTIC, "--strategies", "margin", "--jobs", "1"]) == 0
    assert "Warned in 2 runs: UserWarning: It did not\n" in capsys.readouterr().err


def test_without_matplotlib_there_is_still_a_table_and_a_csv(capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("matplotlib")]:
        monkeypatch.setitem(sys.modules, name, None)
    assert main([*LOGISTIC, "--strategies", "margin"]) == 0
    assert 'pip install "skactive[plot]"' in capsys.readouterr().out
    assert len(rows()) == 8


def test_a_file_that_cannot_be_written_is_named_and_the_table_is_there(capsys):
    Path("skactive-results/iris_learning_curves.csv").mkdir(parents=True)
    assert main([*LOGISTIC, "--strategies", "random"]) == 1
    printed = capsys.readouterr()
    assert "iris_learning_curves.csv was not written" in printed.err
    assert ("logistic", "random") in lines_of(printed.out)


def test_a_folder_one_cannot_write_to_is_told_before_the_runs(capsys):
    assert main([*LOGISTIC, "--out", "/proc/self"]) == 2
    printed = capsys.readouterr()
    assert "--out: nothing can be written" in printed.err and not printed.out


def test_a_folder_is_no_file(capsys):
    Path("table.csv").mkdir()
    assert main(["--dataset", "table.csv", "--target", "y"]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_an_interruption_leaves_what_is_finished(capsys, monkeypatch):
    """The second run is interrupted as Ctrl-C would, from its evaluation on."""
    plays = []

    def score(self, X, y):
        plays.append(self.random_state)
        if len(set(plays)) == 2:
            signal.raise_signal(signal.SIGINT)
        return 0.5

    monkeypatch.setattr(skactive.RandomSampling, "score", score)
    assert main([*LOGISTIC, "--strategies", "random"]) == 1
    captured = capsys.readouterr()
    assert "Interrupted: 1 of 2 runs were finished." in captured.err
    assert plays[:4] == [plays[0]] * 4 and len(plays) == 5
    assert {row["seed"] for row in rows()} == {"0"}
    assert "how many of 2 seeds were finished" in captured.out


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.split() == ["skactive", skactive.__version__]
    asked = subprocess.run(
        [sys.executable, "-m", "skactive", "--help"], capture_output=True, text=True
    )
    assert asked.returncode == 0 and asked.stderr == ""
    for name in ("random", "confidence", "margin", "entropy", "--strategies", "digits"):
        assert name in asked.stdout
