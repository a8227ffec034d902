"""Grids in TOML files."""

import tomllib

from skactive.experiments.checks import GridError, check_is, check_keys

_PROTOCOL = (
    "n_initial",
    "initial",
    "n_queries",
    "max_labels",
    "pool_size",
    "scoring",
)
_NEEDED = ("datasets", "models", "strategies")
_KEYS = ("name", *_NEEDED, "batch_sizes", "seeds", "protocol", "exclude", "training")


def read_grid(path):
    """
    Read the parameters of a grid.

    Parameters
    ----------
    path : Path
        A TOML file.

    Returns
    -------
    dict
        Arguments of `Grid`.

    Raises
    ------
    OSError
        The file is not there, or cannot be read.
    GridError
        It is no TOML, or has keys that mean nothing.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no file at {path}. Check the path.")
    try:
        with path.open("rb") as file:
            content = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GridError(f"is no TOML that can be read: {error}.") from error
    for key in content:
        if key in _PROTOCOL:
            raise GridError(f"{key}: belongs into the table [protocol].")
    check_keys("", content, _KEYS)
    for key in (*_NEEDED, "protocol"):
        if key not in content:
            raise GridError(f"{key}: is missing.")
    protocol = check_is("protocol", content.pop("protocol"), dict, "a table")
    check_keys("protocol", protocol, _PROTOCOL)
    return {"name": path.stem, "folder": path.parent, **content, **protocol}
