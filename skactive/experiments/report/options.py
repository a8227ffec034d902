"""What a report is asked for."""

from numbers import Real
from typing import NamedTuple

import numpy as np

from skactive.evaluation import t_threshold
from skactive.evaluation.budgets import check_rule


class Options(NamedTuple):
    """
    What a report is asked for.

    Parameters
    ----------
    baseline : str
        The strategy that the others are compared with.
    budgets : str or array-like
        Where the penalty matrix compares.
    level : float
        Confidence.
    ylabel : str
        What the scores are.
    perfect : float
        The best score there can be.
    reach : float or None
        The score to reach.
    colors : dict of str to str
        Colour of each strategy, the same in all settings; empty where there are more
        strategies than colours.
    """

    baseline: str
    budgets: object
    level: float
    ylabel: str
    perfect: float
    reach: float | None
    colors: dict


def check(path, notes, options, names):
    """
    Check what a report is asked for.

    Parameters
    ----------
    path : Path
        Of the page.
    notes : sequence of str
        Sentences for the end of the page.
    options : Options
        The rest.
    names : tuple of str
        All strategies. Whether the baseline is one of them is said in the page.

    Raises
    ------
    TypeError
        The notes are a string.
    ValueError
        The path does not end in ``.html``, or a number is out of range.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(
            f"The 'path' parameter must end in .html. Got {str(path)!r} instead."
        )
    if isinstance(notes, str):
        raise TypeError(
            "The 'notes' parameter must be a list of sentences. Got a string instead."
        )
    t_threshold(2, options.level)
    check_rule(options.budgets, 0, names[0], names)
    for name, may_be_none in (("perfect", False), ("reach", True)):
        value = getattr(options, name)
        if value is None and may_be_none:
            continue
        if not (isinstance(value, Real) and np.isfinite(value)):
            raise ValueError(
                f"The '{name}' parameter must be a finite number. Got {value!r} "
                "instead."
            )
