"""The penalty matrix as a picture."""

import numpy as np

from skactive.evaluation import penalty_matrix
from skactive.plotting.style import new_axes, plain

# Free space between the matrix and its column means, in cells.
_GAP = 0.25


class PenaltyMatrixDisplay:
    """
    How often each strategy (row) beat each other one (column).

    Make one with `from_runs`, or from the result of
    `skactive.evaluation.penalty_matrix` or `penalty_matrices`. The means of the
    columns stand below: the strategy with the lowest was beaten least.

    Parameters
    ----------
    penalties : PenaltyMatrix
        The matrix.
    sort : bool, default=False
        Whether the strategies are put in the order of their column means.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it was drawn.
    figure_ : matplotlib Figure
        The figure around it.
    image_ : matplotlib QuadMesh
        The cells of the matrix.
    means_ : matplotlib QuadMesh
        The cells of the column means.
    texts_ : ndarray of shape (n_strategies + 1, n_strategies)
        The numbers in the cells, as matplotlib Text; the last row is of the means.

    Raises
    ------
    ValueError
        No setting was left to compare.

    Examples
    --------
    >>> from skactive.evaluation import Run
    >>> from skactive.plotting import PenaltyMatrixDisplay
    >>> runs = [
    ...     Run("digits", "mlp", 5, name, seed, [5, 10], [0.5, score])
    ...     for name, score in [("random", 0.6), ("margin", 0.7)]
    ...     for seed in range(3)
    ... ]
    >>> display = PenaltyMatrixDisplay.from_runs(runs, budgets=[10])
    >>> [[text.get_text() for text in row] for row in display.texts_]
    [['', '0'], ['1', ''], ['0.5', '0']]
    """

    def __init__(self, penalties, *, sort=False):
        if not penalties.settings:
            raise ValueError(
                "There is no setting to draw: all were left out. Look at "
                "penalties.left_out for the reasons."
            )
        self.penalties = penalties
        self.sort = sort

    @classmethod
    def from_runs(
        cls,
        runs,
        *,
        budgets="000",
        baseline="random",
        level=0.95,
        within=0.01,
        sort=False,
        ax=None,
        **plot_params,
    ):
        """
        Compute the matrix and draw it.

        Parameters
        ----------
        runs : list of Run
            The runs of all settings.
        budgets : {"000", "002"} or array-like of float, default="000"
            Where strategies are compared; see ``penalty_matrix``.
        baseline : str, default="random"
            The strategy that the rules look at.
        level : float, default=0.95
            Confidence of the test.
        within : float, default=0.01
            How near to its final score the baseline counts as having learned.
        sort : bool, default=False
            Whether the strategies are put in the order of their column means.
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a new figure.
        **plot_params : dict
            Passed on to `plot`.

        Returns
        -------
        PenaltyMatrixDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            The library matplotlib is not installed.
        ValueError
            As for ``penalty_matrix``, or no setting was left to compare.
        """
        penalties = penalty_matrix(
            runs, budgets=budgets, baseline=baseline, level=level, within=within
        )
        return cls(penalties, sort=sort).plot(ax, **plot_params)

    def plot(self, ax=None, *, cmap="Blues", title=True):
        """
        Draw the matrix.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a new figure, larger for more strategies.
        cmap : str or matplotlib Colormap, default="Blues"
            Colours from 0 to the largest entry.
        title : bool, default=True
            Whether to say above how many settings were compared.

        Returns
        -------
        PenaltyMatrixDisplay
            The display itself.

        Raises
        ------
        ImportError
            The library matplotlib is not installed.
        """
        matrix, means = self.penalties.matrix, self.penalties.column_means
        names = np.array(self.penalties.strategies)
        if self.sort:
            order = np.argsort(means, kind="stable")
            matrix, means = matrix[np.ix_(order, order)], means[order]
            names = names[order]
        n = len(names)
        self.ax_ = new_axes(size=self.size) if ax is None else ax
        self.figure_ = self.ax_.figure
        edges = np.arange(n + 1)
        style = {"cmap": cmap, "vmin": 0, "vmax": matrix.max() or 1}
        style |= {"edgecolors": "white", "linewidth": 1}
        self.image_ = self.ax_.pcolormesh(edges, edges, matrix, **style)
        below = [n + _GAP, n + _GAP + 1]
        self.means_ = self.ax_.pcolormesh(edges, below, means[None], **style)
        self._write(matrix, means)
        self._name(names, title)
        return self

    @property
    def size(self):
        """Width and height in inches that the names and the cells take."""
        n, widest = len(self.penalties.strategies), self._widest
        cells = 0.52 * n
        return max(3.6, 1.0 + cells + 0.09 * widest), 1.6 + 0.75 * cells + 0.06 * widest

    @property
    def _widest(self):
        return max(map(len, (*self.penalties.strategies, "column mean")))

    def _write(self, matrix, means):
        cells = np.vstack([matrix, means])
        rows = [*(np.arange(len(means)) + 0.5), len(means) + _GAP + 0.5]
        shades = self.image_.cmap(self.image_.norm(cells))
        dark = shades[..., :3] @ [0.299, 0.587, 0.114] < 0.55
        self.texts_ = np.empty(cells.shape, dtype=object)
        for (i, j), value in np.ndenumerate(cells):
            text = "" if i == j else f"{value:.2f}".rstrip("0").rstrip(".")
            color = "white" if dark[i, j] else "#111111"
            self.texts_[i, j] = self.ax_.text(
                j + 0.5,
                rows[i],
                text,
                ha="center",
                va="center",
                color=color,
                fontsize=8,
            )

    def _name(self, names, title):
        n = len(names)
        at = np.arange(n) + 0.5
        long = max(map(len, names)) > 5
        names = [plain(name) for name in names]
        turned = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
        self.ax_.set_xticks(at, names, **(turned if long else {}))
        self.ax_.set_yticks([*at, n + _GAP + 0.5], [*names, "column mean"])
        self.ax_.set(ylim=(n + _GAP + 1, 0), ylabel="… beats", xlabel="… is beaten")
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)
        if title:
            count = len(self.penalties.settings)
            words = f"{count} setting{'s' if count > 1 else ''}"
            self.ax_.set_title(f"Wins, of {words} at most", fontsize=10)
