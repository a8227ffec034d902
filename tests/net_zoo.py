"""Networks of the tests, at module level so that they pickle."""

import random

import numpy as np
import torch
from skorch import NeuralNetClassifier, NeuralNetRegressor
from torch import nn


class SmallMLP(nn.Module):
    def __init__(self, n_features=4, n_outputs=3, width=16, dropout=0.5):
        super().__init__()
        self.hidden = nn.Linear(n_features, width)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, n_outputs)

    def forward(self, x):
        return self.head(self.dropout(torch.relu(self.hidden(x))))


class SmallCNN(nn.Module):
    """Reads images of shape (1, 8, 8)."""

    def __init__(self, n_outputs=10, channels=4):
        super().__init__()
        self.conv = nn.Conv2d(1, channels, 3, stride=2)
        self.norm = nn.BatchNorm2d(channels)
        self.drop = nn.Dropout2d(0.3)
        self.head = nn.Linear(channels * 9, n_outputs)

    def forward(self, x):
        return self.head(torch.relu(self.drop(self.norm(self.conv(x)))).flatten(1))


def make_classifier(module=SmallMLP, **params):
    return NeuralNetClassifier(
        module,
        **{
            "criterion": nn.CrossEntropyLoss,
            "optimizer": torch.optim.Adam,
            "lr": 0.01,
            "max_epochs": 10,
            "batch_size": 32,
            "train_split": None,
            "verbose": 0,
            **params,
        },
    )


def make_regressor(module=SmallMLP, **params):
    return NeuralNetRegressor(
        module,
        **{
            "module__n_outputs": 1,
            "optimizer": torch.optim.Adam,
            "lr": 0.01,
            "max_epochs": 10,
            "batch_size": 32,
            "train_split": None,
            "verbose": 0,
            **params,
        },
    )


class Fooling(nn.Module):
    """Base of nets that fool the obvious search for a head; ``z`` is by hand."""

    def z(self, x):
        return torch.relu(self.hidden(x))

    def forward(self, x):
        return self.head(self.z(x))


class HeadFirst(Fooling):
    def __init__(self, n_features=4, n_outputs=3, width=5):
        super().__init__()
        self.head = nn.Linear(width, n_outputs)
        self.hidden = nn.Linear(n_features, width)


class SoftmaxInside(HeadFirst):
    def __init__(self, n_features=4, n_outputs=3, width=5, log=False, scale=1.0):
        super().__init__(n_features, n_outputs, width)
        self.auxiliary = nn.Linear(width, n_outputs)
        self.log = log
        with torch.no_grad():
            self.head.weight.mul_(scale)

    def forward(self, x):
        z = self.z(x)
        self.auxiliary(z)
        logits = self.head(z)
        return logits.log_softmax(1) if self.log else logits.softmax(1)


class Auxiliary(Fooling):
    """A second head of the same shape, on another layer."""

    def __init__(self, before=True, returned=True, n_features=4, n_outputs=3, width=5):
        super().__init__()
        self.hidden = nn.Linear(n_features, width)
        self.auxiliary = nn.Linear(n_features, n_outputs)
        self.head = nn.Linear(width, n_outputs)
        self.before, self.returned = before, returned

    def forward(self, x):
        first = self.auxiliary(x) if self.before else None
        logits = self.head(self.z(x))
        auxiliary = first if self.before else self.auxiliary(x)
        return (logits, auxiliary) if self.returned else logits


class ReusedHead(Fooling):
    """The head is called three times; the second call is the output."""

    def __init__(self, width=3):
        super().__init__()
        self.hidden = nn.Linear(4, width)
        self.head = nn.Linear(width, width)

    def z(self, x):
        return torch.tanh(self.head(self.hidden(x)))

    def forward(self, x):
        logits = self.head(self.z(x))
        self.head(-logits)
        return logits


class TiedWeights(Fooling):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 4)
        self.head = nn.Linear(4, 4)
        self.head.weight = self.hidden.weight
        with torch.no_grad():
            self.head.bias.normal_()


class NestedHead(Fooling):
    def __init__(self):
        super().__init__()
        self.model = nn.ModuleDict(
            {
                "head": nn.Sequential(
                    nn.Sequential(nn.Linear(5, 6), nn.ReLU(inplace=True)),
                    nn.Sequential(nn.Dropout(0.2), nn.Linear(6, 3)),
                ),
                "body": nn.Sequential(
                    nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(inplace=True)
                ),
            }
        )

    def z(self, x):
        return self.model["head"][0](self.model["body"](x))

    def forward(self, x):
        return self.model["head"](self.model["body"](x))


class InPlaceAfterHead(HeadFirst):
    """What the head gave and what it saw are both overwritten later."""

    def forward(self, x):
        z = self.z(x)
        output = self.head(z).clone()
        z.zero_()
        return output


class KeywordCalls(HeadFirst):
    def __init__(self, dropout=0.5):
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.head(input=self.dropout(input=self.z(x)))


class Binary(Fooling):
    def __init__(self, flat=False, sigmoid=False):
        super().__init__()
        self.hidden = nn.Linear(4, 5)
        self.head = nn.Linear(5, 1)
        self.flat, self.sigmoid = flat, sigmoid

    def forward(self, x):
        logits = self.head(self.z(x))
        logits = torch.sigmoid(logits) if self.sigmoid else logits
        return logits[:, 0] if self.flat else logits


class Regressor(Fooling):
    def __init__(self, n_outputs=1, flat=False, double=False):
        super().__init__()
        dtype = torch.float64 if double else torch.float32
        self.hidden = nn.Linear(4, 20, dtype=dtype)
        self.head = nn.Linear(20, n_outputs, dtype=dtype)
        self.flat = flat

    def forward(self, x):
        output = self.head(self.z(x))
        return output[:, 0] if self.flat else output


class ConvolutionalHead(nn.Module):
    def __init__(self, softmax=False):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3)
        self.head = nn.Conv2d(6, 3, 1)
        self.softmax = softmax

    def forward(self, x):
        output = self.head(torch.relu(self.conv(x))).mean((2, 3))
        return output.softmax(1) if self.softmax else output


class SumOfHeads(Auxiliary):
    def forward(self, x):
        return self.head(self.z(x)) + self.auxiliary(x)


class FunctionalHead(HeadFirst):
    def forward(self, x):
        return self.z(x) @ self.head.weight.T


class TwinHeads(Auxiliary):
    """Two heads of zeros: nothing tells which of them is the head."""

    def __init__(self):
        super().__init__()
        for head in (self.head, self.auxiliary):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)


class OddOutputs(HeadFirst):
    """Holds a module per fault: no tensor, no batch, never called."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Linear(2, 2)
        self.recurrent = nn.GRU(4, 2, batch_first=True)
        self.constant = nn.Linear(1, 2)

    def forward(self, x):
        self.recurrent(x[:, None])
        self.constant(x.new_ones(1, 1))
        return self.head(self.z(x)), x[:1]


class Dropouts(nn.Module):
    """One dropout layer of any kind on its own, then a linear head."""

    def __init__(self, layer=None, shape=(6,), calls=1, n_outputs=2):
        super().__init__()
        self.dropout = nn.Dropout(0.5) if layer is None else layer
        self.norm = nn.BatchNorm1d(6)
        self.shape, self.calls = shape, calls
        self.head = nn.Linear(6, n_outputs)

    def forward(self, x):
        x = self.norm(x).unflatten(1, self.shape)
        return self.head(sum(self.dropout(x).flatten(1) for _ in range(self.calls)))


class Masked(nn.Module):
    """Gives what its dropout layer gives, for a look at the mask."""

    def __init__(self, layer, shape):
        super().__init__()
        self.layer, self.shape = layer, shape
        self.bias = nn.Parameter(torch.zeros(1))  # an optimiser needs one

    def forward(self, x):
        return self.layer(x.unflatten(1, self.shape)).flatten(1)


class SequenceFirst(HeadFirst):
    """Its dropout layer sees (steps, rows, features)."""

    def __init__(self, batch_first=False):
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.batch_first = batch_first

    def forward(self, x):
        steps = torch.stack([x, 2 * x, 3 * x], dim=1 if self.batch_first else 0)
        return super().forward(self.dropout(steps).sum(1 if self.batch_first else 0))


class FunctionalDropout(HeadFirst):
    def __init__(self):
        super().__init__()
        self.never_called = nn.Dropout(0.5)

    def forward(self, x):
        return self.head(nn.functional.dropout(self.z(x), training=self.training))


class GivesUp(HeadFirst):
    """Predicts until it is told to fail."""

    fails = False

    def forward(self, x):
        if self.fails:
            self.head(self.z(x))
            raise ArithmeticError("gave up")
        return super().forward(x)


class UsesOtherGenerators(HeadFirst):
    """Draws from numpy's and Python's global generators at its initialisation."""

    def __init__(self):
        super().__init__()
        noise = random.random() + np.random.rand()  # noqa: NPY002
        with torch.no_grad():
            self.hidden.weight.add_(float(noise))
