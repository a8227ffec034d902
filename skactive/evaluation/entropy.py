"""How evenly the labels acquired are spread over the classes."""

import math

import numpy as np


def class_entropy(labels, n_classes=None, *, scaled=False):
    """
    Give the entropy of the classes of some labels.

    Parameters
    ----------
    labels : array-like of shape (n_labels,)
        Class labels of any kind.
    n_classes : int or None, default=None
        Number of classes there are, those without a label too. Needed to scale.
    scaled : bool, default=False
        Whether to divide by the natural logarithm of `n_classes`: then 1 is a label
        set with as many of each class.

    Returns
    -------
    float
        Entropy of the shares of the classes, in nats; 0 for a single class, at most
        the logarithm of `n_classes`.

    Raises
    ------
    ValueError
        There are no labels, they are not one for each row, there are more classes
        among them than `n_classes`, or scaled is asked for without at least two
        classes.

    Notes
    -----
    Figure 8 of Kirsch et al. 2019, "BatchBALD".

    Examples
    --------
    >>> from skactive.evaluation import class_entropy
    >>> round(class_entropy(["a", "a", "b", "b"]), 6)
    0.693147
    >>> class_entropy([0, 0, 1, 1], n_classes=4, scaled=True)
    0.5
    """
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.size == 0:
        raise ValueError(
            "The 'labels' parameter must be one class for each row, at least one. Got "
            f"an array of shape {labels.shape} instead."
        )
    counts = np.unique(labels, return_counts=True)[1]
    _check_classes(n_classes, len(counts), scaled)
    shares = counts / counts.sum()
    # The maximum also turns −0.0 into 0.0.
    entropy = max(0.0, -float(shares @ np.log(shares)))
    return entropy / math.log(n_classes) if scaled else entropy


def class_entropy_curve(run, n_classes=None, *, scaled=False):
    """
    Give the class entropy of all labels known at each round of a run.

    Parameters
    ----------
    run : Run
        A run with its labels, ``acquired``.
    n_classes : int or None, default=None
        Number of classes there are.
    scaled : bool, default=False
        Whether to divide by the natural logarithm of `n_classes`.

    Returns
    -------
    budget : ndarray of shape (n_points,), dtype float64
        Number of labels, those of the run; a budget of 0 is left out.
    entropy : ndarray of shape (n_points,), dtype float64
        Entropy of that many labels, the initial ones among them.

    Raises
    ------
    ValueError
        The run has no labels, or as for `class_entropy`.

    Examples
    --------
    >>> from skactive.evaluation import Run, class_entropy_curve
    >>> labels = [0, 0, 1, 1]
    >>> run = Run("toy", "mlp", 2, "random", 0, [2, 4], [0.5, 0.9], acquired=labels)
    >>> class_entropy_curve(run)[1].round(4).tolist()
    [0.0, 0.6931]
    """
    if run.acquired is None:
        raise ValueError(
            "The 'run' parameter must have the labels acquired. Got a run of "
            f"{run.strategy!r} with seed {run.seed} without them."
        )
    budget = run.budget[run.budget >= 1]
    heights = [
        class_entropy(run.acquired[: int(n)], n_classes, scaled=scaled) for n in budget
    ]
    return budget, np.array(heights)


def _check_classes(n_classes, n_seen, scaled):
    if n_classes is not None and n_classes < n_seen:
        raise ValueError(
            f"The 'n_classes' parameter must count all classes. Got {n_classes!r}, and "
            f"the labels have {n_seen}."
        )
    if scaled and (n_classes is None or n_classes < 2):
        raise ValueError(
            "The 'n_classes' parameter must be at least 2 where scaled=True. Got "
            f"{n_classes!r} instead."
        )
