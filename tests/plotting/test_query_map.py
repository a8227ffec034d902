"""The map of what was asked when."""

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import BayesianRidge, LogisticRegression

from skactive import ActiveLearningSimulation, MarginSampling, RandomSampling
from skactive.plotting import QueryMapDisplay

X = np.random.default_rng(0).uniform(-1, 1, size=(80, 2))
Y = np.array(["low", "high", "top"])[np.digitize(X.sum(axis=1), [-0.3, 0.5])]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def played(strategy=None, y=Y, rows=X, **settings):
    return ActiveLearningSimulation(
        strategy or MarginSampling(),
        n_initial=9,
        batch_size=4,
        n_queries=3,
        random_state=0,
        **settings,
    ).fit(rows, y)


@pytest.mark.parametrize("query", [0, 1, 3, None])
def test_points_are_those_asked_for_until_then(query):
    simulation = played()
    display = QueryMapDisplay.from_simulation(simulation, X, query=query, resolution=20)
    query = 3 if query is None else query
    positions, when = simulation.labeled_indices_, simulation.labeled_iter_
    asked = (when > 0) & (when <= query)
    assert_array_equal(display.pool_.get_offsets(), X)
    assert_array_equal(display.initial_.get_offsets(), X[positions[when == 0]])
    assert_array_equal(display.asked_.get_offsets(), X[positions[asked]])
    newest = positions[(when == query) & asked]
    assert_array_equal(display.latest_.get_offsets(), X[newest])
    time = np.asarray(display.asked_.get_array())
    assert (np.diff(time) >= 0).all() and len(np.unique(time)) == query


@pytest.mark.parametrize(("query", "at"), [(0, 0), (1, 0), (3, 2)])
def test_the_background_is_of_the_model_that_asked(query, at):
    simulation = played()
    display = QueryMapDisplay.from_simulation(simulation, X, query=query, resolution=15)
    x, y, z = display.grid
    assert z.shape == (15, 15) and x[0] < X[:, 0].min() and y[-1] > X[:, 1].max()
    points = np.array([[[right, up] for right in x] for up in y]).reshape(-1, 2)
    answers = [m.predict(points).reshape(15, 15) for m in simulation.estimators_]
    assert_array_equal(z, answers[at])
    assert not any((z == other).all() for k, other in enumerate(answers) if k != at)
    model = simulation.estimators_[at]
    codes = np.asarray(display.surface_.get_array()).reshape(15, 15)
    assert_array_equal(model.classes_[codes.astype(int)], z)
    assert len(display.boundaries_) == len(np.unique(z)) - 1


def test_the_pool_is_coloured_by_class_as_the_regions_are():
    display = QueryMapDisplay.from_simulation(
        played(), X, Y, resolution=10, feature_names=("a", "b")
    )
    colors = display.pool_.get_facecolors()
    assert len(colors) == len(X) and len(np.unique(colors, axis=0)) == 3
    for label in np.unique(Y):
        assert len(np.unique(colors[label == Y], axis=0)) == 1
    regions = display.surface_.cmap(display.surface_.norm(0))
    assert regions[:3] == pytest.approx(tuple(colors[Y == "high"][0][:3]))
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("a", "b")


def test_a_class_that_the_model_has_not_seen_has_a_colour_of_its_own():
    y = np.digitize(X.sum(axis=1), [-0.3, 0.1, 0.5])
    z = np.array([[1, 1, 2]] * 4)
    grid = (np.linspace(-1, 1, 3), np.linspace(-1, 1, 4), z)
    display = QueryMapDisplay(
        X, [0, 1], [0, 1], grid=grid, classes=np.array([1, 2]), y=y
    ).plot()
    colors = display.pool_.get_facecolors()
    of_classes = [np.unique(colors[y == label], axis=0) for label in range(4)]
    assert all(len(color) == 1 for color in of_classes)
    assert len(np.unique(np.concatenate(of_classes), axis=0)) == 4
    shown = display.surface_.to_rgba(display.surface_.get_array().reshape(z.shape))
    for label in (1, 2):
        assert (shown[z == label][:, :3] == of_classes[label][0, :3]).all()


def test_a_model_is_asked_for_rows_of_the_kind_it_was_fitted_to(monkeypatch):
    kinds = []

    def predict(self, rows):
        kinds.append(rows)
        return np.repeat("low", len(rows))

    monkeypatch.setattr(LogisticRegression, "predict", predict)
    frame = pd.DataFrame(X, columns=["width", "height"], index=range(80, 0, -1))
    for rows in (X.astype(np.float32), frame):
        simulation = played(RandomSampling(LogisticRegression()), rows=rows)
        display = QueryMapDisplay.from_simulation(simulation, rows, resolution=10)
        first = np.asarray(rows)[simulation.labeled_indices_[:9]]
        assert_array_equal(display.initial_.get_offsets(), first)
    assert kinds[0].dtype == np.float32
    assert list(kinds[1].columns) == ["width", "height"]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("width", "height")


def test_regression_is_drawn_by_levels():
    simulation = played(RandomSampling(BayesianRidge()), y=X.sum(axis=1))
    display = QueryMapDisplay.from_simulation(simulation, X, resolution=10)
    assert display.classes is None and len(display.surface_.levels) > 5
    assert display.boundaries_ == []


def test_a_map_can_do_without_a_model_and_a_legend():
    _, ax = plt.subplots()
    display = QueryMapDisplay(X, [3, 4], [0, 1], y=Y).plot(ax, legend=False)
    assert display.ax_ is ax and display.surface_ is None
    assert ax.get_legend() is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((X[:, :1], [0], [0]), r"two columns.*\(80, 1\)"),
        ((X, [0, 1], [0]), r"equally long.*\(2,\) and \(1,\)"),
    ],
)
def test_what_is_no_map_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        QueryMapDisplay(*arguments)


def test_classes_must_be_one_for_each_row():
    with pytest.raises(ValueError, match=r"'y' parameter.*80 rows.*Got 3"):
        QueryMapDisplay(X, [0], [0], y=[0, 1, 0])


def test_simulations_must_be_fitted_and_have_their_models():
    with pytest.raises(NotFittedError, match="Call its fit first"):
        QueryMapDisplay.from_simulation(ActiveLearningSimulation(None), X)
    with pytest.raises(ValueError, match="keep_estimators=True"):
        QueryMapDisplay.from_simulation(played(keep_estimators=False), X)
    for wrong in (4, -1, 0.5):
        with pytest.raises(ValueError, match=f"'query' parameter.*0 to 3. Got {wrong}"):
            QueryMapDisplay.from_simulation(played(), X, query=wrong)
