"""The driver's side: ask all workers, and make anew what a lost one held."""

import warnings

from sklearn import get_config

from skactive.distributed.holder import PROCESS, Holder, unpacked
from skactive.kernels.parts import merged
from skactive.utils.storage import storage_in_force

ATTEMPTS = 8
"""So often may workers be lost, one or several at a time, before a query gives up."""
PATIENCE = 2.0
"""Seconds without an answer after which a worker's life is looked into."""
RESTART = 60
"""Seconds that a cluster without workers is given to start some."""


class Workers:
    """
    The parts of a pool on the workers of a cluster, one holder on each.

    What was told is kept, so that the parts of a lost worker can be made anew from
    their rows and told it all again: their state, and the answer, are the same.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    rows : LazyRows
        The pool; its ``chunks`` gives (first row, number of rows, future) of each part,
        and is asked only when a kernel wants parts.
    strategy : QueryStrategy
        Fitted.
    """

    def __init__(self, client, rows, strategy):
        self.client, self.rows, self.n_rows = client, rows, len(rows)
        self.chunks = {}
        self.told, self.n_exchanges, self.n_lost, self.n_losses = [], 0, 0, 0
        settings = {
            "storage": storage_in_force(),
            "config": get_config(),
            "driver": PROCESS,
        }
        self.context = strategy.snapshot(), settings
        self.actors = []

    def make(self, build, **options):
        """
        Build the kernel's part for each part of the pool; once a query.

        Parameters
        ----------
        build : callable
            Called with (strategy, answers, start, **options).
        **options : dict
            What else it takes.

        Returns
        -------
        Workers
            Itself, as kernels take a pool in parts.
        """
        if not self.actors:
            chunks = self.rows.chunks(self.client)
            self.chunks = {start: (size, rows) for start, size, rows in chunks}
            self._place(list(self.chunks))
        self.tell("make", build, options)
        return self

    def ask(self, method, *args):
        """
        Call a method of every part.

        Parameters
        ----------
        method : str
            Its name.
        *args : object
            Its arguments.

        Returns
        -------
        list
            The answers, in the pool's order.
        """
        return self._exchange(False, method, args)

    def tell(self, method, *args):
        """
        Call a method of every part that changes the part.

        Parameters
        ----------
        method : str
            Its name.
        *args : object
            Its arguments.

        Returns
        -------
        list
            The answers, in the pool's order.
        """
        answers = self._exchange(True, method, args)
        self.told.append((method, args))
        return answers

    def total(self, method, *args):
        """
        Call a method of every part, and merge the answers: on the workers, then here.

        Parameters
        ----------
        method : str
            Its name.
        *args : object
            Its arguments.

        Returns
        -------
        TwoFold or alike
            All answers in one.
        """
        return merged(self._exchange(False, "total", (method, args)))

    def report(self):
        """
        Say how it went.

        Returns
        -------
        dict
            ``n_workers``; ``n_exchanges``, how often all were asked; ``n_lost``, how
            often a worker was lost and its parts made anew.
        """
        workers = {actor.worker for actor in self.actors}
        return {
            "n_workers": len(workers),
            "n_exchanges": self.n_exchanges,
            "n_lost": self.n_lost,
        }

    def close(self):
        """Let go of what the workers hold, without waiting for a garbage collector."""
        for actor in self.actors:
            actor.release()
        for _, rows in self.chunks.values():
            rows.release()
        self.actors, self.chunks, self.context = [], {}, None

    # ---------------------------------------------------------------- asking

    def _exchange(self, changes, method, args):
        self.n_exchanges += 1
        call = (len(self.told), changes, [(method, args)])
        answers, waiting = {}, self.actors
        while waiting:
            pending = [(actor, self._put(actor, call)) for actor in waiting]
            lost = [
                actor
                for actor, future in pending
                if not self._take(future, actor, answers)
            ]
            waiting = self._revive(lost)
        return [answers[start] for start in sorted(answers)]

    def _take(self, future, actor, answers):
        """Wait for an answer; say whether there was one."""
        found = self._wait(future, actor)
        if found is None:
            return False
        some, error, warned = found
        for category, message in warned:
            warnings.warn(f"On a worker: {message}", category, stacklevel=2)
        if error is not None:
            raise unpacked(error)
        answers.update(some)
        return True

    def _put(self, actor, call):
        """Put a question; give what will hold the answer, None where none will."""
        if actor.holder is None:
            actor.holder = self._made(actor)
        if actor.holder is None:
            return None
        try:
            return actor.holder.call(*call)
        except (OSError, RuntimeError, ValueError):
            return None

    def _made(self, actor):
        """Wait until a holder is there; None where its worker was lost before."""
        from distributed import KilledWorker

        while True:
            try:
                return actor.future.result(timeout=PATIENCE)
            except Exception as error:
                # Tied to its worker, it would wait for ever for one that is gone.
                is_lost = actor.worker not in self._alive()
                if is_lost or isinstance(error, KilledWorker):
                    return None
                if actor.future.status == "error" or not isinstance(error, OSError):
                    raise  # all but the time that has passed

    def _wait(self, future, actor):
        while future is not None:
            try:
                return future.result(timeout=PATIENCE)
            except TimeoutError:
                is_there = actor.future.status == "finished"
                if not is_there or actor.worker not in self._alive():
                    return None
            except (OSError, RuntimeError, ValueError):
                return None  # how a lost actor shows itself
        return None

    # ---------------------------------------------------------------- placing

    def _revive(self, lost):
        """Make the parts of lost workers anew, and tell them all again."""
        if not lost:
            return []
        self.n_lost += len(lost)
        self.n_losses += 1
        if self.n_losses > ATTEMPTS:
            raise RuntimeError(
                f"Workers of the cluster were lost {self.n_losses} times during one "
                "query. Look at their logs: they may lack memory."
            )
        self.actors = [actor for actor in self.actors if actor not in lost]
        for actor in lost:
            actor.release()
        before = len(self.actors)
        self._place([start for actor in lost for start in actor.starts])
        fresh = self.actors[before:]
        replayed = []
        for actor in fresh:
            for turn, told in enumerate(self.told):
                future = self._put(actor, (turn, True, [told]))
                if self._wait(future, actor) is None:
                    break
            replayed.append(actor)
        return replayed

    def _place(self, starts):
        """Put parts on workers: where their rows are, if that is fair."""
        futures = [self.chunks[start][1] for start in starts]
        alive = self._await(futures)
        homes = self.client.who_has(futures)
        shares = _shares(
            {
                start: (self.chunks[start][0], homes.get(future.key, ()))
                for start, future in zip(starts, futures, strict=True)
            },
            alive,
        )
        made = [(worker, some, self._hold(worker, some)) for worker, some in shares]
        self.actors += [_Actor(*each) for each in made]

    def _await(self, futures):
        """Wait until chunks are there, and workers; give the workers."""
        from distributed import CancelledError, wait

        while True:
            try:
                self.client.wait_for_workers(1, timeout=RESTART)
            except TimeoutError as error:
                raise RuntimeError(
                    f"The cluster has had no worker for {RESTART} seconds. Start some, "
                    "and query again."
                ) from error
            try:
                wait(futures, timeout=PATIENCE)
            except TimeoutError:
                continue
            except CancelledError as error:
                raise RuntimeError(
                    "The rows of X_pool are gone from the cluster during a query, and "
                    "cannot be made anew: it was restarted (client.restart()), or they "
                    "were put there by client.scatter and their worker was lost. Make "
                    "X_pool again, of data that workers can read, and query again."
                ) from error
            for future in futures:
                if future.status == "error":
                    raise future.exception()
            if alive := self._alive():
                return alive

    def _hold(self, worker, starts):
        strategy, settings = self.context
        rows = [self.chunks[start][1] for start in starts]
        return self.client.submit(
            Holder,
            *(strategy, settings, starts, rows),
            actor=True,
            workers=[worker],
            pure=False,
        )

    def _alive(self):
        return list(self.client.nthreads())


class _Actor:
    """A holder on a worker."""

    def __init__(self, worker, starts, future):
        self.worker, self.starts, self.future = worker, starts, future
        self.holder = None

    def release(self):
        """Have the worker forget it: calls leave cycles that keep their actor."""
        self.future.release()
        if self.holder is not None:
            self.holder._future.release()
        self.holder = None


def _shares(parts, workers):
    """Give each worker about as many rows: parts it has first, then what is left."""
    fair = sum(size for size, _ in parts.values()) / len(workers) * 1.1
    shares, loads = {worker: [] for worker in workers}, dict.fromkeys(workers, 0)
    left = []
    for start, (size, homes) in parts.items():
        near = [w for w in homes if w in loads and loads[w] + size <= fair]
        if not near:
            left.append(start)
            continue
        home = min(near, key=loads.get)
        shares[home].append(start)
        loads[home] += size
    for start in left:
        idle = min(workers, key=loads.get)
        shares[idle].append(start)
        loads[idle] += parts[start][0]
    return [(worker, sorted(some)) for worker, some in shares.items() if some]
