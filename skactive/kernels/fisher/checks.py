"""What a search refuses: arrays that do not fit together, or into memory."""

import math
import os

import torch

from skactive.kernels.distances import Rows
from skactive.kernels.fisher.memory import dense_bytes

SKETCH = (
    "use approximation='sketch' (a width of some thousands; BAIT's sketch_width), or a "
    "narrower layer"
)
BLOCKS = f"{SKETCH}, or approximation='block' (one block for each class)"
SKETCH_LESS = "use a smaller width"
NARROW = "use a narrower layer"


def check_dense(dim, blocks, device, way_out, lifted=0):
    """
    Refuse dense matrices that do not fit.

    Parameters
    ----------
    dim : int
        Their rows.
    blocks : int
        How many there are of each.
    device : torch.device
        Where they would lie.
    way_out : str
        What would need less.
    lifted : int, default=0
        As of `dense_bytes`.

    Raises
    ------
    MemoryError
        They would take more than all memory there is.
    """
    needed = dense_bytes(dim, blocks, lifted)
    there = _memory(device)
    if needed > there:
        raise MemoryError(
            f"The search needs {blocks} x {dim} x {dim} matrices in float64, "
            f"{needed / 1e9:.1f} GB in all, more than the {there / 1e9:.1f} GB of "
            f"memory: {way_out}."
        )


def _memory(device):
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[1]
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_lam(lam):
    """
    Refuse a λ that does not make M positive definite.

    Parameters
    ----------
    lam : float
        The λ.
    """
    if not (lam > 0 and math.isfinite(lam)):
        raise ValueError(f"lam must be a finite number > 0. Got {lam}.")


def check_score(best, dtype):
    """
    Refuse scores that are not finite.

    Parameters
    ----------
    best : float
        The largest.
    dtype : torch.dtype
        What they were computed in.
    """
    if not math.isfinite(best):
        raise ValueError(
            f"The scores of rows overflow {dtype}: embeddings in the pool are too long "
            "beside the labelled ones. Scale the features."
        )


def check_count(n, n_rows):
    """
    Refuse a batch that the pool does not have.

    Parameters
    ----------
    n : int
        How many rows to choose.
    n_rows : int
        How many there are.
    """
    if not 1 <= n <= n_rows:
        raise ValueError(f"n must lie in [1, {n_rows}], the number of rows. Got {n}.")


def check_rows(z, p):
    """
    Refuse rows of a pool that have no information.

    Parameters
    ----------
    z : torch.Tensor of shape (m, d)
        Embeddings.
    p : torch.Tensor of shape (m, K) or None
        Probabilities.
    """
    Rows(z, p)
    if p is not None and p.shape[1] < 2:
        raise ValueError(
            f"p must have a column for each of at least two classes. Got {p.shape[1]}."
        )
    _check_probabilities("p", p)


def check_labeled(z, p, z_labeled, p_labeled):
    """
    Refuse labelled rows that do not go with the pool.

    Parameters
    ----------
    z : torch.Tensor of shape (m, d)
        Embeddings of rows of the pool.
    p : torch.Tensor of shape (m, K) or None
        Their probabilities.
    z_labeled : torch.Tensor of shape (n_labeled, d) or None
        Embeddings of the labelled rows.
    p_labeled : torch.Tensor of shape (n_labeled, K) or None
        Their probabilities.
    """
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
    _check_probabilities("p_labeled", p_labeled)


def _check_probabilities(name, p):
    if p is not None and p.numel() and float(p.min()) < 0:
        raise ValueError(
            f"{name} must hold probabilities >= 0. Got {float(p.min()):.3g}."
        )
