import math
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression

from skactive import ProbabilisticCoreSet

X, Y = load_iris(return_X_y=True)
START = np.arange(0, 150, 10)
CENTRES = np.array([[0, 0], [50, 0], [0, 50], [50, 50], [25, 25], [75, 25]])


def clusters(n_each=20, seed=0):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n_each * len(CENTRES), 2))
    return np.repeat(CENTRES, n_each, axis=0) + noise


def pure(**options):
    """Without least confidence; the embedding is the features, without a 1."""
    model = LinearRegression(fit_intercept=False)
    return ProbabilisticCoreSet(model, exploit=0, random_state=0, **options)


def test_a_batch_meets_a_cluster_each():
    rows = clusters()
    strategy = pure(n_components=6, n_batches=300)
    picked = strategy.fit(rows[:1], [0.0]).query(rows, 4)
    # The labelled row tells of the first cluster, and the last is what remains.
    assert len({0, *(picked // 20)}) == 5
    info = strategy.query_info_
    assert info.information == pytest.approx(math.log(6), abs=1e-6)
    rest = math.log(6) - 5 / 6 * math.log(5)
    assert info.information_labeled == pytest.approx(rest, abs=1e-6)
    assert info.score == pytest.approx(1, abs=1e-6)
    assert (info.n_components, info.n_kept, info.converged) == (6, 120, True)
    assert info.status == "complete"


def test_later_rounds_leave_out_what_is_like_the_labelled_rows():
    rows = clusters()
    strategy = pure(n_components=3)
    known = rows[:60]  # three of six clusters
    strategy.fit(known[:30], np.zeros(30))
    strategy.query(rows, 10)
    assert strategy.query_info_.n_kept == 120
    strategy.partial_fit(known[30:], np.zeros(30))
    picked = strategy.query(rows, 10)
    assert strategy.query_info_.n_kept == 60
    assert (picked >= 60).all()


def test_the_second_mixture_sees_the_rows_kept_alone():
    rows = clusters()
    rows[60:] = 99.0  # far from all that is labelled
    strategy = pure(n_components=3).fit(rows[:30], np.zeros(30))
    strategy.query(rows, 4)
    assert strategy.query_info_.n_components == 3
    strategy.partial_fit(rows[30:60], np.zeros(30))
    assert (strategy.query(rows, 4) >= 60).all()
    assert strategy.query_info_.n_components == 1


@pytest.mark.parametrize(
    "n, n_components, n_kept", [(1, 2, 60), (40, 2, 80), (1, 90, 90), (120, 2, 120)]
)
def test_how_many_rows_the_cut_keeps(n, n_components, n_kept):
    rows = clusters()
    strategy = pure(n_components=n_components, n_batches=3).fit(rows[:9], np.zeros(9))
    strategy.partial_fit(rows[9:18], np.zeros(9))
    assert len(set(strategy.query(rows, n).tolist())) == n
    assert strategy.query_info_.n_kept == n_kept


def test_the_best_of_more_batches_tells_more():
    informations = []
    for n_batches in (1, 10, 200):
        strategy = pure(n_components=16, n_batches=n_batches)
        strategy.fit(X[START[:3]], Y[START[:3]]).query(X, 8)
        informations.append(strategy.query_info_.information)
    assert informations == sorted(informations)
    assert informations[-1] > informations[0] + 0.1


@pytest.mark.parametrize("n_rounds", [0, 1])
def test_exploit_mixes_in_least_confidence(n_rounds):
    model = FrozenEstimator(LogisticRegression(max_iter=500).fit(X, Y))
    doubt = (1 - model.predict_proba(X).max(axis=1)) / (1 - 1 / 3)
    means = []
    for exploit in (0, 0.1, 1):
        strategy = ProbabilisticCoreSet(
            model, exploit=exploit, n_components=8, random_state=0
        ).fit(X[:2], Y[:2])
        for _ in range(n_rounds):
            strategy.partial_fit(X[2:3], Y[2:3])
        picked = strategy.query(X, 5)
        info = strategy.query_info_
        means.append(doubt[picked].mean())
        expected = (1 - exploit) * info.information / math.log(8)
        assert info.score == pytest.approx(expected + exploit * means[-1])
        assert info.n_kept == (75 if n_rounds else 150)
    assert max(means) == means[2] > means[0] + 0.1


@pytest.mark.parametrize("scale", [1e-150, 1e-6, 1e6, 1e150])
def test_the_scale_of_the_embedding_does_not_matter(scale):
    # Powers of two are exact, so that nothing hangs on rounding.
    scale = 2.0 ** round(math.log2(scale))
    rows = clusters()
    model = FrozenEstimator(LinearRegression(fit_intercept=False).fit(rows, rows[:, 0]))
    picks = [
        ProbabilisticCoreSet(model, exploit=0, random_state=0)
        .fit(factor * rows[:4], np.zeros(4))
        .query(factor * rows, 6)
        .tolist()
        for factor in (1.0, scale)
    ]
    assert picks[0] == picks[1]


@pytest.mark.parametrize("n_rows", [1, 2, 20, 40])
@pytest.mark.parametrize("n_labeled", [0, 1, 30])
def test_few_rows_in_many_dimensions(n_rows, n_labeled):
    rng = np.random.default_rng(0)
    rows, labeled = rng.normal(size=(n_rows, 128)), rng.normal(size=(n_labeled, 128))
    model = LogisticRegression().fit(rng.normal(size=(9, 128)), np.arange(9) % 2)
    frozen = FrozenEstimator(model)
    strategy = ProbabilisticCoreSet(frozen, n_batches=5, random_state=0)
    strategy.fit(labeled, np.zeros(n_labeled, dtype=int))
    for n_round in range(2):
        n = max(n_rows // 2, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert len(set(strategy.query(rows, n).tolist())) == n
        info = strategy.query_info_
        assert info.round == n_round
        assert info.n_components == min(32, n_rows, info.n_kept)
        is_capped = f"{info.n_components} component(s) instead of 32" in info.status
        assert is_capped == (info.n_components < 32)
        assert math.isfinite(info.score)
        strategy.partial_fit(labeled, np.zeros(n_labeled, dtype=int))


def test_copies_count_once_and_equal_batches_are_told():
    rows = np.repeat(CENTRES[:3], 10, axis=0).astype(float)
    strategy = pure(n_components=5).fit(rows[[0, 10, 20]], np.zeros(3))
    strategy.query(rows, 4)
    assert strategy.query_info_.n_components == 3
    assert strategy.query_info_.status == (
        "3 component(s) instead of 5: no more rows are distinct; "
        "all batches tell as much about the mixture"
    )
    # All rows equal, among the labelled ones too: nothing to divide by.
    equal = pure().fit(np.ones((3, 2)), np.zeros(3))
    assert len(set(equal.query(np.ones((9, 2)), 4).tolist())) == 4
    assert equal.query_info_.information == 0


def test_different_seeds_draw_different_batches():
    picks = {
        tuple(ProbabilisticCoreSet(random_state=s).fit(X[START], Y[START]).query(X, 5))
        for s in range(4)
    }
    assert len(picks) > 1


def test_embeddings_out_of_range_get_a_sentence():
    rows = clusters()
    model = FrozenEstimator(LinearRegression(fit_intercept=False).fit(rows, rows[:, 0]))
    strategy = ProbabilisticCoreSet(model, exploit=0).fit(rows, np.zeros(120))
    with pytest.raises(ValueError, match=r"finite embeddings.*scale the features"):
        strategy.query(np.array([[1e308, 0], [-1e308, 0]]), 1)


@pytest.mark.parametrize(
    "params, error",
    [
        ({"n_components": 1}, ValueError),
        ({"n_components": 2.0}, TypeError),
        ({"n_batches": 0}, ValueError),
        ({"n_batches": True}, TypeError),
        ({"exploit": -0.1}, ValueError),
        ({"exploit": 1.5}, ValueError),
        ({"exploit": math.nan}, ValueError),
        ({"exploit": "0.1"}, TypeError),
        ({"exploit": True}, TypeError),
    ],
)
def test_bad_parameters_get_a_sentence(params, error):
    (name,) = params
    strategy = ProbabilisticCoreSet(**params).fit(X[START], Y[START])
    with pytest.raises(error, match=f"{name!r} parameter of ProbabilisticCoreSet must"):
        strategy.query(X, 3)


def test_probabilities_are_asked_for_only_where_they_count():
    with pytest.raises(TypeError, match="asks its model for predict_proba"):
        ProbabilisticCoreSet(LinearRegression()).fit(X[START], X[START, 0])
    assert len(pure().fit(X[START], X[START, 0]).query(X, 3)) == 3
