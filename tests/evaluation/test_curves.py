"""The area under a curve and the labels to reach a level."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skactive.evaluation import curve_mean, labels_to_reach

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
