"""Checks of what a user passes in; each failure is a sentence."""

import math
import numbers
from functools import partial

import numpy as np
import torch
from sklearn.base import is_regressor
from sklearn.utils import check_array, gen_batches, get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from skactive.utils.blocks import LOGICAL, block_rows
from skactive.utils.containers import is_dataframe
from skactive.utils.pools import LazyRows, MappedRows, as_numpy


def num_rows(X):
    """
    Count the rows of an array, sparse matrix, data frame or list.

    Parameters
    ----------
    X : array-like
        Rows.

    Returns
    -------
    int
        The number of rows.
    """
    shape = X.shape if hasattr(X, "shape") else None
    if shape == () or (shape is None and not hasattr(X, "__len__")):
        raise TypeError(
            f"{X!r} has no rows to count. Pass an array, a sparse matrix, a data frame "
            "or a list of rows."
        )
    return len(X) if shape is None else shape[0]


def check_n(n, n_pool):
    """
    Check the number of points a query asks for.

    Parameters
    ----------
    n : int
        The number asked for.
    n_pool : int
        The number of rows to choose from.

    Returns
    -------
    int
        The same number as a plain int.
    """
    if not isinstance(n, numbers.Integral) or isinstance(n, bool):
        raise TypeError(
            f"The 'n' parameter of query must be an int of at least 1. Got {n!r} "
            "instead."
        )
    if n < 1:
        raise ValueError(
            f"The 'n' parameter of query must be at least 1. Got {n} instead."
        )
    if n > n_pool:
        raise ValueError(
            f"query was asked for n={n} points, but X_pool has only {n_pool} row(s) "
            f"to choose from. Ask for n <= {n_pool}."
        )
    return int(n)


def check_positions(picked, n, n_pool, author):
    """
    Check what a strategy chose.

    Parameters
    ----------
    picked : array-like of shape (n,)
        Positions in the pool.
    n : int
        How many were asked for.
    n_pool : int
        The number of rows to choose from.
    author : str
        Whose answer it is, to be named.

    Returns
    -------
    ndarray of shape (n,), dtype int64
        The positions.
    """
    picked = np.asarray(picked)
    whole = picked.dtype.kind in "iu" and picked.shape == (n,)
    distinct = np.unique(picked) if whole else ()
    if len(distinct) != n or distinct[0] < 0 or distinct[-1] >= n_pool:
        raise ValueError(
            f"{author} must give {n} distinct positions in [0, {n_pool}). Got "
            f"{picked!r} instead."
        )
    return picked.astype(np.int64)


def check_count(owner, name, least):
    """
    Check a parameter that counts something.

    Parameters
    ----------
    owner : estimator
        Whose parameter it is.
    name : str
        The parameter.
    least : int
        The smallest value allowed.
    """
    value = getattr(owner, name)
    if not isinstance(value, numbers.Integral) or isinstance(value, bool):
        error = TypeError
    elif value < least:
        error = ValueError
    else:
        return
    raise error(
        f"The {name!r} parameter of {type(owner).__name__} must be an int of at least "
        f"{least}. Got {value!r} instead."
    )


def check_real(
    owner, name, *, above=-math.inf, least=-math.inf, below=math.inf, most=math.inf
):
    """
    Check a parameter that is a finite number.

    Parameters
    ----------
    owner : estimator
        Whose parameter it is.
    name : str
        The parameter.
    above : float, default=-inf
        It must be larger than this.
    least : float, default=-inf
        The smallest value allowed.
    below : float, default=inf
        It must be smaller than this.
    most : float, default=inf
        The largest value allowed.
    """
    value = getattr(owner, name)
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        error = TypeError
    elif not (
        math.isfinite(value) and above < value < below and least <= value <= most
    ):
        error = ValueError
    else:
        return
    bounds = {">": above, ">=": least, "<": below, "<=": most}
    told = [f"{sign} {at:g}" for sign, at in bounds.items() if math.isfinite(at)]
    raise error(
        f"The {name!r} parameter of {type(owner).__name__} must be "
        f"{' '.join(['a finite number', ' and '.join(told)]).rstrip()}. "
        f"Got {value!r} instead."
    )


def check_choice(owner, name, choices):
    """
    Check a parameter that names one of several choices.

    Parameters
    ----------
    owner : estimator
        Whose parameter it is.
    name : str
        The parameter.
    choices : tuple
        What it may be.
    """
    value = getattr(owner, name)
    if not any(value is choice or value == choice for choice in choices):
        raise ValueError(
            f"The {name!r} parameter of {type(owner).__name__} must be one of "
            f"{choices}. Got {value!r} instead."
        )


def first_step(estimator):
    """
    Find the part of an estimator that sees the input first.

    Parameters
    ----------
    estimator : estimator
        Any estimator; chains (with ``steps``) are followed into their first step.

    Returns
    -------
    estimator
        The first step that is not "passthrough", or the estimator itself.
    """
    steps = getattr(estimator, "steps", None)
    if not isinstance(steps, list):
        return estimator
    for _, step in steps:
        if step is not None and not isinstance(step, str):
            return first_step(step)
    return estimator


def validate_labeled(owner, X, y, *, estimator, reset):
    """
    Validate labelled rows as the wrapped estimator would.

    Arrays come back as arrays, data frames as they are (a ColumnTransformer needs
    their names). NaN, sparse, text and images pass where the estimator, or the first
    step of a pipeline, takes them.

    Parameters
    ----------
    owner : estimator
        The strategy; gets ``n_features_in_`` and ``feature_names_in_``.
    X : array-like of shape (n_labeled, n_features) or (n_labeled, ...)
        Labelled rows; none at all are allowed, the estimator decides later.
    y : array-like of shape (n_labeled,) or (n_labeled, n_outputs)
        Their labels.
    estimator : estimator
        The wrapped estimator, whose tags decide.
    reset : bool
        True at ``fit``: the features seen are recorded. Otherwise compared.

    Returns
    -------
    X : array-like of shape (n_labeled, n_features) or (n_labeled, ...)
        The rows.
    y : ndarray of shape (n_labeled,) or (n_labeled, n_outputs)
        The labels.
    """
    X = as_numpy(X) if isinstance(X, torch.Tensor) else X
    _refuse_missing_labels(y)
    # skorch's tags deny what its regressors can do: let regressors judge. Of no labels
    # at all scikit-learn refuses the form that may have several outputs.
    may_have_outputs = get_tags(estimator).target_tags.multi_output or is_regressor(
        estimator
    )
    checked, y = validate_data(
        owner,
        X,
        y,
        reset=reset,
        ensure_min_samples=0,
        multi_output=may_have_outputs and np.asarray(y).size > 0,
        y_numeric=is_regressor(estimator),
        **_array_options(estimator),
    )
    if not is_regressor(estimator) and len(y):
        check_classification_targets(y)
    X = X if is_dataframe(X) else checked
    _check_row_shape(owner, X, reset)
    return X, y


def validate_rows(owner, X, *, estimator, input_name="X"):
    """
    Validate unlabelled rows against those seen in ``fit``.

    Parameters
    ----------
    owner : estimator
        The fitted strategy.
    X : array-like of shape (n_samples, n_features) or (n_samples, ...), or LazyRows
        Rows.
    estimator : estimator
        The wrapped estimator, whose tags decide.
    input_name : str, default="X"
        What the user calls the rows.

    Returns
    -------
    array-like of shape (n_samples, n_features) or (n_samples, ...), or LazyRows
        The rows: a data frame as it is, all else as an array. Of ``LazyRows`` one is
        looked at now, the others whenever they are read.
    """
    if _is_empty(X):
        raise ValueError(
            f"{input_name} has no rows (0 samples): there is nothing to work on. Pass "
            "at least one row, or end the loop."
        )
    if isinstance(X, LazyRows):
        validate_rows(owner, X[:1], estimator=estimator)
        return MappedRows(X, partial(_validated_part, owner, estimator))
    X = as_numpy(X) if isinstance(X, torch.Tensor) else X
    checked = _validated(owner, X, _array_options(estimator))
    X = X if is_dataframe(X) else checked
    _check_row_shape(owner, X, reset=False)
    return _guarded(X, estimator)


def _guarded(X, estimator):
    """Keep a step with copy=False from working in the caller's own rows."""
    if isinstance(X, np.ndarray) and first_step(estimator) is not estimator:
        X = X.view()
        X.flags.writeable = False
    return X


def _validated(owner, X, options):
    """Validate rows; many of them in parts, for each is made into flags for a while."""
    is_long = isinstance(X, np.ndarray) and X.ndim > 0 and len(X) > LOGICAL
    height = block_rows(8 * X[:1].size) if is_long and X.dtype.kind == "f" else 0
    if height == 0 or len(X) <= height:
        return validate_data(owner, X, reset=False, **options)
    validate_data(owner, X[:height], reset=False, **options)
    for part in gen_batches(len(X), height):
        _check_part(owner, X[part], options)
    return np.asarray(X)


def _validated_part(owner, estimator, X):
    options = _array_options(estimator)
    checked = _check_part(owner, X, options)
    X = X if is_dataframe(X) else checked
    _check_row_shape(owner, X, reset=False)
    return _guarded(X, estimator)


def _check_part(owner, X, options):
    if is_dataframe(X):
        return validate_data(owner, X, reset=False, **options)
    return check_array(X, estimator=owner, input_name="X", **options)


def takes_nan(estimator):
    """
    Say whether NaN may pass: the first step takes it, or has parts that judge.

    Parameters
    ----------
    estimator : estimator
        The wrapped estimator.

    Returns
    -------
    bool
        True where NaN is the estimator's own business.
    """
    first = first_step(estimator)
    has_parts = hasattr(first, "transformers") or hasattr(first, "transformer_list")
    return has_parts or get_tags(first).input_tags.allow_nan


def check_classes(classes, y):
    """
    Check a declared label set, and that every label of y is in it.

    Parameters
    ----------
    classes : array-like of shape (n_classes,)
        The declared label set.
    y : ndarray of shape (n_labeled,)
        Labels.

    Returns
    -------
    ndarray of shape (n_classes,)
        The classes as an array, in the order given.
    """
    classes = np.asarray(classes)
    if classes.ndim != 1 or len(np.unique(classes)) != len(classes):
        raise ValueError(
            "The 'classes' parameter of fit must list each label once. Got "
            f"{classes.tolist()!r} instead."
        )
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        raise ValueError(
            f"y holds the label(s) {unknown.tolist()!r}, which the 'classes' parameter "
            f"does not name. Got classes={classes.tolist()!r}. Add them to 'classes', "
            "or correct y."
        )
    return classes


def _refuse_missing_labels(y):
    """Tell a person who marks unlabelled rows as in a table what to do instead."""
    if y is None:
        return  # no labels at all: scikit-learn says that
    values = np.asarray(y)
    if values.dtype == object:
        n_missing = sum(map(_is_missing, values.ravel()))
    else:
        n_missing = np.isnan(values).sum() if values.dtype.kind == "f" else 0
    if n_missing:
        raise ValueError(
            f"Input y contains NaN or None: {n_missing} of {values.size} labels are "
            "missing. Pass the labelled rows only, and the others to query as X_pool."
        )


def _is_missing(label):
    # pandas' NA has no truth value, so it is known by its type.
    is_na = type(label).__name__ in ("NAType", "NaTType")
    return label is None or is_na or (isinstance(label, float) and label != label)


def _is_empty(X):
    if hasattr(X, "shape"):
        return X.shape[:1] == (0,)
    return hasattr(X, "__len__") and len(X) == 0


def _array_options(estimator):
    input_tags = get_tags(first_step(estimator)).input_tags
    return {
        "accept_sparse": get_tags(estimator).input_tags.sparse,
        "dtype": None,
        "ensure_all_finite": not takes_nan(estimator),
        "allow_nd": True,
        # Text and dictionaries come as one column.
        "ensure_2d": input_tags.two_d_array
        or not (input_tags.string or input_tags.dict),
    }


def _check_row_shape(owner, X, reset):
    """Compare the shape of a row with that of `fit`: for images and other arrays."""
    shape = tuple(X.shape[1:])
    if reset:
        owner._row_shape = shape
    elif shape != owner._row_shape:
        raise ValueError(
            f"X has rows of shape {shape}, but {type(owner).__name__} was fitted on "
            f"rows of shape {owner._row_shape}. Pass rows of that shape."
        )
