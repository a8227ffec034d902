"""Pipelines that end in a strategy: transform first, then query."""

import copy
import math

import scipy.sparse as sp
import sklearn.pipeline
from sklearn import get_config
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skactive.utils.candidates import given_only
from skactive.utils.pools import MappedRows, as_pool, is_on_disk
from skactive.utils.validation import num_rows


def _last_has(method):
    def check(pipeline):
        if not hasattr(pipeline.steps[-1][1], method):
            raise AttributeError(
                f"The last step of this Pipeline has no {method}: put a strategy "
                f"there. Got {pipeline.steps[-1][1]!r}."
            )
        return True

    return check


class Pipeline(sklearn.pipeline.Pipeline):
    """
    Pipeline whose last step is a query strategy.

    As ``sklearn.pipeline.Pipeline``, with ``query`` and ``partial_fit``: both transform
    the rows first. The transformers are those that ``fit`` fitted on the first labels;
    ``partial_fit`` refits the strategy's model alone. Where they should learn from all
    labels, put a plain Pipeline *inside* the strategy instead,
    ``BADGE(make_pipeline(StandardScaler(), LogisticRegression()))``: the recommended
    form, unless transforming is dear and needs no labels.

    Parameters
    ----------
    steps : list of (str, estimator)
        Names and steps; the last one is a strategy.
    transform_input : list of str or None, default=None
        As in scikit-learn.
    memory : str, object with the joblib.Memory interface or None, default=None
        Where fitted transformers are cached.
    verbose : bool, default=False
        Whether each step's time is printed.

    Attributes
    ----------
    query_info_ : Bunch
        Of the last query, as the strategy tells it.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skactive import MarginSampling
    >>> from skactive.pipeline import make_pipeline
    >>> X, y = load_iris(return_X_y=True)
    >>> pipeline = make_pipeline(StandardScaler(), MarginSampling(random_state=0))
    >>> picked = pipeline.fit(X[::15], y[::15]).query(X, n=3)
    >>> pipeline.partial_fit(X[picked], y[picked]).n_rounds_
    1
    """

    __metadata_request__fit = {"classes": UNUSED}  # noqa: RUF012
    __metadata_request__partial_fit = {"classes": UNUSED}  # noqa: RUF012

    def fit(self, X, y=None, classes=None, **params):
        """
        Fit the transformers one after the other, then the strategy.

        Parameters
        ----------
        X : array-like of shape (n_labeled, n_features) or (n_labeled, ...)
            Labelled rows, as the first step takes them.
        y : array-like of shape (n_labeled,) or (n_labeled, n_outputs)
            Their labels.
        classes : array-like of shape (n_classes,) or None, default=None
            All labels there are; see ``QueryStrategy.fit``.
        **params : dict
            Parameters of the steps' ``fit``: ``step__parameter``, or what steps have
            requested where metadata routing is enabled.

        Returns
        -------
        self : Pipeline
            The fitted pipeline.
        """
        if classes is not None:
            params[self._name_for_last("classes")] = classes
        return super().fit(X, y, **params)

    @available_if(_last_has("partial_fit"))
    def partial_fit(self, X, y, classes=None, **params):
        """
        Add labels: transform the new rows and hand them to the strategy.

        Parameters
        ----------
        X : array-like of shape (n_new, n_features) or (n_new, ...)
            The newly labelled rows, as the first step takes them.
        y : array-like of shape (n_new,) or (n_new, n_outputs)
            Their labels.
        classes : array-like of shape (n_classes,) or None, default=None
            All labels there are; None keeps what was declared before.
        **params : dict
            Parameters of the strategy's ``partial_fit``, named as those of ``fit``.

        Returns
        -------
        self : Pipeline
            The pipeline: the transformers as they were, the strategy refitted.

        Raises
        ------
        ValueError
            A parameter is not the strategy's.
        """
        name, strategy = self.steps[-1]
        if not hasattr(strategy, "estimator_"):
            return self.fit(X, y, classes, **params)
        if not get_config()["enable_metadata_routing"]:
            start = f"{name}__"
            foreign = [key for key in params if not key.startswith(start)]
            if foreign:
                raise ValueError(
                    "partial_fit refits the last step alone, and takes parameters that "
                    f"start with {start!r}. Got {foreign}."
                )
            params = {key.removeprefix(start): value for key, value in params.items()}
        strategy.partial_fit(self._transformed(X), y, classes, **params)
        return self

    @available_if(_last_has("query"))
    def query(self, X_pool, n=1, *, max_candidates=None, storage=None):
        """
        Choose the rows of the pool to label next.

        Parameters
        ----------
        X_pool : array-like of shape (n_pool, n_features) or (n_pool, ...)
            Unlabelled rows, as the first step takes them.
        n : int, default=1
            How many to choose, 1 <= n <= n_pool.
        max_candidates : int or None, default=None
            Look only at so many rows, drawn first; see ``QueryStrategy.query``.
        storage : {"float64", "float32", "float16"} or None, default=None
            The dtype in which the model's answers about the pool are kept; None keeps
            them as they come.

        Returns
        -------
        ndarray of shape (n,), dtype int64
            Distinct positions in X_pool, in the order chosen.

        Raises
        ------
        ValueError
            A transformer gave another number of rows, or the strategy refuses.
        """
        given = given_only(max_candidates=max_candidates, storage=storage)
        X = self._pool_transformed(X_pool, in_parts=max_candidates is not None)
        return self.steps[-1][1].query(X, n, **given)

    @available_if(_last_has("query_memory"))
    def query_memory(self, X_pool, n=1, *, max_candidates=None, storage=None):
        """
        Say how many bytes a query would take, beside the pool and the models.

        Parameters
        ----------
        X_pool : array-like of shape (n_pool, n_features) or (n_pool, ...)
            Unlabelled rows, as the first step takes them.
        n : int, default=1
            How many would be chosen, 1 <= n <= n_pool.
        max_candidates : int or None, default=None
            How many rows would be looked at; None means all.
        storage : {"float64", "float32", "float16"} or None, default=None
            The dtype in which the model's answers would be kept.

        Returns
        -------
        Bunch
            See ``QueryStrategy.query_memory``; and ``transformed``, the pool as the
            strategy sees it, 0 where it is transformed in parts.
        """
        X = self._pool_transformed(X_pool, in_parts=True)
        told = self.steps[-1][1].query_memory(
            X, n, max_candidates=max_candidates, storage=storage
        )
        in_parts = max_candidates is not None or is_on_disk(as_pool(X_pool))
        told.transformed = 0 if in_parts else _transformed_bytes(X)
        told.total += told.transformed
        return told

    @property
    def query_info_(self):
        """
        Give what the strategy has to show of its last query.

        Returns
        -------
        Bunch
            Its ``query_info_``.
        """
        return self.steps[-1][1].query_info_

    @property
    def n_rounds_(self):
        """
        Count how often labels were added since ``fit``.

        Returns
        -------
        int
            The strategy's ``n_rounds_``.
        """
        return self.steps[-1][1].n_rounds_

    def snapshot(self):
        """
        Copy the fitted pipeline cheaply, to keep a round while the loop goes on.

        Returns
        -------
        Pipeline
            The copy; it shares the transformers, which ``partial_fit`` never changes.
        """
        name, strategy = self.steps[-1]
        copied = copy.copy(self)
        copied.steps = [*self.steps[:-1], (name, strategy.snapshot())]
        return copied

    def _transformed(self, X):
        front = self.steps[:-1]
        return sklearn.pipeline.Pipeline(front).transform(X) if front else X

    def _pool_transformed(self, X_pool, in_parts):
        """Transform the pool; what is on disk or looked at in part, when it is read."""
        check_is_fitted(self)
        X_pool = as_pool(X_pool)
        if in_parts or is_on_disk(X_pool):
            return MappedRows(X_pool, self._row_by_row)
        return self._row_by_row(X_pool)

    def _row_by_row(self, rows):
        X = self._transformed(rows)
        if num_rows(X) != num_rows(rows):
            raise ValueError(
                f"The transformers made {num_rows(X)} rows out of the pool's "
                f"{num_rows(rows)}. Use transformers that keep every row, so that "
                "positions mean the same rows."
            )
        return X

    def _name_for_last(self, parameter):
        routed = get_config()["enable_metadata_routing"]
        return parameter if routed else f"{self.steps[-1][0]}__{parameter}"


def _transformed_bytes(X):
    """Say what a pool takes once it is transformed; if sparse, by its first rows."""
    numbers = math.prod(X.shape)
    if sp.issparse(X[:1]):
        first = X[:256]
        stored = 2 * first.nnz  # with their columns
        numbers = num_rows(X) * stored // num_rows(first)
    return numbers * X.dtype.itemsize


def make_pipeline(*steps, memory=None, transform_input=None, verbose=False):
    """
    Make a `Pipeline` whose steps are named by their classes.

    Parameters
    ----------
    *steps : estimator
        Transformers, and a strategy last.
    memory : str, object with the joblib.Memory interface or None, default=None
        Where fitted transformers are cached.
    transform_input : list of str or None, default=None
        As in scikit-learn.
    verbose : bool, default=False
        Whether each step's time is printed.

    Returns
    -------
    Pipeline
        The pipeline, unfitted.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skactive import BADGE
    >>> from skactive.pipeline import make_pipeline
    >>> [name for name, _ in make_pipeline(StandardScaler(), BADGE()).steps]
    ['standardscaler', 'badge']
    """
    named = sklearn.pipeline.make_pipeline(*steps).steps
    return Pipeline(
        named, memory=memory, transform_input=transform_input, verbose=verbose
    )
