"""What queries take in memory stays below what is told before."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import peak_run
import pytest

import skactive
from skactive import (
    ALBL,
    BADGE,
    BAIT,
    BALD,
    BatchBALD,
    CoreSet,
    Hybrid,
    LeastConfidence,
    MaxDet,
    OptimalCoreSet,
    ProbabilisticCoreSet,
    QueryByCommittee,
    QueryStrategy,
    RandomSampling,
)

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


BAD = [
    (CoreSet(beam_width=None), "beam_width"),
    (BADGE(sampler="best"), "sampler"),
    (BAIT(approximation="sketch", sketch_width="3"), "sketch_width"),
    (BAIT(rank=9), "rank"),
    (MaxDet(fisher="half"), "fisher"),
    (BatchBALD(n_configurations=-(10**9)), "n_configurations"),
    (ProbabilisticCoreSet(n_components="a"), "n_components"),
    (Hybrid(diversity="none"), "diversity"),
    (QueryByCommittee(disagreement="none"), "disagreement"),
    (OptimalCoreSet(time_limit="a"), "time_limit"),
    (ALBL(strategies=[RandomSampling(), CoreSet(metric="none")]), "metric"),
]


@pytest.mark.parametrize(("strategy", "name"), BAD, ids=[name for _, name in BAD])
def test_what_query_refuses_is_refused_by_name(strategy, name):
    rows = np.random.default_rng(0).normal(size=(60, 3))
    strategy.set_params(random_state=0).fit(rows[:30], np.arange(30) % 3)
    for ask in (strategy.query_memory, strategy.query):
        with pytest.raises((TypeError, ValueError), match=f"The '{name}' parameter"):
            ask(rows, 2)


def test_the_arm_that_takes_most_counts():
    rows = np.random.default_rng(0).normal(size=(500, 3))
    y = np.arange(60) % 3
    arms = [LeastConfidence(), BALD(n_draws=300), RandomSampling()]
    strategy = ALBL(strategies=arms, random_state=0).fit(rows[:60], y)
    alone = BALD(n_draws=300, random_state=0).fit(rows[:60], y)
    assert strategy.query_memory(rows, 5) == alone.query_memory(rows, 5)
    alone = alone.query_memory(rows, 5, max_candidates=100, storage="float16")
    told = strategy.query_memory(rows, 5, max_candidates=100, storage="float16")
    assert told == alone


def test_every_strategy_is_asked_and_tells_of_its_own_state():
    asked = {type(strategy) for strategy in peak_run.STRATEGIES.values()}
    everyone = [getattr(skactive, name) for name in skactive.__all__]
    strategies = [
        some
        for some in everyone
        if isinstance(some, type) and issubclass(some, QueryStrategy)
    ]
    # Of ALBL the arms tell.
    nobody = QueryStrategy._selection_memory
    silent = {s for s in strategies if s._selection_memory is nobody}
    assert silent == {QueryStrategy, ALBL}
    by_row = skactive.ScoringStrategy
    left = {s for s in strategies if s not in asked and not issubclass(s, by_row)}
    assert left == {QueryStrategy}
