"""README tells the truth: its code runs, its table is whole."""

import re

import pytest

import skactive
from skactive.labeling import LabelStore


@pytest.fixture(scope="module")
def readme(pytestconfig):
    return (pytestconfig.rootpath / "README.md").read_text(encoding="utf-8")


def test_python_blocks_run(readme, capsys, tmp_path, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert len(blocks) == 6
    monkeypatch.chdir(tmp_path)  # where it keeps its labels
    namespace = {}
    for block in blocks:
        exec(block, namespace)
    assert len(namespace["picked"]) == 3
    printed = capsys.readouterr().out
    assert float(re.match(r"([\d.]+) with 120 labels", printed)[1]) > 0.85
    assert "paired over 5 seed(s)" in printed
    assert "\n5 labels in labels.db\n" in printed
    namespace["session"].close()
    with LabelStore(tmp_path / "labels.db") as store:
        assert store.n_labeled == 5


def test_loop_is_ten_lines(readme):
    block = re.search(r"```python\n(.*?)```", readme, flags=re.DOTALL)[1]
    after_imports = block.split("\n\n", 1)[1]
    assert len([line for line in after_imports.splitlines() if line.strip()]) == 10


def test_table_lists_every_strategy(readme):
    ready = set(re.findall(r"^\| `(\w+)` .*\| ready \|$", readme, flags=re.MULTILINE))
    bases = {"QueryStrategy", "ScoringStrategy"}
    exported = {
        name
        for name in skactive.__all__
        if isinstance(getattr(skactive, name), type)
        and issubclass(getattr(skactive, name), skactive.QueryStrategy)
    }
    assert ready == exported - bases


def test_ci_finds_the_test_command(readme, pytestconfig):
    (command,) = re.findall(r"^python -m venv .*-m pytest$", readme, re.MULTILINE)
    assert "[tests]" in command
    script = (pytestconfig.rootpath / ".ci" / "run").read_text()
    pattern = re.search(r"command=\$\(grep -m1 -E '(.+)' README.md\)", script)[1]
    assert re.findall(pattern, readme, re.MULTILINE) == [command]
    assert 'bash -ec "$command"' in script
