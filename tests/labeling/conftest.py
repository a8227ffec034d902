import os
import tempfile
from pathlib import Path

import pytest

from skactive.labeling import LabelStore

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def quick_folder(tmp_path_factory):
    """In memory, where there is such a folder: hundreds of commits wait for no disk."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path_factory.mktemp("labeling")
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


@pytest.fixture
def tmp_path(quick_folder):
    return Path(tempfile.mkdtemp(dir=quick_folder))


@pytest.fixture
def disk(tmp_path_factory):
    """A folder on a disk."""
    return tmp_path_factory.mktemp("disk")


@pytest.fixture
def store(tmp_path):
    with LabelStore(tmp_path / "labels.db", annotator="ada") as store:
        store.add_items(["a", "b", "c", "d"])
        yield store
