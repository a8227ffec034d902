import numpy as np
import pytest
from reference import diversity as textbook
from reference import information

from skactive import measures

PROBA = [[0.25, 0.25, 0.5], [1.0, 0.0, 0.0]]
# Two draws of three rows: both alike, opposite, and one unsure.
DRAWS = [[[1, 0], [1, 0], [1, 0]], [[1, 0], [0, 1], [0.5, 0.5]]]
H = -0.75 * np.log(0.75) - 0.25 * np.log(0.25)
# One labelled row at 0; with 1, 2 and 4 the variance is 35 / 16.
AT, LABELED = [[1.0], [4.0], [2.0]], [[0.0]]


@pytest.mark.parametrize(
    ("measure", "given", "expected"),
    [
        (measures.least_confidence, PROBA, [0.5, 0]),
        (measures.margin, PROBA, [-0.25, -1]),
        (measures.margin, [[1.0]], [-1]),
        (measures.entropy, PROBA, [1.5 * np.log(2), 0]),
        (measures.entropy, DRAWS, [0, np.log(2), H]),
        (measures.bald, DRAWS, [0, np.log(2), H - np.log(2) / 2]),
        (measures.variation_ratio, DRAWS, [0, 0.5, 0]),
        (measures.mean_std, DRAWS, [0, 0.5, 0.25]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_by_hand(measure, given, expected, dtype):
    for form in (given, np.array(given, dtype=dtype)):
        found = measure(form)
        assert isinstance(found, np.ndarray) and found.dtype == np.float64
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_joint_entropy_by_hand():
    # Rows 1 and 2 of the two draws: labels 00 by the first; 10 or 11 by the second.
    two = np.array(DRAWS)[:, 1:]
    found = measures.joint_entropy(two)
    assert isinstance(found, float)
    assert found == pytest.approx(1.5 * np.log(2))
    draws = np.random.default_rng(0).dirichlet(np.ones(3), size=(5, 4))
    expected = information.joint_entropy(draws)
    assert measures.joint_entropy(draws) == pytest.approx(expected, abs=1e-10)


def test_diversities_by_hand():
    np.testing.assert_allclose(measures.min_distance(AT, LABELED), [0.25, 1, 0.5])
    expected = 1 - np.exp(-np.array([1, 16, 4]) * 16 / 35)
    np.testing.assert_allclose(measures.posterior_variance(AT, LABELED), expected)
    rng = np.random.default_rng(1)
    z, labeled = rng.normal(3, 5, size=(30, 4)), rng.normal(3, 5, size=(6, 4))
    scaled = textbook.standardize(z, labeled)
    for name in ("min_distance", "posterior_variance"):
        found = getattr(measures, name)(z, labeled)
        assert isinstance(found, np.ndarray) and found.shape == (30,)
        np.testing.assert_allclose(found, getattr(textbook, name)(*scaled), atol=1e-7)


def test_inputs_are_not_changed():
    proba, draws, z = np.array(PROBA), np.array(DRAWS), np.array(AT)
    for array in (proba, draws, z):
        array.flags.writeable = False
    before = draws.copy()
    measures.entropy(proba)
    measures.bald(draws)
    measures.joint_entropy(draws)
    measures.posterior_variance(z, z[:1])
    np.testing.assert_array_equal(draws, before)


OF_PROBA = [measures.least_confidence, measures.margin, measures.entropy]
OF_DRAWS = [
    measures.bald,
    measures.variation_ratio,
    measures.mean_std,
    measures.joint_entropy,
]
OF_PAIRS = [measures.min_distance, measures.posterior_variance]


@pytest.mark.parametrize("measure", OF_PROBA)
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ([0.5, 0.5], r"proba must have shape \(n, K\).* Got \(2,\)"),
        (0.5, r"proba must have shape \(n, K\).* Got \(\)"),
        (np.empty((3, 0)), r"proba must have shape \(n, K\).* Got \(3, 0\)"),
        ([[0.5, 0.6]], "proba must hold probabilities.* sums to 1.1"),
        ([[1.5, -0.5]], "proba must hold probabilities.* -0.5"),
        ([[np.nan, 1.0]], "proba must hold probabilities.* NaN"),
        ([["a", "b"]], "proba must hold numbers"),
        ([[0.5, 0.5], [1.0]], "proba must hold numbers"),
    ],
)
def test_bad_probabilities(measure, given, sentence):
    with pytest.raises(ValueError, match=sentence):
        measure(given)


@pytest.mark.parametrize("measure", OF_DRAWS)
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (PROBA, r"draws must have shape \(T, n, K\).* Got \(2, 3\)"),
        (np.empty((2, 0, 3)), r"draws must have shape \(T, n, K\).* Got \(2, 0, 3\)"),
        (np.full((2, 1, 2), 0.6), "draws must hold probabilities.* sums to 1.2"),
        ([[["a"]]], "draws must hold numbers"),
    ],
)
def test_bad_draws(measure, given, sentence):
    with pytest.raises(ValueError, match=sentence):
        measure(given)


def test_entropy_names_both_shapes():
    with pytest.raises(ValueError, match=r"\(n, K\), or \(T, n, K\).* \(1, 1, 1, 1\)"):
        measures.entropy([[[[1.0]]]])


def test_a_single_draw_has_no_variation_ratio():
    with pytest.raises(ValueError, match="at least 2 posterior draws"):
        measures.variation_ratio([PROBA])


@pytest.mark.parametrize("measure", OF_PAIRS)
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (([1.0, 2.0], LABELED), r"embeddings must have shape \(n, d\).* Got \(2,\)"),
        ((AT, [0.0]), r"embeddings_labeled must have shape .*, d\).* Got \(1,\)"),
        ((AT, [[0.0, 1.0]]), "1 columns.* 2"),
        ((np.empty((0, 1)), LABELED), r"embeddings must have shape .* Got \(0, 1\)"),
        (([[np.nan]], LABELED), "not finite"),
        ((AT, [["a"]]), "embeddings_labeled must hold numbers"),
    ],
)
def test_bad_embeddings(measure, given, sentence):
    with pytest.raises(ValueError, match=sentence):
        measure(*given)
