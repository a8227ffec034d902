"""Figures that stand in a page, in light and in dark, and as files."""

import io
import re
from collections.abc import Callable
from typing import NamedTuple

# Stands for the page's text colour while matplotlib draws.
_INK = "#010203"
_INKED = (
    "text.color",
    "axes.edgecolor",
    "axes.labelcolor",
    "axes.titlecolor",
    "xtick.color",
    "ytick.color",
)


class Picture(NamedTuple):
    """
    A figure that is drawn when it is needed.

    Parameters
    ----------
    name : str
        Of its file, without an ending; different for each picture of a page.
    caption : str
        What is to be seen.
    size : tuple of float
        Width and height in inches.
    draw : callable
        ``draw(ax)`` draws it.
    """

    name: str
    caption: str
    size: tuple
    draw: Callable


def check_matplotlib():
    """
    Check that figures can be drawn.

    Raises
    ------
    ImportError
        The library matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'A report needs matplotlib. Install it: pip install "skactive[plot]".'
        ) from error


def as_svg(picture):
    """
    Draw a picture for a page of HTML.

    Parameters
    ----------
    picture : Picture
        The picture.

    Returns
    -------
    str
        An ``<svg>`` element without a background, its text in the page's colour.
    """
    import matplotlib as mpl

    settings = dict.fromkeys(_INKED, _INK)
    settings["svg.hashsalt"] = picture.name
    with mpl.rc_context(settings):
        stream = io.StringIO()
        figure = _drawn(picture)
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Black curves, too, would be lost on a dark page.
    return re.sub(f"{_INK}|#000000", "currentColor", svg)


def write_png(picture, path):
    """
    Write a picture as a file.

    Parameters
    ----------
    picture : Picture
        The picture.
    path : Path
        Of the file.
    """
    _drawn(picture).savefig(path, dpi=150)


def _drawn(picture):
    from matplotlib.figure import Figure

    figure = Figure(figsize=picture.size, layout="constrained")
    picture.draw(figure.subplots())
    return figure
