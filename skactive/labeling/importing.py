"""Answers from a file: all of them stored, or none."""

import os
from contextlib import contextmanager
from dataclasses import dataclass

from skactive.labeling.answering import (
    add_item,
    as_declared,
    check_growth,
    find_item,
    write_answer,
)
from skactive.labeling.events import read_event
from skactive.labeling.values import (
    check_annotator,
    check_key,
    check_label,
    check_time,
    from_json,
    payload_to_json,
    to_json,
)

_SHOWN = 5  # bad lines named in an error


@dataclass(frozen=True)
class FileAnswer:
    """
    One answer as it stands in a file, not checked yet.

    Parameters
    ----------
    line : int
        Where: the number of the line, or of the task, from 1.
    key : object
        The item's key.
    label : object
        The label; None for none.
    skipped : bool
        Whether the item was skipped.
    annotator : object
        Who, if the file tells.
    at : object
        When, if the file tells.
    strategy : object
        What asked, if the file tells.
    round : object
        In which round, if the file tells.
    payload : object
        What the item refers to, if the file tells.
    problem : str or None
        What is wrong with the line, if it could not be read.
    """

    line: int
    key: object = None
    label: object = None
    skipped: bool = False
    annotator: object = None
    at: object = None
    strategy: object = None
    round: object = None
    payload: object = None
    problem: str | None = None


@dataclass(frozen=True)
class ImportReport:
    """
    What an import did.

    Parameters
    ----------
    n_new : int
        Answers to items that had none.
    n_revised : int
        Answers in place of others.
    n_unchanged : int
        Answers that hold already, or once did: of them nothing was stored.
    n_items_added : int
        Items that the store did not have.
    """

    n_new: int = 0
    n_revised: int = 0
    n_unchanged: int = 0
    n_items_added: int = 0


def import_answers(store, path, answers, *, annotator, add_items, unit="line"):
    """
    Store the answers of a file in one transaction.

    Parameters
    ----------
    store : LabelStore
        The store.
    path : Path
        The file, to be named.
    answers : iterable of FileAnswer
        What stands in it.
    annotator : str or None
        Who, where the file does not tell; None is the annotator of the store.
    add_items : bool
        Whether items that the store does not have are added.
    unit : str, default="line"
        What is numbered.

    Returns
    -------
    ImportReport
        How many there were.

    Raises
    ------
    ValueError
        A line is wrong; nothing of the file is stored then.
    """
    default = check_annotator(store.annotator if annotator is None else annotator)
    counts = dict.fromkeys(ImportReport.__dataclass_fields__, 0)
    wrong, n = [], 0
    with store._file.writing() as db:
        (n_items,) = db.execute("SELECT COUNT(*) FROM items").fetchone()
        for answer in answers:
            n += 1
            try:
                if add_items and answer.problem is None:
                    added = _add(db, n_items, answer)
                    n_items += added
                    counts["n_items_added"] += added
                outcome = _import_one(db, answer, default, path.name)
            except (ValueError, TypeError) as error:
                told = str(error)
                wrong.append((answer.line, told[:1].lower() + told[1:].rstrip(".")))
                continue
            if outcome is not None:
                counts[outcome] += 1
        if counts["n_items_added"]:
            check_growth(db)
        if wrong:  # within the transaction, so that it is rolled back
            raise ValueError(_complaint(path, wrong, n, unit))
    return ImportReport(**counts)


def _add(db, position, answer):
    key = check_key(answer.key)
    if db.execute("SELECT 1 FROM items WHERE key = ?", (key,)).fetchone():
        return False  # whatever its payload: other programs add to it
    return add_item(db, position, key, payload_to_json(key, answer.payload))


def _import_one(db, answer, default, source):
    if answer.problem is not None:
        raise ValueError(answer.problem)
    item = find_item(db, check_key(answer.key))
    if answer.label is None and not answer.skipped:
        return None
    if answer.label is not None and answer.skipped:
        raise ValueError("it has a label and is skipped as well")
    kind = "skip" if answer.skipped else "label"
    label = None if answer.skipped else as_declared(db, check_label(answer.label))
    who = check_annotator(answer.annotator or default)
    at = check_time(answer.at) if answer.at else None
    if _is_known(db, item, kind, label, who, at):
        return "n_unchanged"
    event = write_answer(
        db,
        item,
        kind,
        label,
        who,
        at=at,
        strategy=_text(answer.strategy, "strategy"),
        round=_round(answer.round),
        source=source,
    )
    return "n_revised" if event.is_revision else "n_new"


def _is_known(db, item, kind, label, who, at):
    """Whether an answer holds already, or stands in the history from then."""
    (held,) = db.execute(
        "SELECT answer FROM items WHERE position = ?", (item,)
    ).fetchone()
    if held is not None:
        before = read_event(db, held)
        if before.kind == kind and to_json(before.label) == to_json(label):
            return True
    same = db.execute(
        "SELECT 1 FROM events e WHERE item = ? AND kind = ? AND label IS ? "
        "AND annotator = ? AND at = ? "
        "AND NOT EXISTS (SELECT 1 FROM events WHERE undoes = e.id)",
        (item, kind, None if label is None else to_json(label), who, at),
    )
    return same.fetchone() is not None


def _text(value, name):
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise ValueError(f"the {name} {value!r} is no text")
    return value


def _round(value):
    if value in (None, ""):
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ValueError(f"the round {value!r} is no number") from None


def _complaint(path, wrong, n, unit):
    shown = "; ".join(f"{unit} {line}: {told}" for line, told in wrong[:_SHOWN])
    more = "; and more" if len(wrong) > _SHOWN else ""
    return (
        f"Nothing of {path} was imported, because {len(wrong)} of its {n} {unit}s "
        f"cannot be ({shown}{more}). Correct the file and import it again."
    )


@contextmanager
def whole_file(path, **options):
    """
    Write a file that is there whole or not at all.

    Parameters
    ----------
    path : Path
        The file; one of this name is replaced.
    **options : dict
        Of ``open``.

    Yields
    ------
    file
        Open for writing text.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Give the path of a file in it.")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"{path} cannot be written, because there is no folder {path.parent}. Make "
            "the folder first, or give another path."
        )
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "w", encoding="utf-8", **options) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def read_answers(store, unlabeled):
    """
    Read the answers that hold, as they are written into files.

    Parameters
    ----------
    store : LabelStore
        The store.
    unlabeled : bool
        Whether items without an answer are given too.

    Returns
    -------
    list of dict
        For each item ``key``, ``payload``, ``label``, ``skipped``, ``revised``,
        ``annotator``, ``at``, ``strategy`` and ``round``.
    """
    condition = "" if unlabeled else "WHERE i.answer IS NOT NULL"
    with store._file.reading() as db:
        rows = db.execute(
            "SELECT i.key, i.payload, e.label, e.kind, e.revises, e.annotator, e.at, "
            "e.strategy, e.round FROM items i LEFT JOIN events e ON e.id = i.answer "
            f"{condition} ORDER BY i.position"
        ).fetchall()
    return [
        {
            "key": key,
            "payload": from_json(payload),
            "label": from_json(label),
            "skipped": kind == "skip",
            "revised": revises is not None,
            "annotator": annotator,
            "at": at,
            "strategy": strategy,
            "round": round_,
        }
        for key, payload, label, kind, revises, annotator, at, strategy, round_ in rows
    ]
