"""Labels of any kind as classes numbered from 0."""

import numpy as np

_FEWEST_ROWS_FOR_A_CLASS = 2


def coded(labels, names=None):
    """
    Number the classes from 0.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Numbers, bools or text.
    names : ndarray of shape (n_classes,) or None, default=None
        Names of the classes 0, 1 and so on; used if the labels are such numbers.

    Returns
    -------
    codes : ndarray of shape (n,), dtype int64
        Positions in the names.
    names : ndarray of shape (n_classes,)
        The names given, or the labels that occur, sorted: text that is all whole
        numbers by their size.

    Raises
    ------
    ValueError
        There is a single class, or nearly as many as rows.
    """
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            raise ValueError(
                "The labels hold NaN or infinity. Remove these rows, or correct them."
            )
        whole = (labels == np.round(labels)).all() and np.abs(labels).max() < 2**53
        labels = labels.astype(np.int64) if whole else labels
    found, codes = np.unique(labels, return_inverse=True)
    if len(found) < 2:
        raise ValueError(
            f"The labels hold a single class, {found.tolist()[0]!r}: nothing to tell "
            "apart."
        )
    if len(found) > len(labels) / _FEWEST_ROWS_FOR_A_CLASS:
        raise ValueError(
            f"The labels hold {len(found)} different values in {len(labels)} rows: "
            "more like names than classes. Pass task='regression' if they are numbers "
            "to predict."
        )
    if names is not None and found.dtype.kind in "iu":
        if found[0] >= 0 and found[-1] < len(names):
            return labels.astype(np.int64), names
    if found.dtype.kind == "U":
        order = in_order(found)
        found, codes = found[order], np.argsort(order)[codes]
    return codes.astype(np.int64), found


def in_order(texts):
    """
    Order texts: by size if all are whole numbers, otherwise by the alphabet.

    Parameters
    ----------
    texts : ndarray of shape (n,)
        Text in alphabetic order.

    Returns
    -------
    ndarray of shape (n,), dtype int64
        Positions in the new order.
    """
    try:
        return np.argsort([int(text) for text in texts], kind="stable")
    except ValueError:
        return np.arange(len(texts))
