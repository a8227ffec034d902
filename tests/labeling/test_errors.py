"""Files that cannot be used: one sentence each, and nothing is lost."""

import contextlib
import ctypes
import os
import shutil
import sqlite3
import sys
import tempfile
import traceback
from pathlib import Path

import pytest

from skactive.labeling import LabelStore, LabelStoreError

pytestmark = pytest.mark.filterwarnings(  # the child of a fork has one thread only
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


@contextlib.contextmanager
def ordinary_user():
    """Without root's right to write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


needs_permissions = pytest.mark.skipif(
    not hasattr(os, "geteuid"), reason="this system has other permissions"
)


@pytest.fixture
def open_folder():
    """A folder that any user may enter: pytest's own are private."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(LabelStoreError, match=r"is a folder. Give the path of a file"):
        LabelStore(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(LabelStoreError, match=r"there is no folder .*missing. Make"):
        LabelStore(tmp_path / "missing" / "labels.db")


@pytest.mark.parametrize("path", [":memory:", ""])
def test_what_is_no_file_is_refused(path):
    with pytest.raises(LabelStoreError, match="give the path of a file"):
        LabelStore(path)


def test_another_file_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a store, and long enough to have a header" * 10)
    before = path.read_bytes()
    with pytest.raises(LabelStoreError, match=r"notes.txt is not a label store"):
        LabelStore(path)
    assert path.read_bytes() == before


def test_another_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE mine (x)")
    before = path.read_bytes()
    with pytest.raises(LabelStoreError, match="a database of something else"):
        LabelStore(path)
    assert path.read_bytes() == before


def test_an_empty_file_becomes_a_store(tmp_path):
    (tmp_path / "labels.db").touch()
    with LabelStore(tmp_path / "labels.db") as store:
        assert store.n_items == 0


def test_a_store_of_a_newer_version_is_refused(store):
    store.close()
    with contextlib.closing(sqlite3.connect(store.path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(LabelStoreError, match=r"newer version .*layout 99.*Update"):
        LabelStore(store.path)


def test_a_damaged_store_is_told(store):
    store.add_items(range(5000))
    store.close()
    content = bytearray(store.path.read_bytes())
    content[4096:] = b"\xab" * (len(content) - 4096)
    store.path.write_bytes(content)
    with (
        pytest.raises(LabelStoreError, match=r"is damaged .* backup"),
        LabelStore(store.path) as damaged,
    ):
        damaged.keys()


@needs_permissions
def test_a_read_only_file_is_told(open_folder):
    path = open_folder / "labels.db"
    with ordinary_user():
        LabelStore(path, annotator="ada").close()
        path.chmod(0o444)
        with pytest.raises(LabelStoreError, match=r"labels.db .*[Aa]llow writing to"):
            LabelStore(path, annotator="ada")


@needs_permissions
def test_a_read_only_folder_is_told(open_folder):
    path = open_folder / "labels.db"
    with ordinary_user():
        LabelStore(path, annotator="ada").close()
    open_folder.chmod(0o555)
    with ordinary_user():
        with pytest.raises(LabelStoreError, match=r"labels.db .*[Aa]llow writing to"):
            LabelStore(path, annotator="ada")
        with pytest.raises(LabelStoreError, match=r"new.db .*[Aa]llow writing to"):
            LabelStore(open_folder / "new.db", annotator="ada")


def recorded_connections(monkeypatch):
    """Give the connections that will be opened."""
    connections = []
    connect = sqlite3.connect

    def recorded(*args, **kwargs):
        connections.append(connect(*args, **kwargs))
        return connections[-1]

    monkeypatch.setattr(sqlite3, "connect", recorded)
    return connections


def test_a_full_disk_is_told_and_loses_nothing(tmp_path, monkeypatch):
    connections = recorded_connections(monkeypatch)
    path = tmp_path / "labels.db"
    store = LabelStore(path, annotator="ada")
    store.add_items(range(2000))
    (pages,) = connections[0].execute("PRAGMA page_count").fetchone()
    connections[0].execute(f"PRAGMA max_page_count = {pages}")
    acknowledged = []
    with pytest.raises(LabelStoreError, match="disk is full, so this was not stored"):
        for key in range(2000):
            store.submit(key, "a label that takes some room " * 20)
            acknowledged.append(key)
    assert acknowledged == list(store.labels())
    connections[0].execute("PRAGMA max_page_count = 100000")
    store.submit(len(acknowledged), "there is room again")
    assert store.n_labeled == len(acknowledged) + 1
    store.close()


def on_a_small_disk(folder, work):
    """Run work in a child that sees a disk of 256 KiB there; None where none can."""
    libc = ctypes.CDLL(None, use_errno=True)
    new_user, new_mounts = 0x10000000, 0x00020000
    as_root = {
        "setgroups": "deny",
        "uid_map": f"0 {os.getuid()} 1",
        "gid_map": f"0 {os.getgid()} 1",
    }
    child = os.fork()
    if child == 0:
        status = 2
        try:
            if libc.unshare(new_user | new_mounts) == 0:
                for name, told in as_root.items():
                    Path("/proc/self", name).write_text(told)
                at = os.fsencode(folder)
                if libc.mount(b"tmpfs", at, b"tmpfs", 0, b"size=256k") == 0:
                    status = 1
                    work(folder)
                    status = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return None if status == 2 else status == 0


def fill_the_disk(folder):
    store = LabelStore(folder / "labels.db", annotator="ada")
    store.add_items(range(500))
    acknowledged = []
    with pytest.raises(LabelStoreError, match="not stored"):
        for key in range(500):
            store.submit(key, "a label that takes some room " * 20)
            acknowledged.append(key)
    store.close()
    assert acknowledged
    with LabelStore(folder / "labels.db", annotator="ada") as store:
        assert list(store.labels()) == acknowledged


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a disk as Linux does")
def test_a_disk_that_is_really_full(tmp_path):
    went_well = on_a_small_disk(tmp_path, fill_the_disk)
    if went_well is None:
        pytest.skip("this system lets nobody mount a disk of their own")
    assert went_well


def test_a_locked_store_is_told(store):
    store.submit("a", "cat")
    with contextlib.closing(sqlite3.connect(store.path)) as db:
        db.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(LabelStoreError, match="locked by another program"),
            LabelStore(store.path, timeout=0.05) as other,
        ):
            other.submit("b", "cat")
        db.execute("ROLLBACK")


def test_a_deleted_store_takes_no_label(store):
    store.submit("a", "cat")
    store.path.unlink()
    with pytest.raises(
        LabelStoreError, match="moved, replaced or deleted while in use"
    ):
        store.submit("b", "cat")
    assert not store.path.exists()


def test_a_replaced_store_takes_no_label(store, tmp_path):
    store.copy_to(tmp_path / "copy.db")
    (tmp_path / "copy.db").replace(store.path)
    with pytest.raises(
        LabelStoreError, match="moved, replaced or deleted while in use"
    ):
        store.submit("b", "cat")


def test_a_closed_store_says_so(store):
    store.close()
    store.close()
    with pytest.raises(LabelStoreError, match=r"was closed. Open it again"):
        store.submit("a", "cat")


def test_a_copy_never_replaces_a_file(store):
    with pytest.raises(LabelStoreError, match="exists already"):
        store.copy_to(store.path)


def test_a_copy_that_cannot_be_made_is_named(store, tmp_path):
    with pytest.raises(LabelStoreError, match=r"there is no folder .*missing. Make"):
        store.copy_to(tmp_path / "missing" / "copy.db")


def test_a_copy_that_fails_leaves_no_half_file(store, tmp_path, monkeypatch):
    place = tmp_path / "copy.db"

    real = sqlite3.connect

    def connect(path, *args, **options):
        if str(path) != str(place):
            return real(path, *args, **options)
        Path(path).write_bytes(b"")
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorname = "SQLITE_FULL"
        raise error

    store.submit("a", "cat")
    monkeypatch.setattr(sqlite3, "connect", connect)
    with pytest.raises(LabelStoreError, match=r"disk is full.*copy\.db"):
        store.copy_to(place)
    assert not place.exists() and store.labels() == {"a": "cat"}
