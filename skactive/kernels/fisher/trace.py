"""Trace search over Fisher information (BAIT), exact, forward and backward."""

import math
from dataclasses import dataclass

import torch

from skactive.kernels.distances import Rows
from skactive.kernels.fisher.dense import Dense
from skactive.kernels.fisher.factors import Softmax
from skactive.kernels.fisher.memory import check_dense
from skactive.kernels.fisher.scalars import ScalarSearch
from skactive.kernels.fisher.search import MatrixSearch, Problem
from skactive.kernels.fisher.spaces import Sketch, Whole, strips
from skactive.kernels.shared import fill_uniformly, given_or_fresh

SCALINGS = ("paper", "authors", "sum")
APPROXIMATIONS = (None, "sketch", "block")


@dataclass(frozen=True)
class TraceSearch:
    """
    What a trace search chose, and how.

    Parameters
    ----------
    positions : torch.Tensor of shape (n,), int64, on the CPU
        Distinct positions: what was added and not removed, in the order added.
    forward, gains : torch.Tensor of shape (n_forward,)
        Positions in the order added; by how much each lowered the trace (float64).
    removed, costs : torch.Tensor of shape (n_backward,)
        Positions in the order removed; by how much each raised the trace (float64).
    objective : torch.Tensor of shape (1 + n_forward + n_backward,), float64
        tr(M⁻¹ F) before the first and after each of the steps.
    n_filled : int
        How many of the last positions were drawn uniformly, because no row left could
        lower the trace.
    n_refreshes : int
        How often P and R were computed anew from M.
    recomputed : bool
        True where P and R did not fit in `memory` and were computed anew at each step.
    """

    positions: torch.Tensor
    forward: torch.Tensor
    gains: torch.Tensor
    removed: torch.Tensor
    costs: torch.Tensor
    objective: torch.Tensor
    n_filled: int
    n_refreshes: int
    recomputed: bool


def trace_search(
    z,
    n,
    *,
    p=None,
    z_labeled=None,
    p_labeled=None,
    lam=1.0,
    oversample=2,
    fisher_term=True,
    rank=None,
    scaling="paper",
    approximation=None,
    width=None,
    refresh=64,
    memory=math.inf,
    generator=None,
):
    """
    Choose n rows whose Fisher information brings tr(M⁻¹ F) down.

    Forward, `oversample` × n rows are added, one at a time, each the one that lowers
    the trace most; backward, rows are taken out again, each the one that raises it
    least, until n are left.

    Parameters
    ----------
    z : torch.Tensor of shape (n_rows, d), float32 or float64
        Embeddings.
    n : int
        How many rows to choose, 1 <= n <= n_rows.
    p : torch.Tensor of shape (n_rows, K) or None, default=None
        Probabilities, of classification; None is regression with squared loss, where a
        row's information is z zᵀ.
    z_labeled : torch.Tensor of shape (n_labeled, d) or None, default=None
        Embeddings of the labelled rows; None where nothing is labelled.
    p_labeled : torch.Tensor of shape (n_labeled, K) or None, default=None
        Their probabilities.
    lam : float, default=1.0
        λ > 0 of M₀ = λ Id + the information of the labelled rows.
    oversample : float, default=2
        Rows added for each that is left, >= 1; 1 is the forward search alone.
    fisher_term : bool, default=True
        False replaces F by the identity (Sourati et al. 2018).
    rank : int or None, default=None
        Estimate the information by its `rank` columns √p_c (e_c − p) of largest norm.
    scaling : {"paper", "authors", "sum"}, default="paper"
        "paper": M₀ holds the labelled rows' mean, a candidate counts whole (Algorithm
        1). "authors": mean × s/(s + n) and weight n/(s + n), s = n_labeled (the
        published code). "sum": the labelled rows' sum, a candidate counts whole.
    approximation : {None, "sketch", "block"}, default=None
        None is exact. "sketch" works in a Gaussian sketch of the gradient space of
        `width` dimensions, "block" on one d × d block for each class.
    width : int or None, default=None
        Dimensions of the sketch.
    refresh : int, default=64
        Steps after which everything is computed anew from M, against rounding.
    memory : float, default=inf
        Bytes that the small matrices P and R of all rows may take; beyond, they are
        computed anew at each step, in strips.
    generator : torch.Generator or None, default=None
        On the CPU; draws the sketch and what is filled up.

    Returns
    -------
    TraceSearch
        The positions, and how they came about.

    Raises
    ------
    ValueError
        The arguments are out of range or do not fit together, or M is not positive
        definite in float64.
    MemoryError
        The dense float64 matrices do not fit; it names what they need and the
        approximations.

    Notes
    -----
    Ash et al. 2021, Algorithm 1: F is the mean information of labelled and unlabelled
    rows. Ties go to the smallest position. Exact: classification keeps, for each row,
    P = Vᵀ M⁻¹ V and R = Vᵀ M⁻¹ F M⁻¹ V and updates them, at n_rows d K² flops a step
    and n_rows K (K + 1) numbers of memory; regression and binary models need one number
    each, and some steps a pass over the pool. The dense matrices take 3 ((K − 1) d)²
    float64 numbers. Scores within 1e-4 (float32; 1e-9 in float64) of the best are
    compared again in float64.
    """
    sizes = _checked(z, n, p, z_labeled, p_labeled)
    _check_options(lam, oversample, rank, scaling, approximation, width, refresh, sizes)
    generator = given_or_fresh(generator)
    z_labeled = z[:0] if z_labeled is None else z_labeled
    if p is not None and p_labeled is None:
        p_labeled = p[:0]
    prior_weight, weight = _weights(scaling, len(z_labeled), n)
    setting = (z, p, z_labeled, p_labeled, lam, prior_weight, weight, fisher_term)
    n_classes = sizes[1]
    if approximation == "block" or n_classes <= 2:
        search = _scalar(setting, approximation, width, refresh, generator)
    else:
        search = _matrix(setting, approximation, width, refresh, generator, rank, memory)
    search.forward(min(math.ceil(oversample * n), len(z)))
    search.backward(n)
    picks = search.picks
    left = picks.left()
    filled = fill_uniformly(left, n, len(z), generator)
    return TraceSearch(
        positions=torch.tensor(left + filled),
        forward=torch.tensor(picks.forward, dtype=torch.int64),
        gains=torch.tensor(picks.gains, dtype=torch.float64),
        removed=torch.tensor(picks.removed, dtype=torch.int64),
        costs=torch.tensor(picks.costs, dtype=torch.float64),
        objective=torch.tensor(search.objective, dtype=torch.float64),
        n_filled=len(filled),
        n_refreshes=search.n_refreshes,
        recomputed=not search.is_kept,
    )


def _weights(scaling, n_labeled, n):
    """Give the factors of Σ_S I and of a candidate's information."""
    mean = 1 / max(n_labeled, 1)
    if scaling == "authors":
        return 1 / (n_labeled + n), n / (n_labeled + n)
    return (mean if scaling == "paper" else 1.0), 1.0


def _scalar(setting, approximation, width, refresh, generator):
    z, p, z_labeled, p_labeled, lam, prior_weight, weight, fisher_term = setting
    d = z.shape[1]
    roots, roots_labeled = (
        _roots(some, rows, approximation) for some, rows in ((p, z), (p_labeled, z_labeled))
    )
    axes = None
    if approximation == "sketch":
        axes = torch.randn(width, d, dtype=torch.float64, generator=generator)
        axes = axes.to(z.device) / math.sqrt(width)
    dim = d if axes is None else width
    check_dense(dim, len(roots), z.device, exact=approximation is None)
    labeled = _grams(z_labeled, roots_labeled, axes)
    eye = torch.eye(dim, dtype=torch.float64, device=z.device).expand_as(labeled)
    fisher = eye
    if fisher_term:
        fisher = (_grams(z, roots, axes) + labeled) / (len(z) + len(z_labeled))
    prior = lam * eye + prior_weight * labeled
    return ScalarSearch(z, roots * math.sqrt(weight), prior, fisher, axes, refresh)


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


def _matrix(setting, approximation, width, refresh, generator, rank, memory):
    z, p, z_labeled, p_labeled, lam, prior_weight, weight, fisher_term = setting
    n_classes, d = p.shape[1], z.shape[1]
    exact = approximation is None
    dim = (n_classes - 1) * d if exact else width
    check_dense(dim, 1, z.device, exact=exact)
    if exact:
        space = Whole(n_classes, d, z.device)
    else:
        space = Sketch(n_classes, d, z.device, width, generator)
    factor = Softmax(p.to(z.dtype), rank)
    labeled = space.information(Softmax(p_labeled.to(z.dtype), rank), z_labeled)
    fisher = None
    if fisher_term:
        fisher = (space.information(factor, z) + labeled) / (len(z) + len(z_labeled))
    prior = prior_weight * labeled
    prior.diagonal().add_(lam)
    problem = Problem(z, factor, space, math.sqrt(weight))
    return MatrixSearch(problem, Dense(prior, fisher), refresh, memory)


def _checked(z, n, p, z_labeled, p_labeled):
    """Check that the arrays fit together; give n_rows, K and d."""
    Rows(z, p)
    if not 1 <= n <= len(z):
        raise ValueError(f"n must lie in [1, {len(z)}], the number of rows. Got {n}.")
    if p is not None and p.shape[1] < 2:
        raise ValueError(
            f"p must have a column for each of at least two classes. Got {p.shape[1]}."
        )
    if (p is None) != (p_labeled is None) and z_labeled is not None:
        raise ValueError(
            "p and p_labeled go together: pass both in classification, none in "
            "regression."
        )
    if z_labeled is not None:
        Rows(z_labeled, p_labeled)
        for name, mine, other in (("z", z_labeled, z), ("p", p_labeled, p)):
            if mine is not None and mine.shape[1] != other.shape[1]:
                raise ValueError(
                    f"{name}_labeled must have the {other.shape[1]} columns of {name}. "
                    f"Got shape {tuple(mine.shape)}."
                )
    for name, some in (("p", p), ("p_labeled", p_labeled)):
        if some is not None and bool((some < 0).any()):
            raise ValueError(
                f"{name} must hold probabilities >= 0. Got {float(some.min()):.3g}."
            )
    return len(z), 1 if p is None else p.shape[1], z.shape[1]


def _check_options(lam, oversample, rank, scaling, approximation, width, refresh, sizes):
    n_classes = sizes[1]
    if not (lam > 0 and math.isfinite(lam)):
        raise ValueError(f"lam must be a finite number > 0. Got {lam}.")
    if not (oversample >= 1 and math.isfinite(oversample)):
        raise ValueError(f"oversample must be a finite number >= 1. Got {oversample}.")
    if scaling not in SCALINGS:
        raise ValueError(f"scaling must be one of {SCALINGS}. Got {scaling!r}.")
    if approximation not in APPROXIMATIONS:
        raise ValueError(
            f"approximation must be one of {APPROXIMATIONS}. Got {approximation!r}."
        )
    if (approximation == "sketch") != (width is not None):
        raise ValueError(
            "width is the number of dimensions of the sketch: give it with "
            f"approximation='sketch', and only then. Got width={width}, "
            f"approximation={approximation!r}."
        )
    if width is not None and width < 1:
        raise ValueError(f"width must be >= 1. Got {width}.")
    if refresh < 1:
        raise ValueError(f"refresh must be >= 1. Got {refresh}.")
    if rank is not None:
        if not 1 <= rank <= n_classes:
            raise ValueError(
                f"rank must lie in [1, {n_classes}], the number of classes. Got {rank}."
            )
        if approximation == "block":
            raise ValueError(
                "rank keeps columns over all classes, approximation='block' has one "
                "block for each class: choose one of them."
            )
