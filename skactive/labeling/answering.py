"""Writing answers: the rules of the history, inside a transaction."""

from skactive.labeling.events import read_event
from skactive.labeling.facts import classes_in, read_fact
from skactive.labeling.values import from_json, is_word, now, to_json


def find_item(db, key):
    """
    Find an item by its key.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a transaction.
    key : int or str
        A checked key.

    Returns
    -------
    int
        Its position in the store.
    """
    row = db.execute("SELECT position FROM items WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise ValueError(
            f"No item of the store has the key {key!r}. Add it with add_items, or "
            "correct the key."
        )
    return row[0]


def add_item(db, position, key, payload):
    """
    Add an item, unless it is there.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a writing transaction.
    position : int
        Its place, the next free one.
    key : int or str
        Its checked key.
    payload : str or None
        JSON of what it refers to.

    Returns
    -------
    bool
        Whether it is new.
    """
    added = db.execute(
        "INSERT INTO items (position, key, payload) VALUES (?, ?, ?) "
        "ON CONFLICT (key) DO NOTHING",
        (position, key, payload),
    ).rowcount
    if not added and payload is not None:
        (before,) = db.execute(
            "SELECT payload FROM items WHERE key = ?", (key,)
        ).fetchone()
        if before != payload:
            raise ValueError(
                f"The item {key!r} is in the store with the payload {before}, and now "
                f"comes with {payload}. Use another key, or the payload it has."
            )
    return bool(added)


def check_growth(db):
    """
    Refuse new items where a session has tied the items to the rows of a pool.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a writing transaction.
    """
    pool = read_fact(db, "pool")
    if pool is not None:
        raise ValueError(
            f"The items of this store are the rows of a pool ({pool[0]}), so none can "
            "be added. Begin another store for more rows."
        )


def as_declared(db, label):
    """
    Write a label as the declared classes do: 1 as 1.0, say.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a transaction.
    label : str, bool, int or float
        A checked label.

    Returns
    -------
    str, bool, int or float
        The class that it equals, or the label itself where there is none.
    """
    for known in classes_in(db) or []:
        if is_word(known) == is_word(label) and known == label:
            return known
    return label


def write_answer(db, item, kind, label, annotator, **told):
    """
    Write that a person labelled or skipped an item.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a writing transaction.
    item : int
        Its position.
    kind : {"label", "skip"}
        What the person did.
    label : str, bool, int, float or None
        A checked label; None for a skip.
    annotator : str
        Who.
    **told : dict
        ``at``, ``strategy``, ``round`` and ``source``, where they come from a file.
        Else the time is now, and what asked is looked up.

    Returns
    -------
    Event
        The event; if the item had an answer, a revision.
    """
    if kind == "label":
        label = _fitting(db, item, label)
    strategy, round_ = told.get("strategy"), told.get("round")
    if not told.get("source"):
        strategy, round_ = _asked_by(db, item, annotator)
    (revises,) = db.execute(
        "SELECT answer FROM items WHERE position = ?", (item,)
    ).fetchone()
    number = db.execute(
        "INSERT INTO events (item, kind, label, annotator, at, strategy, round, "
        "source, revises) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            item,
            kind,
            to_json(label) if kind == "label" else None,
            annotator,
            told.get("at") or now(),
            strategy,
            round_,
            told.get("source"),
            revises,
        ),
    ).lastrowid
    return read_event(db, number)


def write_undo(db, annotator):
    """
    Take back the last thing a person did that still holds.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a writing transaction.
    annotator : str
        Who.

    Returns
    -------
    Event
        The undo.
    """
    (last,) = db.execute(
        "SELECT MAX(id) FROM events e WHERE annotator = ? AND kind != 'undo' AND "
        "source IS NULL AND NOT EXISTS (SELECT 1 FROM events WHERE undoes = e.id)",
        (annotator,),
    ).fetchone()
    if last is None:
        raise ValueError(f"There is nothing left that {annotator!r} could undo.")
    event = read_event(db, last)
    (answer,) = db.execute(
        "SELECT answer FROM items WHERE position = ?", (event.position,)
    ).fetchone()
    if answer != last:
        other = read_event(db, answer)
        raise ValueError(
            f"The last answer of {annotator!r}, on the item {event.key!r}, cannot be "
            f"undone, because {other.annotator!r} has answered it since. Revise it "
            "instead."
        )
    restored = to_json(event.previous_label)
    number = db.execute(
        "INSERT INTO events (item, kind, label, annotator, at, undoes) "
        "VALUES (?, 'undo', ?, ?, ?, ?)",
        (
            event.position,
            None if event.previous_label is None else restored,
            annotator,
            now(),
            last,
        ),
    ).lastrowid
    return read_event(db, number)


def _asked_by(db, item, annotator):
    """Who asked this person for this item: when first answered, else last asked."""
    row = db.execute(
        "SELECT strategy, round FROM events WHERE item = ? AND annotator = ? AND "
        "kind != 'undo' AND strategy IS NOT NULL ORDER BY id LIMIT 1",
        (item, annotator),
    ).fetchone()
    row = (
        row
        or db.execute(
            "SELECT strategy, round FROM asked JOIN batches ON id = batch "
            "WHERE item = ? AND annotator = ? ORDER BY batch DESC LIMIT 1",
            (item, annotator),
        ).fetchone()
    )
    return row or (None, None)


def _fitting(db, item, label):
    """Compare a label with the declared classes, or with the kind of the others."""
    classes = classes_in(db)
    if classes is not None:
        known = as_declared(db, label)
        if any(is_word(one) == is_word(known) and one == known for one in classes):
            return known
        raise ValueError(
            f"The label {label!r} is none of the classes {classes!r}. Correct it, or "
            "declare it with declare_classes."
        )
    row = db.execute(
        "SELECT e.label FROM items i JOIN events e ON e.id = i.answer "
        "WHERE i.answer IS NOT NULL AND e.kind = 'label' AND i.position != ? LIMIT 1",
        (item,),
    ).fetchone()
    other = label if row is None else from_json(row[0])
    if is_word(other) != is_word(label):
        raise ValueError(
            f"The label {label!r} does not go with {other!r}, which the store holds: "
            "numbers and words do not mix. Write it like the others."
        )
    return label
