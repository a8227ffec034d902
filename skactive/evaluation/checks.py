"""What every function here demands of a curve."""

import numpy as np


def checked_curve(budget, score):
    """
    Check that budget and score are a learning curve.

    Parameters
    ----------
    budget : array-like of shape (n_rounds,)
        Number of labels at each round.
    score : array-like of shape (n_rounds,)
        Score of the model at each round.

    Returns
    -------
    budget, score : ndarray of shape (n_rounds,), dtype float64
        The curve.

    Raises
    ------
    ValueError
        The curve is empty, budget does not increase, the lengths differ, or a number
        is not finite.
    """
    budget = checked_axis(budget, "budget")
    score = checked_axis(score, "score")
    if len(budget) != len(score):
        raise ValueError(
            "The 'budget' and 'score' parameters must be equally long. Got "
            f"{len(budget)} budgets and {len(score)} scores instead."
        )
    if (np.diff(budget) <= 0).any():
        at = int(np.flatnonzero(np.diff(budget) <= 0)[0])
        raise ValueError(
            "The 'budget' parameter must increase from round to round. Got "
            f"{budget[at]:g} followed by {budget[at + 1]:g} at position {at} instead."
        )
    return budget, score


_ROUNDING = 1e-12


def within_rounding(level):
    """
    Lower a level that is a mean of scores, which they may miss by rounding alone.

    Parameters
    ----------
    level : float
        The mean.

    Returns
    -------
    float
        A little less.
    """
    return level - _ROUNDING * max(1.0, abs(level))


def checked_axis(values, name):
    """
    Check that values are one finite number for each round.

    Parameters
    ----------
    values : array-like of shape (n_rounds,)
        The numbers.
    name : str
        The parameter's name, for the error.

    Returns
    -------
    ndarray of shape (n_rounds,), dtype float64
        The numbers.

    Raises
    ------
    ValueError
        There are none, or one is not finite.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(
            f"The '{name}' parameter must be one number for each round, at least one. "
            f"Got an array of shape {values.shape} instead."
        )
    if not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        hint = (
            " Was the curve measured on an evaluation set?" if name == "score" else ""
        )
        raise ValueError(
            f"The '{name}' parameter must be finite. Got {values[at]} at position {at} "
            f"instead.{hint}"
        )
    return values
