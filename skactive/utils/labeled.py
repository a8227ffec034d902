"""The labelled set of a strategy: parts that came round by round."""

import numbers
from copy import deepcopy
from dataclasses import dataclass, field

import numpy as np

from skactive.utils.containers import (
    concatenate_rows,
    container_kind,
    copy_rows,
)
from skactive.utils.validation import num_rows


@dataclass(frozen=True)
class LabeledSet:
    """
    Rows, labels and per-row parameters, kept in the parts they came in.

    Never changed in place, so that copies of a strategy can share it; and copied from
    the caller, who may use a buffer again.

    Parameters
    ----------
    X_parts : tuple of array-like
        Rows, a part for each round.
    y_parts : tuple of ndarray
        Labels, a part for each round.
    classes : array-like or None
        The declared label set.
    param_parts : tuple of dict
        What was passed on to the model's ``fit`` with each part.
    """

    X_parts: tuple
    y_parts: tuple
    classes: object = None
    param_parts: tuple = field(default=())

    @classmethod
    def start(cls, X, y, classes, params):
        """
        Begin with one part.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            Rows.
        y : ndarray of shape (n, ...)
            Labels.
        classes : array-like or None
            The declared label set.
        params : dict
            Parameters of the model's ``fit``.

        Returns
        -------
        LabeledSet
            The set.
        """
        return cls((copy_rows(X),), (y.copy(),), deepcopy(classes), (deepcopy(params),))

    def extended(self, X, y, classes, params):
        """
        Give a set with one part more.

        Parameters
        ----------
        X : array-like of shape (n, ...)
            New rows, in a container like those before.
        y : ndarray of shape (n, ...)
            Their labels.
        classes : array-like or None
            The declared label set; None keeps the one before.
        params : dict
            Parameters of the model's ``fit`` for these rows.

        Returns
        -------
        LabeledSet
            A new set; this one stays as it is.
        """
        before, now = container_kind(self.X_parts[0]), container_kind(X)
        if before != now:
            raise ValueError(
                f"fit was given rows in a {before}, partial_fit in a {now}: they "
                f"cannot be stacked. Pass a {before}."
            )
        if len(y) and len(self.y) and _is_number(y) != _is_number(self.y):
            raise ValueError(
                f"The labels so far are of dtype {self.y.dtype}, those of partial_fit "
                f"of dtype {y.dtype}: numbers and words do not mix. Got "
                f"{y[:5].tolist()!r}; write them as before."
            )
        return LabeledSet(
            (*self.X_parts, copy_rows(X)),
            (*self.y_parts, y.copy()),
            self.classes if classes is None else deepcopy(classes),
            (*self.param_parts, deepcopy(params)),
        )

    @property
    def X(self):
        """
        All rows, in the order they came.

        Returns
        -------
        array-like of shape (n_labeled, ...)
            The rows.
        """
        return concatenate_rows(
            [p for p in self.X_parts if num_rows(p)] or [self.X_parts[0]]
        )

    @property
    def y(self):
        """
        All labels, in the order they came.

        Returns
        -------
        ndarray of shape (n_labeled, ...)
            The labels.
        """
        return np.concatenate([p for p in self.y_parts if len(p)] or [self.y_parts[0]])

    @property
    def params(self):
        """
        Parameters of the model's ``fit``, stacked where there is one a row.

        Returns
        -------
        dict
            Names and values.
        """
        names = dict.fromkeys(name for params in self.param_parts for name in params)
        return {name: self._stacked(name) for name in names}

    def _stacked(self, name):
        values = [params.get(name) for params in self.param_parts]
        sizes = [len(y) for y in self.y_parts]
        given = [value for value in values if value is not None]
        is_weight = name.rpartition("__")[2] == "sample_weight"
        parts = list(zip(values, sizes, strict=True))
        if not given or not (is_weight or any(_is_per_row(*part) for part in parts)):
            return given[-1] if given else None
        if is_weight:  # rounds without weights count one a row
            parts = [(_as_weights(value, n), n) for value, n in parts]
        for value, n in parts:
            if not _is_per_row(value, n):
                raise ValueError(
                    f"{name!r} needs one value a row in every call of fit and "
                    f"partial_fit. Got {_size(value)} for {n} row(s)."
                )
        return concatenate_rows([np.asarray(value) for value, _ in parts])


def _size(value):
    is_sized = hasattr(value, "__len__") and not isinstance(value, str)
    return f"{len(value)} value(s)" if is_sized else repr(value)


def _is_number(y):
    return y.dtype.kind in "biuf"


def _as_weights(value, n):
    if value is None or isinstance(value, numbers.Number):
        return np.full(n, 1.0 if value is None else float(value))
    return value


def _is_per_row(value, n):
    return hasattr(value, "__len__") and not isinstance(value, str) and len(value) == n
