"""Arrays in .npz files."""

import numbers
import zipfile
from pathlib import Path

import numpy as np

from skactive.datasets.images import channels_first
from skactive.datasets.labels import coded
from skactive.datasets.scaling import AS_IMAGES, AS_TABLE, pixels, standardized
from skactive.datasets.splitting import TASKS, bundle, divide, listed

_TEST_SIZE = 0.3
_SPLIT, _WHOLE = (("X_train", "y_train"), ("X_test", "y_test")), (("X", "y"),)


def from_npz(
    path,
    *,
    n_train=None,
    test_size=None,
    random_state=0,
    name=None,
    task=None,
    image_shape=None,
    first_rows=False,
):
    """
    Load arrays that ``numpy.savez`` wrote, split for a simulation.

    The file holds ``X_train``, ``y_train``, ``X_test`` and ``y_test``, or ``X`` and
    ``y`` to be split here. Images, of shape (n, height, width), (n, height, width,
    channels) or (n, channels, height, width) with 1, 3 or 4 channels, become flat rows
    in the order channels, height, width; whole numbers are divided by 255, floats and
    bools stay as they are. Tables, of shape (n, n_features), are standardised by the
    training rows; NaN stays, to be imputed in the model's pipeline.

    Parameters
    ----------
    path : str or Path
        The file.
    n_train : int or None, default=None
        How many rows to train on, the first ones: of ``X_train``, whose others are
        left out, or of ``X``, whose others are for testing. None takes all of
        ``X_train``, or splits ``X`` at random.
    test_size : float or None, default=None
        Share of the rows of ``X`` to score on, in (0, 1); None is 0.3. Not with
        ``n_train``, nor with a file that is split already.
    random_state : int, RandomState instance or None, default=0
        Seeds the random split, which is stratified for classification.
    name : str or None, default=None
        Of the data set; None takes the file's.
    task : {"classification", "regression"} or None, default=None
        None takes floats for a regression and all else for classes.
    image_shape : tuple of int or None, default=None
        Channels, height and width, if the rows of the file are flat images in this
        order.
    first_rows : bool, default=False
        Whether, with more labels than rows or the other way round, those at the start
        belong together and the rest is left out. Otherwise this is an error.

    Returns
    -------
    Bunch
        As `load_dataset` gives it. Classes are numbered from 0 in sorted order;
        ``target_names`` has their names, from the file's array ``classes`` or
        ``target_names`` where it has one for each number.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    IsADirectoryError
        It is a folder.
    ValueError
        The file cannot be read, or its arrays do not make a task. Python objects in it
        are never loaded: they could run code.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skactive.datasets import from_npz
    >>> images = np.zeros((20, 8, 8, 3), dtype=np.uint8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/pets.npz", X=images, y=["cat", "dog"] * 10)
    ...     data = from_npz(f"{folder}/pets.npz")
    >>> data.name, data.X_train.shape, data.image_shape
    ('pets', (14, 192), (3, 8, 8))
    """
    path = Path(path)
    if task not in (None, *TASKS):
        raise ValueError(
            f"The 'task' parameter of from_npz must be one of {listed(TASKS)}, or "
            f"None. Got {task!r} instead."
        )
    arrays = _read(path)
    pairs = _pairs(arrays, path)
    if test_size is not None and (pairs is _SPLIT or n_train is not None):
        why = f"{path} is split already" if pairs is _SPLIT else "n_train says it"
        raise ValueError(f"test_size={test_size!r} has no effect: {why}. Leave it out.")
    rows, labels = [], []
    for X, y in pairs:
        matched = _matched(arrays, X, y, path, first_rows)
        rows.append(_as_numbers(matched[0], X, image_shape, path))
        labels.append(matched[1])
    names = arrays.get("classes", arrays.get("target_names"))
    targets, target_names = _coded(labels, task, names, path)
    if n_train is not None:
        _check_n_train(n_train, len(rows[0]) + (pairs is _SPLIT), path)
    if pairs is _SPLIT:
        (X_train, X_test), (y_train, y_test) = rows, targets
        X_train, y_train = X_train[:n_train], y_train[:n_train]
    elif n_train is not None:
        X_train, X_test = np.split(rows[0], [n_train])
        y_train, y_test = np.split(targets[0], [n_train])
    else:
        X_train, y_train, X_test, y_test = divide(
            rows[0],
            targets[0],
            stratify=target_names is not None,
            test_size=_TEST_SIZE if test_size is None else test_size,
            random_state=random_state,
        )
    if X_train.shape[1:] != X_test.shape[1:]:
        raise ValueError(
            f"In {path} a row of X_train has shape {X_train.shape[1:]}, and one of "
            f"X_test {X_test.shape[1:]}. Make them alike."
        )
    if X_train.ndim > 2 and _is_whole(X_train) != _is_whole(X_test):
        raise ValueError(
            f"In {path} the pixels of X_train have dtype {X_train.dtype}, and those of "
            f"X_test {X_test.dtype}: whole numbers are divided by 255, others are not. "
            "Make them alike."
        )
    return _bundled(
        (X_train, y_train, X_test, y_test),
        name=path.stem if name is None else name,
        target_names=target_names,
        feature_names=arrays.get("feature_names"),
    )


def _read(path):
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Give the path of a file in it.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file at {path}. Check the path.")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} could not be read as an .npz file of plain arrays: {error}"
        ) from error
    except (AttributeError, TypeError) as error:  # a single array, saved with np.save
        raise ValueError(
            f"{path} holds a single array. Save rows and labels together: "
            "numpy.savez(path, X=..., y=...)."
        ) from error


def _pairs(arrays, path):
    for pairs in (_SPLIT, _WHOLE):
        if all(key in arrays for pair in pairs for key in pair):
            return pairs
    raise ValueError(
        f"{path} holds {listed(arrays) or 'nothing'}. It needs the arrays 'X' and 'y', "
        "or 'X_train', 'y_train', 'X_test' and 'y_test'."
    )


def _matched(arrays, X_name, y_name, path, first_rows):
    """Give rows and labels of one length."""
    X, y = arrays[X_name], arrays[y_name]
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim != 1:
        raise ValueError(
            f"In {path} {y_name} has shape {y.shape}. It needs one label for each row."
        )
    if X.ndim < 2:
        raise ValueError(
            f"In {path} {X_name} has shape {X.shape}. It needs a row for each label."
        )
    n = min(len(X), len(y))
    if len(X) != len(y) and not first_rows:
        raise ValueError(
            f"In {path} {X_name} has {len(X):,} rows, but {y_name} has {len(y):,} "
            f"labels. If the first {n:,} belong together pass first_rows=True, and "
            "look at some of them to be sure."
        )
    if n == 0:
        raise ValueError(f"In {path} {X_name} has no rows.")
    return X[:n], y[:n]


def _as_numbers(X, X_name, image_shape, path):
    """Check rows; images get the shape (n, channels, height, width)."""
    if X.dtype.kind not in "buif":
        raise ValueError(
            f"In {path} {X_name} has dtype {X.dtype}. Encode it as numbers."
        )
    if X.dtype.kind == "f" and np.isinf(X).any():
        raise ValueError(f"In {path} {X_name} holds infinity. Correct these values.")
    X = channels_first(X, X_name, image_shape, path)
    if X.ndim == 4 and X.dtype.kind in "iu" and (X.min() < 0 or X.max() > 255):
        raise ValueError(
            f"In {path} {X_name} has pixels from {X.min()} to {X.max()}. Whole numbers "
            "must lie in [0, 255]; scale others yourself and save them as floats."
        )
    return X


def _coded(labels, task, names, path):
    """Number the classes over all parts, or make floats of regression targets."""
    together = np.concatenate(labels)
    if task is None:
        task = TASKS[1] if together.dtype.kind == "f" else TASKS[0]
    if task == TASKS[1]:
        if together.dtype.kind not in "uif" or not np.isfinite(together).all():
            raise ValueError(
                f"The labels in {path} are no finite numbers, so that they cannot be "
                "the targets of a regression. Use task='classification', or correct "
                "them."
            )
        return [part.astype(np.float64) for part in labels], None
    try:
        codes, names = coded(together, names)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return np.split(codes, np.cumsum([len(part) for part in labels[:-1]])), names


def _check_n_train(n_train, below, path):
    if not isinstance(n_train, numbers.Integral) or not 1 <= n_train < below:
        raise ValueError(
            f"The 'n_train' parameter of from_npz must lie in [1, {below - 1}] for "
            f"{path}. Got {n_train!r} instead."
        )


def _is_whole(X):
    return X.dtype.kind in "iu"


def _bundled(parts, *, feature_names, **about):
    X_train, y_train, X_test, y_test = parts
    n_features = int(np.prod(X_train.shape[1:]))
    if X_train.ndim == 2:
        X_train, X_test = standardized(X_train, X_test)
        about |= {"scaling": AS_TABLE}
    else:
        about |= {"image_shape": X_train.shape[1:]}
        if _is_whole(X_train):
            X_train, X_test = pixels(X_train), pixels(X_test)
            about |= {"scaling": AS_IMAGES}
        else:
            X_train, X_test = (X.reshape(len(X), -1) for X in (X_train, X_test))
    if feature_names is None or len(feature_names) != n_features:
        feature_names = [f"x{j}" for j in range(n_features)]
    return bundle(
        X_train,
        y_train,
        X_test,
        y_test,
        feature_names=[str(name) for name in feature_names],
        **about,
    )
