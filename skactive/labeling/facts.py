"""What a store knows about itself: its classes, its pool, its seed."""

from skactive.labeling.values import check_label, from_json, to_json


def read_fact(db, name):
    """
    Read a fact.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a transaction.
    name : str
        Which.

    Returns
    -------
    object
        Its value; None where it was never told.
    """
    row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else from_json(row[0])


def write_fact(db, name, value):
    """
    Write a fact down, in place of an older one.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a writing transaction.
    name : str
        Which.
    value : object
        What JSON can hold.
    """
    db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, to_json(value)))


def classes_in(db):
    """
    Read the declared classes.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a transaction.

    Returns
    -------
    list or None
        The labels there are; None where none were declared.
    """
    return read_fact(db, "classes")


def write_classes(db, classes):
    """
    Declare the classes, which must name those known and given so far.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a writing transaction.
    classes : array-like of shape (n_classes,)
        The labels there are.

    Returns
    -------
    list
        The same as plain values.
    """
    if isinstance(classes, str) or not hasattr(classes, "__iter__"):
        raise ValueError(
            f"The 'classes' parameter must be a list of labels. Got {classes!r} "
            "instead."
        )
    classes = [check_label(label) for label in classes]
    if len({isinstance(label, str) for label in classes}) > 1:
        raise ValueError(
            f"The 'classes' parameter must not mix numbers and words. Got {classes!r}."
        )
    if len(set(classes)) != len(classes) or len(classes) < 2:
        raise ValueError(
            "The 'classes' parameter must list two labels or more, each once. Got "
            f"{classes!r} instead."
        )
    rows = db.execute(
        "SELECT DISTINCT e.label FROM items i JOIN events e ON e.id = i.answer "
        "WHERE i.answer IS NOT NULL AND e.kind = 'label'"
    )
    used = [*(classes_in(db) or []), *(from_json(label) for (label,) in rows)]
    missing = [label for label in used if label not in classes]
    if missing:
        raise ValueError(
            f"The 'classes' parameter leaves out {missing[0]!r}, which the store "
            f"knows already. Got {classes!r}; add it."
        )
    if classes_in(db) != classes:
        write_fact(db, "classes", classes)
    return classes
