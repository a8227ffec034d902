import math

import numpy as np
import pandas as pd
import pytest
from net_zoo import SmallMLP, make_classifier
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skactive import (
    ALBL,
    BALD,
    CoreSet,
    LeastConfidence,
    MarginSampling,
    RandomSampling,
)
from skactive import pipeline as our_pipeline

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
START = np.arange(0, 150, 10)
NOTHING = "ALBL learned nothing"
# exp(p_min / 2 · …) of two arms: p_min = 1/20, √(ln(N/δ)/N) = √(ln 20 / 2)
BONUS = math.sqrt(math.log(20) / 2)


class LastLabel(ClassifierMixin, BaseEstimator):
    """Predicts the last label it was shown; counts how often it is fitted."""

    fits = 0

    def fit(self, X, y):
        type(self).fits += 1
        self.classes_ = np.unique(y)
        self.last_ = y[-1]
        return self

    def predict(self, X):
        return np.full(len(X), self.last_)


class TakesAll(LastLabel):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = True
        return tags


ROWS = np.arange(40.0).reshape(20, 2)


def two_random(**params):
    arms = [RandomSampling(), RandomSampling()]
    strategy = ALBL(LastLabel(), strategies=arms, random_state=0, **params)
    return strategy.fit(ROWS[:2] + 0.5, [1, 0])


def expected_weights(weights, arm, p, reward):
    weights = list(weights)
    weights[arm] *= math.exp(1 / 40 * (reward + BONUS / p))
    return np.array(weights) / max(weights)


@pytest.mark.parametrize(
    ("reward", "first", "second"),
    [
        # Labels 1, 0 | 0, 0, 1: the new model says 1 and is right on two of five, of
        # which one counts 1 / P = 2. Then | 1, 0: it says 0, right on 0 | 0, 0 | 0.
        ("training", (1 + 2) / 5, lambda p: (1 + 2 + 2 + 1 / p) / 7),
        # The old model says 0, right on two of three; then 1, right on one of two.
        ("holdout", 2 * 2 / 3, lambda p: 1 / p / 2),
    ],
)
def test_two_steps_by_hand(reward, first, second):
    strategy = two_random(reward=reward)
    np.testing.assert_array_equal(strategy.weights_, [1, 1])
    assert strategy.last_reward_ is None
    picked = strategy.query(ROWS, 3)
    np.testing.assert_allclose(strategy.query_info_.probabilities, [0.5, 0.5])
    np.testing.assert_array_equal(strategy.query_info_.rows, ROWS[picked])
    arm = strategy.query_info_.arm
    strategy.partial_fit(ROWS[picked], [0, 0, 1])
    assert strategy.last_reward_ == pytest.approx(first)
    weights = expected_weights([1, 1], arm, 0.5, first)
    np.testing.assert_allclose(strategy.weights_, weights)
    picked = strategy.query(ROWS, 2)
    probabilities = 0.9 * weights / weights.sum() + 0.05
    np.testing.assert_allclose(strategy.query_info_.probabilities, probabilities)
    arm = strategy.query_info_.arm
    strategy.partial_fit(ROWS[picked], [1, 0])
    reward = second(probabilities[arm])
    assert strategy.last_reward_ == pytest.approx(reward)
    np.testing.assert_allclose(
        strategy.weights_, expected_weights(weights, arm, probabilities[arm], reward)
    )


def test_settings_of_the_bandit():
    arms = [RandomSampling(), RandomSampling(), RandomSampling()]
    strategy = ALBL(LastLabel(), strategies=arms, delta=0.5, p_min=0.2, random_state=0)
    strategy.fit(ROWS[:2], [0, 0])
    picked = strategy.query(ROWS, 1)
    strategy.partial_fit(ROWS[picked], [0])
    reward = (1 + 1 + 3) / 3
    step = 0.1 * (reward + math.sqrt(math.log(3 / 0.5) / 3) * 3)
    weights = np.sort(strategy.weights_)
    np.testing.assert_allclose(weights, [math.exp(-step), math.exp(-step), 1])
    strategy.query(ROWS)
    p = strategy.query_info_.probabilities
    np.testing.assert_allclose(np.sort(p), 0.4 * weights / weights.sum() + 0.2)


def test_arms_are_drawn_by_their_probabilities():
    arms = [RandomSampling() for _ in range(4)]
    strategy = ALBL(LastLabel(), strategies=arms, p_min=0.05)
    drawn = []
    for seed in range(200):
        strategy.set_params(random_state=seed).fit(ROWS[:2], [0, 0])
        strategy.weights_ = np.array([1.0, 0.0, 0.0, 1.0])
        strategy.query(ROWS)
        drawn.append(strategy.query_info_.arm)
    shares = np.bincount(drawn, minlength=4) / 200
    # Within four standard errors.
    np.testing.assert_allclose(shares, [0.45, 0.05, 0.05, 0.45], atol=0.14)
    assert (shares > 0).all()


# ------------------------------------------------------------ which rows are rewarded


def asked(n=4):
    strategy = two_random()
    return strategy, strategy.query(ROWS, n)


def test_rows_in_any_order_some_missing():
    strategy, picked = asked()
    arm = strategy.query_info_.arm
    strategy.partial_fit(ROWS[picked[[2, 0]]], [1, 0])
    reward = (1 + 2) / 4  # says 0
    assert strategy.last_reward_ == pytest.approx(reward)
    expected = expected_weights([1, 1], arm, 0.5, reward)
    np.testing.assert_allclose(strategy.weights_, expected)


@pytest.mark.parametrize("reward", ["training", "holdout"])
def test_foreign_rows_count_once(reward):
    strategy = two_random(reward=reward)
    picked = strategy.query(ROWS, 2)
    strategy.partial_fit(np.vstack([ROWS[:1] - 9, ROWS[picked]]), [0, 0, 0])
    # Right: the seed's 0, the foreign one, and two at 1 / P = 2.
    expected = (1 + 1 + 2 + 2) / 5 if reward == "training" else 2
    assert strategy.last_reward_ == pytest.approx(expected)


def test_only_foreign_rows_teach_nothing():
    strategy, picked = asked()
    with pytest.warns(UserWarning, match=NOTHING):
        strategy.partial_fit(ROWS[:3] - 9, [0, 1, 0])
    assert strategy.last_reward_ is None
    assert strategy.weights_.tolist() == [1, 1]
    assert len(strategy.y_labeled_) == 5
    # The batch may still come.
    strategy.partial_fit(ROWS[picked], [0] * 4)
    assert strategy.last_reward_ == pytest.approx((1 + 2 + 4 * 2) / 9)
    with pytest.warns(UserWarning, match=NOTHING):
        strategy.partial_fit(ROWS[picked], [0] * 4)


def test_no_query_or_no_rows_teach_nothing():
    strategy = two_random()
    with pytest.warns(UserWarning, match=NOTHING):
        strategy.partial_fit(ROWS[:1], [0])
    strategy.query(ROWS)
    with pytest.warns(UserWarning, match=NOTHING):
        strategy.partial_fit(ROWS[:0], [])
    assert len(strategy.y_labeled_) == 3


@pytest.mark.filterwarnings("error")
def test_fit_forgets():
    strategy, picked = asked()
    strategy.partial_fit(ROWS[picked], [0, 1, 0, 1])
    strategy.query(ROWS)
    strategy.fit(ROWS[:3], [0, 1, 0])
    assert strategy.weights_.tolist() == [1, 1]
    assert strategy.last_reward_ is None
    assert not hasattr(strategy, "query_info_")
    picked = strategy.query(ROWS, 2)
    strategy.partial_fit(ROWS[picked], [0, 0])
    assert strategy.last_reward_ == pytest.approx((2 + 2 * 2) / 5)
    new = two_random().fit(ROWS[:3], [0, 1, 0])
    assert new.query(ROWS, 2).tolist() == picked.tolist()


def frame(at):
    table = pd.DataFrame(X[at], columns=["a", "b", "c", "d"], index=at)
    return table.astype({"a": "float32"})


def rewarded(strategy, rows, labels, n=3):
    """Play a round with the batch backwards; nothing may be warned about."""
    picked = strategy.query(rows, n)
    back = picked[::-1]
    part = rows.iloc[back] if hasattr(rows, "iloc") else rows[back]
    strategy.partial_fit(part, labels[back])
    assert strategy.last_reward_ > 0
    return strategy


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("reward", ["training", "holdout"])
def test_data_frames_and_string_labels(reward):
    strategy = ALBL(random_state=0, reward=reward).fit(frame(START), NAMES[START])
    rest = np.setdiff1d(np.arange(150), START)
    rewarded(strategy, frame(rest), NAMES[rest], 20)
    assert set(strategy.predict(frame(rest))) == set(NAMES)


@pytest.mark.filterwarnings("error")
def test_sparse_rows():
    strategy = ALBL(strategies=[RandomSampling(), MarginSampling()], random_state=0)
    strategy.fit(sparse.csr_array(X[START]), Y[START])
    rewarded(strategy, sparse.csr_array(X), Y, 5)


@pytest.mark.filterwarnings("error")
def test_texts():
    words = ["red fox", "red dog", "blue sky", "blue sea", "red cat", "blue bay"]
    texts = np.array([f"{word} {i}" for i in range(5) for word in words])
    labels = np.array(["r" if "red" in text else "b" for text in texts])
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    strategy = ALBL(
        model, strategies=[RandomSampling(), LeastConfidence()], random_state=0
    )
    strategy.fit(texts[:6], labels[:6])
    rewarded(strategy, texts[6:], labels[6:])


@pytest.mark.filterwarnings("error")
def test_missing_values_in_mixed_columns():
    rows = pd.DataFrame({"word": list("abcdefgh"), "size": [1, None, 3, None] * 2})
    strategy = ALBL(
        TakesAll(), strategies=[RandomSampling(), RandomSampling()], random_state=0
    )
    strategy.fit(rows[:2], np.zeros(2))
    picked = strategy.query(rows[2:], 5)
    strategy.partial_fit(rows[2:].iloc[picked[::-1]], np.zeros(5))
    # All right, each row of the batch at 1 / P = 2.
    assert strategy.last_reward_ == pytest.approx((2 + 5 * 2) / 7)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 6])
def test_rows_that_a_transformer_rounds_otherwise(dtype, n):
    # As PCA's product does, on most machines.
    eps = np.finfo(dtype).eps
    rounding = FunctionTransformer(lambda X: X * dtype(1 + len(X) % 7 * eps))
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(3000, 30)).astype(dtype)
    labels = (rows[:, 0] > 0).astype(int)
    chain = our_pipeline.make_pipeline(rounding, ALBL(random_state=0))
    chain.fit(rows[:100], labels[:100])
    picked = chain.query(rows, n)
    back = np.append(picked[::-1], 0)  # and a foreign one
    asked = chain[-1].query_info_.rows
    assert (chain[0].transform(rows[back])[:n] != asked[::-1]).any()
    chain.partial_fit(rows[back], labels[back])
    strategy = chain[-1]
    assert strategy._kept[-n - 1 : -1].tolist() == [0.5] * n
    assert strategy._kept[-1] == 1


def given_back(asked, given):
    """Say which of some rows ALBL takes for those it asked for."""
    strategy = two_random()
    strategy.query(ROWS)
    strategy.query_info_.rows = asked
    strategy.partial_fit(given, [0] * len(given))
    return (strategy._kept[2:] == 0.5).tolist()


def test_near_rows_are_told_apart():
    asked = np.array([[1.0, 1e6], [2.0, 1e6], [0.0, 3.0], [0.0, 3.0]])
    nudged = asked * (1 + 1e-12) + [0, 1e-15]
    assert given_back(asked, nudged) == [True] * 4
    # The nearest of the rows asked for, once, and no more than rounding away.
    given = [[1.0, 1e6], [1 + 1e-7, 1e6], [2 + 1e-4, 1e6], [3e-4, 3.0]]
    assert given_back(asked, np.array(given)) == [True, False, False, False]
    given = [[2 + 1e-7, 1e6], [2 + 1e-9, 1e6]]
    assert given_back(asked, np.array(given)) == [False, True]


def test_whole_numbers_are_known_exactly():
    asked = np.array([[1_000_000, 2], [5, 6]])
    assert given_back(asked, np.array([[5, 6], [1_000_001, 2]])) == [True, False]


# ------------------------------------------------------------ the model and the arms


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("reward", ["training", "holdout"])
def test_frozen_net_with_string_labels(reward):
    net = make_classifier().fit(X.astype(np.float32), Y)
    strategy = ALBL(FrozenEstimator(net), reward=reward, random_state=0)
    strategy.fit(X[START], NAMES[START], classes=np.unique(NAMES))
    rewarded(strategy, X, NAMES, 30)
    assert set(strategy.predict(X)) <= set(NAMES)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("reward", ["training", "holdout"])
def test_net_with_string_labels(reward):
    net = make_classifier(SmallMLP, max_epochs=40)
    for seed in range(3):  # so that either arm has its turn
        strategy = ALBL(net, reward=reward, random_state=seed)
        strategy.fit(X[START], NAMES[START])
        rewarded(strategy, X, NAMES, 30)
        # At least half of the answers are right, at 1 / P = 2 a row of the batch.
        assert 0.5 < strategy.last_reward_ <= 2


def test_arms_share_the_model():
    class Counted(LastLabel):
        fits = 0

    arms = [RandomSampling(LogisticRegression()), RandomSampling()]
    strategy = ALBL(Counted(), strategies=arms, random_state=0)
    strategy.fit(ROWS[:2], [0, 1])
    for _ in range(4):
        picked = strategy.query(ROWS, 2)
        strategy.query(ROWS, 2)
        strategy.partial_fit(ROWS[picked], [0, 1])
    assert Counted.fits == 5
    assert not hasattr(arms[0], "estimator_")
    assert isinstance(arms[0].estimator, LogisticRegression)


@pytest.mark.parametrize("weights", [None, np.linspace(0, 5, 15)])
@pytest.mark.parametrize(
    "arm", [CoreSet(), LeastConfidence(), BALD(n_draws=20, random_state=5)]
)
def test_a_single_arm_chooses_as_if_alone(arm, weights):
    params = {} if weights is None else {"sample_weight": weights}
    alone = type(arm)(**arm.get_params()).fit(X[START], NAMES[START], **params)
    strategy = ALBL(strategies=[arm], random_state=0)
    strategy.fit(X[START], NAMES[START], **params)
    picked = strategy.query(X, 5)
    assert picked.tolist() == alone.query(X, 5).tolist()
    assert strategy.query_info_.probabilities.tolist() == [1]
    assert strategy.query_info_.arm_info.positions.tolist() == picked.tolist()


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"strategies": []}, "'strategies' .* list of query strategies"),
        ({"strategies": [CoreSet]}, "'strategies' .* list of query strategies"),
        ({"strategies": CoreSet()}, "'strategies' .* list of query strategies"),
        ({"strategies": [LogisticRegression()]}, "Got .LogisticRegression"),
        ({"delta": 0}, "'delta' .*> 0 and < 1. Got 0"),
        ({"delta": 1.0}, "'delta' .*< 1. Got 1.0"),
        ({"p_min": 0.0}, "'p_min' .*> 0"),
        ({"p_min": 0.51}, "'p_min' .*at most 1/2 for 2 arms. Got 0.51"),
        ({"reward": "test"}, "'reward' .*one of .*holdout"),
        ({"estimator": Ridge()}, "Ridge"),
        (
            {"estimator": Ridge(), "strategies": [CoreSet(), RandomSampling()]},
            "ALBL needs a classifier.* Got Ridge",
        ),
    ],
)
def test_bad_parameters(params, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        ALBL(**params).fit(X[START], Y[START])
