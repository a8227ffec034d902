"""Grids: what they come to, what tells runs apart, and what is refused."""

import json
import re
from functools import partial

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer
from sklearn.svm import SVC
from sklearn.utils import Bunch

from skactive import BADGE, BAIT, RandomSampling
from skactive.datasets import load_dataset
from skactive.experiments import Grid, GridError

TOML = """
seeds = [3, 4]
batch_sizes = [5, 10]
datasets = ["iris"]

[protocol]
n_initial = 10
max_labels = 34

[models.logistic]
C = 0.5

[models.wide]
model = "mlp"
width = 64

[training]
max_epochs = 7
lr = 0.01

[strategies.badge]
class = "BADGE"

[strategies."bait F=Id"]
class = "BAIT"
fisher_term = false
"""


def write(folder, text, name="small.toml"):
    path = folder / name
    path.write_text(text)
    return path


def keys(**changes):
    """Hash the runs of a small grid, changed here and there."""
    params = {
        "datasets": ["iris"],
        "models": ["logistic"],
        "strategies": ["BADGE"],
        "seeds": [0],
        "n_queries": 3,
    }
    return [setting.key for setting in Grid(**(params | changes)).settings()]


def test_a_file_comes_to_runs_seed_by_seed(tmp_path):
    grid = Grid.from_toml(write(tmp_path, TOML))
    settings = grid.settings()
    assert grid.name == "small" and len(settings) == 2 * 2 * 2 * 2
    assert [s.seed for s in settings] == [3] * 8 + [4] * 8
    assert str(settings[0]) == "iris logistic badge batch 5 seed 3"
    assert len({s.key for s in settings}) == len(settings)
    assert [grid.queries(size) for size in (5, 10)] == [4, 2]  # 30 labels, never > 34
    wide = grid.described("iris", "wide", 5, "bait F=Id", 3)
    assert wide["model"]["options"] == {"max_epochs": 7, "lr": 0.01, "width": 64}
    assert wide["strategy"]["params"] == {"fisher_term": False}
    assert json.loads(json.dumps(wide)) == wide


def test_a_file_and_python_name_the_same_runs(tmp_path):
    grid = Grid(
        datasets={"iris": {"load": "iris"}},
        models={
            "l": {"C": 0.5, "model": "logistic"},
            "w": {"lr": 0.01, "model": "mlp", "max_epochs": 7, "width": 64},
        },
        strategies={"b": BADGE(), "i": BAIT(fisher_term=False)},
        batch_sizes=range(5, 11, 5),
        seeds=(3, np.int64(4)),
        n_initial=10,
        max_labels=34,
    )
    read = Grid.from_toml(write(tmp_path, TOML))
    assert [s.key for s in grid.settings()] == [s.key for s in read.settings()]


def test_batch_sizes_may_end_at_different_numbers_of_labels(tmp_path):
    text = TOML.replace("max_labels = 34", "max_labels = {10 = 41, 5 = 22}")
    read = Grid.from_toml(write(tmp_path, text))
    given = Grid(
        ["iris"],
        ["logistic"],
        ["BADGE"],
        [5, 10],
        n_initial=10,
        max_labels={5: 22, 10: 41},
    )
    for grid in (read, given):
        assert [grid.queries(size) for size in (5, 10)] == [2, 3]


def test_runs_may_be_left_out(tmp_path):
    whole = Grid.from_toml(write(tmp_path, TOML)).settings()
    tables = """
    [[exclude]]
    model = "logistic"
    batch_size = [5, 10]
    strategy = "badge"

    [[exclude]]
    seed = 4
    batch_size = 5
    """
    grid = Grid.from_toml(write(tmp_path, TOML + tables))
    assert grid.settings() == [
        s
        for s in whole
        if (s.model, s.strategy) != ("logistic", "badge")
        and (s.seed, s.batch_size) != (4, 5)
    ]
    assert grid.chosen({"strategy": ["badge"], "seed": [4]}) == [
        s for s in whole if str(s) == "iris wide badge batch 10 seed 4"
    ]
    with pytest.raises(GridError, match=r"^only: none of these runs is in the grid"):
        grid.chosen({"strategy": ["badge"], "model": ["logistic"]})
    nothing = TOML.replace("seeds =", "exclude = [{seed = [3, 4]}]\nseeds =")
    with pytest.raises(GridError, match=r"^exclude: leaves no runs\. Leave out"):
        Grid.from_toml(write(tmp_path, nothing)).settings()


def test_the_order_of_keys_in_a_file_does_not_count(tmp_path):
    head, *tables = TOML.strip().split("\n\n")
    turned = "\n".join(reversed(head.splitlines())) + "\n\n"
    for table in reversed(tables):
        name, *lines = table.splitlines()
        turned += "\n".join([name, *reversed(lines)]) + "\n\n"
    first, second = (
        {s.key for s in Grid.from_toml(write(tmp_path, text)).settings()}
        for text in (TOML, turned)
    )
    assert first == second


def test_names_of_the_grid_and_spelled_out_defaults_do_not_count():
    named = {"strategies": {"other": {"class": "BADGE", "sampler": "kmeans++"}}}
    named |= {"datasets": {"flowers": {"load": "iris", "random_state": 0}}}
    assert keys(**named) == keys()


@pytest.mark.parametrize(
    "change",
    [
        {"datasets": ["wine"]},
        {"datasets": {"iris": {"test_size": 0.5}}},
        {"datasets": {"iris": load_dataset("iris", random_state=1)}},
        {"models": ["forest"]},
        {"models": {"logistic": {"C": 2.0}}},
        {"models": {"logistic": {"scale": False}}},
        {"models": {"logistic": LogisticRegression()}},
        {"models": {"logistic": LogisticRegression(C=2)}},
        {"models": {"logistic": LogisticRegression(solver="saga")}},
        {"models": ["mlp"]},
        {"models": ["mlp"], "training": {"lr": 0.1}},
        {"strategies": ["MarginSampling"]},
        {"strategies": {"b": {"class": "BADGE", "sampler": "kdpp"}}},
        {"strategies": {"b": {"class": "ALBL", "strategies": ["BADGE"]}}},
        {"strategies": {"b": {"class": "ALBL", "strategies": ["CoreSet"]}}},
        {"batch_sizes": 11},
        {"seeds": [1]},
        {"n_initial": 21},
        {"initial": "random"},
        {"n_queries": 4},
        {"pool_size": 50},
        {"scoring": "f1_macro"},
    ],
    ids=str,
)
def test_every_setting_makes_another_run(change):
    assert keys(**change) != keys()
    assert keys(**change) == keys(**change)


@pytest.mark.parametrize(
    "about",
    [
        {"image_shape": (1, 2, 2)},
        {"scaling": "Nothing was scaled."},
        {"target_names": "abcd"},
    ],
)
def test_what_models_are_made_by_makes_another_run_of_given_data(about):
    data = load_dataset("iris")
    first, second = ({"iris": Bunch(**(data | new))} for new in ({}, about))
    assert keys(datasets=first) != keys(datasets=second)
    assert keys(datasets=first) == keys(datasets={"iris": load_dataset("iris")})


def test_estimators_with_the_same_parameters_are_the_same_run():
    model = SVC(probability=True, class_weight={0: 1.0, 1: 2.0})
    again = SVC(class_weight={1: 2.0, 0: 1.0}, probability=True, kernel="rbf")
    assert keys(models={"m": model}) == keys(models={"m": again})


def test_files_are_told_by_what_is_in_them(tmp_path):
    def save(folder, shift):
        folder.mkdir()
        X = np.arange(80.0).reshape(40, 2) + shift
        np.savez(folder / "own.npz", X=X, y=np.arange(40) % 2)
        text = TOML.replace('datasets = ["iris"]', "")
        text += '\n[datasets.own]\nnpz = "own.npz"\n'
        return Grid.from_toml(write(folder, text))

    first, moved, changed = (
        save(tmp_path / name, shift) for name, shift in (("a", 0), ("b", 0), ("c", 1))
    )
    assert [s.key for s in first.settings()] == [s.key for s in moved.settings()]
    told, other = (
        grid.described("own", "logistic", 5, "badge", 3)["dataset"]
        for grid in (first, changed)
    )
    assert told["bytes"] == other["bytes"] and told["sha256"] != other["sha256"]


def test_a_file_that_is_not_there_is_named(tmp_path):
    text = TOML.replace('datasets = ["iris"]', "") + '[datasets.own]\nnpz = "no.npz"\n'
    with pytest.raises(GridError, match=r"datasets.own: there is no file at .*no.npz"):
        Grid.from_toml(write(tmp_path, text)).settings()


MISTAKES = [
    ("seeds = [3, 4]", "sedes = 3", "sedes: there is no such key (perhaps seeds). All"),
    ("seeds = [3, 4]", "seeds = []", "seeds: must not be empty"),
    ("seeds = [3, 4]", "seeds = 0", "seeds: must be a whole number >= 1. Got 0"),
    ("seeds = [3, 4]", "seeds = [-1]", "seeds: must be a whole number >= 0. Got -1"),
    ("seeds = [3, 4]", "seeds = [1, 1]", "seeds: a number comes twice in [1, 1]"),
    ("[5, 10]", '["5"]', "batch_sizes: must be a whole number >= 1. Got '5'"),
    ("[5, 10]", "2.5", "batch_sizes: must be a whole number >= 1. Got 2.5"),
    ("[5, 10]", "true", "batch_sizes: must be a whole number >= 1. Got True"),
    ('["iris"]', '["irs"]', "datasets.irs.load: there is no data set 'irs' (perhaps i"),
    ('["iris"]', "[1]", "datasets: must be a list of names, or a table"),
    ('["iris"]', "[]", "datasets: must not be empty"),
    ('["iris"]', '["iris", "iris"]', "datasets: a name comes twice"),
    ('["iris"]', "{iris = 3}", "datasets.iris: must be a name, a table of settings"),
    ('["iris"]', "{iris = {siz = 1}}", "datasets.iris.siz: there is no such key. All"),
    ('["iris"]', '{a = {npz = "a", load = "b"}}', "datasets.a: give only one of"),
    ('["iris"]', '{a = {table = "a.csv"}}', "datasets.a.target: say which column"),
    ('["iris"]', "{a = {npz = 3}}", "datasets.a.npz: must be the path of a file"),
    ("n_initial = 10", "n_initial = -1", "n_initial: must be a whole number >= 0"),
    ("n_initial = 10", 'n_initial = "all"', "n_initial: must be a whole number >= 0"),
    ("n_initial = 10", "n_start = 10", "protocol.n_start: there is no such key"),
    ("n_initial = 10", 'initial = "best"', "initial: must be 'stratified' or 'ra"),
    ("max_labels = 34", "", "n_queries, max_labels: give one of them"),
    ("max_labels = 34", "max_labels = 12", "max_labels: must be a whole number >= 20"),
    (
        "max_labels = 34",
        "max_labels = {5 = 30}",
        "max_labels: must have a number for e",
    ),
    (
        "max_labels = 34",
        "max_labels = {5 = 30, 10 = 12}",
        "max_labels.10: must be a whole number >= 20",
    ),
    ("seeds = ", 'exclude = "seed"\nseeds = ', "exclude: must be a list of tables"),
    ("seeds = ", "exclude = [3]\nseeds = ", "exclude: must be a table. Got 3"),
    ("seeds = ", "exclude = [{}]\nseeds = ", "exclude: an empty table would leave ou"),
    ("seeds = ", "exclude = [{seed = []}]\nseeds = ", "exclude.seed: must name at lea"),
    (
        "seeds = ",
        "exclude = [{sed = 3}]\nseeds = ",
        "exclude: there is no axis 'sed' (perhaps seed). Allowed",
    ),
    (
        "seeds = ",
        "exclude = [{seed = 5}]\nseeds = ",
        "exclude: there is no seed 5. Allowed: 3, 4",
    ),
    ("max_labels = 34", "n_queries = 1.0", "n_queries: must be a whole number >= 0"),
    ("n_initial", "pool_size = 9\nn_initial", "pool_size: must be a whole number >= 1"),
    ("n_initial", 'scoring = "acc"\nn_initial', "scoring: there is no 'acc'. Allowed"),
    ("n_initial", "scoring = 3\nn_initial", "scoring: must be the name of a metric"),
    (
        "[models.logistic]",
        "[models.logistc]",
        "models.logistc.model: there is no model",
    ),
    ("C = 0.5", "c = 0.5", "models.logistic.c: there is no such key (perhaps"),
    ("C = 0.5", "scale = 1", "models.logistic.scale: must be true or false. Got 1"),
    ("width = 64", "n_outputs = 3", "models.wide.n_outputs: is set by the grid"),
    ('"mlp"\nwidth = 64', '"forest"', "training: is for networks, and no model is one"),
    ('"BADGE"', '"BADG"', "strategies.badge.class: there is no strategy 'BADG' (perha"),
    ('"BADGE"', "3", "strategies.badge.class: there is no strategy 3. Allowed: ALBL,"),
    (
        "fisher_term",
        "fischer_term",
        "strategies.bait F=Id.fischer_term: there is no su",
    ),
    ("fisher_term", "random_state", "strategies.bait F=Id.random_state: there is no s"),
    ("[training]", "[train", "is no TOML that can be read"),
    ("[training]", "[trainings]", "trainings: there is no such key (perhaps training)"),
    ("\n[protocol]", "\n", "n_initial: belongs into the table [protocol]"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), MISTAKES, ids=lambda p: p[:25])
def test_a_mistake_in_a_file_gets_a_sentence(old, new, sentence, tmp_path):
    assert old in TOML
    path = write(tmp_path, TOML.replace(old, new, 1))
    with pytest.raises(GridError, match=f"^small.toml: {re.escape(sentence)}") as told:
        Grid.from_toml(path)
    assert "\n" not in str(told.value)


def test_what_must_be_there_is_asked_for(tmp_path):
    for key in ("datasets", "models", "strategies", "protocol"):
        text = re.sub(rf"(?ms)^(\[{key}.*?(?=^\[(?!{key})|\Z))|^{key} = .*?$", "", TOML)
        with pytest.raises(GridError, match=f"small.toml: {key}: is missing"):
            Grid.from_toml(write(tmp_path, text))
    with pytest.raises(FileNotFoundError, match="no file at"):
        Grid.from_toml(tmp_path / "other.toml")


def test_twins_are_refused():
    twice = {"a": "BADGE", "b": {"class": "BADGE"}}
    with pytest.raises(GridError, match="strategy 'a' and 'b' are the same but for th"):
        keys(strategies=twice)


def test_what_has_no_name_cannot_be_told_apart():
    with pytest.raises(GridError, match=r"models.m: .*lambda.* has no name"):
        keys(models={"m": lambda data: LogisticRegression()})
    with pytest.raises(GridError, match=r"datasets.d: .*lambda.* has no name"):
        keys(datasets={"d": lambda: load_dataset("iris")})
    with pytest.raises(GridError, match=r"scoring: .*lambda.* has no name"):
        keys(scoring=lambda model, X, y: 0.0)
    for holder in (make_scorer, partial):
        with pytest.raises(GridError, match=r"scoring: what a .* holds cannot be told"):
            keys(scoring=holder(lambda *_: 0.0))
    assert keys(scoring=make_scorer(f1_score)) != keys(
        scoring=make_scorer(f1_score, average="macro")
    )


def test_a_strategy_leaves_model_and_seed_to_the_grid():
    with pytest.raises(GridError, match=r"strategies.r: random_state must be left out"):
        keys(strategies={"r": RandomSampling(random_state=3)})
    with pytest.raises(GridError, match=r"strategies.r: estimator must be left out"):
        keys(strategies={"r": RandomSampling(SVC())})


def test_some_of_a_grid():
    grid = Grid(["iris"], ["logistic"], ["BADGE", "BAIT"], seeds=3, n_queries=1)
    some = grid.chosen({"strategy": ["BAIT"], "seed": [0, 2]})
    assert [(s.strategy, s.seed) for s in some] == [("BAIT", 0), ("BAIT", 2)]
    with pytest.raises(GridError, match=r"no strategy 'bait'. Allowed: BADGE, BAIT"):
        grid.chosen({"strategy": ["bait"]})
    with pytest.raises(
        GridError, match=r"no axis 'net'. Allowed: dataset, model, batc"
    ):
        grid.chosen({"net": ["mlp"]})
