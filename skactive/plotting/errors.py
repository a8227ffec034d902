"""The distribution of normalised errors as a picture."""

import numpy as np

from skactive.evaluation import normalized_errors
from skactive.plotting.style import (
    color_of,
    dash_of,
    dress,
    new_axes,
    plain,
    show_legend,
    size_for,
)


class NormalizedErrorDisplay:
    """
    The share of settings in which each strategy's error is so much of the baseline's.

    Make one with `from_runs`, or from the result of
    `skactive.evaluation.normalized_errors`. A curve further to the left and above is
    better; the baseline's own is a step at 1.

    Parameters
    ----------
    errors : NormalizedErrors
        The errors.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure around it.
    lines_ : dict of str to matplotlib Line2D
        The curve of each strategy.

    Raises
    ------
    ValueError
        No setting was left to compare.

    Examples
    --------
    >>> from skactive.evaluation import Run
    >>> from skactive.plotting import NormalizedErrorDisplay
    >>> runs = [
    ...     Run("digits", "mlp", 5, name, 0, [5, 10], [0.5, score])
    ...     for name, score in [("random", 0.6), ("margin", 0.8)]
    ... ]
    >>> display = NormalizedErrorDisplay.from_runs(runs, budgets=[10])
    >>> sorted(display.lines_)
    ['margin', 'random']
    """

    def __init__(self, errors):
        if not errors.settings:
            raise ValueError(
                "There is no setting to draw: all were left out. Look at "
                "errors.left_out for the reasons."
            )
        self.errors = errors

    @classmethod
    def from_runs(
        cls,
        runs,
        *,
        baseline="random",
        budgets="000",
        perfect=1.0,
        within=0.01,
        ax=None,
        **plot_params,
    ):
        """
        Compute the errors and draw their distribution.

        Parameters
        ----------
        runs : list of Run
            The runs of all settings.
        baseline : str, default="random"
            The strategy whose normalised error is 1.
        budgets : {"000", "002"} or array-like of float, default="000"
            Where the errors are taken; see ``normalized_errors``.
        perfect : float, default=1.0
            The best score there can be.
        within : float, default=0.01
            How near to its final score the baseline counts as having learned.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a new figure.
        **plot_params : dict
            Passed on to `plot`.

        Returns
        -------
        NormalizedErrorDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            The library matplotlib is not installed.
        ValueError
            As for ``normalized_errors``, or no setting was left to compare.
        """
        errors = normalized_errors(
            runs, baseline=baseline, budgets=budgets, perfect=perfect, within=within
        )
        return cls(errors).plot(ax, **plot_params)

    def plot(self, ax=None, *, colors=None, line_kw=None, legend=True):
        """
        Draw the distribution.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a new figure.
        colors : dict of str to color, or None, default=None
            Colour of each strategy; those left out get one.
        line_kw : dict or None, default=None
            Passed on to ``Axes.step`` for each curve.
        legend : bool, default=True
            Whether to name the curves in a legend.

        Returns
        -------
        NormalizedErrorDisplay
            The display itself.

        Raises
        ------
        ImportError
            The library matplotlib is not installed.
        """
        found = self.errors.errors
        self.ax_ = new_axes(size=size_for(len(found))) if ax is None else ax
        self.figure_ = self.ax_.figure
        ends = np.concatenate([*found.values(), [1.0]])
        low, high = ends.min(), ends.max()
        margin = 0.05 * max(high - low, 0.1)
        low, high = low - margin, high + margin
        self.lines_ = {}
        for position, (name, values) in enumerate(found.items()):
            style = {
                "label": plain(name),
                "linewidth": 1.8,
                "color": (colors or {}).get(name) or color_of(position),
                "linestyle": dash_of(position),
                **(line_kw or {}),
            }
            x = np.concatenate([[low], np.unique(values), [high]])
            height = self.errors.cdf(name, x)
            (self.lines_[name],) = self.ax_.step(x, height, where="post", **style)
        self.ax_.set(xlim=(low, high), ylim=(-0.02, 1.02))
        xlabel = f"Error / error of {plain(self.errors.baseline)}"
        dress(self.ax_, xlabel=xlabel, ylabel="Share of settings and budgets")
        if legend:
            show_legend(self.ax_, len(found))
        return self
