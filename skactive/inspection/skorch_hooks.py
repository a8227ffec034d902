"""Looking into a net while it predicts: hooks that are gone afterwards."""

import threading
from collections import defaultdict
from contextlib import closing, contextmanager

import torch

from skactive.inspection.skorch_nets import eager, reading
from skactive.utils.random import isolated_torch
from skactive.utils.validation import num_rows

# Torch numbers its hooks without a lock: two threads might get the same number.
_registering = threading.Lock()


@contextmanager
def hooked(modules, note):
    """
    Watch the calls of modules inside this block, in this thread.

    Parameters
    ----------
    modules : dict of str to nn.Module
        What to watch.
    note : callable
        Called with (name, input, output), where input is the first tensor that the
        module was called with; what it returns, unless None, takes the place of the
        output.

    Yields
    ------
    None
        Nothing; no hook is left at the end (it would break pickling).
    """
    thread = threading.get_ident()

    def hook_for(name):
        def hook(module, args, *rest):
            # Another thread may meet a hook half registered, without kwargs.
            if threading.get_ident() != thread:
                return None
            kwargs, output = rest
            return note(name, next(iter((*args, *kwargs.values())), None), output)

        return hook

    handles = []
    try:
        for name, module in modules.items():
            with _registering:
                handle = module.register_forward_hook(hook_for(name), with_kwargs=True)
            handles.append(handle)
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def starting(module, begin):
    """
    Tell of each forward pass of a module before it begins, in this thread.

    Parameters
    ----------
    module : nn.Module
        What to watch.
    begin : callable
        Called with the number of rows of the mini-batch.

    Yields
    ------
    None
        Nothing; no hook is left at the end.
    """
    thread = threading.get_ident()

    def hook(module, args, *rest):
        if threading.get_ident() == thread:
            tensors = (*args, *rest[0].values())
            begin(next((len(x) for x in tensors if isinstance(x, torch.Tensor)), 1))

    with _registering:
        handle = module.register_forward_pre_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def passes(net, X, watched):
    """
    Let a net predict, and watch some of its modules.

    Parameters
    ----------
    net : skorch.NeuralNet
        Initialised.
    X : array-like of shape (n_samples, ...)
        Rows as the net reads them.
    watched : dict of str to nn.Module
        What to watch.

    Yields
    ------
    output : torch.Tensor or tuple
        What the net gave for a mini-batch.
    calls : list of (str, int, torch.Tensor, object)
        For each call of a watched module, in order: its name, how often it was
        called before in this pass, copies of its input and of its output.
    """
    calls, counts = [], defaultdict(int)

    def note(name, inputs, output):
        calls.append((name, counts[name], _detached(inputs), _detached(output)))
        counts[name] += 1

    with isolated_torch(), eager(net), reading(net, X), hooked(watched, note):
        for output in net.forward_iter(X):
            yield output, list(calls)
            calls.clear()
            counts.clear()


def _detached(value):
    # A copy: a later layer may work in place.
    return value.detach().clone() if isinstance(value, torch.Tensor) else value


def rows_of(X, pieces, source):
    """
    Fill one array with the rows of all mini-batches, flattened.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        The rows asked about.
    pieces : generator of torch.Tensor
        One tensor for each mini-batch; closed at the end.
    source : str
        What gave them, to be named.

    Returns
    -------
    torch.Tensor of shape (n_samples, d), dtype float32 or float64
        One row for each of X, where the net is.
    """
    rows, filled = None, 0
    with closing(pieces):
        for piece in pieces:
            if not isinstance(piece, torch.Tensor) or not piece.ndim:
                raise ValueError(
                    f"{source} gives no tensor when the network predicts. Name another "
                    "with layer=."
                )
            piece = piece.detach().reshape(len(piece), -1)
            narrow = piece.dtype in (torch.float16, torch.bfloat16)
            piece = piece.float() if narrow else piece
            if rows is None:
                rows = piece.new_empty((num_rows(X), piece.shape[1]))
            part = rows[filled : filled + len(piece)]
            if part.shape != piece.shape:
                break
            part[:] = piece
            filled += len(piece)
    if rows is None or filled != len(rows) or part.shape != piece.shape:
        raise ValueError(
            f"{source} gives tensors of shape {tuple(piece.shape)} and the like, which "
            f"are not one row for each of the {num_rows(X)} rows of X. Name another "
            "with layer=."
        )
    return rows


def modules_of(net):
    """
    Name a net's modules as the user does; a compiled net's have a prefix.

    Parameters
    ----------
    net : skorch.NeuralNet
        Initialised.

    Returns
    -------
    dict of str to nn.Module
        All modules; the network itself under the empty name.
    """
    return {
        name.removeprefix("_orig_mod").removeprefix("."): module
        for name, module in net.module_.named_modules()
    }


def class_name(net):
    """
    Name the class of a net's module, compiled or not.

    Parameters
    ----------
    net : skorch.NeuralNet
        Initialised.

    Returns
    -------
    str
        The name.
    """
    module = net.module_
    return type(getattr(module, "_orig_mod", module)).__name__
