"""Data sets, models and strategies of grids, and the time that is left."""

import math

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch

from skactive import ALBL, RandomSampling
from skactive.datasets import load_dataset
from skactive.experiments import Grid, GridError, Store, run_grid
from skactive.experiments.grid import Setting
from skactive.experiments.progress import expected_seconds, in_words
from skactive.nets import make_net

FILE = """
seeds = 1
batch_sizes = 4
models = {models}
strategies = ["RandomSampling"]

[protocol]
n_initial = 6
n_queries = 1

[datasets.own]
{data}
"""


def played(folder, data, models):
    path = folder / "grid.toml"
    path.write_text(FILE.format(data=data, models=models))
    grid = Grid.from_toml(path)
    status = run_grid(grid, folder / "grid.sqlite", progress=False)
    assert not status.failed, status.failed
    return Store(folder / "grid.sqlite").runs(grid)


def one(**changes):
    params = {"datasets": ["iris"], "models": ["logistic"], "n_queries": 1}
    return Grid(**(params | {"strategies": ["RandomSampling"]} | changes))


# ------------------------------------------------------------------- data


def test_arrays_and_networks_on_images(tmp_path):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    images = rng.integers(0, 99, (60, 14, 14)) + 150 * y[:, None, None]
    np.savez(tmp_path / "own.npz", X=images.astype(np.uint8), y=y)
    net = "{cnn = {model = 'bayesian_cnn', filters = [4], hidden = 8, max_epochs = 4}}"
    (run,) = played(tmp_path, 'npz = "own.npz"\nn_train = 40', net)
    assert run.budget.tolist() == [6, 10]
    assert set(run.acquired[:6].tolist()) == {0, 1}


def test_a_table_with_gaps(tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 2)), columns=["a", "b"])
    table["ill"] = np.where(table["a"] > 0, "yes", "no")
    table.loc[::5, "b"] = np.nan
    table.to_csv(tmp_path / "own.csv", index=False)
    text = 'table = "own.csv"\ntarget = "ill"'
    runs = played(tmp_path, text, '["logistic", "forest"]')
    assert [run.model for run in runs] == ["logistic", "forest"]
    assert runs[0].score[-1] > 0.7


def test_a_regression(tmp_path):
    runs = played(tmp_path, 'load = "diabetes"', '["ridge", "bayesian_ridge"]')
    assert len(runs) == 2 and runs[0].acquired.dtype == np.float64


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (Bunch(X_train=np.ones((4, 1))), "It lacks y_train, X_test, y_test, task"),
        (
            load_dataset("iris") | {"task": "ranking"},
            "task must be classification or regression, not 'ranking'",
        ),
        (
            load_dataset("iris") | {"y_train": np.ones((105, 2))},
            r"y_train must hold one label for each row .* \(105, 2\) and \(105, 4",
        ),
        (
            load_dataset("iris") | {"y_test": np.ones(3)},
            r"y_test must hold one label for each row of X_test. Got shapes \(3,\)",
        ),
    ],
    ids=["missing", "task", "columns", "lengths"],
)
def test_what_is_no_data_set_is_told(data, sentence):
    with pytest.raises(GridError, match=f"datasets.own: .*{sentence}"):
        one(datasets={"own": Bunch(**data)}).settings()


@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame, scipy.sparse.csr_array])
def test_data_of_ones_own_in_arrays_frames_and_sparse(kind, tmp_path):
    iris = load_dataset("iris", scale=False)
    data = Bunch(task="classification", y_train=iris.y_train, y_test=iris.y_test)
    data.X_train, data.X_test = (kind(X) for X in (iris.X_train, iris.X_test))
    models = {"logistic": {"model": "logistic", "scale": False}}
    models |= {"mlp": {"max_epochs": 2}} if kind is np.asarray else {}
    grid = one(datasets={"own": data}, models=models, seeds=1)
    status = run_grid(grid, tmp_path / "grid.sqlite", progress=False)
    assert len(status.done) == len(models), status.failed


def test_gaps_are_filled_in_any_kind_of_rows():
    logistic = one().models["logistic"]
    for kind in (np.asarray, pd.DataFrame, scipy.sparse.csr_array):
        for gap in (0.0, np.nan):
            X = kind(np.array([[1.0, gap], [2.0, 3.0]], dtype=np.float32))
            data = Bunch(task="classification", X_train=X, X_test=X, scaling="Done.")
            assert isinstance(logistic.make(data), Pipeline) == np.isnan(gap)


# ------------------------------------------------------------------- models


def test_a_class_is_no_model():
    with pytest.raises(GridError, match=r"models.m: .* Write LogisticRegression\(\)"):
        one(models={"m": LogisticRegression})


def test_columns_are_scaled_unless_their_loader_has_done_so():
    grid = one(
        models={"plain": "logistic", "on": {"model": "logistic", "scale": True}},
        datasets={"iris": "iris", "raw": {"load": "iris", "scale": False}},
    )
    iris, raw = (grid.datasets[name].load() for name in ("iris", "raw"))
    assert isinstance(grid.models["plain"].make(iris), LogisticRegression)
    assert list(grid.models["on"].make(iris).named_steps) == [
        "standardscaler",
        "logisticregression",
    ]
    assert isinstance(grid.models["plain"].make(raw), Pipeline)
    raw.X_test[0, 0] = np.nan
    first_step = grid.models["plain"].make(raw).steps[0][0]
    assert first_step == "simpleimputer"


def test_a_network_gets_the_options_of_all_and_its_own():
    grid = one(
        models={"wide": {"model": "mlp", "width": 7, "lr": 0.5}},
        training={"lr": 0.1, "max_epochs": 3},
    )
    net = grid.models["wide"].make(grid.datasets["iris"].load())
    params = net.get_params()
    assert (params["lr"], params["max_epochs"], params["module__width"]) == (0.5, 3, 7)
    assert (params["module__n_features"], params["module__n_outputs"]) == (4, 3)


def test_a_network_is_for_classes():
    grid = one(datasets=["diabetes"], models=["mlp"])
    with pytest.raises(GridError, match=r"models.mlp: .*and diabetes is a regression"):
        grid.models["mlp"].make(grid.datasets["diabetes"].load())


# ------------------------------------------------------------------- strategies


class Plain(BaseEstimator):
    """Has no model to fill in."""

    def query(self, X, n):
        return np.arange(n)


def test_strategies_get_the_model_and_leave_the_seed_to_the_simulation():
    albl = {"class": "ALBL", "delta": 0.2, "strategies": ["BADGE", {"class": "BALD"}]}
    given = RandomSampling()
    grid = one(strategies={"albl": albl, "given": given})
    model = LogisticRegression()
    made = grid.strategies["albl"].make(model)
    assert isinstance(made, ALBL) and (made.delta, made.random_state) == (0.2, None)
    assert made.estimator is model
    assert [type(arm).__name__ for arm in made.strategies] == ["BADGE", "BALD"]
    assert grid.strategies["given"].make(model).random_state is None
    assert given.random_state is None and given.estimator is None


def test_a_strategy_without_a_model_is_told():
    with pytest.raises(GridError, match=r"strategies.p: .*Plain has none"):
        one(strategies={"p": Plain()})
    with pytest.raises(GridError, match=r"strategies.p: must be the name of a class"):
        one(strategies={"p": RandomSampling})


# ------------------------------------------------------------------- time


def setting(dataset="a", model="m", batch_size=1, strategy="s", seed=0):
    return Setting(dataset, model, batch_size, strategy, seed, key="")


def test_the_time_left_goes_by_the_runs_most_alike():
    done = {
        setting(seed=0): 2.0,
        setting(seed=1): 4.0,
        setting(batch_size=5): 12.0,
        setting(model="n"): 100.0,
    }
    cases = [
        (setting(seed=7), 3.0),
        (setting(batch_size=9), 6.0),  # same data, model and strategy
        (setting(dataset="b"), 6.0),  # same model and strategy
        (setting(strategy="t", model="n"), 100.0),  # same model
        (setting(model="o"), 29.5),  # all
    ]
    for missing, expected in cases:
        assert expected_seconds([missing], done) == pytest.approx(expected)
    together = expected_seconds([missing for missing, _ in cases], done)
    assert together == pytest.approx(144.5)
    assert expected_seconds([], done) == 0 and expected_seconds([], {}) == 0
    assert math.isnan(expected_seconds([setting()], {}))


def test_durations_in_words():
    told = {0.2: "0 s", 89: "89 s", 91: "2 min", 3600: "60 min", 5400: "1 h 30 min"}
    assert [in_words(seconds) for seconds in told] == list(told.values())
    assert in_words(math.nan) == "not known yet"


def drawn_anew():
    rng = np.random.default_rng()
    y = np.arange(40) % 2
    X = rng.normal(size=(40, 2)) + y[:, None]
    parts = {"X_train": X, "y_train": y, "X_test": X, "y_test": y}
    return {**parts, "task": "classification"}


def test_data_that_are_others_each_time_are_told(tmp_path):
    grid = one(datasets={"own": drawn_anew}, seeds=1)
    status = run_grid(grid, tmp_path / "a.sqlite", progress=False)
    (error,) = status.failed.values()
    assert "datasets.own: the function gives other data each time. Seed" in error
    with pytest.raises(GridError, match=r"iris.random_state: must be a whole .* None"):
        one(datasets={"iris": {"random_state": None}})


def test_a_file_that_changes_while_a_grid_is_played_is_told(tmp_path):
    path = tmp_path / "own.csv"
    table = pd.DataFrame({"x": np.arange(40.0), "y": ["no", "yes"] * 20})
    table.to_csv(path, index=False)
    datasets = {"own": {"table": path, "target": "y"}, "iris": "iris"}
    grid = one(datasets=datasets, seeds=2, n_initial=6)

    def play():
        return run_grid(grid, tmp_path / "a.sqlite", progress=False, rehearsal=False)

    assert grid.settings()
    table.assign(x=0.0).to_csv(path, index=False)
    status = play()
    assert {setting.dataset for setting in status.done} == {"iris"}
    assert len(status.failed) == 2
    assert all("no longer the file it was" in e for e in status.failed.values())


def as_dict():
    iris = load_dataset("iris")
    return {**iris, "X_train": iris.X_train.tolist()}


def as_text():
    return "iris"


def test_a_function_may_give_a_dict_and_lists_and_nothing_else(tmp_path):
    grid = one(datasets={"own": as_dict, "iris": "iris"}, seeds=1)
    assert len(run_grid(grid, tmp_path / "a.sqlite", progress=False).done) == 2
    with pytest.raises(
        GridError, match=r"datasets.own: .* must give a Bunch.* Got str"
    ):
        one(datasets={"own": as_text}).settings()


def test_labels_beyond_what_a_store_holds_are_told():
    iris = load_dataset("iris")
    iris.y_train = iris.y_train.astype(np.uint64) + np.uint64(2**63)
    with pytest.raises(
        GridError, match=r"y_train has labels up to 9223372036854775810"
    ):
        one(datasets={"own": iris}).settings()


@pytest.mark.parametrize(
    ("task", "dtype", "stored"),
    [("regression", np.int64, "f"), ("classification", np.float64, "i")],
)
def test_labels_are_stored_as_what_they_are(task, dtype, stored, tmp_path):
    iris = load_dataset("iris")
    for part in ("y_train", "y_test"):
        iris[part] = iris[part].astype(dtype)
    iris.task = task
    models = ["ridge"] if task == "regression" else ["logistic"]
    grid = one(datasets={"own": iris}, models=models, seeds=1)
    run_grid(grid, tmp_path / "a.sqlite", progress=False)
    (run,) = Store(tmp_path / "a.sqlite").runs(grid)
    assert run.acquired.dtype.kind == stored


NET = make_net("mlp", n_outputs=3, input_shape=4, width=8, max_epochs=7, lr=0.01)


def one_net(data):
    return NET


def test_a_rehearsal_leaves_a_model_of_ones_own_as_it_is(tmp_path):
    curves = []
    for rehearsal in (False, True):
        grid = one(models={"net": one_net}, seeds=1)
        store = tmp_path / f"{rehearsal}.sqlite"
        status = run_grid(grid, store, progress=False, rehearsal=rehearsal)
        assert len(status.done) == 1
        (run,) = Store(store).runs(grid)
        curves.append(run.score.tolist())
    assert curves[0] == curves[1] and NET.max_epochs == 7


def test_what_to_play_may_be_named_alone(tmp_path):
    grid = one(seeds=2)
    status = run_grid(grid, tmp_path / "a.sqlite", progress=False, only={"seed": 0})
    assert len(status.done) == 1
    assert len(grid.chosen({"strategy": "RandomSampling", "seed": [1]})) == 1
    with pytest.raises(
        GridError, match=r"grid: must be a Grid; .*from_toml.* 'g.toml'"
    ):
        run_grid("g.toml", tmp_path / "a.sqlite")
