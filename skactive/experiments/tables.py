"""The layout of a store, and whose file it is."""

_VERSION = 1
_OURS = 0x5CAC71FE  # tells our files from other SQLite files

_SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS runs (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        dataset TEXT NOT NULL,
        model TEXT NOT NULL,
        batch_size INTEGER NOT NULL,
        strategy TEXT NOT NULL,
        seed INTEGER NOT NULL,
        settings TEXT NOT NULL,
        versions TEXT NOT NULL,
        warnings TEXT NOT NULL,
        wall_seconds REAL NOT NULL,
        error TEXT
    )""",
    """
    CREATE TABLE IF NOT EXISTS rounds (
        run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        round INTEGER NOT NULL,
        budget INTEGER NOT NULL,
        score REAL NOT NULL,
        query_seconds REAL,
        fit_seconds REAL NOT NULL,
        PRIMARY KEY (run, round)
    ) WITHOUT ROWID""",
    """
    CREATE TABLE IF NOT EXISTS acquired (
        run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        position INTEGER NOT NULL,
        query INTEGER NOT NULL,
        label NOT NULL,
        PRIMARY KEY (run, place)
    ) WITHOUT ROWID""",
    # Who is about to play what: only the order of other processes depends on it.
    "CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, owner TEXT)",
)


class StoreError(ValueError):
    """A file that is no store, or one of another version."""


def is_empty(db, path):
    """
    Say whether a file has no tables yet.

    Parameters
    ----------
    db : sqlite3.Connection
        To the file.
    path : Path
        The file, to be named.

    Returns
    -------
    bool
        False where it is a store of ours.

    Raises
    ------
    StoreError
        It is a database of something else, or of another layout.
    """
    (owner,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (n_tables,) = db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if not n_tables:
        return True
    if owner != _OURS:
        raise StoreError(
            f"{path} is a database of something else. Give the path of another file."
        )
    if version != _VERSION:
        raise StoreError(
            f"{path} has the layout {version} of stores, and this version of skactive "
            f"reads layout {_VERSION}. Use the version that wrote it, or another file."
        )
    return False


def make_tables(db):
    """
    Make what is not there yet, inside a transaction.

    Parameters
    ----------
    db : sqlite3.Connection
        To an empty file or a store.
    """
    for statement in _SCHEMA:
        db.execute(statement)
    db.execute(f"PRAGMA application_id = {_OURS}")
    db.execute(f"PRAGMA user_version = {_VERSION}")
