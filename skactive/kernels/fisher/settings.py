"""From arrays and options to a search: M₀, F and the weights."""

import math
from typing import NamedTuple

import torch

from skactive.kernels.fisher.checks import BLOCKS, SKETCH, SKETCH_LESS, check_dense
from skactive.kernels.fisher.dense import Dense
from skactive.kernels.fisher.factors import Softmax
from skactive.kernels.fisher.scalars import ScalarSearch
from skactive.kernels.fisher.search import MatrixSearch, Problem
from skactive.kernels.fisher.spaces import Sketch, Whole, strips


class Setting(NamedTuple):
    """
    The pool, the labelled rows, and how they are weighed.

    Parameters
    ----------
    z : torch.Tensor of shape (n, d)
        Embeddings of the pool.
    p : torch.Tensor of shape (n, K) or None
        Its probabilities.
    z_labeled : torch.Tensor of shape (n_labeled, d)
        Embeddings of the labelled rows.
    p_labeled : torch.Tensor of shape (n_labeled, K) or None
        Their probabilities.
    lam : float
        Factor of the identity in M.
    fisher_term : bool
        Whether F is the mean information, or the identity.
    prior_weight : float
        Factor of the labelled rows' summed information.
    weight : float
        Factor of a candidate's information.
    """

    z: torch.Tensor
    p: torch.Tensor | None
    z_labeled: torch.Tensor
    p_labeled: torch.Tensor | None
    lam: float
    fisher_term: bool
    prior_weight: float
    weight: float

    @property
    def n_seen(self):
        """
        Rows that F is the mean over.

        Returns
        -------
        int
            Labelled and unlabelled ones.
        """
        return len(self.z) + len(self.z_labeled)

    @classmethod
    def of(cls, z, p, z_labeled, p_labeled, lam, fisher_term, *, scaling, n):
        """
        Fill in what was left out.

        Parameters
        ----------
        z : torch.Tensor of shape (n, d)
            Embeddings of the pool.
        p : torch.Tensor of shape (n, K) or None
            Its probabilities.
        z_labeled : torch.Tensor of shape (n_labeled, d) or None
            Embeddings of the labelled rows, if any.
        p_labeled : torch.Tensor of shape (n_labeled, K) or None
            Their probabilities.
        lam : float
            Factor of the identity in M.
        fisher_term : bool
            Whether F is the mean information, or the identity.
        scaling : str
            Name of the scaling.
        n : int
            Size of the batch.

        Returns
        -------
        Setting
            The whole.
        """
        z_labeled = z[:0] if z_labeled is None else z_labeled
        if p is not None and p_labeled is None:
            p_labeled = p[:0]
        prior_weight, weight = _weights(scaling, len(z_labeled), n)
        return cls(z, p, z_labeled, p_labeled, lam, fisher_term, prior_weight, weight)


def scalar_search(setting, approximation, width, refresh, generator):
    """
    Prepare the search where information has rank one, in one block or more.

    Parameters
    ----------
    setting : Setting
        The pool and the labelled rows.
    approximation : {None, "sketch", "block"}
        What stands for the gradient space.
    width : int or None
        Dimensions of the sketch.
    refresh : int
        Steps after which everything is computed anew.
    generator : torch.Generator
        Draws the sketch.

    Returns
    -------
    ScalarSearch
        Ready to go forward.
    """
    z, d = setting.z, setting.z.shape[1]
    roots = _roots(setting.p, z, approximation)
    roots_labeled = _roots(setting.p_labeled, setting.z_labeled, approximation)
    axes = None
    if approximation == "sketch":
        axes = torch.randn(width, d, dtype=torch.float64, generator=generator)
        axes = axes.to(z.device) / math.sqrt(width)
    dim = d if axes is None else width
    check_dense(dim, len(roots), z.device, SKETCH if axes is None else SKETCH_LESS)
    labeled = _grams(setting.z_labeled, roots_labeled, axes)
    eye = torch.eye(dim, dtype=torch.float64, device=z.device).expand_as(labeled)
    fisher = eye
    if setting.fisher_term:
        fisher = (_grams(z, roots, axes) + labeled) / setting.n_seen
    prior = setting.lam * eye + setting.prior_weight * labeled
    roots = roots * math.sqrt(setting.weight)
    return ScalarSearch(z, roots, prior, fisher, axes, refresh)


def _roots(p, z, approximation):
    """Give the square roots of the weights of z zᵀ, a row for each block."""
    if p is None:
        return z.new_ones(1, len(z))
    p = p.T.to(z.dtype)
    # 1 − p from the other columns: near certainty, the difference would lose digits.
    rest = p.sum(dim=0) - p
    if approximation == "block":
        return (p * rest.clamp(min=0)).sqrt()
    return (2 * p[:1] * p[1:]).sqrt()


def _grams(z, roots, axes):
    """Sum root² z zᵀ for each block, in float64."""
    blocks = len(roots)
    dim = z.shape[1] if axes is None else len(axes)
    out = torch.zeros(blocks, dim, dim, dtype=torch.float64, device=z.device)
    for at in strips(len(z), dim):
        rows = z[at].double()
        rows = rows if axes is None else rows @ axes.T
        for block in range(blocks):
            out[block] += rows.T @ (rows * roots[block, at].double().square()[:, None])
    return out


def matrix_search(setting, rank, width, refresh, generator, memory):
    """
    Prepare the search of classification, over small matrices.

    Parameters
    ----------
    setting : Setting
        The pool and the labelled rows.
    rank : int or None
        Columns kept.
    width : int or None
        Dimensions of a sketch; None is exact.
    refresh : int
        Steps after which everything is computed anew.
    generator : torch.Generator
        Draws the sketch.
    memory : float
        Bytes that the small matrices may take.

    Returns
    -------
    MatrixSearch
        Ready to go forward.
    """
    z, (n_classes, d) = setting.z, (setting.p.shape[1], setting.z.shape[1])
    dim = (n_classes - 1) * d if width is None else width
    check_dense(dim, 1, z.device, BLOCKS if width is None else SKETCH_LESS)
    if width is None:
        space = Whole(n_classes, d, z.device)
    else:
        space = Sketch(n_classes, d, z.device, width, generator)
    factor = Softmax(setting.p, rank)
    labeled = space.information(Softmax(setting.p_labeled, rank), setting.z_labeled)
    fisher = None
    if setting.fisher_term:
        fisher = (space.information(factor, z) + labeled) / setting.n_seen
    prior = setting.prior_weight * labeled
    prior.diagonal().add_(setting.lam)
    problem = Problem(z, factor, space, math.sqrt(setting.weight))
    return MatrixSearch(problem, Dense(prior, fisher), refresh, memory)


def _weights(scaling, n_labeled, n):
    """Give the factors of Σ_S I and of a candidate's information."""
    mean = 1 / max(n_labeled, 1)
    if scaling == "authors":
        return 1 / (n_labeled + n), n / (n_labeled + n)
    return (mean if scaling == "paper" else 1.0), 1.0
