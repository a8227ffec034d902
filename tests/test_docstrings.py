"""numpydoc validation of every public object."""

import importlib
import inspect
import pkgutil

import pytest
from numpydoc.validate import ERROR_MSGS, validate

import skactive

LEFT_OUT = {"ES01", "SA01", "EX01", "RT02"}


def modules():
    yield skactive
    for info in pkgutil.walk_packages(skactive.__path__, "skactive."):
        if not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


def public_objects():
    """Give names of functions, classes and their methods that are ours and public."""
    for module in modules():
        if any(part.startswith("_") for part in module.__name__.split(".")):
            continue
        for name, thing in vars(module).items():
            ours = getattr(thing, "__module__", None) == module.__name__
            if name.startswith("_") or not ours:
                continue
            if inspect.isclass(thing):
                yield f"{module.__name__}.{name}"
                yield from methods(thing, f"{module.__name__}.{name}")
            elif inspect.isfunction(thing) or hasattr(thing, "dispatch"):
                yield f"{module.__name__}.{name}"


def methods(cls, path):
    for name, member in vars(cls).items():
        made_by_sklearn = name.startswith("set_") and name.endswith("_request")
        if name.startswith("_") or made_by_sklearn:
            continue
        is_method = callable(member) or isinstance(
            member, property | classmethod | staticmethod
        )
        if (is_method and not inspect.isclass(member)) or hasattr(member, "fn"):
            yield f"{path}.{name}"


OBJECTS = sorted(set(public_objects()))


def test_there_are_objects():
    assert "skactive.base.QueryStrategy.query" in OBJECTS
    assert "skactive.delegation.ModelMethods.predict" in OBJECTS
    assert "skactive.inspection.questions.embed" in OBJECTS


@pytest.mark.parametrize("name", OBJECTS)
def test_docstring(name):
    checks = set(ERROR_MSGS) - LEFT_OUT
    errors = [
        f"{code}: {message}"
        for code, message in validate(name)["errors"]
        if code in checks
    ]
    assert not errors, "\n".join([name, *errors])
