"""How far a grid is, and how long the rest will take."""

import math
import statistics
from dataclasses import dataclass

# From the runs most alike to all of them: those that settle what a run takes.
_ALIKE = (
    ("dataset", "model", "batch_size", "strategy"),
    ("dataset", "model", "strategy"),
    ("model", "strategy"),
    ("model",),
    (),
)


@dataclass(frozen=True)
class Status:
    """
    How far a grid is.

    Parameters
    ----------
    done : dict of Setting to float
        Finished runs and the seconds they took.
    failed : dict of Setting to str
        Failed runs and their tracebacks.
    missing : list of Setting
        Runs not played yet.
    seconds_left : float
        What the missing ones will take, one after the other, by the finished runs
        most alike; NaN before any is finished.
    n_others : int
        Stored runs that are not of this grid.
    """

    done: dict
    failed: dict
    missing: list
    seconds_left: float
    n_others: int

    def __str__(self):
        """Count the runs."""
        return (
            f"{len(self.done)} done, {len(self.failed)} failed, "
            f"{len(self.missing)} missing"
        )


def grid_status(grid, store, *, only=None):
    """
    Say how far a grid is.

    Parameters
    ----------
    grid : Grid
        The grid.
    store : Store
        Where its runs are.
    only : dict of str to collection or None, default=None
        Some of the grid: see `run_grid`.

    Returns
    -------
    Status
        Finished, failed and missing runs.
    """
    known = store.outcomes()
    settings = grid.chosen(only)
    done, failed, missing = {}, {}, []
    for setting in settings:
        error, seconds = known.get(setting.key, (None, None))
        if seconds is None:
            missing.append(setting)
        elif error is None:
            done[setting] = seconds
        else:
            failed[setting] = error
    keys = {setting.key for setting in grid.settings()}
    return Status(
        done=done,
        failed=failed,
        missing=missing,
        seconds_left=expected_seconds(missing, done),
        n_others=len(known.keys() - keys),
    )


def expected_seconds(missing, done):
    """
    Estimate what runs will take, one after the other.

    Parameters
    ----------
    missing : list of Setting
        The runs.
    done : dict of Setting to float
        Finished runs and the seconds they took.

    Returns
    -------
    float
        Seconds; for each run the mean of those most alike. NaN where none is finished.
    """
    if not done:
        return math.nan if missing else 0.0
    means = []
    for names in _ALIKE:
        groups = {}
        for setting, seconds in done.items():
            groups.setdefault(_part(setting, names), []).append(seconds)
        means.append({part: statistics.fmean(group) for part, group in groups.items()})
    return sum(
        next(
            mean[_part(setting, names)]
            for names, mean in zip(_ALIKE, means, strict=True)
            if _part(setting, names) in mean
        )
        for setting in missing
    )


def _part(setting, names):
    return tuple(getattr(setting, name) for name in names)


def in_words(seconds):
    """
    Write a duration for reading.

    Parameters
    ----------
    seconds : float
        How long.

    Returns
    -------
    str
        Seconds, minutes or hours, whichever suits.
    """
    if math.isnan(seconds):
        return "not known yet"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
