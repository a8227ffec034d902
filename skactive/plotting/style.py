"""What all displays share: colours, dashes, axes and legends."""

# Told apart with any colour vision (Okabe and Ito 2008); when they run out, dashes.
COLORS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
)
DASHES = ("-", "--", ":", "-.")
GRID = "#80808040"
"""Of a grid: seen on white and on black."""
MOST_INSIDE = 6
"""A legend of more names is put beside the axes."""
INSIDE, BESIDE = (6.4, 4.2), (8.6, 4.2)
"""Sizes of a figure of curves in inches, by where its legend is."""
_LINE = 0.22  # inches of a name in a legend


def color_of(position):
    """
    Give the colour of a curve.

    Parameters
    ----------
    position : int
        Its place among all curves.

    Returns
    -------
    str
        A colour.
    """
    return COLORS[position % len(COLORS)]


def dash_of(position):
    """
    Give the line style of a curve: another one when the colours have run out.

    Parameters
    ----------
    position : int
        Its place among all curves.

    Returns
    -------
    str
        A line style.
    """
    return DASHES[position // len(COLORS) % len(DASHES)]


def new_axes(n_columns=1, size=INSIDE):
    """
    Make a figure.

    Parameters
    ----------
    n_columns : int, default=1
        Number of axes beside one another.
    size : tuple of float, default=(6.4, 4.2)
        Width and height of the figure in inches.

    Returns
    -------
    matplotlib Axes, or ndarray of them
        The axes; an array where there are more than one.

    Raises
    ------
    ImportError
        The library matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        raise ImportError(
            'Drawing needs matplotlib. Install it: pip install "skactive[plot]".'
        ) from error
    return plt.subplots(1, n_columns, figsize=size, layout="constrained")[1]


def size_for(n_names, *, most_inside=MOST_INSIDE):
    """
    Give the size of a figure of curves.

    Parameters
    ----------
    n_names : int
        How many curves are named in the legend.
    most_inside : int, default=6
        With more names than this the legend is put beside the axes.

    Returns
    -------
    tuple of float
        Width and height in inches: wider where the legend stands beside the axes, and
        as high as it is.
    """
    if n_names <= most_inside:
        return INSIDE
    return BESIDE[0], max(BESIDE[1], 0.6 + _LINE * n_names)


def plain(name):
    """
    Write a name so that matplotlib shows it as it is.

    Parameters
    ----------
    name : str
        A name. Dollars in it would start mathematics, and a legend would leave it out
        if it began with an underscore.

    Returns
    -------
    str
        The text to draw.
    """
    text = name.replace("$", r"\$")
    return f"\u200b{text}" if text.startswith("_") else text


def dress(ax, *, xlabel, ylabel, grid="both"):
    """
    Name the axes, draw a light grid and take away what frames it.

    Parameters
    ----------
    ax : matplotlib Axes
        The axes.
    xlabel, ylabel : str
        Names of the axes.
    grid : {"both", "x", "y"}, default="both"
        Which lines are drawn.
    """
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(True, axis=grid, color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right"]].set_visible(False)


def show_legend(ax, n_names, *, loc="best", most_inside=MOST_INSIDE):
    """
    Draw a legend inside the axes or, where it would cover them, beside.

    Parameters
    ----------
    ax : matplotlib Axes
        The axes.
    n_names : int
        How many names it has.
    loc : str, default="best"
        Where it is inside.
    most_inside : int, default=6
        With more names than this it is put beside.
    """
    if n_names <= most_inside:
        ax.legend(frameon=False, loc=loc)
    else:
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
