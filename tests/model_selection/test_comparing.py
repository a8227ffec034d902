import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_diabetes, load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge

from skactive import (
    ActiveLearningSimulation,
    CoreSet,
    LeastConfidence,
    MarginSampling,
    RandomSampling,
)
from skactive.evaluation import curve_mean
from skactive.model_selection import compare_strategies

X, Y = load_digits(n_class=4, return_X_y=True)
LOOP = {"n_initial": 8, "batch_size": 4, "n_queries": 4, "n_repeats": 3}


def strategies():
    model = LogisticRegression(C=0.01)
    return {"random": RandomSampling(model), "margin": MarginSampling(model)}


def test_the_table_is_that_of_its_curves():
    found = compare_strategies(strategies(), X, Y, **LOOP)
    heights = {
        name: np.array(
            [curve_mean(r.budget, r.score) for r in found.runs if r.strategy == name]
        )
        for name in ("random", "margin")
    }
    random, margin = found.rows
    assert random["mean"] == pytest.approx(heights["random"].mean())
    gaps = heights["margin"] - heights["random"]
    half = 4.302652729911275 * gaps.std(ddof=1) / np.sqrt(3)  # t of 2 degrees
    assert margin["difference"] == pytest.approx(gaps.mean())
    assert margin["from"] == pytest.approx(gaps.mean() - half)
    assert margin["smallest"] == pytest.approx(half)
    assert margin["better"] == ("yes" if gaps.mean() > half else "")
    turned = found.paired("random", "margin")
    assert turned.mean == pytest.approx(-gaps.mean())


def test_strategies_share_starts_and_tests():
    found = compare_strategies(strategies(), X, Y, **LOOP)
    by_seed = {}
    for run in found.runs:
        by_seed.setdefault(run.seed, []).append(run)
    assert len(by_seed) == 3
    for one, other in by_seed.values():
        assert_array_equal(one.acquired[:8], other.acquired[:8])
        assert one.score[0] == other.score[0]
    assert len({runs[0].score[0] for runs in by_seed.values()}) > 1


def test_runs_repeat_and_do_not_depend_on_the_number_of_jobs():
    first, second, parallel = (
        compare_strategies(strategies(), X, Y, **LOOP, n_jobs=jobs, random_state=seed)
        for jobs, seed in ((None, 3), (None, 3), (2, 3))
    )
    for other in (second, parallel):
        for one, two in zip(first.runs, other.runs, strict=True):
            assert_array_equal(one.score, two.score)
            assert_array_equal(one.acquired, two.acquired)


def test_rows_to_score_on_may_be_given():
    found = compare_strategies(
        [RandomSampling(LogisticRegression(C=0.01), random_state=0)],
        *(X[:300], Y[:300]),
        X_eval=X[300:],
        y_eval=Y[300:],
        **LOOP,
    )
    assert {len(run.acquired) for run in found.runs} == {24}
    # The same rows, another start: the seeds differ.
    assert len({tuple(run.score) for run in found.runs}) == 3


def test_lists_are_rows_and_no_query_takes_no_time():
    options = LOOP | {"n_queries": 0}
    found = compare_strategies(strategies(), X.tolist(), Y.tolist(), **options)
    as_arrays = compare_strategies(strategies(), X, Y, **options)
    assert [row["last"] for row in found.rows] == [r["last"] for r in as_arrays.rows]
    assert all(np.isnan(row["s a query"]) for row in found.rows)


def test_regression():
    rows, targets = load_diabetes(return_X_y=True)
    found = compare_strategies(
        {"random": RandomSampling(Ridge()), "core-set": CoreSet(Ridge())},
        *(rows, targets),
        **LOOP,
        scoring="neg_mean_squared_error",
    )
    assert all(row["mean"] < 0 for row in found.rows)


def test_it_prints_itself():
    pytest.importorskip("pandas")
    found = compare_strategies(strategies(), X, Y, **LOOP)
    lines = str(found).splitlines()
    assert lines[0].split()[:3] == ["strategy", "mean", "last"]
    assert lines[1].startswith("random")
    assert "paired over 3 seed(s)" in lines[-1]
    frame = found.to_frame()
    assert frame.loc["margin", "mean"] == found.rows[1]["mean"]
    html = compare_strategies({"a<b": strategies()["random"]}, X, Y, **LOOP)
    assert "a&lt;b" in html._repr_html_()


def test_one_seed_shows_nothing():
    found = compare_strategies(strategies(), X, Y, **{**LOOP, "n_repeats": 1})
    row = found.rows[1]
    assert np.isfinite(row["difference"])
    assert np.isnan(row["smallest"])
    assert row["better"] == ""


def test_the_baseline_is_by_name():
    found = compare_strategies(strategies(), X, Y, baseline="margin", **LOOP)
    assert np.isnan(found.rows[1]["difference"])
    assert np.isfinite(found.rows[0]["difference"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"baseline": "badge"}, "'baseline' .*'random', 'margin'. Got 'badge'"),
        ({"n_repeats": 0}, "'n_repeats' .*>= 1. Got 0"),
        ({"n_repeats": 2.0}, "'n_repeats' .*int"),
        ({"X_eval": X}, "belong together"),
        ({"strategies": {}}, "empty"),
        ({"strategies": [MarginSampling(), MarginSampling()]}, "the same class"),
        ({"n_initial": -1}, "'n_initial'"),
        ({"n_start": 3}, "n_start"),
        ({"keep_estimators": True}, "'keep_estimators' is set here"),
        ({"strategies": MarginSampling()}, "list of strategies. Got MarginSampling"),
        ({"y": Y[:5]}, "inconsistent numbers of samples"),
    ],
)
def test_what_is_refused(change, sentence):
    options = {"strategies": strategies(), "X": X, "y": Y, **LOOP, **change}
    with pytest.raises((ValueError, TypeError), match=sentence):
        compare_strategies(**options)


def test_a_name_that_is_not_there():
    found = compare_strategies(strategies(), X, Y, **LOOP)
    with pytest.raises(ValueError, match=r"no strategy 'badge'.*'random', 'margin'"):
        found.paired("badge", "random")


def test_a_round_that_a_metric_refuses_ends_the_comparison():
    options = {**LOOP, "n_initial": 2, "n_repeats": 1, "initial": "random"}
    forest = LeastConfidence(RandomForestClassifier(5))
    with (
        pytest.warns(UserWarning, match="could not be scored"),
        pytest.raises(ValueError, match=r"LeastConfidence: .*scoring='neg_log_loss'"),
    ):
        compare_strategies([forest], X, Y, **options, scoring="neg_log_loss")


def test_the_labels_of_no_other_row_are_read():
    asked = []

    class Spy(RandomSampling):
        def partial_fit(self, X_labeled, y, classes=None, **params):
            asked.append(len(y))
            return super().partial_fit(X_labeled, y, classes, **params)

    simulation = ActiveLearningSimulation(
        Spy(LogisticRegression(C=0.01)), n_initial=8, batch_size=4, n_queries=4
    )
    simulation.fit(X, Y)
    assert asked == [4, 4, 4, 4]
