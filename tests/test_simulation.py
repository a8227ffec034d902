import pickle
import signal
import subprocess
import sys
import textwrap
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from net_zoo import make_classifier
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skactive import (
    ActiveLearningSimulation,
    EntropySampling,
    MarginSampling,
    RandomSampling,
)
from skactive.evaluation import curve_mean

X, Y = load_iris(return_X_y=True)
SCALED = make_pipeline(StandardScaler(), LogisticRegression())


def simulate(strategy=None, **params):
    settings = {"n_initial": 6, "batch_size": 3, "n_queries": 4, "random_state": 0}
    return ActiveLearningSimulation(
        MarginSampling(SCALED) if strategy is None else strategy,
        **{**settings, **params},
    )


class HasTheFirst(RandomSampling):
    """Asks for the first rows of the pool."""

    def _query(self, pool, n, rng, info):
        return np.arange(n)


class HomeMade:
    """The least a strategy can be; changes itself in place."""

    def __init__(self):
        self.rows = []
        self.seen = []

    def fit(self, X, y):
        self.rows = [len(y)]
        self.seen = list(y)
        return self

    def partial_fit(self, X, y):
        self.rows.append(len(y))
        self.seen += list(y)
        return self

    def query(self, X_pool, n):
        return np.arange(n)


def test_attributes():
    run = simulate().fit(X, Y, X, Y)
    curve = run.learning_curve_
    assert_array_equal(curve.budget, [6, 9, 12, 15, 18])
    assert curve.score.min() >= 0 and curve.score[-1] > 0.8
    assert np.isfinite(curve.fit_seconds).all()
    assert np.isfinite(curve.query_seconds[:-1]).all()
    assert np.isnan(curve.query_seconds[-1])
    assert len(np.unique(run.labeled_indices_)) == 18
    assert_array_equal(run.labeled_iter_, np.repeat([0, 1, 2, 3, 4], [6, 3, 3, 3, 3]))
    assert_array_equal(run.strategy_.X_labeled_, X[run.labeled_indices_])
    assert len(run.estimators_) == 5 and run.termination_condition_ == "n_queries"
    assert pd.DataFrame(curve).shape == (5, 4)


def test_each_rounds_model_is_kept_as_it_was():
    run = simulate().fit(X, Y, X, Y)
    for kept, budget, score in zip(
        run.estimators_,
        run.learning_curve_.budget,
        run.learning_curve_.score,
        strict=True,
    ):
        assert len(kept.y_labeled_) == budget
        rows = run.labeled_indices_[:budget]
        again = clone(SCALED).fit(X[rows], Y[rows])
        assert again.score(X, Y) == kept.score(X, Y) == score


def test_score_is_the_mean_height_of_the_curve():
    run = simulate().fit(X, Y, X, Y)
    curve = run.learning_curve_
    assert run.score(X, Y) == pytest.approx(curve_mean(curve.budget, curve.score))
    loss = simulate(scoring="neg_log_loss").fit(X, Y)
    assert -1.1 < loss.score(X, Y) < 0


def test_without_an_evaluation_set_scores_are_nan():
    run = simulate().fit(X, Y)
    assert np.isnan(run.learning_curve_.score).all()
    assert run.score(X, Y) > 0.8


def test_models_that_were_not_kept_cannot_be_scored():
    run = simulate(keep_estimators=False).fit(X, Y)
    assert not hasattr(run, "estimators_") and run.predict(X).shape == (150,)
    with pytest.raises(ValueError, match="keep_estimators=False"):
        run.score(X, Y)


def test_same_seed_same_run_other_seed_another():
    runs = [simulate(RandomSampling(), random_state=s).fit(X, Y) for s in (0, 0, 1)]
    first, again, other = (run.labeled_indices_ for run in runs)
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert runs[0].strategy_.random_state is not None
    assert runs[0].strategy.random_state is None


def test_the_strategys_own_seed_is_kept():
    run = simulate(RandomSampling(random_state=7)).fit(X, Y)
    assert run.strategy_.random_state == 7


def test_stratified_start_has_each_class_in_proportion():
    y = np.repeat([0, 1, 2], [100, 40, 10])
    run = simulate(n_initial=15, n_queries=0).fit(X, y)
    assert np.bincount(y[run.labeled_indices_]).tolist() == [10, 4, 1]
    assert_array_equal(run.learning_curve_.budget, [15])


def test_random_start():
    run = simulate(RandomSampling(), initial="random", n_queries=0, n_initial=90)
    assert len(run.fit(X, Y).labeled_indices_) == 90


def test_pool_exhausted_takes_a_smaller_last_batch():
    run = simulate(n_initial=140, batch_size=7).fit(X, Y)
    assert run.termination_condition_ == "pool_exhausted"
    assert_array_equal(run.learning_curve_.budget, [140, 147, 150])
    assert_array_equal(np.sort(run.labeled_indices_), np.arange(150))


def test_pool_size_shows_that_many_candidates_drawn_anew():
    shown = []

    class TakesTheFirst(RandomSampling):
        def query(self, X_pool, n=1):
            shown.append(X_pool[:, 0].astype(int))
            return np.arange(n)

    rows = np.arange(150.0)[:, None]
    simulate(TakesTheFirst(), pool_size=20).fit(rows, Y)
    assert [len(candidates) for candidates in shown] == [20] * 4
    # Were the same slots shown, they would differ by the few that left the pool.
    assert len(np.intersect1d(shown[0], shown[1])) < 12


def test_callbacks_see_each_round_and_can_stop():
    budgets = []

    def note(simulation):
        budgets.append(int(simulation.learning_curve_.budget[-1]))
        assert len(simulation.estimators_) == len(budgets)
        return len(budgets) == 3

    run = simulate(callbacks=[note]).fit(X, Y)
    assert budgets == [6, 9, 12] and run.termination_condition_ == "callback"


def test_a_comparison_of_numpy_numbers_stops_too():
    def good_enough(simulation):
        return simulation.learning_curve_.score[-1] > 0.1

    run = simulate(callbacks=[good_enough]).fit(X, Y, X, Y)
    assert run.termination_condition_ == "callback" and len(run.estimators_) == 1


def test_what_a_callback_kept_is_not_changed_later():
    curves = []
    simulate(callbacks=[lambda s: curves.append(s.learning_curve_)]).fit(X, Y)
    assert np.isnan(curves[0].query_seconds[-1])
    assert len(curves[0].budget) == 1


def test_a_home_made_strategy_will_do():
    run = simulate(HomeMade()).fit(X, Y)
    assert run.strategy_.rows == [6, 3, 3, 3, 3]
    assert [len(kept.seen) for kept in run.estimators_] == [6, 9, 12, 15, 18]
    assert not hasattr(run, "predict")


def test_labels_are_seen_only_when_asked_for():
    run = simulate(HomeMade()).fit(X, Y)
    assert_array_equal(run.strategy_.seen, Y[run.labeled_indices_])


@pytest.mark.parametrize(
    "container", [sp.coo_array, pd.DataFrame, np.asfortranarray, lambda a: a.tolist()]
)
def test_containers_give_the_same_run(container):
    strategy = MarginSampling(LogisticRegression(max_iter=1000))
    plain = simulate(strategy).fit(X, Y)
    run = simulate(strategy).fit(container(X), list(Y))
    assert_array_equal(run.labeled_indices_, plain.labeled_indices_)


def test_tags_follow_the_strategy():
    assert is_classifier(simulate()) and is_regressor(simulate(RandomSampling(Ridge())))
    assert_array_equal(simulate().fit(X, Y).classes_, [0, 1, 2])


def test_regression():
    rows, y = load_diabetes(return_X_y=True)
    run = simulate(RandomSampling(Ridge(alpha=0.1)), n_initial=40, batch_size=40)
    assert run.fit(rows, y, rows, y).learning_curve_.score[-1] > 0.3


def test_string_labels_and_a_net():
    names = np.array(["a", "b", "c"])[Y]
    net = make_pipeline(StandardScaler(), make_classifier(max_epochs=40))
    run = simulate(EntropySampling(net)).fit(X, names, X, names)
    assert run.learning_curve_.score[-1] > 0.7
    assert set(run.predict(X)) <= set(names)


def test_a_metric_that_cannot_do_without_a_class_gives_nan():
    order = np.argsort(Y, kind="stable")
    run = simulate(HasTheFirst(SCALED), initial="random", scoring="neg_log_loss")
    rows, y = X[order], Y[order]
    with pytest.warns(UndefinedMetricWarning, match="could not be scored"):
        run.set_params(n_initial=2, random_state=8).fit(rows, y, rows, y)
    assert np.isnan(run.learning_curve_.score[0])


def test_no_labels_to_start_from():
    net = make_classifier(max_epochs=40)
    run = simulate(EntropySampling(net), n_initial=0, batch_size=30)
    run.fit(X, Y, X, Y)
    assert run.learning_curve_.budget[0] == 0
    assert run.learning_curve_.score[-1] > run.learning_curve_.score[0]
    with pytest.raises(ValueError, match="X_labeled has no rows"):
        simulate(n_initial=0).fit(X, Y)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_grid_search_over_the_models_parameters(n_jobs):
    search = GridSearchCV(
        ActiveLearningSimulation(
            MarginSampling(LogisticRegression()), n_queries=5, random_state=0
        ),
        {"strategy__estimator__C": [0.1, 1, 10]},
        n_jobs=n_jobs,
        cv=3,
    )
    search.fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.predict(X).shape == (150,)


def test_grid_search_over_a_frozen_net(digits):
    images, y = digits
    net = make_classifier(module__n_features=64, module__n_outputs=10, max_epochs=3)
    frozen = FrozenEstimator(net.fit(images, y))
    search = GridSearchCV(
        simulate(EntropySampling(frozen), n_initial=20, random_state=0),
        {"batch_size": [1, 2]},
        cv=2,
    ).fit(images[:200], y[:200])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.strategy_.estimator_ is frozen


def test_the_evaluation_set_is_routed():
    with config_context(enable_metadata_routing=True):
        simulation = simulate().set_fit_request(X_eval=True, y_eval=True)
        search = GridSearchCV(simulation, {"batch_size": [2, 3]}, cv=2)
        search.fit(X, Y, X_eval=X[:30], y_eval=Y[:30])
    run = search.best_estimator_
    assert run.learning_curve_.score[-1] == run.predict(X[:30]).tolist().count(0) / 30
    plain = GridSearchCV(simulate(), {"batch_size": [2, 3]}, cv=2).fit(X, Y)
    assert np.isnan(plain.best_estimator_.learning_curve_.score).all()


def test_simulations_pickle():
    run = simulate().fit(X, Y, X, Y)
    again = pickle.loads(pickle.dumps(run))
    assert again.score(X, Y) == run.score(X, Y)


def test_progress_bar(capsys):
    simulate(verbose=1).fit(X, Y, X, Y)
    shown = capsys.readouterr().err
    assert "MarginSampling" in shown and "4/4" in shown and "labels=18" in shown
    simulate().fit(X, Y)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "params, error, message",
    [
        ({"n_initial": -1}, ValueError, "'n_initial' parameter .* at least 0. Got -1"),
        ({"n_initial": 151}, ValueError, "asks for 151 labels .* n_samples = 150"),
        ({"batch_size": 0}, ValueError, "'batch_size' parameter .* at least 1"),
        ({"batch_size": 1.5}, TypeError, "'batch_size' .* an int of at least 1"),
        ({"n_queries": None}, TypeError, "'n_queries' .* an int of at least 0"),
        ({"pool_size": 2}, ValueError, "'pool_size' .* at least 3. Got 2"),
        ({"initial": "best"}, ValueError, "'stratified' or 'random'. Got 'best'"),
        ({"scoring": "nonsense"}, ValueError, "nonsense"),
        ({"scoring": ["accuracy"]}, TypeError, "'scoring' .* name of one metric"),
        ({"callbacks": print}, TypeError, "'callbacks' .* list of callables"),
        ({"callbacks": ["x"]}, TypeError, r"Got \['x'\]"),
        ({"random_state": np.random}, ValueError, "'random_state' .* pass an int"),
        ({"strategy": LogisticRegression()}, TypeError, "has no partial_fit"),
    ],
)
def test_bad_parameters_get_a_sentence(params, error, message):
    with pytest.raises(error, match=message):
        simulate(**params).fit(X, Y)


def test_bad_data_get_a_sentence():
    with pytest.raises(ValueError, match="belong together"):
        simulate().fit(X, Y, X)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        simulate().fit(X, Y[:-1])

    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        simulate().fit(X, Y, X, Y[:-1])
    with pytest.raises(ValueError, match="y mixes labels of different kinds"):
        simulate().fit(X, [None, *Y[1:]])
    with pytest.raises(TypeError, match="must give one number"):
        simulate(scoring=lambda *_: {"a": 1}).fit(X, Y, X, Y)


@pytest.mark.parametrize(
    "answer",
    [[0, 0, 0], [0, 1, 1, 2], [[0], [1], [2]], [0.0, 1, 2], [1, 2, 150], "abc"],
)
def test_a_wrong_answer_of_a_strategy_is_refused(answer):
    class Cheats(RandomSampling):
        def query(self, X_pool, n=1):
            return np.array(answer)

    with pytest.raises(ValueError, match=r"Cheats\.query must give 3 distinct"):
        simulate(Cheats()).fit(X, Y)


def test_a_run_that_failed_leaves_no_old_results():
    run = simulate().fit(X, Y)
    with pytest.raises(ValueError, match="NaN"):
        run.set_params(strategy=MarginSampling()).fit(np.full_like(X, np.nan), Y)
    assert not hasattr(run, "strategy_") and not hasattr(run, "termination_condition_")


# ---------------------------------------------------------------- Ctrl-C


class InterruptedAt(RandomSampling):
    """Presses Ctrl-C in the third query."""

    def query(self, X_pool, n=1):
        if self.n_rounds_ == 2:
            raise KeyboardInterrupt
        return super().query(X_pool, n)


def test_ctrl_c_ends_the_loop_with_everything_in_place():
    run = simulate(InterruptedAt()).fit(X, Y, X, Y)
    assert run.termination_condition_ == "interrupted"
    assert_array_equal(run.learning_curve_.budget, [6, 9, 12])
    assert len(run.labeled_indices_) == 12 and len(run.estimators_) == 3
    assert run.predict(X).shape == (150,)


@pytest.mark.parametrize("where", ["_reveal", "_record", "_ask"])
def test_ctrl_c_leaves_nothing_half_done(where):
    """Press Ctrl-C at each line of the loop's own steps."""
    n_lines = 0
    for line in range(40):
        run = simulate(RandomSampling(), n_queries=3)
        with ctrl_c_at(getattr(type(run), where), line, skip=1) as pressed:
            run.fit(X, Y, X, Y)
        if not pressed:
            break
        n_lines += 1
        assert run.termination_condition_ == "interrupted"
        assert len(run.labeled_indices_) == len(run.labeled_iter_)
        n_rounds = len(run.learning_curve_.budget)
        assert len(run.estimators_) == n_rounds
        assert run.strategy_ is run.estimators_[-1]
        assert len(run.strategy_.y_labeled_) == run.learning_curve_.budget[-1]
        assert run.score(X, Y) > 0
    assert n_lines > 2


@contextmanager
def ctrl_c_at(function, line, skip):
    """Raise KeyboardInterrupt before the given line of a later call of a function."""
    pressed, calls = [], []

    def trace(frame, event, argument):
        if frame.f_code is not function.__code__:
            return None
        calls.append(frame)
        lines = []

        def within(frame, event, argument):
            if event == "line":
                lines.append(frame.f_lineno)
                if len(calls) > skip and len(lines) == line + 1 and not pressed:
                    pressed.append(True)
                    raise KeyboardInterrupt
            return within

        return within

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield pressed
    finally:
        sys.settrace(before)


def test_ctrl_c_before_the_first_model_is_passed_on():
    class AtOnce(RandomSampling):
        def fit(self, X_labeled, y, classes=None, **params):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(AtOnce()).fit(X, Y)


SWALLOWED = """
import os, signal
import numpy as np
from net_zoo import make_classifier
from sklearn.datasets import load_iris
from skactive import ActiveLearningSimulation, RandomSampling
from skorch.callbacks import Callback

class PressCtrlC(Callback):
    def on_epoch_begin(self, net, dataset_train=None, **kwargs):
        if len(dataset_train) > 8:
            os.kill(os.getpid(), signal.SIGINT)

X, y = load_iris(return_X_y=True)
net = make_classifier(callbacks=[("press", PressCtrlC())])
run = ActiveLearningSimulation(
    RandomSampling(net), n_initial=8, batch_size=2, n_queries=50, random_state=0
).fit(X, y)
print(run.termination_condition_, len(run.labeled_indices_), len(run.estimators_))
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
"""


def test_ctrl_c_that_skorch_swallows_still_ends_the_loop(request):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(SWALLOWED)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=request.config.rootpath / "tests",
        check=True,
    )
    # Ten labels were acquired, but the second model was trained for one epoch only.
    assert done.stdout.split() == ["interrupted", "10", "1"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
