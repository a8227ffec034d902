"""The papers' data sets, from OpenML."""

from dataclasses import dataclass

import numpy as np
import sklearn.datasets

from skactive.datasets.images import in_planes
from skactive.datasets.labels import coded, in_order
from skactive.datasets.scaling import AS_IMAGES, AS_TABLE, pixels, standardized
from skactive.datasets.splitting import bundle, divide


@dataclass(frozen=True)
class Table:
    """
    One table of OpenML.

    Parameters
    ----------
    data_id : int
        Its number there.
    n_rows : int
        How many rows it has.
    n_features : int
        How many columns besides the class.
    n_train : int or None
        The first rows, to train on, in the usual split; None where there is none.
    image_shape : tuple of int or None
        Channels, height and width of images.
    """

    data_id: int
    n_rows: int
    n_features: int
    n_train: int | None = None
    image_shape: tuple | None = None


TABLES = {
    "mnist": Table(554, 70_000, 784, 60_000, (1, 28, 28)),
    "fashion_mnist": Table(40996, 70_000, 784, 60_000, (1, 28, 28)),
    "emnist_balanced": Table(41039, 131_600, 784, 112_800, (1, 28, 28)),
    "cifar10": Table(40927, 60_000, 3072, 50_000, (3, 32, 32)),
    "cifar100": Table(41983, 60_000, 3072, 50_000, (3, 32, 32)),
    "svhn": Table(41081, 99_289, 3072, 73_257, (3, 32, 32)),
    "letter": Table(6, 20_000, 16, 16_000),
    "pokerhand": Table(155, 829_201, 10),
    "random_rbf": Table(156, 1_000_000, 10),
    "kropt": Table(184, 28_056, 6),
}


def fetch(name, *, data_home=None, test_size=None, random_state=0):
    """
    Load one of the tables of OpenML, downloaded at the first use.

    Parameters
    ----------
    name : str
        A key of ``TABLES``.
    data_home : str, Path or None, default=None
        Folder of the copies; None is scikit-learn's.
    test_size : float or None, default=None
        Share of the rows to score on, drawn at random; None is 0.3. Only for a table
        without a usual split.
    random_state : int, RandomState instance or None, default=0
        Seeds the random split.

    Returns
    -------
    Bunch
        As `load_dataset` gives it.

    Raises
    ------
    ConnectionError
        There is no copy, and none can be downloaded.
    ImportError
        The library pandas, which reads the tables, is not installed.
    ValueError
        The table is not what it was, or has a usual split and ``test_size`` is given.
    """
    table = TABLES[name]
    if table.n_train is not None and test_size is not None:
        raise ValueError(
            f"test_size={test_size!r} has no effect: {name} has a usual split, into "
            f"{table.n_train:,} rows and {table.n_rows - table.n_train:,}. Leave it "
            "out."
        )
    frame, labels = _download(name, table, data_home)
    if frame.shape != (table.n_rows, table.n_features):
        raise ValueError(
            f"The table {table.data_id} of OpenML has the shape {frame.shape}, where "
            f"{name} has {(table.n_rows, table.n_features)}. Delete the copy of it in "
            f"{_folder(data_home)} and try again."
        )
    X = _numbers(frame)
    y, target_names = coded(np.asarray(labels.astype(str), dtype=str))
    if table.n_train is not None:
        X_train, X_test = X[: table.n_train], X[table.n_train :]
        y_train, y_test = y[: table.n_train], y[table.n_train :]
    else:
        X_train, y_train, X_test, y_test = divide(
            X,
            y,
            stratify=True,
            test_size=0.3 if test_size is None else test_size,
            random_state=random_state,
        )
    if table.image_shape is None:
        X_train, X_test = standardized(X_train, X_test)
    else:
        channels, size, _ = table.image_shape
        if channels == 3:
            X_train, X_test = in_planes(X_train, size), in_planes(X_test, size)
        X_train, X_test = pixels(X_train), pixels(X_test)
    return bundle(
        X_train,
        y_train,
        X_test,
        y_test,
        name=name,
        feature_names=[str(column) for column in frame.columns],
        target_names=target_names,
        scaling=AS_TABLE if table.image_shape is None else AS_IMAGES,
        image_shape=table.image_shape,
    )


def _download(name, table, data_home):
    try:
        import pandas  # noqa: F401  (fetch_openml needs it)
    except ImportError as error:
        raise ImportError(
            "Reading a table of OpenML needs pandas. Install it: pip install "
            '"skactive[plot]".'
        ) from error
    try:
        return sklearn.datasets.fetch_openml(
            data_id=table.data_id, data_home=data_home, as_frame=True, return_X_y=True
        )
    except OSError as error:
        raise ConnectionError(
            f"{name} is not in {_folder(data_home)} and could not be downloaded from "
            f"https://www.openml.org/d/{table.data_id} ({error}). Load it once where "
            "there is a network and copy that folder here, or save arrays of your own "
            "with numpy.savez and read them with from_npz."
        ) from error


def _folder(data_home):
    return sklearn.datasets.get_data_home(data_home) + "/openml"


def _numbers(frame):
    """Give numbers; text becomes the position of its value among all, sorted."""
    from pandas.api.types import is_numeric_dtype

    # Thousands of columns of pixels are turned at once: one by one takes minutes.
    if all(is_numeric_dtype(dtype) for dtype in frame.dtypes):
        whole = frame.to_numpy()
        is_bytes = whole.dtype.kind in "iu" and 0 <= whole.min() <= whole.max() <= 255
        return whole.astype(np.uint8 if is_bytes else np.float32)
    columns = []
    for name in frame.columns:
        column = frame[name]
        if not is_numeric_dtype(column.dtype):
            values, codes = np.unique(
                np.asarray(column.astype(str), dtype=str), return_inverse=True
            )
            column = np.argsort(in_order(values))[codes]
        columns.append(np.asarray(column, dtype=np.float32))
    return np.stack(columns, axis=1)
