"""Batches that are diverse and uncertain, by the gradients of the last layer."""

import numpy as np
import torch

from skactive.base import QueryStrategy
from skactive.kernels.covering import CoveringPart, cover
from skactive.kernels.determinant import (
    WIDEST,
    WIDEST_HEAD,
    exchange_chain,
    greedy_maxdet,
    sample_kdpp,
)
from skactive.kernels.distances import BLOCK, Rows, blocks
from skactive.kernels.parts import give
from skactive.kernels.seeding import SeedingPart, seed
from skactive.strategies.parting import in_parts
from skactive.utils.random import torch_generator
from skactive.utils.validation import check_choice


class BADGE(QueryStrategy):
    """
    Choose a batch by k-means++ seeding of gradient embeddings.

    The gradient of the loss at the predicted label, g = (p − e_ŷ) ⊗ z, is long where
    the model is uncertain, and points where the row would move the model. D² sampling
    of these gradients gives batches that are both uncertain and diverse, with nothing
    to tune.

    Parameters
    ----------
    estimator : classifier with an embedding or None, default=None
        The model: a linear classifier, an MLP, a skorch net, or a Pipeline around one.
        None means ``LogisticRegression()``.
    sampler : {"kmeans++", "kdpp", "kcenter", "maxdet"}, default="kmeans++"
        How the batch is chosen from the gradients: by D² sampling; as a k-DPP, exact up
        to 2,048 numbers a gradient and by an exchange chain beyond; farthest first; or
        with the largest log-determinant, greedily.
    init : {"max_norm", "uniform"}, default="max_norm"
        The first row of D² sampling: that of the longest gradient (the published
        code), or a uniform draw (the paper, Appendix A).
    layer : str, int or None, default=None
        What is taken as the embedding of a net; see ``skactive.inspection.embed``.
    device : str, torch.device or None, default=None
        Where the selection runs; None is where the net is,
        the CPU for other models.
    random_state : int, RandomState instance or None, default=None
        Seeds the training of the model and the draws of ``query``.

    Attributes
    ----------
    estimator_ : estimator
        The fitted model.
    n_rounds_ : int
        How often ``partial_fit`` has added labels since ``fit``.
    query_info_ : Bunch
        Of the last query: ``positions``, ``round``, ``status`` (how many rows had to be
        filled in, where no other gradient adds to those chosen), ``mean_norm`` and
        ``gram_logdet`` of the gradients chosen (−∞ where they are linearly dependent),
        and of the sampler ``n_passes`` over the pool, ``n_rejections``, ``n_steps``,
        ``n_accepted`` where it has them.

    Notes
    -----
    Ash et al. 2020, Algorithm 1 and section 4. Exact D² sampling in 2 n_pool n (d + K)
    flops as matrix products; the gradients of K × d numbers are never built. Labelled
    rows do not condition the choice.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import BADGE
    >>> X, y = load_iris(return_X_y=True)
    >>> strategy = BADGE(random_state=0).fit(X[::15], y[::15])
    >>> strategy.query(X, n=5).shape
    (5,)
    >>> strategy.query_info_.status
    'complete'
    """

    requires = ("predict_proba", "embed")
    _takes_tensors = True

    def __init__(
        self,
        estimator=None,
        *,
        sampler="kmeans++",
        init="max_norm",
        layer=None,
        device=None,
        random_state=None,
    ):
        super().__init__(estimator, random_state=random_state)
        self.sampler = sampler
        self.init = init
        self.layer = layer
        self.device = device

    @property
    def _takes_parts(self):
        return self.sampler in ("kmeans++", "kcenter")

    def _check_parameters(self):
        check_choice(self, "sampler", tuple(_SAMPLERS))
        check_choice(self, "init", ("max_norm", "uniform"))

    def _query(self, pool, n, rng, info):
        generator = torch_generator(rng.bit_generator.seed_seq)
        chosen, g = _SAMPLERS[self.sampler](self, pool, n, generator)
        for name in ("n_passes", "n_rejections", "n_steps", "n_accepted"):
            if hasattr(chosen, name):
                info[name] = getattr(chosen, name)
        if getattr(chosen, "n_filled", 0):
            info.status = (
                f"{chosen.n_filled} of {n} filled in: no other row has a gradient "
                "that adds to those chosen"
            )
        info.mean_norm, info.gram_logdet = _diagnostics(g.z, g.a)
        return chosen.positions.numpy()

    def _factors(self, answers):
        proba = torch.as_tensor(answers.predict_proba, device=self._device())
        z = torch.as_tensor(answers.embed, device=self._device())
        dtype = torch.promote_types(proba.dtype, z.dtype)
        a = proba.to(dtype, copy=True)
        for block in blocks(len(a)):
            likeliest = a[block].argmax(dim=1, keepdim=True)
            a[block].scatter_add_(
                1, likeliest, -torch.ones_like(likeliest, dtype=dtype)
            )
        return z.to(dtype), a

    def _selection_memory(self, n_pool, n, widths):
        # The factor a, norms, blocks of rows, Gram matrices of the batch, and what the
        # sampler makes of each row.
        d, k = widths["embed"][0], widths["predict_proba"][0]
        blocks = 2 * min(n_pool, BLOCK) * (d + k) + 4 * n**2 + 2 * n * (d + k)
        shared = n_pool * (k + 3) + blocks
        if self.sampler == "kdpp" and d * k <= WIDEST:
            # As in the notes of `sample_kdpp`, and the decomposition's own copies.
            made = 2 * n_pool * n + BLOCK * d * k + 6 * (d * k) ** 2
        elif self.sampler in ("kdpp", "maxdet"):
            # Columns of the rows and of the queue's head; residuals and their floors.
            head = min(n_pool, WIDEST_HEAD)
            made = n_pool * (n + 3) + head * (2 * n + 2 * (d + k)) + 4 * BLOCK * n
        elif self.sampler == "kcenter":
            made = 8 * n_pool + min(n_pool, BLOCK) * min(n, BLOCK)
        else:
            made = 2 * 64 * BLOCK  # distances to 64 centres
        return 8 * (shared + made)


def _seeding_part(strategy, answers, start):
    return SeedingPart(*strategy._factors(answers), start)


def _covering_part(strategy, answers, start):
    return CoveringPart(*strategy._factors(answers), start)


def _sample_kmeans(strategy, pool, n, generator):
    parts = in_parts(strategy, pool, _seeding_part)
    chosen = seed(parts, n, init=strategy.init, generator=generator)
    return chosen, give(parts, chosen.positions)


def _farthest_first(strategy, pool, n, generator):
    parts = in_parts(strategy, pool, _covering_part)
    chosen = cover(parts, n)
    return chosen, give(parts, chosen.positions)


def _sample_determinant(strategy, pool, n, generator):
    z, a = strategy._factors(pool)
    is_narrow = z.shape[1] * a.shape[1] <= WIDEST
    sample = sample_kdpp if is_narrow else exchange_chain
    chosen = sample(z, n, a=a, generator=generator)
    return chosen, Rows(z, a).factors(chosen.positions.to(z.device))


def _largest_determinant(strategy, pool, n, generator):
    z, a = strategy._factors(pool)
    chosen = greedy_maxdet(z, n, a=a)
    return chosen, Rows(z, a).factors(chosen.positions.to(z.device))


_SAMPLERS = {
    "kmeans++": _sample_kmeans,
    "kdpp": _sample_determinant,
    "kcenter": _farthest_first,
    "maxdet": _largest_determinant,
}


def _diagnostics(z, a):
    """Give the mean norm of gradients, and the log-determinant of their Gram matrix."""
    z, a = z.double(), a.double()
    gram = (z @ z.T) * (a @ a.T)
    sign, logdet = np.linalg.slogdet(gram.cpu().numpy())
    return float(gram.diagonal().sqrt().mean()), float(logdet) if sign > 0 else -np.inf
