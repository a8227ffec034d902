"""A process that is killed loses no label that it acknowledged."""

import os
import random
import signal
import struct
import time

import numpy as np
import pytest

from skactive import MarginSampling
from skactive.labeling import LabelingSession, LabelStore

pytestmark = pytest.mark.filterwarnings(  # the child of a fork has one thread only
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
ONE = struct.Struct("qq")
N_ITEMS = 500


def label_until_killed(path, first, pipe):
    """Submit labels for ever, and acknowledge each over the pipe."""
    with LabelStore(path, annotator="child") as store:
        number = first
        while True:
            store.submit(number % N_ITEMS, number)
            os.write(pipe, ONE.pack(number % N_ITEMS, number))
            number += 1


def killed_child(path, first, delay):
    """Let a child label until it is killed; give what it acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            label_until_killed(path, first, writing)
        finally:
            os._exit(1)
    os.close(writing)
    received = os.read(reading, ONE.size)  # at least one before the kill
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    while part := os.read(reading, 65536):
        received += part
    os.close(reading)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL  # not an error of its own
    acknowledged = [
        ONE.unpack_from(received, at) for at in range(0, len(received), ONE.size)
    ]
    assert acknowledged
    return acknowledged


def lost_labels(path, n_kills, seed):
    """Kill so often; count acknowledged labels that the history does not have."""
    with LabelStore(path) as store:
        store.add_items(range(N_ITEMS))
    delays = random.Random(seed)
    acknowledged, last = [], {}
    for _ in range(n_kills):
        new = killed_child(path, len(acknowledged) * 2, delays.uniform(0, 0.02))
        acknowledged += new
        last.update(new)
    with LabelStore(path) as store:
        events = {(event.key, event.label) for event in store.history()}
        present = store.labels()
    lost = [pair for pair in acknowledged if pair not in events]
    # A label that was stored and whose acknowledgement was cut off may have come later.
    later = [key for key, label in last.items() if present.get(key, -1) < label]
    return len(lost) + len(later), len(acknowledged)


@needs_fork
def test_killing_loses_no_acknowledged_label(disk):
    n_lost, n_acknowledged = lost_labels(disk / "labels.db", 40, seed=0)
    assert n_acknowledged >= 40
    assert n_lost == 0


@needs_fork
@pytest.mark.slow
def test_200_kills_lose_no_acknowledged_label(disk, capsys):
    n_lost, n_acknowledged = lost_labels(disk / "labels.db", 200, seed=1)
    with capsys.disabled():
        print(f"\n200 kills: {n_lost} of {n_acknowledged} acknowledged labels lost")
    assert n_acknowledged >= 200
    assert n_lost == 0


def ask_until_killed(X, y, path, pipe):
    with session_on(X, path) as session:
        for _ in range(2):
            for position in session.next_batch():
                session.submit(position, y[position])
        batch = session.next_batch()
        session.submit(batch[0], y[batch[0]])
        os.write(pipe, batch.tobytes())
        time.sleep(60)


def session_on(X, path):
    return LabelingSession(
        MarginSampling(), X, path, batch_size=4, annotator="ada", random_state=0
    )


@needs_fork
def test_a_killed_session_goes_on_with_the_same_batch(disk):
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(int)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            ask_until_killed(X, y, disk / "labels.db", writing)
        finally:
            os._exit(1)
    os.close(writing)
    batch = np.frombuffer(os.read(reading, 4 * 8), dtype=np.int64)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reading)
    assert len(batch) == 4
    with session_on(X, disk / "labels.db") as session:
        assert session.store.n_labeled == 9
        np.testing.assert_array_equal(session.next_batch(), batch[1:])


@needs_fork
def test_a_store_is_used_on_both_sides_of_a_fork(disk):
    """The parent's close must not take away the log that the child writes to."""
    path = disk / "labels.db"
    store = LabelStore(path, annotator="parent")
    store.add_items(range(100))
    store.submit(0, 0)
    told, telling = os.pipe()
    closed, closing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            for key in range(1, 40):
                store.submit(key, key, annotator="child")
            os.write(telling, b".")
            os.read(closed, 1)
            for key in range(40, 60):
                store.submit(key, key, annotator="child")
            os._exit(0)
        finally:
            os._exit(1)
    for key in range(60, 80):
        store.submit(key, key)
    os.read(told, 1)
    store.close()
    os.write(closing, b".")
    _, status = os.waitpid(child, 0)
    assert status == 0
    with LabelStore(path) as store:
        assert store.labels() == {key: key for key in range(80)}
