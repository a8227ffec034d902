"""Tables in files of any kind turned into the one form of data sets."""

import sys
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skactive.datasets import load_dataset, load_table


@pytest.fixture
def save(tmp_path):
    def write(table, name="table.csv"):
        path = tmp_path / name
        frame = pd.DataFrame(table)
        if name.endswith(".parquet"):
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False)
        return path

    return write


def columns(n=20):
    return {"x": np.arange(n) / 7, "y": ["no", "yes"] * (n // 2)}


def as_row_set(data):
    X = np.vstack([data.X_train, data.X_test])
    y = np.concatenate([data.y_train, data.y_test])
    return sorted(map(tuple, np.column_stack([X, y]).tolist()))


@pytest.mark.parametrize("name", ["t.csv", "t.CSV", "t.csv.gz", "t.parquet"])
def test_a_file_is_read_whole(save, name):
    data = load_table(save(columns(), name), "y")
    assert data.name == "t" and data.task == "classification"
    assert set(data) == set(load_dataset("iris"))
    assert data.X_train.dtype == np.float32 and data.image_shape is None
    assert data.scaling == "Nothing was scaled."
    assert data.target_names.tolist() == ["no", "yes"]
    expected = sorted(zip(np.arange(20) / 7, [0.0, 1.0] * 10, strict=True))
    assert np.allclose(as_row_set(data), expected)
    assert_array_equal(np.bincount(data.y_test), [3, 3])


@pytest.mark.parametrize(
    ("target", "task", "names"),
    [
        (["b", "a"] * 20, "classification", ["a", "b"]),
        ([True, False] * 20, "classification", [False, True]),
        ([5, 3] * 20, "classification", [3, 5]),
        ([5.0, 3.0] * 20, "classification", [3, 5]),
        (list(range(20)) * 2, "classification", list(range(20))),
        (list(range(21)) + list(range(19)), "regression", None),
        ([0.5, 3.0] * 20, "regression", None),
    ],
)
def test_the_target_decides_the_task(save, target, task, names):
    data = load_table(save({"x": range(40), "y": target}), "y")
    assert data.task == task
    assert names == (None if data.target_names is None else data.target_names.tolist())
    if task == "regression":
        assert data.y_train.dtype == np.float64


def test_the_task_can_be_said(save):
    path = save({"x": range(40), "y": [0, 1] * 20})
    assert load_table(path, "y", task="regression").target_names is None
    path = save({"x": range(40), "y": [0.5, 1.5] * 20})
    data = load_table(path, "y", task="classification")
    assert data.target_names.tolist() == [0.5, 1.5]
    with pytest.raises(ValueError, match=r"'task' parameter.*Got 'ranking'"):
        load_table(path, "y", task="ranking")
    with pytest.raises(ValueError, match=r"'y' holds text.*task='classification'"):
        load_table(save(columns()), "y", task="regression")


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_columns_become_numbers(save, name):
    table = columns(20) | {
        "flag": [True, False] * 10,
        "town": ["Bern", "Basel", None, "Bern"] * 5,
        "gap": [1.5, None] * 10,
    }
    data = load_table(save(table, name), "y")
    assert data.feature_names == ["x", "flag", "town=Basel", "town=Bern", "gap"]
    X = np.vstack([data.X_train, data.X_test])
    X = X[np.argsort(X[:, 0])]
    assert_array_equal(X[:, 1], [1, 0] * 10)
    assert_array_equal(X[:, 2], [0, 1, 0, 0] * 5)
    assert_array_equal(X[:, 3], [1, 0, 0, 1] * 5)
    assert_array_equal(X[:, 4], [1.5, np.nan] * 10)


def test_nullable_and_categorical_columns_of_parquet_are_read(save):
    table = pd.DataFrame(columns())
    table["whole"] = pd.array([1, None] * 10, dtype="Int64")
    table["kind"] = pd.Categorical(["u", "v"] * 10, categories=["u", "v", "unused"])
    data = load_table(save(table, "t.parquet"), "y")
    assert data.feature_names == ["x", "whole", "kind=u", "kind=v"]
    assert np.isnan(data.X_train[:, 1]).any()


def test_rows_without_a_target_are_left_out_with_a_warning(save):
    path = save(columns() | {"y": [None, "a", "b", "a"] * 5})
    with pytest.warns(UserWarning, match="5 of 20 rows of table.csv have no 'y'"):
        data = load_table(path, "y")
    assert len(as_row_set(data)) == 15
    assert data.target_names.tolist() == ["a", "b"]


def test_a_column_of_names_is_left_out_with_a_warning(save):
    path = save(columns(202) | {"id": [f"p{i}" for i in range(202)]})
    with pytest.warns(UserWarning, match="left out: 'id', more than 100"):
        assert load_table(path, "y").feature_names == ["x"]


def test_a_class_of_one_row_makes_the_split_plain(save):
    data = load_table(save(columns() | {"y": ["a"] * 12 + ["b"] * 7 + ["c"]}), "y")
    assert np.bincount(np.concatenate([data.y_train, data.y_test])).tolist() == [
        12,
        7,
        1,
    ]


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"x": range(20)}, "no column 'y'.*Its columns: 'x'"),
        ({"y": [0, 1] * 20}, "no column besides 'y'"),
        ({"x": [], "y": []}, r"has 0 row\(s\) with a 'y'.*at least 10"),
        ({"x": range(20), "y": ["a"] * 20}, "single class, 'a'"),
        ({"x": range(20), "y": [f"n{i}" for i in range(20)]}, "20 different values"),
        ({"x": range(20), "y": [1.5, np.inf] * 10}, "'y' holds infinity"),
        ({"x": [1.5, np.inf] * 10, "y": [0, 1] * 10}, "holds infinity in 'x'"),
    ],
)
def test_a_table_that_makes_no_task_is_refused(save, table, sentence):
    with pytest.raises(ValueError, match=sentence):
        load_table(save(table), "y")


def test_only_names_as_features_are_refused(save):
    names = [f"p{i}" for i in range(202)]
    path = save({"id": names, "y": [0, 1] * 101})
    with (
        pytest.warns(UserWarning, match="'id'"),
        pytest.raises(ValueError, match="no feature left"),
    ):
        load_table(path, "y")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file at .*missing.csv"):
        load_table(tmp_path / "missing.csv", "y")
    with pytest.raises(ValueError, match=r"must end in '.csv'.*'.parquet'"):
        load_table(tmp_path / "table.xlsx", "y")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(ValueError, match=r"empty.csv is empty"):
        load_table(tmp_path / "empty.csv", "y")
    (tmp_path / "bad.parquet").write_bytes(b"PAR0")
    with pytest.raises(ValueError, match=r"bad.parquet could not be read"):
        load_table(tmp_path / "bad.parquet", "y")
    (tmp_path / "bad.csv").write_bytes(b"a,b\n\xff\xfe,1\n")
    with pytest.raises(ValueError, match=r"bad.csv could not be read"):
        load_table(tmp_path / "bad.csv", "y")


def test_without_pandas_or_pyarrow_a_sentence_says_what_to_install(
    save, tmp_path, monkeypatch
):
    path, parquet = save(columns()), save(columns(), "t.parquet")

    def no_engine(path):
        raise ImportError("Unable to find a usable engine")

    monkeypatch.setattr(pd, "read_parquet", no_engine)
    with pytest.raises(ImportError, match=r"needs pyarrow.*pip install pyarrow"):
        load_table(parquet, "y")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r'needs pandas.*"skactive\[plot\]"'):
        load_table(path, "y")


def test_numbers_that_float32_cannot_tell_apart_are_named(save):
    n = 40
    table = columns(n) | {
        "day": 20240101 + np.arange(n) % 28,
        "big": np.arange(n) * 1e7,
    }
    with pytest.warns(UserWarning, match=r"rounds away .* in 'day': dates") as told:
        load_table(save(table), "y")
    assert len(told) == 1
    with pytest.raises(ValueError, match=r"beyond float32 in 'x'\. Divide"):
        load_table(save(columns(n) | {"x": np.arange(n) * 1e38}), "y")


def test_row_numbers_that_pandas_wrote_are_told(tmp_path):
    path = tmp_path / "t.csv"
    pd.DataFrame(columns()).to_csv(path)
    with pytest.warns(UserWarning, match=r"first column of t.csv .* index=False"):
        data = load_table(path, "y")
    assert data.feature_names == ["Unnamed: 0", "x"]


def test_decimals_are_numbers(save):
    numbers = [Decimal(k) / 4 for k in range(40)]
    table = columns(40) | {"price": [None, *numbers[1:]]}
    data = load_table(save(table, "t.parquet"), "y")
    assert data.feature_names == ["x", "price"]
    assert sorted(np.nan_to_num(as_row_set(data))[:, 1]) == [k / 4 for k in range(40)]
    target = load_table(save({"x": range(40), "price": numbers}, "t.parquet"), "price")
    assert target.task == "regression"
    mixed = columns(20) | {"flag": [True, None] * 10}
    names = load_table(save(mixed, "t.parquet"), "y").feature_names
    assert names[0] == "x" and all(name.startswith("flag") for name in names[1:])


@pytest.mark.parametrize("test_size", [0, 1, 45, 1.5, "0.3", True])
def test_a_share_of_rows_to_score_on_is_checked(save, test_size):
    for load in (
        lambda: load_table(save(columns()), "y", test_size=test_size),
        lambda: load_dataset("iris", test_size=test_size),
    ):
        with pytest.raises(ValueError, match=r"'test_size' .*\(0, 1\). Got"):
            load()
