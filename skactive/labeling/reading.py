"""What a label store tells."""

import numpy as np

from skactive.labeling.answering import find_item
from skactive.labeling.events import read_events
from skactive.labeling.facts import classes_in
from skactive.labeling.values import as_array, check_key, from_json

_LABELED = (
    "FROM items i JOIN events e ON e.id = i.answer "
    "WHERE i.answer IS NOT NULL AND e.kind = ? ORDER BY i.position"
)


class StoredLabels:
    """Mixin: the reading half of a store, on its connection ``_file``."""

    def keys(self):
        """
        Give the keys of all items.

        Returns
        -------
        list of int or str
            In the order they were added.
        """
        with self._file.reading() as db:
            rows = db.execute("SELECT key FROM items ORDER BY position")
            return [key for (key,) in rows]

    def payload(self, key):
        """
        Give what an item refers to.

        Parameters
        ----------
        key : int or str
            The item.

        Returns
        -------
        object
            The payload it was added with; None where it has none.
        """
        with self._file.reading() as db:
            item = find_item(db, check_key(key))
            query = "SELECT payload FROM items WHERE position = ?"
            return from_json(db.execute(query, (item,)).fetchone()[0])

    @property
    def classes(self):
        """
        The labels there are.

        Returns
        -------
        list or None
            As declared; None where any label may be given.
        """
        with self._file.reading() as db:
            return classes_in(db)

    def labels(self):
        """
        Give the labels that hold at present.

        Returns
        -------
        dict
            Key and label of each labelled item, in the order of the items.
        """
        with self._file.reading() as db:
            rows = db.execute(f"SELECT i.key, e.label {_LABELED}", ("label",))
            return {key: from_json(label) for key, label in rows}

    def arrays(self):
        """
        Give the labels that hold at present, as arrays for a model.

        Returns
        -------
        positions : ndarray of shape (n_labeled,), dtype int64
            Places of the labelled items: rows of the pool.
        y : ndarray of shape (n_labeled,)
            Their labels.
        """
        with self._file.reading() as db:
            rows = db.execute(
                f"SELECT i.position, e.label {_LABELED}", ("label",)
            ).fetchall()
            classes = classes_in(db)
        positions = np.array([position for position, _ in rows], dtype=np.int64)
        return positions, as_array([from_json(label) for _, label in rows], classes)

    def skipped(self):
        """
        Give the items that were skipped.

        Returns
        -------
        list of int or str
            Their keys, in the order of the items.
        """
        with self._file.reading() as db:
            rows = db.execute(f"SELECT i.key {_LABELED}", ("skip",))
            return [key for (key,) in rows]

    def history(self, key=None):
        """
        Give all that happened, in order.

        Parameters
        ----------
        key : int or str or None, default=None
            One item; None gives all.

        Returns
        -------
        list of Event
            Labels, skips and undos, the first one first.
        """
        with self._file.reading() as db:
            if key is None:
                return read_events(db)
            item = find_item(db, check_key(key))
            return read_events(db, "e.item = ?", (item,))

    @property
    def n_items(self):
        """
        How many items there are.

        Returns
        -------
        int
            The number.
        """
        return self._counts()[0]

    @property
    def n_labeled(self):
        """
        How many items have a label.

        Returns
        -------
        int
            The number.
        """
        return self._counts()[1]

    @property
    def n_skipped(self):
        """
        How many items are skipped.

        Returns
        -------
        int
            The number.
        """
        return self._counts()[2]

    def _counts(self):
        with self._file.reading() as db:
            (n_items,) = db.execute("SELECT COUNT(*) FROM items").fetchone()
            kinds = db.execute(
                "SELECT e.kind, COUNT(*) FROM items i JOIN events e ON e.id = i.answer "
                "WHERE i.answer IS NOT NULL GROUP BY e.kind"
            )
            kinds = dict(kinds.fetchall())
        return n_items, kinds.get("label", 0), kinds.get("skip", 0)
