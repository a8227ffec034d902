"""The VGG networks, for small images."""

import torch
from torch import nn

from skactive.nets.checks import check_at_least, check_dropout, check_one_of
from skactive.nets.images import as_images

# Convolutions in each of the five blocks; a linear layer makes the rest of the depth.
_BLOCKS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3)}


class VGG(nn.Module):
    """
    Convolutions of 3 by 3 in five blocks, in the form for images of 32 by 32.

    Each block ends in max-pooling by 2. One linear layer takes the place of the three
    that follow for images of 224 by 224. For ten classes, 9.23 million parameters at
    depth 11 and 14.73 million at depth 16.

    Parameters
    ----------
    n_outputs : int, default=10
        Number of classes.
    n_channels : int, default=3
        Channels of an image.
    image_size : int, default=32
        Height and width of an image in pixels, >= 17: smaller ones shrink to a single
        position before the last pooling, of which batch norm cannot take the variance.
    depth : {11, 13, 16}, default=16
        Layers in the count of the original networks.
    width : int, default=64
        Filters of the first block; the others have 2, 4, 8 and 8 times as many. 16
        makes a network that trains on a CPU.
    batch_norm : bool, default=True
        Whether batch norm follows each convolution. Without it, as first published,
        the networks hardly train from scratch.
    dropout : float, default=0.0
        Probability of dropping an input of the linear layer. 0.0 leaves the dropout
        layer out.

    Raises
    ------
    ValueError
        A parameter is out of its range, or X has another shape.

    Notes
    -----
    Simonyan and Zisserman 2015. Ash et al. 2020 train depth 11 from scratch; the paper
    on uncertainty-scaled core-sets (2022) goes on from depth 16 with weights trained
    on ImageNet, which are not at hand here: our weights start as torch starts them.

    Examples
    --------
    >>> import torch
    >>> from skactive.nets import VGG
    >>> VGG(depth=11, width=8)(torch.zeros(2, 3072)).shape
    torch.Size([2, 10])
    """

    def __init__(
        self,
        n_outputs=10,
        n_channels=3,
        image_size=32,
        depth=16,
        width=64,
        batch_norm=True,
        dropout=0.0,
    ):
        super().__init__()
        check_at_least(self, 1, n_outputs=n_outputs, n_channels=n_channels, width=width)
        check_at_least(self, 17, image_size=image_size)
        check_one_of(self, _BLOCKS, depth=depth)
        check_dropout(self, dropout)
        self.n_channels, self.image_size = n_channels, image_size
        layers, before = [], n_channels
        for n_layers, times in zip(_BLOCKS[depth], (1, 2, 4, 8, 8), strict=True):
            for _ in range(n_layers):
                layers.append(nn.Conv2d(before, times * width, 3, padding=1))
                layers += [nn.BatchNorm2d(times * width)] if batch_norm else []
                layers.append(nn.ReLU())
                before = times * width
            layers.append(nn.MaxPool2d(2, ceil_mode=True))  # 28 by 28 fits five too
        self.features = nn.Sequential(*layers).to(memory_format=torch.channels_last)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
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
        X = self.features(as_images(self, X)).mean(dim=(2, 3))  # 1 by 1 up to size 32
        return self.output(self.dropout(X))
