"""The loop with a person in it, by buttons and keys in a notebook."""

import threading

from skactive.labeling.session import LabelingSession
from skactive.labeling.widget.choices import check_choices, keys_of
from skactive.labeling.widget.curve import curve_svg
from skactive.labeling.widget.panel import panel_class
from skactive.labeling.widget.showing import Shower

_INTERRUPTED = (
    "The kernel was interrupted: the counts above tell whether this was saved."
)
# What a person may do in each phase; in all others the kernel is at work.
_MAY = {
    "asking": ["label", "skip", "undo"],
    "unshown": ["skip", "undo", "retry"],
    "stopped": ["undo", "retry"],
    "waiting": ["undo", "retry"],
    "done": ["undo"],
}


class LabelingWidget:
    """
    Label by buttons and keys in a notebook.

    Shows the rows of a session one after the other: one button for each class, undo,
    skip, how many rows are labelled and left, and the learning curve. It is shown where
    it is the last line of a cell.

    Parameters
    ----------
    session : LabelingSession
        What asks, and keeps the answers.
    show : callable or None, default=None
        Takes a position in the pool and gives what to show: an image (an array of shape
        (height, width), or with 1, 3 or 4 channels first or last), a text, a dict of
        names and values, the Path of an image, a figure of matplotlib, or anything
        else a notebook displays. HTML is shown as it is. None shows the payload of the
        store (the name of an image file, a text, or a dict) or, where there is none,
        the row itself: rows of two or three dimensions are images, others tables.
    classes : array-like, dict or None, default=None
        The labels, or labels and the names for their buttons. None takes those of the
        session.
    image_shape : tuple of int or None, default=None
        Of rows that are flattened images: (height, width), or with the channels first
        or last.
    feature_names : list of str or None, default=None
        Names of the columns, for tables; None takes those of a data frame.

    Attributes
    ----------
    session : LabelingSession
        The session.
    panel : anywidget.AnyWidget
        What is shown, to be put into a layout of ipywidgets.
    error : BaseException or None
        The last error that the widget told; ``raise widget.error`` shows where.

    Raises
    ------
    ImportError
        ipywidgets or anywidget is missing: ``pip install "skactive[labeling]"``.
    ValueError
        There are no classes, or a parameter does not fit the pool.

    Notes
    -----
    Keys: the digits 1 to 9, then 0, stand for the classes in their order, unless the
    classes are digits themselves; U undoes, S skips. They work while the widget has the
    focus. The widgets of ipywidgets cannot hear keys, and Jupyter would take a digit
    for a command on the cell; so the panel is an anywidget, which hears them and keeps
    them from Jupyter. A key held down counts once.

    An answer is shown as saved after ``session.submit`` has returned. Errors are shown
    in the widget. While a batch is chosen the kernel is busy, and the widget says so.

    Images of floats are shown from the least value of the pool (black) to its greatest
    (white), bytes from 0 to 255. What ``show`` gives goes from its own least to its own
    greatest value; colours that lie in [0, 1] are shown as they are.

    Examples
    --------
    >>> import os, tempfile
    >>> from sklearn.datasets import load_digits
    >>> from skactive import MarginSampling
    >>> from skactive.labeling import LabelingSession, LabelingWidget
    >>> X, y = load_digits(return_X_y=True)
    >>> path = os.path.join(tempfile.mkdtemp(), "labels.db")
    >>> session = LabelingSession(MarginSampling(), X, path, classes=range(10))
    >>> widget = LabelingWidget(session, image_shape=(8, 8))
    >>> widget
    LabelingWidget(LabelingSession over 1797 rows, 10 classes)
    """

    def __init__(
        self, session, *, show=None, classes=None, image_shape=None, feature_names=None
    ):
        make_panel = panel_class()
        if not isinstance(session, LabelingSession):
            raise TypeError(
                "The 'session' parameter of LabelingWidget must be a LabelingSession. "
                f"Got {session!r} instead."
            )
        if show is not None and not callable(show):
            raise TypeError(
                "The 'show' parameter of LabelingWidget must be a function of a "
                f"position. Got {show!r} instead."
            )
        self.session = session
        self.error = None
        self._labels, self._names = check_choices(classes, session.store.classes)
        self._keys = session.store.keys()
        self._shower = Shower(
            session.X_pool, self._payload, show, image_shape, feature_names
        )
        # Messages may come by several threads.
        self._lock = threading.RLock()
        self._open, self._round_size, self._position, self._turn = [], 0, None, 0
        names_and_keys = zip(self._names, keys_of(self._names), strict=True)
        self.panel = make_panel(
            classes=[{"name": name, "key": key} for name, key in names_and_keys],
            stage={"phase": "start", "number": 0, "turn": 0, "saved": "", "error": ""},
        )
        self._tell("start")
        self._tell_curve()
        self.panel.on_msg(self._receive)

    # ---------------------------------------------------------------- messages

    def _receive(self, _panel, message, _buffers):
        """Do what was clicked or typed; in any case the panel hears back."""
        with self._lock:
            what, phase = message.get("do"), self.panel.stage["phase"]
            if what == "start" and phase == "start":
                self._ask()
            elif (
                what not in _MAY.get(phase, [])
                # Meant for a row that is no longer shown: a second view, say.
                or message.get("turn") != self._turn
            ):
                self._tell(phase)
            elif what == "retry":
                self._ask()
            else:
                self._answer(what, message.get("class"), phase)

    def _answer(self, what, number, phase):
        message = self.panel.stage["message"]
        self._tell("saving", saved="", error="")
        try:
            saved = self._store(what, number)
        except KeyboardInterrupt as error:  # before the disk had it, or after
            self.error = error
            self._ask("", _INTERRUPTED)
            return
        except Exception as error:
            lost = "Nothing was undone" if what == "undo" else "This was not saved"
            told = self._told(error, lost)
            self._tell(phase, error=told, message=message)
            return
        self._ask(saved)

    def _store(self, what, number):
        """Store an answer, and only then say so."""
        if what == "undo":
            event = self.session.undo()
            if event.position not in self._open:
                self._open.insert(0, event.position)
            return f"Undone: {self._called(event.position)}."
        position = self._position
        if what == "skip":
            event = self.session.skip(position)
            said = f"Skipped: {self._called(position)}."
        else:
            event = self.session.submit(position, self._labels[number])
            said = f"Saved: {self._called(position)} is {self._names[number]}."
        self._open.remove(position)
        return said + self._before(event)

    def _before(self, event):
        """Tell whose answer was replaced, if somebody was quicker."""
        who = event.previous_annotator
        if who in (None, self.session.annotator):
            return ""
        had = event.previous_label
        return f" Before, {who!r} had {'skipped it' if had is None else f'said {had}'}."

    # ---------------------------------------------------------------- asking

    def _ask(self, saved=None, doubt=""):
        """Show the next row, and before it, where that takes time, that it does."""
        saved = self.panel.stage["saved"] if saved is None else saved
        is_new_round = not self._open
        if is_new_round:
            self._tell("choosing", saved=saved, error="")
        try:
            self._open = self.session.next_batch().tolist()
            self._tell_curve()
        except (Exception, KeyboardInterrupt) as error:
            told = self._told(error, "No rows could be chosen")
            self._tell("stopped", saved=saved, error=told)
            return
        if is_new_round:
            self._round_size = 0
        self._round_size = max(self._round_size, len(self._open))
        self._turn += 1
        if self._open:
            self._show(saved, doubt)
        else:
            self._end(saved, doubt)

    def _show(self, saved, doubt):
        self._position = self._open[0]
        phase, item, error = "asking", {}, doubt
        name = self._called(self._position)
        try:
            item = self._shower.item(self._position)
        except (Exception, KeyboardInterrupt) as caught:
            phase = "unshown"
            error = self._told(caught, f"Showing {name} failed")
        message = f"Now {name}."
        self._tell(phase, item, saved=saved, error=error, message=message)

    def _end(self, saved, doubt):
        self._position = None
        if not self.session.is_done:
            message = (
                f"The {self.session.n_left} rows left are with other people. Try again "
                "later."
            )
            self._tell("waiting", {}, saved=saved, error=doubt, message=message)
            return
        error = doubt
        if self.session.store.n_labeled:
            self._tell("training", {}, saved=saved, error="")
            try:
                self.session.fit()
                self._tell_curve()
            except (Exception, KeyboardInterrupt) as caught:
                error = self._told(caught, "The last training failed")
        message = "All rows are answered."
        self._tell("done", {}, saved=saved, error=error, message=message)

    # ---------------------------------------------------------------- telling

    def _tell(self, phase, item=None, **changes):
        """Send what holds now, as one message."""
        before = self.panel.stage
        told = {"message": "", **changes}
        try:
            progress = self._progress()
        except Exception as error:  # the rest must be told all the same
            progress = before["progress"]
            told["error"] = told.get("error") or self._told(error, "The counts are old")
        with self.panel.hold_sync():
            if item is not None:
                self.panel.item = item
            self.panel.stage = {
                **before,
                **(told if changes else {"error": told.get("error", before["error"])}),
                "phase": phase,
                "may": _MAY.get(phase, []),
                "turn": self._turn,
                "number": before["number"] + 1,  # so that each one arrives
                "progress": progress,
            }

    def _progress(self):
        total, labeled, skipped = self.session.store._counts()
        size = self._round_size
        return {
            "labeled": labeled,
            "skipped": skipped,
            "left": total - labeled - skipped,
            "total": total,
            "place": size - len(self._open) + 1 if self._open else 0,
            "batch": size,
        }

    def _tell_curve(self):
        curve = self.session.learning_curve
        svg, text = curve_svg(curve.budget, curve.score)
        if not svg and self.session.score_on is None:
            text = "For a learning curve open the session with score_on=(X_val, y_val)."
        self.panel.curve = {"svg": svg, "text": text}

    def _told(self, error, what):
        self.error = error
        text = str(error).strip()
        if isinstance(error, KeyboardInterrupt):
            text = "the kernel was interrupted."
        # Ours are sentences; others are not without their names.
        elif not type(error).__module__.startswith("skactive") and not isinstance(
            error, ValueError
        ):
            text = f"{type(error).__name__}: {text}" if text else type(error).__name__
        return f"{what}: {text}"

    def _called(self, position):
        key = self._keys[position]
        return key if isinstance(key, str) else f"row {position}"

    def _payload(self, position):
        return self.session.store.payload(self._keys[position])

    # ---------------------------------------------------------------- display

    def _repr_mimebundle_(self, **options):
        return self.panel._repr_mimebundle_(**options)

    def __repr__(self):
        return (
            f"LabelingWidget(LabelingSession over {len(self._keys)} rows, "
            f"{len(self._labels)} classes)"
        )
