"""Numbers brought to a size that networks train on."""

import numpy as np

AS_IMAGES = "Pixels were divided by 255, to lie in [0, 1]."
AS_TABLE = (
    "Each column was standardised by its mean and standard deviation over the training "
    "rows."
)


def pixels(X):
    """
    Turn images of whole numbers into flat rows of floats.

    Parameters
    ----------
    X : ndarray of shape (n, channels, height, width), integers in [0, 255]
        The images.

    Returns
    -------
    ndarray of shape (n, channels * height * width), dtype float32
        Rows in [0, 1].
    """
    rows = X.reshape(len(X), -1).astype(np.float32)
    rows /= 255
    return rows


def standardized(X_train, X_test):
    """
    Standardise columns by the training rows; NaN stays, constants become 0.

    Parameters
    ----------
    X_train : ndarray of shape (n_train, n_features)
        Rows that give means and standard deviations.
    X_test : ndarray of shape (n_test, n_features)
        Rows that follow them.

    Returns
    -------
    X_train, X_test : ndarray, dtype float32
        The same rows, standardised.
    """
    X_train, X_test = X_train.astype(np.float64), X_test.astype(np.float64)
    seen = ~np.isnan(X_train)
    counts = np.maximum(seen.sum(axis=0), 1)
    mean = np.where(seen, X_train, 0).sum(axis=0) / counts
    deviation = np.sqrt((np.where(seen, X_train - mean, 0) ** 2).sum(axis=0) / counts)
    # What rounding leaves of a constant column is no deviation.
    deviation[deviation <= 1e-12 * np.abs(mean)] = 1
    return tuple(((X - mean) / deviation).astype(np.float32) for X in (X_train, X_test))
