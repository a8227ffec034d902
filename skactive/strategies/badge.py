"""Batches that are diverse and uncertain, by the gradients of the last layer."""

import numpy as np
import torch

from skactive.base import QueryStrategy
from skactive.kernels.covering import k_center_greedy
from skactive.kernels.determinant import (
    WIDEST,
    exchange_chain,
    greedy_maxdet,
    sample_kdpp,
)
from skactive.kernels.seeding import kmeans_plusplus
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
        Where the selection runs; None is the CPU.
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

    def _query(self, pool, n, rng, info):
        check_choice(self, "sampler", tuple(_SAMPLERS))
        check_choice(self, "init", ("max_norm", "uniform"))
        z, a = self._factors(pool)
        generator = torch_generator(rng.bit_generator.seed_seq)
        chosen = _SAMPLERS[self.sampler](self, z, a, n, generator)
        for name in ("n_passes", "n_rejections", "n_steps", "n_accepted"):
            if hasattr(chosen, name):
                info[name] = getattr(chosen, name)
        if getattr(chosen, "n_filled", 0):
            info.status = (
                f"{chosen.n_filled} of {n} filled in: no other row has a gradient "
                "that adds to those chosen"
            )
        at = chosen.positions.to(z.device)
        info.mean_norm, info.gram_logdet = _diagnostics(z[at], a[at])
        return chosen.positions.numpy()

    def _factors(self, pool):
        proba = torch.as_tensor(pool.predict_proba, device=self.device)
        z = torch.as_tensor(pool.embed, device=self.device)
        dtype = torch.promote_types(proba.dtype, z.dtype)
        a = proba.to(dtype, copy=True)
        rows = torch.arange(len(a), device=a.device)
        a[rows, a.argmax(dim=1)] -= 1
        return z.to(dtype), a


def _sample_kmeans(strategy, z, a, n, generator):
    return kmeans_plusplus(z, n, a=a, init=strategy.init, generator=generator)


def _sample_determinant(strategy, z, a, n, generator):
    is_narrow = z.shape[1] * a.shape[1] <= WIDEST
    sample = sample_kdpp if is_narrow else exchange_chain
    return sample(z, n, a=a, generator=generator)


def _farthest_first(strategy, z, a, n, generator):
    return k_center_greedy(z, n, a=a)


def _largest_determinant(strategy, z, a, n, generator):
    return greedy_maxdet(z, n, a=a)


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
