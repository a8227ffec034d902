"""The loop with a person in it: ask, take the answer, learn, ask again."""

import numpy as np
import scipy.sparse as sp

from skactive.labeling.asking import (
    count_batches,
    read_free,
    read_open,
    release,
    renew,
    write_batch,
)
from skactive.labeling.binding import bind
from skactive.labeling.learning import SessionLearning, classifies
from skactive.labeling.session_checks import (
    check_initial,
    check_position,
    check_score_on,
    check_session,
    opened,
)
from skactive.labeling.store import LabelStore
from skactive.labeling.values import check_annotator
from skactive.utils.containers import safe_indexing
from skactive.utils.random import draw_entropy, seed_sequence
from skactive.utils.validation import check_positions

_INITIAL = 0  # what the spawned seeds are for; 1 is the strategy's


class LabelingSession(SessionLearning):
    """
    Label a pool by hand, the rows that a strategy asks for.

    ``next_batch`` tells what to label, ``submit`` takes a label. All is in the store:
    after a crash a new session over the same pool and store goes on where the old one
    stopped, with the same batch. Several people may work on one store at once, each
    with a session: no row is given to two of them.

    Parameters
    ----------
    strategy : strategy
        Anything with ``fit(X, y)`` and ``query(X_pool, n)``. It is cloned.
    X_pool : array-like, sparse matrix, data frame or list of text
        All rows, labelled or not, as the strategy takes them; always the same ones.
    store : LabelStore, str or Path
        Where the labels go, or the path of it. If it has items already, there must be
        one for each row, in the order of the rows; else positions are the keys.
        Keys that are the numbers of the rows must stand at those rows.
    batch_size : int, default=10
        How many rows to ask for at a time. The last batch takes what is left.
    initial : int, array-like of int or None, default=None
        What to ask for first, when there are no labels to learn from: so many rows
        drawn at random, or these positions; None draws ``batch_size``. With 0 the
        strategy is asked at once: for a model that answers without labels.
    classes : array-like of shape (n_classes,) or None, default=None
        The labels there are. No other is taken then, and a strategy whose ``fit`` takes
        ``classes`` is told. None takes those that the store was told before, if any.
    annotator : str or None, default=None
        Who labels; None is the annotator of the store.
    lease : float, default=1800.0
        Seconds after which what this person was asked for and left unanswered may be
        given to others. Each answer and each ``next_batch`` begins them anew.
    score_on : tuple of (X_val, y_val) or None, default=None
        Rows and labels on which the model is scored after each training; the scores
        are kept in the store and given as ``learning_curve``.
    random_state : int or None, default=None
        Seeds the rows to begin with and, together with its own ``random_state``, the
        strategy in each round. Kept in the store; None takes the one kept there, or
        fresh entropy.

    Attributes
    ----------
    store : LabelStore
        The store.
    strategy_ : strategy
        The strategy as it was last fitted; absent before the first training.

    Raises
    ------
    LabelStoreError
        The store cannot be used, or was begun with another pool.
    ValueError
        A parameter is out of range.

    Notes
    -----
    In each round the strategy is fitted anew on all labels of the store, never by
    ``partial_fit``: so an interrupted session and one that was not ask the same. A
    strategy that learns from one round to the next (``ALBL``) does not learn that way
    here. While a classifier knows labels of one class only, rows are drawn at random.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_iris
    >>> from skactive import MarginSampling
    >>> from skactive.labeling import LabelingSession
    >>> X, y = load_iris(return_X_y=True)
    >>> path = os.path.join(tempfile.mkdtemp(), "labels.db")
    >>> session = LabelingSession(
    ...     MarginSampling(), X, path, batch_size=5, annotator="ada", random_state=0
    ... )
    >>> while session.store.n_labeled < 15:
    ...     for position in session.next_batch():
    ...         event = session.submit(position, y[position])
    >>> session.n_left, session.fit().score(X, y) > 0.7
    (135, True)
    """

    def __init__(
        self,
        strategy,
        X_pool,
        store,
        *,
        batch_size=10,
        initial=None,
        classes=None,
        annotator=None,
        lease=1800.0,
        score_on=None,
        random_state=None,
    ):
        check_session(strategy, batch_size, lease, random_state)
        self.strategy = strategy
        self.X_pool = X_pool.tocsr() if sp.issparse(X_pool) else X_pool
        self.batch_size = int(batch_size)
        self.lease = float(lease)
        self.score_on = check_score_on(score_on, strategy)
        self._owns_store = not isinstance(store, LabelStore)
        self.store = opened(store, annotator)
        try:
            self.annotator = check_annotator(
                self.store.annotator if annotator is None else annotator
            )
            self._n, self._entropy = bind(self.store, X_pool, classes, random_state)
            self.initial = check_initial(initial, self._n)
        except BaseException:
            self.close()
            raise
        own = getattr(strategy, "random_state", None)
        self._own_entropy = 0 if own is None else draw_entropy(own)
        self._fitted_on = None

    # ---------------------------------------------------------------- asking

    def next_batch(self):
        """
        Tell what to label next.

        What was asked for and not answered yet is asked for again, in the same order;
        else the strategy is fitted on all labels and chooses. The batch is in the store
        before this returns.

        Returns
        -------
        ndarray of shape (n,), dtype int64
            Distinct positions in X_pool, in the order chosen. Empty where nothing is
            left, or all that is left is with other people.
        """
        while True:
            with self.store._file.writing() as db:
                renew(db, self.annotator)
                batch = read_open(db, self.annotator)
            if batch:
                return np.array(batch, dtype=np.int64)
            with self.store._file.reading() as db:
                free = read_free(db, self.annotator)
                round_ = count_batches(db)
            if not free:
                return np.empty(0, dtype=np.int64)
            picked, author = self._choose(np.array(free, dtype=np.int64), round_)
            batch = picked.tolist()
            with self.store._file.writing() as db:
                # False if somebody else was quicker: choose among what is left.
                if write_batch(db, batch, self.annotator, author, round_, self.lease):
                    return picked

    def _choose(self, free, round_):
        n_labeled, n_classes = self._known()
        if self._can_learn(n_labeled, n_classes):
            return self._ask_strategy(free, round_), type(self.strategy).__name__
        if isinstance(self.initial, np.ndarray):
            given = self.initial[np.isin(self.initial, free)]
            if len(given):
                return given, "given to start with"
        n = self.initial if isinstance(self.initial, int) else self.batch_size
        rng = np.random.default_rng(seed_sequence(self._entropy, _INITIAL, round_))
        return rng.permutation(free)[:n], "random to start with"

    def _known(self):
        _, y = self.store.arrays()
        return len(y), len(np.unique(y))

    def _can_learn(self, n_labeled, n_classes):
        if isinstance(self.initial, int) and self.initial == 0:
            return True
        return n_labeled > 0 and (n_classes > 1 or not classifies(self.strategy))

    def _ask_strategy(self, free, round_):
        strategy = self._fit(round_)
        n = min(self.batch_size, len(free))
        picked = strategy.query(safe_indexing(self.X_pool, free), n)
        author = f"{type(strategy).__name__}.query"
        return free[check_positions(picked, n, len(free), author)]

    # ---------------------------------------------------------------- answers

    def submit(self, position, label):
        """
        Store a label; it is on the disk when this returns.

        Parameters
        ----------
        position : int
            Row of X_pool; of the batch or any other.
        label : str, bool, int or float
            Its label.

        Returns
        -------
        Event
            The new row of the history. ``is_revision`` tells that the row had an answer
            before.

        Raises
        ------
        LabelStoreError
            The label could not be stored.
        ValueError
            There is no such row, or the label is none.
        """
        return self.store.submit(self._key(position), label, self.annotator)

    def skip(self, position):
        """
        Leave a row without a label; it is not asked for again.

        Parameters
        ----------
        position : int
            Row of X_pool.

        Returns
        -------
        Event
            The new row of the history.
        """
        return self.store.skip(self._key(position), self.annotator)

    def undo(self):
        """
        Take back the last label or skip of this person, and the one before if repeated.

        Returns
        -------
        Event
            The new row of the history; its ``position`` is the first of the next
            ``next_batch``, unless it has an older answer again.

        Raises
        ------
        ValueError
            There is nothing to undo, or somebody else has answered the row since.
        """
        return self.store.undo(self.annotator)

    def release(self):
        """Let others be asked for what this person was asked for and left open."""
        with self.store._file.writing() as db:
            release(db, self.annotator)

    def close(self):
        """Close the store, if it was given as a path."""
        if self._owns_store:
            self.store.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _key(self, position):
        position = check_position(position, self._n)
        with self.store._file.reading() as db:
            query = "SELECT key FROM items WHERE position = ?"
            return db.execute(query, (position,)).fetchone()[0]

    # ---------------------------------------------------------------- how far

    @property
    def n_left(self):
        """
        How many rows have neither a label nor were skipped.

        Returns
        -------
        int
            The number.
        """
        n_items, n_labeled, n_skipped = self.store._counts()
        return n_items - n_labeled - n_skipped

    @property
    def is_done(self):
        """
        Say whether every row is labelled or skipped.

        Returns
        -------
        bool
            True at the end.
        """
        return self.n_left == 0
