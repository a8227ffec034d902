"""The gallery's scripts run, and show what they say."""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

LONG = "plot_hybrids", "plot_linear_features", "plot_repeated_data"
EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("plot_*.py"))


def accuracy(runs, at=-1):
    return np.array([run.learning_curve_.score[at] for run in runs])


def check_first_loop(shown):
    assert accuracy(shown["runs"]["margin"]).min() > 0.85


def check_bayes_risk(shown):
    risks = {design: {} for design in shown["designs"]}
    for (design, name), values in shown["risks"].items():
        risks[design][name.split()[0].strip(",")] = np.array(values)
    gaussian, unit = risks["Gaussian"], risks["orthonormal"]
    np.testing.assert_allclose(gaussian["trace"], gaussian["log-det"], rtol=0.05)
    assert (gaussian["random"] > 1.2 * gaussian["trace"]).all()
    assert (unit["log-det"] > 1.2 * unit["trace"]).all()
    assert max(unit["log-det"] / unit["trace"]) > 2.5
    both_ways = shown["both_ways"]["orthonormal"]
    np.testing.assert_allclose(both_ways, unit["trace"][::5], rtol=1e-9)


def check_forward_backward(shown):
    assert len(shown["ratios"]) == 3
    assert 1 < min(shown["ratios"]) and max(shown["ratios"]) < 1.1
    for runs in shown["runs"].values():
        assert (accuracy(runs) > accuracy(runs, at=0)).all()


def check_time_against_core_set(shown):
    """Seconds depend on the machine, but a larger pool takes longer."""
    for times in (shown["by_pool"], shown["by_batch"]):
        assert set(times) == {"BAIT", "BAIT, forward only", "CoreSet"}
    for values in shown["by_pool"].values():
        assert 0 < values[0] < values[-1]


def check_linear_features(shown):
    means = shown["summary"]
    learned, projected = means["learned"], means["random projection"]
    assert all(learned[name] > projected[name] + 0.1 for name in learned)
    assert learned["BAIT"] > learned["confidence"]
    assert projected["BAIT"] > projected["random"]


def check_repeated_data(shown):
    assert shown["first"]["BatchBALD"] > shown["first"]["BALD"]
    different = shown["different"]
    assert different["BatchBALD"] > 1.3 * different["BALD"]
    assert accuracy(shown["runs"]["BatchBALD"]).mean() > (
        accuracy(shown["runs"]["BALD"]).mean()
    )


def check_hybrids(shown):
    scores = shown["results"]["mean_test_score"]
    assert np.isfinite(scores).all() and len(set(scores)) == 5
    for runs in shown["runs"].values():
        assert (accuracy(runs) > accuracy(runs, at=0)).all()


def check_fair_comparison(shown):
    rows = {row["strategy"]: row for row in shown["found"].rows}
    assert rows["MarginSampling"]["better"] == "yes"
    assert rows["EntropySampling"]["better"] != "yes"


def check_own_strategy(shown):
    rows = {row["strategy"]: row for row in shown["found"].rows}
    assert rows["doubt"]["difference"] > 0
    assert len(shown["simulation"].labeled_indices_) == 21


def check_catastrophe(shown):
    assert shown["seen"]["least confidence"] < shown["seen"]["random"]
    first = {name: accuracy(runs, at=1).mean() for name, runs in shown["runs"].items()}
    assert first["least confidence"] < first["random"] - 0.05
    assert first["core-set"] > first["least confidence"] + 0.05


def check_badge_gradients(shown):
    (length, gap), (sure_length, sure_gap) = (
        shown["table"][name] for name in ("BADGE", "least confidence")
    )
    assert gap > sure_gap
    assert sure_length > length > shown["lengths"].mean()


def check_core_sets(shown):
    near = shown["near"]
    assert near["core-set with doubt"] < near["core-set"] / 2


def check_labelling(shown):
    assert list(shown["left"]) == list(shown["batch"][7:])
    # Seventy-nine more than the ten of the first batch, of which one was skipped.
    assert shown["n_labeled"] == 89 == len(shown["fitted"].y_labeled_)
    assert shown["accuracy"] > 0.8


def test_there_are_examples_and_each_is_checked():
    assert EXAMPLES
    checks = {name for name in globals() if name.startswith("check_")}
    assert checks == {path.stem.replace("plot", "check", 1) for path in EXAMPLES}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * (path.stem in LONG))
        for path in EXAMPLES
    ],
)
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_example_runs_and_draws(path):
    plt.close("all")
    # As a script: classes of __main__ reach other processes by value.
    shown = runpy.run_path(str(path), run_name="__main__")
    assert plt.get_fignums()
    plt.close("all")
    globals()[path.stem.replace("plot", "check", 1)](shown)
