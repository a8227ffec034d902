"""What the studies share: where arrays are, runs kept in a CSV, paired differences."""

import csv
import math
import os
from pathlib import Path

import numpy as np
from scipy.stats import t

HERE = Path(__file__).resolve().parent


def shared(name):
    """Give the path of an array file in the shared folder, there or not."""
    default = HERE.parents[1].parent / "shared"
    return Path(os.environ.get("SKACTIVE_SHARED", default)) / "data" / name


def finished(path, n_rows):
    """Read the runs that are whole; what a kill cut short does not count.

    ``n_rows`` gives the number of rows of a whole run by its setting; runs of other
    settings are kept as they are.
    """
    runs = {}
    if path.is_file():
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                if None not in row.values():
                    key = row["setting"], row["strategy"], int(row["seed"])
                    runs.setdefault(key, []).append(row)
    return {
        key: rows
        for key, rows in runs.items()
        if key[0] not in n_rows or len(rows) == n_rows[key[0]]
    }


def start_anew(path, runs, fields):
    """Write a CSV of these runs; a kill leaves the old one or the new one."""
    fresh = path.with_suffix(".tmp")
    with fresh.open("w", newline="") as file:
        csv.writer(file).writerows(
            [fields, *(row.values() for rows in runs.values() for row in rows)]
        )
    fresh.replace(path)


def append(path, rows):
    """Append the rows of one run."""
    with path.open("a", newline="") as file:
        csv.writer(file).writerows(rows)


def paired(first, second):
    """
    Compare two strategies on the seeds that both have.

    Parameters
    ----------
    first, second : dict of int to float
        One number of each seed.

    Returns
    -------
    n, mean, half : int, float, float
        Number of seeds, mean of first − second, and half the 95 % t interval, which is
        also the smallest mean difference that would have been significant; NaN below
        two seeds.
    """
    gaps = np.array([first[s] - second[s] for s in sorted(set(first) & set(second))])
    if len(gaps) < 2:
        return len(gaps), gaps.mean() if len(gaps) else math.nan, math.nan
    half = t.ppf(0.975, len(gaps) - 1) * gaps.std(ddof=1) / math.sqrt(len(gaps))
    return len(gaps), float(gaps.mean()), float(half)


def difference(first, second):
    """Give the cells of a paired comparison: seeds, difference, from, to, smallest."""
    n, mean, half = paired(first, second)
    verdict = "unknown" if math.isnan(half) else "neither"
    if abs(mean) > half:
        verdict = "first" if mean > 0 else "second"
    numbers = (
        f"{mean:+.4f}",
        f"{mean - half:+.4f}",
        f"{mean + half:+.4f}",
        f"{half:.4f}",
    )
    return n, *("none" if "nan" in number else number for number in numbers), verdict


DIFFERENCE = "seeds", "difference", "from", "to", "smallest", "better"
"""Heads of what `difference` gives."""


def print_table(heads, rows):
    """Print a table as reStructuredText takes it."""
    cells = [tuple(map(str, row)) for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = "  ".join("=" * width for width in widths)
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    print("\n".join([rule, lines[0], rule, *lines[1:], rule]))
