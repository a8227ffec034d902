"""
Embeddings from skorch nets, and how the head is found.

The last ``nn.Linear`` in ``named_modules()`` is the wrong one for many networks (a
head defined first, an auxiliary head, a layer used twice). So the head is found by
value: the last-called linear layer whose output *is* the network's output, up to a
softmax.
"""

import threading
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from skorch import NeuralNet

from skactive.inspection.preparation import as_input
from skactive.inspection.questions import embed
from skactive.inspection.skorch_nets import eager, first_output
from skactive.utils.random import isolated_torch
from skactive.utils.validation import num_rows

PROBE_ROWS = 8


@dataclass(frozen=True)
class Head:
    """
    One call of one linear layer.

    Parameters
    ----------
    name : str
        The name of the module.
    call : int
        Which of its calls within one forward pass, from 0.
    """

    name: str
    call: int


@embed.register(NeuralNet)
def _(net, X, layer=None):
    net.check_is_fitted()
    if isinstance(layer, bool) or not isinstance(layer, str | int | None):
        raise TypeError(
            "The 'layer' parameter must be the name of a module, a position in the "
            f"module's output, 'output' or None. Got {layer!r} instead."
        )
    X = as_input(net, X)
    if layer is None:
        return _inputs_of(net, X, find_head(net, X))
    if layer == "output":
        return _before_softmax(net, X)
    if isinstance(layer, int):
        return _output_at(net, X, layer)
    return _output_of(net, X, layer)


def find_head(net, X):
    """
    Find the last-called linear layer whose output is the network's output.

    Parameters
    ----------
    net : skorch.NeuralNet
        Initialised.
    X : array-like of shape (n_samples, ...)
        Rows as the net reads them; at most eight are looked at.

    Returns
    -------
    Head
        The layer and which of its calls.

    Raises
    ------
    ValueError
        No linear layer gives the output, or several do from different inputs.
    """
    n = num_rows(X)
    rows = X[np.unique(np.linspace(0, n - 1, PROBE_ROWS).astype(int))]
    found = None
    for output, calls in _passes(net, rows, _linear_layers(net)):
        matching = {
            Head(name, number): inputs
            for name, number, inputs, outputs in calls
            if inputs.ndim == 2 and _is_output(outputs, output)
        }
        # Every mini-batch must agree.
        found = (
            matching
            if found is None
            else {h: matching[h] for h in found if h in matching}
        )
    if not found:
        raise ValueError(
            f"No linear layer of {type(net.module_).__name__} gives the network's "
            "output (up to a softmax), so the input of its head cannot be found. Name "
            "what to use as the embedding with layer=: the name of a module (of "
            f"{_some_names(net)}), a position in the tuple that forward returns, or "
            "'output'."
        )
    *others, head = found
    if any(not torch.equal(found[other], found[head]) for other in others):
        names = ", ".join(repr(h.name) for h in found)
        raise ValueError(
            f"Several linear layers of {type(net.module_).__name__} give the network's "
            f"output from different inputs ({names}), so its head is ambiguous. Name "
            "the module whose output is the embedding with layer=."
        )
    return head


def _is_output(linear, output):
    """Say whether a linear layer's output is the network's, up to a softmax."""
    if linear.numel() != output.numel() or len(linear) != len(output):
        return False
    linear, output = linear.double(), output.double().reshape(linear.shape)
    tiny = torch.finfo(torch.float32).tiny
    # Probabilities are compared as logarithms: saturated softmaxes all look alike.
    log_output = torch.where(output > tiny, output, tiny).log()
    if linear.shape[1] > 1:
        log_linear = linear.log_softmax(dim=1)
    else:
        log_linear = torch.nn.functional.logsigmoid(linear)
    return (
        _close(linear, output)
        or _close(log_linear, output)
        or _close(log_linear.clamp_min(np.log(tiny)), log_output)
    )


def _close(a, b):
    return torch.allclose(a, b, rtol=1e-4, atol=1e-5 * max(1e-3, float(b.abs().max())))


def _linear_layers(net):
    return {
        name: module
        for name, module in net.module_.named_modules()
        if isinstance(module, torch.nn.Linear)
    }


def _passes(net, X, watched):
    """Yield, for each mini-batch, the output and the calls of the watched modules."""
    calls, counts = [], defaultdict(int)

    def note(name, inputs, output):
        calls.append((name, counts[name], _detached(inputs[0]), _detached(output)))
        counts[name] += 1

    with isolated_torch(), eager(net), hooked(watched, note):
        for output in net.forward_iter(X):
            yield first_output(output), list(calls)
            calls.clear()
            counts.clear()


@contextmanager
def hooked(modules, note):
    """
    Watch the calls of modules inside this block, in this thread.

    Parameters
    ----------
    modules : dict of str to nn.Module
        What to watch.
    note : callable
        Called with (name, inputs, output); what it returns, unless None, takes the
        place of the output.

    Yields
    ------
    None
        Nothing; no hook is left at the end (it would break pickling).
    """
    thread = threading.get_ident()

    def hook_for(name):
        def hook(module, inputs, output):
            if threading.get_ident() == thread:
                return note(name, inputs, output)
            return None

        return hook

    with ExitStack() as stack:
        for name, module in modules.items():
            handle = module.register_forward_hook(hook_for(name))
            stack.callback(handle.remove)
        yield


def _detached(value):
    # A copy: a later layer may work in place.
    return value.detach().clone() if isinstance(value, torch.Tensor) else value


def _inputs_of(net, X, head):
    layer = {head.name: _linear_layers(net)[head.name]}
    pieces = []
    for _, calls in _passes(net, X, layer):
        pieces += [inputs for _, number, inputs, _ in calls if number == head.call]
    return _rows(pieces)


def _output_of(net, X, name):
    modules = dict(net.module_.named_modules())
    if name not in modules or not name:
        raise ValueError(
            f"The 'layer' parameter names no module of {type(net.module_).__name__}. "
            f"Got layer={name!r}; there are {_some_names(net)}."
        )
    pieces = []
    for _, calls in _passes(net, X, {name: modules[name]}):
        if not calls or not isinstance(calls[-1][-1], torch.Tensor):
            raise ValueError(
                f"The module {name!r} gives no tensor when the network predicts. Name "
                "another with layer=."
            )
        pieces.append(calls[-1][-1])
    return _rows(pieces)


def _output_at(net, X, position):
    pieces = []
    with isolated_torch():
        for output in net.forward_iter(X):
            size = len(output) if isinstance(output, tuple) else 0
            if not -size <= position < size:
                raise ValueError(
                    f"layer={position} asks for a position in the tuple that "
                    f"{type(net.module_).__name__}.forward returns, but it returns "
                    f"{f'a tuple of {size}' if size else 'no tuple'}."
                )
            pieces.append(output[position].detach())
    return _rows(pieces)


def _before_softmax(net, X):
    try:
        head = find_head(net, X)
    except ValueError:  # no linear head: what the network returns is all there is
        head = None
    if head is not None:
        layer = {head.name: _linear_layers(net)[head.name]}
        passes = _passes(net, X, layer)
        return _rows(
            [out for _, calls in passes for _, i, _, out in calls if i == head.call]
        )
    output = _rows([output.detach() for output, _ in _passes(net, X, {})])
    is_proba = (output >= 0).all() and np.allclose(output.sum(axis=1), 1, atol=1e-4)
    if output.shape[1] > 1 and is_proba:
        return np.log(np.maximum(output, np.finfo(output.dtype).tiny))
    return output


def _rows(pieces):
    rows = torch.cat(
        [
            piece.flatten(start_dim=1) if piece.ndim > 1 else piece[:, None]
            for piece in pieces
        ]
    )
    rows = rows.float() if rows.dtype in (torch.float16, torch.bfloat16) else rows
    return rows.cpu().numpy()


def _some_names(net, most=12):
    names = [repr(name) for name, _ in net.module_.named_modules() if name]
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
