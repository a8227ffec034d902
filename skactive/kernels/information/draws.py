"""The T posterior draws of a pool: checked, and read in blocks as float64."""

from numbers import Integral

import torch

ROUNDING = 1e-3
"""Rows may sum to 1 within this (half precision comes near it); they are rescaled."""


class Draws:
    """
    Probabilities of a pool under T models.

    Parameters
    ----------
    probabilities : torch.Tensor of shape (T, n, K), floating
        P(y_i = c | x_i, ω_t). Not copied; blocks of it become float64 and are rescaled
        to sum to 1 exactly.
    chunk : int or None, default=None
        Numbers worked on at a time; None is `chunk_on` their device.

    Raises
    ------
    ValueError
        The shape does not fit, or rows are not probabilities.
    """

    def __init__(self, probabilities, chunk=None):
        if chunk is None:
            chunk = chunk_on(probabilities.device)
        check_whole("chunk", chunk, 1)
        shape = tuple(probabilities.shape)
        if len(shape) != 3 or 0 in shape or not probabilities.is_floating_point():
            raise ValueError(
                "probabilities must be a floating tensor of shape (draws, rows, "
                "classes), none of them 0: for each posterior draw one row a point. "
                f"Got shape {shape}, {probabilities.dtype}."
            )
        self.probabilities, self.chunk = probabilities, chunk
        self.n_draws, self.n_rows, self.n_classes = shape
        self.device = probabilities.device
        for rows in self.slices():
            _check_rows(probabilities[:, rows])

    def slices(self):
        """
        Cut the pool into blocks of at most `chunk` numbers.

        Yields
        ------
        slice
            Rows of the pool, in order.
        """
        step = max(1, self.chunk // (self.n_draws * self.n_classes))
        for start in range(0, self.n_rows, step):
            yield slice(start, start + step)

    def block(self, at):
        """
        Read some rows.

        Parameters
        ----------
        at : slice or torch.Tensor of int64
            Their positions.

        Returns
        -------
        torch.Tensor of shape (T, m, K), float64
            Rows that sum to 1.
        """
        rows = self.probabilities[:, at].double()
        return rows / rows.sum(dim=2, keepdim=True)

    def map(self, measure):
        """
        Measure every row, block by block.

        Parameters
        ----------
        measure : callable
            Takes (T, m, K), gives one number a row as its last axis.

        Returns
        -------
        torch.Tensor of shape (..., n), float64
            What it gave, in the order of the pool.
        """
        out = None
        for rows in self.slices():
            some = measure(self.block(rows))
            if out is None:
                out = some.new_empty((*some.shape[:-1], self.n_rows))
            out[..., rows] = some
        return out


def chunk_on(device):
    """
    Say how many numbers are worked on at a time.

    Parameters
    ----------
    device : torch.device or str
        Where.

    Returns
    -------
    int
        2¹⁸ on the CPU (2 MB in float64: what fits its cache), 2²³ elsewhere.
    """
    return 2**18 if torch.device(device).type == "cpu" else 2**23


def check_whole(name, value, least, why=""):
    """
    Refuse what is not a whole number, or too small.

    Parameters
    ----------
    name : str
        What the number is called.
    value : int
        The number.
    least : int
        The smallest that will do.
    why : str, default=""
        What the smallest is.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(
            f"{name} must be a whole number >= {least}{why}. Got {value!r}."
        )


def _check_rows(block):
    if not bool(torch.isfinite(block).all()):
        raise ValueError(
            "probabilities must be finite. Got NaN or infinity: look at what the model "
            "predicts."
        )
    if bool((block < 0).any()):
        raise ValueError(
            "probabilities must be >= 0. Got "
            f"{float(block.min()):.3g}: pass probabilities, not their logarithms."
        )
    error = (block.double().sum(dim=2) - 1).abs().max()
    if bool(error > ROUNDING):
        raise ValueError(
            "probabilities must sum to 1 over the classes, the last axis. Got a row "
            f"that is {float(error):.3g} off."
        )
