"""Fitting the model inside a strategy: seeded, cast, and warned about."""

import sys
import warnings

from sklearn.frozen import FrozenEstimator
from skorch import NeuralNet
from skorch.dataset import ValidSplit
from torch import nn

from skactive.exceptions import TrainSplitWarning, WarmStartWarning
from skactive.inspection.preparation import as_input, final_model
from skactive.inspection.seeding import isolated_random, seed_parameters
from skactive.inspection.skorch_nets import adapt_input
from skactive.utils.random import int_seed
from skactive.utils.validation import num_rows

_PACKAGE = f"{__name__.partition('.')[0]}."


def fit_model(model, X, y, seeds, **params):
    """
    Fit a model in place, with seeds for whatever in it has none.

    Parameters
    ----------
    model : estimator
        A fresh clone, or a frozen model, which stays as it is.
    X : array-like of shape (n_labeled, ...)
        Labelled rows. None at all are allowed for a net, which is then initialised
        only, and for a frozen model.
    y : ndarray of shape (n_labeled,) or (n_labeled, n_outputs)
        Targets as the model reads them.
    seeds : numpy.random.SeedSequence
        Seeds every ``random_state`` that is None, and torch inside ``fork_rng``.
    **params : dict
        Passed to the model's ``fit``.

    Returns
    -------
    estimator
        The same model, fitted.
    """
    seed_parameters(model, seeds)
    if not _is_frozen(model):
        adapt_input(model)
    with isolated_random(int_seed(seeds)):
        if num_rows(X) or isinstance(model, FrozenEstimator):
            return model.fit(as_input(model, X), y, **params)
        if isinstance(model, NeuralNet):
            return model.initialize()
    raise ValueError(
        f"X_labeled has no rows, and {type(model).__name__} cannot answer before it "
        "has seen labels. Give it at least one of each class; only a skorch net (then "
        "untrained) or a FrozenEstimator can start without."
    )


def warn_about_net(model):
    """
    Warn of two settings of a net that quietly spoil active learning.

    Parameters
    ----------
    model : estimator
        A clone of the estimator that the user gave.

    Warns
    -----
    WarmStartWarning
        The module is an instance, which skorch does not initialise again.
    TrainSplitWarning
        The net holds back a fifth of the labels, skorch's default.
    """
    net = final_model(model)
    # A clone is not initialised; what is, is frozen somewhere in there.
    if not isinstance(net, NeuralNet) or net.initialized_ or _is_frozen(model):
        return
    if isinstance(net.module, nn.Module):
        name = type(net.module).__name__
        warnings.warn(
            f"The net's module is an instance of {name}: skorch does not initialise it "
            "again, so every refit is a warm start from the weights it came with. To "
            f"train from scratch pass the class, module={name}, and its arguments as "
            "module__...; if the warm start is meant, filter WarmStartWarning.",
            WarmStartWarning,
            stacklevel=_user_level(),
        )
    split = net.train_split
    if isinstance(split, ValidSplit) and split.cv == 5:
        warnings.warn(
            "The net has skorch's default train_split, which holds back a fifth of "
            "the labels you paid for and fails with few per class. Pass "
            "train_split=None; if the split is meant, filter TrainSplitWarning.",
            TrainSplitWarning,
            stacklevel=_user_level(),
        )


def _is_frozen(model):
    while not isinstance(model, FrozenEstimator):
        steps = getattr(model, "steps", None)
        inner = steps[-1][1] if steps else getattr(model, "estimator", None)
        if inner is None or inner is model:
            return False
        model = inner
    return True


def _user_level():
    """Give the stack level of the first caller outside of this package."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
