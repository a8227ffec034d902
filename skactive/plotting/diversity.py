"""How diverse and how uncertain the batches of several strategies are."""

import numpy as np

from skactive.evaluation import BatchDiversity, diversity_of_batches
from skactive.plotting.style import (
    color_of,
    dash_of,
    dress,
    new_axes,
    plain,
    show_legend,
    size_for,
)

_PANELS = {
    "gram_logdet": "Log-determinant of the Gram matrix",
    "mean_norm": "Mean length of the gradients",
}


class BatchDiversityDisplay:
    """
    Log-determinant and mean length of the gradients of each batch.

    Make one with `from_simulations`. On the left higher is more diverse, on the right
    higher is more uncertain. A batch whose gradients are linearly dependent has the
    log-determinant −∞ and leaves a gap; the legend counts these.

    Parameters
    ----------
    diversities : dict of str to list of BatchDiversity
        For each name one with arrays for each run, as
        `skactive.evaluation.diversity_of_batches` gives. The runs of one name must
        have the same budgets.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes on the left.
    axes_ : ndarray of shape (2,)
        Both axes.
    figure_ : matplotlib Figure
        The figure around them.
    lines_ : dict of str to list of two matplotlib Line2D
        The means over runs of each name, left and right.
    bands_ : dict of str to list of matplotlib collections
        One standard error of the mean around them, where there are two runs.

    Raises
    ------
    ValueError
        There is nothing to draw, or the runs of one name differ in their budgets.

    Notes
    -----
    Ash et al. 2020, "Deep Batch Active Learning by Diverse, Uncertain Gradient Lower
    Bounds", figures 2 and 24.

    Examples
    --------
    >>> from skactive.evaluation import BatchDiversity
    >>> from skactive.plotting import BatchDiversityDisplay
    >>> display = BatchDiversityDisplay(
    ...     {"margin": [BatchDiversity([1.0, 3.0], [0.5, 0.25], [10, 20])]}
    ... )
    >>> display.plot().lines_["margin"][0].get_ydata().tolist()
    [1.0, 3.0]
    """

    def __init__(self, diversities):
        if not diversities:
            raise ValueError("There is nothing to draw. Pass at least one strategy.")
        self.diversities = {
            name: _stacked(name, runs) for name, runs in diversities.items()
        }

    @classmethod
    def from_simulations(cls, simulations, X, embed, *, ax=None, **plot_params):
        """
        Look at the batches of fitted simulations and draw what is found.

        Parameters
        ----------
        simulations : dict of str to list
            For each name the fitted `ActiveLearningSimulation` of each seed, with
            their estimators kept.
        X : array or pandas.DataFrame of shape (n_samples, n_features)
            The rows that they were fitted to.
        embed : callable
            ``embed(estimator, rows)`` gives the embedding of each row by a model:
            ``skactive.inspection.embed``, or one with a layer of its own.
        ax : sequence of two matplotlib Axes or None, default=None
            Where to draw; None makes a new figure.
        **plot_params : dict
            Passed on to `plot`.

        Returns
        -------
        BatchDiversityDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            The library matplotlib is not installed.
        ValueError
            There are no runs, one kept no estimators or made no query, or the runs of
            one name differ in their budgets.
        """
        diversities = {
            name: [diversity_of_batches(run, X, embed) for run in runs]
            for name, runs in simulations.items()
        }
        return cls(diversities).plot(ax, **plot_params)

    def plot(self, ax=None, *, colors=None, line_kw=None, legend=True):
        """
        Draw both panels.

        Parameters
        ----------
        ax : sequence of two matplotlib Axes or None, default=None
            Where to draw; None makes a new figure.
        colors : dict of str to color, or None, default=None
            Colour of each name; those left out get one.
        line_kw : dict or None, default=None
            Passed on to ``Axes.plot`` for each curve.
        legend : bool, default=True
            Whether to name the curves in a legend, on the right.

        Returns
        -------
        BatchDiversityDisplay
            The display itself.

        Raises
        ------
        ImportError
            The library matplotlib is not installed.
        ValueError
            `ax` is not two axes.
        """
        height = size_for(len(self.diversities), most_inside=0)[1]
        axes = new_axes(2, size=(11.5, height)) if ax is None else ax
        self.axes_ = np.atleast_1d(np.asarray(axes, dtype=object))
        if self.axes_.shape != (2,):
            raise ValueError(
                "The 'ax' parameter of BatchDiversityDisplay.plot must be two axes. "
                f"Got {self.axes_.size} instead."
            )
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        self.lines_, self.bands_ = {}, {}
        for position, (name, found) in enumerate(self.diversities.items()):
            style = {
                "label": plain(_label(name, found.gram_logdet)),
                "linewidth": 1.8,
                "marker": "o",
                "markersize": 3,
                "color": (colors or {}).get(name) or color_of(position),
                "linestyle": dash_of(position),
                **(line_kw or {}),
            }
            self._draw(name, found, style)
        for panel, ylabel in zip(self.axes_, _PANELS.values(), strict=True):
            dress(panel, xlabel="Number of labels", ylabel=ylabel)
        if legend:
            show_legend(self.axes_[1], len(self.diversities), most_inside=0)
        return self

    def _draw(self, name, found, style):
        self.lines_[name], self.bands_[name] = [], []
        for ax, field in zip(self.axes_, _PANELS, strict=True):
            values = getattr(found, field)
            mean = _finite_mean(values)
            self.lines_[name] += ax.plot(found.budget, mean, **style)
            if len(values) > 1:
                spread = np.where(np.isfinite(values), values, 0).std(axis=0, ddof=1)
                half = np.where(np.isnan(mean), np.nan, spread / np.sqrt(len(values)))
                shade = {"color": style["color"], "alpha": 0.15, "linewidth": 0}
                low, high = mean - half, mean + half
                self.bands_[name].append(
                    ax.fill_between(found.budget, low, high, **shade)
                )


def _stacked(name, runs):
    if len(runs) == 0:
        raise ValueError(f"There are no runs of {name!r} to draw. Pass at least one.")
    budgets = [np.asarray(run.budget) for run in runs]
    if any(not np.array_equal(budget, budgets[0]) for budget in budgets):
        raise ValueError(
            f"The runs of {name!r} differ in their budgets, so that they have no mean. "
            "Give them names of their own."
        )
    logdets, norms = (
        np.array([getattr(run, field) for run in runs], dtype=np.float64)
        for field in _PANELS
    )
    return BatchDiversity(logdets, norms, budgets[0])


def _finite_mean(values):
    """Mean over runs, with a gap where one of them is infinite."""
    finite = np.isfinite(values).all(axis=0)
    return np.where(finite, np.where(finite, values, 0).mean(axis=0), np.nan)


def _label(name, logdets):
    n_singular = int(np.isneginf(logdets).sum())
    return f"{name} (dependent: {n_singular} of {logdets.size})" if n_singular else name
