"""The checks must catch what they are for: one broken strategy for each."""

import os

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from net_zoo import SmallMLP, make_classifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch
from skorch.callbacks import Callback

from skactive import MarginSampling, QueryStrategy, RandomSampling, ScoringStrategy
from skactive.utils.strategy_checks import (
    check_strategy,
    parametrize_with_strategy_checks,
)


class GivesDuplicates(MarginSampling):
    def query(self, X_pool, n=1):
        return np.repeat(super().query(X_pool, 1), n)


class GivesFloats(MarginSampling):
    def query(self, X_pool, n=1):
        return super().query(X_pool, n).astype(float)


class ReturnsOthersThanReported(MarginSampling):
    def query(self, X_pool, n=1):
        return super().query(X_pool, n)[::-1].copy()


class IgnoresCandidates(MarginSampling):
    def query(self, X_pool, n=1, **options):
        return super().query(X_pool, n)


class NeedsTheWholePool(QueryStrategy):
    def _query(self, pool, n, rng, info):
        return np.argsort(np.linalg.norm(pool.X - np.mean(pool.X), axis=1))[:n]


class BreaksTiesTwice(MarginSampling):
    def _query(self, pool, n, rng, info):
        info.positions = super()._query(pool, n, rng, info)
        return info.positions[::-1]


class UsesTheGlobalNumpyGenerator(QueryStrategy):
    def _query(self, pool, n, rng, info):
        return np.random.choice(pool.n, n, replace=False)  # noqa: NPY002


class UsesTheGlobalTorchGenerator(QueryStrategy):
    def _query(self, pool, n, rng, info):
        return torch.randperm(pool.n)[:n].numpy()


class DrawsTheSameEachRound(QueryStrategy):
    def _query(self, pool, n, rng, info):
        return np.random.default_rng(self.random_state).permutation(pool.n)[:n]


class LetsTheOrderDecide(QueryStrategy):
    def _query(self, pool, n, rng, info):
        return np.arange(n)


class RemembersQueries(QueryStrategy):
    def _query(self, pool, n, rng, info):
        self.seen_ = getattr(self, "seen_", 0) + 1
        return (np.arange(n) + self.seen_) % pool.n


class ChangesThePool(MarginSampling):
    def query(self, X_pool, n=1):
        if isinstance(X_pool, np.ndarray) and X_pool.dtype == np.float64:
            X_pool[0] += 1
        return super().query(X_pool, n)


class FitsTheGivenEstimator(MarginSampling):
    def fit(self, X_labeled, y, classes=None, **params):
        super().fit(X_labeled, y, classes, **params)
        self.estimator.fit(X_labeled, y)
        return self


class ForgetsOldLabels(MarginSampling):
    def partial_fit(self, X_labeled, y, classes=None, **params):
        return self.fit(X_labeled, y, classes, **params)


class RoundsN(MarginSampling):
    def query(self, X_pool, n=1):
        return super().query(X_pool, int(n) if isinstance(n, float) else n)


class ClipsN(MarginSampling):
    def query(self, X_pool, n=1):
        return super().query(X_pool, min(n, len(X_pool)))


class ChangesParameters(MarginSampling):
    def __init__(self, estimator=None, *, random_state=None):
        super().__init__(estimator, random_state=random_state or 0)


class ChangesInPlace(MarginSampling):
    def fit(self, X_labeled, y, classes=None, **params):
        super().fit(X_labeled, y, classes, **params)
        self.shift_ = np.zeros(1, dtype=int)
        return self

    def partial_fit(self, X_labeled, y, classes=None, **params):
        super().partial_fit(X_labeled, y, classes, **params)
        self.shift_ += 1
        return self

    def _query(self, pool, n, rng, info):
        return (super()._query(pool, n, rng, info) + self.shift_[0]) % pool.n


class HidesWhatItNeeds(MarginSampling):
    requires = ("predict_proba",)

    def _check_model(self, estimator):
        pass

    def _ask(self, X_pool):
        return Bunch(n=len(X_pool), predict_proba=self.estimator_.predict_proba(X_pool))


class LosesStateInPickles(MarginSampling):
    def __getstate__(self):
        return {**super().__getstate__(), "n_rounds_": 1, "shift_": 1}

    def _query(self, pool, n, rng, info):
        return (super()._query(pool, n, rng, info) + hasattr(self, "shift_")) % pool.n


class DependsOnTheProcess(MarginSampling):
    def _query(self, pool, n, rng, info):
        return (super()._query(pool, n, rng, info) + os.getpid() % 29) % pool.n


class ScoresByLabels(ScoringStrategy):
    """Takes labels for positions of columns."""

    requires = ("predict_proba",)

    def _scores(self, pool):
        columns = self.y_labeled_[self.y_labeled_ == 1]
        return pool.predict_proba[:, columns[0] if len(columns) else 0]


class SkipsTheChecks(MarginSampling):
    """Calls its own choice instead of the template method's."""

    def query(self, X_pool, n=1):
        rows = np.nan_to_num(np.asarray(X_pool))
        self.query_info_ = Bunch(positions=np.arange(n), round=0)
        return np.argsort(rows.ravel())[:n]

    def partial_fit(self, X_labeled, y, classes=None, **params):
        return self


class GivesIndexLabels(MarginSampling):
    def query(self, X_pool, n=1):
        picked = super().query(X_pool, n)
        return X_pool.index[picked].to_numpy() if hasattr(X_pool, "index") else picked


class FailsOnSparse(MarginSampling):
    def query(self, X_pool, n=1):
        if sp.issparse(X_pool):
            return np.zeros(n, dtype=np.int64)
        return super().query(X_pool, n)


class OnlyDouble(MarginSampling):
    def query(self, X_pool, n=1):
        picked = super().query(X_pool, n)
        is_single = getattr(X_pool, "dtype", None) == np.float32
        return np.full_like(picked, picked[0]) if is_single else picked


class FailsOnDuplicatesOfLabels(MarginSampling):
    def _query(self, pool, n, rng, info):
        distances = np.abs(pool.X - self.X_labeled_[0]).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            picked = super()._query(pool, n, rng, info)
        return np.full_like(picked, 0) if (distances == 0).any() else picked


class NeedsEveryClass(MarginSampling):
    def _query(self, pool, n, rng, info):
        picked = super()._query(pool, n, rng, info)
        return picked if pool.predict_proba.shape[1] == 3 else np.zeros_like(picked)


class DependsOnTheBatch(Callback):
    """Makes a net answer by the place of a row in its mini-batch."""

    def on_train_end(self, net, **kwargs):
        net.module_.register_forward_hook(shift_by_place)


def shift_by_place(module, inputs, output):
    return output + 5 * torch.arange(len(output))[:, None] * torch.eye(3)[0]


class FarFromTheMean(ScoringStrategy):
    """A right one, as a user would write it."""

    requires = ("embed",)

    def _scores(self, pool):
        return ((pool.embed - pool.embed.mean(axis=0)) ** 2).sum(axis=1)


BROKEN = [
    (ChangesParameters, "check_clone_and_params", "untouched"),
    (GivesDuplicates, "check_positions", "distinct"),
    (GivesDuplicates, "check_n", "distinct"),
    (GivesDuplicates, "check_equal_rows", "distinct"),
    (GivesFloats, "check_positions", "int64"),
    (ReturnsOthersThanReported, "check_query_info", "query_info_"),
    (BreaksTiesTwice, "check_query_info", "conditioned on"),
    (IgnoresCandidates, "check_candidates", "max_candidates"),
    (NeedsTheWholePool, "check_pool_on_disk", "must not become one array"),
    (UsesTheGlobalNumpyGenerator, "check_leaves_alone", "global generators"),
    (UsesTheGlobalTorchGenerator, "check_leaves_alone", "global generators"),
    (UsesTheGlobalNumpyGenerator, "check_same_seed_same_answer", "rng"),
    (DrawsTheSameEachRound, "check_next_round_new_draw", "draw afresh"),
    (LetsTheOrderDecide, "check_permuted_pool", "order of the rows"),
    (RemembersQueries, "check_same_seed_same_answer", "same answer"),
    (RemembersQueries, "check_leaves_alone", "no attribute but query_info_"),
    (ChangesThePool, "check_leaves_alone", "must not change the arrays"),
    (FitsTheGivenEstimator, "check_leaves_alone", "unfitted"),
    (ForgetsOldLabels, "check_rounds", "add labels"),
    (RoundsN, "check_bad_n", "2.5"),
    (ClipsN, "check_bad_n", "refuse n="),
    (ChangesInPlace, "check_snapshot", "snapshot"),
    (HidesWhatItNeeds, "check_model_unable", "predict_proba"),
    (LosesStateInPickles, "check_pickle", "pickled"),
    (DependsOnTheProcess, "check_joblib_workers", "worker"),
    (ScoresByLabels, "check_string_labels", "labels"),
    (SkipsTheChecks, "check_unfitted", "NotFittedError"),
    (SkipsTheChecks, "check_empty_pool", "empty"),
    (SkipsTheChecks, "check_nan", "NaN"),
    (SkipsTheChecks, "check_wrong_feature_count", "features"),
    (SkipsTheChecks, "check_dataframe", "order"),
    (GivesIndexLabels, "check_dataframe", "index labels"),
    (FailsOnSparse, "check_sparse", "sparse"),
    (OnlyDouble, "check_float32_and_float64", "float32"),
    (FailsOnDuplicatesOfLabels, "check_pool_with_labeled_rows", "labelled already"),
    (NeedsEveryClass, "check_missing_class", "no label names yet"),
]


def checks_of(strategy):
    mark = parametrize_with_strategy_checks([strategy]).mark
    names = [name.rpartition("-")[2] for name in mark.kwargs["ids"]]
    return {name: case[1] for name, case in zip(names, mark.args[1], strict=True)}


@pytest.mark.parametrize(
    "broken, check, message", BROKEN, ids=lambda v: getattr(v, "__name__", None)
)
def test_broken_strategy_is_caught(broken, check, message):
    strategy = broken(LogisticRegression())
    with pytest.raises(Exception, match=message) as caught:
        checks_of(strategy)[check](strategy)
    # Whatever a check meets, its author is told in an AssertionError.
    assert isinstance(caught.value, AssertionError)


def test_every_check_has_a_broken_strategy():
    left_out = {"check_one_class"}  # LogisticRegression refuses by itself
    covered = {check for _, check, _ in BROKEN}
    assert set(checks_of(MarginSampling())) - left_out == covered


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(5),
        KNeighborsClassifier(),
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=2),
        make_pipeline(StandardScaler(copy=False), LogisticRegression()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_good_strategies_pass_whatever_the_model(model):
    check_strategy(MarginSampling(model))


def test_labels_are_asked_for():
    with pytest.raises(ValueError, match=r"'y' parameter .* is missing"):
        check_strategy(MarginSampling(), np.eye(50))


def test_data_too_small_or_repeated_is_refused():
    y = np.arange(60) % 3
    with pytest.raises(ValueError, match=r"at least 40 rows, all different. Got 20"):
        check_strategy(MarginSampling(), np.eye(20), y[:20])
    with pytest.raises(ValueError, match="60 rows with duplicates"):
        check_strategy(MarginSampling(), np.ones((60, 2)), y)
    with pytest.raises(TypeError, match="for query strategies"):
        check_strategy(LogisticRegression())


def test_a_net_that_depends_on_the_mini_batch_is_caught():
    strategy = MarginSampling(
        make_classifier(SmallMLP, callbacks=[("batch", DependsOnTheBatch())])
    )
    with pytest.raises(AssertionError, match="iterator_valid__batch_size"):
        checks_of(strategy)["check_inference_batch_size"](strategy)


def test_a_class_that_does_not_pickle_is_told_so():
    class Local(MarginSampling):
        pass

    with pytest.raises(AssertionError, match="module level"):
        checks_of(Local())["check_pickle"](Local())


def test_checks_pass_for_a_strategy_written_by_a_user():
    check_strategy(FarFromTheMean())


@parametrize_with_strategy_checks([RandomSampling()])
def test_as_a_decorator(strategy, check):
    check(strategy)
