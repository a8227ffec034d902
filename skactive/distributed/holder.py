"""What a worker holds of a pool: the model's answers, and the kernel's state."""

import traceback
import warnings
from contextlib import contextmanager
from uuid import uuid4

import torch
from sklearn import config_context

from skactive.kernels.parts import merged
from skactive.kernels.precision import full_precision
from skactive.utils.storage import storing

PROCESS = uuid4().hex
"""Of this process alone: on other machines the same number may be in use."""


class Holder:
    """
    Some parts of a pool, on one worker, between the rounds of a query.

    Whatever fails is given back, not raised: what is raised means that the worker is
    lost. State is counted, so that a holder that missed a round cannot answer.

    Parameters
    ----------
    strategy : QueryStrategy
        Fitted.
    settings : dict
        ``storage`` of the query, ``config`` of scikit-learn where it was asked, and
        ``driver``, the process that asked.
    starts : list of int
        Position in the pool of the first row of each part.
    chunks : list of array-like
        The rows of each part.
    """

    def __init__(self, strategy, settings, starts, chunks):
        self.strategy, self.starts, self.error = strategy, starts, None
        self.settings, self.parts, self.turn = settings, [], 0
        self.warned = set()
        if PROCESS != settings["driver"]:
            torch.set_num_threads(_n_threads())
        with self._as_asked():
            self.answers = [
                strategy._ask(strategy._validate_pool(rows)) for rows in chunks
            ]

    def call(self, turn, changes, asked):
        """
        Call a method of each part.

        Parameters
        ----------
        turn : int
            How many changes there were before.
        changes : bool
            Whether this is one.
        asked : list of one (str, tuple)
            "make" to build the parts, "total" to merge the answers of a method, or the
            name of a method of theirs, and its arguments. Inside a list distributed
            pickles them: by itself it would send tensors as arrays, which those on a
            card cannot be.

        Returns
        -------
        answers : list of (int, object)
            First row and answer of each part, or the first part's row and all their
            answers in one; None where it failed.
        error : tuple or None
            Why it failed, for `unpacked`.
        warned : list of (type, str)
            Category and text of what was warned of since the last call.
        """
        answers = None
        if self.error is None:
            with self._as_asked():
                answers = self._called(turn, changes, *asked[0])
        warned, self.warned = sorted(self.warned, key=str), set()
        return answers, self.error, warned

    def _called(self, turn, changes, method, args):
        if turn != self.turn:
            raise RuntimeError(
                f"A worker is at round {self.turn} of a query, the query at {turn}."
            )
        with full_precision():
            if method == "make":
                answers = self._make(*args)
            elif method == "total":
                answers = self._total(*args)
            else:
                answers = list(self._each(method, args))
        self.turn += changes
        return answers

    @contextmanager
    def _as_asked(self):
        """Work under the settings of the query; keep what is raised and warned of."""
        storage, config = self.settings["storage"], self.settings["config"]
        with config_context(**config), storing(storage), self._heard():
            try:
                yield
            except Exception as error:
                self.error = _packed(error)

    @contextmanager
    def _heard(self):
        """Keep what is warned of, where nobody would see it."""
        if PROCESS == self.settings["driver"]:
            yield
            return
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            yield
        for warning in caught:
            if not issubclass(warning.category, DeprecationWarning):
                self.warned.add((_known(warning.category), str(warning.message)))

    def _make(self, build, options):
        # Rows and answers are let go of: parts hold what they need of them.
        self.parts = [
            build(self.strategy, self.answers.pop(0), start, **options)
            for start in self.starts
        ]
        return [(start, None) for start in self.starts]

    def _total(self, method, args):
        whole = merged(answer for _, answer in self._each(method, args))
        return [(self.starts[0], whole)]

    def _each(self, method, args):
        for start, part in zip(self.starts, self.parts, strict=True):
            yield start, getattr(part, method)(*args)


def _n_threads():
    from distributed import get_worker

    return get_worker().state.nthreads


def _known(category):
    """Give a category of warnings that the caller is sure to have."""
    homes = ("builtins", "sklearn", "skactive")
    return next(
        some for some in category.__mro__ if some.__module__.partition(".")[0] in homes
    )


def _packed(error):
    """Make an error ready to travel, whatever its class needs to be made anew."""
    from distributed.protocol.pickle import dumps

    told = "".join(traceback.format_exception(error))
    try:
        pickled = dumps(error)
    except Exception:
        pickled = None
    return pickled, f"{type(error).__name__}: {error}", told


def unpacked(error):
    """
    Give an error that a holder met.

    Parameters
    ----------
    error : tuple
        What the holder sent.

    Returns
    -------
    Exception
        The error, with what the worker tells of it as a note; a RuntimeError where it
        cannot be made anew here.
    """
    from distributed.protocol.pickle import loads

    pickled, message, told = error
    try:
        made = loads(pickled)
    except Exception:
        made = RuntimeError(message)
    made.add_note(f"On a worker:\n{told}")
    return made
