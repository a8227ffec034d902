"""CSV and JSON Lines, there and back."""

import csv
import json
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skactive.labeling import (
    LabelStore,
    export_csv,
    export_jsonl,
    import_csv,
    import_jsonl,
)

FORMATS = pytest.mark.parametrize(
    ("export", "read", "name"),
    [(export_csv, import_csv, "t.csv"), (export_jsonl, import_jsonl, "t.jsonl")],
    ids=["csv", "jsonl"],
)


def answers(store):
    """What an import must bring back: all but the numbers of the rows."""
    return [
        (e.key, e.kind, e.label, e.annotator, e.at, e.strategy, e.round)
        for e in store.history()
    ]


@FORMATS
def test_labels_come_back_as_they_were(store, tmp_path, export, read, name):
    store.submit("b", "cat", annotator="bob")
    store.skip("a")
    export(store, tmp_path / name)
    with LabelStore(tmp_path / "other.db", annotator="eve") as other:
        report = read(other, tmp_path / name, add_items=True)
        assert (report.n_new, report.n_items_added) == (2, 2)
        assert sorted(answers(other)) == sorted(answers(store))
        assert {event.source for event in other.history()} == {name}
        again = read(other, tmp_path / name)
        assert (again.n_new, again.n_revised, again.n_unchanged) == (0, 0, 2)
        assert len(other.history()) == 2


WORDS = st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8
) | st.sampled_from(
    ["3", "1e5", "true", "null", "NaN", '"x"', " 3 ", "-0", "[1]", "\r\n", ",", "'"]
)
NUMBERS = (
    st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
)
PAYLOADS = st.none() | WORDS | st.lists(WORDS, max_size=2) | st.integers()


@settings(max_examples=12)
@given(
    keys=st.lists(
        WORDS | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=4, unique=True
    ),
    labels=st.lists(WORDS, min_size=4, max_size=4)
    | st.lists(NUMBERS, min_size=4, max_size=4),
    payloads=st.lists(PAYLOADS, min_size=4, max_size=4),
)
@FORMATS
def test_any_label_comes_back(quick_folder, export, read, name, keys, labels, payloads):
    folder = Path(mkdtemp(dir=quick_folder))
    with LabelStore(folder / "a.db") as store, LabelStore(folder / "b.db") as other:
        store.add_items(keys, payloads[: len(keys)])
        for key, label in zip(keys, labels, strict=False):
            store.submit(key, label)
        export(store, folder / name)
        read(other, folder / name, add_items=True)
        assert repr(other.labels()) == repr(store.labels())  # types too
        assert [other.payload(k) for k in keys] == payloads[: len(keys)]


def test_pandas_reads_the_csv(store, tmp_path):
    store.submit("b", "cat, or dog")
    store.submit("a", "cow")
    store.submit("a", "dog")
    export_csv(store, tmp_path / "labels.csv", unlabeled=True)
    table = pd.read_csv(tmp_path / "labels.csv", index_col="key")
    assert table.label["b"] == "cat, or dog"
    assert table.revised["a"] and not table.revised["b"]
    assert table.label.isna()["c"] and list(table.index) == ["a", "b", "c", "d"]


def test_a_table_filled_in_by_hand_is_imported(store, tmp_path):
    export_csv(store, tmp_path / "todo.csv", unlabeled=True)
    with open(tmp_path / "todo.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[2]["label"] = "dog"
    with open(tmp_path / "done.csv", "w", newline="", encoding="utf-8-sig") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    assert import_csv(store, tmp_path / "done.csv", annotator="bob").n_new == 1
    (event,) = store.history()
    assert (event.key, event.label, event.annotator) == ("c", "dog", "bob")


def test_a_table_of_others_is_imported(store, tmp_path):
    (tmp_path / "crowd.csv").write_text("file,answer,age\na,1,30\nb,0,31\n")
    report = import_csv(store, tmp_path / "crowd.csv", key="file", label="answer")
    assert report.n_new == 2 and store.labels() == {"a": 1, "b": 0}


def test_imports_revise_and_say_so(store, tmp_path):
    store.submit("a", "cat")
    (tmp_path / "new.csv").write_text("key,label\na,dog\nb,dog\n")
    report = import_csv(store, tmp_path / "new.csv", annotator="bob")
    assert (report.n_new, report.n_revised) == (1, 1)
    assert store.history("a")[-1].previous_annotator == "ada"
    with pytest.raises(ValueError, match="'bob' has answered it since"):
        store.undo()


def test_old_news_revises_nothing(store, tmp_path):
    store.submit("a", "cat")
    export_csv(store, tmp_path / "old.csv")
    store.submit("a", "dog")
    assert import_csv(store, tmp_path / "old.csv").n_unchanged == 1
    assert store.labels() == {"a": "dog"}


def test_a_table_is_read_as_the_classes_are_written(store, tmp_path):
    (tmp_path / "new.csv").write_text("key,label\na,1\nb,0\n")
    store.declare_classes([0.0, 1.0])
    assert import_csv(store, tmp_path / "new.csv").n_new == 2
    assert import_csv(store, tmp_path / "new.csv").n_unchanged == 2
    assert repr(store.labels()) == "{'a': 1.0, 'b': 0.0}"
    with LabelStore(tmp_path / "words.db", annotator="ada") as words:
        words.declare_classes(["0", "1"])
        import_csv(words, tmp_path / "new.csv", add_items=True)
        assert words.labels() == {"a": "1", "b": "0"}


def test_imports_are_not_undone(store, tmp_path):
    (tmp_path / "new.csv").write_text("key,label\na,dog\n")
    import_csv(store, tmp_path / "new.csv")
    with pytest.raises(ValueError, match="nothing left"):
        store.undo()


# ------------------------------------------------------------------- what goes wrong

BAD_CSV = {
    "a\n": "line 3: it has fewer fields",
    "a,cat,x\n": "line 3: it has more fields",
    "z,cat\n": "line 3: no item of the store has the key 'z'",
    "b,3\n": "line 3: the label 3 does not go with 'cat'",
    ",cat\n": "line 3: a key must be",
    '"x\ny",cat\nz,cat\n': "line 3: .*; line 5: no item .* 'z'",
}


@pytest.mark.parametrize(("line", "told"), BAD_CSV.items())
def test_a_bad_line_is_named_and_nothing_imported(store, tmp_path, line, told):
    (tmp_path / "bad.csv").write_text("key,label\na,cat\n" + line)
    with pytest.raises(ValueError, match=rf"(?s)Nothing of .*bad.csv was .*{told}"):
        import_csv(store, tmp_path / "bad.csv")
    assert store.history() == [] and store.n_items == 4


def test_many_bad_lines_are_counted(store, tmp_path):
    lines = "".join(f"z{i},cat\n" for i in range(50))
    (tmp_path / "bad.csv").write_text("key,label\na,cat\n" + lines)
    with pytest.raises(ValueError, match=r"50 of its 51 lines .*line 7: .*; and more"):
        import_csv(store, tmp_path / "bad.csv")


BAD_JSONL = {
    "{": "line 3: it is no JSON",
    "[1]": "line 3: it is no object with a key",
    '{"label": "cat"}': "line 3: it is no object with a key",
    '{"key": "b", "label": ["cat"]}': "line 3: a label must be",
    '{"key": "b", "label": NaN}': "line 3: a label must be",
    '{"key": "b", "label": "x", "skipped": "no"}': "line 3: skipped is not true or",
    '{"key": "b", "label": "x", "skipped": true}': "line 3: it has a label and is",
    '{"key": "b", "label": "x", "at": "yesterday"}': "line 3: invalid isoformat",
    '{"key": "b", "label": "x", "round": "first"}': "line 3: the round 'first'",
    '{"key": "b", "label": "x", "annotator": 7}': "line 3: the 'annotator'",
    '{"key": "b", "label": "x", "strategy": [1]}': r"line 3: the strategy \[1\]",
}


@pytest.mark.parametrize(("line", "told"), BAD_JSONL.items())
def test_a_bad_object_is_named_and_nothing_imported(store, tmp_path, line, told):
    good = json.dumps({"key": "a", "label": "cat"})
    (tmp_path / "bad.jsonl").write_text(f"{good}\n\n{line}\n")
    with pytest.raises(ValueError, match=rf"Nothing of .*1 of its 2 lines.*{told}"):
        import_jsonl(store, tmp_path / "bad.jsonl")
    assert store.history() == []


def test_a_missing_column_is_named(store, tmp_path):
    (tmp_path / "t.csv").write_text("file,label\na,cat\n")
    with pytest.raises(ValueError, match=r"no column 'key'. Got .*'file'.*'key' param"):
        import_csv(store, tmp_path / "t.csv")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(ValueError, match="no column 'key'"):
        import_csv(store, tmp_path / "empty.csv")


@FORMATS
def test_a_file_in_another_encoding_is_told(store, tmp_path, export, read, name):
    text = "key,label\na,café\n" if name == "t.csv" else '{"key": "a", "label": "é"}\n'
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match="is not written in UTF-8"):
        read(store, tmp_path / name)
    assert store.history() == []


@FORMATS
def test_a_history_is_to_be_read_only(store, tmp_path, export, read, name):
    store.submit("a", "cat")
    store.submit("a", "dog")
    store.undo()
    export(store, tmp_path / name, history=True)
    text = (tmp_path / name).read_text()
    assert text.count("undo") >= 1 and len(text.splitlines()) == 3 + (name == "t.csv")
    with pytest.raises(ValueError, match="is a history, which is there to be read"):
        read(store, tmp_path / name)
    with pytest.raises(ValueError, match="no unlabeled items"):
        export(store, tmp_path / name, history=True, unlabeled=True)


@FORMATS
def test_an_export_replaces_a_file_whole_or_not_at_all(
    store, tmp_path, export, read, name, monkeypatch
):
    (tmp_path / name).write_text("old")
    store.submit("a", "cat")

    def fail(*_):
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fail)
        with pytest.raises(OSError, match="no space left"):
            export(store, tmp_path / name)
    assert (tmp_path / name).read_text() == "old"
    assert [path.name for path in tmp_path.glob("*t.*")] == [name]
    export(store, tmp_path / name)
    assert "cat" in (tmp_path / name).read_text()


@FORMATS
def test_an_export_needs_a_place(store, tmp_path, export, read, name):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing. Make"):
        export(store, tmp_path / "missing" / name)
    with pytest.raises(
        IsADirectoryError, match=r"is a folder. Give the path of a file"
    ):
        export(store, tmp_path)
