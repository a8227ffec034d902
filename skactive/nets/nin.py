"""The Network-in-Network models of the paper on hybrid query strategies."""

import torch
from torch import nn

from skactive.nets.checks import check_at_least, check_dropout, check_one_of
from skactive.nets.images import as_images

# (filters, size of the filter) of each convolution; a block ends in pooling, dropout.
_BLOCKS = {
    5: [[(32, 5), (32, 1)], [(64, 3), (64, 1)]],
    10: [
        [(96, 5), (96, 1), (96, 1)],
        [(192, 5), (192, 1), (192, 1)],
        [(192, 3), (192, 1), (192, 1)],
    ],
}
_DROPOUT = {5: 0.5, 10: 0.25}


class NetworkInNetwork(nn.Module):
    """
    Network in Network: convolutions of 1 by 1 in the place of hidden linear layers.

    Blocks of a convolution that sees its neighbourhood and one or two of 1 by 1, each
    with batch norm and ReLU; max-pooling by 2 and dropout after each block. The last
    convolution of 1 by 1 makes one map for each class, and the mean of a map is its
    logit.

    Parameters
    ----------
    n_outputs : int, default=10
        Number of classes.
    n_channels : int, default=1
        Channels of an image.
    image_size : int, default=28
        Height and width of an image in pixels, >= 8.
    n_layers : {5, 10}, default=5
        Convolutions: 5 as in the paper for MNIST, 10 as for CIFAR-10.
    dropout : float or None, default=None
        Probability of dropping a number after each block. None is 0.5 with 5 layers
        and 0.25 with 10.

    Raises
    ------
    ValueError
        A parameter is out of its range, or X has another shape.

    Notes
    -----
    Li et al., sections 4.1 and 4.2, figures 2(a) and 2(c); Lin et al. 2013. Their text
    gives the number of layers, batch norm, dropout that is less likely with 10 layers,
    and an output of shape (10, 1, 1). Settled here: the sizes and numbers of filters
    (close to Lin et al. with 10 layers), where to pool, and the probabilities.

    The mean of a map made by a convolution of 1 by 1 is a linear layer on the means of
    its inputs, and is computed as one: ``embed`` gives these means. The paper's
    embedding is the output itself: ``layer="output"``.

    Examples
    --------
    >>> import torch
    >>> from skactive.nets import NetworkInNetwork
    >>> NetworkInNetwork()(torch.zeros(3, 784)).shape
    torch.Size([3, 10])
    """

    def __init__(
        self, n_outputs=10, n_channels=1, image_size=28, n_layers=5, dropout=None
    ):
        super().__init__()
        check_at_least(self, 1, n_outputs=n_outputs, n_channels=n_channels)
        check_at_least(self, 8, image_size=image_size)
        check_one_of(self, _BLOCKS, n_layers=n_layers)
        dropout = _DROPOUT[n_layers] if dropout is None else dropout
        check_dropout(self, dropout)
        self.n_channels, self.image_size = n_channels, image_size
        layers, before = [], n_channels
        for block in _BLOCKS[n_layers]:
            for filters, size in block:
                layers += [
                    nn.Conv2d(before, filters, size, padding=size // 2),
                    nn.BatchNorm2d(filters),
                    nn.ReLU(),
                ]
                before = filters
            layers += [nn.MaxPool2d(2), nn.Dropout(dropout)]
        self.features = nn.Sequential(*layers).to(memory_format=torch.channels_last)
        self.output = nn.Linear(before, n_outputs)

    def forward(self, X):
        """
        Compute the logits of a batch.

        Parameters
        ----------
        X : tensor of shape (n_samples, n_channels, image_size, image_size)
            Images, or flat rows of them.

        Returns
        -------
        tensor of shape (n_samples, n_outputs)
            Logits.
        """
        return self.output(self.features(as_images(self, X)).mean(dim=(2, 3)))
