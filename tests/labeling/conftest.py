import pytest

from skactive.labeling import LabelStore


@pytest.fixture
def store(tmp_path):
    with LabelStore(tmp_path / "labels.db", annotator="ada") as store:
        store.add_items(["a", "b", "c", "d"])
        yield store
