"""What a simulation refuses before it plays, each with a sentence."""

import numpy as np
import scipy.sparse as sp
from sklearn.metrics import get_scorer
from sklearn.utils import check_array, get_tags
from sklearn.utils.validation import check_consistent_length, column_or_1d

from skactive.utils.validation import check_count


def check_parameters(simulation):
    """
    Check the parameters of a simulation.

    Parameters
    ----------
    simulation : ActiveLearningSimulation
        Whose parameters.
    """
    for method in ("fit", "partial_fit", "query"):
        if not callable(getattr(simulation.strategy, method, None)):
            raise TypeError(
                "The 'strategy' parameter must have the methods fit, partial_fit "
                f"and query. Got {simulation.strategy!r}, which has no {method}."
            )
    check_count(simulation, "n_initial", least=0)
    check_count(simulation, "batch_size", least=1)
    check_count(simulation, "n_queries", least=0)
    if simulation.pool_size is not None:
        check_count(simulation, "pool_size", least=simulation.batch_size)
    if simulation.initial not in ("stratified", "random"):
        raise ValueError(
            "The 'initial' parameter of ActiveLearningSimulation must be "
            f"'stratified' or 'random'. Got {simulation.initial!r} instead."
        )
    if isinstance(simulation.scoring, str):
        get_scorer(simulation.scoring)  # names the right ones
    elif simulation.scoring is not None and not callable(simulation.scoring):
        raise TypeError(
            "The 'scoring' parameter of ActiveLearningSimulation must be the name "
            f"of one metric, a callable or None. Got {simulation.scoring!r} instead."
        )
    callbacks = simulation.callbacks if simulation.callbacks is not None else []
    if not isinstance(callbacks, list | tuple) or not all(map(callable, callbacks)):
        raise TypeError(
            "The 'callbacks' parameter of ActiveLearningSimulation must be a list "
            f"of callables or None. Got {simulation.callbacks!r} instead."
        )


def check_data(simulation, X, y, X_eval, y_eval):
    """
    Check the rows and labels of a simulation.

    Parameters
    ----------
    simulation : ActiveLearningSimulation
        With checked parameters.
    X : array-like of shape (n_samples, ...)
        Rows.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Labels.
    X_eval : array-like of shape (n_eval, ...) or None
        Rows of the evaluation set.
    y_eval : array-like of shape (n_eval,) or None
        Labels of the evaluation set.

    Returns
    -------
    X : array-like of shape (n_samples, ...)
        Rows that can be indexed.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Labels.
    """
    if (X_eval is None) != (y_eval is None):
        raise ValueError(
            "X_eval and y_eval belong together: pass both to fit, or neither."
        )
    if X_eval is not None:
        check_consistent_length(X_eval, y_eval)
    if y is None:
        raise ValueError(
            "ActiveLearningSimulation requires y to be passed, but the target y is "
            "None: the loop needs labels to withhold."
        )
    X = X.tocsr() if sp.issparse(X) else X
    X = X if hasattr(X, "shape") else np.asarray(X)
    y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
    kinds = {type(label).__name__ for label in y.ravel()} if y.dtype == object else ()
    if len(kinds) > 1:
        raise ValueError(
            "y mixes labels of different kinds, such as numbers, words or None. Got "
            f"{sorted(kinds)}; write them alike."
        )
    if not get_tags(simulation).target_tags.multi_output and y.ndim == 2:
        y = column_or_1d(y, warn=True)
    check_consistent_length(X, y)
    if simulation.n_initial > len(y):
        raise ValueError(
            f"The 'n_initial' parameter asks for {simulation.n_initial} labels to "
            f"start from, but n_samples = {len(y)}. Use n_initial <= {len(y)}."
        )
    return X, y
