"""The penalty matrix against a calculation by hand, a textbook, and its properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from reference import penalties as textbook

from skactive.evaluation import (
    Run,
    Setting,
    penalty_matrices,
    penalty_matrix,
    t_threshold,
)

NAMES = ("random", "margin", "badge")


def runs_of(dataset, batch_size, budget, scores, model="mlp"):
    """Make one run of each seed; scores are {strategy: one list for each round}."""
    return [
        Run(dataset, model, batch_size, name, seed, budget, curve)
        for name, rounds in scores.items()
        for seed, curve in enumerate(np.transpose(rounds))
    ]


# ------------------------------------------------------------- by hand

# Random's mean is 0.90 in the end and below 0.89 until then: n0 = 90. With M = 10 and
# B = 10 this is (90 − 10) / 10 = 8 batches, so that m = 1, 2, 3: budgets 20, 30, 50.
TENS = [10, 20, 30, 40, 50, 60, 70, 80, 90]
LATER = [[0.8] * 3] * 3 + [[0.9] * 3]
FIRST = {
    "random": [
        [0.1] * 3,
        [0.30, 0.30, 0.30],  # 20 labels
        [0.50, 0.52, 0.54],  # 30 labels
        [0.6] * 3,
        [0.70, 0.70, 0.70],  # 50 labels
        *LATER,
    ],
    "margin": [
        [0.1] * 3,
        # + 0.1 over random with every seed: a win, though the deviation is 0.
        [0.40, 0.40, 0.40],
        # 0.1, 0.2, 0.3 over random and badge: √3 · 0.2 / 0.1 = 3.46 < 4.303.
        [0.60, 0.72, 0.84],
        [0.9] * 3,
        # 0.20, 0.25, 0.30 over random: √3 · 0.25 / 0.05 = 8.66 > 4.303, a win;
        # 0.30, 0.35, 0.40 over badge: √3 · 0.35 / 0.05 = 12.1, a win.
        [0.90, 0.95, 1.00],
        *LATER,
    ],
    "badge": [
        [0.1] * 3,
        [0.40, 0.40, 0.40],  # equal to margin: no win; a win over random
        [0.50, 0.52, 0.54],  # equal to random: no win
        [0.9] * 3,
        [0.60, 0.60, 0.60],  # 0.1 below random with every seed: random wins
        *LATER,
    ],
}
# Random is at 0.9 from 300 labels on: n0 = 300, (300 − 100) / 100 = 2, so m = 1: 200.
HUNDREDS = [100, 200, 300, 400, 500]
SECOND = {
    "random": [[0.3] * 5, [0.5] * 5, [0.9] * 5, [0.9] * 5, [0.9] * 5],
    # 0.1 four times and 0 over random: mean 0.08, deviation 0.0447, t = 4 > 2.776.
    "margin": [[0.3] * 5, [0.6, 0.6, 0.6, 0.6, 0.5], *[[0.9] * 5] * 3],
    # Over random 0.1, 0.1, 0.1, 0, −0.1: mean 0.04, deviation 0.0894, t = 1; below
    # margin by 0, 0, 0, 0.1, 0.1: mean 0.04, deviation 0.0548, t = 1.63: no win.
    "badge": [[0.3] * 5, [0.6, 0.6, 0.6, 0.5, 0.4], *[[0.9] * 5] * 3],
}
# Random has learned after two batches of 100 at most: 1 batch, log₂ 1 = 0, no budget.
EARLY = {name: [[0.3] * 5, [0.9] * 5, [0.9] * 5] for name in NAMES}
BY_HAND = [
    *runs_of("letter", 10, TENS, FIRST),
    *runs_of("letter", 100, HUNDREDS, SECOND),
    *runs_of("easy", 100, [100, 200, 300], EARLY),
]


def test_the_matrix_is_that_calculated_by_hand():
    found = penalty_matrix(BY_HAND)
    assert found.strategies == NAMES
    expected = [[0, 0, 1 / 3], [2 / 3 + 1, 0, 1 / 3], [1 / 3, 0, 0]]
    assert_allclose(found.matrix, expected, rtol=1e-12)
    assert_allclose(found.column_means, [2 / 3, 0, 2 / 9], rtol=1e-12)
    assert found.settings == {
        Setting("letter", "mlp", 10): (20, 30, 50),
        Setting("letter", "mlp", 100): (200,),
    }
    (left_out,) = found.left_out
    assert left_out.setting == Setting("easy", "mlp", 100)
    assert str(left_out) == (
        "easy, mlp, batches of 100: the whole setting: the baseline learns for 100 "
        "labels only, and the rule needs at least 200."
    )


def test_the_other_rule_goes_on_to_the_end_of_learning():
    found = penalty_matrix(BY_HAND, budgets="002")
    assert found.settings == {
        Setting("letter", "mlp", 10): (20, 30, 50, 90),
        Setting("letter", "mlp", 100): (200, 300),
        Setting("easy", "mlp", 100): (200,),
    }
    expected = [[0, 0, 1 / 4], [2 / 4 + 1 / 2, 0, 1 / 4], [1 / 4, 0, 0]]
    assert_allclose(found.matrix, expected, rtol=1e-12)
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("rule", "within", "score", "n0"),
    [
        ("000", 0.01, 0.8911, 50),  # 99 % of 0.9 are 0.891
        ("000", 0.01, 0.8909, 90),
        ("000", 0.1, 0.8101, 50),  # 90 % of 0.9 are 0.81
        ("000", 0.1, 0.8099, 90),
        ("002", 0.01, 0.8901, 50),  # 0.9 less 0.01
        ("002", 0.01, 0.8899, 90),
        ("002", 0.1, 0.8001, 50),
        ("002", 0.1, 0.7999, 90),
    ],
)
def test_learning_ends_where_the_baseline_is_near_to_its_final_score(
    rule, within, score, n0
):
    rounds = [[0.1, 0.3]] * 4 + [[score - 0.05, score + 0.05]] + [[0.2, 0.2]] * 3
    scores = {"random": [*rounds, [0.85, 0.95]], "margin": [[0.5, 0.5]] * 9}
    runs = runs_of("d", 10, TENS, scores)
    found = penalty_matrix(runs, budgets=rule, within=within)
    expected = {
        ("000", 50): (20, 30),
        ("000", 90): (20, 30, 50),
        ("002", 50): (20, 30, 50),
        ("002", 90): (20, 30, 50, 90),
    }
    assert found.settings == {Setting("d", "mlp", 10): expected[rule, n0]}


def test_matrices_by_group_sum_to_the_whole():
    groups = penalty_matrices(BY_HAND, "batch_size")
    assert list(groups) == [10, 100]
    assert_allclose(groups[10].matrix[1], [2 / 3, 0, 1 / 3], rtol=1e-12)
    assert_array_equal(groups[100].matrix, [[0, 0, 0], [1, 0, 0], [0, 0, 0]])
    whole = penalty_matrix(BY_HAND)
    assert_allclose(sum(g.matrix for g in groups.values()), whole.matrix)
    assert set(penalty_matrices(BY_HAND, "dataset")) == {"letter", "easy"}
    assert_array_equal(penalty_matrices(BY_HAND, "model")["mlp"].matrix, whole.matrix)


# ------------------------------------------------------------- the t test


@pytest.mark.parametrize(("n", "expected"), [(3, 4.303), (5, 2.776), (10, 2.262)])
def test_thresholds_are_those_of_the_tables(n, expected):
    assert t_threshold(n) == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("n", [3, 5, 10])
@pytest.mark.parametrize(("excess", "wins"), [(1.001, 1), (0.999, 0)])
def test_a_win_needs_a_t_above_the_threshold(n, excess, wins):
    """Differences are shifted so that t is just above the table's value, or below."""
    table = {3: 4.302653, 5: 2.776445, 10: 2.262157}[n]
    gaps = np.linspace(-1, 1, n)
    gaps += excess * table * gaps.std(ddof=1) / np.sqrt(n)
    scores = {"a": [np.zeros(n)], "b": [gaps / 100]}
    found = penalty_matrix(runs_of("d", 5, [10], scores), budgets=[10])
    assert_array_equal(found.matrix, [[0, 0], [wins, 0]])


def test_a_higher_confidence_finds_less():
    scores = {"a": [[0.0] * 5], "b": [[0.1, 0.1, 0.1, 0.1, 0.0]]}  # t = 4
    runs = runs_of("d", 5, [10], scores)
    wins = [
        penalty_matrix(runs, budgets=[10], level=p).matrix[1, 0] for p in (0.9, 0.99)
    ]
    assert wins == [1, 0]


# ------------------------------------------------------------- what is left out


def left_out(runs, **parameters):
    return [str(item) for item in penalty_matrix(runs, **parameters).left_out]


def test_a_strategy_with_a_single_repeat_is_left_out_and_listed():
    alone = {**FIRST, "badge": [row[:1] for row in FIRST["badge"]]}
    found = penalty_matrix(runs_of("letter", 10, TENS, alone))
    assert_allclose(found.matrix, [[0, 0, 0], [2 / 3, 0, 0], [0, 0, 0]])
    assert list(map(str, found.left_out)) == [
        "letter, mlp, batches of 10: badge: fewer than two repeats."
    ]


def test_a_strategy_that_was_not_run_in_a_setting_is_listed():
    some = {name: SECOND[name] for name in ("random", "margin")}
    runs = [*runs_of("a", 10, TENS, FIRST), *runs_of("b", 100, HUNDREDS, some)]
    assert left_out(runs) == ["b, mlp, batches of 100: badge: not run here."]


def test_strategies_without_common_seeds_are_listed_and_not_compared():
    runs = [
        Run("d", "m", 5, name, seed, [10], [score])
        for name, seeds, score in [
            ("a", (0, 1, 2), 0.1),
            ("b", (2, 3, 4), 0.9),
            ("c", (0, 1, 3, 4), 0.5),
        ]
        for seed in seeds
    ]
    found = penalty_matrix(runs, budgets=[10])
    assert_array_equal(found.matrix, [[0, 0, 0], [0, 0, 1], [1, 0, 0]])
    assert list(map(str, found.left_out)) == [
        "d, m, batches of 5: a and b: fewer than two seeds in common at 10 labels."
    ]


def test_seeds_are_paired_by_their_numbers_and_not_by_their_places():
    scores = {0: 0.1, 1: 0.5, 2: 0.9}
    order = {"a": (0, 1, 2), "b": (2, 0, 1)}
    runs = [
        Run("d", "m", 5, name, seed, [10], [scores[seed] + (name == "b") / 100])
        for name, seeds in order.items()
        for seed in seeds
    ]
    assert_array_equal(penalty_matrix(runs, budgets=[10]).matrix, [[0, 0], [1, 0]])


def test_settings_without_what_a_rule_needs_are_listed():
    others = {name: SECOND[name] for name in ("margin", "badge")}
    negative = {name: -np.ones((5, 5)) for name in NAMES}
    runs = [
        *runs_of("a", 10, TENS, FIRST),
        *runs_of("b", 100, HUNDREDS, others),
        *runs_of("c", 100, HUNDREDS, negative),
        *runs_of(
            "d", 100, HUNDREDS, {name: np.array(SECOND[name])[:, :1] for name in NAMES}
        ),
    ]
    found = left_out(runs)
    assert found[0] == (
        "b, mlp, batches of 100: the whole setting: the baseline was not run here."
    )
    assert (
        "c, mlp, batches of 100: the whole setting: 99% of the baseline's" in found[1]
    )
    assert "score, -1, is no level below it; rule '002' takes a" in found[1]
    assert "99.5% of the baseline's" in left_out(runs, within=0.005)[1]
    assert "d, mlp, batches of 100: random: fewer than two repeats." in found
    assert found[-1].endswith(
        "no two strategies have two repeats at a budget compared."
    )
    assert set(penalty_matrix(runs).settings) == {Setting("a", "mlp", 10)}


def test_a_budget_that_no_two_strategies_have_does_not_dilute_the_others():
    runs = runs_of("letter", 10, TENS, FIRST)
    found = penalty_matrix(runs, budgets=[20, 25, 1000])
    assert found.settings == {Setting("letter", "mlp", 10): (20,)}
    assert_array_equal(found.matrix, [[0, 0, 0], [1, 0, 0], [1, 0, 0]])


@pytest.mark.parametrize(
    ("changed", "error", "sentence"),
    [
        ({"runs": []}, ValueError, "'runs' parameter must hold at least one run"),
        ({"runs": [3]}, TypeError, "list of skactive.evaluation.Run. Got int"),
        ({"runs": BY_HAND[:1] * 2}, ValueError, "Got two of 'random' with seed 0"),
        ({"budgets": "001"}, ValueError, "'budgets' parameter.*Got '001'"),
        ({"budgets": []}, ValueError, r"'budgets' parameter.*Got \[\]"),
        ({"budgets": [np.nan]}, ValueError, "'budgets' parameter.*finite"),
        ({"baseline": "rand"}, ValueError, "one of random, margin, badge. Got 'rand'"),
        ({"level": 1}, ValueError, "'level' parameter.*between 0 and 1. Got 1"),
        ({"level": "high"}, ValueError, "'level' parameter.*Got 'high'"),
        ({"within": 1.0}, ValueError, "'within' parameter.*Got 1.0"),
    ],
)
def test_bad_input_gets_one_sentence(changed, error, sentence):
    given = {"runs": BY_HAND, **changed}
    for function in (
        penalty_matrix,
        lambda runs, **k: penalty_matrices(runs, "model", **k),
    ):
        with pytest.raises(error, match=sentence):
            function(**given)


def test_groups_must_be_known():
    with pytest.raises(ValueError, match=r"'by' parameter.*'model'.*Got 'seed'"):
        penalty_matrices(BY_HAND, "seed")


# ------------------------------------------------------------- properties


@st.composite
def grids(draw):
    """Scores on a grid of 1/64 (exact sums), of 1 to 3 settings."""
    names = [f"s{i}" for i in range(draw(st.integers(2, 4)))]
    n_seeds, n_rounds = draw(st.integers(2, 5)), draw(st.integers(2, 12))
    score = st.integers(1, 63).map(lambda k: k / 64)
    table = st.lists(
        st.lists(score, min_size=n_seeds, max_size=n_seeds),
        min_size=n_rounds,
        max_size=n_rounds,
    )
    batch = draw(st.sampled_from([1, 3, 10]))
    budget = [4 + batch * k for k in range(n_rounds)]
    sets = draw(st.integers(1, 3))
    return names, batch, budget, [{n: draw(table) for n in names} for _ in range(sets)]


def flat(grid, rename=lambda name: name, shift=0.0):
    _, batch, budget, sets = grid
    return [
        run
        for i, scores in enumerate(sets)
        for run in runs_of(
            f"d{i}",
            batch,
            budget,
            {rename(name): np.add(rows, shift) for name, rows in scores.items()},
        )
    ]


@settings(max_examples=40)
@given(grids(), st.sampled_from(["000", "002"]))
def test_the_matrix_is_that_of_the_textbook(grid, rule):
    names, batch, budget, sets = grid
    tables = []
    for scores in sets:
        n0 = textbook.saturation(budget, np.transpose(scores["s0"]), rule)
        chosen = textbook.budgets(budget[0], batch, n0, rule)
        table = {
            at: {name: rows[budget.index(at)] for name, rows in scores.items()}
            for at in chosen
        }
        tables += [table] if table else []
    found = penalty_matrix(flat(grid), budgets=rule, baseline="s0")
    assert [list(used) for used in found.settings.values()] == [list(t) for t in tables]
    assert len(found.left_out) == len(sets) - len(tables)
    assert_allclose(found.matrix, textbook.penalty_matrix(tables, names), atol=1e-12)


@settings(max_examples=40)
@given(grids(), st.data())
def test_of_two_strategies_at_most_one_wins_a_budget(grid, data):
    at = data.draw(st.sampled_from(grid[2]))
    found = penalty_matrix(flat(grid), budgets=[at])
    both = found.matrix + found.matrix.T
    assert (both <= len(found.settings)).all()
    for matrix in penalty_matrices(flat(grid), "dataset", budgets=[at]).values():
        assert set(np.unique(matrix.matrix + matrix.matrix.T)) <= {0, 1}
        assert (matrix.matrix * matrix.matrix.T == 0).all()
    assert (found.matrix.diagonal() == 0).all()


@settings(max_examples=25)
@given(grids(), st.randoms(use_true_random=False))
def test_other_names_and_another_order_only_permute_the_matrix(grid, random):
    runs = flat(grid)
    found = penalty_matrix(runs, baseline="s0")
    renamed = penalty_matrix(flat(grid, lambda name: "x" + name), baseline="xs0")
    assert renamed.strategies == tuple("x" + name for name in found.strategies)
    assert_array_equal(renamed.matrix, found.matrix)
    random.shuffle(runs)
    mixed = penalty_matrix(runs, baseline="s0")
    order = [mixed.strategies.index(name) for name in found.strategies]
    assert_allclose(mixed.matrix[np.ix_(order, order)], found.matrix, atol=1e-12)


@settings(max_examples=25)
@given(grids(), st.integers(-8, 8))
def test_a_constant_added_to_all_scores_changes_nothing(grid, shift):
    for budgets in ("002", grid[2]):
        first, second = (
            penalty_matrix(flat(grid, shift=by), budgets=budgets, baseline="s0")
            for by in (0, shift)
        )
        assert first.settings == second.settings
        assert_array_equal(first.matrix, second.matrix)


@settings(max_examples=25)
@given(grids())
def test_negated_scores_transpose_the_matrix(grid):
    runs = flat(grid)
    turned = [
        Run(r.dataset, r.model, r.batch_size, r.strategy, r.seed, r.budget, -r.score)
        for r in runs
    ]
    first, second = (penalty_matrix(given, budgets=grid[2]) for given in (runs, turned))
    assert_allclose(second.matrix, first.matrix.T, atol=1e-12)
