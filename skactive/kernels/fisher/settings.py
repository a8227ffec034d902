"""From arrays and options to a search: the plan of the parts, M₀ and F."""

import math
from typing import NamedTuple

import torch

from skactive.kernels.fisher.checks import BLOCKS, SKETCH, SKETCH_LESS, check_dense
from skactive.kernels.fisher.dense import Dense
from skactive.kernels.fisher.plans import MatrixPlan, ScalarPlan
from skactive.kernels.fisher.scalars import ScalarSearch
from skactive.kernels.fisher.search import MatrixSearch
from skactive.kernels.fisher.spaces import draw_axes


class Setting(NamedTuple):
    """
    The pool, the labelled rows, and how they are weighed.

    Parameters
    ----------
    pool : Whole or alike
        Parts that are `FisherPart`.
    z : torch.Tensor of shape (n_labeled, d)
        Embeddings of the labelled rows.
    p : torch.Tensor of shape (n_labeled, K) or None
        Their probabilities.
    dtype : torch.dtype
        Of P and R.
    lam : float
        Factor of the identity in M.
    fisher_term : bool
        Whether F is the mean information, or the identity.
    prior_weight : float
        Factor of the labelled rows' summed information.
    root : float
        Square root of the factor of a candidate's information.
    """

    pool: object
    z: torch.Tensor
    p: torch.Tensor | None
    dtype: torch.dtype
    lam: float
    fisher_term: bool
    prior_weight: float
    root: float

    @classmethod
    def of(cls, pool, none, z_labeled, p_labeled, lam, fisher_term, *, scaling, n):
        """
        Fill in what was left out.

        Parameters
        ----------
        pool : Whole or alike
            Parts that are `FisherPart`.
        none : tuple of torch.Tensor
            None of the pool's z and p, of `FisherPart.check`.
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
        dtype = torch.promote_types(none[0].dtype, torch.float32)
        z, p = (z_labeled, p_labeled) if z_labeled is not None else none
        prior_weight, weight = _weights(scaling, len(z), n)
        root = math.sqrt(weight)
        return cls(pool, z, p, dtype, lam, fisher_term, prior_weight, root)

    def matrices(self, plan, space=None):
        """
        Give what M and F are before the first pick.

        Parameters
        ----------
        plan : MatrixPlan or ScalarPlan
            The search, begun.
        space : Reduced, Sketch or None
            Makes matrices of the plan's sums; None where they are some.

        Returns
        -------
        prior : torch.Tensor of shape (..., dim, dim), float64
            M.
        fisher : torch.Tensor of shape (..., dim, dim) or None
            F; None is the identity.
        """
        labeled = _matrix(plan.sums(self.z, self.p), space)
        prior = self.prior_weight * labeled
        prior.diagonal(dim1=-2, dim2=-1).add_(self.lam)
        if not self.fisher_term:
            return prior, None
        fisher = _matrix(self.pool.total("information"), space).add_(labeled)
        return prior, fisher.div_(self.pool.n_rows + len(self.z))


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
    d, device = setting.z.shape[1], setting.z.device
    # Without classes there is one block.
    is_blocked, axes = approximation == "block" and setting.p is not None, None
    if approximation == "sketch":
        axes = draw_axes(width, (d,), generator).to(device)
    dim, way_out = (d, SKETCH) if axes is None else (width, SKETCH_LESS)
    n_blocks = setting.p.shape[1] if is_blocked else 1
    check_dense(dim, n_blocks, device, way_out, 0 if axes is None else d)
    plan = ScalarPlan(is_blocked, axes, setting.root)
    setting.pool.tell("begin", plan)
    prior, fisher = setting.matrices(plan)
    if fisher is None:
        fisher = torch.eye(dim, dtype=prior.dtype, device=device).expand_as(prior)
    return ScalarSearch(setting.pool, prior, fisher, axes, setting.dtype, refresh)


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
        Bytes that the small matrices of all rows may take.

    Returns
    -------
    MatrixSearch
        Ready to go forward.
    """
    pool, (n_classes, d) = setting.pool, (setting.p.shape[1], setting.z.shape[1])
    dim, way_out = (
        ((n_classes - 1) * d, BLOCKS) if width is None else (width, SKETCH_LESS)
    )
    lifted = 0 if width is None else n_classes * d
    check_dense(dim, 1, setting.z.device, way_out, lifted)
    axes = None if width is None else draw_axes(width, (n_classes, d), generator)
    plan = MatrixPlan(rank, axes, setting.root, memory / pool.n_rows)
    is_kept = all(pool.tell("begin", plan))
    space = plan.space(setting.z, setting.p)
    dense = Dense(*setting.matrices(plan, space))
    return MatrixSearch(pool, plan, space, dense, setting.dtype, refresh, is_kept)


def _matrix(sums, space):
    return sums.value() if space is None else space.matrix(sums.value())


def _weights(scaling, n_labeled, n):
    """Give the factors of Σ_S I and of a candidate's information."""
    mean = 1 / max(n_labeled, 1)
    if scaling == "authors":
        return 1 / (n_labeled + n), n / (n_labeled + n)
    return (mean if scaling == "paper" else 1.0), 1.0
