"""Paired differences: mean, interval, and what a size can show."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from skactive.evaluation import paired_difference, t_threshold

numbers = st.integers(-100, 100).map(lambda k: k / 64)


def lists_of_pairs(min_size):
    return st.lists(st.tuples(numbers, numbers), min_size=min_size, max_size=12)


def test_the_interval_is_that_calculated_by_hand():
    # Differences 1, 2, 3, 4, 5: mean 3, deviation √2.5, half width 2.776 √(2.5 / 5).
    found = paired_difference([2, 4, 6, 8, 10], [1, 2, 3, 4, 5])
    half = 2.776445 * math.sqrt(0.5)
    assert (found.n, found.mean) == (5, 3)
    assert found.low == pytest.approx(3 - half, abs=1e-5)
    assert found.high == pytest.approx(3 + half, abs=1e-5)
    assert found.smallest == pytest.approx(half, abs=1e-5)
    assert found.is_significant


@given(lists_of_pairs(2), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_interval_is_that_of_scipy(pairs, level):
    first, second = np.transpose(pairs)
    found = paired_difference(first, second, level=level)
    gaps = first - second
    if (gaps == gaps[0]).all():
        assert found[1:] == (gaps[0], gaps[0], gaps[0], 0)
        assert found.is_significant == (gaps[0] != 0)
        return
    test = ttest_rel(first, second)
    interval = test.confidence_interval(level)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    if abs(test.pvalue - (1 - level)) > 1e-9:
        assert found.is_significant == (test.pvalue < 1 - level)


@given(lists_of_pairs(2))
def test_the_other_way_round_the_sign_turns(pairs):
    first, second = np.transpose(pairs)
    one, other = paired_difference(first, second), paired_difference(second, first)
    assert one.mean == -other.mean
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


@given(lists_of_pairs(2), st.floats(0.01, 1))
def test_a_mean_above_the_smallest_is_significant_and_one_below_is_not(pairs, by):
    first, second = np.transpose(pairs)
    found = paired_difference(first, second)
    shift = found.smallest - found.mean
    assert paired_difference(first + shift + by, second).is_significant
    if found.smallest > by:
        assert not paired_difference(first + shift - by, second).is_significant


def test_a_single_pair_has_no_interval():
    found = paired_difference([0.5], [0.25])
    assert (found.n, found.mean) == (1, 0.25)
    assert np.isnan(found[2:]).all() and not found.is_significant


def test_dicts_are_paired_by_their_keys():
    first, second = {0: 1.0, 1: 5.0, 7: 9.0}, {1: 3.0, 0: 1.0, 3: 8.0}
    assert paired_difference(first, second) == paired_difference([1, 5], [1, 3])


@pytest.mark.parametrize(
    ("first", "second", "error", "sentence"),
    [
        ([1, 2], [1], ValueError, r"equally long.*\(2,\) and \(1,\)"),
        ([], [], ValueError, "at least one"),
        ([[1]], [[1]], ValueError, r"shapes \(1, 1\)"),
        ([np.nan], [1], ValueError, "must be finite"),
        ({0: 1}, {1: 1}, ValueError, r"a key in common. Got \[0\] and \[1\]"),
        ({0: 1}, [1], TypeError, "both be lists or both be dicts. Got dict and list"),
    ],
)
def test_what_makes_no_pairs_is_refused(first, second, error, sentence):
    with pytest.raises(error, match=sentence):
        paired_difference(first, second)


@pytest.mark.parametrize("level", [0, 1, "0.95", math.nan])
def test_a_confidence_lies_between_0_and_1(level):
    for function in (
        lambda p: t_threshold(3, p),
        lambda p: paired_difference([1], [2], level=p),
    ):
        with pytest.raises(ValueError, match="'level' parameter"):
            function(level)


def test_a_threshold_needs_two_pairs():
    with pytest.raises(ValueError, match="'n' parameter must be at least 2"):
        t_threshold(1)


def test_numbers_that_differ_by_rounding_alone_are_equal():
    first = [0.1 + 0.2, 0.7, 1.1 + 2.2]
    second = [0.3, 0.7, 3.3]
    assert first != second
    found = paired_difference(first, second)
    assert found[1:] == (0, 0, 0, 0) and not found.is_significant
    tiny = paired_difference([2e-20, 2e-20], [1e-20, 1e-20])
    assert tiny.is_significant
