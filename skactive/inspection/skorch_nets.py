"""skorch nets: their input, their targets, their probabilities."""

from contextlib import contextmanager
from functools import partial

import numpy as np
import scipy.sparse as sp
import torch
from sklearn.base import clone
from skorch import (
    NeuralNet,
    NeuralNetBinaryClassifier,
    NeuralNetClassifier,
    NeuralNetRegressor,
)

from skactive.inspection.preparation import (
    ColumnCoding,
    as_input,
    code_targets,
    final_model,
    label_coding,
)
from skactive.inspection.questions import check_probabilities, predict_proba
from skactive.utils.containers import is_dataframe
from skactive.utils.random import isolated_torch
from skactive.utils.validation import num_rows


@as_input.register(NeuralNet)
def _(net, X):
    if is_dataframe(X):
        X = X.to_numpy()
    if isinstance(X, np.ndarray) or sp.issparse(X):
        dtype = floating_dtype(net)
        # Integers stay: they may be positions for an nn.Embedding.
        return X.astype(dtype, copy=False) if X.dtype.kind == "f" else X
    return X


def floating_dtype(net):
    """
    Name the numpy dtype of a net's parameters.

    Parameters
    ----------
    net : skorch.NeuralNet
        Initialised or not.

    Returns
    -------
    numpy.dtype
        That of the first floating parameter; torch's default where there is none.
    """
    parameters = net.module_.parameters() if net.initialized_ else ()
    kinds = [p.dtype for p in parameters if p.is_floating_point()]
    kind = kinds[0] if kinds else torch.get_default_dtype()
    kind = torch.float32 if kind == torch.bfloat16 else kind  # numpy has no bfloat16
    return torch.empty(0, dtype=kind).numpy().dtype


@contextmanager
def adapted_input(estimator):
    """
    Have the net inside an estimator cast whatever reaches it, inside this block.

    Transformers before a net hand on float64 or data frames, which it cannot read.
    The net's public ``get_dataset`` is where all its input passes.

    Parameters
    ----------
    estimator : estimator
        A net, or a chain that ends in one; all else is left alone.

    Yields
    ------
    None
        Nothing; the net is as before at the end.
    """
    net = final_model(estimator)
    if not isinstance(net, NeuralNet) or "get_dataset" in vars(net):
        yield
        return
    vars(net)["get_dataset"] = partial(_dataset_of_cast, net)
    try:
        yield
    finally:
        vars(net).pop("get_dataset", None)


def _dataset_of_cast(net, X, y=None):
    return type(net).get_dataset(net, as_input(net, X), y)


@contextmanager
def eager(net):
    """
    Run a compiled net uncompiled, so that hooks on its layers act.

    Parameters
    ----------
    net : skorch.NeuralNet
        Initialised.

    Yields
    ------
    None
        Nothing.
    """
    if not net.compile:
        yield
        return
    if not hasattr(torch.compiler, "set_stance"):
        raise TypeError(
            "The net has compile=True, and this version of torch "
            f"({torch.__version__}) cannot look inside a compiled module. Use "
            "torch >= 2.6, or compile=False."
        )
    with torch.compiler.set_stance("force_eager"):
        yield


def first_output(output):
    """
    Give what skorch takes as the prediction.

    Parameters
    ----------
    output : torch.Tensor or tuple
        What the module returned.

    Returns
    -------
    torch.Tensor
        The first element of a tuple, or the tensor itself.
    """
    return output[0] if isinstance(output, tuple) else output


@predict_proba.register(NeuralNet)
def _(net, X):
    if not isinstance(net, NeuralNetClassifier | NeuralNetBinaryClassifier):
        return predict_proba.dispatch(object)(net, X)
    with isolated_torch():
        proba = net.predict_proba(as_input(net, X))
    return check_probabilities(
        proba,
        net,
        hint=f"The net has criterion={_name(net.criterion)} and predict_nonlinearity="
        f"{net.predict_nonlinearity!r}: skorch adds the softmax for CrossEntropyLoss "
        "and the sigmoid for BCEWithLogitsLoss only. Use one of these criteria with a "
        "module that returns logits, or set predict_nonlinearity.",
    )


@code_targets.register(NeuralNet)
def _(net, X, y, classes=None):
    return code_targets.dispatch(object)(net, X, y, classes)


@code_targets.register(NeuralNetClassifier)
def _(net, X, y, classes=None):
    output, _ = _probe(net, X)
    if output.ndim != 2:
        raise ValueError(
            f"The net's module gives an output of shape {tuple(output.shape)} for "
            f"{len(output)} rows; a classifier needs (n_samples, n_classes). Flatten "
            "it in the module."
        )
    return label_coding(y, output.shape[1], classes, np.int64, _name(net.module))


@code_targets.register(NeuralNetBinaryClassifier)
def _(net, X, y, classes=None):
    _, dtype = _probe(net, X)
    return label_coding(y, 2, classes, dtype, _name(net.module))


@code_targets.register(NeuralNetRegressor)
def _(net, X, y, classes=None):
    output, dtype = _probe(net, X)
    shape = tuple(output.shape[1:])
    if y.size != len(y) * int(np.prod(shape)):
        raise ValueError(
            f"The net's module gives an output of shape {shape} for a row, but y has "
            f"shape {y.shape}. Give the module as many outputs as y has columns."
        )
    return ColumnCoding(flat=y.ndim == 1, shape=shape, dtype=dtype)


def _probe(net, X):
    """Show a fresh (or a frozen) net two rows: its output, and its dtype."""
    with isolated_torch(seed=0):
        if not net.initialized_:
            net = clone(net).set_params(verbose=0).initialize()
        rows = as_input(net, X[:2] if num_rows(X) else _blank_row(X))
        try:
            output = first_output(next(net.forward_iter(rows)))
        except (RuntimeError, IndexError) as error:
            raise ValueError(
                f"The net's module {_name(net.module)} could not read rows of shape "
                f"{tuple(rows.shape[1:])} and dtype {rows.dtype}: {error}. Pass rows "
                "that the module takes (a linear layer takes floats: "
                "X.astype('float32'))."
            ) from error
    return output, floating_dtype(net)


def _blank_row(X):
    return np.zeros((1, *X.shape[1:]), dtype=getattr(X, "dtype", np.float32))


def _name(thing):
    return thing.__name__ if isinstance(thing, type) else type(thing).__name__
