"""Labels as tables of text: CSV for people, JSON Lines for programs."""

import csv
import json
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from skactive.labeling.importing import (
    FileAnswer,
    import_answers,
    read_answers,
    whole_file,
)
from skactive.labeling.values import from_text, is_word, to_text

_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no", "")


def export_csv(store, path, *, unlabeled=False, history=False):
    """
    Write labels into a CSV file.

    Parameters
    ----------
    store : LabelStore
        The store.
    path : str or Path
        The file; one of this name is replaced.
    unlabeled : bool, default=False
        Whether items without an answer stand in it too, to be filled in.
    history : bool, default=False
        True writes each event instead of the answers that hold, to be read by people:
        such a file cannot be imported.

    Notes
    -----
    A label that is a text, but looks like a number, stands in quotes within its field,
    so that it comes back as a text.
    """
    path = Path(path)
    rows = _rows(store, unlabeled, history)
    names = list(rows[0]) if rows else ["key", "label"]
    with whole_file(path, newline="") as file:
        table = csv.DictWriter(file, names)
        table.writeheader()
        for row in rows:
            table.writerow({name: _field(name, value) for name, value in row.items()})


def import_csv(
    store, path, *, key="key", label="label", annotator=None, add_items=False
):
    """
    Read labels from a CSV file, all or none.

    Parameters
    ----------
    store : LabelStore
        The store.
    path : str or Path
        The file, in UTF-8 with a header. Read are the columns of the key and the label
        and, where they are there, ``skipped``, ``annotator``, ``at``, ``strategy``,
        ``round`` and ``payload``. A line without a label is passed over.
    key : str, default="key"
        Name of the column with the keys.
    label : str, default="label"
        Name of the column with the labels. What looks like a number is one, unless the
        store has a class or label that is this text.
    annotator : str or None, default=None
        Who, where the file does not tell; None is the annotator of the store.
    add_items : bool, default=False
        Whether items that the store does not have are added; else they are errors.

    Returns
    -------
    ImportReport
        How many labels were new, revised or there already.

    Raises
    ------
    ValueError
        A line cannot be imported, and is named by its number; or a column is missing.
    """
    path = Path(path)
    with _opened(path, newline="") as file:
        table = csv.DictReader(file, strict=True)
        columns = table.fieldnames or []
        _refuse_history(path, columns)
        for name, what in ((key, "key"), (label, "label")):
            if name not in columns:
                raise ValueError(
                    f"{path} has no column {name!r}. Got the columns {columns}; tell "
                    f"which one holds the {what} in the {what!r} parameter."
                )
        known = store.classes or store.labels().values()
        return import_answers(
            store,
            path,
            _csv_answers(table, key, label, set(filter(is_word, known))),
            annotator=annotator,
            add_items=add_items,
        )


def export_jsonl(store, path, *, unlabeled=False, history=False):
    """
    Write labels into a file with one JSON object a line.

    Parameters
    ----------
    store : LabelStore
        The store.
    path : str or Path
        The file; one of this name is replaced.
    unlabeled : bool, default=False
        Whether items without an answer stand in it too.
    history : bool, default=False
        True writes each event instead of the answers that hold, to be read by people:
        such a file cannot be imported.
    """
    with whole_file(Path(path)) as file:
        for row in _rows(store, unlabeled, history):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def import_jsonl(store, path, *, annotator=None, add_items=False):
    """
    Read labels from a file with one JSON object a line, all or none.

    Parameters
    ----------
    store : LabelStore
        The store.
    path : str or Path
        The file, in UTF-8. Each object has ``key`` and ``label``, and may have
        ``skipped``, ``annotator``, ``at``, ``strategy``, ``round`` and ``payload``.
    annotator : str or None, default=None
        Who, where the file does not tell; None is the annotator of the store.
    add_items : bool, default=False
        Whether items that the store does not have are added; else they are errors.

    Returns
    -------
    ImportReport
        How many labels were new, revised or there already.

    Raises
    ------
    ValueError
        A line cannot be imported, and is named by its number.
    """
    path = Path(path)
    with _opened(path) as file:
        answers = _jsonl_answers(path, file)
        return import_answers(
            store, path, answers, annotator=annotator, add_items=add_items
        )


@contextmanager
def _opened(path, **options):
    with open(path, encoding="utf-8-sig", **options) as file:
        try:
            yield file
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path} is not written in UTF-8 ({error}). Save it as UTF-8."
            ) from error


def _rows(store, unlabeled, history):
    if not history:
        return read_answers(store, unlabeled)
    if unlabeled:
        raise ValueError("A history has no unlabeled items: leave out one of the two.")
    return [asdict(event) for event in store.history()]


def _field(name, value):
    if value is None:
        return ""
    if name == "payload":
        is_plain = isinstance(value, str) and _any_json(value) == value
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    if name in ("key", "label", "previous_label"):
        return to_text(value)
    return str(value).lower() if isinstance(value, bool) else value


def _csv_answers(table, key, label, words):
    """Give the answers, and complain of lines with too many or too few fields."""
    first = table.line_num + 1
    while True:
        try:
            row = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            yield FileAnswer(table.line_num, problem=f"it is no CSV ({error})")
            return
        line, first = first, table.line_num + 1
        if None in row or None in row.values():
            told = "more" if None in row else "fewer"
            yield FileAnswer(line, problem=f"it has {told} fields than the header")
            continue
        skipped = row.get("skipped", "").strip().lower()
        if skipped not in _TRUE + _FALSE:
            yield FileAnswer(line, problem=f"skipped is {skipped!r}, not true or false")
            continue
        payload = row.get("payload") or None
        yield FileAnswer(
            line,
            key=from_text(row[key]),
            label=_label(row[label], words) if row[label] else None,
            skipped=skipped in _TRUE,
            annotator=row.get("annotator"),
            at=row.get("at"),
            strategy=row.get("strategy"),
            round=row.get("round"),
            payload=None if payload is None else _any_json(payload),
        )


def _label(text, words):
    value = from_text(text)
    return text if not is_word(value) and text in words else value


def _any_json(text):
    """Read a payload: JSON, or a text as it is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _jsonl_answers(path, file):
    for line, text in enumerate(file, start=1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield FileAnswer(line, problem=f"it is no JSON ({error})")
            continue
        if not isinstance(row, dict) or "key" not in row:
            yield FileAnswer(line, problem="it is no object with a key")
            continue
        _refuse_history(path, row)
        known = FileAnswer.__dataclass_fields__.keys() - {"line", "problem"}
        told = {name: value for name, value in row.items() if name in known}
        if not isinstance(told.get("skipped", False), bool):
            yield FileAnswer(line, problem="skipped is not true or false")
            continue
        yield FileAnswer(line, **told)


def _refuse_history(path, columns):
    if "undoes" in columns:
        raise ValueError(
            f"{path} is a history, which is there to be read. Import a file that was "
            "exported without history=True."
        )
