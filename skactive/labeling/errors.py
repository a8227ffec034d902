"""What can go wrong with a file of labels, in one sentence each."""

import os
from pathlib import Path


class LabelStoreError(RuntimeError):
    """A file that cannot be used as a label store, or a label not stored in it."""


def check_place(path):
    """
    Check where a store is to lie, before a file is opened or made.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    LabelStoreError
        It is a folder, lies in no folder, or is no file at all.
    """
    if str(path) in (":memory:", "", "."):
        raise LabelStoreError(
            f"A label store is a file, so that labels last. Got {str(path)!r}; give "
            "the path of a file."
        )
    if os.path.isdir(path):  # False, and no error, where one may not look
        raise LabelStoreError(
            f"{path} is a folder. Give the path of a file in it, such as "
            f"{path / 'labels.db'}."
        )
    if not os.path.isdir(path.parent):
        raise LabelStoreError(
            f"{path} cannot be made, because there is no folder {path.parent}. Make "
            "the folder first, or give another path."
        )


def explained(error, path):
    """
    Turn an error of SQLite into one a person can act on.

    Parameters
    ----------
    error : sqlite3.Error
        What SQLite said.
    path : Path
        The file.

    Returns
    -------
    LabelStoreError
        To be raised from the error.
    """
    name = getattr(error, "sqlite_errorname", None) or ""
    told = next((text for start, text in _TOLD.items() if name.startswith(start)), None)
    if told is None:
        told = "{path} cannot be used as a label store: {error}."
    return LabelStoreError(
        told.format(path=path, folder=Path(path).parent, error=error)
    )


# By the beginning of SQLite's names for its errors.
_TOLD = {
    "SQLITE_FULL": (
        "The disk is full, so this was not stored in {path} (all that was "
        "acknowledged before is). Free some space and do it again."
    ),
    "SQLITE_READONLY": (
        "{path} is read-only, so no label can be stored. Allow writing to the file "
        "and to its folder {folder}, or work on a copy."
    ),
    "SQLITE_CANTOPEN": (
        "{path} cannot be opened for writing. Allow writing to the file and to its "
        "folder {folder}, where two more files lie while the store is in use."
    ),
    "SQLITE_NOTADB": (
        "{path} is not a label store, but some other file. Give the path of a store, "
        "or of a file that does not exist yet."
    ),
    "SQLITE_CORRUPT": (
        "{path} is damaged ({error}). Leave it as it is, and go on from a backup or "
        "an export."
    ),
    "SQLITE_BUSY": (
        "{path} has been locked by another program for too long, so this was not "
        "stored. End that program, or raise 'timeout', and do it again."
    ),
    "SQLITE_IOERR": (
        "Reading or writing {path} failed ({error}), so this was not stored. Check "
        "the disk and its free space, and do it again."
    ),
}
