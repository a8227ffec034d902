"""
What a model needs done to its rows and targets before it can be fitted.

scikit-learn's models need nothing. Networks take one floating dtype, no data frames,
and integer labels 0 .. K-1: their own file registers how to get there.
"""

from functools import singledispatch

import numpy as np

from skactive.utils.validation import check_classes


@singledispatch
def final_model(estimator):
    """
    Follow chains and wrappers to the model that learns.

    Parameters
    ----------
    estimator : estimator
        Fitted or not.

    Returns
    -------
    estimator
        The innermost model; the estimator itself where it wraps nothing.
    """
    return estimator


@singledispatch
def as_input(estimator, X):
    """
    Bring rows into the form that this model reads.

    Parameters
    ----------
    estimator : estimator
        Fitted or not.
    X : array-like
        Validated rows.

    Returns
    -------
    array-like
        The same rows.
    """
    return X


@singledispatch
def code_targets(estimator, X, y, classes=None):
    """
    Decide how targets are written for a model and read back from it.

    Parameters
    ----------
    estimator : estimator
        The model about to be fitted.
    X : array-like of shape (n_labeled, ...)
        Labelled rows, as the model reads them; a network is shown two of them to
        learn how many outputs it has.
    y : ndarray of shape (n_labeled,) or (n_labeled, n_outputs)
        Labels as the user wrote them.
    classes : array-like of shape (n_classes,) or None, default=None
        The declared label set.

    Returns
    -------
    TargetCoding
        With ``encode``, ``decode`` and ``classes`` (None: the model keeps its own).
    """
    if classes is not None:
        check_classes(classes, y)
    return TargetCoding()


class TargetCoding:
    """Targets as they are: what scikit-learn's own models need."""

    classes = None

    def encode(self, y):
        """
        Write targets as the model reads them.

        Parameters
        ----------
        y : ndarray
            Targets as the user wrote them.

        Returns
        -------
        ndarray
            Targets for the model.
        """
        return y

    def decode(self, y):
        """
        Read predictions back into the user's own targets.

        Parameters
        ----------
        y : ndarray
            Predictions of the model.

        Returns
        -------
        ndarray
            Predictions as the user wrote the targets.
        """
        return y


class LabelCoding(TargetCoding):
    """
    Labels as positions among the classes.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        One label for each output of the model, in the order of the outputs.
    dtype : numpy dtype
        What the model's loss takes.
    """

    def __init__(self, classes, dtype):
        self.classes = classes
        self.dtype = dtype

    def encode(self, y):
        """
        Write labels as positions; -1 stands for one that is not a class.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Labels.

        Returns
        -------
        ndarray of shape (n_samples,)
            Positions among the classes.
        """
        order = np.argsort(self.classes)
        slots = np.searchsorted(self.classes, y, sorter=order)
        positions = order[np.minimum(slots, len(order) - 1)]
        return np.where(self.classes[positions] == y, positions, -1).astype(self.dtype)

    def decode(self, y):
        """
        Read positions back into labels.

        Parameters
        ----------
        y : ndarray of shape (n_samples,)
            Positions.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        return self.classes[np.asarray(y).astype(np.intp)]


class ColumnCoding(TargetCoding):
    """
    Regression targets in the shape and dtype of the model's output.

    Parameters
    ----------
    flat : bool
        Whether the user's targets have one dimension.
    shape : tuple of int
        The shape of the output for one row: () or (n_outputs,).
    dtype : numpy dtype
        What the model's loss takes.
    """

    def __init__(self, flat, shape, dtype):
        self.flat = flat
        self.shape = shape
        self.dtype = dtype

    def encode(self, y):
        """
        Write targets in the shape of the output.

        Parameters
        ----------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        Returns
        -------
        ndarray of shape (n_samples, *shape)
            The targets.
        """
        return np.asarray(y, dtype=self.dtype).reshape(len(y), *self.shape)

    def decode(self, y):
        """
        Read predictions back into the shape of the user's targets.

        Parameters
        ----------
        y : ndarray of shape (n_samples, *shape)
            Predictions.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions.
        """
        return y.reshape(-1) if self.flat else y.reshape(len(y), -1)


def label_coding(y, n_outputs, classes, dtype, name):
    """
    Match labels to the outputs of a model that knows only positions.

    Parameters
    ----------
    y : ndarray of shape (n_labeled,)
        Labels seen so far, perhaps not of every class.
    n_outputs : int
        The number of outputs.
    classes : array-like of shape (n_outputs,) or None
        The declared label set, in the order of the outputs.
    dtype : numpy dtype
        What the model's loss takes.
    name : str
        The model, to be named.

    Returns
    -------
    LabelCoding
        With as many classes as outputs: integers within [0, n_outputs) stay as they
        are, also where they leave some out; other labels are sorted.
    """
    if classes is not None:
        labels = check_classes(classes, y)
        if len(labels) < n_outputs and _are_positions(labels, n_outputs):
            return LabelCoding(np.arange(n_outputs).astype(labels.dtype), dtype)
        origin = f"classes={labels.tolist()!r} names"
    elif _are_positions(y, n_outputs):
        kind = y.dtype if len(y) else np.int64
        return LabelCoding(np.arange(n_outputs).astype(kind), dtype)
    else:
        labels = np.unique(y)
        origin = f"y (labels {labels[:10].tolist()!r}) names"
    if len(labels) > n_outputs:
        raise ValueError(
            f"{name} has {n_outputs} outputs, but {origin} {len(labels)} classes. Give "
            "the network an output for each class."
        )
    if len(labels) < n_outputs:
        raise ValueError(
            f"{name} has {n_outputs} outputs, but {origin} {len(labels)} of them. Pass "
            f"classes=[...] to fit, with {n_outputs} labels in the order of the "
            "outputs, or give the network as many outputs as there are classes."
        )
    return LabelCoding(labels, dtype)


def _are_positions(y, n_outputs):
    if len(y) == 0:
        return True
    if y.dtype.kind not in "iuf":
        return False
    whole = y.dtype.kind != "f" or (y == np.floor(y)).all()
    return bool(whole and y.min() >= 0 and y.max() < n_outputs)
