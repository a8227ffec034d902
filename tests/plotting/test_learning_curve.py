"""The display of learning curves: what is drawn, and what is refused."""

import sys

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.utils import Bunch

from skactive import ActiveLearningSimulation, MarginSampling, RandomSampling
from skactive.evaluation import Run
from skactive.plotting import LearningCurveDisplay

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgba


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def run(budget, score):
    curve = Bunch(budget=np.array(budget), score=np.array(score, dtype=float))
    return Bunch(learning_curve_=curve)


def edges(band):
    """Give the lowest and the highest y of a band at each x, in the order of x."""
    vertices = band.get_paths()[0].vertices
    budget = np.unique(vertices[:, 0])
    heights = [vertices[vertices[:, 0] == x, 1] for x in budget]
    return [min(h) for h in heights], [max(h) for h in heights]


RUNS = {
    "random": [run([2, 4, 8], [0.1, 0.3, 0.8]), run([2, 4, 8], [0.3, 0.5, 0.6])],
    "margin": [run([2, 4], [0.5, 0.9])],
}


def test_real_simulations_are_drawn():
    X, y = load_iris(return_X_y=True)

    def play(strategy, seed):
        return ActiveLearningSimulation(
            strategy, n_initial=6, batch_size=3, n_queries=2, random_state=seed
        ).fit(X[::2], y[::2], X[1::2], y[1::2])

    runs = {
        name: [play(strategy, seed) for seed in (0, 1)]
        for name, strategy in {"r": RandomSampling(), "m": MarginSampling()}.items()
    }
    display = LearningCurveDisplay.from_simulations(runs, ylabel="Accuracy")
    mean = np.mean([r.learning_curve_.score for r in runs["m"]], axis=0)
    assert_array_equal(display.lines_["m"].get_xdata(), [6, 9, 12])
    assert_allclose(display.lines_["m"].get_ydata(), mean)
    assert display.ax_.get_ylabel() == "Accuracy"
    assert display.ax_.get_xlabel() == "Number of labels"
    assert [t.get_text() for t in display.ax_.get_legend().get_texts()] == ["r", "m"]
    assert display.figure_ is display.ax_.figure


@pytest.mark.parametrize(
    ("band", "half"),
    [("std", np.sqrt(0.02)), ("sem", 0.1), ("range", 0.1)],
)
def test_the_band_is_what_it_says(band, half):
    display = LearningCurveDisplay.from_simulations(RUNS, band=band)
    low, high = edges(display.bands_["random"])
    assert_allclose(low, np.array([0.2, 0.4, 0.7]) - half)
    assert_allclose(high, np.array([0.2, 0.4, 0.7]) + half)


def test_one_run_has_no_band_and_none_means_none():
    display = LearningCurveDisplay.from_simulations(RUNS)
    assert set(display.lines_) == {"random", "margin"}
    assert set(display.bands_) == {"random"}
    assert LearningCurveDisplay.from_simulations(RUNS, band=None).bands_ == {}


def test_plot_draws_again_on_other_axes_and_gives_itself():
    display = LearningCurveDisplay.from_simulations(RUNS)
    _, ax = plt.subplots()
    assert display.plot(ax, legend=False) is display
    assert display.ax_ is ax and ax.get_legend() is None
    assert len(ax.lines) == 2


def test_colours_lines_and_bands_can_be_chosen():
    display = LearningCurveDisplay.from_simulations(
        RUNS, colors={"margin": "red"}, line_kw={"linewidth": 5}, band_kw={"alpha": 0.5}
    )
    assert to_rgba(display.lines_["margin"].get_color()) == to_rgba("red")
    assert display.lines_["random"].get_linewidth() == 5
    assert display.bands_["random"].get_alpha() == 0.5


def test_many_curves_are_told_apart():
    runs = {str(i): RUNS["margin"] for i in range(20)}
    lines = LearningCurveDisplay.from_simulations(runs).lines_.values()
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 20


@given(st.sets(st.integers(1, 30), min_size=1), st.sets(st.integers(1, 30), min_size=1))
def test_runs_of_one_name_are_cut_to_the_budgets_they_share(first, second):
    a, b = sorted(first), sorted(second)
    runs = {"a": [run(a, a), run(b, np.array(b) + 2.0)]}
    if not first & second:
        with pytest.raises(ValueError, match="'a' share no budget"):
            LearningCurveDisplay.from_simulations(runs)
        return
    (line,) = LearningCurveDisplay.from_simulations(runs).lines_.values()
    plt.close("all")
    shared = np.array(sorted(first & second))
    assert_array_equal(line.get_xdata(), shared)
    assert_array_equal(line.get_ydata(), shared + 1)


@pytest.mark.parametrize(
    ("runs", "error", "sentence"),
    [
        ({}, ValueError, "no runs to draw"),
        ({"a": []}, ValueError, "no runs of 'a'"),
        ({"a": [object()]}, NotFittedError, "'a' is not fitted"),
        ({"a": [ActiveLearningSimulation(None)]}, NotFittedError, "Call its fit"),
        ({"a": [run([], [])]}, NotFittedError, "no learning curve"),
        ({"a": [run([1, 2], [0.5, np.nan])]}, ValueError, "'a'.*X_eval and y_eval"),
        ({"a": [run([1], [1]), run([2], [1])]}, ValueError, "share no budget"),
    ],
)
def test_what_is_no_curve_is_refused(runs, error, sentence):
    with pytest.raises(error, match=sentence):
        LearningCurveDisplay.from_simulations(runs)


def test_the_band_and_the_shapes_are_checked():
    with pytest.raises(ValueError, match=r"'band' parameter.*'std'.*Got 'wide'"):
        LearningCurveDisplay.from_simulations(RUNS, band="wide")
    with pytest.raises(ValueError, match=r"\(n_runs, n_rounds\).*\(2,\) and \(2,\)"):
        LearningCurveDisplay(curves={"a": ([1, 2], [0.5, 0.6])})


def test_without_matplotlib_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    display = LearningCurveDisplay(curves={"a": ([1, 2], [[0.5, 0.6]])})
    with pytest.raises(ImportError, match=r'pip install "skactive\[plot\]"'):
        display.plot()


def test_runs_of_one_setting_are_drawn_seed_by_seed():
    runs = [
        Run("d", "m", 5, "a", 0, [5, 10, 15], [0.1, 0.2, 0.3]),
        Run("d", "m", 5, "a", 1, [5, 15], [0.3, 0.5]),
        Run("d", "m", 5, "b", 0, [5, 10], [0.5, 0.6]),
    ]
    display = LearningCurveDisplay.from_runs(runs, ylabel="Accuracy")
    assert_array_equal(display.lines_["a"].get_xdata(), [5, 15])
    assert_allclose(display.lines_["a"].get_ydata(), [0.2, 0.4])
    assert_allclose(edges(display.bands_["a"])[1], [0.3, 0.5])
    assert set(display.bands_) == {"a"}
    other = Run("e", "m", 5, "b", 0, [5], [0.5])
    with pytest.raises(ValueError, match=r"of one setting. Got d, m, batches of 5; e"):
        LearningCurveDisplay.from_runs([*runs, other])
    with pytest.raises(ValueError, match="'a' share no budget"):
        LearningCurveDisplay.from_runs([runs[0], Run("d", "m", 5, "a", 1, [7], [0.5])])


@pytest.mark.parametrize("n_names", [6, 12])
def test_a_long_legend_stands_beside_the_axes(n_names):
    runs = {f"strategy {i}": RUNS["margin"] for i in range(n_names)}
    display = LearningCurveDisplay.from_simulations(runs)
    display.figure_.draw_without_rendering()
    inside = display.ax_.get_window_extent()
    legend = display.ax_.get_legend().get_window_extent()
    assert (legend.x0 >= inside.x1) == (n_names > 6)
    assert legend.x1 <= display.figure_.bbox.x1


@pytest.mark.parametrize("wrong", ["a run", ["a run"], {"name": "a run"}])
def test_something_else_than_a_dict_of_lists_is_refused(wrong):
    with pytest.raises(TypeError, match="must be a dict of lists"):
        LearningCurveDisplay.from_simulations(wrong)
