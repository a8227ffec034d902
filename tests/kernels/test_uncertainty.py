import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from reference import uncertainty as textbook

from skactive.kernels import uncertainty

MEASURES = ("least_confidence", "margin", "entropy")


@st.composite
def probabilities(draw, max_rows=20):
    n_classes = draw(st.integers(2, 12))
    n = draw(st.integers(1, max_rows))
    weights = st.lists(st.floats(0, 1), min_size=n_classes, max_size=n_classes)
    rows = draw(st.lists(weights.filter(lambda w: sum(w) > 0), min_size=n, max_size=n))
    rows = np.array(rows)
    return rows / rows.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", MEASURES)
@given(proba=probabilities())
def test_equals_the_textbook(send, name, proba):
    fast = getattr(uncertainty, name)(send(torch.as_tensor(proba))).cpu()
    slow = [getattr(textbook, name)(row) for row in proba.tolist()]
    np.testing.assert_allclose(fast, slow, rtol=1e-12, atol=1e-15)


@given(proba=probabilities())
def test_ranges(send, proba):
    p, n_classes = send(torch.as_tensor(proba)), proba.shape[1]
    slack = 1e-12
    confidence = uncertainty.least_confidence(p)
    assert ((confidence >= -slack) & (confidence <= 1 - 1 / n_classes + slack)).all()
    margin = uncertainty.margin(p)
    assert ((margin >= -1 - slack) & (margin <= 0)).all()
    entropy = uncertainty.entropy(p)
    assert ((entropy >= 0) & (entropy <= math.log(n_classes) + slack)).all()


@pytest.mark.parametrize("name", MEASURES)
def test_certain_row_scores_lowest_and_uniform_row_highest(name, device):
    p = torch.tensor(
        [[1.0, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.6, 0.3, 0.1]], device=device
    )
    scores = getattr(uncertainty, name)(p)
    assert scores.device.type == device and scores.dtype == p.dtype
    assert scores.argmin() == 0 and scores.argmax() == 1
    assert torch.isfinite(scores).all()


def test_single_class_is_no_special_case_for_the_caller(device):
    one = torch.ones(3, 1, device=device)
    assert uncertainty.margin(one).tolist() == [-1.0] * 3
    assert uncertainty.entropy(one).tolist() == [0.0] * 3
    assert uncertainty.least_confidence(one).tolist() == [0.0] * 3
