"""Class entropy of labels acquired."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skactive.evaluation import Run, class_entropy, class_entropy_curve

labels = st.lists(st.integers(0, 6), min_size=1, max_size=40)


@given(labels)
def test_the_entropy_is_that_of_the_formula(given_labels):
    shares = [given_labels.count(c) / len(given_labels) for c in range(7)]
    expected = -math.fsum(p * math.log(p) for p in shares if p)
    assert class_entropy(given_labels) == pytest.approx(expected, abs=1e-12)
    assert class_entropy(given_labels, 7) == class_entropy(given_labels)
    scaled = class_entropy(given_labels, 7, scaled=True)
    assert scaled == pytest.approx(expected / math.log(7), abs=1e-12)


@given(labels)
def test_names_of_classes_and_their_order_do_not_matter(given_labels):
    names = [f"class {c}" for c in reversed(given_labels)]
    assert class_entropy(names) == pytest.approx(class_entropy(given_labels), abs=1e-12)


@given(st.integers(1, 9), st.integers(1, 5))
def test_it_is_largest_where_all_classes_are_as_many(n_classes, times):
    even = list(range(n_classes)) * times
    assert class_entropy(even) == pytest.approx(math.log(n_classes), abs=1e-12)
    assert class_entropy([0] * times) == 0
    assert math.copysign(1, class_entropy([0])) == 1


def test_the_curve_is_that_of_the_labels_known_so_far():
    acquired = ["a", "a", "b", "a", "b", "b", "c"]
    run = Run(
        "d", "m", 2, "s", 0, [0, 2, 4, 6], [0.1, 0.2, 0.3, 0.4], acquired=acquired
    )
    budget, entropy = class_entropy_curve(run)
    assert_array_equal(budget, [2, 4, 6])
    quarter = -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))
    assert_allclose(entropy, [0, quarter, math.log(2)])
    scaled = class_entropy_curve(run, 4, scaled=True)[1]
    assert_allclose(scaled, entropy / math.log(4))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([],), r"'labels' parameter.*shape \(0,\)"),
        (([[1, 2]],), r"'labels' parameter.*shape \(1, 2\)"),
        (([1, 2, 3], 2), "'n_classes' parameter.*Got 2, and the labels have 3"),
    ],
)
def test_what_are_no_labels_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        class_entropy(*arguments)


@pytest.mark.parametrize("n_classes", [None, 1])
def test_scaling_needs_the_number_of_classes(n_classes):
    with pytest.raises(ValueError, match=f"'n_classes'.*scaled=True. Got {n_classes}"):
        class_entropy(np.zeros(3), n_classes, scaled=True)


def test_a_run_without_labels_is_refused():
    with pytest.raises(ValueError, match="'s' with seed 3 without"):
        class_entropy_curve(Run("d", "m", 2, "s", 3, [1], [0.1]))
