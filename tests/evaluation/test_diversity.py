"""Log-determinant and length of a batch's gradients."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from reference.distances import gradient_embeddings
from sklearn.datasets import load_iris

from skactive import BADGE, ActiveLearningSimulation, RandomSampling
from skactive.evaluation import batch_diversity, diversity_of_batches
from skactive.inspection import embed


def batch(seed, n=4, d=5, n_classes=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)), rng.dirichlet(np.ones(n_classes), size=n)


@given(st.integers(0, 1000), st.integers(1, 6), st.integers(1, 4), st.integers(2, 5))
def test_both_numbers_are_those_of_the_gradients(seed, n, d, n_classes):
    z, proba = batch(seed, n, d, n_classes)
    residuals = proba - np.eye(n_classes)[proba.argmax(axis=1)]
    g = np.array([np.kron(a, row) for a, row in zip(residuals, z, strict=True)])
    found = batch_diversity(z, proba)
    assert found.mean_norm == pytest.approx(np.linalg.norm(g, axis=1).mean())
    singular = np.linalg.svd(g, compute_uv=False)
    if n > d * (n_classes - 1):  # the columns of residuals sum to 0
        assert found.gram_logdet == -math.inf
    elif singular[-1] > 1e-4 * singular[0]:
        assert found.gram_logdet == pytest.approx(2 * np.log(singular).sum(), abs=1e-5)
    assert_allclose(batch_diversity(g)[:2], found[:2], rtol=1e-5, atol=1e-5)


@given(st.integers(0, 1000), st.sampled_from([1e-150, 1e-9, 1e9, 1e150]))
def test_the_unit_of_the_embedding_only_shifts_it(seed, unit):
    z, proba = batch(seed)
    plain, scaled = batch_diversity(z, proba), batch_diversity(unit * z, proba)
    expected = plain.gram_logdet + 2 * len(z) * math.log(unit)
    assert scaled.gram_logdet == pytest.approx(expected, abs=1e-6)
    assert scaled.mean_norm == pytest.approx(unit * plain.mean_norm)


@given(st.integers(0, 1000), st.permutations(range(4)))
def test_the_order_of_the_batch_does_not_matter(seed, order):
    z, proba = batch(seed)
    found = batch_diversity(z[order], proba[order])
    assert_allclose(found[:2], batch_diversity(z, proba)[:2], rtol=1e-8, atol=1e-8)


def test_duplicates_and_certain_rows_have_no_volume():
    z, proba = batch(0)
    assert batch_diversity(z[[0, 1, 1]], proba[[0, 1, 1]]).gram_logdet == -math.inf
    proba[2] = [1, 0, 0]
    found = batch_diversity(z, proba)
    assert found.gram_logdet == -math.inf and found.mean_norm > 0


@pytest.mark.parametrize(
    ("embeddings", "proba", "sentence"),
    [
        ([1.0], None, r"'embeddings' parameter.*\(1,\)"),
        (np.zeros((0, 2)), None, r"'embeddings' parameter.*\(0, 2\)"),
        ([[np.nan]], None, "'embeddings' parameter must be finite"),
        ([[1.0]], [[0.5, 0.5]] * 2, "as many rows. Got 1 and 2"),
        ([[1.0]], [[1.5, -0.5]], "'proba' parameter.*from -0.5 to 1.5"),
    ],
)
def test_what_is_no_batch_is_refused(embeddings, proba, sentence):
    with pytest.raises(ValueError, match=sentence):
        batch_diversity(embeddings, proba)


# ------------------------------------------------------------- of a simulation


def played(strategy, n_queries=3, **settings):
    X, y = load_iris(return_X_y=True)
    simulation = ActiveLearningSimulation(
        strategy,
        n_initial=6,
        batch_size=4,
        n_queries=n_queries,
        random_state=0,
        **settings,
    )
    return simulation.fit(X, y), X


def test_batches_are_seen_by_the_model_that_asked_for_them():
    simulation, X = played(BADGE())
    found = diversity_of_batches(simulation, X, embed)
    assert_array_equal(found.budget, [6, 10, 14])
    assert found.gram_logdet.shape == found.mean_norm.shape == (3,)
    for query, model in enumerate(simulation.estimators_[:-1], start=1):
        rows = X[simulation.labeled_indices_[simulation.labeled_iter_ == query]]
        residuals = model.predict_proba(rows)
        residuals[range(4), residuals.argmax(axis=1)] -= 1
        g = gradient_embeddings(embed(model.estimator_, rows), residuals)
        sign, logdet = np.linalg.slogdet(g @ g.T)
        assert sign == 1
        assert found.gram_logdet[query - 1] == pytest.approx(logdet, abs=1e-6)
        mean_norm = np.linalg.norm(g, axis=1).mean()
        assert found.mean_norm[query - 1] == pytest.approx(mean_norm)


def test_a_strategy_that_shows_its_gradients_shows_the_same():
    X, y = load_iris(return_X_y=True)
    strategy = BADGE(random_state=0).fit(X[::25], y[::25])
    picked = strategy.query(X, 5)
    proba = strategy.predict_proba(X[picked])
    found = batch_diversity(embed(strategy.estimator_, X[picked]), proba)
    info = strategy.query_info_
    assert found.gram_logdet == pytest.approx(info.gram_logdet, abs=1e-6)
    assert found.mean_norm == pytest.approx(info.mean_norm)


def test_a_frame_is_looked_at_by_positions():
    X, y = load_iris(return_X_y=True, as_frame=True)
    X.index = X.index[::-1]
    simulation = ActiveLearningSimulation(
        RandomSampling(), n_initial=6, batch_size=4, n_queries=2, random_state=0
    )
    found = diversity_of_batches(simulation.fit(X, y), X, embed)
    plain, rows = played(RandomSampling(), n_queries=2)
    assert_allclose(found.gram_logdet, diversity_of_batches(plain, rows, embed)[0])


def test_a_strategy_without_gradients_can_be_asked_too():
    simulation, X = played(RandomSampling(), n_queries=2)
    assert len(diversity_of_batches(simulation, X, embed).gram_logdet) == 2


def test_a_simulation_must_have_kept_its_models_and_asked():
    simulation, X = played(RandomSampling(), keep_estimators=False)
    with pytest.raises(ValueError, match="keep_estimators=True"):
        diversity_of_batches(simulation, X, embed)
    simulation, X = played(RandomSampling(), callbacks=[lambda simulation: True])
    with pytest.raises(ValueError, match="must have made a query"):
        diversity_of_batches(simulation, X, embed)
