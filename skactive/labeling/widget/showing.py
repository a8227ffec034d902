"""What is shown of a row: an image, a text, a table, or what a notebook can display."""

import base64
import io
import numbers
import sys
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from skactive.labeling.widget.png import encode_png, to_bytes
from skactive.utils.containers import is_dataframe, safe_indexing

_MOST_ROWS = 200  # of a table; what is left out is told
_MEDIA = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
# What a notebook shows, the best first.
_RICH = (
    "application/vnd.jupyter.widget-view+json",
    "text/html",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "text/plain",
)


class Shower:
    """
    Make of a row what the widget can draw.

    Parameters
    ----------
    X_pool : array-like, sparse matrix, data frame or list
        All rows.
    payload : callable
        Position to the payload of the store, or None.
    show : callable or None
        The user's own: position to anything.
    image_shape : tuple of int or None
        Shape of the images that flat rows are.
    feature_names : list of str or None
        Names of the columns.
    """

    def __init__(self, X_pool, payload, show, image_shape, feature_names):
        self.X_pool = X_pool
        self.payload = payload
        self.show = show
        self.image_shape = check_image_shape(image_shape, X_pool)
        self.feature_names = feature_names
        self._limits = None

    def item(self, position):
        """
        Show a row.

        Parameters
        ----------
        position : int
            Row of the pool.

        Returns
        -------
        dict
            ``kind`` ("image", "text", "table", "html" or "widget") and what belongs to
            it, ready for JSON.
        """
        if self.show is not None:
            return self._anything(self.show(position), position)
        told = self.payload(position)
        if told is not None:
            return self._payload(told, position)
        if is_dataframe(self.X_pool) and self.image_shape is None:
            return self._frame(safe_indexing(self.X_pool, [position]))
        if sp.issparse(self.X_pool) and self.image_shape is None:
            return self._sparse(safe_indexing(self.X_pool, [position]).tocsr())
        return self._row(safe_indexing(self.X_pool, position), position)

    def _row(self, row, position):
        if isinstance(row, str):
            return _text(row)
        row = row.toarray() if sp.issparse(row) else np.asarray(row)
        if self.image_shape is not None:
            return self._image(row.reshape(self.image_shape), position)
        if row.ndim == 0:
            return _text(_number(row[()]))
        if row.ndim > 1:
            return self._image(row, position)
        if len(row) == 1 and isinstance(row[0], str):
            return _text(row[0])
        return _table(self._names(range(len(row))), row.tolist())

    def _frame(self, row):
        values = [np.asarray(row[name])[0] for name in row.columns]
        return _table(self._names(list(row.columns)), values)

    def _sparse(self, row):
        names = self._names(range(row.shape[1]))
        used = sorted(zip(row.indices.tolist(), row.data.tolist(), strict=True))
        shown = _table([names[k] for k, _ in used], [value for _, value in used])
        shown["note"] = " ".join(filter(None, ["All others are 0.", shown["note"]]))
        return shown

    def _names(self, columns):
        names = self.feature_names
        if names is None:
            return [c if isinstance(c, str) else f"feature {c}" for c in columns]
        if len(names) != len(columns):
            raise ValueError(
                "The 'feature_names' parameter of LabelingWidget must have a name for "
                f"each column. Got {len(names)} names for {len(columns)} columns."
            )
        return names

    def _image(self, array, position):
        array = _channels_last(np.asarray(array), position)
        pixels = to_bytes(array, *self._scale(array))
        return _picture(encode_png(pixels), "image/png", position, array.shape)

    def _scale(self, array):
        """Tell black and white: of the whole pool, so that rows can be compared."""
        if array.dtype == np.uint8:
            return 0, 255
        if array.dtype == bool:
            return 0, 1
        pool = self.X_pool
        if self.show is not None or getattr(pool, "dtype", None) != array.dtype:
            is_unit = array.shape[2] > 1 and array.min() >= 0 and array.max() <= 1
            return (0, 1) if is_unit else _range(array)
        if self._limits is None:
            self._limits = _range(pool)
        return self._limits

    def _payload(self, told, position):
        if isinstance(told, dict) and len(told) == 1:
            (told,) = told.values()
        if isinstance(told, dict):
            return _table([str(name) for name in told], list(told.values()))
        if isinstance(told, list):
            return _table([str(k) for k in range(len(told))], told)
        if isinstance(told, str) and Path(told).suffix.lower() in _MEDIA:
            if told.startswith(("http://", "https://")):
                return _linked(told, position)
            return _file(Path(told), position)
        return _text(_number(told))

    def _anything(self, shown, position):
        if isinstance(shown, np.ndarray) and shown.ndim in (2, 3):
            return self._image(shown, position)
        if isinstance(shown, str):
            return _text(shown)
        if isinstance(shown, dict):
            return _table([str(name) for name in shown], list(shown.values()))
        if isinstance(shown, Path) and shown.suffix.lower() in _MEDIA:
            return _file(shown, position)
        return _rich(shown, position)


def check_image_shape(image_shape, X_pool):
    """
    Check the shape of images against the rows.

    Parameters
    ----------
    image_shape : tuple of int or None
        As the widget was given it.
    X_pool : object
        The rows.

    Returns
    -------
    tuple of int or None
        The same.
    """
    if image_shape is None:
        return None
    shape = tuple(image_shape)
    if len(shape) not in (2, 3) or not all(
        isinstance(length, numbers.Integral) and length > 0 for length in shape
    ):
        raise ValueError(
            "The 'image_shape' parameter of LabelingWidget must be (height, width), or "
            f"three lengths with the channels. Got {image_shape!r} instead."
        )
    columns = np.prod(getattr(X_pool, "shape", (0,))[1:], dtype=int)
    if columns != np.prod(shape):
        raise ValueError(
            f"The 'image_shape' parameter of LabelingWidget is {shape}, which takes "
            f"{np.prod(shape)} numbers. The rows of the pool have {columns}."
        )
    return shape


def _channels_last(array, position):
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim == 3 and array.shape[2] not in (1, 3, 4) and len(array) in (1, 3, 4):
        array = np.moveaxis(array, 0, 2)
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise ValueError(
            f"Row {position} has the shape {array.shape}, which is no image: that is "
            "(height, width), or with 1, 3 or 4 channels first or last. Tell how to "
            "show it in the 'show' parameter of LabelingWidget."
        )
    if array.dtype.kind not in "biuf":
        raise ValueError(
            f"Row {position} is an image of dtype {array.dtype}, not of numbers. Tell "
            "how to show it in the 'show' parameter of LabelingWidget."
        )
    return array


def _range(numbers):
    return float(np.nanmin(numbers)), float(np.nanmax(numbers))


def _linked(address, position):
    alt = f"Row {position}, an image"
    return {"kind": "image", "source": address, "alt": alt, "is_small": False}


def _picture(data, kind, position, shape=None):
    size = "" if shape is None else f" of {shape[0]} by {shape[1]} pixels"
    return {
        "kind": "image",
        "source": f"data:{kind};base64,{base64.b64encode(data).decode()}",
        "alt": f"Row {position}, an image{size}",
        "is_small": shape is not None and max(shape[:2]) <= 128,
    }


def _file(path, position):
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"The image {path} of row {position} cannot be read "
            f"({error.strerror or error}). Put it there, or skip the row."
        ) from error
    return _picture(data, _MEDIA[path.suffix.lower()], position)


def _text(text):
    return {"kind": "text", "text": str(text)}


def _table(names, values):
    n = len(names)
    rows = [
        [str(name), _number(value)]
        for name, value in zip(names[:_MOST_ROWS], values, strict=False)
    ]
    left = f"{n - _MOST_ROWS} more are not shown." if n > _MOST_ROWS else ""
    return {"kind": "table", "rows": rows, "note": left}


def _number(value):
    if isinstance(value, numbers.Integral | str):
        return str(value)
    return f"{value:.6g}" if isinstance(value, numbers.Real) else str(value)


def _rich(shown, position):
    """Take what a notebook would show."""
    if hasattr(shown, "savefig"):
        return _picture(_drawn(shown), "image/png", position)
    bundle = _bundle(shown)
    kind = next((kind for kind in _RICH if kind in bundle), None)
    if shown is None or kind is None:
        raise ValueError(
            f"What 'show' gave for row {position}, {shown!r}, cannot be shown. Return "
            "an image, a text, a dict, or what a notebook displays."
        )
    content = bundle[kind]
    if kind == "text/plain":
        return _text(content)
    if kind in ("text/html", "image/svg+xml"):
        return {"kind": "html", "html": content}
    if kind.startswith("image/"):
        data = content if isinstance(content, bytes) else base64.b64decode(content)
        return _picture(data, kind, position)
    return {"kind": "widget", "model": content["model_id"]}


def _bundle(shown):
    from IPython import get_ipython
    from IPython.core.formatters import DisplayFormatter

    shell = get_ipython()
    formatter = DisplayFormatter() if shell is None else shell.display_formatter
    return formatter.format(shown)[0]


def _drawn(figure):
    """Draw a figure of matplotlib, and keep pyplot from showing it once more."""
    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight")
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(figure)
    return file.getvalue()
