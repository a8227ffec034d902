"""Networks of the tests, at module level so that they pickle."""

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
