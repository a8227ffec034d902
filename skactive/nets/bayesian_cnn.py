"""The convolutional networks with dropout of the BatchBALD paper."""

import torch
from torch import nn

from skactive.nets.checks import check_at_least, check_dropout
from skactive.nets.images import as_images


class BayesianCNN(nn.Module):
    """
    Small convolutional network with dropout after every hidden layer.

    Blocks of convolution, max-pooling by 2, dropout of whole channels and ReLU, then a
    hidden layer with dropout, and the logits. With its dropout left on it samples from
    an approximate posterior (MC dropout).

    Parameters
    ----------
    n_outputs : int, default=10
        Number of classes.
    n_channels : int, default=1
        Channels of an image.
    image_size : int, default=28
        Height and width of an image, in pixels.
    filters : tuple of int, default=(32, 64)
        Filters of each block. The paper uses ``(32, 64, 128)`` for EMNIST.
    kernel_size : int, default=5
        Height and width of a filter; no padding. The paper uses 3 for EMNIST.
    hidden : int, default=128
        Units of the hidden layer. The paper uses 512 for EMNIST.
    dropout : float, default=0.5
        Probability of dropping a channel or a hidden unit.

    Raises
    ------
    ValueError
        A parameter is out of its range, the images are too small for the blocks, or X
        has another shape.

    Notes
    -----
    Kirsch et al. 2019, sections 4.1 and 4.3. Weights lie channels last, which is up to
    three times as fast on a CPU.

    Examples
    --------
    >>> import torch
    >>> from skactive.nets import BayesianCNN
    >>> BayesianCNN()(torch.zeros(3, 1, 28, 28)).shape
    torch.Size([3, 10])
    """

    def __init__(
        self,
        n_outputs=10,
        n_channels=1,
        image_size=28,
        filters=(32, 64),
        kernel_size=5,
        hidden=128,
        dropout=0.5,
    ):
        super().__init__()
        check_at_least(
            self,
            1,
            n_outputs=n_outputs,
            n_channels=n_channels,
            image_size=image_size,
            kernel_size=kernel_size,
            hidden=hidden,
        )
        for width in filters:
            check_at_least(self, 1, filters=width)
        check_dropout(self, dropout)
        self.n_channels, self.image_size = n_channels, image_size
        blocks, size, before = [], image_size, n_channels
        for width in filters:
            # Published with dropout before pooling. The factor of a channel is not
            # negative: the order changes no number, and this one multiplies a quarter.
            blocks += [
                nn.Conv2d(before, width, kernel_size),
                nn.MaxPool2d(2),
                nn.Dropout2d(dropout),
                nn.ReLU(),
            ]
            size, before = (size - kernel_size + 1) // 2, width
        if size < 1:
            raise ValueError(
                f"Images of {image_size} by {image_size} pixels vanish in "
                f"{len(filters)} blocks with filters of {kernel_size} by "
                f"{kernel_size}. Use fewer or smaller filters, or larger images."
            )
        self.blocks = nn.Sequential(*blocks).to(memory_format=torch.channels_last)
        self.hidden = nn.Linear(before * size**2, hidden)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden, n_outputs)

    def forward(self, X):
        """
        Compute the logits of a batch.

        Parameters
        ----------
        X : tensor of shape (n_samples, n_channels, image_size, image_size)
            Images; without the dimension of a single channel, or as flat rows, they
            are put into shape.

        Returns
        -------
        tensor of shape (n_samples, n_outputs)
            Logits.
        """
        X = self.blocks(as_images(self, X)).flatten(start_dim=1)
        return self.output(self.dropout(self.hidden(X).relu()))
