"""Rows of numbers put back into the shape of images."""

import torch


def as_images(net, X):
    """
    Bring a batch into the shape of images, its memory channels last.

    Parameters
    ----------
    net : Module
        Its ``n_channels`` and ``image_size`` say the shape.
    X : tensor of shape (n_samples, ...)
        Images of shape (n_channels, image_size, image_size); without the dimension of
        a single channel; or flat rows in that order.

    Returns
    -------
    tensor of shape (n_samples, n_channels, image_size, image_size)
        The images, channels last in memory, which is up to three times as fast on a
        CPU.

    Raises
    ------
    ValueError
        The rows have another shape, channels at the end among them.
    """
    c, size = net.n_channels, net.image_size
    fitting = [(c * size**2,), (c, size, size)] + [(size, size)] * (c == 1)
    if tuple(X.shape[1:]) not in fitting:
        raise ValueError(
            f"{type(net).__name__} reads images of shape {(c, size, size)}, or flat "
            f"rows of {c * size**2} numbers in that order. Got rows of shape "
            f"{tuple(X.shape[1:])}; transpose or crop them, or set n_channels and "
            "image_size."
        )
    X = X.reshape(len(X), c, size, size)
    return X.contiguous(memory_format=torch.channels_last)
