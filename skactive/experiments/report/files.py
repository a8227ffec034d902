"""The numbers of a page as files beside it."""

import csv

import numpy as np


def beside(path, name):
    """
    Give the path of a file that belongs to a page.

    Parameters
    ----------
    path : Path
        Of the page.
    name : str
        What the file holds, with its ending.

    Returns
    -------
    Path
        In the same folder, beginning with the name of the page.
    """
    return path.with_name(f"{path.stem}-{name}")


def write_csv(path, laid, tables, penalties):
    """
    Write the numbers of a page.

    Parameters
    ----------
    path : Path
        Of the page.
    laid : dict
        ``{Setting: {strategy: {seed: Run}}}``.
    tables : dict of Setting to list of Row
        The table of each setting.
    penalties : PenaltyMatrix or None
        The matrix of all settings.

    Returns
    -------
    list of Path
        The files: all curves, the tables, and the matrix where there is one.
    """
    files = {
        "curves.csv": (_CURVES, _curve_rows(laid)),
        "scores.csv": (_SCORES, _score_rows(tables)),
    }
    if penalties is not None and penalties.settings:
        rows = zip(penalties.strategies, penalties.matrix.tolist(), strict=True)
        rows = [[name, *values] for name, values in rows]
        rows.append(["column mean", *penalties.column_means.tolist()])
        files["penalties.csv"] = (["beats", *penalties.strategies], rows)
    for name, (heads, rows) in files.items():
        with beside(path, name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([heads, *rows])
    return [beside(path, name) for name in files]


_SETTING = ("dataset", "model", "batch_size", "strategy")
_CURVES = (*_SETTING, "seed", "budget", "score", "query_seconds", "fit_seconds")
_DIFFERENCE = ("n", "difference", "low", "high", "smallest")
_SCORES = (
    *_SETTING,
    "seeds",
    "last_budget",
    "last_score",
    "mean_of_curve",
    *(f"last_{name}" for name in _DIFFERENCE),
    *(f"mean_{name}" for name in _DIFFERENCE),
    "query_seconds",
    "fit_seconds",
)


def _curve_rows(laid):
    for setting, strategies in laid.items():
        for name, seeds in strategies.items():
            for seed, run in seeds.items():
                unknown = np.full(len(run.budget), np.nan)
                timed = [
                    unknown if array is None else array
                    for array in (run.query_seconds, run.fit_seconds)
                ]
                for values in zip(run.budget, run.score, *timed, strict=True):
                    yield [*setting, name, seed, *map(_plain, values)]


def _score_rows(tables):
    for setting, rows in tables.items():
        for row in rows:
            numbers = [row.n_runs, row.last_budget, row.final, row.mean]
            for found in (row.final_difference, row.mean_difference):
                numbers += [np.nan] * 5 if found is None else found
            numbers += [row.query_seconds, row.fit_seconds]
            yield [*setting, row.strategy, *map(_plain, numbers)]


def _plain(value):
    """Give a number as CSV takes it: nothing for NaN, no point for a whole one."""
    if np.isnan(value):
        return ""
    return int(value) if float(value).is_integer() else float(value)
