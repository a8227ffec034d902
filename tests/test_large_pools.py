"""Pools that are no arrays in memory: the same rows are chosen, and little is held."""

import tracemalloc
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from chunked import Counting, Endless, Items
from hypothesis import given, settings
from hypothesis import strategies as st
from net_zoo import HeadFirst, SmallCNN, make_classifier
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chi2
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import BayesianRidge, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from skorch.dataset import Dataset as SkorchDataset
from torch.utils.data import DataLoader, Subset, TensorDataset

from skactive import (
    ALBL,
    BADGE,
    BAIT,
    BALD,
    Committee,
    CoreSet,
    DiscriminativeSampling,
    Hybrid,
    LastLayerLaplace,
    LeastConfidence,
    MeanStd,
    MinDistance,
    PosteriorVariance,
    QueryStrategy,
    RandomSampling,
)
from skactive import pipeline as our_pipeline
from skactive.inspection import embed
from skactive.model_selection import query as query_search

rng = np.random.default_rng(0)
CENTRES = rng.normal(scale=2, size=(3, 4))
Y = np.repeat([0, 1, 2], 20)
LABELED = (CENTRES[Y] + rng.normal(size=(60, 4))).astype(np.float32)
N = 5000
POOL = (CENTRES[rng.integers(3, size=N)] + rng.normal(size=(N, 4))).astype(np.float32)
IN_BLOCKS = {"working_memory": 0.25}
"""MiB, in which some 1,024 rows fit."""

scaled = make_pipeline(StandardScaler(), LogisticRegression())
net = make_classifier(HeadFirst, max_epochs=3)
STRATEGIES = {
    "LeastConfidence": LeastConfidence(),
    "BADGE": BADGE(),
    "CoreSet": CoreSet(),
    "BAIT": BAIT(),
    "BALD": BALD(n_draws=20),
    "RandomSampling": RandomSampling(),
    "ALBL": ALBL(),
    "LeastConfidence of a net": LeastConfidence(net),
    "BADGE of a net": BADGE(net),
    "BADGE of a Pipeline": BADGE(scaled),
    "LeastConfidence of a Pipeline": LeastConfidence(scaled),
    "a Pipeline of CoreSet": our_pipeline.make_pipeline(StandardScaler(), CoreSet()),
}


def on_disk(rows, folder):
    path = folder / f"rows.{rows.dtype}"
    rows.tofile(path)
    return np.memmap(path, dtype=rows.dtype, mode="r", shape=rows.shape)


def seeded(strategy):
    steps = getattr(strategy, "steps", [(None, strategy)])
    steps[-1][1].set_params(random_state=0)
    return strategy.fit(LABELED, Y)


@pytest.fixture(scope="module", params=STRATEGIES)
def strategy(request):
    return seeded(STRATEGIES[request.param])


class Recording(QueryStrategy):
    """Shows what it is told of the pool."""

    requires = ("predict_proba", "embed")

    def _query(self, pool, n, rng, info):
        info.update({name: pool[name] for name in self.requires})
        info.rows = pool.X
        return np.arange(n)


class RecordingDraws(Recording):
    requires = ("sample_posterior",)
    n_draws = 3


# ---------------------------------------------------------------- the same rows


def test_every_kind_of_pool_gives_the_same_picks(strategy, tmp_path):
    picked = strategy.query(POOL, 12)
    kinds = {
        "memmap": on_disk(POOL, tmp_path),
        "chunked": Counting(POOL, most=2048),
        "rows": Items(POOL),
        "rows and labels": Items(POOL, labeled=True, as_tensor=True),
        "tensors": TensorDataset(torch.from_numpy(POOL)),
        "subset": Subset(Items(np.repeat(POOL, 2, axis=0)), range(0, 2 * N, 2)),
        "skorch": SkorchDataset(POOL, np.zeros(N)),
    }
    with config_context(**IN_BLOCKS):
        assert_array_equal(strategy.query(POOL, 12), picked)
        for name, pool in kinds.items():
            assert_array_equal(strategy.query(pool, 12), picked, err_msg=name)


@settings(max_examples=30)
@given(
    st.sampled_from(["LeastConfidence", "BADGE", "CoreSet", "BAIT", "BALD"]),
    st.integers(1, N),
    st.floats(0.002, 1),
    st.booleans(),
)
def test_any_blocks_give_the_picks_of_the_whole_array(name, n_pool, memory, lazy):
    strategy = seeded(STRATEGIES[name])
    pool, n = POOL[:n_pool], min(n_pool, 4)
    picked = strategy.query(pool, n)
    with config_context(working_memory=memory):
        again = strategy.query(Counting(pool) if lazy else pool, n)
    assert_array_equal(again, picked)


def test_images_of_a_data_set():
    images = rng.normal(size=(90, 1, 8, 8)).astype(np.float32)
    cnn = make_classifier(SmallCNN, max_epochs=1, module__n_outputs=3)
    strategy = BADGE(cnn, random_state=0).fit(images[:60], Y)
    picked = strategy.query(images[60:], 5)
    pool = Items(images[60:], labeled=True, as_tensor=True)
    with config_context(working_memory=0.03):
        assert_array_equal(strategy.query(pool, 5), picked)


def test_a_net_reads_what_cannot_be_written_without_a_warning(tmp_path):
    strategy = seeded(LeastConfidence(net))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        strategy.query(on_disk(POOL, tmp_path), 5)


@pytest.mark.parametrize("make", [sp.csr_array, sp.coo_matrix, pd.DataFrame])
def test_other_containers_are_asked_in_blocks_too(make):
    class Watched(LogisticRegression):
        def predict_proba(self, X):
            sizes.append(X.shape[0])
            return super().predict_proba(X)

    sizes = []
    names = list("abcd")
    first = make(LABELED, columns=names) if make is pd.DataFrame else make(LABELED)
    pool = make(POOL, columns=names) if make is pd.DataFrame else make(POOL)
    strategy = LeastConfidence(Watched(), random_state=0).fit(first, Y)
    picked = strategy.query(pool, 9)
    sizes.clear()
    with config_context(**IN_BLOCKS):
        assert_array_equal(strategy.query(pool, 9), picked)
    assert max(sizes) <= 2048
    # What the model takes is measured a second time where another thread disturbed it.
    assert sum(sizes) - N in (8 + 64 + 256, 8 + 2 * (64 + 256))
    assert_array_equal(
        LeastConfidence(random_state=0).fit(LABELED, Y).query(POOL, 9), picked
    )


def test_scores_of_a_pool_on_disk(tmp_path):
    strategy = seeded(LeastConfidence())
    with config_context(**IN_BLOCKS):
        scores = strategy.score_samples(on_disk(POOL, tmp_path))
        assert_allclose(strategy.score_samples(Items(POOL)), scores)
    assert_allclose(scores, strategy.score_samples(POOL))


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        make_pipeline(StandardScaler(), LogisticRegression()),
        GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2),
        LastLayerLaplace(LogisticRegression()),
        RandomForestClassifier(9),
        BayesianRidge(),
        Committee([LogisticRegression()] * 3, bootstrap=True),
        make_classifier(max_epochs=2),
        LeastConfidence(LogisticRegression()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_draw_is_one_model_in_all_blocks(model):
    strategy = RecordingDraws(model, random_state=3).fit(LABELED, Y)
    strategy.query(POOL)
    whole = strategy.query_info_.sample_posterior
    with config_context(working_memory=0.5):
        strategy.query(Counting(POOL, most=4000))
    assert_allclose(strategy.query_info_.sample_posterior, whole, rtol=1e-4, atol=1e-6)


# ---------------------------------------------------------------- what hangs together


def test_a_gaussian_process_is_asked_about_all_rows_at_once():
    strategy = MeanStd(GaussianProcessRegressor(), n_draws=5, random_state=0)
    strategy.fit(LABELED, Y.astype(float))
    sizes = []
    process = strategy.estimator_
    process.sample_y = lambda X, **kw: (
        sizes.append(len(X)) or GaussianProcessRegressor.sample_y(process, X, **kw)
    )
    picked = strategy.query(POOL[:300], 5)
    with config_context(working_memory=1):
        assert_array_equal(strategy.query(Counting(POOL[:300]), 5), picked)
    assert sizes == [300, 300]
    with (
        config_context(working_memory=0.01),
        pytest.raises(ValueError, match=r"hang together.*max_candidates"),
    ):
        strategy.query(Counting(POOL), 5)


def test_only_the_whole_pool_shows_that_members_agree():
    class Halves(ClassifierMixin, BaseEstimator):
        """Members differ where the first feature is large."""

        def __init__(self, place=0):
            self.place = place

        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

        def predict_proba(self, X):
            p = np.where(X[:, 0] > 10, 0.2 + 0.1 * self.place, 0.5)
            return np.column_stack([p, 1 - p, np.zeros(len(X))])

    strategy = BALD(Committee([Halves(0), Halves(1)])).fit(LABELED, Y)
    pool = POOL.copy()
    with config_context(**IN_BLOCKS):
        with pytest.warns(UserWarning, match="agree exactly on all 5000 rows") as seen:
            strategy.query(pool)
        assert len(seen) == 1
        pool[-1, 0] = 11
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert strategy.query(pool) == N - 1


# ---------------------------------------------------------------- how it is read


def test_a_small_pool_in_memory_is_asked_about_once():
    class Watched(LogisticRegression):
        def predict_proba(self, X):
            sizes.append(len(X))
            return super().predict_proba(X)

    sizes = []
    strategy = BADGE(Watched(), random_state=0).fit(LABELED, Y)
    with config_context(working_memory=0.001):
        strategy.query(POOL[:4096], 3)
    assert sizes == [4096]
    strategy.query(POOL, 3)
    assert sizes[1:] == [8, N]


def test_rows_are_read_once_for_all_questions_and_never_all_at_once():
    pool = Counting(POOL, most=1024)
    with config_context(**IN_BLOCKS):
        seeded(BADGE()).query(pool, 3)
    assert len(pool.read) == N
    assert pool.n_read <= N + 256 + 3  # and some at first, to see what they are like


def test_candidates_are_read_chunk_by_chunk_where_there_are_chunks():
    pool = Counting(POOL, chunks=(500, 4))
    strategy = seeded(LeastConfidence())
    picked = strategy.query(pool, 5, max_candidates=400)
    assert_array_equal(picked, strategy.query(POOL, 5, max_candidates=400))
    reads = [each for each in pool.slices if each != (0, 1)]
    assert all(start // 500 == (stop - 1) // 500 for start, stop in reads)
    assert len(reads) <= 2 * 10  # ten chunks, and a few rows first


def test_candidates_of_tall_chunks_are_read_within_the_working_memory():
    pool = Counting(POOL, most=2048, chunks=(N, 1))
    strategy = seeded(LeastConfidence())
    picked = strategy.query(POOL, 5, max_candidates=400)
    with config_context(working_memory=2048 * 16 / 2**20):
        assert_array_equal(strategy.query(pool, 5, max_candidates=400), picked)


@pytest.mark.parametrize("height", [1, 600, 8 * N])
def test_the_slices_that_candidates_are_read_in_are_told(height):
    n, m, memory = 8 * N, 40, 2**19
    rows = np.tile(POOL, (8, 16))
    strategy = seeded(LeastConfidence()).fit(np.tile(LABELED, 16), Y)
    pool = Counting(rows, chunks=(height, 1))
    with config_context(working_memory=memory / 2**20):
        told = strategy.query_memory(pool, 5, max_candidates=m)
        pool.slices.clear()
        strategy.query(pool, 5, max_candidates=m)
    taken = max(stop - start for start, stop in pool.slices) * rows[0].nbytes
    slices = told.candidates - 8 * (n + 3 * m)
    assert slices <= memory and taken <= slices + told.block
    assert (slices > 0) == (height > 1)


def test_steps_that_work_in_place_do_not_reach_the_pool():
    model = make_pipeline(StandardScaler(copy=False), LogisticRegression())
    strategy = BADGE(model, random_state=0).fit(LABELED.copy(), Y)
    picked = seeded(BADGE(scaled)).query(POOL, 5)
    rows = POOL.copy()
    assert_array_equal(strategy.query(Items(rows), 5), picked)
    with config_context(**IN_BLOCKS):
        assert_array_equal(strategy.query(rows, 5), picked)
    assert_array_equal(rows, POOL)


def test_items_that_draw_leave_the_global_generators_alone():
    class Noisy(Items):
        def __getitem__(self, position):
            torch.rand(3)
            return super().__getitem__(position)

    before = torch.get_rng_state()
    seeded(LeastConfidence()).query(Noisy(POOL[:50]), 3)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_a_strategy_sees_of_rows_on_disk():
    strategy = seeded(Recording())
    with config_context(working_memory=0.01):
        strategy.query(Counting(POOL, most=64), 3)
    rows = strategy.query_info_.rows
    assert rows.shape == POOL.shape and len(rows) == N and rows.dtype == np.float32
    assert_array_equal(rows[[7, 3, 7]], POOL[[7, 3, 7]])
    assert_array_equal(rows[10:13], POOL[10:13])
    assert_array_equal(rows[4:0:-2], POOL[4:0:-2])
    with pytest.raises(TypeError, match="must not become one array"):
        np.asarray(rows)
    mask = np.arange(N) % 1000 == 7
    assert_array_equal(rows[mask], POOL[mask])
    assert_array_equal(rows[mask.tolist()], POOL[mask])
    assert_array_equal(rows[3], POOL[3])
    assert_array_equal(rows[np.array([9, 2], np.uint8)], POOL[[9, 2]])


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ([N], "There are 5000 rows"),
        (-1, "There are 5000 rows"),
        ([True, False], r"one entry for each of the 5000 rows. Got shape \(2,\)"),
        ((slice(2), 0), "slice, a mask or positions"),
        ((2, 0), "slice, a mask or positions"),
        ([[1, 2], [3, 4]], "slice, a mask or positions"),
        ([1.0, 2.0], "slice, a mask or positions"),
        ("a", "slice, a mask or positions"),
        (None, "slice, a mask or positions"),
    ],
)
def test_what_names_no_rows_of_a_pool_on_disk(key, words):
    strategy = seeded(Recording())
    strategy.query(Counting(POOL), 3)
    with pytest.raises(IndexError, match=words):
        strategy.query_info_.rows[key]


# ---------------------------------------------------------------- what is refused


def sentence(call, *args, **kwargs):
    with pytest.raises((ValueError, TypeError)) as caught:
        call(*args, **kwargs)
    return str(caught.value)


def test_bad_rows_are_refused_with_the_sentence_of_arrays(tmp_path):
    strategy = seeded(BADGE())
    spoiled = POOL.astype(np.float16)
    spoiled[-2, 1] = np.inf
    plain = sentence(strategy.query, spoiled)
    assert "infinity" in plain
    with config_context(**IN_BLOCKS):
        for pool in (
            spoiled,
            on_disk(spoiled, tmp_path),
            Counting(spoiled),
            Items(spoiled),
        ):
            assert sentence(strategy.query, pool) == plain
    wide = POOL[:, :3]
    plain = sentence(strategy.query, wide)
    for pool in (Counting(wide), Items(wide)):
        assert sentence(strategy.query, pool) == plain
    for pool in (Counting(POOL[:0]), Items(POOL[:0])):
        assert "no rows" in sentence(strategy.query, pool)
    assert "1D array" in sentence(strategy.query, Counting(POOL[0]))
    pool = Counting(POOL)
    assert "only 5000 row(s)" in sentence(strategy.query, pool, N + 1)
    assert len(pool.read) == 1  # said before the model is asked


@pytest.mark.parametrize(
    ("pool", "words"),
    [
        (Endless(), "without a length"),
        (DataLoader(Items(POOL)), "Pass its data set"),
        ((row for row in POOL), "read only once"),
        (Items([(row, row, 1) for row in POOL[:9]]), "tuple of 3"),
        (Items(["ant", "bee"]), "is a str"),
        (Items([np.zeros(4), np.zeros(4), np.zeros(5)]), "Item 2 .* shape \\(5,\\)"),
        (Items([np.zeros(4, int), np.zeros(4)]), "Item 1 .* float64"),
        (Items([np.zeros(4, "u1"), np.full(4, 300, "u2")]), "Item 1 .* uint16"),
        (Items([np.zeros(4, "i8"), np.zeros(4, "u8")]), "Item 1 .* uint64"),
        (Items([[row, 0] for row in POOL[:9]]), r"Item 0 .* list .* tuple"),
        (Items([[torch.zeros(4), 0]]), r"Item 0 .* list .* tuple"),
    ],
)
def test_what_is_no_pool(pool, words):
    with pytest.raises((TypeError, ValueError), match=words):
        seeded(LeastConfidence()).query(pool)


@pytest.mark.parametrize("pool", [None, 3, np.array(5.0)])
def test_what_has_no_rows_has_no_candidates(pool):
    with pytest.raises(TypeError, match=r"has no rows to count. Pass an array"):
        seeded(LeastConfidence()).query(pool, 2, max_candidates=10)


def test_narrower_items_of_a_data_set_are_widened():
    strategy = seeded(Recording())
    first = [*POOL[:4].astype(np.float64), *POOL[4:8], np.ones(4, np.uint8)]
    strategy.query(Items(first))
    rows = strategy.query_info_.rows
    assert_array_equal(rows[:], [*POOL[:8], np.ones(4)])
    strategy.query(Items([np.full(4, 300), np.full(4, 200, np.uint8)]))
    assert_array_equal(strategy.query_info_.rows[:], [[300] * 4, [200] * 4])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_tensors_with_gradients_and_brain_floats(dtype):
    rows = torch.from_numpy(POOL[:50]).to(dtype)
    plain = rows.to(torch.float32).numpy()
    for model in (LogisticRegression(), net):
        picked = seeded(BADGE(model)).query(plain, 5)
        strategy = BADGE(model, random_state=0)
        strategy.fit(torch.from_numpy(LABELED).requires_grad_(), Y)
        for pool in (rows.clone().requires_grad_(), TensorDataset(rows)):
            assert_array_equal(strategy.query(pool, 5), picked)
            assert_array_equal(
                strategy.query(pool, 5, max_candidates=20),
                seeded(BADGE(model)).query(plain, 5, max_candidates=20),
            )


def test_a_model_whose_answers_change_their_width_is_named():
    class Changing(LogisticRegression):
        pass

    @embed.register(Changing)
    def _(model, X, layer=None):
        return np.ones((len(X), 2 if len(X) == 8 or X[0, 0] == POOL[0, 0] else 3))

    strategy = CoreSet(Changing()).fit(LABELED, Y)
    with (
        config_context(**IN_BLOCKS),
        pytest.raises(ValueError, match=r"Changing answered embed .* of one width"),
    ):
        strategy.query(POOL)


# ---------------------------------------------------------------- candidates


@pytest.mark.parametrize("kind", ["array", "memmap", "chunked", "rows"])
def test_candidates_are_the_pool_of_a_query(strategy, kind, tmp_path):
    pool = {
        "array": lambda: POOL,
        "memmap": lambda: on_disk(POOL, tmp_path),
        "chunked": lambda: Counting(POOL, most=8),
        "rows": lambda: Items(POOL),
    }[kind]()
    picked = strategy.query(pool, 7, max_candidates=300)
    info = strategy.query_info_
    assert (info.n_pool, info.n_candidates) == (N, 300)
    assert_array_equal(np.unique(info.candidates), info.candidates)
    assert_array_equal(info.positions, picked)
    if kind in ("chunked", "rows"):
        # The first row may tell what the rows are like; no other is read in vain.
        read = set(pool.read) - ({0} - set(info.candidates))
        assert read <= set(info.candidates)
        asks_nothing = isinstance(strategy, RandomSampling)
        assert len(read) == (1 if asks_nothing else 300)
    assert info.status.endswith("among 300 of 5000 rows, drawn at random")
    among = strategy.query(POOL[info.candidates], 7)
    assert_array_equal(info.candidates[among], picked)


def test_what_strategies_tell_of_positions_is_of_the_pool():
    bait = seeded(BAIT())
    picked = bait.query(POOL, 5, max_candidates=200)
    info = bait.query_info_
    assert set(info.forward) <= set(info.candidates) >= set(info.removed)
    assert set(info.forward) - set(info.removed) == set(picked)
    albl = seeded(ALBL())
    picked = albl.query(POOL, 5, max_candidates=200)
    info = albl.query_info_
    assert_array_equal(info.arm_info.positions, picked)
    assert_array_equal(info.rows, POOL[picked])


def test_candidates_are_drawn_uniformly_and_anew_in_each_round():
    strategy = RandomSampling(random_state=0).fit(LABELED, Y)
    pool = POOL[:40]
    counts, rounds = np.zeros(40), 600
    for _ in range(rounds):
        strategy.query(pool, 1, max_candidates=10)
        drawn = strategy.query_info_.candidates
        strategy.query(pool, 2, max_candidates=10)
        assert_array_equal(strategy.query_info_.candidates, drawn)
        counts[drawn] += 1
        strategy.n_rounds_ += 1
    expected = rounds * 10 / 40
    # Without replacement: the counts vary by (1 - m/n) less.
    statistic = ((counts - expected) ** 2 / (expected * (1 - 10 / 40))).sum() * 39 / 40
    assert statistic < chi2.ppf(0.9999, 39)


def test_a_pool_of_no_more_rows_is_used_whole(strategy):
    picked = strategy.query(POOL[:100], 4)
    for m in (100, 101, 10**9):
        assert_array_equal(strategy.query(POOL[:100], 4, max_candidates=m), picked)
    info = strategy.query_info_
    assert info.n_pool == info.n_candidates == 100 and "candidates" not in info
    assert "drawn" not in info.status


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"max_candidates": 4}, "n=5 points among max_candidates=4"),
        ({"max_candidates": 0}, "at least 1"),
        ({"max_candidates": 10.0}, "must be an int"),
        ({"max_candidates": True}, "must be an int"),
        ({"storage": "float8"}, "'storage' parameter of query"),
        ({"storage": np.float32}, "'storage' parameter of query"),
    ],
)
def test_arguments_are_checked(strategy, given, words):
    for ask in (strategy.query, strategy.query_memory):
        with pytest.raises((TypeError, ValueError), match=words):
            ask(POOL, 5, **given)


def test_a_search_passes_candidates_and_storage_on():
    search = GridSearchCV(BADGE(random_state=0), {"init": ["uniform"]}, cv=2)
    search.fit(LABELED, Y)
    picked = query_search(search, POOL, 3, max_candidates=50, storage="float32")
    info = search.best_estimator_.query_info_
    assert_array_equal(info.positions, picked)
    assert info.n_candidates == 50


def test_lists_and_frames_have_candidates():
    frame = pd.DataFrame(POOL[:50], columns=list("abcd"))
    strategy = LeastConfidence(random_state=0).fit(
        pd.DataFrame(LABELED, columns=list("abcd")), Y
    )
    plain = seeded(LeastConfidence())
    assert_array_equal(
        strategy.query(frame, 3, max_candidates=20),
        plain.query(POOL[:50].tolist(), 3, max_candidates=20),
    )


# ---------------------------------------------------------------- storage


@pytest.mark.parametrize("pool", [POOL[:100], POOL], ids=["one block", "blocks"])
def test_answers_are_kept_in_the_dtype_asked_for(pool):
    strategy = seeded(Recording())
    with config_context(**IN_BLOCKS):
        strategy.query(pool.astype(np.float64))
        plain = strategy.query_info_
        for storage in ("float64", "float32", "float16"):
            strategy.query(pool.astype(np.float64), storage=storage)
            info = strategy.query_info_
            for name in ("predict_proba", "embed"):
                assert plain[name].dtype == np.float64
                assert info[name].dtype == storage
                assert_array_equal(info[name], plain[name].astype(storage))
    draws = RecordingDraws(random_state=0).fit(LABELED, Y)
    draws.query(pool, storage="float16")
    assert draws.query_info_.sample_posterior.dtype == np.float16


def test_float16_of_a_model_becomes_float32_unless_asked_for():
    class Half(LogisticRegression):
        pass

    embed.register(Half, lambda model, X, layer=None: X.astype(np.float16))
    strategy = Recording(Half()).fit(LABELED, Y)
    strategy.query(POOL[:9])
    assert strategy.query_info_.embed.dtype == np.float32
    strategy.query(POOL[:9], storage="float16")
    assert strategy.query_info_.embed.dtype == np.float16


def test_numbers_that_do_not_fit_are_refused():
    strategy = Recording().fit(LABELED, Y)
    pool = POOL.copy()
    pool[-1, 2] = 1e6
    for rows in (pool, pool[-9:]):
        with (
            config_context(**IN_BLOCKS),
            pytest.raises(ValueError, match=r"up to 1e\+06, too large for storage="),
        ):
            strategy.query(rows, storage="float16")


class WithConstant(LogisticRegression):
    """A tenth, which half precision rounds, stands beside its features."""


@embed.register(WithConstant)
def _(model, X, layer=None):
    return np.column_stack([X, np.full(len(X), 0.1)]).astype(np.float64)


@pytest.mark.parametrize(
    "strategy",
    [MinDistance(WithConstant()), PosteriorVariance(WithConstant())],
    ids=lambda strategy: type(strategy).__name__,
)
def test_half_precision_moves_no_labelled_row_away_from_the_pool(strategy):
    strategy = seeded(strategy)
    strategy.query(POOL, 5)
    scores = strategy.query_info_.scores
    strategy.query(POOL, 5, storage="float16")
    assert_allclose(strategy.query_info_.scores, scores, atol=5e-3)


@pytest.mark.parametrize(
    "strategy",
    [
        DiscriminativeSampling(),
        Hybrid(n_draws=5),
        Hybrid(n_draws=5, diversity="discriminator"),
        Hybrid(n_draws=5, diversity="posterior_variance"),
        ALBL(strategies=[MinDistance()]),
    ],
    ids=str,
)
def test_strategies_that_standardise_read_half_precision(strategy):
    strategy = seeded(strategy)
    picked = strategy.query(POOL[:300], 5, storage="float16")
    assert len(picked) == 5
    half = POOL[:300].astype(np.float16).astype(np.float32)
    assert len(np.intersect1d(picked, strategy.query(half, 20))) >= 3


def test_storage_reaches_the_arms_of_albl():
    class Seen(LeastConfidence):
        def _scores(self, pool):
            seen.append(pool.predict_proba.dtype)
            return super()._scores(pool)

    seen = []
    strategy = ALBL(strategies=[Seen()], random_state=0).fit(LABELED, Y)
    strategy.query(POOL[:50], storage="float64")
    strategy.query(POOL[:50])
    assert seen == [np.float64, np.float32]


# ---------------------------------------------------------------- memory


@pytest.mark.parametrize("storage", [None, "float32"])
def test_the_peak_stays_within_what_was_told(tmp_path, storage):
    n, d, n_classes, slack = 400_000, 64, 10, 16 * 2**20
    pool = np.memmap(tmp_path / "pool", np.float16, "w+", shape=(n, d))
    for start in range(0, n, 50_000):
        pool[start : start + 50_000] = rng.normal(size=(50_000, d))
    rows = rng.normal(size=(200, d))
    y = (rows @ rng.normal(size=(d, n_classes))).argmax(axis=1)
    strategy = LeastConfidence(random_state=0).fit(rows, y)
    with config_context(working_memory=32):
        told = strategy.query_memory(pool, 100, storage=storage)
        tracemalloc.start()
        try:
            strategy.query(pool, 100, storage=storage)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert told.kept == n * n_classes * (4 if storage else 8)
    assert told.block <= 32 * 2**20
    assert told.total == told.kept + told.block + told.selection
    # A copy of the pool as float64 would take 205 MB.
    assert told.kept < peak <= told.total + slack < n * d * 8


def test_features_that_a_pipeline_makes_count():
    class Watched(LogisticRegression):
        def predict_proba(self, X):
            sizes.append(X.shape)
            return super().predict_proba(X)

    sizes = []
    model = make_pipeline(PolynomialFeatures(4), Watched(max_iter=1000))
    strategy = LeastConfidence(model, random_state=0).fit(LABELED, Y)
    with config_context(working_memory=1):
        told = strategy.query_memory(POOL)
        sizes.clear()
        strategy.query(POOL)
    rows, features = max(sizes)
    assert features == 70 and 512 <= rows <= 1024
    assert rows * features * 4 < told.block <= 2**20


def test_memory_is_told_from_a_few_rows():
    pool = Counting(POOL, most=256)
    told = seeded(BADGE()).query_memory(pool, 3, storage="float16")
    assert pool.n_read <= 256 + 3
    assert told.kept == N * (3 + 5) * 2
    assert told.block == N * (4 * 4 + 4 * 8 * (4 + 3 + 5))
    told = seeded(BADGE()).query_memory(pool, 3, max_candidates=1000)
    assert told.kept == 1000 * (3 + 5) * 4 and told.candidates >= 8 * N
    told = seeded(BALD(n_draws=7)).query_memory(POOL[:50])
    assert told.kept == 50 * 7 * 3 * 4 and told.block == 50 * 32 * (4 + 21)


def test_memory_that_is_taken_once_does_not_count():
    """A cache that is filled, or what another thread takes meanwhile."""

    class Filling(LogisticRegression):
        def predict_proba(self, X):
            if len(X) not in filled:
                filled.add(len(X))
                np.ones(len(X) * 1000)
            return super().predict_proba(X)

    filled = set()
    told = seeded(LeastConfidence(Filling())).query_memory(POOL, 3)
    assert told.block == N * 4 * 8 * (4 + 3)
    assert 256 in filled


def test_a_strategy_tells_of_its_own_state():
    class Telling(Recording):
        def _selection_memory(self, n_pool, n, widths):
            seen.append((n_pool, n, widths))
            return 12345

    seen = []
    told = seeded(Telling()).query_memory(POOL, 5, max_candidates=20)
    assert told.selection == 12345
    assert seen == [(20, 5, {"predict_proba": (3,), "embed": (5,)})]


def test_a_pipeline_tells_what_the_transformed_pool_takes(tmp_path):
    strategy = seeded(STRATEGIES["a Pipeline of CoreSet"])
    told = strategy.query_memory(POOL, 5)
    assert told.transformed == N * 4 * 4
    parts = (told.transformed, told.kept, told.block, told.selection)
    assert told.total == sum(parts) and told.candidates == 0
    assert strategy.query_memory(on_disk(POOL, tmp_path), 5).transformed == 0
    assert strategy.query_memory(POOL, 5, max_candidates=50).transformed == 0
