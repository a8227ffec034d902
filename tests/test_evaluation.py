"""The area under a curve, the labels to reach a level, the exact risk of a design."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from skactive.evaluation import bayes_risk, curve_mean, labels_to_reach

scores = st.floats(-1e6, 1e6)


@st.composite
def curves(draw):
    budget = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=12, unique=True))
    n = len(budget)
    return sorted(budget), draw(st.lists(scores, min_size=n, max_size=n))


@given(curves())
def test_the_mean_lies_between_the_smallest_and_the_largest_score(curve):
    budget, score = curve
    assert min(score) <= curve_mean(budget, score) <= max(score)


@given(curves(), st.integers(1, 1000), st.integers(0, 1000))
def test_the_mean_does_not_depend_on_the_unit_or_origin_of_the_budget(curve, k, shift):
    budget, score = curve
    moved = [k * b + shift for b in budget]
    tolerance = 1e-9 * (1 + max(map(abs, score)))
    assert curve_mean(moved, score) == pytest.approx(
        curve_mean(budget, score), abs=tolerance
    )


def test_the_mean_is_the_area_divided_by_the_width():
    budget, score = [10, 20, 40], [0.5, 0.7, 0.9]
    area = 10 * (0.5 + 0.7) / 2 + 20 * (0.7 + 0.9) / 2
    assert curve_mean(budget, score) == pytest.approx(area / 30)
    assert isinstance(curve_mean(np.array(budget), np.array(score)), float)


def test_a_single_point_is_its_own_mean():
    assert curve_mean([20], [0.25]) == 0.25


@given(curves(), scores, scores)
def test_a_higher_level_never_takes_fewer_labels(curve, a, b):
    def labels(level):
        needed = labels_to_reach(*curve, level)
        return math.inf if math.isnan(needed) else needed

    assert labels(min(a, b)) <= labels(max(a, b))


@given(curves())
def test_every_score_on_the_curve_is_reached_and_none_above_it(curve):
    budget, score = curve
    assert labels_to_reach(budget, score, min(score)) == budget[0]
    assert labels_to_reach(budget, score, max(score)) == budget[np.argmax(score)]
    assert math.isnan(labels_to_reach(budget, score, max(score) + 1))


def test_the_first_crossing_counts_even_where_the_curve_falls_again():
    assert labels_to_reach([5, 10, 15, 20], [0.1, 0.8, 0.4, 0.9], 0.7) == 10


@pytest.mark.parametrize(
    "function", [curve_mean, lambda b, s: labels_to_reach(b, s, 0)]
)
@pytest.mark.parametrize(
    ("budget", "score", "sentence"),
    [
        ([1, 2], [0.5, np.nan], "'score' parameter must be finite.*evaluation set"),
        ([1, np.inf], [0.5, 0.6], "'budget' parameter must be finite"),
        ([1, 1], [0.5, 0.6], "must increase.*1 followed by 1"),
        ([2, 1], [0.5, 0.6], "must increase.*2 followed by 1"),
        ([1, 2], [0.5], "equally long.*2 budgets and 1 scores"),
        ([], [], "at least one"),
        ([[1, 2]], [[0.5, 0.6]], r"shape \(1, 2\)"),
    ],
)
def test_a_curve_that_is_none_is_refused(function, budget, score, sentence):
    with pytest.raises(ValueError, match=sentence):
        function(budget, score)


def test_a_level_must_be_a_number():
    with pytest.raises(ValueError, match="'level' parameter"):
        labels_to_reach([1], [0.5], math.nan)


@pytest.mark.parametrize("n_selected", [0, 2, 6])
@pytest.mark.parametrize(("lam", "noise_variance"), [(1, 1), (0.5, 4), (3, 0.2)])
def test_the_risk_is_the_mean_over_priors_and_labels(n_selected, lam, noise_variance):
    """Lemma 1, by drawing θ* and noise and fitting ridge regressions."""
    n_draws = 40_000
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4)) * [2, 1, 1, 0.3]
    theta = rng.normal(scale=lam**-0.5, size=(n_draws, 4))
    estimate = np.zeros_like(theta)
    if n_selected:
        noise = rng.normal(scale=noise_variance**0.5, size=(n_selected, n_draws))
        model = Ridge(alpha=lam * noise_variance, fit_intercept=False)
        model.fit(X[:n_selected], X[:n_selected] @ theta.T + noise)
        estimate = model.coef_
    excess = (((estimate - theta) @ X.T) ** 2).mean(axis=1)
    error = excess.std() / n_draws**0.5
    risk = bayes_risk(X, X[:n_selected], lam=lam, noise_variance=noise_variance)
    assert error < 0.01 * risk
    assert abs(excess.mean() - risk) < 4 * error


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
    st.data(),
    st.floats(1e-3, 1e3),
    st.floats(1e-3, 1e3),
)
def test_on_the_standard_basis_the_risk_is_a_sum(copies, data, lam, noise_variance):
    """Equation 8 of the paper, with the noise put back."""
    eye = np.eye(len(copies))
    picks = data.draw(st.lists(st.integers(0, len(copies) - 1), max_size=8))
    counts = np.bincount(picks, minlength=len(copies))
    share = np.array(copies) / sum(copies)
    expected = (share * noise_variance / (counts + lam * noise_variance)).sum()
    risk = bayes_risk(
        np.repeat(eye, copies, axis=0),
        eye[picks],
        lam=lam,
        noise_variance=noise_variance,
    )
    assert risk == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"X": np.zeros((0, 2))}, "'X' parameter must have at least one row"),
        ({"X": [1.0, 2.0]}, r"'X' parameter must have one row.*shape \(2,\)"),
        ({"X": [[1.0, np.nan]]}, "'X' parameter must be finite.*row 0, column 1"),
        ({"X_selected": []}, r"'X_selected' parameter must have.*shape \(0,\)"),
        ({"X_selected": [[np.inf, 1.0]]}, "'X_selected' parameter must be finite"),
        ({"X_selected": [[1.0]]}, "same features. Got 2 and 1 columns"),
        ({"lam": 0}, "'lam' parameter must be a finite number above 0. Got 0"),
        ({"lam": [1.0]}, "'lam' parameter must be a finite number"),
        ({"lam": math.nan}, "'lam' parameter must be a finite number"),
        ({"noise_variance": -1}, "'noise_variance' parameter must be.* Got -1"),
        ({"noise_variance": math.inf}, "'noise_variance' parameter must be.* Got inf"),
        ({"X_selected": [[1e9, 1e9]], "lam": 1e-6}, "tell beside 'X_selected'"),
        ({"X_selected": [[1e9, 1e9]], "lam": 1e2}, "tell beside 'X_selected'"),
        ({"lam": 1e200, "noise_variance": 1e200}, "tell beside 'X_selected'"),
        ({"lam": "1"}, "'lam' parameter must be a finite number above 0. Got '1'"),
    ],
)
def test_a_design_that_is_none_is_refused(changed, sentence):
    given = {"X": np.eye(2), "X_selected": np.eye(2), "lam": 1, "noise_variance": 1}
    with pytest.raises(ValueError, match=sentence):
        bayes_risk(**{**given, **changed})
