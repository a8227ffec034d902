"""Normalised errors: by hand, against a textbook, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from reference import penalties as textbook

from skactive.evaluation import Run, Setting, normalized_errors


def run(name, score, seed=0, dataset="d", budget=(10, 20)):
    return Run(dataset, "mlp", 10, name, seed, list(budget), list(score))


def test_errors_are_means_over_the_seeds_over_those_of_the_baseline():
    runs = [
        run("random", [0.5, 0.6], 0),
        run("random", [0.7, 0.8], 1),
        run("margin", [0.6, 0.6], 0),
        run("margin", [0.6, 1.0], 1),
        run("random", [0.2], 0, "e", [20]),
        run("margin", [0.6], 0, "e", [20]),
    ]
    found = normalized_errors(runs, budgets=[10, 20])
    # At 10 labels (0.4 + 0.4) / (0.5 + 0.3), at 20 (0.4 + 0) / (0.4 + 0.2), and on
    # the other data set 0.4 / 0.8, which weighs as much as both together.
    assert_allclose(found.errors["margin"], [1 / 2, 2 / 3, 1])
    assert_allclose(found.weights["margin"], [1 / 2, 1 / 4, 1 / 4])
    assert_array_equal(found.errors["random"], [1, 1, 1])
    assert_allclose(found.cdf("margin", [0.49, 0.5, 0.7, 1.0]), [0, 0.5, 0.75, 1])
    assert_allclose(found.cdf("random", [0.99, 1]), [0, 1])
    assert found.settings == {
        Setting("d", "mlp", 10): (10, 20),
        Setting("e", "mlp", 10): (20,),
    }


@settings(max_examples=50)
@given(st.data(), st.integers(1, 3), st.integers(1, 4), st.floats(0, 3))
def test_the_distribution_is_that_of_the_textbook(data, n_sets, n_seeds, x):
    score = st.integers(0, 63).map(lambda k: k / 64)
    seeds = st.lists(score, min_size=n_seeds, max_size=n_seeds)
    tables = [
        {
            at: {name: data.draw(seeds) for name in ("random", "margin")}
            for at in (10, 20)
        }
        for _ in range(n_sets)
    ]
    runs = [
        run(name, [table[at][name][seed] for at in (10, 20)], seed, f"d{i}")
        for i, table in enumerate(tables)
        for name in ("random", "margin")
        for seed in range(n_seeds)
    ]
    found = normalized_errors(runs, budgets=[10, 20])
    for name in ("random", "margin"):
        expected = textbook.cdf(tables, name, "random", x)
        # Beside x a ratio may be rounded to the other side.
        low, high = found.cdf(name, [x - 1e-9, x + 1e-9])
        assert low - 1e-9 <= expected <= high + 1e-9
        assert found.cdf(name, found.errors[name][-1]) == pytest.approx(1)


def test_only_seeds_that_both_have_count():
    runs = [
        run("random", [0.5, 0.5], 0),
        run("random", [0.9, 0.9], 1),
        run("margin", [0.75, 0.75], 0),
        run("badge", [0.75, 0.75], 7),
    ]
    found = normalized_errors(runs, budgets=[10])
    assert_array_equal(found.errors["margin"], [0.5])
    assert "badge" not in found.errors
    assert [str(item) for item in found.left_out] == [
        "d, mlp, batches of 10: badge: no seed in common with an erring baseline at 10 "
        "labels."
    ]
    with pytest.raises(ValueError, match=r"one of random, margin. Got 'badge'"):
        found.cdf("badge", 1)


def test_what_has_no_error_to_divide_by_is_listed():
    runs = [
        run("random", [0.5, 0.5]),
        run("margin", [0.5, 0.5]),
        run("random", [1, 1], dataset="e"),
        run("margin", [0.5, 0.5], dataset="e"),
        run("margin", [0.5, 0.5], dataset="f"),
        run("random", [0.5, 1], dataset="g"),
        run("random", [0.5], dataset="h", budget=[70]),
    ]
    found = normalized_errors(runs, budgets=[10, 20])
    assert [str(item) for item in found.left_out] == [
        "e, mlp, batches of 10: the whole setting: the baseline makes no error to "
        "divide by.",
        "f, mlp, batches of 10: the whole setting: the baseline was not run here.",
        "g, mlp, batches of 10: margin: not run here.",
        "h, mlp, batches of 10: the whole setting: the baseline was not measured at a "
        "budget compared.",
    ]
    assert found.settings[Setting("g", "mlp", 10)] == (10,)


def test_a_negated_loss_has_its_own_best_score():
    runs = [run("random", [-4, -2]), run("margin", [-2, -2])]
    found = normalized_errors(runs, budgets=[10, 20], perfect=0)
    assert_array_equal(found.errors["margin"], [0.5, 1])


@pytest.mark.parametrize(
    ("changed", "error", "sentence"),
    [
        ({"runs": []}, ValueError, "'runs' parameter must hold at least one run"),
        ({"baseline": "rand"}, ValueError, "one of random, margin. Got 'rand'"),
        (
            {"perfect": 0.5},
            ValueError,
            "'perfect' parameter.*Got 0.5, and a run scores 0.6",
        ),
        ({"perfect": np.inf}, ValueError, "'perfect' parameter.*finite.*Got inf"),
        ({"budgets": "1"}, ValueError, "'budgets' parameter.*Got '1'"),
    ],
)
def test_bad_input_gets_one_sentence(changed, error, sentence):
    runs = [run("random", [0.5, 0.6]), run("margin", [0.5, 0.6])]
    with pytest.raises(error, match=sentence):
        normalized_errors(**{"runs": runs, "budgets": [10], **changed})
