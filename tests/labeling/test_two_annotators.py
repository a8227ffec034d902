"""Two people at one store, in two processes and in one."""

import os
import time

import numpy as np
import pytest

from skactive import MarginSampling
from skactive.labeling import LabelingSession, LabelStore

pytestmark = pytest.mark.filterwarnings(  # the child of a fork has one thread only
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
rng = np.random.default_rng(0)
X = rng.normal(size=(150, 3))
Y = (X[:, 0] > 0).astype(int)


def session_of(name, path, **options):
    options = {"batch_size": 5, "random_state": 0, **options}
    return LabelingSession(MarginSampling(), X, path, annotator=name, **options)


@pytest.fixture
def both(tmp_path):
    with (
        session_of("ada", tmp_path / "labels.db") as ada,
        session_of("bob", tmp_path / "labels.db") as bob,
    ):
        yield ada, bob


def answer(session):
    batch = session.next_batch()
    for position in batch:
        session.submit(position, int(Y[position]))
    return batch.tolist()


def test_nobody_is_given_what_another_has(both):
    ada, bob = both
    for _ in range(4):
        batch = ada.next_batch()
        assert not set(batch) & set(bob.next_batch())
        answer(ada)
        answer(bob)
    assert ada.store.n_labeled == bob.store.n_labeled == 40
    assert not any(event.is_revision for event in ada.store.history())


def test_the_rest_may_all_be_with_others(tmp_path):
    with (
        session_of("ada", tmp_path / "labels.db", batch_size=150) as ada,
        session_of("bob", tmp_path / "labels.db") as bob,
    ):
        assert len(ada.next_batch()) == 150
        assert len(bob.next_batch()) == 0 and not bob.is_done
        ada.release()
        assert len(bob.next_batch()) == 5
        assert len(ada.next_batch()) == 145


@pytest.fixture
def clock(monkeypatch):
    """A clock that is moved by hand: ``clock[0] += seconds``."""
    clock = [time.time()]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    return clock


def test_what_is_left_lying_goes_to_others(tmp_path, clock):
    path = tmp_path / "labels.db"
    with (
        session_of("ada", path, batch_size=150, lease=60) as ada,
        session_of("bob", path, batch_size=150) as bob,
    ):
        batch = ada.next_batch()
        assert len(bob.next_batch()) == 0
        clock[0] += 61
        np.testing.assert_array_equal(np.sort(bob.next_batch()), np.sort(batch))
        # Ada comes back: her rows are Bob's, and who was first is on record.
        assert len(ada.next_batch()) == 0
        assert len(bob.next_batch()) == 150
        bob.submit(batch[0], 1)
        late = ada.submit(batch[0], 0)
        assert (late.previous_annotator, late.previous_label) == ("bob", 1)
        first, second = ada.store.history(int(batch[0]))
        assert (first.annotator, second.annotator) == ("bob", "ada")


def test_what_lapsed_twice_is_with_one_person_only(tmp_path, clock):
    path = tmp_path / "labels.db"
    with (
        session_of("ada", path, batch_size=150, lease=60) as ada,
        session_of("bob", path, batch_size=150, lease=60) as bob,
    ):
        for session in (ada, bob, ada, bob):
            assert len(session.next_batch()) == 150
            clock[0] += 61
        assert len(bob.next_batch()) == 150
        assert len(ada.next_batch()) == 0


def test_each_answer_begins_the_lease_anew(tmp_path, clock):
    path = tmp_path / "labels.db"
    with session_of("ada", path, lease=60) as ada, session_of("bob", path) as bob:
        batch = ada.next_batch()
        for position in batch[:3]:
            clock[0] += 50
            ada.submit(position, 1)
        clock[0] += 50
        assert not set(bob.next_batch()) & set(batch)


def test_whoever_is_slower_chooses_anew(both, monkeypatch):
    """While Ada's strategy thinks, Bob is given the very same rows."""
    ada, bob = both
    answer(ada)
    query, taken = MarginSampling.query, []

    def slow_query(self, X_pool, n=1):
        picked = query(self, X_pool, n)
        if not taken:
            taken.append(None)
            taken[0] = set(bob.next_batch())
        return picked

    monkeypatch.setattr(MarginSampling, "query", slow_query)
    batch = ada.next_batch()
    assert len(taken[0]) == len(batch) == 5
    assert not taken[0] & set(batch)


@needs_fork
def test_two_processes_share_the_work(tmp_path):
    path = tmp_path / "labels.db"
    children = []
    for name in ("ada", "bob"):
        child = os.fork()
        if child == 0:
            try:
                with session_of(name, path) as session:
                    while session.store.n_labeled < 100:
                        answer(session)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    with LabelStore(path) as store:
        assert store.labels() == {
            position: int(Y[position]) for position in store.labels()
        }
        events = store.history()
        assert 100 <= len(events) == store.n_labeled <= 110
        assert {event.annotator for event in events} == {"ada", "bob"}


@needs_fork
def test_many_open_a_new_store_at_once(tmp_path):
    path = tmp_path / "labels.db"
    children = []
    for number in range(6):
        child = os.fork()
        if child == 0:
            try:
                with LabelStore(path, annotator=f"child {number}") as store:
                    store.add_items(range(10))
                    store.submit(number, number)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 6
    with LabelStore(path) as store:
        assert store.labels() == {number: number for number in range(6)}
