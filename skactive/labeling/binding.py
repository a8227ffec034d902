"""Tying a store to one pool, one seed and one set of classes."""

from skactive.labeling.answering import add_item
from skactive.labeling.errors import LabelStoreError
from skactive.labeling.facts import read_fact, write_classes, write_fact
from skactive.labeling.fingerprint import count_rows, fingerprint
from skactive.utils.random import draw_entropy


def bind(store, X_pool, classes, random_state):
    """
    Begin a session on a store, or find out that it goes on with what was begun.

    Parameters
    ----------
    store : LabelStore
        The store.
    X_pool : array-like, sparse matrix, data frame or list
        The pool.
    classes : array-like or None
        The labels there are, where the session declares them.
    random_state : int or None
        The seed, where the session tells it.

    Returns
    -------
    n : int
        Rows of the pool.
    entropy : int
        The seed of this store.

    Raises
    ------
    LabelStoreError
        The store was begun with another pool or seed, or has other items.
    """
    n = _rows_of(X_pool)
    if n == 0:
        raise ValueError("X_pool has no rows: there is nothing to label.")
    description, digest = fingerprint(X_pool)
    with store._file.writing() as db:
        before = read_fact(db, "pool")
        if before is None:
            _make_items(db, store.path, n)
            write_fact(db, "pool", [description, digest])
        elif before[1] != digest:
            is_alike = before[0] == description
            raise LabelStoreError(
                f"{store.path} was begun with another pool ({before[0]}) than this one "
                f"({'alike, but with other content' if is_alike else description}). "
                "Pass the pool it was begun with, or give another file."
            )
        if classes is not None:
            write_classes(db, classes)
        entropy = read_fact(db, "entropy")
        if entropy is None:
            entropy = draw_entropy(random_state)
            write_fact(db, "entropy", entropy)
        elif random_state is not None and entropy != random_state:
            raise LabelStoreError(
                f"{store.path} was begun with the random_state {entropy}, and this "
                f"session has {random_state}. Pass that one, or leave it out."
            )
    return n, entropy


def _rows_of(X_pool):
    try:
        if not isinstance(X_pool, str | bytes):
            return count_rows(X_pool)
    except TypeError:  # it has no length
        pass
    raise TypeError(
        "The 'X_pool' parameter must be rows: an array, a sparse matrix, a data frame "
        f"or a list. Got {X_pool!r} instead."
    )


def _make_items(db, path, n):
    (n_items,) = db.execute("SELECT COUNT(*) FROM items").fetchone()
    if n_items == 0:
        for position in range(n):
            add_item(db, position, position, None)
    elif n_items != n:
        raise LabelStoreError(
            f"{path} has {n_items} items, and X_pool has {n} rows. Add one item for "
            "each row, in the order of the rows, or none."
        )
    else:
        _check_order(db, path, n)


def _check_order(db, path, n):
    """Keys that are positions, but of other rows, would give those their labels."""
    rows = db.execute("SELECT key FROM items ORDER BY position")
    keys = [key for (key,) in rows]
    if set(keys) != set(range(n)) or keys == list(range(n)):
        return
    row = next(row for row, key in enumerate(keys) if key != row)
    raise LabelStoreError(
        f"{path} has the keys 0 to {n - 1}, but in another order than the rows of "
        f"X_pool: key {keys[row]} stands at row {row}. Add them in the order of the "
        "rows; or open a session on a new file, and then import the labels into that."
    )
