"""Targets for a net and back, where no strategy reaches every case."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from net_zoo import Regressor, make_regressor

from skactive.inspection.preparation import (
    LabelCoding,
    code_targets,
    final_model,
    label_coding,
)

X = np.zeros((6, 4), dtype=np.float32)


@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=8, unique=True),
    st.data(),
)
def test_labels_survive_the_round_trip_in_any_order_of_classes(classes, data):
    y = np.array(data.draw(st.lists(st.sampled_from(classes), max_size=20)), dtype=int)
    coding = LabelCoding(np.array(classes), np.int64)
    codes = coding.encode(y)
    assert codes.dtype == np.int64
    assert [classes[code] for code in codes] == y.tolist()
    assert coding.decode(codes).tolist() == y.tolist()


def test_a_label_that_is_no_class_is_minus_one():
    coding = LabelCoding(np.array(["b", "a"]), np.int64)
    assert coding.encode(np.array(["a", "c", "b", ""])).tolist() == [1, -1, 0, -1]


@given(st.integers(2, 9), st.data())
def test_there_are_always_as_many_classes_as_outputs(n_outputs, data):
    labels = data.draw(st.lists(st.integers(-2, 12), min_size=1, max_size=12))
    y = np.array(labels)
    try:
        coding = label_coding(y, n_outputs, None, np.int64, "Net")
    except ValueError as error:
        is_more = len(set(labels)) > n_outputs
        advice = "an output for each class" if is_more else "classes="
        assert advice in str(error)
        assert len(set(labels)) != n_outputs
        return
    assert len(coding.classes) == n_outputs
    codes = coding.encode(y)
    assert codes.min() >= 0
    assert codes.max() < n_outputs
    if min(labels) >= 0 and max(labels) < n_outputs:
        assert codes.tolist() == labels


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("shape", [(6,), (6, 1)])
def test_targets_take_the_shape_of_the_output_and_come_back(flat, shape):
    y = np.arange(6.0).reshape(shape)
    net = make_regressor(Regressor, module__flat=flat)
    coding = code_targets(net, X, y)
    coded = coding.encode(y)
    assert coded.shape == ((6,) if flat else (6, 1))
    assert coded.dtype == np.float32
    back = coding.decode(coded)
    assert back.shape == shape
    np.testing.assert_array_equal(back, y)


def test_targets_of_several_columns():
    y = np.arange(12.0).reshape(6, 2)
    net = make_regressor(Regressor, module__n_outputs=2, module__double=True)
    coding = code_targets(net, X, y)
    assert coding.encode(y).dtype == np.float64
    np.testing.assert_array_equal(coding.decode(coding.encode(y)), y)
    with pytest.raises(ValueError, match=r"shape \(2,\) for a row.*shape \(6, 1\)"):
        code_targets(net, X, y[:, :1])


def test_a_model_that_wraps_nothing_is_its_own_final_model():
    net = make_regressor()
    assert final_model(net) is net
