"""Batches by Fisher information: BAIT, and determinants of it."""

import math

import torch
from sklearn import get_config
from sklearn.base import is_classifier

from skactive.base import QueryStrategy
from skactive.inspection.preparation import final_model
from skactive.kernels.fisher import (
    FisherPart,
    determinant_search,
    trace_search_parts,
)
from skactive.kernels.fisher.determinants import FISHERS
from skactive.kernels.fisher.memory import (
    determinant_bytes,
    matrix_bytes,
    scalar_bytes,
)
from skactive.kernels.fisher.trace import APPROXIMATIONS, SCALINGS
from skactive.strategies.parting import in_parts
from skactive.utils.random import torch_generator
from skactive.utils.validation import check_choice, check_count, check_real


class _FisherStrategy(QueryStrategy):
    """What strategies over the last layer's Fisher information share."""

    _takes_tensors = True

    @property
    def requires(self):
        """
        Questions put to the model: a classifier's probabilities too.

        Returns
        -------
        tuple of str
            The names of the questions.
        """
        classifies = is_classifier(final_model(self._unfitted()))
        return ("embed", "predict_proba") if classifies else ("embed",)

    def _answers(self, answers, like=None):
        """Give z and p of some rows, as the kernels take them."""
        z = torch.as_tensor(answers["embed"], device=self._device())
        z = z if like is None else z.to(like.dtype)
        p = answers.get("predict_proba")
        if p is not None:
            p = torch.as_tensor(p, device=self._device()).to(z.dtype)
        return z, p

    def _labeled_answers(self, like=None):
        """Give z and p of the labelled rows; None where there are none."""
        labeled = self.X_labeled_
        if not labeled.shape[0]:
            return {"z_labeled": None, "p_labeled": None}
        answers = {name: self._ask_one(name, labeled) for name in self.requires}
        z, p = self._answers(answers, like)
        return {"z_labeled": z, "p_labeled": p}

    def _report(self, found, n, info):
        if found.n_filled:
            info.status = (
                f"{found.n_filled} of {n} filled in at random: no other row has any "
                "information to add"
            )


class BAIT(_FisherStrategy):
    """
    Choose the batch whose labels would tell most about the model's last layer.

    The error that is left after labelling a batch is, to first order, the trace of
    M⁻¹ F: F is the Fisher information of the last layer over all rows, M that of the
    labelled ones. Rows are added greedily, more than are asked for, and then the least
    useful ones are taken out again. For classification and for regression, of networks
    and of linear models, where the features are the embedding.

    Parameters
    ----------
    estimator : estimator with an embedding or None, default=None
        The model: a linear model, an MLP, a skorch net, or a Pipeline around one;
        classifier or regressor. None means ``LogisticRegression()``.
    lam : float, default=1.0
        Factor > 0 of the identity in M, there before any label. The paper uses 1, and
        0.01 for CIFAR-10.
    oversample : float, default=2
        Rows added for each that is left, >= 1; 1 is the forward search alone.
    fisher_term : bool, default=True
        False replaces F by the identity: what the pool is like then does not count
        (Sourati et al. 2018).
    rank : int or None, default=None
        Estimate each row's information by so many of its columns, those of largest
        norm. Of no effect in regression and for two classes: there one column is all.
    scaling : {"paper", "authors", "sum"}, default="paper"
        How labelled rows weigh against a candidate. "paper": the labelled rows' mean,
        a candidate whole (Algorithm 1). "authors": mean × s/(s + n) and n/(s + n) for
        s labelled rows (the published code). "sum": the labelled rows' sum, a candidate
        whole (the maximum-likelihood bound itself).
    approximation : {"sketch", "block"} or None, default=None
        None is exact. Where K classes × d features make matrices that do not fit,
        "sketch" works in a random projection of the gradient space, "block" neglects
        what classes tell about one another; regression is one block, which is exact.
    sketch_width : int, default=1024
        Dimensions of the sketch.
    layer : str, int or None, default=None
        What is taken as the embedding of a net; see ``skactive.inspection.embed``.
    device : str, torch.device or None, default=None
        Where the selection runs; None is where the net is,
        the CPU for other models.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model, and the sketch. The exact choice draws nothing.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status``; ``objective``, the
        trace before the first and after each of the steps; ``forward``, the rows added,
        and ``removed``, those taken out; ``recomputed``, whether the rows' matrices
        exceeded scikit-learn's ``working_memory`` and were computed anew at each step;
        ``n_refreshes``, how often they were computed from M against rounding.

    Notes
    -----
    Ash et al. 2021, *Gone fishing*, Algorithm 1 and equation 6. The selection of
    regression does not depend on the number of outputs, nor on their scale. Exact:
    n_pool d K² flops a step, n_pool K (K + 1) numbers of memory and up to 14 float64
    matrices of ((K − 1) d)²; in regression one number a row.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import Ridge
    >>> from skactive import BAIT
    >>> X, y = load_diabetes(return_X_y=True)
    >>> strategy = BAIT(Ridge(), random_state=0).fit(X[:20], y[:20])
    >>> picked = strategy.query(X[20:], n=5)
    >>> objective = strategy.query_info_.objective  # 10 steps forward, 5 backward
    >>> objective.shape, bool(objective[10] < objective[15] < objective[0])
    ((16,), True)
    """

    def __init__(
        self,
        estimator=None,
        *,
        lam=1.0,
        oversample=2,
        fisher_term=True,
        rank=None,
        scaling="paper",
        approximation=None,
        sketch_width=1024,
        layer=None,
        device=None,
        random_state=None,
    ):
        super().__init__(estimator, random_state=random_state)
        self.lam = lam
        self.oversample = oversample
        self.fisher_term = fisher_term
        self.rank = rank
        self.scaling = scaling
        self.approximation = approximation
        self.sketch_width = sketch_width
        self.layer = layer
        self.device = device

    _takes_parts = True

    def _selection_memory(self, n_pool, n, widths):
        d, k = _width(widths)
        width = self.sketch_width if self.approximation == "sketch" else None
        if k <= 2 or self.approximation == "block":
            n_blocks = k if self.approximation == "block" else 1
            return scalar_bytes(n_pool, d, n_blocks, width)
        memory = get_config()["working_memory"] * 2**20
        most = math.ceil(self.oversample * n)
        options = {"rank": self._rank(k), "width": width, "memory": memory}
        return matrix_bytes(n_pool, d, k, most, **options)

    def _check_parameters(self):
        check_real(self, "lam", above=0)
        check_real(self, "oversample", least=1)
        check_choice(self, "fisher_term", (True, False))
        check_choice(self, "scaling", SCALINGS)
        check_choice(self, "approximation", APPROXIMATIONS)
        check_count(self, "sketch_width", least=1)
        if self.rank is not None:
            check_count(self, "rank", least=1)

    def _query(self, pool, n, rng, info):
        parts = in_parts(self, pool, _fisher_part)
        z, p = parts.ask("check")[0]  # no rows, but what they are like
        found = trace_search_parts(
            parts,
            n,
            **self._labeled_answers(like=z),
            lam=self.lam,
            oversample=self.oversample,
            fisher_term=self.fisher_term,
            rank=self._rank(1 if p is None else p.shape[1]),
            scaling=self.scaling,
            approximation=self.approximation,
            width=self.sketch_width if self.approximation == "sketch" else None,
            memory=get_config()["working_memory"] * 2**20,
            generator=torch_generator(rng.bit_generator.seed_seq),
        )
        info.update(
            objective=found.objective.numpy(),
            forward=found.forward.numpy(),
            removed=found.removed.numpy(),
            recomputed=found.recomputed,
            n_refreshes=found.n_refreshes,
        )
        self._report(found, n, info)
        return found.positions.numpy()

    def _rank(self, n_classes):
        """A rank that fits all classes there are; none where one column is all."""
        if self.rank is None or n_classes <= 2:
            return None
        if self.rank > n_classes:
            raise ValueError(
                f"The 'rank' parameter of {type(self).__name__} must be at most "
                f"{n_classes}, the number of classes. Got {self.rank} instead."
            )
        return self.rank


def _width(widths):
    """Give d, and K; 1 for regression."""
    return widths["embed"][0], widths.get("predict_proba", (1,))[0]


def _fisher_part(strategy, answers, start):
    return FisherPart(*strategy._answers(answers), start)


class MaxDet(_FisherStrategy):
    """
    Choose rows that make the determinant of the information large.

    The batch spreads out as far as it can, whatever the pool is like: what BAIT was
    compared with to show what its trace, and the pool's information, add.

    Parameters
    ----------
    estimator : estimator with an embedding or None, default=None
        The model, classifier or regressor. None means ``LogisticRegression()``.
    fisher : {"gradient", "full"}, default="gradient"
        "gradient" counts a row by the gradient for its likeliest label, of rank one
        (Algorithm 2), "full" by its whole Fisher information (Algorithm 3). The same in
        regression.
    lam : float, default=1.0
        Factor > 0 of the identity in M, there before any label.
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
        Of the last query: ``positions``, ``round``, ``status``, and ``gains``, by how
        much each pick raised ln det M.

    Notes
    -----
    Ash et al. 2021, Algorithms 2 and 3; M₀ = λ Id + the mean over the labelled rows.
    Exact lazy greedy search; ties go to the smallest position. Costs n_pool d² K² flops
    for a first pass; memory as for ``BAIT``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import MaxDet
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = MaxDet(fisher="full", random_state=0).fit(X[::15], y[::15])
    >>> strategy.query(X, n=5).shape
    (5,)
    """

    def __init__(
        self,
        estimator=None,
        *,
        fisher="gradient",
        lam=1.0,
        layer=None,
        device=None,
        random_state=None,
    ):
        super().__init__(estimator, random_state=random_state)
        self.fisher = fisher
        self.lam = lam
        self.layer = layer
        self.device = device

    def _selection_memory(self, n_pool, n, widths):
        return determinant_bytes(n_pool, *_width(widths))

    def _check_parameters(self):
        check_choice(self, "fisher", FISHERS)
        check_real(self, "lam", above=0)

    def _query(self, pool, n, rng, info):
        z, p = self._answers(pool)
        found = determinant_search(
            z,
            n,
            p=p,
            **self._labeled_answers(like=z),
            lam=self.lam,
            fisher=self.fisher,
            generator=torch_generator(rng.bit_generator.seed_seq),
        )
        info.gains = found.gains.numpy()
        self._report(found, n, info)
        return found.positions.numpy()
