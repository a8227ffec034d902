"""Hybrids: uncertainty and diversity in one score, or one after the other."""

import math

import numpy as np
import torch
from sklearn.utils.validation import check_array

from skactive.base import QueryStrategy
from skactive.kernels import diversity, information
from skactive.kernels.information.draws import chunk_on
from skactive.strategies.disagreement import check_classifier, disagreeing_draws
from skactive.strategies.diversity import (
    discriminate,
    diversity_memory,
    standardized,
)
from skactive.utils.selection import top_n
from skactive.utils.validation import check_choice, check_real

UNCERTAINTIES = ("entropy", "bald", "variation_ratio")
DIVERSITIES = ("discriminator", "posterior_variance", "min_distance")
COMBINATIONS = ("arithmetic", "geometric", "two_stage")


class Hybrid(QueryStrategy):
    """
    Choose rows that are both uncertain and unlike the labelled ones.

    Any of three uncertainties U, each scaled to [0, 1], with any of three diversities
    D, combined in one of six ways: 54 strategies, and any measure of one's own.

    Parameters
    ----------
    estimator : classifier with a posterior and an embedding, or None, default=None
        See ``skactive.inspection.sample_posterior`` and ``embed``: a skorch net with
        dropout, a ``LogisticRegression``, …. None means ``LogisticRegression()``.
    uncertainty : {"entropy", "bald", "variation_ratio"} or callable, default="entropy"
        Of the posterior draws: entropy of their mean / ln K, mutual information / ln K,
        share of draws against the most voted class / (1 − 1/K). A callable takes the
        draws (n_draws, n_pool, K) and gives (n_pool,) numbers.
    diversity : {"discriminator", "posterior_variance", "min_distance"} or callable, \
            default="min_distance"
        On standardised embeddings: see ``DiscriminativeSampling``,
        ``PosteriorVariance``, ``MinDistance``. A callable takes the embeddings
        (n_pool, d) and those of the labelled rows (n_labeled, d), and gives (n_pool,)
        numbers.
    combination : {"arithmetic", "geometric", "two_stage"}, default="arithmetic"
        α U + (1 − α) D; U^α D^(1 − α), of measures >= 0; or the best γ n rows by one
        measure and the best n of these by the other.
    alpha : float, default=0.5
        Weight α of the uncertainty, in [0, 1].
    beta : float or None, default=None
        Where given, the weight of D is exp(−β t) in the t-th query, instead of 1 − α.
        Two stages have no weights: α and β change nothing there.
    gamma : float, default=3
        Rows left after the first stage, in multiples of n, >= 1.
    first : {"uncertainty", "diversity"}, default="uncertainty"
        Measure of the first of two stages.
    discriminator : classifier with predict_proba or None, default=None
        See ``DiscriminativeSampling``.
    n_draws : int or None, default=None
        Posterior draws; None takes every member of an ensemble once, else 100.
    layer : str, int or None, default=None
        What is taken as the embedding of a net; see ``skactive.inspection.embed``. The
        paper takes the output layer, "output".
    device : str, torch.device or None, default=None
        Where the measures are computed; None is where the net is,
        the CPU for other models.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the models, the draws and the breaking of ties.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``, and ``uncertainty`` and
        ``diversity`` of the rows chosen.

    Notes
    -----
    Li et al., section 3. With ``alpha=1`` or ``gamma=1`` the first measure alone
    decides, with ``alpha=0`` or ``gamma`` × n >= n_pool the other. t is
    ``n_rounds_`` + 1. Ties are broken at random. Costs what the two measures cost.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import Hybrid
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = Hybrid(uncertainty="bald", combination="two_stage", random_state=0)
    >>> strategy.fit(X[::15], y[::15]).query(X, n=3).shape
    (3,)
    >>> len(Hybrid.grid())
    54
    """

    requires = ("sample_posterior", "embed")
    _takes_tensors = True

    def __init__(
        self,
        estimator=None,
        *,
        uncertainty="entropy",
        diversity="min_distance",
        combination="arithmetic",
        alpha=0.5,
        beta=None,
        gamma=3,
        first="uncertainty",
        discriminator=None,
        n_draws=None,
        layer=None,
        device=None,
        random_state=None,
    ):
        super().__init__(estimator, random_state=random_state)
        self.uncertainty = uncertainty
        self.diversity = diversity
        self.combination = combination
        self.alpha = alpha
        self.beta = beta
        self.gamma = gamma
        self.first = first
        self.discriminator = discriminator
        self.n_draws = n_draws
        self.layer = layer
        self.device = device

    @staticmethod
    def grid(prefix=""):
        """
        List the 54 strategies as parameter grids, for a search.

        Parameters
        ----------
        prefix : str, default=""
            Put before each name: ``"strategy__"`` where ``ActiveLearningSimulation``
            is searched.

        Returns
        -------
        list of dict of str to list
            One grid of a single point for each strategy, as ``GridSearchCV`` takes it;
            ``alpha``, ``gamma`` and, where weights decay, ``beta=0.5`` may be widened.
        """
        ways = [
            {"combination": combination, "beta": beta}
            for combination in COMBINATIONS[:2]
            for beta in (None, 0.5)
        ] + [
            {"combination": "two_stage", "first": first}
            for first in ("uncertainty", "diversity")
        ]
        return [
            {
                f"{prefix}{name}": [value]
                for name, value in {"uncertainty": u, "diversity": d, **way}.items()
            }
            for way in ways
            for u in UNCERTAINTIES
            for d in DIVERSITIES
        ]

    def _check_model(self, estimator):
        super()._check_model(estimator)
        check_classifier(self, estimator)

    def _selection_memory(self, n_pool, n, widths):
        # Both measures, what is sorted of them, and some blocks of draws.
        d = widths["embed"][0]
        measured = diversity_memory(self, self.diversity, n_pool, d)
        return measured + 8 * (4 * n_pool + 6 * chunk_on(self._device()))

    def _query(self, pool, n, rng, info):
        u, d = self._uncertainty(pool), self._diversity(pool)
        if self.combination == "two_stage":
            one, other = (u, d) if self.first == "uncertainty" else (d, u)
            most = max(n, round(min(self.gamma * n, pool.n)))
            if most in (n, pool.n):
                # One measure decides, as if alone: ties are broken once.
                picked = top_n(one if most == n else other, n, rng)
            else:
                left = top_n(one, most, rng)
                picked = left[top_n(other[left], n, rng)]
        else:
            picked = top_n(self._combined(u, d), n, rng)
        info.update(uncertainty=u[picked], diversity=d[picked])
        return picked

    def _combined(self, u, d):
        rest = 1 - self.alpha
        if self.beta is not None:
            rest = math.exp(-self.beta * (self.n_rounds_ + 1))
        if self.combination == "arithmetic":
            return (1 - rest) * u + rest * d
        for name, values in (("uncertainty", u), ("diversity", d)):
            if (values < 0).any():
                raise ValueError(
                    f"The geometric mean of {type(self).__name__} takes numbers >= 0. "
                    f"The {name} goes down to {values.min():.3g}: scale it, or use "
                    "combination='arithmetic'."
                )
        return u ** (1 - rest) * d**rest

    def _uncertainty(self, pool):
        if callable(self.uncertainty):
            draws = torch.as_tensor(pool.sample_posterior).cpu().numpy()
            given = self.uncertainty(draws)
            return self._own("uncertainty", given, pool.n)
        if self.uncertainty == "entropy":
            draws = torch.as_tensor(pool.sample_posterior, device=self._device())
        else:
            draws = disagreeing_draws(self, pool)
        classes = max(2, draws.shape[2])  # one class seen so far: all measures are 0
        if self.uncertainty == "variation_ratio":
            scores = information.variation_ratio(draws) / (1 - 1 / classes)
        elif self.uncertainty == "bald":
            scores = information.bald(draws) / math.log(classes)
        else:
            scores = information.entropy_of_mean(draws) / math.log(classes)
        return scores.cpu().numpy()

    def _diversity(self, pool):
        z, z_labeled = standardized(self, pool)
        if callable(self.diversity):
            given = self.diversity(z.cpu().numpy(), z_labeled.cpu().numpy())
            return self._own("diversity", given, pool.n)
        if self.diversity == "discriminator":
            return discriminate(self, z, z_labeled)
        measure = getattr(diversity, self.diversity)
        return measure(z, z_labeled).cpu().numpy()

    def _own(self, name, values, n):
        values = np.asarray(values)
        if values.shape != (n,):
            raise ValueError(
                f"The 'uncertainty' and 'diversity' callables of {type(self).__name__} "
                f"must give one number for each of the {n} rows of the pool. Got shape "
                f"{values.shape} from {name!r}."
            )
        return check_array(
            values, ensure_2d=False, dtype=np.float64, input_name=f"what {name} gives"
        )

    def _check_parameters(self):
        for name, choices in (
            ("uncertainty", UNCERTAINTIES),
            ("diversity", DIVERSITIES),
        ):
            if not callable(getattr(self, name)):
                check_choice(self, name, choices)
        check_choice(self, "combination", COMBINATIONS)
        check_choice(self, "first", ("uncertainty", "diversity"))
        check_real(self, "alpha", least=0, most=1)
        if self.beta is not None:
            check_real(self, "beta", least=0)
        check_real(self, "gamma", least=1)
