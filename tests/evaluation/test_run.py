"""One run: what it holds and what it refuses."""

import dataclasses
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skactive.evaluation import Run

FIELDS = {
    "dataset": "letter",
    "model": "mlp",
    "batch_size": np.int64(100),
    "strategy": "margin",
    "seed": 0,
    "budget": [100, 200],
    "score": [0.4, 0.6],
}


def test_a_run_holds_what_it_was_given():
    seconds, labels = [0.5, np.nan], ["a"] * 200
    run = Run(**FIELDS, query_seconds=seconds, fit_seconds=[1, 2], acquired=labels)
    assert [field.name for field in dataclasses.fields(run)] == [
        *FIELDS,
        "query_seconds",
        "fit_seconds",
        "acquired",
    ]
    assert (run.dataset, run.model, run.strategy) == ("letter", "mlp", "margin")
    assert type(run.batch_size) is int and run.batch_size == 100
    assert run.budget.dtype == run.score.dtype == np.float64
    assert_array_equal(run.budget, [100, 200])
    assert_array_equal(run.query_seconds, seconds)
    assert_array_equal(run.acquired, labels)
    assert Run(**FIELDS).query_seconds is None


def test_a_run_cannot_be_changed_and_keeps_copies():
    score = np.array([0.4, 0.6])
    run = Run(**{**FIELDS, "score": score})
    score[0] = 1.0
    assert run.score[0] == 0.4
    with pytest.raises(ValueError, match="read-only"):
        run.score[0] = 1.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.seed = 1


def test_a_run_survives_pickling():
    run = pickle.loads(pickle.dumps(Run(**FIELDS)))
    assert_array_equal(run.score, [0.4, 0.6])


@pytest.mark.parametrize(
    ("changed", "error", "sentence"),
    [
        ({"dataset": 3}, TypeError, "'dataset' parameter must be a string.*Got 3"),
        ({"strategy": ""}, TypeError, "'strategy' parameter.*not empty. Got ''"),
        ({"seed": 0.5}, TypeError, "'seed' parameter must be an integer. Got 0.5"),
        ({"batch_size": "9"}, TypeError, "'batch_size' parameter.*Got '9'"),
        ({"batch_size": 0}, ValueError, "'batch_size' parameter.*at least 1. Got 0"),
        ({"budget": [200, 100]}, ValueError, "'budget' parameter must increase"),
        ({"budget": [100]}, ValueError, "equally long"),
        ({"score": [0.4, np.nan]}, ValueError, "'score' parameter must be finite"),
        ({"query_seconds": [1.0]}, ValueError, r"'query_seconds'.*2 rounds.*\(1,\)"),
        ({"fit_seconds": [1, np.inf]}, ValueError, "'fit_seconds'.*finite"),
        ({"fit_seconds": [1, -2]}, ValueError, "'fit_seconds'.*negative. Got -2"),
        ({"acquired": [0] * 199}, ValueError, r"'acquired'.*200.*\(199,\)"),
        ({"acquired": 3}, ValueError, r"'acquired'.*shape \(\)"),
    ],
)
def test_what_is_no_run_is_refused(changed, error, sentence):
    with pytest.raises(error, match=sentence):
        Run(**{**FIELDS, **changed})
