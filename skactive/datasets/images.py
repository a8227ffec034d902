"""Images of any layout as channels, height, width."""

import numpy as np

_CHANNELS = (1, 3, 4)


def channels_first(X, name, image_shape, source):
    """
    Bring images into the shape (n, channels, height, width); leave tables alone.

    Parameters
    ----------
    X : ndarray of shape (n, ...)
        A table, or images with channels last, first or none.
    name : str
        Of the array, for what is said.
    image_shape : tuple of int or None
        Channels, height and width, if X holds flat images in this order.
    source : object
        Where X is from, for what is said.

    Returns
    -------
    ndarray of shape (n, channels, height, width) or (n, n_features)
        A view where possible.

    Raises
    ------
    ValueError
        The shape of X is neither, or not that of ``image_shape``.
    """
    if image_shape is not None:
        image_shape = tuple(image_shape) if np.iterable(image_shape) else image_shape
        is_shape = isinstance(image_shape, tuple)
        fits = is_shape and len(image_shape) == 3
        fits = fits and np.prod(image_shape) == np.prod(X.shape[1:])
        if X.ndim != 2 or not fits:
            raise ValueError(
                f"image_shape={image_shape} is for flat rows of channels, height and "
                f"width in this order, but in {source} {name} has shape {X.shape}. "
                "Leave it out for images that have their shape, or correct it."
            )
        return X.reshape(len(X), *image_shape)
    if X.ndim == 2:
        return X
    if X.ndim == 3:
        return X[:, np.newaxis]
    if X.ndim == 4 and X.shape[3] in _CHANNELS:
        return X.transpose(0, 3, 1, 2)
    if X.ndim == 4 and X.shape[1] in _CHANNELS:
        return X
    raise ValueError(
        f"In {source} {name} has shape {X.shape}. It must be a table (n, n_features), "
        "or images (n, height, width) or (n, height, width, channels) with 1, 3 or 4 "
        "channels."
    )


def in_planes(rows, size):
    """
    Bring flat images of three colours into the order channels, height, width.

    Where the colours of a pixel stand side by side is told from the images themselves:
    numbers one line of pixels apart are more alike than those three lines apart.

    Parameters
    ----------
    rows : ndarray of shape (n, 3 * size * size)
        Colours one after the other, or side by side for each pixel.
    size : int
        Height and width in pixels.

    Returns
    -------
    ndarray of shape (n, 3 * size * size)
        Colours one after the other.
    """
    some = rows[:: max(1, len(rows) // 500)].astype(np.float32)

    def difference(lag):
        return np.abs(some[:, lag:] - some[:, :-lag]).mean()

    if difference(size) <= difference(3 * size):
        return rows
    pixels = rows.reshape(len(rows), size, size, 3)
    return pixels.transpose(0, 3, 1, 2).reshape(len(rows), -1)
