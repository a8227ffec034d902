"""Where a model computes, and where its answers stay."""

from contextlib import contextmanager
from contextvars import ContextVar
from functools import singledispatch

import torch
from skorch import NeuralNet

from skactive.inspection.preparation import final_model
from skactive.inspection.questions import embed

CPU = torch.device("cpu")
NARROW = "mps", "xpu"
"""Kinds of devices of which some or all have no float64, in which kernels sum."""
_stays = ContextVar("stays", default=None)


@singledispatch
def home(model):
    """
    Say where a model computes.

    Parameters
    ----------
    model : estimator
        Fitted, the innermost one.

    Returns
    -------
    torch.device
        The CPU, for all but nets.
    """
    return CPU


def check_device(strategy):
    """
    Say where the kernels of a strategy run.

    Parameters
    ----------
    strategy : QueryStrategy
        Fitted. Its ``device`` is a device of torch, or None for that of the net.

    Returns
    -------
    torch.device
        The device; the CPU where the net's has no float64, in which kernels sum.
    """
    given = strategy.device
    if given is None:
        device = home(final_model(strategy.estimator_))
        return CPU if device.type in NARROW else device
    try:
        device = torch.device(given)
    except (TypeError, RuntimeError) as error:
        raise ValueError(
            f"The 'device' parameter of {type(strategy).__name__} must be a device of "
            "torch ('cpu', 'cuda', 'cuda:1'), or None for that of the net. Got "
            f"{given!r} instead."
        ) from error
    if device.type == "mps":
        raise ValueError(
            f"The 'device' parameter of {type(strategy).__name__} is {given!r}, which "
            "has no float64, in which kernels sum. Use 'cpu', or None."
        )
    n_cards = torch.cuda.device_count() if device.type == "cuda" else 1
    if (device.index or 0) >= n_cards and device.type == "cuda":
        raise ValueError(
            f"The 'device' parameter of {type(strategy).__name__} is {given!r}, but "
            f"torch sees {n_cards} CUDA devices here. Use 'cpu', or None for the "
            "device of the net."
        )
    return device


@contextmanager
def staying(estimator, device):
    """
    Have a net's embeddings stay where the net is, inside this block and thread.

    Parameters
    ----------
    estimator : estimator
        Fitted: a net, or a chain that ends in one; other models give arrays.
    device : torch.device
        Where they are wanted; the CPU takes arrays.

    Yields
    ------
    None
        Nothing.
    """
    model = final_model(estimator)
    is_wanted = device.type != "cpu" and home(model).type != "cpu"
    # Embeddings that somebody registered for nets of their own are made of arrays.
    is_wanted &= embed.dispatch(type(model)) is embed.dispatch(NeuralNet)
    # This net alone: a step of its pipeline may ask another, and reckon with arrays.
    token = _stays.set(model if is_wanted else None)
    try:
        yield
    finally:
        _stays.reset(token)


def as_wanted(rows, net):
    """
    Give a net's embeddings as they are wanted.

    Parameters
    ----------
    rows : torch.Tensor
        Where the net is.
    net : skorch.NeuralNet
        Whose they are.

    Returns
    -------
    ndarray or torch.Tensor
        An array, or the tensor inside `staying` with a model that ends in this net.
    """
    return rows if _stays.get() is net else rows.cpu().numpy()
