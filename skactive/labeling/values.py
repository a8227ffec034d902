"""Keys and labels: what may be one, and how it is written down."""

import json
import math
import numbers
import os
from datetime import UTC, datetime

import numpy as np


def check_key(key):
    """
    Check a key and make it a plain int or str.

    Parameters
    ----------
    key : int or str
        What the user calls an item.

    Returns
    -------
    int or str
        The key; 3 and "3" are two keys.
    """
    if isinstance(key, numbers.Integral) and not isinstance(key, bool | np.bool_):
        if not -(2**63) <= key < 2**63:
            raise ValueError(
                f"The key {key} is too large: write keys of more than 64 bits as text."
            )
        return int(key)
    if isinstance(key, str) and key:
        _check_text(key, "key")
        return str(key)
    raise TypeError(
        f"A key must be an int or a text that is not empty. Got {key!r} instead."
    )


def check_label(label):
    """
    Check a label and make it a plain str, bool, int or float.

    Parameters
    ----------
    label : str, bool, int or float
        One label; numpy's numbers and texts are taken too.

    Returns
    -------
    str, bool, int or float
        The label.
    """
    if isinstance(label, np.ndarray) and label.ndim == 0:
        label = label[()]
    if isinstance(label, bool | np.bool_):
        return bool(label)
    if isinstance(label, numbers.Integral):
        return int(label)
    if isinstance(label, numbers.Real) and math.isfinite(label):
        return float(label)
    if isinstance(label, str) and label:
        _check_text(label, "label")
        return str(label)
    raise ValueError(
        "A label must be a text that is not empty, a finite number, or a bool. Got "
        f"{label!r} instead; to leave an item without a label use skip."
    )


def check_annotator(annotator):
    """
    Check the name of a person.

    Parameters
    ----------
    annotator : str
        The name.

    Returns
    -------
    str
        The same name.
    """
    if not isinstance(annotator, str) or not annotator.strip():
        raise ValueError(
            "The 'annotator' parameter must be a name, a text that is not empty. Got "
            f"{annotator!r} instead."
        )
    _check_text(annotator, "annotator")
    return annotator


def is_word(label):
    """
    Say whether a label is a text, to keep texts and numbers apart.

    Parameters
    ----------
    label : str, bool, int or float
        A checked label.

    Returns
    -------
    bool
        True for a text.
    """
    return isinstance(label, str)


def to_json(value):
    """
    Write a value down exactly.

    Parameters
    ----------
    value : object
        What JSON can hold.

    Returns
    -------
    str
        JSON.
    """
    return json.dumps(value, allow_nan=False)


def payload_to_json(key, payload):
    """
    Write down what an item refers to.

    Parameters
    ----------
    key : int or str
        The item, to be named.
    payload : object
        What JSON can hold, or a path.

    Returns
    -------
    str or None
        JSON; None for None.
    """
    if payload is None:
        return None
    try:
        return to_json(
            os.fspath(payload) if isinstance(payload, os.PathLike) else payload
        )
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"The payload of the item {key!r} is nothing that JSON can hold ({error}). "
            "Give a path, a text, a finite number, or a list or dict of such in the "
            "'payloads' parameter."
        ) from error


def from_json(text):
    """
    Read what ``to_json`` wrote.

    Parameters
    ----------
    text : str or None
        JSON.

    Returns
    -------
    object
        The value; None for None.
    """
    return None if text is None else json.loads(text)


def to_text(value):
    """
    Write a key or a label as people do, and yet so that it can be read back.

    Parameters
    ----------
    value : str, bool, int or float
        A checked key or label.

    Returns
    -------
    str
        Texts as they are, unless they look like something else: the text 3 is
        written "3", with its quotes.
    """
    is_plain = isinstance(value, str) and _same(from_text(value), value)
    return value if is_plain else json.dumps(value, ensure_ascii=False)


def from_text(text):
    """
    Read what ``to_text`` or a person wrote.

    Parameters
    ----------
    text : str
        Say ``cat``, ``3``, ``0.5``, ``true`` or ``"3"``.

    Returns
    -------
    str, bool, int or float
        A number, a bool, or a text.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(value, float) and not math.isfinite(value):
        return text
    return value if isinstance(value, str | bool | int | float) else text


def now():
    """
    Tell the time.

    Returns
    -------
    str
        UTC in ISO 8601, to the millisecond.
    """
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def check_time(text):
    """
    Check a time that comes from a file.

    Parameters
    ----------
    text : str
        ISO 8601; without an offset it is taken as UTC.

    Returns
    -------
    str
        UTC in ISO 8601.
    """
    at = datetime.fromisoformat(text)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds")


def as_array(labels, classes=None):
    """
    Put labels into an array.

    Parameters
    ----------
    labels : list
        Checked labels of one kind.
    classes : list or None, default=None
        All labels there are, whose type is kept even if no label is given yet.

    Returns
    -------
    ndarray of shape (n_labels,)
        Texts, bools, ints or floats.
    """
    if classes is None:
        return np.asarray(labels)
    return np.asarray(labels, dtype=np.asarray(classes).dtype)


def _check_text(text, what):
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"The {what} {text!r} holds half a character (a lone surrogate), which no "
            "file can store. Decode it anew."
        ) from error


def _same(a, b):
    return type(a) is type(b) and a == b
