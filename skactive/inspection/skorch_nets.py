"""skorch nets: their input, their targets, their probabilities."""

import threading
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

from skactive.inspection.devices import CPU, home
from skactive.inspection.preparation import (
    ColumnCoding,
    as_input,
    code_targets,
    final_model,
    label_coding,
)
from skactive.inspection.questions import check_probabilities, predict_proba
from skactive.inspection.seeding import isolated_random
from skactive.utils.containers import is_dataframe
from skactive.utils.random import isolated_torch
from skactive.utils.validation import num_rows


@as_input.register(NeuralNet)
def _(net, X):
    return _cast_rows(X, floating_dtype(net))


@home.register(NeuralNet)
def _(net):
    # Of the last weights: what comes out of a net in several places is there.
    weights = list(net.module_.parameters()) if net.initialized_ else ()
    return weights[-1].device if weights else CPU


def _cast_rows(X, dtype):
    """Bring rows to one floating dtype; what is no floats stays as it is."""
    if isinstance(X, torch.Tensor):
        kind = torch.from_numpy(np.empty(0, dtype=dtype)).dtype
        return X.to(kind) if X.is_floating_point() else X
    if is_dataframe(X):
        X = _frame_to_array(X, dtype)
    elif isinstance(X, list):
        X = np.asarray(X)
    if isinstance(X, np.ndarray) or sp.issparse(X):
        # Integers stay: they may be positions for an nn.Embedding.
        X = X.astype(dtype, copy=False) if X.dtype.kind == "f" else X
        is_shut = isinstance(X, np.ndarray) and not X.flags.writeable
        return X.copy() if is_shut else X  # torch warns of rows it cannot write
    return X


def _frame_to_array(X, dtype):
    array = X.to_numpy()
    if array.dtype != object:
        return array
    try:  # columns of several kinds, booleans and floats say
        return array.astype(dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"X has columns that are no numbers, which a net cannot read: {error}. "
            "Encode them before the net, with a ColumnTransformer in a Pipeline."
        ) from error


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


class _CastingDataset:
    """
    A net's dataset that casts its rows first.

    Transformers before a net hand on float64 or data frames, which it cannot read.
    ``dataset`` is a parameter of the net, so clones made by a search, and their
    pickles, cast too.
    """

    def __init__(self, dataset, dtype):
        self.dataset = dataset
        self.dtype = dtype

    def __call__(self, X, y=None, **params):
        return self.dataset(_cast_rows(X, self.dtype), y, **params)


def adapt_input(model):
    """
    Have the nets inside a model cast whatever reaches them, from now on.

    Parameters
    ----------
    model : estimator
        Not fitted yet, and ours to change: a net, or anything around nets (a chain, a
        search, an ensemble). What is initialised is someone else's, and stays.
    """
    for net in (final_model(model), *model.get_params(deep=True).values()):
        is_fresh = isinstance(net, NeuralNet) and not net.initialized_
        if is_fresh and not isinstance(net.dataset, _CastingDataset):
            _adapt(net)


def _adapt(net):
    if callable(net.dataset):
        dtype = floating_dtype(_initialized(net))
        net.set_params(dataset=_CastingDataset(net.dataset, dtype))


_adapting = threading.Lock()
_adapted = {}


@contextmanager
def adapted_input(estimator):
    """
    Have the net inside an estimator cast whatever reaches it, inside this block.

    For frozen models, which must stay as they are; what ``adapt_input`` has prepared
    is left alone. The net's public ``get_dataset`` is where all its input passes.

    Parameters
    ----------
    estimator : estimator
        A net, or a chain that ends in one; all else is left alone.

    Yields
    ------
    None
        Nothing; the net is as before at the end of the last of such blocks (several
        threads may share one frozen net).
    """
    net = final_model(estimator)
    if not isinstance(net, NeuralNet) or isinstance(net.dataset, _CastingDataset):
        yield
        return
    with _adapting:
        is_users_own = id(net) not in _adapted and "get_dataset" in vars(net)
    if is_users_own:
        yield
        return
    with _adapting:
        _adapted[id(net)] = _adapted.get(id(net), 0) + 1
        vars(net)["get_dataset"] = partial(_dataset_of_cast, net)
    try:
        yield
    finally:
        with _adapting:
            _adapted[id(net)] -= 1
            if not _adapted[id(net)]:
                del _adapted[id(net)], vars(net)["get_dataset"]


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
    net.check_is_fitted()
    X = as_input(net, X)
    with isolated_torch(), reading(net, X):
        proba = net.predict_proba(X)
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
    net = net if net.initialized_ else _initialized(net)
    rows = as_input(net, X[:2] if num_rows(X) else _blank_row(X))
    with isolated_torch(seed=0), eager(net), reading(net, rows, always=True):
        output = first_output(next(net.forward_iter(rows)))
    return output, floating_dtype(net)


def _initialized(net):
    """Initialise a copy of a net, to look at."""
    with isolated_random(seed=0):
        return clone(net).set_params(verbose=0, compile=False).initialize()


@contextmanager
def reading(net, X, always=False):
    """
    Say in a sentence that a net cannot read rows, if it fails inside this block.

    Parameters
    ----------
    net : skorch.NeuralNet
        The net, to be named.
    X : array-like of shape (n_samples, ...)
        The rows it reads.
    always : bool, default=False
        Whether to say so for floats too, where the cause may be another.

    Yields
    ------
    None
        Nothing.
    """
    try:
        yield
    except (RuntimeError, IndexError, TypeError, ValueError) as error:
        shape, dtype = tuple(np.shape(X)[1:]), getattr(X, "dtype", type(X).__name__)
        if "float" in str(dtype) and not always:
            raise
        raise ValueError(
            f"The net's module {_name(net.module)} could not read rows of shape "
            f"{shape} and dtype {dtype}: {error}. Pass rows that the module takes (a "
            "linear layer takes floats: X.astype('float32'))."
        ) from error


def _blank_row(X):
    return np.zeros((1, *X.shape[1:]), dtype=getattr(X, "dtype", np.float32))


def _name(thing):
    return thing.__name__ if isinstance(thing, type) else type(thing).__name__
