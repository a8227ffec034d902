"""Ask where draws of the model's posterior disagree."""

import warnings

import numpy as np
import torch
from sklearn.base import is_classifier

from skactive.base import QueryStrategy
from skactive.inspection.preparation import final_model
from skactive.kernels import information
from skactive.kernels.information.draws import chunk_on
from skactive.scoring import ScoringStrategy
from skactive.utils.random import torch_generator
from skactive.utils.validation import check_choice, check_count

DISAGREEMENTS = ("vote_entropy", "kl")


def check_classifier(strategy, estimator):
    """
    Refuse a model without classes.

    Parameters
    ----------
    strategy : QueryStrategy
        Who asks.
    estimator : estimator
        The model.
    """
    if not is_classifier(final_model(estimator)):
        raise TypeError(
            f"{type(strategy).__name__} needs a classifier: it compares the classes "
            f"that posterior draws predict. Got {type(final_model(estimator)).__name__}"
            "; for regression use MeanStd."
        )


def disagreeing_draws(strategy, pool):
    """
    Give the posterior draws of a pool; refuse a single one, which agrees with itself.

    Parameters
    ----------
    strategy : QueryStrategy
        Who asks; its ``device``, if it has one, is where they go.
    pool : Bunch
        With ``sample_posterior``.

    Returns
    -------
    torch.Tensor of shape (n_draws, n_pool, n_classes)
        The draws, at least two.
    """
    draws = pool.sample_posterior
    if len(draws) < 2:
        raise ValueError(
            f"{type(strategy).__name__} needs at least 2 posterior draws, to see where "
            "they disagree. Got 1: raise n_draws, or use a model with more members."
        )
    return torch.as_tensor(draws, device=strategy._device())


class _Disagreement(ScoringStrategy):
    requires = ("sample_posterior",)
    scores_by_row = True

    def __init__(self, estimator=None, *, n_draws=None, random_state=None):
        super().__init__(estimator, random_state=random_state)
        self.n_draws = n_draws

    def _check_model(self, estimator):
        super()._check_model(estimator)
        check_classifier(self, estimator)

    def _selection_memory(self, n_pool, n, widths):
        blocks = 8 * 6 * chunk_on(self._device())
        return super()._selection_memory(n_pool, n, widths) + blocks

    def _scores(self, pool):
        return self._measure(disagreeing_draws(self, pool)).numpy()


class BALD(_Disagreement):
    """
    Choose the rows whose labels, one by one, tell most about the model.

    Parameters
    ----------
    estimator : classifier with a posterior or None, default=None
        A forest, bagging, ``Committee``, ``LogisticRegression``, a Gaussian process, a
        skorch net with dropout, …: see ``skactive.inspection.sample_posterior``. None
        means ``LogisticRegression()``.
    n_draws : int or None, default=None
        Posterior draws; None takes every member of an ensemble once, else 100.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model, the draws and the breaking of ties.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``.

    Notes
    -----
    Scores H(mean_t p_t) − mean_t H(p_t), the mutual information of label and model in
    nats (Houlsby et al. 2011). Rows are scored one by one: a batch may ask the same
    thing many times, see ``BatchBALD``. Costs O(T n_pool K).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skactive import BALD
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = BALD(RandomForestClassifier(), random_state=0).fit(X[::15], y[::15])
    >>> strategy.query(X, n=3).shape
    (3,)
    """

    def _measure(self, draws):
        return information.bald(draws)


class VariationRatio(_Disagreement):
    """
    Choose the rows on whose class the fewest posterior draws agree.

    Parameters
    ----------
    estimator : classifier with a posterior or None, default=None
        See ``skactive.inspection.sample_posterior``. None means
        ``LogisticRegression()``.
    n_draws : int or None, default=None
        Posterior draws; None takes every member of an ensemble once, else 100.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model, the draws and the breaking of ties.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``.

    Notes
    -----
    Scores 1 − the share of draws that vote for the most voted class (Freeman 1965).
    Costs O(T n_pool K).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import VariationRatio
    >>> X, y = load_iris(return_X_y=True)
    >>> VariationRatio(n_draws=20, random_state=0).fit(X[::15], y[::15]).query(X).shape
    (1,)
    """

    def _measure(self, draws):
        return information.variation_ratio(draws)


class MeanStd(_Disagreement):
    """
    Choose the rows whose predictions vary most over posterior draws.

    Parameters
    ----------
    estimator : estimator with a posterior or None, default=None
        A classifier or a regressor; see ``skactive.inspection.sample_posterior``. None
        means ``LogisticRegression()``.
    n_draws : int or None, default=None
        Posterior draws; None takes every member of an ensemble once, else 100.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model, the draws and the breaking of ties.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``.

    Notes
    -----
    Scores the standard deviation over draws, of each class's probability or of each
    output, averaged over them (Kampffmeyer et al. 2016). Costs O(T n_pool K).

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import BayesianRidge
    >>> from skactive import MeanStd
    >>> X, y = load_diabetes(return_X_y=True)
    >>> MeanStd(BayesianRidge(), random_state=0).fit(X[:9], y[:9]).query(X, n=2).shape
    (2,)
    """

    def _check_model(self, estimator):
        QueryStrategy._check_model(self, estimator)

    def _scores(self, pool):
        if is_classifier(self.estimator_):
            return super()._scores(pool)
        draws = pool.sample_posterior
        return np.concatenate(
            [
                draws[:, at : at + 4096].astype(np.float64).std(axis=0).mean(axis=1)
                for at in range(0, pool.n, 4096)
            ]
        )

    def _measure(self, draws):
        return information.mean_std(draws)


class QueryByCommittee(_Disagreement):
    """
    Choose the rows on which the members of a committee disagree.

    Parameters
    ----------
    estimator : classifier with a posterior or None, default=None
        A ``Committee``, a forest, a voting ensemble, …; see
        ``skactive.inspection.sample_posterior``. None means ``LogisticRegression()``.
    disagreement : {"vote_entropy", "kl"}, default="vote_entropy"
        "vote_entropy" is the entropy of the members' votes, "kl" the mean divergence of
        a member's probabilities from the mean of all.
    n_draws : int or None, default=None
        Members asked; None takes every one once (of another model, 100 draws).
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model, the draws and the breaking of ties.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``.

    Notes
    -----
    Vote entropy: Dagan and Engelson 1995. Divergence: McCallum and Nigam 1998; the mean
    over members of KL(p_t ‖ p̄) equals the score of ``BALD``. Costs O(T n_pool K).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skactive import Committee, QueryByCommittee
    >>> X, y = load_iris(return_X_y=True)
    >>> committee = Committee([LogisticRegression(), GaussianNB()])
    >>> QueryByCommittee(committee).fit(X[::15], y[::15]).query(X, n=3).shape
    (3,)
    """

    def __init__(
        self,
        estimator=None,
        *,
        disagreement="vote_entropy",
        n_draws=None,
        random_state=None,
    ):
        super().__init__(estimator, n_draws=n_draws, random_state=random_state)
        self.disagreement = disagreement

    def _check_parameters(self):
        check_choice(self, "disagreement", DISAGREEMENTS)

    def _measure(self, draws):
        if self.disagreement == "kl":
            return information.bald(draws)
        return information.vote_entropy(draws)


class BatchBALD(QueryStrategy):
    """
    Choose the batch whose labels together tell most about the model.

    ``BALD`` scores rows one by one, so that a batch of its best may ask the same thing
    many times. Here a row counts by what it adds to those already in the batch.

    Parameters
    ----------
    estimator : classifier with a posterior or None, default=None
        See ``skactive.inspection.sample_posterior``. None means
        ``LogisticRegression()``.
    n_draws : int or None, default=None
        Posterior draws; None takes every member of an ensemble once, else 100. No batch
        tells more than ln n_draws.
    n_configurations : int, default=10000
        Up to so many joint labels of the batch are enumerated, beyond so many drawn.
    device : str, torch.device or None, default=None
        Where the selection runs; None is where the net is,
        the CPU for other models.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model, its draws and those of configurations.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``; ``scores``, the joint
        information in nats after each pick, ``n_exact``, how many picks were made with
        all joint labels enumerated, and ``n_evaluations`` of candidates.

    Notes
    -----
    Kirsch et al. 2019, Algorithm 1; exact lazy greedy search, ties to the smallest
    position. Draws must belong together over rows: dropout masks are shared by all rows
    of a draw. Where no row adds information any more the batch is filled up by BALD,
    with a warning.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skactive import BatchBALD
    >>> X, y = load_iris(return_X_y=True)
    >>> forest = RandomForestClassifier(50)
    >>> strategy = BatchBALD(forest, random_state=0).fit(X[::15], y[::15])
    >>> strategy.query(X, n=3).shape
    (3,)
    """

    requires = ("sample_posterior",)
    _takes_tensors = True

    def __init__(
        self,
        estimator=None,
        *,
        n_draws=None,
        n_configurations=10_000,
        device=None,
        random_state=None,
    ):
        super().__init__(estimator, random_state=random_state)
        self.n_draws = n_draws
        self.n_configurations = n_configurations
        self.device = device

    def _check_model(self, estimator):
        super()._check_model(estimator)
        check_classifier(self, estimator)

    def _selection_memory(self, n_pool, n, widths):
        # Entropies for each draw; bounds, and which of them compete; some blocks of
        # rows; configurations, old and new, and their groups.
        n_draws, k = widths["sample_posterior"]
        blocks = 6 * chunk_on(self._device())
        configurations = 6 * (n_draws + k) * self.n_configurations
        return 8 * (n_pool * (n_draws + 12) + blocks + configurations)

    def _check_parameters(self):
        check_count(self, "n_configurations", least=1)

    def _query(self, pool, n, rng, info):
        draws = disagreeing_draws(self, pool)
        check_count(self, "n_configurations", least=draws.shape[2])
        found = information.batch_bald(
            draws,
            n,
            n_configurations=self.n_configurations,
            generator=torch_generator(rng.bit_generator.seed_seq),
        )
        info.update(
            scores=found.scores.numpy(),
            n_exact=found.n_exact,
            n_evaluations=found.n_evaluations,
        )
        if found.n_filled:
            info.status = f"{found.n_filled} of {n} filled up by BALD: {found.reason}"
            warnings.warn(f"BatchBALD: {info.status}", UserWarning, stacklevel=3)
        return found.positions.numpy()
