"""Tables in files: CSV and parquet."""

import warnings
from numbers import Number
from pathlib import Path

import numpy as np

from skactive.datasets.splitting import TASKS, listed, split

_READERS = {".csv": "read_csv", ".csv.gz": "read_csv", ".parquet": "read_parquet"}
# Above these a column is taken for something else: a count, a name, a free text.
_MAX_INTEGER_CLASSES = 20
_MAX_CATEGORIES = 100
_MIN_ROWS = 10


def load_table(path, target, *, task=None, test_size=0.3, random_state=0):
    """
    Load a CSV or parquet file with one row for each sample, split for a simulation.

    Columns of numbers and bools stay numbers, a missing one NaN: impute it in the
    model's pipeline. Any other column becomes one column of 0 and 1 for each of its
    values, all 0 where it is missing. A column of more than 100 such values, names or
    dates usually, is left out with a warning. Rows without a target are left out with
    a warning too: a simulation answers each query from the file, and has no answer
    there.

    Parameters
    ----------
    path : str or Path
        The file: ``.csv``, ``.csv.gz`` or ``.parquet``.
    target : str
        Name of the column to predict.
    task : {"classification", "regression"} or None, default=None
        None decides by the target: text, bools and whole numbers of at most 20
        different values are classes, all other numbers a regression.
    test_size : float, default=0.3
        Share of the rows to score on, in (0, 1).
    random_state : int, RandomState instance or None, default=0
        Seeds the split, which is stratified where each class has two rows or more.

    Returns
    -------
    Bunch
        As `load_dataset` gives it. Classes are numbered from 0 in sorted order, and
        ``target_names`` holds their names in the file.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    IsADirectoryError
        It is a folder.
    ImportError
        The library pandas, or pyarrow for a parquet file, is not installed.
    ValueError
        The file cannot be read, or its contents do not make a task.
    """
    path = Path(path)
    if task not in (None, *TASKS):
        raise ValueError(
            f"The 'task' parameter of load_table must be one of {listed(TASKS)}, or "
            f"None. Got {task!r} instead."
        )
    table = _with_numbers(_with_target(_read(path), target, path))
    _warn_of_row_numbers(table.drop(columns=target), path)
    y, target_names = _coded_target(table[target], task)
    X, feature_names = _numbers(table.drop(columns=target), path)
    return split(
        X,
        y,
        name=path.name[: -len(_suffix(path))],
        feature_names=feature_names,
        target_names=target_names,
        test_size=test_size,
        random_state=random_state,
    )


def _read(path):
    """Read a file with pandas; whatever goes wrong becomes a sentence."""
    suffix = _suffix(path)
    if suffix is None:
        raise ValueError(f"{path} must end in {listed(_READERS)} to be read.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Give the path of a file in it.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file at {path}. Check the path.")
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            'Reading a table needs pandas. Install it: pip install "skactive[plot]".'
        ) from error
    try:
        return getattr(pd, _READERS[suffix])(path)
    except ImportError as error:
        raise ImportError(
            "Reading a parquet file needs pyarrow. Install it: pip install pyarrow."
        ) from error
    except pd.errors.EmptyDataError as error:
        raise ValueError(f"{path} is empty. Pass a file with a header and rows.") from (
            error
        )
    except (ValueError, OSError) as error:  # ParserError and UnicodeDecodeError too
        raise ValueError(
            f"{path} could not be read as a {suffix} file: {error}"
        ) from error


def _suffix(path):
    return next((end for end in _READERS if path.name.lower().endswith(end)), None)


def _with_target(table, target, path):
    """Keep the rows that have a target, enough of them, and say what was dropped."""
    if target not in table.columns:
        raise ValueError(
            f"{path} has no column {target!r} to predict. Its columns: "
            f"{listed(table.columns)}."
        )
    missing = table[target].isna()
    if missing.any():
        warnings.warn(
            f"{int(missing.sum())} of {len(table)} rows of {path.name} have no "
            f"{target!r} and were left out: a simulation has no answer for them.",
            UserWarning,
            stacklevel=3,
        )
    table = table[~missing]
    if len(table) < _MIN_ROWS:
        raise ValueError(
            f"{path} has {len(table)} row(s) with a {target!r}. Pass at least "
            f"{_MIN_ROWS}, to have some to learn from and some to score on."
        )
    if table.shape[1] == 1:
        raise ValueError(
            f"{path} has no column besides {target!r}: nothing to predict it from."
        )
    return table


def _with_numbers(table):
    """Make floats of columns of decimals, which pandas takes for objects."""
    import pandas as pd

    for name, column in table.items():
        if not pd.api.types.is_object_dtype(column.dtype):
            continue
        values = column.dropna()
        if len(values) and all(
            isinstance(value, Number) and not isinstance(value, bool | complex)
            for value in values
        ):
            table = table.assign(**{name: column.astype(np.float64)})
    return table


def _warn_of_row_numbers(table, path):
    first = table.columns[0]
    if str(first).startswith("Unnamed:") and table[first].is_monotonic_increasing:
        warnings.warn(
            f"The first column of {path.name} has no name and counts the rows, as "
            "DataFrame.to_csv writes them: it was taken for a feature. Write the file "
            "with index=False.",
            UserWarning,
            stacklevel=3,
        )


def _coded_target(column, task):
    """Number the classes, or make floats of a regression target."""
    values, numeric = _plain_target(column)
    task = task or _guessed_task(values, numeric)
    if task == "regression":
        if not numeric:
            raise ValueError(
                f"Column {column.name!r} holds text, so that it cannot be the target "
                "of a regression. Use task='classification' (--task classification), "
                "or another column."
            )
        return values.astype(np.float64), None
    names, y = np.unique(values, return_inverse=True)
    if len(names) < 2:
        raise ValueError(
            f"Column {column.name!r} holds a single class, {names.tolist()[0]!r}: "
            "nothing to tell apart. Choose another target."
        )
    if len(names) > len(y) / 2:
        raise ValueError(
            f"Column {column.name!r} holds {len(names)} different values in {len(y)} "
            "rows: more like a name than a class. Choose another target, or "
            "task='regression' (--task regression) if it is a number."
        )
    return y, names


def _plain_target(column):
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    if is_bool_dtype(column.dtype):
        return column.to_numpy(dtype=bool), False
    if not is_numeric_dtype(column.dtype):
        return column.map(str).to_numpy(dtype=str), False
    values = column.to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError(
            f"Column {column.name!r} holds infinity. Correct or remove these rows."
        )
    whole = (values == np.round(values)).all() and np.abs(values).max() < 2**53
    return values.astype(np.int64) if whole else values, True


def _guessed_task(values, numeric):
    whole = values.dtype.kind == "i" and len(np.unique(values)) <= _MAX_INTEGER_CLASSES
    return "regression" if numeric and not whole else "classification"


def _numbers(table, path):
    """Turn the feature columns into one array of floats."""
    import pandas as pd
    from pandas.api.types import is_numeric_dtype

    blocks, left_out = [], []
    for name in table.columns:
        column = table[name]
        if is_numeric_dtype(column.dtype):  # bools too
            numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
            blocks.append(([str(name)], numbers[:, np.newaxis]))
        elif column.nunique() > _MAX_CATEGORIES:
            left_out.append(name)
        else:
            texts = column.astype(object).map(str, na_action="ignore")
            dummies = pd.get_dummies(texts)
            names = [f"{name}={value}" for value in dummies.columns]
            blocks.append((names, dummies.to_numpy(dtype=np.float64)))
    if left_out:
        warnings.warn(
            f"Of {path.name}, left out: {listed(left_out)}, more than "
            f"{_MAX_CATEGORIES} different values that are no numbers. Encode them as "
            "numbers to use them.",
            UserWarning,
            stacklevel=3,
        )
    if not blocks:
        raise ValueError(f"{path} has no feature left that can be made a number.")
    X = np.hstack([block for _, block in blocks])
    names = [name for names, _ in blocks for name in names]
    if np.isinf(X).any():
        bad = [names[j] for j in np.flatnonzero(np.isinf(X).any(axis=0))]
        raise ValueError(
            f"{path} holds infinity in {listed(bad)}. Correct these values, or leave "
            "them empty to have them imputed."
        )
    _warn_of_rounding(X, names, path)
    return X, names


def _warn_of_rounding(X, names, path):
    """Name columns whose rows float32 cannot tell apart; refuse what is beyond it."""
    known = np.where(np.isnan(X), 0.0, np.abs(X))
    most = known.max(axis=0)
    beyond = np.flatnonzero(most > np.finfo(np.float32).max)
    if len(beyond):
        raise ValueError(
            f"{path} holds numbers beyond float32 in {listed(names[j] for j in beyond)}"
            ". Divide them, or leave these columns out."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column without any value
        spread = np.nanstd(X, axis=0)
    coarse = np.finfo(np.float32).eps * most
    rounded = np.flatnonzero((coarse > 1e-2 * spread) & (spread > 0))
    if len(rounded):
        warnings.warn(
            f"Of {path.name}, float32 rounds away differences between rows in "
            f"{listed(names[j] for j in rounded)}: dates or times as large numbers "
            "usually. Count them from a nearer start, or leave them out.",
            UserWarning,
            stacklevel=4,
        )
