"""The arrows between the rooms, read from the imports."""

import ast
from pathlib import Path

import pytest

import skactive

ROOT = Path(skactive.__file__).parent
ALL = None
# A room may import these rooms; the rooms' own files may import one another.
ROOMS = {
    "exceptions": set(),
    "kernels": set(),
    "utils": {"exceptions"},
    "inspection": {"utils", "exceptions"},
    "delegation": {"inspection", "utils"},
    "base": {"delegation", "inspection", "utils"},
    "scoring": {"base", "utils"},
    "strategies": {"base", "scoring", "kernels", "inspection", "utils"},
    "measures": {"kernels"},
    "evaluation": set(),
    "simulation": {"utils", "evaluation"},
    "pipeline": {"utils"},
    "persistence": ALL,
    "model_selection": {"utils", "simulation", "evaluation"},
    "datasets": {"utils", "exceptions"},
    "nets": {"utils", "exceptions"},
    "plotting": {"evaluation"},
    "experiments": {
        "inspection",
        "strategies",
        "simulation",
        "evaluation",
        "datasets",
        "nets",
        "plotting",
    },
    "labeling": {"utils", "exceptions"},
    "distributed": {"kernels", "utils"},
    "cli": ALL,
    "__main__": {"cli"},
    "__init__": ALL,
}
# Libraries that a room must not import at all.
FORBIDDEN = {
    # numpy and scipy may be: optimal_radius solves its program with scipy's HiGHS.
    "kernels": {"sklearn", "skorch"},
    "utils": {"skorch"},
    "evaluation": {"sklearn", "skorch", "torch"},
    "simulation": {"skorch", "torch"},
}
LAZY_ONLY = {
    *("matplotlib", "pandas", "dask", "distributed", "pyarrow", "pytest"),
    *("ipywidgets", "anywidget", "traitlets"),
}
FILES = sorted(ROOT.rglob("*.py"))


def room_of(path):
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports(path, top_level_only=False):
    tree = ast.parse(path.read_text())
    nodes = _outside_functions(tree) if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _outside_functions(node):
    """Walk what runs on import: into `if` and `try`, not into functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _outside_functions(child)


def rooms_imported(path):
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "skactive":
            room = parts[1] if len(parts) > 1 else "__init__"
            is_room = (ROOT / room).is_dir() or (ROOT / f"{room}.py").is_file()
            yield room if is_room else "__init__"


def test_every_room_is_known():
    assert {room_of(path) for path in FILES} <= set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_only_what_its_room_may(path):
    room = room_of(path)
    if ROOMS[room] is not ALL:
        assert set(rooms_imported(path)) - {room} <= ROOMS[room]
    libraries = {name.split(".")[0] for name in imports(path)}
    assert not libraries & FORBIDDEN.get(room, set())
    at_once = {name.split(".")[0] for name in imports(path, top_level_only=True)}
    assert not at_once & LAZY_ONLY


def test_no_two_rooms_import_each_other():
    arrows = {
        (room_of(path), room)
        for path in FILES
        for room in rooms_imported(path)
        if room != room_of(path) and "__init__" not in (room, room_of(path))
    }
    # Taking away rooms that import nothing left must take away all of them.
    rooms = {room for arrow in arrows for room in arrow}
    while rooms:
        free = {r for r in rooms if not any(a == r and b in rooms for a, b in arrows)}
        assert free, f"circle among {sorted(rooms)}"
        rooms -= free


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_readable(path):
    assert len(path.read_text().splitlines()) <= 500
