"""Strategies in files of others: what of this library may be trusted."""

import importlib
import inspect

_INSIDE = (
    "skactive.inspection.preparation.TargetCoding",
    "skactive.utils.labeled.LabeledSet",
    "sklearn.utils._bunch.Bunch",
)
_ROOMS = ("skactive", "skactive.pipeline")


def trusted_types():
    """
    List the classes of this library that a fitted strategy is made of.

    A pickle runs whatever its author wrote; a file of ``skops.io`` only builds the
    classes that the reader trusts. These build estimators and hold data, and no more.
    Add those of the models you expect (skops trusts scikit-learn's own, not networks).

    Returns
    -------
    list of str
        Full names, sorted, for the parameter ``trusted`` of ``skops.io.load``.

    Examples
    --------
    >>> from skactive.persistence import trusted_types
    >>> "skactive.strategies.badge.BADGE" in trusted_types()
    True
    """
    names = set(_INSIDE)
    for room in _ROOMS:
        module = importlib.import_module(room)
        for name, value in vars(module).items():
            is_public = name in getattr(module, "__all__", (name,))
            if inspect.isclass(value) and is_public and not name.startswith("_"):
                is_ours = value.__module__.startswith("skactive.")
                if is_ours and not inspect.isabstract(value):
                    names.add(f"{value.__module__}.{value.__qualname__}")
    return sorted(names)
