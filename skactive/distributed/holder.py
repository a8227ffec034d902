"""What a worker holds of a pool: the model's answers, and the kernel's state."""

import os

import torch
from sklearn import config_context

from skactive.utils.storage import storing


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
        ``storage`` and ``working_memory`` of the query, ``driver``, the process that
        asked.
    starts : list of int
        Position in the pool of the first row of each part.
    chunks : list of array-like
        The rows of each part.
    """

    def __init__(self, strategy, settings, starts, chunks):
        self.strategy, self.starts, self.error = strategy, starts, None
        self.parts, self.turn = [], 0
        memory = settings["working_memory"]
        if os.getpid() != settings["driver"]:
            torch.set_num_threads(_n_threads())
        with config_context(working_memory=memory), storing(settings["storage"]):
            try:
                self.answers = [
                    strategy._ask(strategy._validate_pool(rows)) for rows in chunks
                ]
            except Exception as error:
                self.error = error

    def call(self, turn, changes, method, args):
        """
        Call a method of each part.

        Parameters
        ----------
        turn : int
            How many changes there were before.
        changes : bool
            Whether this is one.
        method : str
            "make" to build the parts, or the name of a method of theirs.
        args : tuple
            Its arguments.

        Returns
        -------
        answers : list of (int, object)
            First row and answer of each part; None where it failed.
        error : Exception or None
            Why it failed.
        """
        if self.error is None and turn != self.turn:
            self.error = RuntimeError(
                f"A worker is at round {self.turn} of a query, the query at {turn}."
            )
        if self.error is not None:
            return None, self.error
        try:
            answers = (
                self._make(*args) if method == "make" else self._each(method, args)
            )
        except Exception as error:
            self.error = error
            return None, error
        self.turn += changes
        return list(zip(self.starts, answers, strict=True)), None

    def _make(self, build, options):
        self.parts = [
            build(self.strategy, answers, start, **options)
            for start, answers in zip(self.starts, self.answers, strict=True)
        ]
        return [None] * len(self.parts)

    def _each(self, method, args):
        return [getattr(part, method)(*args) for part in self.parts]


def _n_threads():
    from distributed import get_worker

    return get_worker().state.nthreads
