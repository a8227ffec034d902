"""
Time selections from large pools, on disk and on dask's workers.

    python tests/benchmarks/bench_scale.py pool --folder /some/disk   # n = 10,000,000
    python tests/benchmarks/bench_scale.py dask kill --folder /some/disk
    python tests/benchmarks/bench_scale.py growth              # against n, d, K, B
    python tests/benchmarks/bench_scale.py workers             # against dask's workers
    python tests/benchmarks/bench_scale.py plan             # a billion rows, on paper
    python tests/benchmarks/bench_scale.py pool dask --rows 100000    # a trial

Each query runs in a process of its own, so that its memory is its own. Prints
reStructuredText; doc/scaling.rst holds a run of it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.harness import machine, table

ONE = Path(__file__).with_name("scale_run.py")
LARGE = ("margin", "badge", "core_set")
NAMES = {"margin": "margin", "badge": "BADGE", "core_set": "core-set", "bait": "BAIT"}


class Runs:
    """Runs single queries, with pools in one folder."""

    def __init__(self, folder, threads):
        self.folder, self.threads, self.done = Path(folder), threads, {}

    def one(self, strategy, n, d=64, classes=10, batch=1000, **options):
        """Query in a fresh process, once for all parts; give what it printed."""
        path = self.folder / f"pool_{n}_{d}_{classes}.f16"
        settings = {"n": n, "d": d, "classes": classes, "batch": batch, **options}
        settings = {"threads": self.threads, **settings}
        words = [f"--{name}={value}" for name, value in settings.items()]
        words = ["--kill" if word == "--kill=True" else word for word in words]
        if (key := (strategy, *words)) in self.done:
            return self.done[key]
        done = subprocess.run(
            [sys.executable, str(ONE), str(path), strategy, *words],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        self.done[key] = json.loads(done.stdout.splitlines()[-1])
        return self.done[key]


def pool(runs, rows):
    """Print what the three selections take in one process."""
    lines = []
    for strategy in LARGE:
        found = runs.one(strategy, rows)
        lines.append(
            (
                NAMES[strategy],
                f"{found['seconds']:.1f} s",
                _gigabytes(found["peak"]),
                _gigabytes(found["told"]),
            )
        )
    table(
        f"n = {rows:,} x 64 in float16 on disk, K = 10, B = 1000, one process",
        ("strategy", "time", "peak beyond what was held", "told in advance"),
        lines,
    )


def dask(runs, rows):
    """Print what they take on two workers, beside one process."""
    lines = []
    for strategy in LARGE:
        alone = runs.one(strategy, rows)
        found = runs.one(strategy, rows, workers=2)
        lines.append(
            (
                NAMES[strategy],
                f"{found['seconds']:.1f} s",
                f"{found['seconds'] / alone['seconds']:.2f} x",
                f"{found['n_exchanges']}",
                "" if found["round"] is None else f"{1e3 * found['round']:.1f} ms",
                _gigabytes(found["peak"]),
                _same(alone, found),
            )
        )
    table(
        f"The same pool on two workers of one thread each, n = {rows:,}",
        (
            *("strategy", "time", "to one process", "rounds", "an idle round"),
            *("peak of both workers", "picks"),
        ),
        lines,
    )


def kill(runs, rows):
    """Print what becomes of a query when a worker is killed."""
    lines = []
    for strategy in ("badge", "core_set"):
        alone = runs.one(strategy, rows)
        found = runs.one(strategy, rows, workers=2, kill=True)
        lines.append(
            (
                NAMES[strategy],
                f"{found['seconds']:.1f} s",
                f"{found['n_lost']}",
                _same(alone, found),
            )
        )
    table(
        f"One of two workers killed (SIGKILL) in mid-query, n = {rows:,}",
        ("strategy", "time", "workers lost", "picks"),
        lines,
    )


AXES = {
    "n": (10**4, 10**5, 10**6, 10**7),
    "d": (16, 64, 256),
    "classes": (2, 10, 100),
    "batch": (100, 1000, 4000),
}


def growth(runs, rows):
    """Print time and memory against n, d, K and B, and the exponents fitted."""
    exponents = []
    for axis, values in AXES.items():
        lines = []
        for strategy in LARGE:
            seconds, cells = [], []
            for value in values:
                # Short runs are ruled by what any query costs: from the middle on.
                settings = {"n": min(10**6, rows), axis: value}
                if settings["n"] > rows:
                    continue
                found = runs.one(strategy, **settings)
                seconds.append((value, found["seconds"]))
                cells.append(f"{found['seconds']:.2f} s, {_gigabytes(found['peak'])}")
            lines.append((NAMES[strategy], *cells))
            power = _exponent(dict(seconds[-3:]))
            exponents.append((NAMES[strategy], axis, f"{power:.2f}"))
        shown = [f"{value:,}" for value in values if axis != "n" or value <= rows]
        table(f"Time and peak memory against {axis}", ("strategy", *shown), lines)
    table(
        "Time grows as the power",
        ("strategy", "of", "exponent, last three points"),
        exponents,
    )


WORKERS = 1, 2, 4, 8


def workers(runs, rows):
    """Print time, memory and idle rounds against workers of one thread."""
    rows = min(10**6, rows)
    lines, exponents = [], []
    for strategy in LARGE:
        alone = runs.one(strategy, rows)
        found = {
            n: runs.one(strategy, rows, workers=n, threads=n, chunk=rows // 16 + 1)
            for n in WORKERS
        }
        if any(each["picked"] != alone["picked"] for each in found.values()):
            raise RuntimeError(f"Other picks with workers: {NAMES[strategy]}.")
        name, busy = NAMES[strategy], {n: each["seconds"] for n, each in found.items()}
        held = {n: each["peak"] for n, each in found.items()}
        idle = {n: 1e3 * each["round"] for n, each in found.items() if each["round"]}
        told = [f", {idle[n]:.1f} ms" if idle else "" for n in WORKERS]
        cells = [f"{busy[n]:.2f} s, {_gigabytes(held[n])}" for n in WORKERS]
        lines.append((name, *map("".join, zip(cells, told, strict=True))))
        within = {n: busy[n] for n in WORKERS if n <= runs.threads}
        exponents.append((name, "time", f"{_exponent(within):.2f}"))
        exponents.append((name, "memory", f"{_exponent(held):.2f}"))
        if idle:
            exponents.append((name, "an idle round", f"{_exponent(idle):.2f}"))
    table(
        f"Time, peak memory and an idle round against workers, n = {rows:,}",
        ("strategy", *map(str, WORKERS)),
        lines,
    )
    table(
        f"Grows with workers as the power; time up to {runs.threads} of them",
        ("strategy", "what", "exponent"),
        exponents,
    )


def _exponent(numbers):
    x, y = np.log(np.array(list(numbers.items()))).T
    return float(np.polyfit(x, y, 1)[0])


def plan(runs, rows):
    """Print what a billion rows would take, from constants measured now."""
    n, d, k, batch, workers, cores = 10**9, 512, 100, 10_000, 100, 16
    sizes = {"d": 512, "classes": 100, "batch": 1000}
    short, long = (runs.one("badge", m, **sizes) for m in (rows // 20, rows // 10))
    seconds = long["seconds"] - short["seconds"]
    flops = 2 * (rows // 10 - rows // 20) * 1000 * (512 + 100)
    there = runs.one("badge", rows // 20, **sizes, workers=2)
    rounds = there["n_exchanges"] * batch / 1000
    width, wave = d + k, 64
    out = wave * width * 4 * workers
    back = n / 4096 * 8
    rate = flops / seconds / runs.threads
    table(
        f"BADGE on {n:,} rows, d = {d}, K = {k}, B = {batch:,}, on {workers} workers "
        f"of {cores} cores: reckoned, not run",
        ("what", "how much", "from"),
        [
            (
                "memory a worker",
                _gigabytes(n / workers * (2 * width + 8)),
                "n / workers x (2 (d + K) + 8) bytes: float16 answers, norms, D²",
            ),
            (
                "rounds",
                f"{rounds:,.0f}",
                f"{there['n_exchanges']} for a batch of 1000, measured",
            ),
            (
                "on the wire",
                _gigabytes(batch / wave * (out + back)),
                f"{batch / wave:.0f} folds x (64 (d + K) float32 to each worker + one "
                "float64 for 4,096 rows back)",
            ),
            (
                "the products",
                f"{2 * n * batch * width / (rate * cores * workers) / 60:.0f} min",
                f"2 n B (d + K) flops at {rate / 1e9:.0f} GFLOP/s a core, measured "
                "with all that goes with them, the model's answers among it",
            ),
            (
                "waiting",
                f"{rounds * there['round']:.1f} s",
                f"rounds x {1e3 * there['round']:.1f} ms, an idle round of two workers",
            ),
        ],
    )


def _same(alone, found):
    same = sum(a == b for a, b in zip(alone["picked"], found["picked"], strict=True))
    return f"{same} of {len(alone['picked'])} the same"


def _gigabytes(number):
    return f"{number / 1e9:.2f} GB"


PARTS = {
    "pool": pool,
    "dask": dask,
    "kill": kill,
    "growth": growth,
    "workers": workers,
    "plan": plan,
}


def main(arguments=None):
    """Run the parts that are named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("parts", nargs="+", choices=PARTS, metavar="PART")
    parser.add_argument("--rows", type=int, default=10**7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", help="for the pools; a temporary one by default")
    options = parser.parse_args(arguments)
    print(f"Measured with {machine()}.")
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(options.folder or folder, options.threads)
        for part in options.parts:
            PARTS[part](runs, options.rows)


if __name__ == "__main__":
    main()
