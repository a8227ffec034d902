"""The label store: answers, revisions, undo, and a history that only grows."""

import pickle
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skactive.labeling import LabelStore


def test_labels_are_there_when_the_file_is_opened_again(tmp_path):
    with LabelStore(tmp_path / "labels.db", annotator="ada") as store:
        assert store.add_items(["a", "b", 3]) == 3
        store.submit("b", "cat")
        store.submit(3, "dog")
    with LabelStore(tmp_path / "labels.db", annotator="bob") as store:
        assert store.labels() == {"b": "cat", 3: "dog"}
        assert (store.n_items, store.n_labeled, store.n_skipped) == (3, 2, 0)
        positions, y = store.arrays()
    np.testing.assert_array_equal(positions, [1, 2])
    np.testing.assert_array_equal(y, ["cat", "dog"])


def test_commits_wait_for_the_disk(tmp_path, monkeypatch):
    opened = []
    connect = sqlite3.connect

    def recorded(*args, **kwargs):
        opened.append(connect(*args, **kwargs))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", recorded)
    with LabelStore(tmp_path / "labels.db"):
        (db,) = opened
        settings = {
            name: db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "fullfsync")
        }
        full = 2
        assert settings == {"journal_mode": "wal", "synchronous": full, "fullfsync": 1}


def test_an_event_tells_who_when_and_what(store):
    before = datetime.now(UTC)
    event = store.submit("c", 1.5)
    assert (event.kind, event.key, event.position, event.label) == (
        "label",
        "c",
        2,
        1.5,
    )
    assert event.annotator == "ada" and not event.is_revision
    assert abs(datetime.fromisoformat(event.at) - before) < timedelta(seconds=10)
    assert datetime.fromisoformat(event.at).utcoffset() == timedelta(0)
    assert store.history() == store.history("c") == [event]
    assert store.history("a") == []


def test_a_second_answer_is_a_revision_and_is_told_so(store):
    first = store.submit("a", "cat", annotator="ada")
    second = store.submit("a", "dog", annotator="bob")
    assert second.is_revision and second.revises == first.id
    assert (second.previous_label, second.previous_annotator) == ("cat", "ada")
    assert store.labels() == {"a": "dog"}
    assert [event.label for event in store.history("a")] == ["cat", "dog"]


def test_revise_takes_an_item_with_an_answer_only(store):
    with pytest.raises(ValueError, match=r"no answer to revise. Use submit"):
        store.revise("a", "cat")
    assert store.history() == []
    store.skip("a")
    assert store.revise("a", "cat").is_revision
    assert store.labels() == {"a": "cat"}


def test_skip_takes_the_label_away(store):
    store.submit("a", "cat")
    event = store.skip("a")
    assert event.is_revision and event.label is None
    assert (store.labels(), store.skipped()) == ({}, ["a"])


def test_undo_goes_back_step_by_step(store):
    store.submit("a", "cat")
    store.submit("a", "dog")
    store.skip("b")
    assert store.undo().key == "b"
    undo = store.undo()
    assert (undo.kind, undo.key, undo.label) == ("undo", "a", "cat")
    assert store.labels() == {"a": "cat"}
    store.undo()
    assert (store.labels(), store.skipped()) == ({}, [])
    with pytest.raises(ValueError, match="nothing left that 'ada' could undo"):
        store.undo()
    assert len(store.history()) == 6


def test_undo_leaves_the_answers_of_others(store):
    store.submit("a", "cat", annotator="ada")
    store.submit("b", "cat", annotator="bob")
    assert store.undo(annotator="ada").key == "a"
    store.submit("c", "cat", annotator="ada")
    store.submit("c", "dog", annotator="bob")
    with pytest.raises(ValueError, match=r"'bob' has answered it since. Revise"):
        store.undo(annotator="ada")
    assert store.labels() == {"b": "cat", "c": "dog"}


KEYS = ["a", "b", "c"]
PEOPLE = ["ada", "bob"]
ACTIONS = st.one_of(
    st.tuples(
        st.just("submit"),
        st.sampled_from(KEYS),
        st.sampled_from(["x", "y"]),
        st.sampled_from(PEOPLE),
    ),
    st.tuples(st.just("skip"), st.sampled_from(KEYS), st.sampled_from(PEOPLE)),
    st.tuples(st.just("undo"), st.sampled_from(PEOPLE)),
)


@settings(max_examples=20)
@given(actions=st.lists(ACTIONS, max_size=12))
def test_the_present_is_what_the_history_adds_up_to(actions, quick_folder):
    """A stack of answers for each item, and a list of what each person did."""
    path = Path(mkdtemp(dir=quick_folder)) / "labels.db"
    stacks = {key: [] for key in KEYS}
    done = {person: [] for person in PEOPLE}
    with LabelStore(path) as store:
        store.add_items(KEYS)
        n_events = 0
        for number, (verb, *args) in enumerate(actions):
            who = args[-1]
            if verb == "undo":
                key = done[who][-1][0] if done[who] else None
                if key is None or stacks[key][-1][0] != done[who][-1][1]:
                    with pytest.raises(ValueError, match="undo"):
                        store.undo(who)
                    continue
                store.undo(who)
                stacks[key].pop()
                done[who].pop()
            else:
                getattr(store, verb)(*args)
                label = args[1] if verb == "submit" else None
                stacks[args[0]].append((number, label))
                done[who].append((args[0], number))
            n_events += 1
        tops = {key: stack[-1][1] for key, stack in stacks.items() if stack}
        assert store.labels() == {k: v for k, v in tops.items() if v is not None}
        assert store.skipped() == [k for k in KEYS if k in tops and tops[k] is None]
        assert len(store.history()) == n_events


def test_the_history_cannot_be_changed(store):
    store.submit("a", "cat")
    store.close()
    db = sqlite3.connect(store.path)
    for statement in ("UPDATE events SET label = '1'", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(statement)
    db.close()


# ------------------------------------------------------------------- what is taken


@pytest.mark.parametrize(
    "label",
    [
        "",
        None,
        np.nan,
        np.inf,
        [1],
        {"a": 1},
        b"cat",
        "\ud800",
        1 + 2j,
        object(),
    ],
)
def test_what_is_no_label_is_refused(store, label):
    with pytest.raises(ValueError, match="label"):
        store.submit("a", label)
    assert store.history() == []


@pytest.mark.parametrize(
    ("label", "kept"),
    [
        (np.str_("cat"), "cat"),
        (np.int32(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.array(7), 7),
        (10**30, 10**30),
        ("naïve ✓ 'quoted' \x00", "naïve ✓ 'quoted' \x00"),
    ],
)
def test_labels_come_back_as_plain_values(store, label, kept):
    store.submit("a", label)
    (found,) = store.labels().values()
    assert found == kept and type(found) is type(kept)


def test_words_and_numbers_do_not_mix(store):
    store.submit("a", 1)
    store.submit("a", "one")  # alone, it may change its mind
    with pytest.raises(ValueError, match=r"2 does not go with 'one'.*do not mix"):
        store.submit("b", 2)


def test_declared_classes_are_the_only_labels(store):
    store.submit("a", "cat")
    with pytest.raises(ValueError, match="leaves out 'cat'"):
        store.declare_classes(["dog", "cow"])
    store.declare_classes(["dog", "cat"])
    with pytest.raises(ValueError, match=r"'cow' is none of the classes \['dog', 'cat"):
        store.submit("b", "cow")
    store.declare_classes(["dog", "cat", "cow"])
    store.submit("b", "cow")
    assert store.classes == ["dog", "cat", "cow"]
    assert store.labels() == {"a": "cat", "b": "cow"}


@pytest.mark.parametrize("classes", [["a"], ["a", "a"], ["a", 1], "ab", 3, ["a", None]])
def test_what_are_no_classes_is_refused(store, classes):
    with pytest.raises(ValueError, match=r"classes|label"):
        store.declare_classes(classes)
    assert store.classes is None


def test_items_have_keys_and_payloads(store):
    assert store.add_items(["d", "e"], [None, {"image": "e.png"}]) == 1
    assert store.keys() == ["a", "b", "c", "d", "e"]
    assert store.payload("e") == {"image": "e.png"}
    assert store.payload("a") is None
    assert store.add_items([3, "3"]) == 2  # two keys
    with pytest.raises(ValueError, match="'e' is in the store with the payload"):
        store.add_items(["new", "e"], ["x", "y"])
    assert "new" not in store.keys()  # all or nothing
    with pytest.raises(ValueError, match="Got 1 for 2 keys"):
        store.add_items(["f", "g"], ["x"])


def test_the_path_of_a_picture_is_a_payload(store, tmp_path):
    store.add_items(["e"], [tmp_path / "e.png"])
    assert store.payload("e") == str(tmp_path / "e.png")
    assert store.add_items(["e"], [tmp_path / "e.png"]) == 0


@pytest.mark.parametrize("payload", [{1, 2}, float("nan"), np.zeros(2), {"x": b"y"}])
def test_what_is_no_payload_is_told(store, payload):
    with pytest.raises(ValueError, match=r"payload of the item 'e' .*JSON.*'payloads'"):
        store.add_items(["e"], [payload])
    assert store.n_items == 4


@pytest.mark.parametrize("key", [None, True, 1.5, "", ("a",), "\udfff", 2**63])
def test_what_is_no_key_is_refused(store, key):
    with pytest.raises((TypeError, ValueError), match="key"):
        store.add_items([key])
    with pytest.raises((TypeError, ValueError), match="key"):
        store.submit(key, "cat")


def test_an_unknown_key_is_named(store):
    with pytest.raises(ValueError, match="No item of the store has the key 'z'"):
        store.submit("z", "cat")


@pytest.mark.parametrize("annotator", ["", "  ", 3])
def test_an_annotator_has_a_name(store, annotator):
    with pytest.raises(ValueError, match="'annotator' parameter must be a name"):
        store.submit("a", "cat", annotator=annotator)


# ------------------------------------------------------------------- threads, copies


def test_threads_share_a_store(tmp_path):
    """As in a notebook, whose callbacks come from another thread after a while."""
    store = LabelStore(tmp_path / "labels.db", annotator="ada")
    store.add_items(range(80))
    errors = []

    def work(first):
        try:
            for key in range(first, 80, 4):
                store.submit(key, key)
                store.labels()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert store.labels() == {key: key for key in range(80)}
    assert [event.id for event in store.history()] == list(range(1, 81))
    store.close()


def test_a_copy_is_whole_while_the_store_is_in_use(store, tmp_path):
    store.submit("a", "cat")
    store.copy_to(tmp_path / "copy.db")
    store.submit("b", "cat")
    with LabelStore(tmp_path / "copy.db") as copy:
        assert copy.labels() == {"a": "cat"}
        copy.submit("c", "dog")
    assert store.labels() == {"a": "cat", "b": "cat"}


def test_a_store_is_found_from_another_folder(store, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with LabelStore("labels.db", annotator="bob") as relative:
        monkeypatch.chdir(tmp_path.parent)
        with pickle.loads(pickle.dumps(relative)) as other:
            other.submit("a", "cat")
    assert store.labels() == {"a": "cat"}


def test_a_pickled_store_opens_the_same_file(store):
    with pickle.loads(pickle.dumps(store)) as other:
        other.submit("a", "cat")
        assert other.annotator == "ada"
    assert store.labels() == {"a": "cat"}
