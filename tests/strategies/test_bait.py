"""BAIT and MaxDet as strategies: what reaches the search, and what comes back."""

import numpy as np
import pytest
import sklearn
import torch
from net_zoo import Binary, HeadFirst, make_classifier, make_regressor
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.datasets import load_diabetes, load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetBinaryClassifier

from skactive import BAIT, ActiveLearningSimulation, MaxDet
from skactive.inspection import embed
from skactive.kernels.fisher import determinant_search, trace_search

X, Y = load_iris(return_X_y=True)
START = np.arange(0, 150, 10)
X_SUGAR, Y_SUGAR = load_diabetes(return_X_y=True)
BOTH = [BAIT, MaxDet]


class Answers(BaseEstimator):
    """Answers what it is given as features: its rows are the embeddings."""

    def fit(self, X, y):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        return np.zeros(len(X))


class RegressionAnswers(RegressorMixin, Answers):
    pass


class CertainAnswers(ClassifierMixin, Answers):
    """Sure of one class or the other."""

    def fit(self, X, y):
        self.classes_ = np.arange(3)
        return super().fit(X, y)

    def predict_proba(self, X):
        return np.eye(3)[np.arange(len(X)) % 3]


@embed.register(Answers)
def _(estimator, X, layer=None):
    return X


def picks(strategy, X_labeled, y, X_pool, n=6):
    return strategy.fit(X_labeled, y).query(X_pool, n).tolist()


def answers(strategy, rows, labeled=True):
    """Ask the model oneself, for the pool and for what is labelled."""
    both = {"": rows, "_labeled": strategy.X_labeled_} if labeled else {"": rows}
    arrays = {f"z{end}": torch.tensor(embed(strategy, x)) for end, x in both.items()}
    if hasattr(strategy, "predict_proba"):
        for end, x in both.items():
            arrays[f"p{end}"] = torch.tensor(strategy.predict_proba(x))
    return arrays


# --------------------------------------------------------------------- regression


@pytest.mark.parametrize("strategy", BOTH)
def test_regression_does_not_depend_on_the_targets(strategy):
    seen, pool = X_SUGAR[:20], X_SUGAR[20:]
    rng = np.random.default_rng(0)
    targets = [Y_SUGAR[:20], 1e4 * Y_SUGAR[:20], rng.normal(size=(20, 3))]
    first, *others = (picks(strategy(Ridge()), seen, y, pool) for y in targets)
    assert others == [first, first]
    assert first != list(range(6))


def frozen_net(n_outputs, hidden=None):
    net = make_regressor(HeadFirst, module__n_outputs=n_outputs).initialize()
    if hidden is not None:
        net.module_.hidden.load_state_dict(hidden)
    return FrozenEstimator(net)


@pytest.mark.parametrize("strategy", BOTH)
def test_regression_does_not_depend_on_a_nets_outputs(strategy):
    rows = X.astype(np.float32)
    one = frozen_net(1)
    three = frozen_net(3, one.estimator.module_.hidden.state_dict())
    y = rows @ np.ones((4, 3), dtype=np.float32)
    single = picks(strategy(one), rows[START], y[START, :1], rows)
    assert picks(strategy(three), rows[START], y[START], rows) == single
    assert picks(strategy(one), rows[START], 1e3 * y[START, :1], rows) == single


@pytest.mark.parametrize("strategy", BOTH)
def test_a_pipeline_is_its_last_step_on_transformed_rows(strategy):
    seen, pool = X_SUGAR[:30] * np.arange(1, 11), X_SUGAR[30:] * np.arange(1, 11)
    y = Y_SUGAR[:30]
    whole = picks(strategy(make_pipeline(StandardScaler(), Ridge())), seen, y, pool)
    scaler = StandardScaler().fit(seen)
    by_hand = [scaler.transform(rows) for rows in (seen, pool)]
    assert whole == picks(strategy(Ridge()), by_hand[0], y, by_hand[1])
    assert whole != picks(strategy(Ridge()), seen, y, pool)


@pytest.mark.parametrize("scaling", ["paper", "authors", "sum"])
def test_the_objective_is_the_trace(scaling):
    seen, pool = X_SUGAR[:20], X_SUGAR[20:]
    strategy = BAIT(Ridge(), lam=0.1, oversample=3, scaling=scaling)
    strategy.fit(seen, Y_SUGAR[:20]).query(pool, 4)
    info = strategy.query_info_
    z, z_seen = embed(strategy, pool), embed(strategy, seen)
    fisher = (z.T @ z + z_seen.T @ z_seen) / len(X_SUGAR)
    factors = {"paper": (1 / 20, 1), "authors": (1 / 24, 4 / 24), "sum": (1, 1)}
    prior, weight = factors[scaling]

    def trace(batch):
        gram = z_seen.T @ z_seen * prior + z[batch].T @ z[batch] * weight
        return np.trace(np.linalg.solve(gram + 0.1 * np.eye(11), fisher))

    held = [list(info.forward[:i]) for i in range(13)]
    for row in info.removed:
        held.append([kept for kept in held[-1] if kept != row])
    assert len(info.objective) == 1 + 12 + 8
    np.testing.assert_allclose(info.objective, [trace(b) for b in held], rtol=1e-9)
    steps = np.diff(info.objective)
    assert (steps[:12] < 0).all() and (steps[12:] > 0).all()
    assert held[-1] == info.positions.tolist()
    assert (info.status, info.recomputed) == ("complete", False)


def test_gains_are_those_of_the_determinant():
    strategy = MaxDet(Ridge(), lam=0.1).fit(X_SUGAR[:20], Y_SUGAR[:20])
    picked = strategy.query(X_SUGAR[20:], 5)
    z, z_seen = embed(strategy, X_SUGAR[20:]), embed(strategy, X_SUGAR[:20])
    gram = z_seen.T @ z_seen / 20 + 0.1 * np.eye(11)
    logdet = [
        np.linalg.slogdet(gram + z[picked[:i]].T @ z[picked[:i]])[1] for i in range(6)
    ]
    np.testing.assert_allclose(strategy.query_info_.gains, np.diff(logdet), rtol=1e-9)
    assert strategy.set_params(fisher="full").query(X_SUGAR[20:], 5).tolist() == (
        picked.tolist()
    )


# ----------------------------------------------------------------- classification


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"lam": 0.01, "oversample": 1, "scaling": "authors"},
        {"fisher_term": False, "rank": 2, "scaling": "sum"},
        {"approximation": "block"},
    ],
)
def test_bait_is_the_search_over_what_the_model_answers(params):
    strategy = BAIT(LogisticRegression(max_iter=500), **params)
    picked = strategy.fit(X[START], Y[START]).query(X, 7)
    found = trace_search(n=7, **answers(strategy, X), **params)
    assert picked.tolist() == found.positions.tolist()
    np.testing.assert_array_equal(strategy.query_info_.objective, found.objective)


@pytest.mark.parametrize("fisher", ["gradient", "full"])
def test_maxdet_is_the_search_over_what_the_model_answers(fisher):
    strategy = MaxDet(LogisticRegression(max_iter=500), fisher=fisher, lam=0.3)
    picked = strategy.fit(X[START], Y[START]).query(X, 7)
    found = determinant_search(n=7, fisher=fisher, lam=0.3, **answers(strategy, X))
    assert picked.tolist() == found.positions.tolist()


def equal_nets():
    """Make two nets that give the same probabilities, by one logit and by two."""
    settings = {"train_split": None, "verbose": 0}
    one = NeuralNetBinaryClassifier(Binary, **settings).initialize()
    two = make_classifier(HeadFirst, module__n_outputs=2, classes=[0, 1]).initialize()
    two.module_.hidden.load_state_dict(one.module_.hidden.state_dict())
    with torch.no_grad():
        for name in ("weight", "bias"):
            getattr(two.module_.head, name).zero_()
            getattr(two.module_.head, name)[1] = getattr(one.module_.head, name)[0]
    return FrozenEstimator(one), FrozenEstimator(two)


@pytest.mark.parametrize("strategy", BOTH)
def test_one_logit_is_two_logits(strategy):
    rows, y = X.astype(np.float32), (Y > 0).astype(int)
    one, two = (strategy(net, random_state=0) for net in equal_nets())
    assert picks(one, rows[START], y[START], rows, 8) == (
        picks(two, rows[START], y[START], rows, 8)
    )
    np.testing.assert_allclose(
        one.predict_proba(rows), two.predict_proba(rows), rtol=1e-5
    )


def test_rank_is_of_no_effect_where_one_column_is_all():
    y = (Y > 0).astype(int)
    whole = picks(BAIT(), X[START], y[START], X)
    assert picks(BAIT(rank=1), X[START], y[START], X) == whole
    sugar = picks(BAIT(Ridge()), X_SUGAR[:20], Y_SUGAR[:20], X_SUGAR)
    assert picks(BAIT(Ridge(), rank=5), X_SUGAR[:20], Y_SUGAR[:20], X_SUGAR) == sugar


def test_the_layer_is_the_users_to_name():
    rows = X.astype(np.float32)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = FrozenEstimator(make_classifier(HeadFirst, module__width=9).initialize())
    for strategy in (BAIT(net), MaxDet(net)):
        strategy.fit(rows[START], Y[START]).query(rows, 4)
        of_head = strategy.query_info_.positions.tolist()
        strategy.set_params(layer="hidden").query(rows, 4)
        assert strategy.query_info_.positions.tolist() != of_head


# ------------------------------------------------------------------------- bounds


def test_little_working_memory_recomputes_and_chooses_the_same():
    strategy = BAIT(random_state=0).fit(X[START], Y[START])
    kept = strategy.query(X, 10).tolist()
    assert not strategy.query_info_.recomputed
    assert strategy.query_info_.n_refreshes >= 1
    objective = strategy.query_info_.objective
    with sklearn.config_context(working_memory=0):
        assert strategy.query(X, 10).tolist() == kept
    assert strategy.query_info_.recomputed
    np.testing.assert_allclose(strategy.query_info_.objective, objective, rtol=1e-9)


def test_regression_is_one_block():
    exact, blocks = BAIT(Ridge()), BAIT(Ridge(), approximation="block")
    data = X_SUGAR[:20], Y_SUGAR[:20], X_SUGAR[20:]
    assert picks(exact, *data) == picks(blocks, *data)


def test_scores_that_overflow_get_a_sentence():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 3))
    strategy = BAIT(Ridge(), random_state=0).fit(rows, rows[:, 0])
    with pytest.raises(ValueError, match="The scores of rows overflow"):
        strategy.query(rows * 1e150, 3)


WIDE = np.ones((4, 600_000))  # dense matrices of 12 TB


@pytest.mark.parametrize(
    ("strategy", "way_out"),
    [
        (BAIT(RegressionAnswers()), "approximation='sketch'.* or a narrower layer.$"),
        (BAIT(CertainAnswers()), "approximation='sketch'.*approximation='block'"),
        (BAIT(CertainAnswers(), approximation="block"), "or a narrower layer.$"),
        (MaxDet(RegressionAnswers()), "GB of memory: use a narrower layer.$"),
        (MaxDet(CertainAnswers()), "GB of memory: use a narrower layer.$"),
    ],
)
def test_too_wide_an_embedding_is_refused_with_a_way_out(strategy, way_out):
    strategy.fit(WIDE[:1], [0])
    size = r"00000 x \d+00000 matrices in float64, \d+\.\d GB in all, "
    with pytest.raises(MemoryError, match=f"{size}.*{way_out}"):
        strategy.query(WIDE, 2)


def test_a_sketch_takes_a_wide_embedding():
    sketch = BAIT(RegressionAnswers(), approximation="sketch", sketch_width=2)
    assert len(set(picks(sketch, WIDE[:1], [0], WIDE, 2))) == 2


@pytest.mark.parametrize(
    ("strategy", "params", "error"),
    [
        *((strategy, {"lam": 0}, ValueError) for strategy in BOTH),
        *((strategy, {"lam": -1.0}, ValueError) for strategy in BOTH),
        *((strategy, {"lam": np.inf}, ValueError) for strategy in BOTH),
        *((strategy, {"lam": "1"}, TypeError) for strategy in BOTH),
        (BAIT, {"oversample": 0.5}, ValueError),
        (BAIT, {"oversample": None}, TypeError),
        (BAIT, {"fisher_term": "yes"}, ValueError),
        (BAIT, {"scaling": "mean"}, ValueError),
        (BAIT, {"approximation": "diagonal"}, ValueError),
        (BAIT, {"sketch_width": 0}, ValueError),
        (BAIT, {"sketch_width": 2.5}, TypeError),
        (BAIT, {"rank": 0}, ValueError),
        (BAIT, {"rank": True}, TypeError),
        (BAIT, {"rank": 4}, ValueError),
        (MaxDet, {"fisher": "trace"}, ValueError),
    ],
)
def test_bad_parameters_get_a_sentence(strategy, params, error):
    ((name, value),) = params.items()
    fitted = strategy(**params).fit(X[START], Y[START])
    sentence = rf"'{name}' parameter of {strategy.__name__} must be .* Got "
    with pytest.raises(error, match=sentence) as told:
        fitted.query(X, 3)
    assert f"Got {value!r} instead" in str(told.value)


@pytest.mark.parametrize("strategy", BOTH)
def test_nothing_labelled_yet(strategy):
    model = FrozenEstimator(LogisticRegression(max_iter=500).fit(X, Y))
    search = trace_search if strategy is BAIT else determinant_search
    fitted = strategy(model).fit(X[:0], Y[:0])
    found = search(n=5, **answers(fitted, X, labeled=False))
    assert fitted.query(X, 5).tolist() == found.positions.tolist()


@pytest.mark.parametrize("strategy", BOTH)
def test_nothing_to_add_is_told(strategy):
    certain = strategy(CertainAnswers(), random_state=0).fit(X[:3], [0, 1, 2])
    assert len(set(certain.query(X, 6).tolist())) == 6
    assert certain.query_info_.status.startswith("6 of 6 filled in at random")
    rows = np.zeros((9, 2))
    rows[4] = 1
    plain = strategy(LinearRegression(fit_intercept=False), random_state=0)
    plain.fit(rows[:2], [0.0, 1.0])
    assert plain.query(rows, 3)[0] == 4
    assert plain.query_info_.status.startswith("2 of 3 filled in at random")


# -------------------------------------------------------------------------- seeds


@pytest.mark.parametrize(
    "strategy",
    [BAIT(), BAIT(approximation="sketch", sketch_width=5), MaxDet(fisher="full")],
    ids=["exact", "sketch", "maxdet"],
)
def test_neither_threads_nor_the_global_seed_matter(strategy):
    rng = np.random.default_rng(0)
    rows, y = rng.normal(size=(2000, 12)), rng.integers(4, size=2000)
    strategy.set_params(random_state=3).fit(rows[:40], y[:40])
    torch.manual_seed(0)
    first = strategy.query(rows, 5).tolist()
    n_threads = torch.get_num_threads()
    torch.manual_seed(1)
    try:
        torch.set_num_threads(2)
        assert strategy.query(rows, 5).tolist() == first
    finally:
        torch.set_num_threads(n_threads)


def test_the_seed_draws_the_sketch():
    frozen = FrozenEstimator(LogisticRegression(max_iter=500).fit(X, Y))
    narrow = [
        BAIT(frozen, approximation="sketch", sketch_width=3, random_state=seed)
        for seed in range(3)
    ]
    assert len({tuple(picks(s, X[START], Y[START], X)) for s in narrow}) > 1
    exact = {
        tuple(picks(BAIT(frozen, random_state=s), X[:9], Y[:9], X)) for s in (0, 1)
    }
    assert len(exact) == 1


# ----------------------------------------------------------------------- searches


@pytest.mark.parametrize(
    ("model", "grid", "n_jobs"),
    [
        (make_pipeline(StandardScaler(), Ridge()), {"lam": [0.01, 1.0, 10.0]}, 2),
        (
            LogisticRegression(max_iter=500),
            {"scaling": ["paper", "sum"], "oversample": [1, 2], "rank": [None, 1]},
            1,
        ),
    ],
    ids=["lam", "options"],
)
def test_grid_search_in_a_simulation(model, grid, n_jobs):
    rows, y = (X, Y) if "rank" in grid else (X_SUGAR, Y_SUGAR)
    loop = {"n_initial": 9, "batch_size": 5, "n_queries": 2, "random_state": 0}
    search = GridSearchCV(
        ActiveLearningSimulation(BAIT(model), **loop),
        {f"strategy__{name}": values for name, values in grid.items()},
        cv=2,
        n_jobs=n_jobs,
    ).fit(rows, y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) > 1
