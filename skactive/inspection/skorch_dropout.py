"""
Monte-Carlo dropout: one mask a draw, shared by all rows.

The net stays in evaluation mode (batch-norm untouched); hooks on its dropout layers
apply masks from our own generator. A mask is shared by all rows, so a draw is one
network, and the answer depends neither on the mini-batch size nor on the order of the
rows (Kirsch et al. 2019, section 3.3).
"""

import warnings
from collections import defaultdict

import torch
from skorch import NeuralNet, NeuralNetBinaryClassifier, NeuralNetClassifier

from skactive.inspection.preparation import as_input
from skactive.inspection.questions import (
    DEFAULT_DRAWS,
    check_n_draws,
    predict_proba,
    sample_posterior,
    stack_draws,
)
from skactive.inspection.skorch_hooks import class_name, hooked, passes, starting
from skactive.inspection.skorch_nets import eager, reading
from skactive.utils.random import (
    draw_entropy,
    isolated_torch,
    seed_sequence,
    torch_generator,
)
from skactive.utils.validation import num_rows

_ELEMENTWISE = (torch.nn.Dropout, torch.nn.AlphaDropout)
_CHANNELWISE = (
    torch.nn.Dropout1d,
    torch.nn.Dropout2d,
    torch.nn.Dropout3d,
    torch.nn.FeatureAlphaDropout,
)
_ALPHA = (torch.nn.AlphaDropout, torch.nn.FeatureAlphaDropout)
# The negative saturation value of SELU, -scale * alpha (Klambauer et al. 2017).
_SELU_FLOOR = -1.7580993408473766


@sample_posterior.register(NeuralNet)
def _(net, X, n_draws=None, random_state=None):
    net.check_is_fitted()
    n_draws = check_n_draws(n_draws, DEFAULT_DRAWS)
    layers = {
        name: module
        for name, module in net.module_.named_modules()
        if isinstance(module, _ELEMENTWISE + _CHANNELWISE) and module.p > 0
    }
    if not layers:
        raise _no_disagreement(net)
    _warn_of_hidden(net)
    X = as_input(net, X)
    _check_rows_first(net, X, layers)
    entropy = draw_entropy(random_state)
    draws = (
        _draw_once(net, X, _Masks(layers, entropy, draw)) for draw in range(n_draws)
    )
    return stack_draws(draws, n_draws)


def _check_rows_first(net, X, layers):
    """Compare what the layers see of two rows and of three: only the first grows."""
    if num_rows(X) < 3:
        return
    two, three = (
        [
            (name, tuple(inputs.shape))
            for _, calls in passes(net, X[:n], layers)
            for name, _, inputs, _ in calls
        ]
        for n in (2, 3)
    )
    if len(two) != len(three):  # mini-batches of one row or two
        return
    for (name, before), (_, after) in zip(two, three, strict=True):
        if before[1:] != after[1:] or 3 * before[0] != 2 * after[0]:
            raise _rows_not_first(name, after, 3)


def _rows_not_first(name, shape, n_rows):
    return ValueError(
        f"The dropout layer {name!r} sees a tensor of shape {tuple(shape)} for a "
        f"mini-batch of {n_rows} rows. The rows must come first, so that they can "
        "share a mask: put the batch first in the module (batch_first=True)."
    )


def _draw_once(net, X, masks):
    watching = hooked(masks.layers, masks.apply)
    with isolated_torch(), eager(net), starting(net.module_, masks.begin), watching:
        prediction = _predict(net, X)
    if not masks.masks:
        raise _no_disagreement(net)
    return prediction


class _Masks:
    """The masks of one draw: one for each call of each layer and shape of a row."""

    def __init__(self, layers, entropy, draw):
        self.layers = layers
        self.places = {name: place for place, name in enumerate(layers)}
        self.key = (entropy, draw)
        self.masks = {}
        self.begin(1)

    def begin(self, n_rows):
        """Begin a forward pass: the next call of each layer is its first."""
        self.n_rows = n_rows
        self.calls = defaultdict(int)

    def apply(self, name, x, output):
        """Put what the layer would give under this draw's mask in place of output."""
        layer = self.layers[name]
        if len(x) % self.n_rows:
            raise _rows_not_first(name, x.shape, self.n_rows)
        shape = tuple(x.shape[1:])
        if isinstance(layer, _CHANNELWISE):
            shape = (*shape[:1], *(1 for _ in shape[1:]))
        key = (self.places[name], self.calls[name], shape)
        self.calls[name] += 1
        if key not in self.masks:
            self.masks[key] = self._draw(layer.p, *key).to(x.device)
        masked = _masked(x, self.masks[key], layer)
        return x.copy_(masked) if layer.inplace else masked

    def _draw(self, p, place, call, shape):
        entropy, draw = self.key
        generator = torch_generator(seed_sequence(entropy, draw, place, call))
        return torch.rand(shape, generator=generator) >= p


def _masked(x, mask, layer):
    keep = 1 - layer.p
    if keep == 0:
        return torch.zeros_like(x)
    if not isinstance(layer, _ALPHA):
        return x * (mask.to(x.dtype) / keep)
    scale = (keep + _SELU_FLOOR**2 * keep * (1 - keep)) ** -0.5
    shift = -scale * _SELU_FLOOR * (1 - keep)
    return torch.where(mask, x, _SELU_FLOOR) * scale + shift


def _predict(net, X):
    if isinstance(net, NeuralNetClassifier | NeuralNetBinaryClassifier):
        return predict_proba(net, X)
    with reading(net, X):
        prediction = net.predict(X)
    return prediction.reshape(len(prediction), -1)


def _hidden_dropout(net):
    """Name the modules with a dropout inside, which no hook can reach."""
    return [
        f"{name!r} ({type(module).__name__}, dropout={module.dropout:g})"
        for name, module in net.module_.named_modules()
        if isinstance(module, torch.nn.RNNBase | torch.nn.MultiheadAttention)
        and module.dropout > 0
        and getattr(module, "num_layers", 2) > 1  # one recurrent layer: none acts
    ]


def _warn_of_hidden(net):
    hidden = _hidden_dropout(net)
    if hidden:
        warnings.warn(
            f"The dropout inside {', '.join(hidden)} cannot share a mask among rows, "
            "so it is left out of the draws; the other dropout layers of "
            f"{class_name(net)} act. Set it to 0 and use dropout layers of their own, "
            "or filter this warning.",
            UserWarning,
            stacklevel=3,
        )


def _no_disagreement(net):
    hidden = _hidden_dropout(net)
    inside = (
        f" The dropout inside {', '.join(hidden)} cannot share a mask among rows, and "
        "does not count."
        if hidden
        else ""
    )
    return TypeError(
        f"{class_name(net)} has no dropout layer that acts when it predicts "
        "(torch.nn.Dropout, Dropout1d, 2d, 3d, AlphaDropout, FeatureAlphaDropout with "
        f"p > 0), so its posterior cannot be sampled.{inside} Add one (functional "
        "dropout cannot be seen); or ask for a Laplace approximation of its last layer "
        "with LastLayerLaplace(net, prior_precision=1.0); or use an ensemble, "
        "Committee([net] * 5) say."
    )
