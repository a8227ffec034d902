"""What happened to an item, as it stands in the history."""

from dataclasses import dataclass

from skactive.labeling.values import from_json

_COLUMNS = (
    "e.id, e.item, i.key, e.kind, e.label, e.annotator, e.at, e.strategy, e.round, "
    "e.source, e.revises, p.label, p.annotator, e.undoes"
)
_FROM = (
    "FROM events e JOIN items i ON i.position = e.item "
    "LEFT JOIN events p ON p.id = e.revises"
)


@dataclass(frozen=True)
class Event:
    """
    One row of the history: a label, a skip, or an undo.

    Parameters
    ----------
    id : int
        Number of the row, growing with time.
    position : int
        The item's place in the store, from 0: its row in the pool.
    key : int or str
        The item's key.
    kind : str
        "label", "skip" or "undo".
    label : str, bool, int, float or None
        The label given; of an undo the label that holds again.
    annotator : str
        Who did it.
    at : str
        When: UTC in ISO 8601.
    strategy : str or None
        What asked for the item; None where nobody asked.
    round : int or None
        In which round.
    source : str or None
        The file it was imported from; None where a person gave it here.
    revises : int or None
        The event whose answer this one replaces; None for a first answer.
    previous_label : str, bool, int, float or None
        The label replaced.
    previous_annotator : str or None
        Who gave the answer that was replaced.
    undoes : int or None
        The event that an undo takes back.
    """

    id: int
    position: int
    key: int | str
    kind: str
    label: str | bool | int | float | None
    annotator: str
    at: str
    strategy: str | None
    round: int | None
    source: str | None
    revises: int | None
    previous_label: str | bool | int | float | None
    previous_annotator: str | None
    undoes: int | None

    def __repr__(self):
        told = {name: value for name, value in vars(self).items() if value is not None}
        return f"Event({', '.join(f'{name}={told[name]!r}' for name in told)})"

    @property
    def is_revision(self):
        """
        Say whether the item had an answer before.

        Returns
        -------
        bool
            True where an answer was replaced: see ``previous_annotator``.
        """
        return self.revises is not None


def read_events(db, where="", values=()):
    """
    Read events in the order they happened.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a transaction.
    where : str, default=""
        A condition of SQL on the event ``e`` and the item ``i``.
    values : tuple, default=()
        Its values.

    Returns
    -------
    list of Event
        The events.
    """
    condition = f"WHERE {where}" if where else ""
    rows = db.execute(f"SELECT {_COLUMNS} {_FROM} {condition} ORDER BY e.id", values)
    return [_event(row) for row in rows]


def read_event(db, number):
    """
    Read one event.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a transaction.
    number : int
        Its id.

    Returns
    -------
    Event
        The event.
    """
    row = db.execute(f"SELECT {_COLUMNS} {_FROM} WHERE e.id = ?", (number,)).fetchone()
    return _event(row)


def _event(row):
    values = list(row)
    values[4], values[11] = from_json(values[4]), from_json(values[11])
    return Event(*values)
