"""Write the page, and the files beside it."""

import re
from importlib.metadata import version
from pathlib import Path

from skactive.evaluation import by_setting
from skactive.evaluation.settings import strategies_of
from skactive.experiments.report import overview, page
from skactive.experiments.report.files import beside, write_csv
from skactive.experiments.report.options import Options, check
from skactive.experiments.report.pictures import as_svg, check_matplotlib, write_png
from skactive.experiments.report.settings import section
from skactive.plotting.style import COLORS


def write_report(
    runs,
    path,
    *,
    title,
    baseline="random",
    budgets="000",
    level=0.95,
    ylabel="Score",
    perfect=1.0,
    reach=None,
    notes=(),
    png=False,
    csv=False,
):
    """
    Write one page of HTML that says what the runs come to.

    For each setting the learning curves, a table of last and mean scores with paired
    differences against the baseline, labels and seconds to a level, query times and
    class entropy; over all settings the penalty matrix and the distribution of
    normalised errors; and what was left out. What cannot be computed is said in the
    page. The figures stand in the page itself: it needs no other file and no network.

    Parameters
    ----------
    runs : list of Run
        The runs of all settings, in any order.
    path : str or Path
        The page, ending in ``.html``; an old one is replaced. Its folder is made.
    title : str
        Title of the page.
    baseline : str, default="random"
        The strategy that the others are compared with. There may be no run of it.
    budgets : {"000", "002"} or array-like of float, default="000"
        Where the penalty matrix and the normalised errors compare; see
        `skactive.evaluation.penalty_matrix`.
    level : float, default=0.95
        Confidence of the intervals and tests.
    ylabel : str, default="Score"
        What the scores are.
    perfect : float, default=1.0
        The best score there can be, to turn scores into errors.
    reach : float or None, default=None
        The score to reach in the figures of labels and seconds; None is the baseline's
        mean last score in each setting.
    notes : sequence of str, default=()
        Sentences for the end of the page, such as runs that failed.
    png : bool, default=False
        Whether to write each figure as a file, too.
    csv : bool, default=False
        Whether to write curves, tables and the penalty matrix as files, too.

    Returns
    -------
    list of Path
        The files written, the page first. Those beside it begin with its name.

    Raises
    ------
    ImportError
        The library matplotlib is not installed.
    TypeError
        Something in `runs` is no Run, or notes is a string.
    ValueError
        There are no runs, two are the same, path does not end in ``.html``, or a
        parameter is out of range.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skactive.evaluation import Run
    >>> from skactive.experiments.report import write_report
    >>> runs = [
    ...     Run("digits", "mlp", 5, name, seed, [5, 10], [0.5, score + seed / 100])
    ...     for name, score in [("random", 0.6), ("margin", 0.7)]
    ...     for seed in range(3)
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = write_report(runs, Path(folder) / "report.html", title="Digits")
    ...     "+0.1000" in written[0].read_text()
    True
    """
    runs, path = list(runs), Path(path)
    laid = by_setting(runs)
    names = strategies_of(laid)
    # More would share colours and dashes where a setting lacks a strategy.
    colors = dict(zip(names, COLORS, strict=False)) if len(names) <= len(COLORS) else {}
    options = Options(baseline, budgets, level, ylabel, perfect, reach, colors)
    check(path, notes, options, names)
    check_matplotlib()
    penalty_markup, pictures, penalties = overview.penalties(runs, names, options)
    error_markup, more, errors = overview.errors(runs, names, options)
    parts = [_heading(title, laid, names, options)]
    parts += ['<h2 id="all">All settings</h2>', *penalty_markup, *error_markup]
    pictures = [*pictures[:1], *more, *pictures[1:]]
    parts.append(_shown(pictures))
    tables = {}
    for at, (setting, strategies) in enumerate(laid.items(), start=1):
        slug = f"{at:02d}-{_slug(str(setting))}"
        markup, more, tables[setting] = section(setting, strategies, options, slug)
        parts += [f'<h2 id="s{at}">{page.escape(str(setting))}</h2>', *markup]
        parts.append(_shown(more))
        pictures += more
    parts += _end(penalties, errors, notes, level)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page.frame(title, "\n".join(parts)), encoding="utf-8")
    written = [path]
    if png:
        for picture in pictures:
            written.append(beside(path, f"{picture.name}.png"))
            write_png(picture, written[-1])
    if csv:
        written += write_csv(path, laid, tables, penalties)
    return written


# ------------------------------------------------------------------- the page


def _heading(title, laid, names, options):
    n_runs = sum(len(seeds) for group in laid.values() for seeds in group.values())
    counts = [len(seeds) for group in laid.values() for seeds in group.values()]
    seeds = (
        f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else counts[0]
    )
    lead = (
        f"{_counted(n_runs, 'run')}: {_counted(len(laid), 'setting')} of data set, "
        f"model and batch size; {_counted(len(names), 'strategy')} "
        f"({', '.join(names)}); seeds: {seeds} each. Baseline: "
        f"{options.baseline}. Written by skactive {version('skactive')}."
    )
    links = [("all", "All settings")]
    links += [(f"s{at}", str(setting)) for at, setting in enumerate(laid, start=1)]
    links.append(("left-out", "What was left out, and how to read this"))
    items = "".join(f'<li><a href="#{i}">{page.escape(t)}</a></li>' for i, t in links)
    heading = f"<h1>{page.escape(title)}</h1>"
    return f"{heading}\n{page.paragraph(lead, 'lead')}\n<nav><ul>{items}</ul></nav>"


def _counted(n, noun):
    plural = "strategies" if noun == "strategy" else f"{noun}s"
    return f"{n} {noun if n == 1 else plural}"


def _shown(pictures):
    return page.figures([(as_svg(picture), picture.caption) for picture in pictures])


def _end(penalties, errors, notes, level):
    yield '<h2 id="left-out">What was left out</h2>'
    items = [f"Penalty matrix: {item}" for item in getattr(penalties, "left_out", ())]
    items += [f"Normalised errors: {item}" for item in getattr(errors, "left_out", ())]
    items += notes
    yield (
        page.bullets(items)
        if items
        else page.paragraph("Nothing but what is said above.")
    )
    yield "<h2>How to read this</h2>"
    yield page.bullets(
        [
            "Mean of curve: the area under the learning curve, divided by the range of "
            "its budgets.",
            "Δ: the mean over the seeds of strategy less baseline, each seed compared "
            f"with itself, with a t interval. More than one comparison is made here: "
            f"of those between equals {100 * (1 - level):.4g}% are found better or "
            "worse by chance.",
            "Smallest: the smallest mean difference that so many seeds, scattered as "
            "these are, could have shown. Not told apart does not mean equal.",
            "Penalty matrix and normalised errors: Ash et al. 2020, Deep Batch Active "
            "Learning by Diverse, Uncertain Gradient Lower Bounds, section 4. They "
            "look at a few budgets while the baseline still learns.",
        ]
    )


def _slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
