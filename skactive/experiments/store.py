"""Finished runs in one SQLite file, each written whole or not at all."""

import contextlib
import json
import math
import sqlite3
from collections import Counter
from pathlib import Path

import numpy as np

from skactive.evaluation import Run
from skactive.experiments.remarks import remarks
from skactive.experiments.tables import StoreError, is_empty, make_tables

_WAIT = 120  # seconds for another process to write one run, which takes milliseconds
_FINISHED = "SELECT 1 FROM runs WHERE key = ? AND error IS NULL"


class Store:
    """
    Runs in one SQLite file, which several processes may use at once.

    A finished run is written in one transaction: after a crash, a cut of the power or
    ``kill -9`` it is there whole or not at all. A run is known by the hash of all its
    settings, and stored once however often it is finished.

    Parameters
    ----------
    path : str or Path
        The file. It is made with the first run that is stored.

    Raises
    ------
    StoreError
        The file is no store, or of another version, or there is no such folder.

    Notes
    -----
    Three tables, to be read with ``sqlite3`` or ``pandas.read_sql`` too: ``runs`` (one
    row each; ``error`` is NULL or a traceback), ``rounds`` and ``acquired`` (the
    position in the data set, the query that asked for it, 0 for the labels to start
    from, and the label).

    Examples
    --------
    >>> from skactive.experiments import Store
    >>> Store("nothing-yet.sqlite").runs()
    []
    """

    def __init__(self, path):
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise StoreError(f"{self.path}: there is no folder {self.path.parent}.")
        if self.path.exists():
            with self._reading():
                pass

    # ---------------------------------------------------------------- writing

    def add(self, outcome):
        """
        Store what came of a run.

        A finished run is stored once: a second one of the same settings is not, and a
        failed one neither puts it away. A failed one makes room for any later one.

        Parameters
        ----------
        outcome : Outcome
            Of a run that was not interrupted.

        Returns
        -------
        bool
            Whether it was stored.
        """
        setting = outcome.setting
        with self._writing() as db:
            if db.execute(_FINISHED, (setting.key,)).fetchone():
                return False
            for table in ("runs", "claims"):
                db.execute(f"DELETE FROM {table} WHERE key = ?", (setting.key,))
            run = db.execute(
                "INSERT INTO runs (key, dataset, model, batch_size, strategy, seed, "
                "settings, versions, warnings, wall_seconds, error) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    setting.key,
                    setting.dataset,
                    setting.model,
                    setting.batch_size,
                    setting.strategy,
                    setting.seed,
                    json.dumps(outcome.described, sort_keys=True),
                    json.dumps(outcome.versions, sort_keys=True),
                    json.dumps(outcome.warnings),
                    outcome.wall_seconds,
                    outcome.error,
                ),
            ).lastrowid
            if outcome.error is None:
                db.executemany(
                    "INSERT INTO rounds VALUES (?, ?, ?, ?, ?, ?)",
                    [(run, i, *_nulls(row)) for i, row in enumerate(outcome.rounds)],
                )
                db.executemany(
                    "INSERT INTO acquired VALUES (?, ?, ?, ?, ?)",
                    [(run, i, *row) for i, row in enumerate(outcome.acquired)],
                )
        return True

    def claim(self, key, owner):
        """
        Say that a run is going to be played, unless it is or others have said so.

        A claim promises nothing: whoever made it may have been killed. It ends when
        the run is stored.

        Parameters
        ----------
        key : str
            Hash of its settings.
        owner : str
            Who is going to play it.

        Returns
        -------
        bool
            Whether the claim is this owner's.
        """
        with self._writing() as db:
            if db.execute(_FINISHED, (key,)).fetchone():
                return False
            db.execute("INSERT OR IGNORE INTO claims VALUES (?, ?)", (key, owner))
            query = "SELECT owner FROM claims WHERE key = ?"
            return db.execute(query, (key,)).fetchone() == (owner,)

    # ---------------------------------------------------------------- reading

    def runs(self, grid=None, *, only=None):
        """
        Give the finished runs.

        Parameters
        ----------
        grid : Grid or None, default=None
            Gives those of a grid alone, in its order and under its names. None gives
            all, under the names that they had when they were played.
        only : dict of str to collection or None, default=None
            Some of the grid: see `run_grid`.

        Returns
        -------
        list of skactive.evaluation.Run
            One for each.

        Raises
        ------
        ValueError
            There is ``only`` without a grid.
        StoreError
            Without a grid: runs of several grids have the same names.
        """
        if only and grid is None:
            raise ValueError("The 'only' parameter of runs needs a grid. Pass it, too.")
        if not self.path.exists():
            return []
        with self._reading() as db:
            rows = db.execute(
                "SELECT key, id, dataset, model, batch_size, strategy, seed FROM runs "
                "WHERE error IS NULL ORDER BY id"
            ).fetchall()
            if grid is None:
                named = [row[1:] for row in rows]
                self._check_names(named)
            else:
                ids = {row[0]: row[1] for row in rows}
                named = [
                    (ids[s.key], s.dataset, s.model, s.batch_size, s.strategy, s.seed)
                    for s in grid.chosen(only)
                    if s.key in ids
                ]
            return [_run(db, *row) for row in named]

    def _check_names(self, named):
        """Refuse runs that differ in settings which no name tells."""
        names = [tuple(row[1:]) for row in named]
        twice = next(
            (name for name, times in Counter(names).items() if times > 1), None
        )
        if twice is not None:
            raise StoreError(
                f"{self.path} holds several runs named {' '.join(map(str, twice))}, of "
                "other settings. Pass the grid whose runs you want."
            )

    def outcomes(self):
        """
        Tell which runs are finished and which failed.

        Returns
        -------
        dict of str to tuple
            For the key of each run its traceback, None where it is finished, and its
            seconds.
        """
        if not self.path.exists():
            return {}
        with self._reading() as db:
            rows = db.execute("SELECT key, error, wall_seconds FROM runs")
            return {key: (error, seconds) for key, error, seconds in rows}

    def remarks(self, keys):
        """
        Tell what a reader of finished runs should know.

        Parameters
        ----------
        keys : collection of str
            Of the runs.

        Returns
        -------
        list of str
            Sentences on what was warned of, and on mixed versions.
        """
        if not self.path.exists():
            return []
        keys = set(keys)
        with self._reading() as db:
            rows = db.execute(
                "SELECT key, warnings, versions FROM runs WHERE error IS NULL"
            ).fetchall()
        return remarks([row[1:] for row in rows if row[0] in keys])

    def has(self, key):
        """
        Say whether a run is finished.

        Parameters
        ----------
        key : str
            Hash of its settings.

        Returns
        -------
        bool
            False for one that failed, too.
        """
        if not self.path.exists():
            return False
        with self._reading() as db:
            return db.execute(_FINISHED, (key,)).fetchone() is not None

    # ---------------------------------------------------------------- the file

    def make(self):
        """
        Make the file and its tables, where they are not there.

        Raises
        ------
        StoreError
            It cannot be made, is no store, or is of another version.
        """
        with self._writing():
            pass

    @contextlib.contextmanager
    def _reading(self):
        with self._connected() as db:
            db.execute("BEGIN")
            if not is_empty(db, self.path):
                yield db
                return
        # Another process is about to fill the file.
        with contextlib.closing(sqlite3.connect(":memory:")) as nothing:
            make_tables(nothing)
            yield nothing

    @contextlib.contextmanager
    def _writing(self):
        with self._connected() as db:
            # At once: one that reads first and writes then may not wait for others.
            db.execute("BEGIN IMMEDIATE")
            try:
                is_empty(db, self.path)
                make_tables(db)
                yield db
            except BaseException:
                if db.in_transaction:  # a full disk has ended it already
                    db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    @contextlib.contextmanager
    def _connected(self):
        """Connect anew each time: connections must not cross threads and forks."""
        try:
            with contextlib.closing(
                sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None)
            ) as db:
                db.execute("PRAGMA foreign_keys = ON")
                yield db
        except sqlite3.DatabaseError as error:
            raise StoreError(f"{self.path} cannot be used as a store: {error}.") from (
                error
            )


def _nulls(row):
    return [None if isinstance(v, float) and math.isnan(v) else v for v in row]


def _run(db, run, dataset, model, batch_size, strategy, seed):
    rounds = db.execute(
        "SELECT budget, score, query_seconds, fit_seconds FROM rounds WHERE run = ? "
        "ORDER BY round",
        (run,),
    ).fetchall()
    budget, score, query_seconds, fit_seconds = zip(*rounds, strict=True)
    labels = db.execute(
        "SELECT label FROM acquired WHERE run = ? ORDER BY place", (run,)
    ).fetchall()
    return Run(
        dataset,
        model,
        batch_size,
        strategy,
        seed,
        budget=np.array(budget),
        score=np.array(score),
        query_seconds=np.array(query_seconds, dtype=np.float64),
        fit_seconds=np.array(fit_seconds),
        acquired=np.array([label for (label,) in labels]),
    )
