"""Penalty matrix, normalised errors, batch diversity and costs: what is drawn."""

import sys
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris

from skactive import ActiveLearningSimulation, RandomSampling
from skactive.evaluation import (
    BatchDiversity,
    Run,
    batch_diversity,
    labels_to_reach_quartiles,
    normalized_errors,
    penalty_matrices,
    penalty_matrix,
)
from skactive.inspection import embed
from skactive.plotting import (
    BatchDiversityDisplay,
    LearningCurveDisplay,
    LevelCostDisplay,
    NormalizedErrorDisplay,
    PenaltyMatrixDisplay,
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def some_runs(n_strategies=3, datasets=("d", "e"), n_seeds=3):
    """Later strategies are better, with gaps that differ from seed to seed."""
    return [
        Run(
            dataset,
            "m",
            5,
            "random" if i == 0 else f"strategy number {i}",
            seed,
            [5, 10, 15],
            [0.2, 0.4 + i / 32 + seed * i / 512, 0.5 + i / 32],
            fit_seconds=[1, 2, 3],
            query_seconds=[i, i, np.nan],
        )
        for dataset in datasets
        for i in range(n_strategies)
        for seed in range(n_seeds)
    ]


ODD = ["random", "_hidden", "a$b$c", "50% <&>"]
DRAWN = {
    "penalties": lambda runs: PenaltyMatrixDisplay.from_runs(runs, budgets=[10]),
    "errors": lambda runs: NormalizedErrorDisplay.from_runs(runs, budgets=[10]),
    "costs": lambda runs: LevelCostDisplay.from_runs(runs, 0.5),
    "curves": LearningCurveDisplay.from_runs,
    "diversity": lambda runs: BatchDiversityDisplay(
        {run.strategy: [BatchDiversity([0.0], [1.0], [5])] for run in runs}
    ).plot(),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_names_are_shown_as_they_are(draw, tmp_path):
    runs = [
        Run("d", "m", 5, name, seed, [5, 10], [0.2, 0.6])
        for name in ODD
        for seed in range(2)
    ]
    with plt.rc_context({"svg.fonttype": "none"}):
        draw(runs).figure_.savefig(tmp_path / "a.svg")
    elements = ElementTree.parse(tmp_path / "a.svg").iter()
    texts = {e.text.strip("\u200b") for e in elements if e.tag.endswith("}text")}
    assert texts.issuperset(ODD)


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_forty_strategies_are_all_in_the_figure(draw):
    names = ["random", *(f"strategy number {i}" for i in range(39))]
    runs = [
        Run("d", "m", 5, name, seed, [5, 10], [0.2, 0.6])
        for name in names
        for seed in range(2)
    ]
    figure = draw(runs).figure_
    figure.canvas.draw()
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()]
    for text in [text for legend in legends for text in legend.get_texts()]:
        box = text.get_window_extent()
        assert box.y0 >= 0 and box.y1 <= figure.bbox.y1 and box.x1 <= figure.bbox.x1


# ------------------------------------------------------------- penalty matrix


def numbers(display):
    return np.array(
        [[t.get_text() or "0" for t in row] for row in display.texts_], float
    )


def test_cells_and_numbers_are_those_of_the_matrix():
    runs = some_runs()
    found = penalty_matrix(runs, budgets=[5, 10])
    display = PenaltyMatrixDisplay.from_runs(runs, budgets=[5, 10])
    assert found.matrix.max() == 1
    assert_allclose(display.image_.get_array().reshape(3, 3), found.matrix)
    assert_allclose(display.means_.get_array().ravel(), found.column_means)
    assert_allclose(numbers(display)[:3], found.matrix, atol=5e-3)
    assert_allclose(numbers(display)[3], found.column_means, atol=5e-3)
    names = [text.get_text() for text in display.ax_.get_xticklabels()]
    assert names == list(found.strategies)
    rows = [text.get_text() for text in display.ax_.get_yticklabels()]
    assert rows == [*found.strategies, "column mean"]
    assert display.ax_.get_title() == "Wins, of 2 settings at most"


def test_strategies_can_be_sorted_by_their_means():
    found = penalty_matrix(some_runs(), budgets=[10])
    display = PenaltyMatrixDisplay(found, sort=True).plot()
    means = display.means_.get_array().ravel()
    assert_array_equal(means, np.sort(found.column_means))
    assert len(np.unique(means)) == 3
    first = display.ax_.get_xticklabels()[0].get_text()
    assert first == found.strategies[np.argmin(found.column_means)]


def test_matrices_of_groups_are_drawn_on_axes_at_hand():
    groups = penalty_matrices(some_runs(), "dataset", budgets=[10])
    figure, axes = plt.subplots(1, 2)
    for ax, (name, found) in zip(axes, groups.items(), strict=True):
        display = PenaltyMatrixDisplay(found).plot(ax, title=False)
        assert display.ax_ is ax and display.figure_ is figure
        assert ax.get_title() == "" and name in ("d", "e")


@pytest.mark.parametrize("n_strategies", [2, 6, 12])
def test_no_words_overlap_or_leave_the_figure(n_strategies):
    display = PenaltyMatrixDisplay.from_runs(some_runs(n_strategies), budgets=[10])
    display.figure_.draw_without_rendering()
    whole = display.figure_.bbox
    renderer = display.figure_.canvas.get_renderer()
    ax = display.ax_
    rows = [t.get_window_extent(renderer) for t in ax.get_yticklabels()]
    cells = [
        t.get_window_extent(renderer) for t in display.texts_.ravel() if t.get_text()
    ]
    outer = [*rows, ax.title.get_window_extent(), ax.xaxis.label.get_window_extent()]
    for box in [*outer, *(t.get_window_extent() for t in ax.get_xticklabels())]:
        assert box.x0 >= -1 and box.y0 >= -1
        assert box.x1 <= whole.x1 + 1 and box.y1 <= whole.y1 + 1
    for group in (rows, cells):
        for i, box in enumerate(group):
            assert not any(box.overlaps(other) for other in group[:i])


# ------------------------------------------------------------- normalised errors


def test_curves_are_those_of_the_distribution():
    runs = some_runs()
    found = normalized_errors(runs, budgets=[5, 10, 15])
    display = NormalizedErrorDisplay.from_runs(runs, budgets=[5, 10, 15])
    assert list(display.lines_) == list(found.errors)
    for name, line in display.lines_.items():
        x, y = line.get_data()
        assert y[0] == 0 and y[-1] == pytest.approx(1)
        assert_allclose(found.cdf(name, x), y)
        assert set(found.errors[name]) <= set(x)
    assert display.ax_.get_xlabel() == "Error / error of random"
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == list(found.errors)


# ------------------------------------------------------------- batch diversity


def test_means_over_runs_are_drawn_and_infinite_ones_leave_gaps():
    first = BatchDiversity([1.0, -np.inf, 5.0], [1.0, 2.0, 3.0], [10, 20, 30])
    second = BatchDiversity([3.0, 4.0, 5.0], [3.0, 2.0, 3.0], [10, 20, 30])
    display = BatchDiversityDisplay({"a": [first, second], "b": [second]}).plot()
    left, right = display.lines_["a"]
    assert_array_equal(left.get_data(), [[10, 20, 30], [2, np.nan, 5]])
    assert_array_equal(right.get_ydata(), [2, 2, 3])
    # Of 1 and 3 the standard error of the mean is √2 / √2 = 1.
    heights = display.bands_["a"][1].get_paths()[0].vertices
    assert_allclose(sorted(set(heights[heights[:, 0] == 10, 1].round(9))), [1, 3])
    assert display.bands_["b"] == []
    legend = [t.get_text() for t in display.axes_[1].get_legend().get_texts()]
    assert legend == ["a (dependent: 1 of 6)", "b"]


def test_batches_of_simulations_are_drawn():
    X, y = load_iris(return_X_y=True)
    simulation = ActiveLearningSimulation(
        RandomSampling(), n_initial=6, batch_size=4, n_queries=2, random_state=0
    ).fit(X, y)
    display = BatchDiversityDisplay.from_simulations({"r": [simulation]}, X, embed)
    model = simulation.estimators_[1]
    rows = X[simulation.labeled_indices_[simulation.labeled_iter_ == 2]]
    last = batch_diversity(embed(model.estimator_, rows), model.predict_proba(rows))
    assert [line.get_ydata()[-1] for line in display.lines_["r"]] == list(last[:2])
    assert_array_equal(display.lines_["r"][0].get_xdata(), [6, 10])


# ------------------------------------------------------------- costs of a level


def reaching(rounds, name):
    return [
        Run("d", "m", 10, name, seed, [10, 20, 30], [float(k >= at) for k in range(3)])
        for seed, at in enumerate(rounds)
    ]


def test_medians_quartiles_and_runs_that_never_got_there():
    runs = [*reaching([0, 1, 2], "all"), *reaching([0, 0, 9], "some")]
    runs += reaching([9, 9, 9], "none")
    display = LevelCostDisplay.from_runs(runs, 1)
    assert {name: dot.get_xdata()[0] for name, dot in display.dots_.items()} == {
        "all": 20,
        "some": 10,
    }
    assert_array_equal(display.bars_["all"].get_xdata(), [15, 25])
    assert set(display.bars_) == {"all", "some"}
    words = {name: text.get_text() for name, text in display.texts_.items()}
    assert words == {"some": "reached by 2 of 3", "none": "reached by 0 of 3"}
    assert display.ax_.get_xlabel() == "Labels to a score of 1"


def test_seconds_are_counted_too():
    runs = some_runs(2, datasets="d")
    display = LevelCostDisplay.from_runs(runs, 0.5, cost="seconds")
    # Fits of 1, 2 and 3 seconds, and two queries of 0 or of 1 second between.
    assert [dot.get_xdata()[0] for dot in display.dots_.values()] == [6, 8]


# ------------------------------------------------------------- what is refused


def nothing_left():
    return penalty_matrix(some_runs(n_seeds=1), budgets=[10])


@pytest.mark.parametrize(
    ("draw", "sentence"),
    [
        (lambda: PenaltyMatrixDisplay(nothing_left()), "all were left out"),
        (
            lambda: NormalizedErrorDisplay.from_runs(some_runs(), budgets=[7]),
            "all were left out",
        ),
        (lambda: BatchDiversityDisplay({}), "at least one strategy"),
        (lambda: BatchDiversityDisplay({"a": []}), "no runs of 'a'"),
        (
            lambda: BatchDiversityDisplay(
                {"a": [BatchDiversity([1], [1], [at]) for at in (10, 20)]}
            ),
            "'a' differ in their budgets",
        ),
        (
            lambda: BatchDiversityDisplay({"a": [BatchDiversity([1], [1], [10])]}).plot(
                plt.subplots()[1]
            ),
            "two axes. Got 1",
        ),
        (lambda: LevelCostDisplay.from_runs(some_runs(), 0.5), "one setting. Got 2"),
        (
            lambda: LevelCostDisplay.from_runs(some_runs(), 0.5, cost="money"),
            "'cost' parameter.*Got 'money'",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, sentence):
    with pytest.raises(ValueError, match=sentence):
        draw()


def test_without_matplotlib_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    runs = some_runs(2, datasets="d")
    displays = [
        PenaltyMatrixDisplay(penalty_matrix(runs, budgets=[10])),
        NormalizedErrorDisplay(normalized_errors(runs, budgets=[10])),
        BatchDiversityDisplay({"a": [BatchDiversity([1], [1], [10])]}),
        LevelCostDisplay(labels_to_reach_quartiles(runs, 0.5)),
    ]
    for display in displays:
        with pytest.raises(ImportError, match=r'pip install "skactive\[plot\]"'):
            display.plot()
