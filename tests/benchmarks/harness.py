"""What every benchmark needs: medians, peaks of memory, data, tables."""

import ctypes
import gc
import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

PATIENCE = 60
"""Seconds: a run that takes longer is not repeated."""


@dataclass(frozen=True)
class Timing:
    """
    The median of some runs.

    Parameters
    ----------
    seconds : float
        Median time.
    runs : int
        How many runs there were.
    peak : float
        Largest memory taken during a run beyond what was held before it, in MB; NaN
        where the system does not tell.
    answer : object
        What the last run gave.
    """

    seconds: float
    runs: int
    peak: float
    answer: object

    def __str__(self):
        few = "" if self.runs > 1 else " (one run)"
        return f"{self.seconds:.3g} s{few}"


def timed(function, repeats=5):
    """
    Run a function of a seed several times.

    Parameters
    ----------
    function : callable
        Called with seeds 0, 1, ….
    repeats : int, default=5
        Runs, unless one takes longer than a minute.

    Returns
    -------
    Timing
        The median.
    """
    runs = side_by_side({"": function}, repeats)
    return runs[""]


def side_by_side(functions, repeats=5):
    """
    Time rivals in turn, so that a noisy moment of the machine meets all of them.

    Parameters
    ----------
    functions : dict of str to callable
        Each called with seeds 0, 1, ….
    repeats : int, default=5
        Rounds; a rival whose run took longer than a minute sits out the later ones.

    Returns
    -------
    dict of str to Timing
        The medians.
    """
    # The first run takes fresh memory from the system, so that its peak is seen; that
    # takes time, so it is not timed, unless it is so long that it must do.
    first = {name: _run(f, 0, fresh=True) for name, f in functions.items()}
    kept = {name: [] for name in functions}
    for seed in range(repeats):
        for name, function in functions.items():
            if first[name].seconds > PATIENCE:
                kept[name] = [first[name]]
            else:
                kept[name].append(_run(function, seed))
    return {
        name: Timing(
            statistics.median(run.seconds for run in runs),
            len(runs),
            first[name].peak,
            runs[-1].answer,
        )
        for name, runs in kept.items()
    }


def _run(function, seed, *, fresh=False):
    before = _reset_peak() if fresh else 0
    started = time.perf_counter()
    answer = function(seed)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    seconds = time.perf_counter() - started
    return Timing(seconds, 1, _peak() - before if fresh else 0, answer)


def _reset_peak():
    """Start a new high-water mark; give the memory held now, in MB."""
    gc.collect()
    if platform.libc_ver()[0] == "glibc":
        # What was freed is given back, or the next run would take it unseen.
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return float("nan")
    return _status("VmRSS")


def _peak():
    try:
        return _status("VmHWM")
    except OSError:
        return float("nan")


def _status(name):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return float("nan")


def features(n, d, k, seed=0, device="cpu"):
    """
    Make embeddings and probabilities like those of a ReLU net that is often unsure.

    Parameters
    ----------
    n, d, k : int
        Rows, features, classes.
    seed : int, default=0
        Of the data.
    device : str, default="cpu"
        Where they lie.

    Returns
    -------
    z, p : torch.Tensor of shape (n, d) and (n, k), float32
        Embeddings and probabilities.
    """
    generator = torch.Generator(device).manual_seed(seed)
    draw = {"generator": generator, "device": device}
    z = torch.randn(n, d, **draw).relu_()
    p = torch.softmax(2 * torch.randn(n, k, **draw), dim=1)
    return z, p


def golden(name):
    """
    Load answers of a paper's published code, where they are at hand.

    Parameters
    ----------
    name : str
        The file.

    Returns
    -------
    mapping or None
        Its arrays; None where the folder is absent.
    """
    default = Path(__file__).parents[3] / "shared"
    path = Path(os.environ.get("SKACTIVE_SHARED", default)) / "golden" / name
    return dict(np.load(path)) if path.is_file() else None


def matrix_rate(d, columns=4096, rows=4096, device="cpu"):
    """
    Measure how fast this machine multiplies float32 matrices.

    Parameters
    ----------
    d : int
        Inner dimension.
    columns, rows : int, default=4096
        The others.
    device : str, default="cpu"
        Where.

    Returns
    -------
    float
        1e9 floating-point operations a second, the median of 15 products.
    """
    left = torch.randn(rows, d, device=device)
    right = torch.randn(d, columns, device=device)
    seconds = timed(lambda _: (left @ right)[0, 0].item(), repeats=15).seconds
    return 2e-9 * rows * d * columns / seconds


def read_rate(megabytes=1024):
    """
    Measure how fast this machine reads memory.

    Parameters
    ----------
    megabytes : int, default=1024
        Size of what is read.

    Returns
    -------
    float
        GB a second of a matrix-vector product, the median of 9.
    """
    matrix = torch.ones(megabytes * 2**20 // 512, 128)
    vector = torch.ones(128)
    seconds = timed(lambda _: float((matrix @ vector)[0]), repeats=9).seconds
    return matrix.numel() * 4e-9 / seconds


def machine():
    """
    Describe where the figures come from.

    Returns
    -------
    str
        One line.
    """
    line = (
        f"{torch.get_num_threads()} threads of {platform.machine()}, Python "
        f"{platform.python_version()}, torch {torch.__version__}, numpy "
        f"{np.__version__}; float32 products reach "
        f"{matrix_rate(512):.0f} GFLOP/s, reading {read_rate():.1f} GB/s"
    )
    if torch.cuda.is_available():
        line += f"; {torch.cuda.get_device_name()}"
    return line


def table(title, header, rows):
    """
    Print a table as reStructuredText.

    Parameters
    ----------
    title : str
        What it shows.
    header : tuple of str
        Names of the columns.
    rows : list of tuple of str
        The cells.
    """
    print(f"\n.. csv-table:: {title}")
    print(f"   :header: {_cells(header)}")
    print()
    for row in rows:
        print(f"   {_cells(row)}", flush=True)


def _cells(row):
    return ", ".join(f'"{cell}"' for cell in row)
