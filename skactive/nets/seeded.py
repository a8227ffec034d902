"""A skorch classifier with a seed of its own."""

from contextlib import nullcontext

from skorch import NeuralNetClassifier

from skactive.utils.random import (
    draw_entropy,
    int_seed,
    isolated_torch,
    seed_sequence,
)


class SeededClassifier(NeuralNetClassifier):
    """
    The ``NeuralNetClassifier`` of skorch with a ``random_state``, as in scikit-learn.

    With a seed, two fits give the same weights on a CPU with the same number of
    threads, and torch's global generators stay where they were, in fits and in
    predictions; such ones wait for one another in threads. Without one it is skorch's
    net and draws from torch's global generators. Inside a strategy of this library a
    missing seed is filled in from the strategy's own.

    Parameters
    ----------
    module : class
        The network, a subclass of ``nn.Module``.
    *args : object
        As for ``NeuralNetClassifier``.
    random_state : int, RandomState instance or None, default=None
        Seeds first weights, mini-batches and dropout.
    **kwargs : object
        As for ``NeuralNetClassifier``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from torch.nn import CrossEntropyLoss
    >>> from skactive.nets import MLP, SeededClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = SeededClassifier(
    ...     MLP, module__n_features=4, module__n_outputs=3, random_state=0,
    ...     criterion=CrossEntropyLoss, train_split=None, verbose=0,
    ... )
    >>> X = X.astype("float32")
    >>> first, second = (net.fit(X, y).predict_proba(X) for _ in range(2))
    >>> (first == second).all()
    np.True_
    """

    def __init__(self, module, *args, random_state=None, **kwargs):
        super().__init__(module, *args, **kwargs)
        self.random_state = random_state

    def initialize_module(self):
        """
        Make the module, its weights drawn with the seed.

        Returns
        -------
        SeededClassifier
            The net itself.
        """
        with self._seeded(0):
            return super().initialize_module()

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        """
        Train on from the present weights.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.
        y : array-like of shape (n_samples,)
            Their classes, numbered from 0.
        classes : array-like or None, default=None
            As for ``NeuralNetClassifier``.
        **fit_params : object
            As for ``NeuralNetClassifier``.

        Returns
        -------
        SeededClassifier
            The net itself.
        """
        if not self.initialized_:
            self.initialize()
        # The epochs so far: training on must not draw the same batches again.
        with self._seeded(1, len(self.history)):
            return super().partial_fit(X, y, classes=classes, **fit_params)

    def predict_proba(self, X):
        """
        Predict probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            The probability of each class.
        """
        # A DataLoader draws a seed for its workers, though there are none.
        with nullcontext() if self.random_state is None else isolated_torch():
            return super().predict_proba(X)

    def _seeded(self, *key):
        if self.random_state is None:
            return nullcontext()
        seeds = seed_sequence(draw_entropy(self.random_state), *key)
        return isolated_torch(int_seed(seeds))
