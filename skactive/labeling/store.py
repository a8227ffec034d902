"""Labels in one SQLite file, which outlive crashes and keep their history."""

import contextlib
import getpass
import sqlite3
from pathlib import Path

from skactive.labeling.answering import (
    add_item,
    check_growth,
    find_item,
    write_answer,
    write_undo,
)
from skactive.labeling.asking import ask_again, renew
from skactive.labeling.connection import Connection
from skactive.labeling.errors import LabelStoreError, check_place, explained
from skactive.labeling.facts import write_classes
from skactive.labeling.reading import StoredLabels
from skactive.labeling.values import (
    check_annotator,
    check_key,
    check_label,
    payload_to_json,
)


class LabelStore(StoredLabels):
    """
    Labels in one SQLite file, which outlive crashes and keep their history.

    When ``submit`` returns, the label is on the disk: neither ``kill -9`` nor a cut of
    the power loses it. Nothing is ever overwritten. Another label for the same item is
    a new row, a revision; so are a skip and an undo; the label that holds is the last
    one that was not undone. Several processes and threads may use one file at once.

    Parameters
    ----------
    path : str or Path
        The file; it is made where there is none. On a disk of this machine, not in a
        network folder.
    annotator : str or None, default=None
        Who labels, where a method is not told otherwise; None is the name of the user
        at this machine.
    timeout : float, default=30.0
        Seconds to wait while another process writes.

    Attributes
    ----------
    path : Path
        The file.

    Raises
    ------
    LabelStoreError
        The file is no store or of a newer version, cannot be written, or lies in no
        folder.

    Notes
    -----
    Beside the file lie two more while it is in use (``-wal`` and ``-shm``). To copy a
    store use ``copy_to``, not a copy of the one file.

    Examples
    --------
    >>> import os, tempfile
    >>> from skactive.labeling import LabelStore
    >>> path = os.path.join(tempfile.mkdtemp(), "labels.db")
    >>> with LabelStore(path, annotator="ada") as store:
    ...     n_new = store.add_items(["a.png", "b.png", "c.png"])
    ...     first = store.submit("b.png", "cat")
    ...     second = store.submit("b.png", "dog")
    ...     store.labels(), second.is_revision, len(store.history())
    ({'b.png': 'dog'}, True, 2)
    """

    def __init__(self, path, *, annotator=None, timeout=30.0):
        self.path = Path(path)
        self.annotator = _own_name() if annotator is None else annotator
        check_annotator(self.annotator)
        check_place(self.path)
        # Absolute: it may be opened again from another folder.
        self._file = Connection(self.path.absolute(), timeout)

    # ---------------------------------------------------------------- items

    def add_items(self, keys, payloads=None):
        """
        Add items to be labelled; those that are there already stay as they are.

        Parameters
        ----------
        keys : iterable of int or str
            A key for each, say a file name, or ``range(n)`` for positions. Over a pool
            the items stand in the order of its rows.
        payloads : iterable or None, default=None
            What each refers to: a path (kept as text), a text, a dict for Label Studio;
            whatever JSON can hold.

        Returns
        -------
        int
            How many are new.

        Raises
        ------
        ValueError
            The numbers of keys and payloads differ, a payload cannot be written as
            JSON, an item comes with another payload than before, or a session has tied
            the items to the rows of a pool.
        """
        keys = [check_key(key) for key in keys]
        payloads = [None] * len(keys) if payloads is None else list(payloads)
        if len(payloads) != len(keys):
            raise ValueError(
                "The 'payloads' parameter of add_items must have one entry for each "
                f"key. Got {len(payloads)} for {len(keys)} keys."
            )
        written = list(map(payload_to_json, keys, payloads))
        with self._file.writing() as db:
            (before,) = db.execute("SELECT COUNT(*) FROM items").fetchone()
            n = before
            for key, payload in zip(keys, written, strict=True):
                n += add_item(db, n, key, payload)
            if n > before:
                check_growth(db)
        return n - before

    # ---------------------------------------------------------------- answers

    def submit(self, key, label, annotator=None):
        """
        Store a label; it is on the disk when this returns.

        Parameters
        ----------
        key : int or str
            The item.
        label : str, bool, int or float
            Its label. Words and numbers do not mix in one store.
        annotator : str or None, default=None
            Who; None is the annotator of the store.

        Returns
        -------
        Event
            The new row. Where the item had an answer, ``is_revision`` is True and
            ``previous_label`` and ``previous_annotator`` tell which.

        Raises
        ------
        LabelStoreError
            The label could not be stored: the disk is full, say.
        ValueError
            There is no such item, or the label is none.
        """
        return self._answer(key, "label", check_label(label), annotator)

    def skip(self, key, annotator=None):
        """
        Store that an item is to be left without a label.

        Parameters
        ----------
        key : int or str
            The item. If it had a label, that is no longer its present one.
        annotator : str or None, default=None
            Who; None is the annotator of the store.

        Returns
        -------
        Event
            The new row.
        """
        return self._answer(key, "skip", None, annotator)

    def revise(self, key, label, annotator=None):
        """
        Store another label for an item that has an answer.

        Parameters
        ----------
        key : int or str
            The item.
        label : str, bool, int or float
            The label that holds from now on.
        annotator : str or None, default=None
            Who; None is the annotator of the store.

        Returns
        -------
        Event
            The new row.

        Raises
        ------
        ValueError
            The item has no answer yet: that takes ``submit``.
        """
        return self._answer(key, "label", check_label(label), annotator, revising=True)

    def undo(self, annotator=None):
        """
        Take back the annotator's last label or skip, and the one before when repeated.

        The item has again the answer it had before, or none. Imported answers are not
        undone.

        Parameters
        ----------
        annotator : str or None, default=None
            Who; None is the annotator of the store.

        Returns
        -------
        Event
            The new row; its ``label`` is the one that holds again.

        Raises
        ------
        ValueError
            There is nothing to undo, or somebody else has answered the item since.
        """
        annotator = self._who(annotator)
        with self._file.writing() as db:
            event = write_undo(db, annotator)
            ask_again(db, event.position, annotator)
            renew(db, annotator)
        return event

    def _answer(self, key, kind, label, annotator, revising=False):
        key, annotator = check_key(key), self._who(annotator)
        with self._file.writing() as db:
            item = find_item(db, key)
            event = write_answer(db, item, kind, label, annotator)
            if revising and not event.is_revision:
                raise ValueError(
                    f"The item {key!r} has no answer to revise. Use submit instead."
                )
            renew(db, annotator)
        return event

    def _who(self, annotator):
        return check_annotator(self.annotator if annotator is None else annotator)

    # ---------------------------------------------------------------- classes

    def declare_classes(self, classes):
        """
        Declare the labels there are, so that no other is taken.

        Parameters
        ----------
        classes : array-like of shape (n_classes,)
            Two labels or more. A later call may add some, and leave out none.

        Raises
        ------
        ValueError
            A label that the store knows is left out, or one stands twice.
        """
        with self._file.writing() as db:
            write_classes(db, classes)

    # ---------------------------------------------------------------- the file

    def copy_to(self, path):
        """
        Copy the store into a new file, also while it is in use.

        Parameters
        ----------
        path : str or Path
            A file that does not exist yet.

        Raises
        ------
        LabelStoreError
            The file exists, or cannot be made.
        """
        path = Path(path)
        if path.is_file():
            raise LabelStoreError(
                f"{path} exists already. Give the path of a new file."
            )
        check_place(path)
        with self._file.reading() as db:
            try:
                with contextlib.closing(sqlite3.connect(path)) as copy:
                    db.backup(copy)
            except BaseException as error:
                path.unlink(missing_ok=True)  # half a copy
                if isinstance(error, sqlite3.Error):
                    raise explained(error, path) from error
                raise

    def close(self):
        """Close the file; what was acknowledged is in it with or without this."""
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __repr__(self):
        return f"LabelStore({str(self.path)!r}, annotator={self.annotator!r})"

    def __reduce__(self):
        return _reopened, (str(self._file.path), self.annotator, self._file.timeout)


def _reopened(path, annotator, timeout):
    return LabelStore(path, annotator=annotator, timeout=timeout)


def _own_name():
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError) as error:
        raise ValueError(
            "The name of the user at this machine cannot be found. Tell who labels in "
            "the 'annotator' parameter."
        ) from error
