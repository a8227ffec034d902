import numpy as np
import pytest
import torch
from net_zoo import SmallMLP, make_classifier, make_regressor
from reference import information as textbook
from scipy.special import rel_entr
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import (
    BaggingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import BayesianRidge, LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skactive import (
    BALD,
    BatchBALD,
    Committee,
    Hybrid,
    MeanStd,
    QueryByCommittee,
    ScoringStrategy,
    VariationRatio,
)
from skactive.kernels import information

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
START = np.arange(0, 150, 10)
REST = np.setdiff1d(np.arange(150), START)
FOREST = RandomForestClassifier(12, random_state=0)
ONE_BY_ONE = [
    (BALD(), textbook.bald),
    (VariationRatio(), textbook.variation_ratio),
    (MeanStd(), textbook.mean_std),
    (QueryByCommittee(disagreement="kl"), textbook.bald),
]


class Recorder(ScoringStrategy):
    """Tells what draws any strategy with these settings is given."""

    requires = ("sample_posterior",)

    def __init__(self, estimator=None, *, n_draws=None, seen=None, random_state=None):
        super().__init__(estimator, random_state=random_state)
        self.n_draws = n_draws
        self.seen = seen

    def _scores(self, pool):
        self.seen.append(pool.sample_posterior)
        return np.zeros(pool.n)


def draws_given_to(strategy, labeled, y, rows):
    params = strategy.get_params(deep=False)
    recorder = Recorder(
        seen=[], **{k: params[k] for k in ("estimator", "n_draws", "random_state")}
    )
    recorder.fit(labeled, y).score_samples(rows)
    return recorder.seen[0]


def members(model, rows):
    """Give what the members of a fitted forest predict, from scikit-learn alone."""
    return np.array([tree.predict_proba(rows) for tree in model.estimators_])


@pytest.mark.parametrize(("strategy", "formula"), ONE_BY_ONE)
def test_scores_of_a_forest(strategy, formula):
    strategy.set_params(estimator=FOREST, random_state=0).fit(X[START], Y[START])
    expected = formula(members(strategy.estimator_, X))
    assert np.isin(members(strategy.estimator_, X), [0, 1]).all()
    scores = strategy.score_samples(X)
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    picked = strategy.query(X, 12)
    assert expected[picked].min() >= np.sort(expected)[-12] - 1e-6
    assert strategy.query_info_.status == "complete"


@pytest.mark.parametrize(
    "model",
    [LogisticRegression(), make_classifier(SmallMLP, max_epochs=5), FOREST],
    ids=["logistic", "dropout", "forest"],
)
@pytest.mark.parametrize(
    ("strategy", "kernel"),
    [
        (BALD(n_draws=12), information.bald),
        (VariationRatio(n_draws=12), information.variation_ratio),
        (MeanStd(n_draws=12), information.mean_std),
        (QueryByCommittee(n_draws=12), information.vote_entropy),
    ],
)
def test_scores_are_the_kernel_on_draws_of_the_strategy(strategy, kernel, model):
    strategy.set_params(estimator=model, random_state=1).fit(X[START], Y[START])
    draws = draws_given_to(strategy, X[START], Y[START], X[REST])
    assert draws.shape == (12, len(REST), 3)
    expected = kernel(torch.as_tensor(draws)).numpy()
    np.testing.assert_array_equal(strategy.score_samples(X[REST]), expected)


def test_vote_entropy_by_hand():
    stump = DecisionTreeClassifier(max_depth=1)
    committee = Committee([GaussianNB(), LogisticRegression(), stump])
    strategy = QueryByCommittee(committee, random_state=0).fit(X[START], NAMES[START])
    votes = np.array(
        [
            model.predict_proba(X).argmax(axis=1)
            for model in strategy.estimator_.estimators_
        ]
    )
    # Three votes: all alike, two against one, or all different.
    n_distinct = np.array([len(set(column)) for column in votes.T])
    two_to_one = -(2 / 3) * np.log(2 / 3) - (1 / 3) * np.log(1 / 3)
    expected = np.array([0, two_to_one, np.log(3)])[n_distinct - 1]
    assert set(n_distinct) >= {1, 2}
    np.testing.assert_allclose(strategy.score_samples(X), expected, atol=1e-12)


def test_divergence_of_members_is_bald():
    committee = Committee(
        [GaussianNB(), LogisticRegression(C=0.1), LogisticRegression()]
    )
    options = {"estimator": committee, "random_state": 0}
    divergence = QueryByCommittee(disagreement="kl", **options).fit(X[START], Y[START])
    scores = divergence.score_samples(X)
    p = np.array(
        [model.predict_proba(X) for model in divergence.estimator_.estimators_]
    )
    terms = rel_entr(p, p.mean(axis=0))
    np.testing.assert_allclose(scores, terms.sum(axis=2).mean(axis=0), atol=1e-6)
    bald = BALD(**options).fit(X[START], Y[START])
    np.testing.assert_array_equal(bald.score_samples(X), scores)
    votes = QueryByCommittee(**options).fit(X[START], Y[START])
    assert not np.allclose(votes.score_samples(X), scores)


def test_mean_std_of_a_regression():
    rows, target = load_diabetes(return_X_y=True)
    ridge = BayesianRidge().fit(rows[:40], target[:40])
    strategy = MeanStd(FrozenEstimator(ridge), n_draws=4000, random_state=0)
    strategy.fit(rows[:40], target[:40])
    scores = strategy.score_samples(rows)
    draws = draws_given_to(strategy, rows[:40], target[:40], rows)
    expected = draws.astype(np.float64).std(axis=0)[:, 0]
    np.testing.assert_allclose(scores, expected, rtol=1e-12)
    # The posterior is Gaussian: w ~ N(coef, sigma).
    centred = rows - ridge.X_offset_
    exact = np.sqrt(np.einsum("ij,jk,ik->i", centred, ridge.sigma_, centred))
    far = exact > np.median(exact)
    np.testing.assert_allclose(scores[far], exact[far], rtol=0.06)


def test_mean_std_of_more_rows_than_a_block():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4100, 2))
    model = RandomForestRegressor(5, random_state=0)
    strategy = MeanStd(model, random_state=0).fit(rows[:30], rows[:30])
    trees = strategy.estimator_.estimators_
    expected = np.array([tree.predict(rows) for tree in trees]).std(axis=0)
    np.testing.assert_allclose(
        strategy.score_samples(rows), expected.mean(axis=1), rtol=1e-5, atol=1e-7
    )


# ------------------------------------------------------------ batches


@pytest.mark.parametrize(
    "model", [LogisticRegression(), make_classifier(SmallMLP, max_epochs=5)]
)
def test_batch_of_one_is_the_best_of_bald(model):
    options = {"estimator": model, "n_draws": 20, "random_state": 0}
    alone = BALD(**options).fit(X[START], Y[START])
    batch = BatchBALD(**options).fit(X[START], Y[START])
    scores = alone.score_samples(X[REST])
    picked = batch.query(X[REST], 1)
    assert picked.tolist() == [scores.argmax()] == alone.query(X[REST], 1).tolist()
    np.testing.assert_allclose(batch.query_info_.scores, scores.max(), rtol=1e-9)
    assert batch.query_info_.n_exact == 1


def test_batch_of_a_forest_is_the_textbook_one():
    strategy = BatchBALD(FOREST, random_state=0).fit(X[START], Y[START])
    p = members(strategy.estimator_, X[REST])
    picked = strategy.query(X[REST], 4)
    chosen, scores = textbook.batch_bald(p, 4)
    assert picked.tolist() == chosen
    info = strategy.query_info_
    np.testing.assert_allclose(info.scores, scores, atol=1e-6)
    assert info.n_exact == 4 and info.status == "complete"
    assert (np.diff(info.scores) >= 0).all()
    assert info.scores[-1] <= textbook.bald(p)[picked].sum() + 1e-6


def test_batch_equals_the_kernel_on_the_draws():
    strategy = BatchBALD(n_draws=15, n_configurations=5000, random_state=2)
    strategy.fit(X[START], Y[START])
    picked = strategy.query(X[REST], 5)  # 3^5 configurations: none is drawn
    draws = torch.as_tensor(draws_given_to(strategy, X[START], Y[START], X[REST]))
    found = information.batch_bald(draws, 5, n_configurations=5000)
    assert picked.tolist() == found.positions.tolist()
    assert strategy.query_info_.n_exact == 5


def test_sampled_batches_are_reproducible():
    def play():
        strategy = BatchBALD(n_draws=30, n_configurations=30, random_state=4)
        strategy.fit(X[START], Y[START])
        picked = strategy.query(X[REST], 6)
        assert strategy.query_info_.n_exact < 6
        again = strategy.query(X[REST], 6)
        assert again.tolist() == picked.tolist()
        return picked.tolist()

    before = torch.random.get_rng_state()
    assert play() == play()
    assert torch.equal(torch.random.get_rng_state(), before)


def test_when_information_runs_out():
    # Three trees know at most ln 3: the batch is filled up by BALD, and that is said.
    forest = RandomForestClassifier(3, random_state=1)
    strategy = BatchBALD(forest, random_state=0).fit(X[START], Y[START])
    with pytest.warns(
        UserWarning, match=r"BatchBALD: \d+ of 20 filled up by BALD"
    ) as w:
        picked = strategy.query(X[REST], 20)
    info = strategy.query_info_
    assert w[0].filename == __file__
    assert info.status in str(w[0].message)
    n_own = len(info.scores)
    assert info.status.startswith(f"{20 - n_own} of 20")
    assert 0 < n_own < 20
    assert info.scores[-1] <= np.log(3) + 1e-9
    scores = textbook.bald(members(strategy.estimator_, X[REST]))
    rest = np.delete(scores, picked[:n_own])
    np.testing.assert_allclose(
        scores[picked[n_own:]], -np.sort(-rest)[: 20 - n_own], atol=1e-9
    )


# ------------------------------------------------------------ refusals

CLASSIFYING = [BALD, BatchBALD, QueryByCommittee, VariationRatio]


@pytest.mark.parametrize("strategy", CLASSIFYING)
@pytest.mark.parametrize("model", [BayesianRidge(), make_regressor()])
def test_regressors_are_refused_by_name(strategy, model):
    sentence = (
        f"{strategy.__name__} needs a classifier: .* Got {type(model).__name__}; "
        "for regression use MeanStd"
    )
    with pytest.raises(TypeError, match=sentence):
        strategy(model).fit(X[START].astype(np.float32), X[START, :1])


@pytest.mark.parametrize("strategy", [*CLASSIFYING, MeanStd])
def test_models_without_a_posterior_are_refused(strategy):
    with pytest.raises(TypeError, match="SVC"):
        strategy(SVC()).fit(X[START], Y[START])


@pytest.mark.parametrize(
    ("strategy", "sentence"),
    [
        (BALD(n_draws=0), "n_draws"),
        (BALD(n_draws=1.5), "n_draws"),
        (BALD(n_draws=1), "BALD needs at least 2 posterior draws"),
        (BatchBALD(n_draws=1), "BatchBALD needs at least 2 posterior draws"),
        (VariationRatio(n_draws=1), "VariationRatio needs at least 2 posterior draws"),
        (MeanStd(n_draws=1), "MeanStd needs at least 2 posterior draws"),
        (QueryByCommittee(n_draws=1), "QueryByCommittee needs at least 2 posterior"),
        (Hybrid(uncertainty="bald", n_draws=1), "Hybrid needs at least 2"),
        (QueryByCommittee(disagreement="votes"), "'disagreement' .*one of .*'votes'"),
        (BatchBALD(n_configurations=2), "'n_configurations' .* at least 3. Got 2"),
        (BatchBALD(n_configurations=1e4), "'n_configurations' .* int"),
    ],
)
def test_bad_parameters(strategy, sentence):
    strategy.fit(X[START], Y[START])
    with pytest.raises((TypeError, ValueError), match=sentence):
        strategy.query(X)


def test_one_class_so_far():
    model = BaggingClassifier(DecisionTreeClassifier(), 4, random_state=0)
    for strategy in (BALD, QueryByCommittee, VariationRatio, MeanStd):
        fitted = strategy(model, random_state=0).fit(X[:5], Y[:5])
        assert (fitted.score_samples(X) == 0).all()
        assert len(set(fitted.query(X, 9))) == 9
