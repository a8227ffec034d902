"""The widget without a browser: messages go in as they come from one."""

import base64
import io
import subprocess
import sys
import threading

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

from skactive import MarginSampling
from skactive.labeling import (
    LabelingSession,
    LabelingWidget,
    LabelStore,
    LabelStoreError,
)

CLASSES = ["down", "up"]


@pytest.fixture
def pool():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4))
    return X, np.where(X[:, 0] > 0, "up", "down")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "labels.db"


def session_on(X, path, strategy=None, **options):
    options = {"batch_size": 5, "annotator": "ada", "random_state": 0, **options}
    options = {"classes": CLASSES, **options}
    return LabelingSession(strategy or MarginSampling(), X, path, **options)


class Hand:
    """Sends what the browser would, and keeps all that it would be told."""

    def __init__(self, widget, begin=True):
        self.widget, self.told = widget, []
        widget.panel.observe(lambda change: self.told.append(change.new), "stage")
        if begin:
            self.send("start")

    @property
    def stage(self):
        return self.widget.panel.stage

    def send(self, what, **more):
        content = {"do": what, "turn": self.stage["turn"], **more}
        data = {"method": "custom", "content": content}
        self.widget.panel.comm.handle_msg({"content": {"data": data}, "buffers": []})
        return self.stage

    def label(self, name):
        names = [one["name"] for one in self.widget.panel.classes]
        return self.send("label", **{"class": names.index(name)})


@pytest.fixture
def session(pool, path):
    with session_on(pool[0], path, score_on=pool) as session:
        yield session


@pytest.fixture
def hand(session):
    return Hand(LabelingWidget(session))


def shown_for(X, path, **options):
    """What is shown of the first row asked for, row 1, and the stage."""
    with session_on(X, path, initial=[1]) as session:
        hand = Hand(LabelingWidget(session, **options))
        return hand.widget.panel.item, hand.stage


def pixels(item):
    head, data = item["source"].split(",")
    assert head == "data:image/png;base64" and item["kind"] == "image"
    return np.rint(255 * plt.imread(io.BytesIO(base64.b64decode(data)))).astype(int)


# ------------------------------------------------------------------- the loop


def test_answers_reach_the_store_in_the_order_asked(hand, session, pool):
    y = pool[1]
    batch = session.next_batch().tolist()
    for position in batch:
        assert hand.stage["message"] == f"Now row {position}."
        stage = hand.label(y[position])
        assert stage["saved"] == f"Saved: row {position} is {y[position]}."
        assert session.store.labels()[position] == y[position]
    assert [event.position for event in session.store.history()] == batch
    assert stage["progress"] == {
        "labeled": 5,
        "skipped": 0,
        "left": 25,
        "total": 30,
        "place": 1,
        "batch": 5,
    }


def test_nothing_is_called_saved_before_it_is(session, pool, monkeypatch):
    hand = Hand(LabelingWidget(session))
    submit, seen = session.submit, []

    def watched(position, label):
        seen.append(dict(hand.stage))
        event = submit(position, label)
        seen.append(dict(hand.stage))
        return event

    monkeypatch.setattr(session, "submit", watched)
    hand.label("up")
    hand.label("down")  # while the first is told as saved
    assert [stage["phase"] for stage in seen] == ["saving"] * 4
    assert not any(stage["saved"] for stage in seen)


def test_undo_and_skip(hand, session):
    first, second = session.next_batch()[:2].tolist()
    assert hand.send("undo")["error"] == (
        "Nothing was undone: There is nothing left that 'ada' could undo."
    )
    assert hand.label("up")["error"] == ""
    assert hand.send("skip")["saved"] == f"Skipped: row {second}."
    assert session.store.skipped() == [second]
    assert hand.send("undo")["saved"] == f"Undone: row {second}."
    assert hand.stage["message"] == f"Now row {second}."
    hand.send("undo")
    assert hand.stage["message"] == f"Now row {first}."
    assert session.store.n_labeled == 0 and session.next_batch()[0] == first


def test_it_tells_that_it_chooses_before_it_does(session, monkeypatch):
    hand = Hand(LabelingWidget(session), begin=False)
    next_batch, phases = session.next_batch, []

    def watched():
        phases.append(hand.stage["phase"])
        return next_batch()

    monkeypatch.setattr(session, "next_batch", watched)
    hand.send("start")
    for _ in range(5):
        hand.label("up")
    # Before the first row, and after the last of five.
    assert phases == ["choosing", *["saving"] * 4, "choosing"]
    assert hand.told[-2]["saved"].startswith("Saved: row")


def test_the_end_has_the_last_point_of_the_curve(hand, session, pool):
    while hand.stage["phase"] != "done":
        position = int(hand.stage["message"].split()[-1].rstrip("."))
        hand.label(pool[1][position])
    assert hand.stage["message"] == "All rows are answered."
    curve = session.learning_curve
    assert curve.budget[-1] == 30
    text = hand.widget.panel.curve["text"]
    assert text.startswith(f"Score {curve.score[-1]:.3f} with 30 labels; ")
    assert hand.widget.panel.curve["svg"].count("<circle") == len(curve.budget) == 6
    hand.send("undo")
    assert hand.stage["phase"] == "asking" and session.store.n_labeled == 29


def test_a_resumed_widget_goes_on(pool, path):
    with session_on(pool[0], path) as session:
        hand = Hand(LabelingWidget(session))
        hand.label("up")
        batch = session.next_batch().tolist()
    with session_on(pool[0], path) as session:
        hand = Hand(LabelingWidget(session))
        for position in batch:
            assert hand.stage["message"] == f"Now row {position}."
            hand.send("skip")
        assert "score_on" in hand.widget.panel.curve["text"]


def test_rows_with_other_people(pool, path):
    with (
        session_on(pool[0], path, batch_size=30) as ada,
        session_on(pool[0], path, annotator="bob") as bob,
    ):
        ada.next_batch()
        hand = Hand(LabelingWidget(bob))
        assert hand.stage["phase"] == "waiting"
        assert hand.stage["message"] == (
            "The 30 rows left are with other people. Try again later."
        )
        ada.release()
        assert hand.send("retry")["phase"] == "asking"


def test_the_answer_of_somebody_else_is_not_replaced_unseen(hand, session):
    first, second = session.next_batch()[:2].tolist()
    session.store.submit(first, "down", annotator="bob")
    assert hand.label("up")["saved"] == (
        f"Saved: row {first} is up. Before, 'bob' had said down."
    )
    session.store.skip(second, annotator="bob")
    assert hand.label("up")["saved"] == (
        f"Saved: row {second} is up. Before, 'bob' had skipped it."
    )
    hand.send("undo")
    assert hand.label("down")["saved"].endswith("is down.")


def test_what_was_meant_for_another_row_is_left_alone(hand, session):
    turn = hand.stage["turn"]
    hand.label("up")
    before, number = session.store.history(), hand.stage["number"]
    hand.send("label", turn=turn, **{"class": 1})  # a double click
    hand.send("retry")  # not on offer
    hand.send("start")  # a second view of the same widget
    hand.send("anything")
    assert session.store.history() == before
    # Each is answered, or the panel would wait.
    assert hand.stage["number"] == number + 4 and hand.stage["phase"] == "asking"


def test_a_second_thread(hand, session):
    batch = session.next_batch().tolist()
    for target, what in ((hand.label, "up"), (hand.send, "skip")):
        thread = threading.Thread(target=target, args=(what,))
        thread.start()
        thread.join()
    assert session.store.labels() == {batch[0]: "up"}
    assert session.store.skipped() == [batch[1]]


# ------------------------------------------------------------------- errors


def test_an_error_of_the_store_is_told_and_the_row_stays(hand, session, monkeypatch):
    def full(position, label):
        raise LabelStoreError("The disk is full, so this was not stored.")

    message = hand.stage["message"]
    with monkeypatch.context() as patch:
        patch.setattr(session, "submit", full)
        stage = hand.label("up")
    assert stage["error"] == (
        "This was not saved: The disk is full, so this was not stored."
    )
    assert (stage["phase"], stage["saved"]) == ("asking", "")
    assert stage["message"] == message and session.store.n_labeled == 0
    assert isinstance(hand.widget.error, LabelStoreError)
    assert hand.label("up")["error"] == "" and session.store.n_labeled == 1


def test_a_closed_store_is_told(pool, path):
    session = session_on(pool[0], path)
    hand = Hand(LabelingWidget(session))
    session.close()
    assert "This was not saved: " in hand.label("up")["error"]
    assert hand.stage["saved"] == "" and hand.stage["phase"] == "asking"


class Failing(MarginSampling):
    """Fails at first."""

    fails = True

    def _query(self, pool, n, rng, info):
        if Failing.fails:
            raise MemoryError
        return super()._query(pool, n, rng, info)


def test_a_strategy_that_fails_is_told_and_can_be_asked_again(pool, path):
    with session_on(pool[0], path, Failing()) as session:
        hand = Hand(LabelingWidget(session))
        for k in range(5):
            hand.label(CLASSES[k % 2])
        stage = hand.stage
        assert stage["error"] == "No rows could be chosen: MemoryError"
        assert (stage["phase"], stage["may"]) == ("stopped", ["undo", "retry"])
        assert stage["saved"].startswith("Saved:") and session.store.n_labeled == 5
        Failing.fails = False
        assert hand.send("retry")["phase"] == "asking" and hand.stage["error"] == ""


def test_an_interrupted_choice_can_be_asked_again(hand, session, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(session, "next_batch", interrupted)
        hand.label("up")
    assert hand.stage["error"] == "No rows could be chosen: the kernel was interrupted."
    assert hand.send("retry")["phase"] == "asking"


@pytest.mark.parametrize("what", ["label", "undo"])
def test_an_interrupt_after_the_disk_has_it_is_no_loss(
    hand, session, monkeypatch, what
):
    """The kernel may be interrupted between the commit and the way back."""
    second = session.next_batch()[1]
    hand.label("up")
    before = len(session.store.history())
    name = "submit" if what == "label" else "undo"
    real = getattr(session, name)

    def interrupted(*args):
        real(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(session, name, interrupted)
        stage = hand.label("down") if what == "label" else hand.send("undo")
    assert stage["phase"] == "asking" and stage["saved"] == ""
    assert stage["error"] == (
        "The kernel was interrupted: the counts above tell whether this was saved."
    )
    assert len(session.store.history()) == before + 1
    # It goes on with what the store says, and not with what was meant.
    asked = session.next_batch()[0]
    assert stage["message"] == f"Now row {asked}." and asked != second
    assert stage["progress"]["labeled"] == session.store.n_labeled
    hand.label("up")
    assert session.store.labels()[asked] == "up" and hand.stage["error"] == ""


def test_a_row_that_cannot_be_shown_can_be_skipped(pool, path):
    def show(position):
        raise OSError("no such picture")

    with session_on(pool[0], path) as session:
        hand = Hand(LabelingWidget(session, show=show))
        row = session.next_batch()[0]
        stage = hand.stage
        assert stage["error"] == f"Showing row {row} failed: OSError: no such picture"
        hand.label("up")  # nobody can have seen what it is
        assert session.store.n_labeled == 0
        assert hand.send("skip")["saved"] == f"Skipped: row {row}."


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"classes": ["up", "left"]}, r"has \['left'\], which the store does not take"),
        ({"classes": ["up", "up"]}, "distinct labels"),
        ({"classes": "up"}, "must be a list of labels"),
        ({"classes": []}, "one or more"),
        ({"image_shape": (3, 3)}, "takes 9 numbers. The rows of the pool have 4"),
        ({"image_shape": (4,)}, r"must be \(height, width\)"),
        ({"show": 3}, "must be a function"),
    ],
)
def test_bad_parameters(session, options, words):
    with pytest.raises((TypeError, ValueError), match=words):
        LabelingWidget(session, **options)


def test_classes_are_needed(pool, path):
    with session_on(pool[0], path, classes=None) as session:
        with pytest.raises(ValueError, match="because the session declares none"):
            LabelingWidget(session)
        hand = Hand(LabelingWidget(session, classes={1: "one", 2: "two"}))
        hand.label("two")
        assert list(session.store.labels().values()) == [2]
    with pytest.raises(TypeError, match="must be a LabelingSession"):
        LabelingWidget(MarginSampling())


def test_without_the_extra():
    code = """
import sys
sys.modules["ipywidgets"] = sys.modules["anywidget"] = None
import skactive.labeling
try:
    skactive.labeling.LabelingWidget(None)
except ImportError as error:
    print(error)
"""
    told = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=120, capture_output=True
    )
    assert told.stdout.decode().strip() == (
        "The labelling widget needs ipywidgets and anywidget. Install them: pip "
        'install "skactive[labeling]".'
    )


# ------------------------------------------------------------------- what is shown


@pytest.mark.parametrize(
    ("n", "keys"),
    [(3, "123"), (10, "1234567890"), (12, "1234567890")],
)
def test_keys_of_names(pool, path, n, keys):
    names = [f"class {k}" for k in range(n)]
    with session_on(pool[0], path, classes=names) as session:
        given = [one["key"] for one in LabelingWidget(session).panel.classes]
    assert given == [*keys] + [""] * (n - len(keys))


def test_digits_are_their_own_keys(pool, path):
    with session_on(pool[0], path, classes=[0, 7, 3]) as session:
        panel = LabelingWidget(session).panel
    assert [one["key"] for one in panel.classes] == ["0", "7", "3"]


def test_flat_rows_as_images_on_one_scale(path):
    X = np.array([[0.0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6], [12, 0, 0, 0, 0, 0]])
    item, _ = shown_for(X, path, image_shape=(2, 3))
    np.testing.assert_array_equal(pixels(item), np.rint(X[1].reshape(2, 3) * 255 / 12))
    assert item["alt"] == "Row 1, an image of 2 by 3 pixels"


def test_colours_of_floats_are_shown_as_they_are(pool, path):
    image = np.random.default_rng(0).uniform(0.2, 0.8, (3, 3, 4))
    item, _ = shown_for(pool[0], path, show=lambda position: image)
    np.testing.assert_array_equal(pixels(item), np.rint(255 * image))


@pytest.mark.parametrize("first", [True, False])
def test_bytes_in_colour_with_channels_first_or_last(path, first):
    images = np.random.default_rng(0).integers(0, 256, (3, 7, 5, 3)).astype(np.uint8)
    X = np.moveaxis(images, 3, 1) if first else images
    with session_on(X, path, initial=[1]) as session:
        item = Hand(LabelingWidget(session)).widget.panel.item
    np.testing.assert_array_equal(pixels(item), images[1])


def test_texts_and_tables(tmp_path):
    text = "a <b> & c"
    item, _ = shown_for(["x", text, "z"], tmp_path / "text.db")
    assert item == {"kind": "text", "text": text}
    rows = {"age": [1, 37, 3], "name": ["x", "Ada", "z"], "weight": [0.0, 1 / 3, 1.0]}
    table = [["age", "37"], ["name", "Ada"], ["weight", "0.333333"]]
    for frame in (pd.DataFrame(rows), pl.DataFrame(rows)):
        item, _ = shown_for(frame, tmp_path / f"{type(frame).__module__}.db")
        assert item == {"kind": "table", "rows": table, "note": ""}
    X = np.array([[0, 1, 2], [0, 4.5, 0], [0, 0, 1]])
    item, _ = shown_for(X, tmp_path / "array.db", feature_names=["a", "b", "c"])
    assert item["rows"] == [["a", "0"], ["b", "4.5"], ["c", "0"]]
    item, _ = shown_for(sp.csr_array(X), tmp_path / "sparse.db")
    assert (
        item["rows"] == [["feature 1", "4.5"]] and item["note"] == "All others are 0."
    )
    item, _ = shown_for(np.zeros((3, 999)), tmp_path / "wide.db")
    assert len(item["rows"]) == 200 and item["note"] == "799 more are not shown."


def test_payloads_of_the_store(tmp_path):
    picture = tmp_path / "p.png"
    plt.imsave(picture, np.eye(4))
    payloads = ["a text", {"text": "in a dict"}, {"a": 1, "b": "x"}, str(picture), 7]
    payloads += ["https://example.org/p.jpg", str(tmp_path / "missing.jpg")]
    with LabelStore(tmp_path / "labels.db", annotator="ada") as store:
        store.add_items([f"item {k}" for k in range(7)], payloads)
        X = np.arange(14.0).reshape(7, 2)
        with session_on(X, store, initial=range(7)) as session:
            hand, items = Hand(LabelingWidget(session)), []
            for _ in range(7):
                items.append(hand.widget.panel.item)
                last = hand.stage
                hand.send("skip")
    assert items[0]["text"] == "a text" and items[1]["text"] == "in a dict"
    assert items[2]["rows"] == [["a", "1"], ["b", "x"]]
    assert base64.b64decode(items[3]["source"].split(",")[1]) == picture.read_bytes()
    assert items[4]["text"] == "7" and items[6] == {}
    assert items[5]["source"] == "https://example.org/p.jpg"
    assert last["error"].startswith("Showing item 6 failed: The image ")
    assert "cannot be read (No such file or directory)" in last["error"]


def figure(position):
    made, ax = plt.subplots()
    ax.plot([1, 2, position])
    return made


@pytest.mark.parametrize(
    ("show", "kind"),
    [
        (lambda position: f"number {position}", "text"),
        (lambda position: {"position": position}, "table"),
        (lambda position: np.full((2, 2), position), "image"),
        (figure, "image"),
        (lambda position: pd.DataFrame({"a": [position]}), "html"),
    ],
)
def test_what_a_user_shows(pool, path, show, kind):
    before = plt.get_fignums()
    item, stage = shown_for(pool[0], path, show=show)
    assert (item["kind"], stage["error"]) == (kind, "")
    assert plt.get_fignums() == before


def test_a_widget_within(pool, path):
    import ipywidgets

    inner = ipywidgets.HTML("<em>here</em>")
    item, _ = shown_for(pool[0], path, show=lambda position: inner)
    assert item == {"kind": "widget", "model": inner.model_id}


def test_what_cannot_be_shown_is_told(pool, path):
    _, stage = shown_for(pool[0], path, show=lambda position: None)
    assert "Return an image, a text, a dict" in stage["error"]
    _, stage = shown_for(pool[0], path, show=lambda position: np.zeros((2, 3, 7)))
    assert "has the shape (2, 3, 7), which is no image" in stage["error"]


def test_it_is_displayed_in_a_notebook(session):
    widget = LabelingWidget(session)
    bundle = widget._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == widget.panel.model_id


def test_the_parts_for_the_browser_are_sent_and_local(session):
    state = LabelingWidget(session).panel.get_state()
    assert "export default" in state["_esm"] and ".skactive-labeling" in state["_css"]
    assert "http" not in state["_esm"] + state["_css"]  # works without a network
