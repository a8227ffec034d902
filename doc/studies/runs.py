"""What the studies share: where arrays are, runs kept in a CSV, paired differences."""

import csv
import os
from pathlib import Path

from skactive.evaluation import paired_difference

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


def difference(first, second):
    """Give the cells of a paired comparison: seeds, difference, from, to, smallest."""
    if not set(first) & set(second):
        return 0, *["none"] * 4, "unknown"
    found = paired_difference(first, second)
    numbers = (f"{number:+.4f}" for number in (found.mean, found.low, found.high))
    cells = found.n, *numbers, f"{found.smallest:.4f}"
    verdict = "unknown" if found.n == 1 else "neither"
    if found.is_significant:
        verdict = "first" if found.mean > 0 else "second"
    return *("none" if "nan" in str(cell) else cell for cell in cells), verdict


DIFFERENCE = "seeds", "difference", "from", "to", "smallest", "better"
"""Heads of what `difference` gives."""


def print_table(heads, rows):
    """Print a table as reStructuredText takes it."""
    cells = [tuple(map(str, row)) for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = "  ".join("=" * width for width in widths)
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    print("\n".join([rule, lines[0], rule, *lines[1:], rule]))
