"""Pools of dask: the picks of one process, whatever the chunks and the workers."""

import importlib
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import config_context, get_config
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skactive import (
    BADGE,
    BAIT,
    BALD,
    CoreSet,
    EntropySampling,
    Hybrid,
    KMeansCoreSet,
    LeastConfidence,
    MarginSampling,
    RandomSampling,
    ScoringStrategy,
)

da = pytest.importorskip("dask.array", reason="needs dask: pip install skactive[dask]")
distributed = pytest.importorskip("distributed")

N_ROWS, N_FEATURES = 30_000, 5


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, N_FEATURES)).astype(np.float32)
    X[5000:5100] = X[20_000:20_100]  # equal rows in different parts
    labeled = X[:40] + 0.1
    return X, labeled, (labeled[:, 0] > 0) + (labeled[:, 1] > 0).astype(int)


def _classifier():
    return make_pipeline(StandardScaler(), LogisticRegression())


STRATEGIES = {
    "random": RandomSampling(random_state=0),
    "confidence": LeastConfidence(_classifier(), random_state=0),
    "margin": MarginSampling(_classifier(), random_state=0),
    "entropy": EntropySampling(_classifier(), random_state=0),
    "disagreement": BALD(RandomForestClassifier(10, random_state=0), random_state=0),
    "badge": BADGE(_classifier(), random_state=0),
    "badge, uniform": BADGE(_classifier(), init="uniform", random_state=0),
    "badge, farthest first": BADGE(_classifier(), sampler="kcenter", random_state=0),
    "bait": BAIT(_classifier(), random_state=0),
    "bait, rank 1": BAIT(_classifier(), rank=1, random_state=0),
    "bait, regression": BAIT(make_pipeline(StandardScaler(), Ridge()), random_state=0),
    "core-set": CoreSet(_classifier(), random_state=0),
    "core-set, doubt": CoreSet(_classifier(), weighting="doubt", random_state=0),
    "core-set, cosine": CoreSet(_classifier(), metric="cosine", random_state=0),
}


@pytest.mark.parametrize(
    "chunks",
    [30_000, pytest.param(9_000, marks=pytest.mark.slow), 2_500],
)
@pytest.mark.parametrize("name", STRATEGIES)
def test_the_picks_of_one_process(client, rows, name, chunks):
    X, X_labeled, y = rows
    strategy = STRATEGIES[name].fit(X_labeled, y)
    here = strategy.query(X, 25)
    told = strategy.query_info_
    there = strategy.query(da.from_array(X, chunks=(chunks, 3)), 25)
    assert there.tolist() == here.tolist()
    for entry in ("forward", "removed"):
        if entry in told:
            assert strategy.query_info_[entry].tolist() == told[entry].tolist()
    for entry in (
        "radii",
        "objective",
        "gram_logdet",
        "mean_norm",
        "n_passes",
        "n_rejections",
    ):
        if entry in told:
            np.testing.assert_allclose(
                strategy.query_info_[entry], told[entry], rtol=1e-6
            )
    assert strategy.query_info_.n_pool == N_ROWS
    if name != "random":
        assert strategy.query_info_.n_workers == 2
        assert strategy.query_info_.n_lost == 0


@pytest.mark.parametrize("seed", range(6))
def test_columns_that_are_not_scaled(client, seed):
    # Ten of sixteen digits go where the information is inverted: the last ones matter.
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(20_000, 3)) + 1e5).astype(np.float32)
    strategy = BAIT(random_state=0).fit(X[:60], np.arange(60) % 5)
    here = strategy.query(X, 4)
    objective = strategy.query_info_.objective
    there = strategy.query(da.from_array(X, chunks=(8192, 3)), 4)
    assert there.tolist() == here.tolist()
    assert strategy.query_info_.objective.tolist() == objective.tolist()


def test_scores_that_are_all_equal_are_drawn_as_in_one_process(client, rows):
    X, X_labeled, y = rows
    strategy = Flat(random_state=0).fit(X_labeled, y)
    there = strategy.query(da.from_array(X, chunks=(9_000, -1)), 50)
    assert there.tolist() == strategy.query(X, 50).tolist()


class Flat(ScoringStrategy):
    scores_by_row = True

    def _scores(self, pool):
        return np.zeros(pool.n)


class Alone(Flat):
    scores_by_row = False


@pytest.mark.parametrize(
    "strategy",
    [
        Alone(),
        Hybrid(n_draws=5),
        KMeansCoreSet(),
        BADGE(sampler="kdpp"),
        CoreSet(beam_width=2),
    ],
    ids=lambda s: type(s).__name__,
)
def test_what_needs_the_whole_pool_says_so(client, rows, strategy):
    X, X_labeled, y = rows
    strategy.set_params(random_state=0).fit(X_labeled, y)
    pool = da.from_array(X, chunks=(9_000, -1))
    with pytest.raises(TypeError, match=r"needs the whole pool.*max_candidates"):
        strategy.query(pool, 3)
    picked = strategy.query(pool, 3, max_candidates=200)
    assert picked.tolist() == strategy.query(X, 3, max_candidates=200).tolist()


def test_unknown_chunk_sizes_are_computed(client, rows):
    X, X_labeled, y = rows
    strategy = MarginSampling(random_state=0).fit(X_labeled, y)
    pool = da.from_array(X, chunks=(9_000, -1))
    kept = pool[pool[:, 0] > 0]
    assert np.isnan(kept.chunks[0][0])
    expected = strategy.query(X[X[:, 0] > 0], 5)
    assert strategy.query(kept, 5).tolist() == expected.tolist()
    assert np.isnan(kept.chunks[0][0])


def test_a_data_frame_with_text(client, rows):
    pd, dd = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    X, _, _ = rows
    frame = pd.DataFrame(X[:20_000, :2], columns=["a", "b"])
    frame["kind"] = np.where(X[:20_000, 2] > 0, "up", "down")
    labeled, y = frame[::900], (X[:20_000:900, 3] > 0).astype(int)
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough"),
        LogisticRegression(),
    )
    strategy = BADGE(model, random_state=0).fit(labeled, y)
    pool = dd.from_pandas(frame, npartitions=7)
    assert strategy.query(pool, 20).tolist() == strategy.query(frame, 20).tolist()
    some = strategy.query(pool, 5, max_candidates=100)
    assert some.tolist() == strategy.query(frame, 5, max_candidates=100).tolist()


def test_half_precision(client, rows):
    X, X_labeled, y = rows
    strategy = CoreSet(_classifier(), random_state=0).fit(X_labeled, y)
    pool = da.from_array(X, chunks=(9_000, -1))
    there = strategy.query(pool, 20, storage="float16")
    assert there.tolist() == strategy.query(X, 20, storage="float16").tolist()


def _with_nan(X):
    X = X.copy()
    X[25_000, 1] = np.nan
    return X


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda X: X[:, :3], "X has 3 features, but .* is expecting 5"),
        (_with_nan, "Input X contains NaN"),
        (lambda X: X[:0], "no rows"),
        (lambda X: X[:2], "n=3 points, but X_pool has only 2"),
    ],
)
def test_errors_are_those_of_one_process(client, rows, change, message):
    X, X_labeled, y = rows
    strategy = CoreSet(random_state=0).fit(X_labeled, y)
    bad = change(X)
    for pool in (bad, da.from_array(bad, chunks=(9_000, -1))):
        with pytest.raises(ValueError, match=message):
            strategy.query(pool, 3)


def test_too_many_points_are_refused_before_a_row_is_read(client, rows):
    X, X_labeled, y = rows
    strategy = MarginSampling(random_state=0).fit(X_labeled, y)
    with pytest.raises(ValueError, match=r"n=30001 points.*only 30000"):
        strategy.query(_unreadable(X), N_ROWS + 1)


@pytest.fixture
def no_arrays_of_tensors(client):
    """Tensors cannot be sent as arrays, as those on a card cannot."""

    def forbid():
        import torch
        from distributed.protocol.serialize import dask_serialize

        importlib.import_module("distributed.protocol.torch")  # what is to be replaced
        known = dask_serialize._lookup[torch.Tensor]
        dask_serialize.register(torch.Tensor)(_refuse)
        return known

    def allow(known):
        import torch
        from distributed.protocol.serialize import dask_serialize

        dask_serialize.register(torch.Tensor)(known)

    known = forbid()
    client.run(forbid)
    yield
    allow(known)
    client.run(allow, known)


def _refuse(tensor):
    raise TypeError("can't convert cuda:0 device type tensor to numpy.")


@pytest.mark.parametrize(
    "name", ["badge", "badge, farthest first", "core-set", "bait", "bait, regression"]
)
@pytest.mark.usefixtures("no_arrays_of_tensors")
def test_tensors_travel_from_wherever_they_are(client, rows, name):
    X, X_labeled, y = rows
    strategy = STRATEGIES[name].fit(X_labeled, y)
    there = strategy.query(da.from_array(X, chunks=(20_000, 5)), 5)
    assert there.tolist() == strategy.query(X, 5).tolist()


def test_random_sampling_reads_nothing(client, rows):
    X, X_labeled, y = rows
    strategy = RandomSampling(random_state=0).fit(X_labeled, y)
    assert strategy.query(_unreadable(X), 5).tolist() == strategy.query(X, 5).tolist()


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda X: X[:, :3], "X has 3 features, but .* is expecting 5"),
        (lambda X: X[:, 0], "Expected 2D array, got 1D array"),
        (lambda X: np.stack([X, X], axis=2), "rows of shape"),
        (sp.csr_array, "dense data is required"),
    ],
    ids=["features", "1-d", "3-d", "sparse"],
)
def test_random_sampling_looks_at_the_shape(client, rows, change, message):
    X, X_labeled, y = rows
    model = RandomForestClassifier(10) if change is not sp.csr_array else GaussianNB()
    strategy = RandomSampling(model, random_state=0).fit(X_labeled, y)
    bad = change(X)
    if change is sp.csr_array:
        meta = sp.csr_array((0, N_FEATURES), dtype=X.dtype)
        pool = da.from_array(X).map_blocks(sp.csr_array, meta=meta)
    else:
        pool = _unreadable(bad)
    for some in (bad, pool):
        with pytest.raises((TypeError, ValueError), match=message):
            strategy.query(some, 3)


def test_random_sampling_looks_at_the_names_of_columns(client, rows):
    pd, dd = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    X, _, y = rows
    frame = pd.DataFrame(X[:300], columns=list("abcde"))
    frame["kind"] = pd.Categorical(np.where(X[:300, 2] > 0, "up", "down"))
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough"),
        LogisticRegression(),
    )
    strategy = RandomSampling(model, random_state=0).fit(frame[:40], y)
    picked = strategy.query(dd.from_pandas(frame, npartitions=2), 3)
    assert picked.tolist() == strategy.query(frame, 3).tolist()
    other = frame.rename(columns={"a": "z"})
    for some in (other, dd.from_pandas(other, npartitions=2)):
        with pytest.raises(ValueError, match=r"feature names should match(.|\n)*- z"):
            strategy.query(some, 3)


@pytest.mark.parametrize(
    "strategy, message",
    [
        (BADGE(sampler="nope"), "'sampler' parameter of BADGE .*'nope'"),
        (CoreSet(beam_width=0), "'beam_width' parameter of CoreSet .*0"),
        (CoreSet(beam_width="wide"), "'beam_width' parameter of CoreSet .*'wide'"),
    ],
    ids=["sampler", "beam_width", "beam_width, text"],
)
def test_a_bad_parameter_is_named(client, rows, strategy, message):
    X, X_labeled, y = rows
    strategy.set_params(random_state=0).fit(X_labeled, y)
    with pytest.raises((TypeError, ValueError), match=message):
        strategy.query(_unreadable(X), 3)


def _unreadable(X):
    def fail(rows):
        raise OSError("The disk is gone.")

    pool = da.from_array(X, chunks=(9_000, *[-1] * (X.ndim - 1)))
    return pool.map_blocks(fail, dtype=X.dtype)


def test_rows_that_cannot_be_read_say_so(client, rows):
    X, X_labeled, y = rows
    strategy = MarginSampling(random_state=0).fit(X_labeled, y)
    with pytest.raises(OSError, match="The disk is gone"):
        strategy.query(_unreadable(X), 5)


class _Refusal(Exception):
    def __init__(self, what, why):
        super().__init__(f"{what}: {why}")


class _Refusing(LogisticRegression):
    def predict_proba(self, X):
        if len(X) > 1000:
            raise _Refusal("too long", len(X))
        return super().predict_proba(X)


def test_an_error_that_cannot_travel_is_told(client, rows):
    X, X_labeled, y = rows
    strategy = MarginSampling(_Refusing(), random_state=0).fit(X_labeled, y)
    pool = da.from_array(X, chunks=(9_000, -1))
    with pytest.raises(RuntimeError, match="_Refusal: too long: 8192") as caught:
        strategy.query(pool, 3)
    assert "in predict_proba" in "".join(caught.value.__notes__)


def test_workers_forget_a_pool_when_the_query_is_over(client, rows):
    X, X_labeled, y = rows
    strategy = BADGE(random_state=0).fit(X_labeled, y)
    strategy.query(da.from_array(X, chunks=(9_000, -1)), 5)
    with pytest.raises(ValueError, match="NaN"):
        strategy.query(da.from_array(_with_nan(X), chunks=(9_000, -1)), 5)
    client.run_on_scheduler(_settled)
    assert set(client.run(_held).values()) == {0}


async def _settled(dask_scheduler):
    import asyncio

    for _ in range(100):
        if not dask_scheduler.tasks:
            return
        await asyncio.sleep(0.1)


def _held(dask_worker):
    return len(dask_worker.state.actors) + len(dask_worker.data)


class _Configured(ScoringStrategy):
    scores_by_row = True

    def _scores(self, pool):
        config = get_config()
        assert config["transform_output"] == "pandas"
        assert config["working_memory"] == 7
        return pool.X[:, 0]


def test_workers_work_under_the_settings_of_the_caller(client, rows):
    X, X_labeled, y = rows
    strategy = _Configured(random_state=0).fit(X_labeled, y)
    pool = da.from_array(X, chunks=(9_000, -1))
    with config_context(transform_output="pandas", working_memory=7):
        assert strategy.query(pool, 3).tolist() == strategy.query(X, 3).tolist()


@pytest.mark.parametrize("strategy", [KMeansCoreSet(), CoreSet()])
def test_no_more_rows_than_candidates(client, rows, strategy):
    X, X_labeled, y = rows
    strategy.set_params(random_state=0).fit(X_labeled, y)
    pool = da.from_array(X[:300], chunks=(100, -1))
    picked = strategy.query(pool, 3, max_candidates=300)
    assert picked.tolist() == strategy.query(X[:300], 3).tolist()


@pytest.mark.parametrize("container", [sp.csr_matrix, sp.csr_array])
def test_sparse_chunks(client, rows, container):
    X, _, y = rows
    few = np.where(np.abs(X) > 1, X, 0)
    pool = da.from_array(few, chunks=(9_000, -1))
    pool = pool.map_blocks(container, meta=container((0, N_FEATURES), dtype=X.dtype))
    strategy = MarginSampling(random_state=0).fit(container(few[:40]), y)
    for options in ({}, {"max_candidates": 100}):
        there = strategy.query(pool, 5, **options)
        assert there.tolist() == strategy.query(container(few), 5, **options).tolist()


def test_images(client, rows):
    X, X_labeled, y = rows
    images, labeled = (some[:, :4].reshape(-1, 2, 2) for some in (X, X_labeled))
    model = make_pipeline(FunctionTransformer(_flat), LogisticRegression())
    strategy = BADGE(model, random_state=0).fit(labeled, y)
    there = strategy.query(da.from_array(images, chunks=(9_000, 1, 2)), 5)
    assert there.tolist() == strategy.query(images, 5).tolist()


def _flat(X):
    return X.reshape(len(X), -1)


def test_partitions_without_rows(client, rows):
    pd, dd = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    X, _, y = rows
    frame = pd.DataFrame(X[:20_000], columns=list("abcde"))
    frame["e"] = np.arange(20_000) / 1000  # the first partitions are left empty
    strategy = MarginSampling(random_state=0).fit(frame[:40], y)
    pool = dd.from_pandas(frame, npartitions=9)
    kept, known = pool[pool.e >= 5], frame[frame.e >= 5]
    assert strategy.query(kept, 5).tolist() == strategy.query(known, 5).tolist()
    with pytest.raises(ValueError, match="X_pool has no rows"):
        strategy.query(pool[pool.a > 100], 1)


def test_other_collections_of_dask_are_refused(rows):
    from dask import delayed

    X, X_labeled, y = rows
    strategy = MarginSampling(random_state=0).fit(X_labeled, y)
    with pytest.raises(TypeError, match="has no rows of features"):
        strategy.query(delayed(X), 3)


class _Doubtful(UserWarning):
    pass


class _Warning(ScoringStrategy):
    scores_by_row = True

    def _scores(self, pool):
        warnings.warn("This looks odd.", _Doubtful, stacklevel=1)
        return pool.X[:, 0]


def test_warnings_of_workers_are_passed_on(client, rows):
    X, X_labeled, y = rows
    strategy = _Warning(random_state=0).fit(X_labeled, y)
    with pytest.warns(UserWarning, match="On a worker: This looks odd") as told:
        strategy.query(da.from_array(X, chunks=(9_000, -1)), 3)
    assert len(told) == 2  # one from each worker
