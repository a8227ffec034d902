"""Batches that cover the pool: core-sets."""

import warnings

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances_argmin_min

from skactive.base import QueryStrategy
from skactive.kernels.beam import beam_search
from skactive.kernels.covering import CoveringPart, cover, nearest_labeled_distance
from skactive.kernels.distances import BLOCK
from skactive.kernels.optimal import optimal_radius
from skactive.kernels.uncertainty import least_confidence
from skactive.strategies.parting import in_parts
from skactive.utils.validation import check_choice, check_count, check_real

METRICS = ("euclidean", "cosine")
MATRICES = 8
"""What the smallest radius takes, as matrices of all distances."""


class CoreSet(QueryStrategy):
    """
    Choose the rows that are farthest from all labelled ones, one after the other.

    Greedy k-centre on the model's embeddings: every row of the pool comes near a
    labelled or a chosen one. Weighted by doubt, uncertain rows count as farther away;
    a beam keeps several core-sets and takes the most uncertain one.

    Parameters
    ----------
    estimator : estimator with an embedding or None, default=None
        The model: a linear model, an MLP, a skorch net, or a Pipeline around one. None
        means ``LogisticRegression()``.
    weighting : {"doubt"} or None, default=None
        None takes the distances as they are; "doubt" multiplies each row's by
        1 − max_c p_c (equation 2 of the paper on doubt-weighted core-sets).
    beam_width : int, default=1
        Number of core-sets kept; 1 is plain greedy. The paper uses 10 and 20.
    metric : {"euclidean", "cosine"}, default="euclidean"
        Distance between embeddings; "cosine" puts them on the unit sphere first.
    layer : str, int or None, default=None
        What is taken as the embedding of a net; see ``skactive.inspection.embed``.
    device : str, torch.device or None, default=None
        Where the selection runs; None is where the net is,
        the CPU for other models.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model. The choice itself draws nothing.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``, ``n_passes`` over the
        pool, and ``radii``, the (weighted) covering radius after each pick.

    Notes
    -----
    Sener and Savarese 2018; weights and beam from *Improving greedy core-set
    configurations for active learning with uncertainty-scaled distances*. Ties go to
    the smallest position. Exact lazy search: distances to all n_labeled labelled rows
    in matrix products of 4,096 rows, then 2 n_pool n d flops; memory O(n_pool × width).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import CoreSet
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = CoreSet(random_state=0).fit(X[::15], y[::15])
    >>> picked = strategy.query(X, n=5)
    >>> bool((strategy.query_info_.radii[1:] <= strategy.query_info_.radii[:-1]).all())
    True
    """

    _takes_tensors = True

    def __init__(
        self,
        estimator=None,
        *,
        weighting=None,
        beam_width=1,
        metric="euclidean",
        layer=None,
        device=None,
        random_state=None,
    ):
        super().__init__(estimator, random_state=random_state)
        self.weighting = weighting
        self.beam_width = beam_width
        self.metric = metric
        self.layer = layer
        self.device = device

    @property
    def requires(self):
        """
        Questions put to the model: its probabilities too, where doubt counts.

        Returns
        -------
        tuple of str
            The names of the questions.
        """
        needs_doubt = self.weighting is not None or self.beam_width != 1
        return ("embed", "predict_proba") if needs_doubt else ("embed",)

    @property
    def _takes_parts(self):
        return self.beam_width == 1

    def _selection_memory(self, n_pool, n, widths):
        # Norms, distances, weights and what is sorted of them; a block of distances to
        # labelled or chosen rows; with a beam, distances for each configuration.
        d, block = widths["embed"][0], min(BLOCK, n_pool)
        copies = 2 * d if self.metric == "cosine" else 0
        others = min(BLOCK, max(n, len(self.y_labeled_)))
        made = block * (others + 2 * d)
        return 8 * (n_pool * (6 + self.beam_width + copies) + made)

    def _check_parameters(self):
        check_choice(self, "weighting", (None, "doubt"))
        check_choice(self, "metric", METRICS)
        check_count(self, "beam_width", least=1)

    def _query(self, pool, n, rng, info):
        if self.beam_width == 1:
            parts = in_parts(self, pool, _covering_part)
            chosen = cover(parts, n, z_labeled=self._labeled_embedding())
        else:
            chosen = self._search(pool, n)
        info.update(n_passes=chosen.n_passes, radii=chosen.radii.numpy())
        return chosen.positions.numpy()

    def _search(self, pool, n):
        z, z_labeled = self._embedding(pool.embed), self._labeled_embedding()
        nearest = None
        if z_labeled is not None:
            nearest = nearest_labeled_distance(z, z_labeled)
        doubt = self._doubt(pool)
        return beam_search(
            z,
            n,
            doubt=doubt,
            width=self.beam_width,
            nearest_labeled=nearest,
            weights=doubt if self.weighting == "doubt" else None,
        )

    def _embedding(self, z):
        z = torch.as_tensor(z, device=self._device())
        if self.metric == "cosine":
            z = torch.nn.functional.normalize(z, dim=1)
        return z

    def _doubt(self, answers):
        proba = torch.as_tensor(answers.predict_proba, device=self._device())
        wide = torch.promote_types(proba.dtype, torch.float32)
        return least_confidence(proba.to(wide)).clamp(min=0)

    def _labeled_embedding(self):
        labeled = self.X_labeled_
        if labeled.shape[0] == 0:
            return None
        return self._embedding(self._ask_one("embed", labeled))


def _covering_part(strategy, answers, start):
    doubt = strategy._doubt(answers) if strategy.weighting == "doubt" else None
    return CoveringPart(strategy._embedding(answers.embed), None, start, weights=doubt)


class KMeansCoreSet(QueryStrategy):
    """
    Choose the rows nearest to the centres of a K-means clustering of the pool.

    Parameters
    ----------
    estimator : estimator with an embedding or None, default=None
        The model; None means ``LogisticRegression()``.
    layer : str, int or None, default=None
        What is taken as the embedding of a net; see ``skactive.inspection.embed``.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model and the clustering.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``, ``inertia`` of the
        clustering.

    Notes
    -----
    As many clusters as rows are asked for, by ``sklearn.cluster.KMeans``; each centre
    takes its nearest row, nearest centres first, so that all are distinct. Costs
    O(n_pool n d) an iteration and n_pool × n distances in blocks.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import KMeansCoreSet
    >>> X, y = load_iris(return_X_y=True)
    >>> KMeansCoreSet(random_state=0).fit(X[::15], y[::15]).query(X, n=3).shape
    (3,)
    """

    requires = ("embed",)

    def __init__(self, estimator=None, *, layer=None, random_state=None):
        super().__init__(estimator, random_state=random_state)
        self.layer = layer

    def _selection_memory(self, n_pool, n, widths):
        # A centred copy, or differences and their squares; distances to the candidates
        # for a centre, of which scikit-learn's k-means++ tries 2 + ln n.
        d, tried = widths["embed"][0], 2 + int(np.log(n))
        return 8 * (n_pool * (2 * d + 3 * tried + 6) + 4 * n * d)

    def _query(self, pool, n, rng, info):
        seed = int(rng.integers(2**31))
        with warnings.catch_warnings():
            # Fewer distinct rows than clusters is no fault of the pool.
            warnings.simplefilter("ignore", ConvergenceWarning)
            clusters = KMeans(n, n_init=1, random_state=seed).fit(pool.embed)
        info.inertia = float(clusters.inertia_)
        return _nearest_rows(pool.embed, clusters.cluster_centers_)


class OptimalCoreSet(QueryStrategy):
    """
    Choose the rows that cover a small pool at the smallest possible radius.

    What greedy core-sets approximate: a reference for teaching, on pools of at most
    1,000 rows.

    Parameters
    ----------
    estimator : estimator with an embedding or None, default=None
        The model; None means ``LogisticRegression()``.
    time_limit : float or None, default=None
        Seconds for all integer programs together; None waits as long as it takes.
    layer : str, int or None, default=None
        What is taken as the embedding of a net; see ``skactive.inspection.embed``.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model. The choice itself draws nothing.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``, ``radius``,
        ``n_programs`` solved.

    Notes
    -----
    Sener and Savarese 2018, section 4.2: a bisection of the distances, each radius
    tested by an integer program (HiGHS). Exponential in the worst case.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import CoreSet, OptimalCoreSet
    >>> X, y = load_iris(return_X_y=True)
    >>> greedy = CoreSet().fit(X[::15], y[::15])
    >>> best = OptimalCoreSet().fit(X[::15], y[::15])
    >>> _ = greedy.query(X[::3], n=4), best.query(X[::3], n=4)
    >>> bool(best.query_info_.radius <= greedy.query_info_.radii[-1])
    True
    """

    requires = ("embed",)

    def __init__(
        self, estimator=None, *, time_limit=None, layer=None, random_state=None
    ):
        super().__init__(estimator, random_state=random_state)
        self.time_limit = time_limit
        self.layer = layer

    def _selection_memory(self, n_pool, n, widths):
        # Distances, sorted too; the constraints, and what HiGHS makes of them.
        d, n_labeled = widths["embed"][0], len(self.y_labeled_)
        blocks = n_pool * min(BLOCK, n_labeled)
        return 8 * (MATRICES * n_pool**2 + blocks + 2 * n_pool * d)

    def _check_parameters(self):
        if self.time_limit is not None:
            check_real(self, "time_limit", above=0)

    def _query(self, pool, n, rng, info):
        # Several sets may be optimal: which is found must not hang on the rows' order.
        order = np.lexsort(pool.embed.T)
        z = torch.as_tensor(pool.embed[order])
        z_labeled = None
        if len(self.y_labeled_):
            z_labeled = self._ask_one("embed", self.X_labeled_)
            z_labeled = torch.as_tensor(z_labeled).to(z.dtype)
        chosen = optimal_radius(z, n, z_labeled=z_labeled, time_limit=self.time_limit)
        info.update(radius=chosen.radius, n_programs=chosen.n_programs)
        return order[chosen.positions.numpy()]


def _nearest_rows(z, centres):
    """Give each centre its nearest row that no nearer centre has taken."""
    nearest, distances = pairwise_distances_argmin_min(centres, z)
    free = np.ones(len(z), dtype=bool)
    picked = np.empty(len(centres), dtype=np.int64)
    for centre in np.argsort(distances, kind="stable"):
        row = nearest[centre]
        if not free[row]:
            squares = ((z - centres[centre]) ** 2).sum(axis=1)
            row = int(np.where(free, squares, np.inf).argmin())
        picked[centre] = row
        free[row] = False
    return picked
