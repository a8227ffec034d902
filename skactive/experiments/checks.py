"""What a grid refuses, each with a sentence that names the key."""

import difflib
import inspect
import numbers


class GridError(ValueError):
    """A mistake in a grid: one sentence that names the key and what is allowed."""


def check_keys(where, given, allowed):
    """
    Refuse keys that mean nothing.

    Parameters
    ----------
    where : str
        What they are keys of, "" for the grid itself.
    given : iterable of str
        The keys.
    allowed : iterable of str
        Those that there are.
    """
    allowed = list(allowed)
    for key in given:
        if key not in allowed:
            full = f"{where}.{key}" if where else key
            raise GridError(
                f"{full}: there is no such key{_perhaps(key, allowed)}. Allowed: "
                f"{', '.join(allowed) or 'none'}."
            )


def check_known(where, name, known, noun):
    """
    Refuse a name that stands for nothing.

    Parameters
    ----------
    where : str
        The key.
    name : object
        Its value.
    known : iterable of str
        The names there are.
    noun : str
        What they name.
    """
    known = list(known)
    if not isinstance(name, str) or name not in known:
        hint = _perhaps(name, known) if isinstance(name, str) else ""
        raise GridError(
            f"{where}: there is no {noun} {name!r}{hint}. Allowed: {', '.join(known)}."
        )


def check_whole(where, value, least):
    """
    Refuse what is no whole number, or too small.

    Parameters
    ----------
    where : str
        The key.
    value : object
        Its value.
    least : int
        The smallest allowed.

    Returns
    -------
    int
        The number.
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < least:
        raise GridError(f"{where}: must be a whole number >= {least}. Got {value!r}.")
    return int(value)


def check_is(where, value, kind, noun):
    """
    Refuse a value of another type.

    Parameters
    ----------
    where : str
        The key.
    value : object
        Its value.
    kind : type or tuple of type
        What it must be.
    noun : str
        The same in words.

    Returns
    -------
    object
        The value.
    """
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise GridError(f"{where}: must be {noun}. Got {value!r}.")
    return value


def check_labelled(axis, value):
    """
    Understand a list of names as a table of what they stand for.

    Parameters
    ----------
    axis : str
        The key.
    value : object
        Its value.

    Returns
    -------
    dict of str to object
        By names that are not empty; at least one.
    """
    if isinstance(value, list | tuple):
        for item in value:
            check_is(axis, item, str, "a list of names, or a table of named settings")
        if len(set(value)) < len(value):
            raise GridError(f"{axis}: a name comes twice in {list(value)}.")
        value = {name: name for name in value}
    check_is(axis, value, dict, "a list of names, or a table of named settings")
    if not value:
        raise GridError(f"{axis}: must not be empty.")
    for label in value:
        if not isinstance(label, str) or not label:
            raise GridError(f"{axis}: a name must be a text. Got {label!r}.")
    return value


def check_numbers(where, value, least):
    """
    Refuse what is no list of whole numbers, each once.

    Parameters
    ----------
    where : str
        The key.
    value : object
        Its value; a single number is a list of one.
    least : int
        The smallest allowed.

    Returns
    -------
    tuple of int
        The numbers; at least one.
    """
    numbers = value if isinstance(value, list | tuple | range) else [value]
    if not len(numbers):
        raise GridError(f"{where}: must not be empty.")
    numbers = tuple(check_whole(where, number, least) for number in numbers)
    if len(set(numbers)) < len(numbers):
        raise GridError(f"{where}: a number comes twice in {list(numbers)}.")
    return numbers


def check_seeds(value):
    """
    Refuse what is neither a number of seeds nor a list of them.

    Parameters
    ----------
    value : object
        The value of the key ``seeds``.

    Returns
    -------
    tuple of int
        The seeds.
    """
    if isinstance(value, list | tuple | range):
        return check_numbers("seeds", value, 0)
    return tuple(range(check_whole("seeds", value, 1)))


def keywords(function, leaving_out=()):
    """
    List what a function takes by name.

    Parameters
    ----------
    function : callable
        A function or a class.
    leaving_out : collection of str, default=()
        Names that are not the user's to give.

    Returns
    -------
    list of str
        The parameters.
    """
    parameters = inspect.signature(function).parameters.values()
    fixed = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    names = [p.name for p in parameters if p.kind not in fixed]
    return [name for name in names if name not in leaving_out]


def _perhaps(name, known):
    lowered = {other.lower(): other for other in known}
    near = difflib.get_close_matches(name.lower(), lowered, n=1)
    return f" (perhaps {lowered[near[0]]})" if near else ""
