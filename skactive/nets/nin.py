"""The Network-in-Network models of the paper on hybrid query strategies."""

import torch
from torch import nn

from skactive.nets.checks import check_at_least, check_dropout, check_one_of
from skactive.nets.images import as_images

# Of each block: size of the first filters, filters in units of the width, how many
# convolutions in all.
_BLOCKS = {5: [(5, 1, 2), (5, 2, 2)], 10: [(5, 1, 3), (3, 2, 3), (3, 2, 3)]}
_WIDTH = {5: 64, 10: 96}
_DROPOUT = {5: 0.5, 10: 0.1}


class NetworkInNetwork(nn.Module):
    """
    Network in Network: convolutions of 1 by 1 in the place of hidden linear layers.

    Blocks of a convolution that sees its neighbourhood, max-pooling by 2, one or two
    convolutions of 1 by 1, and dropout; batch norm and ReLU after each convolution. The
    last convolution of 1 by 1 makes one map for each class, and the mean of a map is
    its logit.

    Parameters
    ----------
    n_outputs : int, default=10
        Number of classes.
    n_channels : int, default=1
        Channels of an image.
    image_size : int, default=28
        Height and width of an image in pixels, >= 8 with 5 layers and >= 16 with 10.
    n_layers : {5, 10}, default=5
        Convolutions: 5 as in the paper for MNIST, 10 as for CIFAR-10.
    width : int or None, default=None
        Filters of the first block; the others have twice as many. None is 64 with 5
        layers and 96 with 10.
    dropout : float or None, default=None
        Probability of dropping a number after each block. None is 0.5 with 5 layers
        and 0.1 with 10, more of which its batch norm suffers from at prediction.

    Raises
    ------
    ValueError
        A parameter is out of its range, or X has another shape.

    Notes
    -----
    Li et al., sections 4.1 and 4.2, figures 2(a) and 2(c); Lin et al. 2013. Their text
    gives the number of layers, batch norm, dropout that is less likely with 10 layers,
    and an output of shape (10, 1, 1). Settled here: the sizes and numbers of filters,
    where to pool (before the convolutions of 1 by 1: a quarter of their work), and the
    probabilities.

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
        self,
        n_outputs=10,
        n_channels=1,
        image_size=28,
        n_layers=5,
        width=None,
        dropout=None,
    ):
        super().__init__()
        check_one_of(self, _BLOCKS, n_layers=n_layers)
        width = _WIDTH[n_layers] if width is None else width
        check_at_least(self, 1, n_outputs=n_outputs, n_channels=n_channels, width=width)
        # Of a single position batch norm could not take the variance.
        check_at_least(self, 8 if n_layers == 5 else 16, image_size=image_size)
        dropout = _DROPOUT[n_layers] if dropout is None else dropout
        check_dropout(self, dropout)
        self.n_channels, self.image_size = n_channels, image_size
        layers, before = [], n_channels
        for size, times, n_convolutions in _BLOCKS[n_layers]:
            for kernel in (size, *[1] * (n_convolutions - 1)):
                layers += [
                    nn.Conv2d(before, times * width, kernel, padding=kernel // 2),
                    nn.BatchNorm2d(times * width),
                    nn.ReLU(),
                ]
                layers += [nn.MaxPool2d(2)] if kernel > 1 else []
                before = times * width
            layers.append(nn.Dropout(dropout))
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
