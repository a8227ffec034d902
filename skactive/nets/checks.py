"""What the networks refuse."""

import numbers


def check_at_least(net, smallest, **sizes):
    """
    Check that numbers are large enough.

    Parameters
    ----------
    net : Module
        Whose parameters they are.
    smallest : int
        The smallest that is allowed.
    **sizes : int
        The numbers by the names of their parameters.
    """
    for name, size in sizes.items():
        whole = isinstance(size, numbers.Integral) and not isinstance(size, bool)
        if not whole or size < smallest:
            raise ValueError(
                f"The '{name}' parameter of {type(net).__name__} must be at least "
                f"{smallest}, a whole number. Got {size!r} instead."
            )


def check_dropout(net, dropout):
    """
    Check a probability of dropping units.

    Parameters
    ----------
    net : Module
        Whose parameter it is.
    dropout : float
        The probability.
    """
    if not isinstance(dropout, numbers.Real) or not 0 <= dropout < 1:
        raise ValueError(
            f"The 'dropout' parameter of {type(net).__name__} must be in [0, 1). Got "
            f"{dropout!r} instead."
        )


def check_one_of(net, choices, **values):
    """
    Check that a parameter is one of several values.

    Parameters
    ----------
    net : Module
        Whose parameter it is.
    choices : iterable of object
        What is allowed.
    **values : object
        The values by the names of their parameters.
    """
    choices = list(choices)
    for name, value in values.items():
        if value not in choices:
            raise ValueError(
                f"The '{name}' parameter of {type(net).__name__} must be one of "
                f"{', '.join(map(repr, choices))}. Got {value!r} instead."
            )
