"""Input: ordinary, unusual and bad."""

from importlib.util import find_spec

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags

from skactive.utils.containers import concatenate_rows, safe_indexing
from skactive.utils.strategy_checks._data import (
    applies_if,
    expect_sentence,
    fitted,
    has_estimator,
    query,
)
from skactive.utils.strategy_checks._models import OnlyFits
from skactive.utils.validation import takes_nan


def _is_table(strategy, data):
    return data.is_table


def _is_numeric(strategy, data):
    return isinstance(data.X_pool, np.ndarray) and data.X_pool.dtype.kind == "f"


def _refuses_nan(strategy, data):
    model = getattr(strategy, "estimator", None)
    model = strategy if model is None else model
    return _is_numeric(strategy, data) and not takes_nan(model)


def check_n(strategy, data):
    """A query takes any n from 1 to the size of the pool, also as a numpy integer."""
    copy = fitted(strategy, data)
    for n in (1, np.int64(3), data.n_pool):
        picked = query(copy, data.X_pool, n)
        assert sorted(set(picked.tolist())) == sorted(picked.tolist()), (
            f"query must give distinct positions also for n={n!r}."
        )
        assert len(picked) == n, f"query must give exactly n positions for n={n!r}."


def check_bad_n(strategy, data):
    """A query refuses an n that is no count, or larger than the pool."""
    copy = fitted(strategy, data)
    for n in (0, -1, 2.5, "3", None, True, data.n_pool + 1):
        expect_sentence(
            lambda n=n: copy.query(data.X_pool, n),
            (ValueError, TypeError),
            ("'n'", "n="),
            f"query must refuse n={n!r} with a sentence: let QueryStrategy.query call "
            "your _query.",
        )


def check_empty_pool(strategy, data):
    """A query refuses an empty pool with a sentence."""
    copy = fitted(strategy, data)
    expect_sentence(
        lambda: copy.query(safe_indexing(data.X_pool, np.arange(0)), 1),
        ValueError,
        "X_pool",
        "query must refuse an empty pool with a sentence.",
    )


def check_equal_rows(strategy, data):
    """A pool of equal rows is no error: fill the batch at random."""
    rows = safe_indexing(data.X_pool, np.zeros(9, dtype=int))
    picked = query(fitted(strategy, data), rows, 4)
    assert len(set(picked.tolist())) == 4, (
        "Where all rows of the pool are equal, query must still give n distinct "
        "positions: fill the batch at random."
    )


def check_pool_with_labeled_rows(strategy, data):
    """A pool may contain rows that are labelled already."""
    pool = concatenate_rows([data.X_labeled, data.X_pool])
    picked = query(fitted(strategy, data), pool, 5)
    assert len(set(picked.tolist())) == 5, (
        "A pool that contains labelled rows is allowed: distances of 0 to labelled "
        "rows must not break the choice."
    )


def check_unfitted(strategy, data):
    """A query before fit raises NotFittedError."""
    expect_sentence(
        lambda: clone(strategy).query(data.X_pool, 1),
        NotFittedError,
        "not fitted",
        "query must raise NotFittedError before fit: let QueryStrategy.query call "
        "your _query.",
    )


@applies_if(_is_numeric)
def check_float32_and_float64(strategy, data):
    """Rows of float32 and of float64 are both ordinary."""
    for dtype in (np.float32, np.float64):
        copy = fitted(strategy, data, X=data.X_labeled.astype(dtype))
        picked = query(copy, data.X_pool.astype(dtype), 5)
        assert len(set(picked.tolist())) == 5, (
            f"A strategy must take {np.dtype(dtype).name} rows: convert inside."
        )


@applies_if(_refuses_nan)
def check_nan(strategy, data):
    """NaN is refused where the model takes none."""
    copy = fitted(strategy, data)
    pool = data.X_pool.copy()
    pool.flat[0] = np.nan
    expect_sentence(
        lambda: copy.query(pool, 1),
        ValueError,
        "nan",
        "query must refuse NaN in X_pool where the model takes none.",
    )
    rows = data.X_labeled.copy()
    rows.flat[0] = np.nan
    expect_sentence(
        lambda: clone(strategy).fit(rows, data.y_labeled),
        ValueError,
        "nan",
        "fit must refuse NaN in X_labeled where the model takes none.",
    )


@applies_if(_is_numeric)
def check_wrong_feature_count(strategy, data):
    """Rows of another width than in fit are refused."""
    copy = fitted(strategy, data)
    expect_sentence(
        lambda: copy.query(data.X_pool[..., :-1], 1),
        ValueError,
        ("features", "shape"),
        "query must refuse rows with another number of features than fit had.",
    )
    expect_sentence(
        lambda: copy.partial_fit(data.X_labeled[..., :-1], data.y_labeled),
        ValueError,
        ("features", "shape"),
        "partial_fit must refuse rows with another number of features than fit had.",
    )


@applies_if(lambda strategy, data: data.is_table and find_spec("pandas") is not None)
def check_dataframe(strategy, data):
    """Data frames are ordinary: positions, not index labels, are given."""
    import pandas as pd

    names = [f"f{i}" for i in range(data.X_pool.shape[1])]
    frame = pd.DataFrame(data.X_labeled, columns=names)
    pool = pd.DataFrame(data.X_pool, columns=names, index=range(100, 100 + data.n_pool))
    copy = fitted(strategy, data, X=frame)
    picked = query(copy, pool, 5)
    plain = query(fitted(strategy, data), data.X_pool, 5)
    assert np.array_equal(picked, plain), (
        "query must give positions, not index labels, for a data frame, and the same "
        "ones as for an array."
    )
    expect_sentence(
        lambda: copy.query(pool[names[::-1]], 1),
        ValueError,
        "feature names",
        "query must refuse a data frame with its columns in another order.",
    )


@applies_if(_is_table)
def check_sparse(strategy, data):
    """Sparse rows work where the model takes them, and are refused elsewhere."""
    rows, pool = sp.csr_array(data.X_labeled), sp.csr_array(data.X_pool)
    if not get_tags(strategy).input_tags.sparse:
        expect_sentence(
            lambda: clone(strategy).fit(rows, data.y_labeled),
            (TypeError, ValueError),
            "sparse",
            "fit must refuse sparse rows with a sentence where the model takes none.",
        )
        return
    picked = query(fitted(strategy, data, X=rows), pool, 5)
    assert len(set(picked.tolist())) == 5, (
        "A strategy must take sparse rows where its model does."
    )


@applies_if(lambda strategy, data: has_estimator(strategy) and is_classifier(strategy))
def check_model_unable(strategy, data):
    """A model that cannot answer what is asked is refused by name."""
    copy = clone(strategy).set_params(estimator=OnlyFits())
    if not getattr(strategy, "requires", ()):
        query(copy.fit(data.X_labeled, data.y_labeled), data.X_pool, 2)
        return
    expect_sentence(
        lambda: copy.fit(data.X_labeled, data.y_labeled).query(data.X_pool, 1),
        TypeError,
        "OnlyFits",
        "A model that cannot answer what the strategy asks must be refused with a "
        "TypeError that names it: list the questions in `requires`.",
    )


CHECKS = (
    check_n,
    check_bad_n,
    check_empty_pool,
    check_equal_rows,
    check_pool_with_labeled_rows,
    check_unfitted,
    check_float32_and_float64,
    check_nan,
    check_wrong_feature_count,
    check_dataframe,
    check_sparse,
    check_model_unable,
)
