"""Who was asked for what: batches that survive a crash, and leases that lapse."""

import time

from skactive.labeling.values import now

# An item is with whoever was asked for it last: one that lapsed, was given to somebody
# else and lapsed there does not come back to the first, but may be asked for anew.
_ASKED_LAST = (
    "asked.batch = (SELECT MAX(other.batch) FROM asked other "
    "WHERE other.item = asked.item)"
)
_LEASED_TO_OTHERS = f"""
    SELECT asked.item FROM asked JOIN batches ON batches.id = asked.batch
    WHERE batches.annotator != ? AND batches.until > ? AND {_ASKED_LAST}
"""


def read_open(db, annotator):
    """
    Read what a person was asked for and has not answered.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a transaction.
    annotator : str
        Who.

    Returns
    -------
    list of int
        Positions, in the order asked; without those that lapsed and were given to
        somebody else.
    """
    rows = db.execute(
        f"""
        SELECT asked.item FROM asked JOIN items ON items.position = asked.item
        WHERE asked.batch = (SELECT MAX(id) FROM batches WHERE annotator = ?)
        AND items.answer IS NULL AND {_ASKED_LAST}
        ORDER BY asked.place""",
        (annotator,),
    )
    return [item for (item,) in rows]


def read_free(db, annotator):
    """
    Read what a person may be asked for.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a transaction.
    annotator : str
        Who.

    Returns
    -------
    list of int
        Positions without an answer, and not with somebody else, in growing order.
    """
    rows = db.execute(
        "SELECT position FROM items WHERE answer IS NULL AND position NOT IN "
        f"({_LEASED_TO_OTHERS}) ORDER BY position",
        (annotator, time.time()),
    )
    return [item for (item,) in rows]


def write_batch(db, items, annotator, strategy, round_, lease):
    """
    Write down what a person is asked for, before it is shown.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a writing transaction.
    items : list of int
        Positions, in the order to be asked.
    annotator : str
        Who is asked.
    strategy : str
        What asks.
    round_ : int
        In which round.
    lease : float
        Seconds after which others may be asked too.

    Returns
    -------
    bool
        False, and nothing is written, where one was meanwhile answered or given to
        somebody else.
    """
    taken = (
        "SELECT 1 FROM items WHERE position = ? AND (answer IS NOT NULL OR position IN "
        f"({_LEASED_TO_OTHERS}))"
    )
    present = time.time()
    if any(db.execute(taken, (item, annotator, present)).fetchone() for item in items):
        return False
    batch = db.execute(
        "INSERT INTO batches (annotator, strategy, round, at, lease, until) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (annotator, strategy, round_, now(), lease, time.time() + lease),
    ).lastrowid
    db.executemany(
        "INSERT INTO asked (batch, place, item) VALUES (?, ?, ?)",
        [(batch, place, item) for place, item in enumerate(items)],
    )
    return True


def count_batches(db):
    """
    Count the batches there were: the number of the next round.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a transaction.

    Returns
    -------
    int
        How many.
    """
    return db.execute("SELECT COUNT(*) FROM batches").fetchone()[0]


def renew(db, annotator):
    """
    Begin the lease of a person's batch anew: someone is at work on it.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a writing transaction.
    annotator : str
        Who.
    """
    db.execute(
        "UPDATE batches SET until = ? + lease "
        "WHERE id = (SELECT MAX(id) FROM batches WHERE annotator = ?)",
        (time.time(), annotator),
    )


def release(db, annotator):
    """
    Let others be asked for what a person has not answered.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a writing transaction.
    annotator : str
        Who.
    """
    db.execute("UPDATE batches SET until = 0 WHERE annotator = ?", (annotator,))


def ask_again(db, item, annotator):
    """
    Put an item whose answer was undone at the front of the person's batch.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a writing transaction.
    item : int
        Its position.
    annotator : str
        Who.
    """
    (batch,) = db.execute(
        "SELECT MAX(id) FROM batches WHERE annotator = ?", (annotator,)
    ).fetchone()
    if batch is None:
        return
    db.execute("DELETE FROM asked WHERE batch = ? AND item = ?", (batch, item))
    db.execute(
        "INSERT INTO asked (batch, place, item) SELECT ?, COALESCE(MIN(place), 0) - 1, "
        "? FROM asked WHERE batch = ?",
        (batch, item, batch),
    )
