"""The residual network of 18 layers, for small images."""

import torch
from torch import nn

from skactive.nets.checks import check_at_least
from skactive.nets.images import as_images


class ResNet18(nn.Module):
    """
    Residual network of 18 layers in the form for images of 32 by 32.

    A convolution of 3 by 3 with stride 1 and no pooling to start with, so that small
    images are not shrunk at once; then four stages of two residual blocks with batch
    norm, the mean over all positions, and the logits. 11.17 million parameters for ten
    classes.

    Parameters
    ----------
    n_outputs : int, default=10
        Number of classes.
    n_channels : int, default=3
        Channels of an image.
    image_size : int, default=32
        Height and width of an image in pixels, >= 9: smaller ones shrink to a single
        position, of which batch norm cannot take the variance.
    width : int, default=64
        Filters of the first stage; each later stage has twice as many. 16 makes a
        network that trains on a CPU.

    Raises
    ------
    ValueError
        A parameter is out of its range, or X has another shape.

    Notes
    -----
    He et al. 2016; papers of Ash et al. 2020 and 2021. Weights start as torch starts
    them.

    Examples
    --------
    >>> import torch
    >>> from skactive.nets import ResNet18
    >>> ResNet18(width=8)(torch.zeros(2, 3072)).shape
    torch.Size([2, 10])
    """

    def __init__(self, n_outputs=10, n_channels=3, image_size=32, width=64):
        super().__init__()
        check_at_least(self, 1, n_outputs=n_outputs, n_channels=n_channels, width=width)
        check_at_least(self, 9, image_size=image_size)
        self.n_channels, self.image_size = n_channels, image_size
        stages, before = [], width
        for stage in range(4):
            filters = width * 2**stage
            stages += [
                _Residual(before, filters, stride=1 if stage == 0 else 2),
                _Residual(filters, filters, stride=1),
            ]
            before = filters
        self.features = nn.Sequential(
            nn.Conv2d(n_channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            *stages,
        ).to(memory_format=torch.channels_last)
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


class _Residual(nn.Module):
    """Two convolutions of 3 by 3, added to their input."""

    def __init__(self, before, filters, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, filters, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(filters),
            nn.ReLU(),
            nn.Conv2d(filters, filters, 3, padding=1, bias=False),
            nn.BatchNorm2d(filters),
        )
        self.shortcut = nn.Sequential()
        if stride > 1 or before != filters:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, filters, 1, stride, bias=False),
                nn.BatchNorm2d(filters),
            )

    def forward(self, X):
        return (self.body(X) + self.shortcut(X)).relu()
