"""What queries take in memory stays below what is told before."""

import json
import os
import subprocess
import sys
from pathlib import Path

import peak_run
import pytest

import skactive
from skactive import QueryStrategy

HERE = Path(__file__).parent
SLACK = 3 * 2**20
"""What the interpreter takes for itself, and malloc rounds up."""


@pytest.fixture(scope="module")
def runs():
    if not Path("/proc/self/status").exists():
        pytest.skip("memory is read from /proc, which only Linux has")
    # Large pieces go back to the system at once: nothing hides in what was freed.
    path = os.pathsep.join([str(HERE), *sys.path])
    env = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, str(HERE / "peak_run.py")],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
        env=env,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return {run.pop("name"): run for run in map(json.loads, done.stdout.splitlines())}


@pytest.mark.slow
@pytest.mark.parametrize("name", [*peak_run.STRATEGIES, *peak_run.SHAPES])
def test_the_peak_stays_below_what_was_told(runs, name):
    taken, told = runs[name]["taken"], runs[name]
    # The model has answered, and its blocks are gone, before the choice begins.
    assert taken <= told["kept"] + max(told["block"], told["selection"]) + SLACK
    # An upper bound that a user can plan with.
    assert told["total"] <= 8 * taken + 4 * SLACK


def test_every_strategy_is_asked_and_tells_of_its_own_state():
    asked = {type(strategy) for strategy in peak_run.STRATEGIES.values()}
    everyone = [getattr(skactive, name) for name in skactive.__all__]
    strategies = [
        some
        for some in everyone
        if isinstance(some, type) and issubclass(some, QueryStrategy)
    ]
    nobody = QueryStrategy._selection_memory
    silent = [s for s in strategies if s._selection_memory is nobody]
    assert silent == [QueryStrategy]
    by_row = skactive.ScoringStrategy
    left = {s for s in strategies if s not in asked and not issubclass(s, by_row)}
    assert left == {QueryStrategy}
