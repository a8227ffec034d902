"""Pools that other processes hold: who opens which kind."""

from abc import abstractmethod

from skactive.utils.lazy_rows import LazyRows

_OPENERS = {}


class ElsewhereRows(LazyRows):
    """
    Rows that other processes hold, in parts.

    Parameters
    ----------
    shape : tuple of int
        Of all rows together.
    dtype : numpy.dtype
        Of the numbers.
    """

    @abstractmethod
    def made_up_row(self):
        """
        Make up a row, without reading any.

        Returns
        -------
        array-like of shape (1, n_features) or (1, ...)
            Like those of the pool: its shape, dtype and names of columns.
        """

    @abstractmethod
    def opened(self, strategy):
        """
        Have a strategy's model answer where the rows are.

        Parameters
        ----------
        strategy : QueryStrategy
            Fitted.

        Returns
        -------
        context manager
            Gives the parts: ``n_rows``, ``make(build, **options)``, which has ``build``
            called with (strategy, answers, start, **options) for each part and gives
            what kernels take for a pool in parts, and ``report()``, a dict for
            ``query_info_``.
        """


def register_elsewhere(library, opener):
    """
    Say who reads the arrays and tables of a library.

    Parameters
    ----------
    library : str
        The first part of the name of the module their types are from.
    opener : callable
        Gives `ElsewhereRows` for an object of the library, or None.
    """
    _OPENERS[library] = opener


def elsewhere_rows(X):
    """
    See whether other processes hold a pool.

    Parameters
    ----------
    X : object
        What the user calls a pool.

    Returns
    -------
    ElsewhereRows or None
        None where it is in this process.
    """
    opener = _OPENERS.get(type(X).__module__.partition(".")[0])
    return None if opener is None else opener(X)
