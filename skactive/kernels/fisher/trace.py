"""Trace search over Fisher information (BAIT), exact, forward and backward."""

import math
from dataclasses import dataclass

import torch

from skactive.kernels.fisher.checks import check_count, check_labeled, check_lam
from skactive.kernels.fisher.part import FisherPart
from skactive.kernels.fisher.settings import Setting, matrix_search, scalar_search
from skactive.kernels.parts import Whole
from skactive.kernels.precision import full_precision
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
        The trace tr(M⁻¹ F) before the first and after each of the steps.
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


@full_precision()
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
    refresh=256,
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
    z : torch.Tensor of shape (n_rows, d), float16, float32 or float64
        Embeddings. Half precision is for keeping: numbers are read, in strips, as
        float32.
    n : int
        How many rows to choose, 1 <= n <= n_rows.
    p : torch.Tensor of shape (n_rows, K) or None, default=None
        Probabilities, of classification, in the dtype of z; None is regression with
        squared loss, where a row's information is z zᵀ.
    z_labeled : torch.Tensor of shape (n_labeled, d) or None, default=None
        Embeddings of the labelled rows; None where nothing is labelled.
    p_labeled : torch.Tensor of shape (n_labeled, K) or None, default=None
        Their probabilities.
    lam : float, default=1.0
        The λ > 0 of M₀ = λ Id + the information of the labelled rows.
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
    refresh : int, default=256
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
    each, and some steps a pass over the pool. The dense matrices take up to
    14 ((K − 1) d)² float64 numbers. Scores within 1e-4 (float32; 1e-9 in float64) of
    the best are compared again in float64.
    """
    return trace_search_parts(
        Whole(FisherPart(z, p)),
        n,
        z_labeled=z_labeled,
        p_labeled=p_labeled,
        lam=lam,
        oversample=oversample,
        fisher_term=fisher_term,
        rank=rank,
        scaling=scaling,
        approximation=approximation,
        width=width,
        refresh=refresh,
        memory=memory,
        generator=generator,
    )


@full_precision()
def trace_search_parts(
    pool,
    n,
    *,
    z_labeled=None,
    p_labeled=None,
    lam=1.0,
    oversample=2,
    fisher_term=True,
    rank=None,
    scaling="paper",
    approximation=None,
    width=None,
    refresh=256,
    memory=math.inf,
    generator=None,
):
    """
    Choose n rows of a pool in parts, as `trace_search` does.

    Parameters
    ----------
    pool : Whole or alike
        Parts that are `FisherPart`.
    n : int
        How many rows to choose, 1 <= n <= n_rows.
    z_labeled : torch.Tensor of shape (n_labeled, d) or None, default=None
        Embeddings of the labelled rows; None where nothing is labelled.
    p_labeled : torch.Tensor of shape (n_labeled, K) or None, default=None
        Their probabilities.
    lam : float, default=1.0
        The λ > 0 of M₀ = λ Id + the information of the labelled rows.
    oversample : float, default=2
        Rows added for each that is left, >= 1; 1 is the forward search alone.
    fisher_term : bool, default=True
        False replaces F by the identity.
    rank : int or None, default=None
        Columns kept of a row's information.
    scaling : {"paper", "authors", "sum"}, default="paper"
        How labelled rows weigh against a candidate.
    approximation : {None, "sketch", "block"}, default=None
        What stands for the gradient space; None is exact.
    width : int or None, default=None
        Dimensions of the sketch.
    refresh : int, default=256
        Steps after which everything is computed anew from M.
    memory : float, default=inf
        Bytes that P and R of all rows may take; each part has its share.
    generator : torch.Generator or None, default=None
        On the CPU; draws the sketch and what is filled up.

    Returns
    -------
    TraceSearch
        The same as of `trace_search`, however many parts there are.

    Raises
    ------
    ValueError
        As of `trace_search`.
    MemoryError
        As of `trace_search`.

    Notes
    -----
    In classification a step is one round (two, where P and R are
    computed anew): 2 (K − 1) numbers for each dimension go out,
    and the few rows come back that are near-equal to the part's best. Else up to 16
    steps are two rounds: 2 d numbers a step go out, and the scores of some 4,096 rows
    come back from each part; then the 4,096 best of these rows. The backward search
    asks nothing of the pool. The dense matrices lie with the caller; M⁻¹ goes out,
    twice its size, where P and R are computed anew.
    """
    none = pool.ask("check")[0]
    check_labeled(*none, z_labeled, p_labeled)
    check_count(n, pool.n_rows)
    n_classes = 1 if none[1] is None else none[1].shape[1]
    _check_options(
        lam, oversample, rank, scaling, approximation, width, refresh, n_classes
    )
    generator = given_or_fresh(generator)
    setting = Setting.of(
        pool, none, z_labeled, p_labeled, lam, fisher_term, scaling=scaling, n=n
    )
    if approximation == "block" or n_classes <= 2:
        search = scalar_search(setting, approximation, width, refresh, generator)
    else:
        search = matrix_search(setting, rank, width, refresh, generator, memory)
    search.forward(min(math.ceil(oversample * n), pool.n_rows))
    search.backward(n)
    picks = search.picks
    left = picks.left()
    filled = fill_uniformly(left, n, pool.n_rows, generator)
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


def _check_options(
    lam, oversample, rank, scaling, approximation, width, refresh, n_classes
):
    check_lam(lam)
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
