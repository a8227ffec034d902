"""Chunks and partitions that are not as long as they are said to be."""

import numpy as np
import pytest

from skactive import BADGE, MarginSampling

da = pytest.importorskip("dask.array", reason="needs dask: pip install skactive[dask]")
distributed = pytest.importorskip("distributed")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def _rows():
    return np.random.default_rng(0).normal(size=(12_000, 4))


def _shorter(rows):
    return rows[:2900]


def _longer(rows):
    return np.concatenate([rows, rows[:1]])


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("change, n_rows", [(_shorter, 2900), (_longer, 3001)])
@pytest.mark.parametrize("options", [{}, {"max_candidates": 500}])
@pytest.mark.parametrize("strategy", [MarginSampling(), BADGE()])
def test_a_chunk_of_another_length_is_refused(strategy, options, change, n_rows):
    X = _rows()
    strategy.set_params(random_state=0).fit(X[:50], (X[:50, 0] > 0).astype(int))
    pool = da.from_array(X, chunks=(3000, -1)).map_blocks(change, dtype=X.dtype)
    message = rf"chunk of X_pool .*row 0 has {n_rows} .*says 3000.*compute_chunk_sizes"
    first_only = pool[:3000]  # so that it is known which is met first
    with pytest.raises(ValueError, match=message):
        strategy.query(first_only, 3, **options)
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        strategy.query(pool, 3, **options)


@pytest.mark.usefixtures("client")
def test_what_the_refusal_says_is_a_way_out():
    X = _rows()
    strategy = MarginSampling(random_state=0).fit(X[:50], (X[:50, 0] > 0).astype(int))
    pool = da.from_array(X, chunks=(3000, -1)).map_blocks(_shorter, dtype=X.dtype)
    pool.compute_chunk_sizes()
    assert len(pool) == 4 * 2900
    for options in ({}, {"max_candidates": 500}):
        expected = strategy.query(pool.compute(), 3, **options)
        assert strategy.query(pool, 3, **options).tolist() == expected.tolist()


@pytest.mark.usefixtures("client")
def test_parquet_files_that_dask_reads_several_at_once(tmp_path):
    pytest.importorskip("pyarrow")
    pd, dd = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    numbers = np.random.default_rng(0).normal(size=(12_000, 20))
    frame = pd.DataFrame(numbers, columns=[f"f{i}" for i in range(20)])
    dd.from_pandas(frame, npartitions=12).to_parquet(str(tmp_path))
    pool = dd.read_parquet(str(tmp_path), columns=["f0", "f1", "f2"])
    assert len(pool.map_partitions(len).compute()) < pool.npartitions
    known = pool.compute()
    strategy = MarginSampling(random_state=0)
    strategy.fit(known[:50], (known.f0 > 0)[:50].astype(int))
    for options in ({}, {"max_candidates": 500}):
        expected = strategy.query(known, 3, **options)
        assert strategy.query(pool, 3, **options).tolist() == expected.tolist()
