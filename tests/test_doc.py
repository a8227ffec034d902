"""The site tells the truth: its code prints what it says, its lists are whole."""

import doctest
import importlib
import pkgutil
import re
import sys
import types

import pytest

import skactive

PAGES = [
    "index",
    "getting_started",
    "extending",
    "user_guide/choosing",
    "user_guide/contract",
    "user_guide/data_and_nets",
    "user_guide/experiments",
    "user_guide/index",
    "user_guide/labeling",
    "user_guide/large_pools",
    "user_guide/measured",
    "user_guide/models",
    "user_guide/posterior",
    "user_guide/reproducible",
    "user_guide/searching",
    "user_guide/simulation",
]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.fixture(scope="module")
def doc(pytestconfig):
    return pytestconfig.rootpath / "doc"


def test_pages_are_all_there_are(doc):
    written = [*doc.glob("*.rst"), *doc.glob("user_guide/*.rst")]
    names = {path.relative_to(doc).with_suffix("").as_posix() for path in written}
    assert names - {"api", "benchmarks", "gallery_header", "whats_new"} >= set(PAGES)
    with_code = {
        name
        for name in names
        if re.search("^ *>>> ", (doc / f"{name}.rst").read_text(), re.MULTILINE)
    }
    assert with_code <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_code_runs(page, doc, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some pages write files
    text = (doc / f"{page}.rst").read_text(encoding="utf-8")
    # Classes defined on a page pickle, as those of a script or a notebook do.
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    test = doctest.DocTestParser().get_doctest(text, {}, page, f"{page}.rst", 0)
    test.globs = vars(module)
    told = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(
        test, out=told.append, clear_globs=False
    )
    assert not result.failed, "".join(told)


def test_every_strategy_is_in_the_table(doc):
    page = (doc / "user_guide" / "choosing.rst").read_text()
    table = page.split("By strategy\n")[1].split("What the model can tell\n")[0]
    listed = re.findall(r"^   \* - :class:`~skactive\.(\w+)`$", table, re.MULTILINE)
    strategies = {
        name
        for name in set(skactive.__all__) - {"QueryStrategy", "ScoringStrategy"}
        if isinstance(getattr(skactive, name), type)
        and issubclass(getattr(skactive, name), skactive.QueryStrategy)
    }
    assert len(listed) == len(set(listed))
    assert set(listed) == strategies


def test_api_lists_every_public_name(doc):
    page = (doc / "api.rst").read_text()
    listed = set(re.findall(r"^   (skactive[\w.]*)$", page, re.MULTILINE))
    documented = set()
    for name in listed:
        documented.update(map(id, vars(importlib.import_module(name)).values()))
    for info in pkgutil.walk_packages(skactive.__path__, "skactive."):
        if not info.ispkg or info.name == "skactive.cli":
            continue
        module = importlib.import_module(info.name)
        left_out = [
            name
            for name in getattr(module, "__all__", [])
            if id(getattr(module, name)) not in documented
        ]
        assert not left_out, f"{info.name}: {left_out} are on no page of the API"
