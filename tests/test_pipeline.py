"""Pipelines around and inside a strategy."""

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from chunked import Counting
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline as plain_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skactive import BADGE, BAIT, ActiveLearningSimulation, CoreSet, MarginSampling
from skactive.pipeline import Pipeline, make_pipeline

X, Y = load_iris(return_X_y=True)
START = np.arange(0, 150, 15)


def scaled(strategy=None):
    return make_pipeline(StandardScaler(), strategy or BADGE(random_state=0))


@pytest.mark.parametrize("strategy", [BADGE, BAIT, CoreSet, MarginSampling])
def test_the_pool_is_transformed_by_what_fit_has_fitted(strategy):
    pipeline = scaled(strategy(random_state=0)).fit(X[START], Y[START])
    scaler = StandardScaler().fit(X[START])
    alone = strategy(random_state=0).fit(scaler.transform(X[START]), Y[START])
    assert_array_equal(pipeline.query(X, 5), alone.query(scaler.transform(X), 5))
    assert_array_equal(pipeline.query_info_.positions, alone.query_info_.positions)
    assert_array_equal(pipeline.predict(X), alone.predict(scaler.transform(X)))


def test_partial_fit_keeps_the_transformers():
    pipeline = scaled().fit(X[START], Y[START])
    mean = pipeline[0].mean_.copy()
    picked = pipeline.query(X, 4)
    pipeline.partial_fit(X[picked], Y[picked])
    assert_array_equal(pipeline[0].mean_, mean)
    assert pipeline.n_rounds_ == 1
    labeled = np.concatenate([START, picked])
    assert_array_equal(pipeline[-1].X_labeled_, pipeline[0].transform(X[labeled]))
    assert_array_equal(pipeline[-1].y_labeled_, Y[labeled])


def test_partial_fit_without_fit_is_fit():
    first = scaled().partial_fit(X[START], Y[START])
    assert_array_equal(first.query(X, 3), scaled().fit(X[START], Y[START]).query(X, 3))


def test_one_step_is_the_strategy():
    alone = BADGE(random_state=0).fit(X[START], Y[START])
    pipeline = make_pipeline(BADGE(random_state=0)).fit(X[START], Y[START])
    assert_array_equal(pipeline.query(X, 5), alone.query(X, 5))


def test_sparse_features_take_what_is_stored_of_them():
    texts = [f"word{i} word{i % 7} again" for i in range(600)]
    chain = make_pipeline(HashingVectorizer(n_features=2**18), MarginSampling())
    chain.fit(texts[:50], np.arange(50) % 2)
    stored = chain[0].transform(texts)
    told = chain.query_memory(texts, 3)
    taken = stored.data.nbytes + stored.indices.nbytes + stored.indptr.nbytes
    assert taken <= told.transformed <= 2 * taken
    assert told.total == sum(told.values()) - told.total
    assert chain.query_memory(texts, 3, max_candidates=50).transformed == 0


def test_slices_of_chunks_are_told_through_a_pipeline():
    rows = np.random.default_rng(0).normal(size=(9000, 3)).astype(np.float32)
    pool = Counting(rows, chunks=(9000, 1))
    alone = MarginSampling().fit(rows[:50], np.arange(50) % 2)
    chain = make_pipeline(StandardScaler(), MarginSampling())
    chain.fit(rows[:50], np.arange(50) % 2)
    drawn = 8 * (9000 + 3 * 40)
    for strategy in (alone, chain):
        told = strategy.query_memory(pool, 3, max_candidates=40).candidates
        assert told == drawn + rows.nbytes


def test_fitted_transformers_are_cached(tmp_path):
    pipeline = Pipeline(
        [("pca", PCA(2, random_state=0)), ("ask", BADGE(random_state=0))],
        memory=joblib.Memory(tmp_path, verbose=0),
    )
    picked = [pipeline.fit(X[START], Y[START]).query(X, 4) for _ in range(2)]
    assert_array_equal(*picked)
    plain = make_pipeline(PCA(2, random_state=0), BADGE(random_state=0))
    assert_array_equal(picked[0], plain.fit(X[START], Y[START]).query(X, 4))
    assert any(tmp_path.rglob("output.pkl"))


def frame():
    table = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    table["kind"] = np.where(X[:, 0] > 5.8, "long", "short")
    return table


@pytest.mark.parametrize("inside", [False, True])
def test_columns_of_a_data_frame_with_strings(inside):
    columns = make_column_transformer(
        (StandardScaler(), ["a", "b", "c", "d"]), (OneHotEncoder(), ["kind"])
    )
    if inside:
        chain = MarginSampling(plain_pipeline(columns, LogisticRegression()))
    else:
        chain = make_pipeline(columns, MarginSampling(random_state=0))
    table, names = frame(), np.array(["x", "y", "z"])[Y]
    chain.fit(table.iloc[START], names[START])
    picked = chain.query(table, 5)
    chain.partial_fit(table.iloc[picked], names[picked])
    assert chain.n_rounds_ == 1
    assert set(chain.predict(table)) <= {"x", "y", "z"}
    assert chain.score(table, names) > 0.5


def test_transformers_may_give_data_frames():
    with sklearn.config_context(transform_output="pandas"):
        pipeline = scaled().fit(pd.DataFrame(X[START]), Y[START])
        picked = pipeline.query(pd.DataFrame(X), 5)
        assert hasattr(pipeline[-1].X_labeled_, "columns")
    assert_array_equal(picked, scaled().fit(X[START], Y[START]).query(X, 5))


def test_weights_reach_the_model_by_name():
    weights = np.linspace(0.1, 3, len(START))
    pipeline = scaled(MarginSampling(random_state=0))
    pipeline.fit(X[START], Y[START], marginsampling__sample_weight=weights)
    rows = StandardScaler().fit_transform(X[START])
    wanted = LogisticRegression().fit(rows, Y[START], sample_weight=weights)
    np.testing.assert_allclose(pipeline[-1].estimator_.coef_, wanted.coef_)
    with pytest.raises(ValueError, match=r"'marginsampling__'.*sample_weight"):
        pipeline.partial_fit(X[:2], Y[:2], sample_weight=np.ones(2))
    more = {"marginsampling__sample_weight": np.full(2, 5.0)}
    pipeline.partial_fit(X[:2], Y[:2], **more)
    rows = np.concatenate([rows, pipeline[0].transform(X[:2])])
    wanted.fit(
        rows, np.append(Y[START], Y[:2]), sample_weight=np.append(weights, [5.0, 5.0])
    )
    np.testing.assert_allclose(pipeline[-1].estimator_.coef_, wanted.coef_)


def test_weights_are_routed():
    weights = np.linspace(0.1, 3, len(START))
    with sklearn.config_context(enable_metadata_routing=True):
        model = LogisticRegression().set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, MarginSampling(model))
        pipeline.fit(X[START], Y[START], classes=[0, 1, 2, 3], sample_weight=weights)
        pipeline.partial_fit(X[:2], Y[:2], sample_weight=np.ones(2))
    rows = pipeline[0].transform(np.concatenate([X[START], X[:2]]))
    wanted = LogisticRegression().fit(
        rows, np.append(Y[START], Y[:2]), sample_weight=np.append(weights, [1, 1])
    )
    np.testing.assert_allclose(pipeline[-1].estimator_.coef_, wanted.coef_)


@pytest.mark.parametrize("routing", [False, True])
def test_it_plays_in_a_simulation_and_repeats(routing):
    pipeline = make_pipeline(PCA(2, svd_solver="randomized"), BADGE())
    with sklearn.config_context(enable_metadata_routing=routing):
        first, second = (
            ActiveLearningSimulation(
                pipeline, n_initial=9, batch_size=3, n_queries=3, random_state=1
            ).fit(X, Y, X, Y)
            for _ in range(2)
        )
    assert_array_equal(first.labeled_indices_, second.labeled_indices_)
    assert_array_equal(first.learning_curve_.score, second.learning_curve_.score)
    # Each round's copy stays as it was while the loop went on.
    assert [len(one[-1].y_labeled_) for one in first.estimators_] == [9, 12, 15, 18]
    assert first.score(X, Y) > 0.7


def test_parameters_of_all_steps_are_searched():
    simulation = ActiveLearningSimulation(
        scaled(MarginSampling(LogisticRegression())), n_initial=9, n_queries=2
    )
    grid = {
        "strategy__marginsampling__estimator__C": [0.1, 1],
        "strategy__standardscaler__with_std": [True, False],
    }
    search = GridSearchCV(simulation.set_params(random_state=0), grid, cv=2)
    search.fit(X, Y)
    assert len(set(search.cv_results_["mean_test_score"])) > 1
    assert not np.isnan(search.cv_results_["mean_test_score"]).any()


def test_it_is_cloned_pickled_and_drawn(tmp_path):
    pipeline = clone(scaled()).fit(X[START], Y[START])
    joblib.dump(pipeline, tmp_path / "pipeline.joblib")
    loaded = joblib.load(tmp_path / "pipeline.joblib")
    assert_array_equal(loaded.query(X, 5), pipeline.query(X, 5))
    html = pipeline._repr_html_()
    assert "StandardScaler" in html
    assert "BADGE" in html
    assert "LogisticRegression" in scaled(BADGE(LogisticRegression()))._repr_html_()


def test_a_slice_is_a_plain_transformer():
    pipeline = scaled().fit(X[START], Y[START])
    assert_array_equal(pipeline[:1].transform(X), pipeline[0].transform(X))


def test_what_is_refused():
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(X[START], Y[START])
    for method in ("query", "partial_fit"):
        assert not hasattr(model, method)
        with pytest.raises(AttributeError, match=f"has no attribute '{method}'"):
            getattr(model, method)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        scaled().query(X)
    halving = FunctionTransformer(lambda rows: rows[: max(10, len(rows) // 2)])
    pipeline = make_pipeline(halving, MarginSampling()).fit(X[START], Y[START])
    with pytest.raises(ValueError, match="made 75 rows out of the pool's 150"):
        pipeline.query(X, 3)
