"""Ask for rows that are unlike all labelled ones."""

import numpy as np
import torch
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression

from skactive.base import _DISCRIMINATOR, QueryStrategy
from skactive.inspection import predict_proba
from skactive.inspection.fitting import fit_model
from skactive.kernels import diversity
from skactive.kernels.distances import BLOCK
from skactive.utils.selection import top_n


class _Diversity(QueryStrategy):
    # No ScoringStrategy: embeddings are standardised over the pool, so that a row's
    # score depends on the other rows.
    requires = ("embed",)
    _takes_tensors = True

    def __init__(self, estimator=None, *, layer=None, device=None, random_state=None):
        super().__init__(estimator, random_state=random_state)
        self.layer = layer
        self.device = device

    def _selection_memory(self, n_pool, n, widths):
        return diversity_memory(self, self._measure_name, n_pool, widths["embed"][0])

    def _query(self, pool, n, rng, info):
        info.scores = self._scores(*standardized(self, pool))
        return top_n(info.scores, n, rng)


def diversity_memory(strategy, measure, n_pool, d):
    """
    Say what measuring how unlike rows are takes.

    Parameters
    ----------
    strategy : QueryStrategy
        Fitted.
    measure : {"min_distance", "posterior_variance", "discriminator"} or callable
        Of what Hybrid calls diversity; a callable's own memory is not known.
    n_pool, d : int
        Rows and width of their embeddings.

    Returns
    -------
    int
        Bytes: a standardised copy of the pool, scores and what is sorted of them, and
        what is made of a block and the labelled rows. For a discriminator as many
        labelled rows are drawn; both are stacked, then shuffled.
    """
    n_labeled, block = len(strategy.y_labeled_), min(BLOCK, n_pool)
    made = block * (3 * d + min(BLOCK, n_labeled))
    if measure == "posterior_variance":
        made = 4 * (block * (n_labeled + d) + n_labeled**2)
    elif measure == "discriminator":
        made = 4 * n_pool * d
    return 8 * (n_pool * (d + 4) + 2 * n_labeled * d + made)


def standardized(strategy, pool):
    """
    Give pool and labelled rows as the model embeds them, standardised together.

    Parameters
    ----------
    strategy : QueryStrategy
        Whose model and labelled rows they are; has a parameter ``device``.
    pool : Bunch
        What is known of the pool, ``embed`` among it.

    Returns
    -------
    tuple of torch.Tensor, of shape (n_pool, d) and (n_labeled, d)
        The embeddings, without constant features; half precision becomes float32.
    """
    z = torch.as_tensor(pool.embed, device=strategy._device())
    z_labeled, labeled = z[:0], strategy.X_labeled_
    if labeled.shape[0]:
        z_labeled = torch.as_tensor(strategy._ask_one("embed", labeled))
    wide = torch.promote_types(z.dtype, torch.float32)
    # Labelled rows are rounded as the pool's: a constant must stay one.
    z_labeled = z_labeled.to(z.device, z.dtype).to(wide)
    return diversity.standardize(z.to(wide), z_labeled)


class MinDistance(_Diversity):
    """
    Choose the rows that are farthest from their nearest labelled row.

    Parameters
    ----------
    estimator : estimator with an embedding or None, default=None
        The model; None means ``LogisticRegression()``.
    layer : str, int or None, default=None
        What is taken as the embedding of a net; see ``skactive.inspection.embed``.
    device : str, torch.device or None, default=None
        Where distances are computed; None is where the net is,
        the CPU for other models.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model and the breaking of ties.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``, and the ``scores`` of
        all rows.

    Notes
    -----
    The distance is Euclidean, on embeddings standardised over pool and labelled rows,
    and divided by its maximum (Li et al., section 3.2.2). Rows are scored one by one:
    near neighbours may come together, see ``CoreSet``. Costs 2 n_pool n_labeled d
    flops.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import MinDistance
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = MinDistance(random_state=0).fit(X[::15], y[::15])
    >>> picked = strategy.query(X, n=2)
    >>> float(strategy.query_info_.scores[picked[0]])  # the farthest of all
    1.0
    """

    _measure_name = "min_distance"

    def _scores(self, z, z_labeled):
        return diversity.min_distance(z, z_labeled).cpu().numpy()


class PosteriorVariance(_Diversity):
    """
    Choose the rows that a Gaussian process knows least about.

    Parameters
    ----------
    estimator : estimator with an embedding or None, default=None
        The model whose embedding the Gaussian process lives on; None means
        ``LogisticRegression()``.
    layer : str, int or None, default=None
        What is taken as the embedding of a net; see ``skactive.inspection.embed``.
    device : str, torch.device or None, default=None
        Where the variances are computed; None is where the net is,
        the CPU for other models.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model and the breaking of ties.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``, and the ``scores`` of
        all rows.

    Notes
    -----
    1 − k_xS K_S⁻¹ k_Sx with the kernel exp(−‖x − x'‖² / (2 d)) on embeddings
    standardised over pool and labelled rows (Li et al., section 3.2.2). Costs
    n_labeled² (n_labeled + n_pool) flops in float64. Where embeddings stay as they are,
    ``skactive.kernels.diversity.PosteriorVariance`` takes further labels at less cost.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import PosteriorVariance
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = PosteriorVariance(random_state=0).fit(X[::15], y[::15])
    >>> picked = strategy.query(X, n=2)
    >>> bool(strategy.query_info_.scores[::15].max() < 1e-3)  # labelled rows are known
    True
    """

    _measure_name = "posterior_variance"

    def _scores(self, z, z_labeled):
        return diversity.posterior_variance(z, z_labeled).cpu().numpy()


class DiscriminativeSampling(_Diversity):
    """
    Choose the rows that a second classifier is surest are not labelled.

    Parameters
    ----------
    estimator : estimator with an embedding or None, default=None
        The model; None means ``LogisticRegression()``.
    discriminator : classifier with predict_proba or None, default=None
        Told labelled from unlabelled rows by its training: a scikit-learn classifier
        or a skorch net with two outputs. None means ``LogisticRegression()``; the paper
        used a small network, ``MLPClassifier`` say.
    layer : str, int or None, default=None
        What is taken as the embedding of a net; see ``skactive.inspection.embed``.
    device : str, torch.device or None, default=None
        Where embeddings are standardised; None is where the net is,
        the CPU for other models.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of both models, resampling and the breaking of ties.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``, and the ``scores`` of
        all rows.

    Notes
    -----
    Gissin and Shalev-Shwartz 2019, as in Li et al., section 3.2.2: labelled rows are
    drawn with replacement until they are as many as the pool. Costs a training on
    2 n_pool rows.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import DiscriminativeSampling
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = DiscriminativeSampling(random_state=0).fit(X[::15], y[::15])
    >>> strategy.query(X, n=2).shape
    (2,)
    """

    _measure_name = "discriminator"

    def __init__(
        self,
        estimator=None,
        *,
        discriminator=None,
        layer=None,
        device=None,
        random_state=None,
    ):
        super().__init__(
            estimator, layer=layer, device=device, random_state=random_state
        )
        self.discriminator = discriminator

    def _scores(self, z, z_labeled):
        return discriminate(self, z, z_labeled)


def discriminate(strategy, z, z_labeled):
    """
    Train a classifier to tell labelled from unlabelled rows, and ask it.

    Parameters
    ----------
    strategy : QueryStrategy
        With a parameter ``discriminator``; its round seeds what is drawn.
    z : torch.Tensor of shape (n_pool, d)
        Embeddings of the pool, standardised.
    z_labeled : torch.Tensor of shape (n_labeled, d)
        Embeddings of the labelled rows.

    Returns
    -------
    ndarray of shape (n_pool,), float64
        Probabilities of being unlabelled; 1 everywhere where nothing is labelled.
    """
    model = strategy.discriminator
    model = LogisticRegression(max_iter=1000) if model is None else model
    if not hasattr(model, "fit") or isinstance(model, type) or not is_classifier(model):
        raise TypeError(
            f"The 'discriminator' parameter of {type(strategy).__name__} must be a "
            "classifier with predict_proba: of scikit-learn, a skorch net with two "
            f"outputs, or None. Got {model!r} instead."
        )
    if not len(z_labeled) or not z.shape[1]:
        return np.ones(len(z))
    seeds = strategy._seeds(_DISCRIMINATOR)
    z, z_labeled = z.cpu().numpy(), z_labeled.cpu().numpy()
    drawn = np.random.default_rng(seeds).integers(len(z_labeled), size=len(z))
    X = np.concatenate([z, z_labeled[drawn]])
    y = np.repeat([1, 0], len(z)).astype(np.int64)
    # Rows in one order or the other must not decide what mini-batches look like.
    order = np.random.default_rng(seeds.spawn(1)[0]).permutation(len(X))
    model = fit_model(clone(model), X[order], y[order], seeds)
    return np.asarray(predict_proba(model, z), dtype=np.float64)[:, 1]
