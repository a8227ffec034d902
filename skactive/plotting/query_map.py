"""What was asked when, on a map of two features."""

import numpy as np
from sklearn.exceptions import NotFittedError

from skactive.plotting.style import COLORS, new_axes

_RESOLUTION = 200
# Told from the colours of the regions: early queries are light, late ones dark.
_TIME = "Greys"


class QueryMapDisplay:
    """
    A pool of two features: the model's regions, and what was asked when.

    Make one with `from_simulation`. Small dots are the pool; squares are the initial
    labels; discs are the rows asked for, darker the later; those of the last query
    have a ring. The background shows what the model of that round predicts, with
    a line where it changes its mind.

    Parameters
    ----------
    X : array-like of shape (n_samples, 2)
        The pool, with the rows asked for.
    positions : array-like of shape (n_labeled,), dtype int
        Positions in X of the rows with a label, in the order they got it.
    queries : array-like of shape (n_labeled,), dtype int
        The query that asked for each, 0 for the initial ones.
    grid : tuple of ndarray or None, default=None
        ``(x, y, z)``: ndarray of shape (n,), one of shape (m,), and the model's
        predictions of shape (m, n), class labels or numbers. None draws no background.
    classes : ndarray of shape (n_classes,) or None, default=None
        The class labels in the grid; None for numbers.
    y : array-like of shape (n_samples,) or None, default=None
        Classes of all rows, to colour the pool by; None draws it grey.
    feature_names : sequence of two str, default=("x1", "x2")
        Names of the axes.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure around it.
    surface_ : matplotlib artist or None
        The background.
    boundaries_ : list of matplotlib ContourSet
        The lines between the classes.
    pool_ : matplotlib PathCollection
        The pool.
    initial_ : matplotlib PathCollection
        The initial labels.
    asked_ : matplotlib PathCollection
        The rows asked for, in order.
    latest_ : matplotlib PathCollection
        The rings around those of the last query.

    Raises
    ------
    ValueError
        X has not two columns, or positions and queries do not fit.

    Notes
    -----
    Figures 1 to 4 of the paper on doubt-weighted core-sets; a row of such maps over
    the rounds is one call of `from_simulation` for each.

    Examples
    --------
    >>> import numpy as np
    >>> from skactive import ActiveLearningSimulation, MarginSampling
    >>> from skactive.plotting import QueryMapDisplay
    >>> X = np.random.default_rng(0).uniform(-1, 1, size=(100, 2))
    >>> simulation = ActiveLearningSimulation(
    ...     MarginSampling(), n_initial=6, batch_size=3, n_queries=2, random_state=0
    ... ).fit(X, X.sum(axis=1) > 0)
    >>> display = QueryMapDisplay.from_simulation(simulation, X)
    >>> len(display.asked_.get_offsets()), len(display.latest_.get_offsets())
    (6, 3)
    """

    def __init__(
        self,
        X,
        positions,
        queries,
        *,
        grid=None,
        classes=None,
        y=None,
        feature_names=("x1", "x2"),
    ):
        self.X = _plane(X)
        self.positions, self.queries = np.asarray(positions), np.asarray(queries)
        if self.positions.ndim != 1 or self.positions.shape != self.queries.shape:
            raise ValueError(
                "The 'positions' and 'queries' parameters must be equally long lists. "
                f"Got shapes {self.positions.shape} and {self.queries.shape} instead."
            )
        if y is not None and len(y) != len(self.X):
            raise ValueError(
                f"The 'y' parameter must have one class for each of the {len(self.X)} "
                f"rows of X. Got {len(y)} instead."
            )
        self.grid = grid
        self.classes = classes
        self.y = y
        self.feature_names = feature_names

    @classmethod
    def from_simulation(
        cls,
        simulation,
        X,
        y=None,
        *,
        query=None,
        resolution=_RESOLUTION,
        feature_names=None,
        ax=None,
        **plot_params,
    ):
        """
        Draw the state of a fitted simulation after one of its queries.

        Parameters
        ----------
        simulation : ActiveLearningSimulation
            A fitted simulation that kept its estimators.
        X : array-like or pandas.DataFrame of shape (n_samples, 2)
            The rows that it was fitted to.
        y : array-like of shape (n_samples,) or None, default=None
            Their classes, to colour the pool by; None draws it grey.
        query : int or None, default=None
            How many queries are shown; None is all, 0 only the initial labels. The
            background is of the model that the last of them was asked by, or the
            first for 0.
        resolution : int, default=200
            Points of the background along each axis; each is one prediction.
        feature_names : sequence of two str or None, default=None
            Names of the axes; None takes the columns of a DataFrame, or x1 and x2.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a new figure.
        **plot_params : dict
            Passed on to `plot`.

        Returns
        -------
        QueryMapDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            The library matplotlib is not installed.
        sklearn.exceptions.NotFittedError
            The simulation is not fitted.
        ValueError
            X has not two columns, there was no such query, or its model was not kept.
        """
        if not hasattr(simulation, "labeled_iter_"):
            raise NotFittedError("The simulation is not fitted. Call its fit first.")
        _plane(X)
        n_queries = int(simulation.labeled_iter_.max(initial=0))
        query = n_queries if query is None else query
        if query not in range(n_queries + 1):
            raise ValueError(
                "The 'query' parameter must be one of the queries made, from 0 to "
                f"{n_queries}. Got {query!r} instead."
            )
        model = _model_before(simulation, query)
        shown = simulation.labeled_iter_ <= query
        if feature_names is None:
            feature_names = [str(name) for name in getattr(X, "columns", ("x1", "x2"))]
        return cls(
            X,
            simulation.labeled_indices_[shown],
            simulation.labeled_iter_[shown],
            grid=_predicted(model, X, resolution),
            classes=getattr(model, "classes_", None),
            y=y,
            feature_names=feature_names,
        ).plot(ax, **plot_params)

    def plot(self, ax=None, *, colors=None, legend=True):
        """
        Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a new figure.
        colors : sequence of color or None, default=None
            Colour of each class; None takes some that are told apart with any colour
            vision.
        legend : bool, default=True
            Whether to say below what the marks are.

        Returns
        -------
        QueryMapDisplay
            The display itself.

        Raises
        ------
        ImportError
            The library matplotlib is not installed.
        """
        self.ax_ = new_axes(size=(5.4, 5.4)) if ax is None else ax
        self.figure_ = self.ax_.figure
        classes = () if self.classes is None else self.classes
        if self.y is not None:
            # A model of few labels may not have seen all classes.
            classes = np.union1d(classes, self.y) if len(classes) else np.unique(self.y)
        n_classes = len(classes)
        shades = [
            (colors or COLORS)[k % len(colors or COLORS)] for k in range(n_classes)
        ]
        self.surface_, self.boundaries_ = None, []
        if self.grid is not None:
            self._draw_background(classes, shades)
        self._draw_pool(classes, shades)
        self._draw_asked()
        self.ax_.set(xlabel=self.feature_names[0], ylabel=self.feature_names[1])
        if legend:
            self.ax_.legend(
                frameon=False,
                loc="upper center",
                bbox_to_anchor=(0.5, -0.11),
                ncols=4,
                fontsize=8,
                handletextpad=0.2,
                columnspacing=1.2,
            )
        return self

    def _draw_background(self, classes, shades):
        from matplotlib.colors import ListedColormap

        x, y, z = self.grid
        if self.classes is None:
            self.surface_ = self.ax_.contourf(x, y, z, 12, cmap="Greys", alpha=0.5)
            return
        codes = np.searchsorted(classes, z)
        self.surface_ = self.ax_.pcolormesh(
            x,
            y,
            codes,
            cmap=ListedColormap(shades),
            vmin=-0.5,
            vmax=len(shades) - 0.5,
            alpha=0.15,
            shading="nearest",
            rasterized=True,
            linewidth=0,
        )
        for code in np.unique(codes)[:-1]:
            inside = (codes == code).astype(float)
            lines = self.ax_.contour(x, y, inside, [0.5], colors="0.3", linewidths=1)
            self.boundaries_.append(lines)

    def _draw_pool(self, classes, shades):
        color = "0.45"
        if self.y is not None:
            color = [shades[k] for k in np.searchsorted(classes, self.y)]
        self.pool_ = self.ax_.scatter(
            *self.X.T, s=9, c=color, alpha=0.45, linewidths=0, label="pool"
        )

    def _draw_asked(self):
        first, last = self.queries == 0, self.queries.max(initial=0)
        points = self.X[self.positions]
        self.initial_ = self.ax_.scatter(
            *points[first].T,
            s=36,
            marker="s",
            c="white",
            edgecolors="0.2",
            label="initial",
        )
        # From 0.15 on: white is of the initial labels.
        time = 0.15 + 0.85 * self.queries[~first] / max(last, 1)
        discs = {"s": 34, "cmap": _TIME, "vmin": 0, "vmax": 1, "edgecolors": "0.2"}
        words = f"asked in queries 1 to {last}" if last > 1 else "asked in query 1"
        self.asked_ = self.ax_.scatter(
            *points[~first].T,
            c=time,
            linewidths=0.6,
            label=words if last else "",
            **discs,
        )
        newest = points[(self.queries == last) & ~first]
        rings = {"s": 100, "facecolors": "none", "edgecolors": "black"}
        words = f"query {last}" if last > 1 else ""
        self.latest_ = self.ax_.scatter(*newest.T, linewidths=1.4, label=words, **rings)


def _plane(X):
    X = np.asarray(X)
    # A net may take float32 alone.
    X = X if X.dtype.kind == "f" else X.astype(np.float64)
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(
            "The 'X' parameter must have two columns: a map shows two features. Got "
            f"an array of shape {X.shape} instead."
        )
    return X


def _model_before(simulation, query):
    """Give the model that a query was asked by: the latest one that it had."""
    at = max(query - 1, 0)
    models = getattr(simulation, "estimators_", None)
    if models is None:
        raise ValueError(
            "The 'simulation' parameter must have kept its models: fit it with "
            "keep_estimators=True."
        )
    return models[at]


def _predicted(model, X, resolution):
    """Predict on a grid of the same kind as X: a frame where X is one."""
    points = _plane(X)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.05 * (high - low)
    x, y = np.linspace(low - margin, high + margin, resolution).T
    flat = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(points.dtype)
    if hasattr(X, "iloc"):
        flat = type(X)(flat, columns=X.columns)
    return x, y, np.asarray(model.predict(flat)).reshape(resolution, resolution)
