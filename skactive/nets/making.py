"""Networks by name, ready to train as the papers do."""

import inspect
import math
import numbers

import numpy as np
import torch
from skorch.callbacks import EarlyStopping
from skorch.dataset import Dataset
from skorch.helper import predefined_split

from skactive.nets.adam import Adam
from skactive.nets.bayesian_cnn import BayesianCNN
from skactive.nets.mlp import MLP
from skactive.nets.nin import NetworkInNetwork
from skactive.nets.resnet import ResNet18
from skactive.nets.seeded import SeededClassifier
from skactive.nets.stopping import StopAtAccuracy
from skactive.nets.training import BatchLoader, FixedLengthLoader
from skactive.nets.vgg import VGG

_PATIENCE = 3
# The class, its parameters under this name, the learning rate (None: by the rows).
_NETS = {
    "mlp": (MLP, {}, None),
    "bayesian_cnn": (BayesianCNN, {}, 1e-3),
    "bayesian_cnn_emnist": (
        BayesianCNN,
        {"filters": (32, 64, 128), "kernel_size": 3, "hidden": 512},
        1e-3,
    ),
    "nin5": (NetworkInNetwork, {"n_layers": 5}, 1e-3),
    "nin10": (NetworkInNetwork, {"n_layers": 10}, 1e-3),
    "resnet18": (ResNet18, {}, 1e-3),
    "vgg11": (VGG, {"depth": 11}, 1e-3),
    "vgg16": (VGG, {"depth": 16}, 1e-3),
}


def list_nets():
    """
    List the names that `make_net` knows.

    Returns
    -------
    list of str
        The names.
    """
    return list(_NETS)


def make_net(
    name,
    *,
    n_outputs,
    input_shape,
    lr=None,
    batch_size=64,
    max_epochs=400,
    stop_accuracy=0.99,
    patience=None,
    validation=None,
    epoch_length=None,
    random_state=None,
    device="cpu",
    **module_options,
):
    """
    Make a skorch classifier that trains a network as the papers do.

    It trains on all rows it gets, shuffled, with Adam (torch's fused kernel on a CPU)
    and the cross-entropy, in silence, and stops after the first epoch in which
    ``stop_accuracy`` of the rows were right: or, with ``validation``, when the
    validation accuracy has not risen for ``patience`` epochs, and then goes back to the
    best of them. Whatever else skorch can do, set with ``set_params``: ``verbose=1``
    shows the epochs, ``optimizer__betas`` and ``module__width`` reach further in.

    Parameters
    ----------
    name : str
        A name that `list_nets` gives.
    n_outputs : int
        Number of classes.
    input_shape : int or tuple of int
        Of a row: its length, (height, width) or (channels, height, width). Of a data
        set of this library: ``data.image_shape or data.X_train.shape[1:]``. Rows may
        be flat in any case.
    lr : float or None, default=None
        Learning rate. None is 0.001, and 0.0001 for the MLP on rows that are no images,
        as in the papers but for vgg16: from weights trained on ImageNet they use 0.01,
        with which it hardly learns from scratch. Ash et al. 2021 use 0.01 for the
        ResNet and 0.0001 for all else.
    batch_size : int, default=64
        Rows in a training step. Li et al. use 128.
    max_epochs : int, default=400
        Most epochs, reached without a warning.
    stop_accuracy : float or None, default=0.99
        Training accuracy to stop at, in (0, 1]. None trains for ``max_epochs``. Of no
        effect with ``validation``. See `StopAtAccuracy`.
    patience : int or None, default=None
        Epochs without a better validation accuracy to stop after; None is 3. Needs
        ``validation``.
    validation : tuple of (X, y) or None, default=None
        Rows to stop early by, as the net itself is to see them (a scaler before it
        does not reach them), and their classes numbered from 0. All clones share them.
        With few labels set ``epoch_length`` too: an epoch over twenty rows is one step,
        and three of these without a rise mean little.
    epoch_length : int or None, default=None
        Rows drawn in an epoch, with replacement, however many there are; see
        `FixedLengthLoader`. None goes over the rows once.
    random_state : int, RandomState instance or None, default=None
        Seeds first weights, mini-batches and dropout. None takes the seed of the
        strategy around it, or torch's global generator where there is none.
    device : str, default="cpu"
        Where to train.
    **module_options : object
        Parameters of the network: ``width=16``, ``dropout=0.2``. The MLP has by
        default 256 hidden units for images and 1024 for other rows.

    Returns
    -------
    SeededClassifier
        A ``NeuralNetClassifier``, not initialised.

    Raises
    ------
    ValueError
        There is no network of that name, or a parameter does not fit.

    Notes
    -----
    Ash et al. 2020, section 4 (99 %, learning rates, MLPs); Kirsch et al. 2019, section
    4 (early stopping).

    Examples
    --------
    >>> from skactive.datasets import load_dataset
    >>> from skactive.nets import make_net
    >>> data = load_dataset("iris")
    >>> net = make_net("mlp", n_outputs=3, input_shape=4, lr=0.01, random_state=0)
    >>> net.fit(data.X_train, data.y_train).score(data.X_test, data.y_test) > 0.9
    True
    """
    if name not in _NETS:
        names = ", ".join(map(repr, _NETS))
        raise ValueError(f"There is no network named {name!r}. Use one of {names}.")
    shape = _checked_shape(input_shape)
    module, preset, default_lr = _NETS[name]
    options = preset | _reading(name, module, shape) | module_options
    options["n_outputs"] = n_outputs
    _check_options(name, module, options)
    if default_lr is None:
        default_lr = 1e-3 if len(shape) > 1 else 1e-4
    _check_training(lr, batch_size, max_epochs, stop_accuracy, device)
    stop, train_split = _stopping(stop_accuracy, patience, validation)
    loader = {"iterator_train": BatchLoader, "iterator_valid": BatchLoader}
    if epoch_length is not None:
        if not isinstance(epoch_length, numbers.Integral) or epoch_length < 1:
            raise ValueError(
                "The 'epoch_length' parameter of make_net must be an integer >= 1, or "
                f"None. Got {epoch_length!r} instead."
            )
        loader |= {
            "iterator_train": FixedLengthLoader,
            "iterator_train__epoch_length": epoch_length,
        }
    return SeededClassifier(
        module,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=Adam,
        lr=default_lr if lr is None else lr,
        batch_size=batch_size,
        max_epochs=max_epochs,
        iterator_train__shuffle=True,  # skorch keeps the order of the rows otherwise
        train_split=train_split,
        callbacks=[("stop", stop)] if stop else None,
        device=device,
        verbose=0,
        random_state=random_state,
        **loader,
        **{f"module__{option}": value for option, value in options.items()},
    )


def _check_training(lr, batch_size, max_epochs, stop_accuracy, device):
    """Refuse now what would only fail in training, or go unnoticed."""

    def is_whole(value):
        return isinstance(value, numbers.Integral) and not isinstance(value, bool)

    def is_real(value):
        return isinstance(value, numbers.Real) and not isinstance(value, bool)

    rules = {
        "lr": (lr, lr is None or (is_real(lr) and 0 < lr < math.inf), "a number > 0"),
        "batch_size": (
            batch_size,
            is_whole(batch_size) and batch_size >= 1,
            "an integer >= 1",
        ),
        "max_epochs": (
            max_epochs,
            is_whole(max_epochs) and max_epochs >= 1,
            "an integer >= 1",
        ),
        "stop_accuracy": (
            stop_accuracy,
            stop_accuracy is None
            or (is_real(stop_accuracy) and 0 < stop_accuracy <= 1),
            "a number in (0, 1], or None",
        ),
    }
    for name, (value, is_good, wanted) in rules.items():
        if not is_good:
            raise ValueError(
                f"The '{name}' parameter of make_net must be {wanted}. Got {value!r} "
                "instead."
            )
    try:
        torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(
            "The 'device' parameter of make_net must be a device of torch, 'cpu' or "
            f"'cuda'. Got {device!r} instead."
        ) from error


def _checked_shape(input_shape):
    shape = input_shape if np.iterable(input_shape) else (input_shape,)
    shape = tuple(shape)
    sizes = [isinstance(size, numbers.Integral) and size >= 1 for size in shape]
    if not 1 <= len(shape) <= 3 or not all(sizes):
        raise ValueError(
            "The 'input_shape' parameter of make_net must be the length of a row, "
            "(height, width) or (channels, height, width). Got "
            f"{input_shape!r} instead."
        )
    return tuple(int(size) for size in shape)


def _reading(name, module, shape):
    """Give the parameters of a network that follow from the shape of its rows."""
    if module is MLP:
        width = 256 if len(shape) > 1 else 1024
        return {"n_features": math.prod(shape), "width": width}
    n_channels, height, width = (1, *shape)[-3:] if len(shape) > 1 else (0, 0, 1)
    if height != width:
        raise ValueError(
            f"The network {name!r} reads square images. Got input_shape={shape}; pass "
            "(channels, height, width), or use 'mlp' for rows that are no images."
        )
    return {"n_channels": n_channels, "image_size": height}


def _check_options(name, module, options):
    """Refuse options now that would only be refused in training."""
    known = list(inspect.signature(module).parameters)
    unknown = [option for option in options if option not in known]
    if unknown:
        raise ValueError(
            f"The network {name!r} has no parameter {unknown[0]!r}. It has "
            f"{', '.join(known)}; parameters of skorch's net are set with set_params."
        )
    with torch.device("meta"):  # makes no weights, and draws none
        module(**options)


def _stopping(stop_accuracy, patience, validation):
    """Give the callback that stops, and how skorch is to split."""
    if validation is None:
        if patience is not None:
            raise ValueError(
                f"patience={patience!r} needs rows to validate on: pass "
                "validation=(X, y), or leave patience out."
            )
        return None if stop_accuracy is None else StopAtAccuracy(stop_accuracy), None
    patience = _PATIENCE if patience is None else patience
    if not isinstance(patience, numbers.Integral) or patience < 1:
        raise ValueError(
            "The 'patience' parameter of make_net must be an integer >= 1. Got "
            f"{patience!r} instead."
        )
    stop = EarlyStopping(
        monitor="valid_acc",
        lower_is_better=False,
        patience=patience,
        threshold=0,  # any rise counts, so that the epoch restored is the best
        load_best=True,
    )
    return stop, predefined_split(_held_out(validation))


def _held_out(validation):
    if not isinstance(validation, tuple | list) or len(validation) != 2:
        raise ValueError(
            "The 'validation' parameter of make_net must be a tuple (X, y). Got "
            f"{type(validation).__name__} instead."
        )
    X, y = (np.asarray(part) for part in validation)
    if len(X) != len(y) or not len(X) or y.dtype.kind not in "iu":
        raise ValueError(
            "The 'validation' parameter of make_net must be a tuple (X, y) of equally "
            "many rows and classes numbered from 0. Got X of shape "
            f"{X.shape} and y of shape {y.shape} and dtype {y.dtype}."
        )
    return _SharedDataset(X.astype(np.float32, copy=False), y.astype(np.int64))


class _SharedDataset(Dataset):
    """Rows that clones of a net share: sklearn.clone copies parameters otherwise."""

    def __deepcopy__(self, memo):
        return self
