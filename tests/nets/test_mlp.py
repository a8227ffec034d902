"""The multi-layer perceptron: shapes, layers, and that it learns behind skorch."""

import numpy as np
import pytest
import torch
from skorch import NeuralNetClassifier
from torch import nn

from skactive.nets import MLP


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_rows_become_logits_and_trailing_dimensions_are_flattened(depth):
    torch.manual_seed(0)
    net = MLP(12, 5, width=7, depth=depth)
    images = torch.randn(4, 3, 2, 2)
    logits = net(images)
    assert logits.shape == (4, 5)
    assert torch.equal(logits, net(images.reshape(4, 12)))


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_each_hidden_layer_has_its_width_its_relu_and_its_dropout(depth):
    def count(net, kind):
        return sum(isinstance(module, kind) for module in net.modules())

    net = MLP(12, 5, width=7, depth=depth, dropout=0.3)
    assert count(net, nn.Linear) == depth + 1
    assert count(net, nn.ReLU) == count(net, nn.Dropout) == depth
    assert count(MLP(12, 5, depth=depth), nn.Dropout) == 0
    assert net.output.in_features == (7 if depth else 12)


def test_dropout_acts_in_training_only():
    net = MLP(12, 5, dropout=0.5)
    X = torch.randn(4, 12)
    assert not torch.equal(net.train()(X), net(X))
    assert torch.equal(net.eval()(X), net(X))


def test_the_logits_are_no_probabilities():
    with torch.no_grad():
        rows = MLP(2, 3)(torch.full((1, 2), 50.0)).sum()
    assert abs(rows - 1) > 1e-3


def test_it_learns_exclusive_or_behind_skorch():
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float32)
    y = np.array([0, 1, 1, 0])
    torch.manual_seed(0)
    net = NeuralNetClassifier(
        MLP,
        module__n_features=2,
        module__n_outputs=2,
        module__width=32,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.05,
        max_epochs=60,
        train_split=None,
        verbose=0,
    )
    assert net.fit(X, y).score(X, y) == 1.0


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"n_features": 0}, "'n_features'.*at least 1.*Got 0"),
        ({"n_outputs": 0}, "'n_outputs'.*at least 1"),
        ({"width": 0}, "'width'.*at least 1"),
        ({"depth": -1}, "'depth'.*at least 0.*Got -1"),
        ({"dropout": 1.0}, r"'dropout'.*\[0, 1\).*Got 1.0"),
    ],
)
def test_a_size_out_of_range_is_named(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        MLP(**({"n_features": 4, "n_outputs": 2} | wrong))
