"""One connection that threads share, and that does not survive a fork."""

import contextlib
import os
import sqlite3
import threading
import weakref

from skactive.labeling.errors import LabelStoreError, check_place, explained
from skactive.labeling.schema import prepare

_OPEN = weakref.WeakSet()
_FORK = threading.RLock()  # one fork at a time
_FORKING = []


class Connection:
    """
    Whole transactions on a file, one at a time, from any thread.

    Parameters
    ----------
    path : Path
        The file; made where it is missing.
    timeout : float
        Seconds to wait for other processes.

    Notes
    -----
    A connection to SQLite must not be carried into a forked process: there it believes
    to hold locks that it does not hold. So it is closed before a fork, and both sides
    open one of their own when they need it.
    """

    def __init__(self, path, timeout):
        self.path = path
        self.timeout = timeout
        self.is_closed = False
        self._lock = threading.RLock()
        self._db = None
        self._identity = None
        with self._lock:
            self._opened()
        with _FORK:
            _OPEN.add(self)

    @contextlib.contextmanager
    def reading(self):
        """
        Read one state of the file.

        Yields
        ------
        sqlite3.Connection
            Inside a transaction, which does not see what others write meanwhile.
        """
        with self._transaction("BEGIN") as db:
            yield db

    @contextlib.contextmanager
    def writing(self):
        """
        Write all or nothing; what was written is on the disk at the end.

        Yields
        ------
        sqlite3.Connection
            Inside a transaction, in which no one else writes.
        """
        # At once: one that reads first and writes then may not wait for others.
        with self._transaction("BEGIN IMMEDIATE") as db:
            self._check_identity()
            yield db

    def close(self):
        """Close it for good."""
        with self._lock:
            self.is_closed = True
            self._let_go()

    @contextlib.contextmanager
    def _transaction(self, begin):
        with self._lock:
            db = self._opened()
            try:
                db.execute(begin)
                yield db
                db.execute("COMMIT")
            except BaseException as error:
                if db.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        db.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise explained(error, self.path) from error
                raise

    def _opened(self):
        if self.is_closed:
            raise LabelStoreError(
                f"The store {self.path} was closed. Open it again: make a new "
                "LabelStore or LabelingSession of this path."
            )
        if self._db is None:
            if self._identity is not None:
                self._check_identity()
            check_place(self.path)
            try:
                self._db = _open(self.path, self.timeout)
            except sqlite3.Error as error:
                raise explained(error, self.path) from error
            self._identity = _identity(self.path)
        return self._db

    def _check_identity(self):
        """Find out whether the path still leads to the file that was opened."""
        if _identity(self.path) != self._identity:
            raise LabelStoreError(
                f"{self.path} was moved, replaced or deleted while in use, so this was "
                "not stored. Put it back, or open the store anew."
            )

    def _let_go(self):
        if self._db is not None:
            db, self._db = self._db, None
            with contextlib.suppress(sqlite3.Error):  # nothing is left to be written
                db.close()

    # ---------------------------------------------------------------- forks

    def before_fork(self):
        """Wait for other threads, and close until it is needed again."""
        self._lock.acquire()
        self._let_go()

    def after_fork(self):
        """Go on in the parent."""
        self._lock.release()

    def after_fork_in_child(self):
        """Go on in the child, where the other threads are no more."""
        self._lock = threading.RLock()


def _identity(path):
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _open(path, timeout):
    # Threads are kept apart by the lock: no need to forbid all but the first.
    db = sqlite3.connect(
        path, timeout=timeout, isolation_level=None, check_same_thread=False
    )
    try:
        prepare(db, path, timeout)
    except BaseException:
        db.close()
        raise
    return db


def _before_fork():
    _FORK.acquire()
    _FORKING[:] = list(_OPEN)
    for connection in _FORKING:
        connection.before_fork()


def _after_fork_in_parent():
    for connection in _FORKING:
        connection.after_fork()
    _FORKING.clear()
    _FORK.release()


def _after_fork_in_child():
    global _FORK
    for connection in _FORKING:
        connection.after_fork_in_child()
    _FORKING.clear()
    _FORK = threading.RLock()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
