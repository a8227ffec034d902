import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from skactive.utils.containers import concatenate_rows, container_kind


def test_arrays_sparse_and_frames_keep_their_container():
    a, b = np.eye(2), np.ones((1, 2))
    assert concatenate_rows([a, b]).shape == (3, 2)
    stacked = concatenate_rows([sp.csr_array(a), sp.coo_array(b)])
    assert stacked.format == "csr" and stacked.toarray().tolist()[2] == [1, 1]
    frame = pd.DataFrame({"x": [1, 2], "s": ["a", "b"]}, index=[7, 9])
    both = concatenate_rows([frame, frame])
    assert list(both.columns) == ["x", "s"] and list(both.index) == [0, 1, 2, 3]
    for part in (a, sp.csr_array(a), frame):
        alone = concatenate_rows([part])
        assert type(alone) is type(part) and alone is not part


def test_polars_frames_are_stacked():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"x": [1, 2], "s": ["a", "b"]})
    assert concatenate_rows([frame, frame]).shape == (4, 2)
    assert concatenate_rows([frame]).equals(frame)


def test_unknown_frames_are_refused():
    class Frame:
        columns, shape = ["a"], (1, 1)

    with pytest.raises(TypeError, match="Pass pandas or polars"):
        concatenate_rows([Frame(), Frame()])


def test_kinds_are_told_apart():
    kinds = {
        container_kind(X)
        for X in (np.eye(2), sp.csr_array(np.eye(2)), pd.DataFrame(np.eye(2)))
    }
    assert kinds == {"array", "sparse matrix", "pandas DataFrame"}
