"""
Embeddings from skorch nets, and how the head is found.

The last ``nn.Linear`` in ``named_modules()`` is the wrong one for many networks (a
head defined first, an auxiliary head, a layer used twice). So the head is found by
value: the last-called linear layer whose output *is* the network's output, up to a
softmax.
"""

import numbers
from dataclasses import dataclass

import numpy as np
import torch
from skorch import NeuralNet

from skactive.inspection.devices import as_wanted
from skactive.inspection.preparation import as_input
from skactive.inspection.questions import embed
from skactive.inspection.skorch_hooks import class_name, modules_of, passes, rows_of
from skactive.inspection.skorch_nets import first_output
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
    if isinstance(layer, bool) or not isinstance(layer, str | numbers.Integral | None):
        raise TypeError(
            "The 'layer' parameter must be the name of a module, a position in the "
            f"module's output, 'output' or None. Got {layer!r} instead."
        )
    X = as_input(net, X)
    if not num_rows(X):
        raise ValueError("X has no rows (0 samples): there is nothing to embed.")
    if layer is None:
        rows = _of_head(net, X, find_head(net, X), inputs=True)
    elif layer == "output":
        rows = _before_softmax(net, X)
    elif isinstance(layer, str):
        rows = _output_of(net, X, layer)
    else:
        rows = _output_at(net, X, int(layer))
    return as_wanted(rows, net)


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
    found = _matching_calls(net, X)
    if not found:
        raise ValueError(
            f"No linear layer of {class_name(net)} gives the network's "
            "output (up to a softmax), so the input of its head cannot be found. Name "
            "what to use as the embedding with layer=: the name of a module (of "
            f"{_some_names(net)}), a position in the tuple that forward returns, or "
            "'output'."
        )
    if not _agree(found):
        names = ", ".join(repr(h.name) for h in found)
        raise ValueError(
            f"Several linear layers of {class_name(net)} give the network's "
            f"output from different inputs ({names}), so its head is ambiguous. Name "
            "the module whose output is the embedding with layer=."
        )
    return list(found)[-1]


def _matching_calls(net, X):
    """Find the calls that give the output in every mini-batch, with their inputs."""
    n = num_rows(X)
    rows = X[np.unique(np.linspace(0, n - 1, PROBE_ROWS).astype(int))]
    found = None
    for output, calls in passes(net, rows, _linear_layers(net)):
        matching = {
            Head(name, number): inputs
            for name, number, inputs, outputs in calls
            if inputs.ndim == 2 and _is_output(outputs, first_output(output))
        }
        if found is None:
            found = {head: [] for head in matching}
        found = {h: [*found[h], matching[h]] for h in found if h in matching}
    return found


def _agree(found):
    """Say whether all calls found had the same input, in every mini-batch."""
    first, *others = found.values()
    return all(all(map(torch.equal, first, other)) for other in others)


def _is_output(linear, output):
    """Say whether a linear layer's output is the network's, up to a softmax."""
    if not isinstance(output, torch.Tensor) or output.ndim == 0:
        return False
    if linear.numel() != output.numel() or len(linear) != len(output):
        return False
    linear, output = linear.cpu().double(), output.cpu().double().reshape(linear.shape)
    if torch.equal(linear, output):
        return True
    tiny = torch.finfo(torch.float32).tiny
    if linear.shape[1] > 1:
        log_linear = linear.log_softmax(dim=1)
    else:
        log_linear = torch.nn.functional.logsigmoid(linear)
    # Probabilities are compared as logarithms: saturated softmaxes all look alike.
    log_output = torch.where(output > tiny, output, tiny).log()
    return _close(log_linear, output) or _close(
        log_linear.clamp_min(np.log(tiny)), log_output
    )


def _close(a, b):
    return torch.allclose(a, b, rtol=1e-4, atol=1e-6 + 1e-5 * float(b.abs().max()))


def _linear_layers(net):
    return {
        name: module
        for name, module in modules_of(net).items()
        if isinstance(module, torch.nn.Linear)
    }


def _of_head(net, X, head, inputs):
    """Give what goes into (or comes out of) one call of one linear layer."""
    layer = {head.name: _linear_layers(net)[head.name]}
    return rows_of(
        X,
        (
            call[2 if inputs else 3]
            for _, calls in passes(net, X, layer)
            for call in calls
            if call[1] == head.call
        ),
        repr(head.name),
    )


def _output_of(net, X, name):
    modules = modules_of(net)
    if name not in modules or not name:
        raise ValueError(
            f"The 'layer' parameter names no module of {class_name(net)}. "
            f"Got layer={name!r}; there are {_some_names(net)}."
        )
    watched = passes(net, X, {name: modules[name]})
    pieces = (calls[-1][3] if calls else None for _, calls in watched)
    return rows_of(X, pieces, f"The module {name!r}")


def _output_at(net, X, position):
    def piece(output):
        size = len(output) if isinstance(output, tuple) else 0
        if not -size <= position < size:
            raise ValueError(
                f"layer={position} asks for a position in the tuple that "
                f"{class_name(net)}.forward returns, but it returns "
                f"{f'a tuple of {size}' if size else 'no tuple'}."
            )
        return output[position]

    pieces = (piece(output) for output, _ in passes(net, X, {}))
    return rows_of(X, pieces, f"Position {position} of the output")


def _before_softmax(net, X):
    found = _matching_calls(net, X)
    if found and _agree(found):
        return _of_head(net, X, list(found)[-1], inputs=False)
    # No one linear head: what the network returns is all there is.
    pieces = (first_output(output) for output, _ in passes(net, X, {}))
    output = rows_of(X, pieces, "The output")
    total = output.sum(dim=1)
    is_proba = (output >= 0).all() and torch.allclose(
        total, torch.ones_like(total), atol=1e-4
    )
    if output.shape[1] > 1 and is_proba:
        return output.clamp_min(torch.finfo(output.dtype).tiny).log()
    return output


def _some_names(net, most=12):
    names = [repr(name) for name in modules_of(net) if name]
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
