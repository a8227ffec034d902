"""The tables of a label store, and whether a file has them."""

import contextlib
import sqlite3
import time

from skactive.labeling.errors import LabelStoreError

VERSION = 1
OURS = 0x5CAC71AB  # tells label stores from other SQLite files
_STRICT_SINCE = (3, 37)

# An event is never changed or removed. items.answer is the event that holds at
# present: the last one that was not undone. Undoing an event goes back to what it
# revised.
_TABLES = (
    """
    CREATE TABLE items (
        position INTEGER PRIMARY KEY,
        key ANY NOT NULL UNIQUE,
        payload TEXT,
        answer INTEGER REFERENCES events (id)
    ) STRICT""",
    "CREATE INDEX items_answered ON items (answer) WHERE answer IS NOT NULL",
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        item INTEGER NOT NULL REFERENCES items (position),
        kind TEXT NOT NULL CHECK (kind IN ('label', 'skip', 'undo')),
        label TEXT,
        annotator TEXT NOT NULL,
        at TEXT NOT NULL,
        strategy TEXT,
        round INTEGER,
        source TEXT,
        revises INTEGER REFERENCES events (id),
        undoes INTEGER UNIQUE REFERENCES events (id),
        CHECK (kind != 'label' OR label IS NOT NULL),
        CHECK ((kind = 'undo') = (undoes IS NOT NULL))
    ) STRICT""",
    "CREATE INDEX events_of_item ON events (item, id)",
    "CREATE INDEX events_of_annotator ON events (annotator, id)",
    """
    CREATE TRIGGER answered AFTER INSERT ON events WHEN NEW.kind != 'undo' BEGIN
        UPDATE items SET answer = NEW.id WHERE position = NEW.item;
    END""",
    """
    CREATE TRIGGER undone AFTER INSERT ON events WHEN NEW.kind = 'undo' BEGIN
        UPDATE items SET answer = (SELECT revises FROM events WHERE id = NEW.undoes)
        WHERE position = NEW.item;
    END""",
    """
    CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN
        SELECT RAISE(ABORT, 'the history of labels is append-only');
    END""",
    """
    CREATE TRIGGER events_remain BEFORE DELETE ON events BEGIN
        SELECT RAISE(ABORT, 'the history of labels is append-only');
    END""",
    """
    CREATE TABLE batches (
        id INTEGER PRIMARY KEY,
        annotator TEXT NOT NULL,
        strategy TEXT NOT NULL,
        round INTEGER NOT NULL,
        at TEXT NOT NULL,
        lease REAL NOT NULL,
        until REAL NOT NULL
    ) STRICT""",
    "CREATE INDEX batches_of_annotator ON batches (annotator, id)",
    """
    CREATE TABLE asked (
        batch INTEGER NOT NULL REFERENCES batches (id),
        place INTEGER NOT NULL,
        item INTEGER NOT NULL REFERENCES items (position),
        PRIMARY KEY (batch, place)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX asked_items ON asked (item, batch)",
    """
    CREATE TABLE scores (
        id INTEGER PRIMARY KEY,
        round INTEGER NOT NULL,
        n_labeled INTEGER NOT NULL,
        score REAL NOT NULL,
        strategy TEXT NOT NULL,
        at TEXT NOT NULL
    ) STRICT""",
    """
    CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)
    STRICT, WITHOUT ROWID""",
)


def prepare(db, path, timeout):
    """
    Make a connection ready: check whose file it is, set it up, make the tables.

    Parameters
    ----------
    db : sqlite3.Connection
        Just opened, without transactions of its own accord.
    path : Path
        The file, to be named.
    timeout : float
        Seconds to wait for others that are making the same file ready.

    Raises
    ------
    LabelStoreError
        The file is no store, of a newer version, or lies where no log can be written.
    """
    if sqlite3.sqlite_version_info < _STRICT_SINCE:
        raise LabelStoreError(
            f"Label stores need SQLite 3.37 or newer, and this Python comes with "
            f"{sqlite3.sqlite_version}. Use a newer Python."
        )
    _has_tables(db, path)
    _write_ahead(db, path, timeout)
    # FULL: a commit returns when the disk has it. Apple's disks must be told twice.
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA fullfsync = ON")
    db.execute("PRAGMA checkpoint_fullfsync = ON")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("BEGIN IMMEDIATE")
    try:
        if not _has_tables(db, path):
            for statement in _TABLES:
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {OURS}")
            db.execute(f"PRAGMA user_version = {VERSION}")
        # Deletes nothing, and yet fails now, not at the first label, if one may not
        # write: a transaction alone does not on a read-only file.
        db.execute("DELETE FROM facts WHERE name IS NULL")
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def _has_tables(db, path):
    (n_tables,) = db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if not n_tables:
        return False
    (owner,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if owner != OURS:
        raise LabelStoreError(
            f"{path} is not a label store, but a database of something else. Give the "
            "path of a store, or of a file that does not exist yet."
        )
    if version > VERSION:
        raise LabelStoreError(
            f"{path} was written by a newer version of skactive (layout {version}; "
            f"this one reads up to {VERSION}). Update skactive to open it."
        )
    return True


def _write_ahead(db, path, timeout):
    """Switch on the log, for which SQLite itself does not wait."""
    end = time.monotonic() + timeout
    while True:
        try:
            (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
            break
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorname.startswith("SQLITE_BUSY")
            if not is_busy or time.monotonic() > end:
                raise
            time.sleep(0.01)
    if mode != "wal":
        raise LabelStoreError(
            f"{path} lies where SQLite can keep no write-ahead log (a network folder "
            "perhaps). Put it on a disk of this machine."
        )
