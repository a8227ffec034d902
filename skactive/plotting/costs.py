"""What each strategy needs to reach a level of the score, as a picture."""

import math

from skactive.evaluation import labels_to_reach_quartiles, seconds_to_reach_quartiles
from skactive.plotting.style import color_of, dress, new_axes, plain

_COSTS = {
    "labels": (labels_to_reach_quartiles, "Labels"),
    "seconds": (seconds_to_reach_quartiles, "Seconds of fitting and querying"),
}


class LevelCostDisplay:
    """
    Labels or seconds that each strategy needed to reach a level, with quartiles.

    Make one with `from_runs`. A dot is the median over the seeds, a line goes from the
    lower to the upper quartile; an arrow says that the upper quartile was not reached.

    Parameters
    ----------
    rows : list of Reached
        Quartiles of each strategy in one setting, as
        `skactive.evaluation.labels_to_reach_quartiles` gives.
    xlabel : str, default="Labels"
        What it costs.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure around it.
    dots_ : dict of str to matplotlib Line2D
        The median of each strategy that has one.
    bars_ : dict of str to matplotlib artist
        The line or the arrow of each strategy whose lower quartile was reached.
    texts_ : dict of str to matplotlib Text
        How many of the runs got there, where not all did.

    Raises
    ------
    ValueError
        There are no rows, or they are of several settings.

    Notes
    -----
    Table 1 and figure 6 of Kirsch et al. 2019, "BatchBALD".

    Examples
    --------
    >>> from skactive.evaluation import Run
    >>> from skactive.plotting import LevelCostDisplay
    >>> runs = [
    ...     Run("digits", "mlp", 5, "margin", seed, [5, 10], [score, 0.9])
    ...     for seed, score in enumerate([0.5, 0.9, 0.5])
    ... ]
    >>> display = LevelCostDisplay.from_runs(runs, 0.9)
    >>> display.dots_["margin"].get_xdata().tolist()
    [10.0]
    """

    def __init__(self, rows, *, xlabel="Labels"):
        if len({row.setting for row in rows}) != 1:
            raise ValueError(
                "The 'rows' parameter must be of one setting. Got "
                f"{len({row.setting for row in rows})} of them."
            )
        self.rows = list(rows)
        self.xlabel = xlabel

    @classmethod
    def from_runs(cls, runs, level, *, cost="labels", ax=None, **plot_params):
        """
        Compute the quartiles and draw them.

        Parameters
        ----------
        runs : list of Run
            Runs of one setting.
        level : float
            The score to reach.
        cost : {"labels", "seconds"}, default="labels"
            What is counted; seconds need runs that have them.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a new figure.
        **plot_params : dict
            Passed on to `plot`.

        Returns
        -------
        LevelCostDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            The library matplotlib is not installed.
        ValueError
            The cost is unknown, the runs are of several settings, or a run has no
            seconds.
        """
        if cost not in _COSTS:
            raise ValueError(
                f"The 'cost' parameter must be 'labels' or 'seconds'. Got {cost!r} "
                "instead."
            )
        quartiles, words = _COSTS[cost]
        xlabel = f"{words} to a score of {level:.4g}"
        return cls(quartiles(runs, level), xlabel=xlabel).plot(ax, **plot_params)

    def plot(self, ax=None, *, colors=None):
        """
        Draw one line for each strategy.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a new figure, higher for more strategies.
        colors : dict of str to color, or None, default=None
            Colour of each strategy; those left out get one.

        Returns
        -------
        LevelCostDisplay
            The display itself.

        Raises
        ------
        ImportError
            The library matplotlib is not installed.
        """
        height = 0.9 + 0.32 * len(self.rows)
        self.ax_ = new_axes(size=(6.4, height)) if ax is None else ax
        self.figure_ = self.ax_.figure
        self.dots_, self.bars_, self.texts_ = {}, {}, {}
        known = [x for row in self.rows for x in row[4:] if math.isfinite(x)]
        end = 1.12 * max(known, default=1.0) or 1.0
        for position, row in enumerate(self.rows):
            color = (colors or {}).get(row.strategy) or color_of(position)
            self._draw(row, position, color, end)
        names = [plain(row.strategy) for row in self.rows]
        self.ax_.set_yticks(range(len(names)), names)
        self.ax_.set(xlim=(0, 1.02 * end), ylim=(len(names) - 0.4, -0.6))
        dress(self.ax_, xlabel=self.xlabel, ylabel="", grid="x")
        self.ax_.tick_params(axis="y", length=0)
        return self

    def _draw(self, row, y, color, end):
        name = row.strategy
        if math.isfinite(row.lower):
            if math.isfinite(row.upper):
                (bar,) = self.ax_.plot(
                    [row.lower, row.upper], [y, y], color=color, lw=3
                )
            else:
                arrow = {"arrowstyle": "->", "color": color, "linewidth": 2}
                bar = self.ax_.annotate("", (end, y), (row.lower, y), arrowprops=arrow)
            self.bars_[name] = bar
        if math.isfinite(row.median):
            (dot,) = self.ax_.plot([row.median], [y], "o", color=color, markersize=8)
            self.dots_[name] = dot
        if row.n_reached < row.n_runs:
            words = f"reached by {row.n_reached} of {row.n_runs}"
            self.texts_[name] = self.ax_.text(
                1.01,
                y,
                words,
                transform=self.ax_.get_yaxis_transform(),
                va="center",
                fontsize=8,
            )
