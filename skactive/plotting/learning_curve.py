"""Learning curves of several strategies in one picture."""

from functools import reduce

import numpy as np
from sklearn.exceptions import NotFittedError

from skactive.evaluation import by_setting
from skactive.plotting.style import (
    color_of,
    dash_of,
    dress,
    new_axes,
    plain,
    show_legend,
    size_for,
)

BANDS = ("std", "sem", "range")


class LearningCurveDisplay:
    """
    Scores against the number of labels, averaged over runs.

    Make one with `from_simulations` or `from_runs`; the data stays with the display,
    so that it can be drawn again without playing the simulations again.

    Parameters
    ----------
    curves : dict of str to tuple
        For each name ``(budget, scores)``: ndarray of shape (n_rounds,), and one of
        shape (n_runs, n_rounds).
    band : {"std", "sem", "range"} or None, default="std"
        What is shaded around the mean: one standard deviation over runs, one standard
        error of the mean, from the worst to the best run, or nothing. Deviations
        divide by n_runs - 1; a single run has no band.
    ylabel : str, default="Score"
        What the scores are.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure around it.
    lines_ : dict of str to matplotlib Line2D
        The mean curve of each name.
    bands_ : dict of str to matplotlib collection
        The band of each name that has one.

    Raises
    ------
    ValueError
        There are no curves, their shapes do not fit, a score is not finite, or band
        is unknown.

    Examples
    --------
    >>> from skactive.plotting import LearningCurveDisplay
    >>> display = LearningCurveDisplay(
    ...     curves={"random": ([10, 20], [[0.6, 0.8], [0.7, 0.8]])}, ylabel="Accuracy"
    ... )
    >>> display.plot().lines_["random"].get_ydata()
    array([0.65, 0.8 ])
    """

    def __init__(self, *, curves, band="std", ylabel="Score"):
        if band is not None and band not in BANDS:
            raise ValueError(
                "The 'band' parameter of LearningCurveDisplay must be one of "
                f"{', '.join(map(repr, BANDS))}, or None. Got {band!r} instead."
            )
        if not curves:
            raise ValueError("There are no runs to draw. Pass at least one curve.")
        self.curves = {name: _checked(name, *pair) for name, pair in curves.items()}
        self.band = band
        self.ylabel = ylabel

    @classmethod
    def from_simulations(
        cls, simulations, *, ax=None, band="std", ylabel="Score", **plot_params
    ):
        """
        Draw fitted simulations, the runs of one name as one curve.

        Parameters
        ----------
        simulations : dict of str to list
            For each name the fitted `ActiveLearningSimulation` of each seed; anything
            with such a ``learning_curve_`` will do. Runs of one name that differ in
            their budgets are cut to the budgets they share.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a new figure.
        band : {"std", "sem", "range"} or None, default="std"
            What is shaded around the mean.
        ylabel : str, default="Score"
            What the scores are.
        **plot_params : dict
            Passed on to `plot`.

        Returns
        -------
        LearningCurveDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            The library matplotlib is not installed.
        TypeError
            The simulations are no dict of lists.
        sklearn.exceptions.NotFittedError
            A run was not fitted.
        ValueError
            There are no runs, they were not scored, or they share no budget.
        """
        is_named = isinstance(simulations, dict) and all(
            isinstance(runs, list | tuple) for runs in simulations.values()
        )
        if not is_named:
            raise TypeError(
                "The 'simulations' parameter must be a dict of lists: {name: [run of "
                f"each seed]}}. Got {type(simulations).__name__} instead."
            )
        curves = {name: _stacked(name, runs) for name, runs in simulations.items()}
        return cls(curves=curves, band=band, ylabel=ylabel).plot(ax, **plot_params)

    @classmethod
    def from_runs(cls, runs, *, ax=None, band="sem", ylabel="Score", **plot_params):
        """
        Draw the runs of one setting, those of one strategy as one curve.

        Parameters
        ----------
        runs : list of Run
            Runs of one data set, model and batch size. Runs of one strategy that
            differ in their budgets are cut to the budgets they share.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a new figure.
        band : {"std", "sem", "range"} or None, default="sem"
            What is shaded around the mean.
        ylabel : str, default="Score"
            What the scores are.
        **plot_params : dict
            Passed on to `plot`.

        Returns
        -------
        LearningCurveDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            The library matplotlib is not installed.
        TypeError
            Something in the list is no Run.
        ValueError
            There are no runs, two are the same, they are of several settings, or runs
            of one strategy share no budget.
        """
        laid = by_setting(runs)
        if len(laid) > 1:
            raise ValueError(
                "The 'runs' parameter must be of one setting. Got "
                f"{'; '.join(map(str, laid))}: draw one display for each."
            )
        (strategies,) = laid.values()
        curves = {
            name: _laid_on_shared(name, [(r.budget, r.score) for r in seeds.values()])
            for name, seeds in strategies.items()
        }
        return cls(curves=curves, band=band, ylabel=ylabel).plot(ax, **plot_params)

    def plot(self, ax=None, *, colors=None, line_kw=None, band_kw=None, legend=True):
        """
        Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a new figure.
        colors : dict of str to color, or None, default=None
            Colour of each name; names left out get one that is told apart with any
            colour vision.
        line_kw : dict or None, default=None
            Passed on to ``Axes.plot`` for each mean.
        band_kw : dict or None, default=None
            Passed on to ``Axes.fill_between`` for each band.
        legend : bool, default=True
            Whether to name the curves in a legend.

        Returns
        -------
        LearningCurveDisplay
            The display itself.

        Raises
        ------
        ImportError
            The library matplotlib is not installed.
        """
        self.ax_ = new_axes(size=size_for(len(self.curves))) if ax is None else ax
        self.figure_ = self.ax_.figure
        self.lines_, self.bands_ = {}, {}
        for position, name in enumerate(self.curves):
            color = (colors or {}).get(name) or color_of(position)
            style = {"linestyle": dash_of(position), "color": color}
            self._draw(name, style, line_kw or {}, band_kw or {})
        dress(self.ax_, xlabel="Number of labels", ylabel=self.ylabel)
        if legend:
            show_legend(self.ax_, len(self.curves), loc="lower right")
        return self

    def _draw(self, name, style, line_kw, band_kw):
        budget, scores = self.curves[name]
        marker = {"marker": "o", "markersize": 3} if len(budget) < 12 else {}
        style = {"label": plain(name), "linewidth": 1.8, **marker, **style, **line_kw}
        (self.lines_[name],) = self.ax_.plot(budget, scores.mean(axis=0), **style)
        if self.band is None or len(scores) == 1:
            return
        low, high = _band(scores, self.band)
        shade = {"color": self.lines_[name].get_color(), "alpha": 0.15, "linewidth": 0}
        self.bands_[name] = self.ax_.fill_between(budget, low, high, **shade | band_kw)


def _band(scores, band):
    if band == "range":
        return scores.min(axis=0), scores.max(axis=0)
    mean, half = scores.mean(axis=0), scores.std(axis=0, ddof=1)
    half = half / np.sqrt(len(scores)) if band == "sem" else half
    return mean - half, mean + half


def _stacked(name, runs):
    """Lay the curves of several runs on the budgets they share."""
    if len(runs) == 0:
        raise ValueError(f"There are no runs of {name!r} to draw. Pass at least one.")
    for run in runs:
        if len(getattr(run, "learning_curve_", {}).get("budget", ())) == 0:
            raise NotFittedError(
                f"A run of {name!r} is not fitted: it has no learning curve. Call its "
                "fit first."
            )
    curves = [run.learning_curve_ for run in runs]
    return _laid_on_shared(
        name, [(curve["budget"], curve["score"]) for curve in curves]
    )


def _laid_on_shared(name, curves):
    shared = reduce(np.intersect1d, [budget for budget, _ in curves])
    if len(shared) == 0:
        raise ValueError(
            f"The runs of {name!r} share no budget, so that they have no mean. Give "
            "them the same n_initial and batch_size, or names of their own."
        )
    return shared, [score[np.isin(budget, shared)] for budget, score in curves]


def _checked(name, budget, scores):
    budget, scores = np.asarray(budget), np.asarray(scores, dtype=np.float64)
    if scores.ndim != 2 or scores.shape[1:] != budget.shape or scores.size == 0:
        raise ValueError(
            f"The curve of {name!r} must be a budget of shape (n_rounds,) and scores "
            f"of shape (n_runs, n_rounds). Got shapes {budget.shape} and "
            f"{scores.shape} instead."
        )
    if not np.isfinite(scores).all():
        raise ValueError(
            f"The curve of {name!r} holds scores that are not finite. Was there an "
            "evaluation set? Pass X_eval and y_eval to the simulation's fit."
        )
    return budget, scores
