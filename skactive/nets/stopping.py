"""When to stop training: the callbacks of the papers."""

import numbers

import torch
from skorch.callbacks import Callback
from skorch.dataset import unpack_data
from skorch.utils import to_tensor


class StopAtAccuracy(Callback):
    """
    Stop training after an epoch in which enough rows were classified right.

    What counts are the predictions that training makes anyway, before each of its
    steps, so that it costs next to nothing. With dropout they are those of the thinned
    network, and lower than what ``score`` says afterwards. The share goes into the
    history as ``train_accuracy``.

    Parameters
    ----------
    accuracy : float, default=0.99
        Share of the epoch's rows to be right, in (0, 1].

    Notes
    -----
    Ash et al. 2020 train until the training accuracy exceeds 99 %.

    Examples
    --------
    >>> from skactive.nets import StopAtAccuracy
    >>> StopAtAccuracy(0.95).accuracy
    0.95
    """

    def __init__(self, accuracy=0.99):
        self.accuracy = accuracy

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """
        Check the parameter.

        Parameters
        ----------
        net : NeuralNet
            The net.
        X : object
            Its rows.
        y : object
            Their targets.
        **kwargs : object
            What else skorch tells.
        """
        if not isinstance(self.accuracy, numbers.Real) or not 0 < self.accuracy <= 1:
            raise ValueError(
                "The 'accuracy' parameter of StopAtAccuracy must be in (0, 1]. Got "
                f"{self.accuracy!r} instead."
            )

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """
        Start to count.

        Parameters
        ----------
        net : NeuralNet
            The net.
        dataset_train : Dataset
            Rows to train on.
        dataset_valid : Dataset or None
            Rows to validate on.
        **kwargs : object
            What else skorch tells.
        """
        self.predicted_, self.true_ = [], []

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        """
        Count the rows of a training batch that were right.

        Parameters
        ----------
        net : NeuralNet
            The net.
        batch : tuple
            Rows and their targets.
        training : bool
            Whether the batch was trained on.
        **kwargs : object
            The predictions among them, as ``y_pred``.
        """
        if not training:
            return
        y_pred = kwargs["y_pred"]
        y_pred = y_pred[0] if isinstance(y_pred, tuple) else y_pred
        # Compared at the end of the epoch: one number a row is kept, a small network is
        # not held up at each step, and a card is not waited for.
        self.predicted_.append(y_pred.argmax(dim=1))
        self.true_.append(to_tensor(unpack_data(batch)[1], device=y_pred.device))

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """
        Stop if enough rows were right.

        Parameters
        ----------
        net : NeuralNet
            The net.
        dataset_train : Dataset
            Rows to train on.
        dataset_valid : Dataset or None
            Rows to validate on.
        **kwargs : object
            What else skorch tells.
        """
        share = 0.0
        if self.true_:
            is_right = torch.cat(self.predicted_) == torch.cat(self.true_)
            share = int(is_right.sum()) / len(is_right)
        self.predicted_, self.true_ = [], []  # a trained net does not carry them
        net.history.record("train_accuracy", share)
        if share >= self.accuracy:
            raise KeyboardInterrupt  # how skorch's callbacks stop; it is caught
