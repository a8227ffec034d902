"""Batches that are likely to be core-sets: random ones, scored by a mixture."""

import math
import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from skactive.base import QueryStrategy
from skactive.kernels.mixture import N_DRAWS, SLOTS, mixture_information
from skactive.kernels.uncertainty import least_confidence
from skactive.utils.random import torch_generator
from skactive.utils.selection import top_n
from skactive.utils.validation import check_count, check_real

REG_COVAR = 1e-3
"""Added to each variance, where the mean variance of all embeddings is 1."""


class ProbabilisticCoreSet(QueryStrategy):
    """
    Choose the random batch that best tells the components of a mixture apart.

    A Gaussian mixture describes where the pool's embeddings are dense. A batch with
    rows in the midst of many different components is likely to be part of a core-set.
    Its authors report it as a negative result: it hardly improved on random batches, at
    a greater cost than ``CoreSet``. It is here for comparison.

    Parameters
    ----------
    estimator : estimator with an embedding or None, default=None
        The model; None means ``LogisticRegression()``. It needs probabilities too,
        unless ``exploit=0``.
    n_components : int, default=32
        Components of the mixture, at least 2; more than the data seem to need. Where
        the rows it is fitted to have fewer distinct embeddings, there are as many
        components as those; ``query_info_`` tells.
    n_batches : int, default=100
        How many random batches are scored. The paper names no number; the best of 100
        lies in the top 1 % of all batches in two of three queries.
    exploit : float, default=0.1
        Weight of least confidence in the score, in [0, 1]; 0.1 is the paper's 9:1.
    layer : str, int or None, default=None
        What is taken as the embedding of a net; see ``skactive.inspection.embed``.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model, the mixtures, the batches and their scores.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status`` (fewer components than
        asked for, or batches that tell nothing apart), ``information`` of the labelled
        rows and the batch together and ``information_labeled`` of the labelled rows
        alone (nats), ``score`` of the batch, ``n_components``, ``n_kept`` rows of the
        pool after the cut, ``converged`` (whether the mixture's EM did).

    Notes
    -----
    *Improving greedy core-set configurations for active learning with
    uncertainty-scaled distances*, appendices A.2 and A.3. The paper leaves the score
    open; here it is

        (1 − exploit) I(y_S, y_B; θ) / ln K + exploit · mean_B (1 − max p) / (1 − 1/C)

    for a batch B, the labelled rows S, C classes. θ is one of the K components, each
    with probability 1/K; y_x is 1 where row x belongs to θ, else 0, and
    P(y_x = 1 | θ = c) is the responsibility r_c(x) of component c, its weight in the
    mixture included. I is the mutual information in nats, at most ln K; exact for at
    most 8 rows in S and 8 in B, else from 2,048 or a few more draws that all batches
    share (``skactive.kernels.mixture``).

    From the first ``partial_fit`` on, a mixture fitted to S first cuts the pool to the
    rows where its density is lowest: half of them, but no fewer than 2 n or
    ``n_components``, as far as there are so many. The paper says only "low
    probability". A new mixture is then fitted to what is kept.

    Embeddings of pool and S are centred and divided by one number, so that their mean
    variance is 1. The mixtures have diagonal covariances plus 1e-3, initialised by
    K-means: sound where components hold a single row and in hundreds of dimensions,
    where full covariances are not. Wide embeddings make responsibilities close to 0 or
    1; once S has a row in each component, all batches tell as much, and ``status`` says
    so. Costs O(n_pool d K) an iteration of EM, and O((n_labeled + n_batches n) K) for
    each of the draws.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import ProbabilisticCoreSet
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = ProbabilisticCoreSet(n_components=8, random_state=0)
    >>> strategy.fit(X[::50], y[::50]).query(X, n=5).shape
    (5,)
    >>> info = strategy.query_info_
    >>> bool(info.information > info.information_labeled)
    True
    """

    def __init__(
        self,
        estimator=None,
        *,
        n_components=32,
        n_batches=100,
        exploit=0.1,
        layer=None,
        random_state=None,
    ):
        super().__init__(estimator, random_state=random_state)
        self.n_components = n_components
        self.n_batches = n_batches
        self.exploit = exploit
        self.layer = layer

    @property
    def requires(self):
        """
        Questions put to the model: its probabilities too, where they count.

        Returns
        -------
        tuple of str
            The names of the questions.
        """
        is_pure = self.exploit == 0
        return ("embed",) if is_pure else ("embed", "predict_proba")

    def _selection_memory(self, n_pool, n, widths):
        # Copies of the embeddings on one scale; EM's responsibilities and what they
        # are made of; the answers that are drawn, and their likelihoods.
        d, m = widths["embed"][0], self.n_components
        rows = n_pool + len(self.y_labeled_)
        draws = 4 * N_DRAWS * (m + SLOTS)
        return 8 * (rows * (4 * d + 6 * m + 4) + self.n_batches * n + draws)

    def _check_parameters(self):
        check_count(self, "n_components", least=2)
        check_count(self, "n_batches", least=1)
        check_real(self, "exploit", least=0, most=1)

    def _query(self, pool, n, rng, info):
        z, z_labeled = self._embeddings(pool)
        kept = self._unlikely_rows(z, z_labeled, n, rng)
        mixture = _fit_mixture(z[kept], self.n_components, rng)
        n_batches = self.n_batches if n < len(kept) else 1  # else there is one only
        batches = np.stack(
            [rng.choice(len(kept), n, replace=False) for _ in range(n_batches)]
        )
        told = mixture_information(
            _responsibilities(mixture, z[kept]),
            torch.as_tensor(batches),
            given=_responsibilities(mixture, z_labeled) if len(z_labeled) else None,
            generator=torch_generator(rng.bit_generator.seed_seq),
        )
        information = told.information.numpy()
        scores = self._batch_scores(
            information, mixture.n_components, pool, kept[batches]
        )
        best = int(scores.argmax())
        info.update(
            status=self._status(mixture, information),
            information=float(information[best]),
            information_labeled=told.given,
            score=float(scores[best]),
            n_components=mixture.n_components,
            n_kept=len(kept),
            converged=bool(mixture.converged_),
        )
        return kept[batches[best]]

    def _embeddings(self, pool):
        """Give the embeddings of pool and labelled rows on one scale, float64."""
        z = np.asarray(pool.embed, dtype=np.float64)
        if len(self.y_labeled_):
            z = np.concatenate([z, self._ask_one("embed", self.X_labeled_)])
        with np.errstate(over="ignore", invalid="ignore"):
            z = z - z[0]  # exactly 0 where all rows are equal
        if not np.isfinite(z).all():
            raise ValueError(
                "ProbabilisticCoreSet needs finite embeddings, far from overflow. Got "
                f"NaN or infinity from {type(self.estimator_).__name__}: scale the "
                "features, or look whether the training went astray."
            )
        if z.any():
            z /= np.abs(z).max()
            z -= z.mean(axis=0)
            z /= np.sqrt(np.square(z).mean())
        return z[: pool.n], z[pool.n :]

    def _unlikely_rows(self, z, z_labeled, n, rng):
        """Give the positions the batches are drawn from, ascending."""
        if self.n_rounds_ == 0 or len(z_labeled) == 0:
            return np.arange(len(z))
        n_kept = min(len(z), max(-(-len(z) // 2), 2 * n, self.n_components))
        mixture = _fit_mixture(z_labeled, self.n_components, rng)
        return np.sort(top_n(-mixture.score_samples(z), n_kept, rng))

    def _batch_scores(self, information, n_components, pool, batches):
        # A single component has ln 1 = 0, and nothing to tell.
        scores = (1 - self.exploit) * information / (math.log(n_components) or 1)
        if "predict_proba" in pool and pool.predict_proba.shape[1] > 1:
            proba = torch.as_tensor(pool.predict_proba, dtype=torch.float64)
            doubt = least_confidence(proba).numpy() / (1 - 1 / proba.shape[1])
            scores += self.exploit * doubt[batches].mean(axis=1)
        return scores

    def _status(self, mixture, information):
        notes = []
        if mixture.n_components < self.n_components:
            notes.append(
                f"{mixture.n_components} component(s) instead of {self.n_components}: "
                "no more rows are distinct"
            )
        if len(information) > 1 and np.ptp(information) <= 1e-9:
            notes.append("all batches tell as much about the mixture")
        return "; ".join(notes) or "complete"


def _fit_mixture(z, n_components, rng):
    """Fit a Gaussian mixture, with no more components than distinct rows."""
    n_components = _count_distinct(z, n_components)
    # scikit-learn asks for two rows; a row twice is the same mixture.
    rows = z if len(z) > 1 else np.repeat(z, 2, axis=0)
    mixture = GaussianMixture(
        n_components,
        covariance_type="diag",
        reg_covar=REG_COVAR,
        random_state=int(rng.integers(2**31)),
    )
    with warnings.catch_warnings():
        # EM that stops at 100 iterations is told in query_info_.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return mixture.fit(rows)


def _count_distinct(z, most):
    seen = set()
    for row in z:
        seen.add(row.tobytes())
        if len(seen) == most:
            break
    return len(seen)


def _responsibilities(mixture, z):
    # Rounding can lift a certain one above 1.
    return torch.as_tensor(mixture.predict_proba(z)).clamp(0, 1)
