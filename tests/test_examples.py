"""The gallery's scripts run."""

import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("plot_*.py"))


def test_there_are_examples():
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive")
def test_example_runs_and_draws(path):
    plt.close("all")
    namespace = runpy.run_path(str(path))
    assert plt.get_fignums()
    plt.close("all")
    scores = {
        name: [run.learning_curve_.score[-1] for run in runs]
        for name, runs in namespace["runs"].items()
    }
    assert min(scores["margin"]) > 0.85
