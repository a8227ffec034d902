"""What makes two runs the same run: their settings, and a hash of them."""

import hashlib
import inspect
import json
import numbers
import pickle
from pathlib import Path

import numpy as np
from sklearn.frozen import FrozenEstimator

from skactive.experiments.content import content_hash


def key_of(settings):
    """
    Hash the settings of a run.

    Parameters
    ----------
    settings : dict
        Of what JSON can hold; the order of keys does not count.

    Returns
    -------
    str
        64 hexadecimal digits, the same on any machine.
    """
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def file_identity(path):
    """
    Tell a file by what is in it, wherever it lies.

    Parameters
    ----------
    path : Path
        A file.

    Returns
    -------
    dict
        ``bytes``, its size, and ``sha256``.
    """
    with Path(path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": Path(path).stat().st_size, "sha256": digest}


def describe(value):
    """
    Write a value as what JSON can hold, so that equal values are written alike.

    An estimator comes to its class and the parameters that are not its defaults, a
    frozen one to what it has learned as well. A class or a function comes to its name,
    with the object that it is a method of: of a function that is changed this says
    nothing.

    Parameters
    ----------
    value : object
        A parameter.

    Returns
    -------
    None, bool, int, float, str, list or dict
        The description.

    Raises
    ------
    ValueError
        A function has no name to tell it by, being a lambda or made inside of another,
        or an object holds one.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.generic):
        return describe(value.item())
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, list | tuple):
        return [describe(item) for item in value]
    if isinstance(value, dict):
        return {str(name): describe(item) for name, item in value.items()}
    if inspect.isclass(value) or inspect.isroutine(value):
        owner = getattr(value, "__self__", None)
        is_method = owner is not None and not inspect.ismodule(owner)
        told = {"self": describe(owner)} if is_method else {}
        return {"name": qualified_name(value), **told}
    is_frozen = isinstance(value, FrozenEstimator)
    if hasattr(value, "get_params") and not is_frozen:
        return described_estimator(value)
    held = value.estimator if is_frozen else value
    try:
        return {"class": qualified_name(type(value)), "hash": content_hash(held)}
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"what a {type(value).__name__} holds cannot be told from that of another: "
            "write lambdas and functions made inside of others as functions of their "
            f"own at the top of a file. ({error.args[0]})"
        ) from error


def described_estimator(estimator, leaving_out=()):
    """
    Write an estimator as its class and what is not the default of its parameters.

    Parameters
    ----------
    estimator : estimator
        Unfitted: only its parameters count.
    leaving_out : collection of str, default=()
        Parameters that do not count.

    Returns
    -------
    dict
        ``class`` and ``params``.
    """
    params = {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if name not in leaving_out and not name.startswith("_")
    }
    return {
        "class": qualified_name(type(estimator)),
        "params": without_defaults(params, type(estimator)),
    }


def without_defaults(params, function):
    """
    Describe the arguments of a call, but for those that say what goes without saying.

    Parameters
    ----------
    params : dict
        Arguments by name.
    function : callable
        What they are for.

    Returns
    -------
    dict
        Descriptions by name.
    """
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not parameter.empty
    }
    described = {name: describe(value) for name, value in params.items()}
    return {
        name: value
        for name, value in described.items()
        if name not in defaults or not _alike(value, defaults[name])
    }


def _alike(described, default):
    if default is described:
        return True
    # 1 and 1.0 differ: as a share and as a count they are not the same in scikit-learn.
    return json.dumps(described, sort_keys=True) == json.dumps(
        describe(default), sort_keys=True
    )


def qualified_name(thing):
    """
    Name a class or a function so that another process finds it.

    Parameters
    ----------
    thing : class or function
        At the top level of a module.

    Returns
    -------
    str
        The package, for scikit-learn, skorch and ourselves, whose files may move, or
        else the module; and the name.

    Raises
    ------
    ValueError
        It is a lambda or made inside of a function.
    """
    name = getattr(thing, "__qualname__", type(thing).__qualname__)
    if "<" in name:
        raise ValueError(
            f"{name} has no name that would tell its runs from those of another: "
            "write it as a function or a class of its own at the top of a file."
        )
    module = getattr(thing, "__module__", None) or "builtins"
    package = module.partition(".")[0]
    return f"{package if package in _MOVING else module}.{name}"


_MOVING = ("sklearn", "skorch", "skactive", "torch")
