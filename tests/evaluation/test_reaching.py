"""Labels and seconds to a level, with quartiles over seeds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skactive.evaluation import (
    Run,
    Setting,
    labels_to_reach_quartiles,
    seconds_to_reach,
    seconds_to_reach_quartiles,
    total_seconds,
)


def run(score, seed=0, name="margin", **seconds):
    budget = 10 * np.arange(1, len(score) + 1)
    return Run("d", "m", 10, name, seed, budget, score, **seconds)


def reaching(rounds, n_rounds):
    """Make runs that reach 1 in the given rounds; None never does."""
    return [
        run([float(at is not None and k >= at) for k in range(n_rounds)], seed)
        for seed, at in enumerate(rounds)
    ]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=9))
def test_quartiles_are_those_of_numpy_where_all_runs_get_there(rounds):
    (row,) = labels_to_reach_quartiles(reaching(rounds, 10), 1)
    assert (row.setting, row.strategy) == (Setting("d", "m", 10), "margin")
    assert row.n_runs == row.n_reached == len(rounds)
    labels = 10.0 * (np.array(rounds) + 1)
    assert row[4:] == pytest.approx(tuple(np.quantile(labels, [0.25, 0.5, 0.75])))


@given(st.lists(st.none() | st.integers(0, 9), min_size=1, max_size=9))
def test_runs_that_never_get_there_need_infinitely_many(rounds):
    (row,) = labels_to_reach_quartiles(reaching(rounds, 10), 1)
    assert row.n_reached == sum(at is not None for at in rounds)
    large = np.array([10 * (at + 1) if at is not None else 1e9 for at in rounds])
    for found, q in zip(row[4:], (0.25, 0.5, 0.75), strict=True):
        expected = np.quantile(large, q)
        assert math.isinf(found) if expected > 1e6 else found == pytest.approx(expected)


def test_each_strategy_has_its_row():
    rows = labels_to_reach_quartiles([run([0.5, 0.9]), run([0.9, 0.9], name="b")], 0.9)
    assert [(row.strategy, row.median) for row in rows] == [("margin", 20), ("b", 10)]


def test_seconds_are_those_of_fits_and_of_queries_between():
    timed = run([0.1, 0.5, 0.9], fit_seconds=[1, 2, 4], query_seconds=[10, 20, np.nan])
    assert_array_equal(total_seconds(timed), [1, 13, 37])
    assert seconds_to_reach(timed, 0.5) == 13
    assert math.isnan(seconds_to_reach(timed, 0.95))
    (row,) = seconds_to_reach_quartiles([timed], 0.9)
    assert row[2:] == (1, 1, 37, 37, 37)


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        ({}, "'margin' with seed 0 without them"),
        ({"fit_seconds": [1, 2]}, "without them"),
        ({"fit_seconds": [1, 2], "query_seconds": [np.nan, 1]}, "lacks some"),
        ({"fit_seconds": [1, np.nan], "query_seconds": [1, 1]}, "lacks some"),
    ],
)
def test_unknown_seconds_are_refused(seconds, sentence):
    with pytest.raises(ValueError, match=sentence):
        seconds_to_reach(run([0.5, 0.9], **seconds), 0.5)


def test_a_level_must_be_a_number():
    with pytest.raises(ValueError, match="'level' parameter"):
        labels_to_reach_quartiles([run([0.5])], math.nan)
