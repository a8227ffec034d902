"""The multi-layer perceptron."""

from itertools import pairwise

from torch import nn

from skactive.nets.checks import check_at_least, check_dropout


class MLP(nn.Module):
    """
    Multi-layer perceptron: linear layers with ReLU between them.

    Returns logits, to be trained with ``CrossEntropyLoss``. Weights start as torch
    starts them, from its global generator.

    Parameters
    ----------
    n_features : int
        Numbers in a row, over all trailing dimensions: 784 for images of 28 by 28.
    n_outputs : int
        Number of classes, or of regression targets.
    width : int, default=256
        Units in each hidden layer.
    depth : int, default=1
        Number of hidden layers; 0 makes a linear model.
    dropout : float, default=0.0
        Probability of dropping a hidden unit in training, after each ReLU. 0.0 leaves
        the dropout layers out.

    Raises
    ------
    ValueError
        A parameter is out of its range.

    Examples
    --------
    >>> import torch
    >>> from skactive.nets import MLP
    >>> MLP(784, 10)(torch.zeros(3, 28, 28)).shape
    torch.Size([3, 10])
    """

    def __init__(self, n_features, n_outputs, width=256, depth=1, dropout=0.0):
        super().__init__()
        check_at_least(self, 1, n_features=n_features, n_outputs=n_outputs, width=width)
        check_at_least(self, 0, depth=depth)
        check_dropout(self, dropout)
        sizes = [n_features] + depth * [width]
        layers = []
        for size_in, size_out in pairwise(sizes):
            layers += [nn.Linear(size_in, size_out), nn.ReLU()]
            layers += [nn.Dropout(dropout)] if dropout else []
        self.hidden = nn.Sequential(*layers)
        self.output = nn.Linear(sizes[-1], n_outputs)

    def forward(self, X):
        """
        Compute the logits of a batch.

        Parameters
        ----------
        X : tensor of shape (n_samples, n_features) or (n_samples, ...)
            Rows of floats; trailing dimensions are flattened.

        Returns
        -------
        tensor of shape (n_samples, n_outputs)
            Logits, or regression values.
        """
        return self.output(self.hidden(X.flatten(start_dim=1)))
