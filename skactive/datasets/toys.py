"""Small problems with a known shape, from the papers."""

import numbers

import numpy as np

_SPACING = 2.5


def make_quadrants(n_samples=1000, *, random_state=None):
    """
    Draw points from the square [-1, 1]², the class of each its quadrant.

    Nothing but the two axes is uncertain: a strategy that looks for doubt asks along
    them, one that covers asks everywhere.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of points, >= 1.
    random_state : int, Generator or None, default=None
        Seeds the draw; None takes fresh entropy.

    Returns
    -------
    X : ndarray of shape (n_samples, 2)
        Points, uniform.
    y : ndarray of shape (n_samples,), dtype int64
        Classes 0 to 3: 1 is added for x₁ > 0, 2 for x₂ > 0.

    Raises
    ------
    ValueError
        The parameter ``n_samples`` is out of its range.

    Notes
    -----
    *Improving greedy core-set configurations … with uncertainty-scaled distances*,
    figures 3 and 4.

    Examples
    --------
    >>> from skactive.datasets import make_quadrants
    >>> X, y = make_quadrants(100, random_state=0)
    >>> ((X[:, 0] > 0) + 2 * (X[:, 1] > 0) == y).all()
    np.True_
    """
    _check("make_quadrants", n_samples=n_samples)
    X = np.random.default_rng(random_state).uniform(-1, 1, size=(n_samples, 2))
    return X, (X > 0) @ np.array([1, 2])


def make_clusters(n_samples=1000, *, deviation=1.0, n_clusters=9, random_state=None):
    """
    Draw points from round Gaussian clusters on a square lattice, a class each.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of points, >= 1, as evenly over the clusters as possible.
    deviation : float, default=1.0
        Standard deviation of each coordinate, > 0, where neighbouring centres lie 2.5
        apart: with 0.5 the classes are mostly separable, with 1.0 they overlap much.
    n_clusters : int, default=9
        Number of clusters and classes, >= 1. They fill the smallest square lattice
        that holds them line by line.
    random_state : int, Generator or None, default=None
        Seeds the draw; None takes fresh entropy.

    Returns
    -------
    X : ndarray of shape (n_samples, 2)
        Points, in random order.
    y : ndarray of shape (n_samples,), dtype int64
        The number of the cluster of each.

    Raises
    ------
    ValueError
        A parameter is out of its range.

    Notes
    -----
    *Improving greedy core-set configurations … with uncertainty-scaled distances*,
    figure 1 and appendix A.2, where the deviations are 0.5 and 1. How many clusters
    there are and where is settled here.

    Examples
    --------
    >>> from skactive.datasets import make_clusters
    >>> X, y = make_clusters(90, random_state=0)
    >>> X.shape, y.max()
    ((90, 2), np.int64(8))
    """
    _check("make_clusters", n_samples=n_samples, n_clusters=n_clusters)
    if not isinstance(deviation, numbers.Real) or not 0 < deviation < np.inf:
        raise ValueError(
            "The 'deviation' parameter of make_clusters must be a finite number > 0. "
            f"Got {deviation!r} instead."
        )
    rng = np.random.default_rng(random_state)
    per_line = int(np.ceil(np.sqrt(n_clusters)))
    y = rng.permutation(np.arange(n_samples) % n_clusters)
    lattice = np.stack([y % per_line, y // per_line], axis=1) - (per_line - 1) / 2
    return _SPACING * lattice + deviation * rng.normal(size=(n_samples, 2)), y


def make_gaussian_design(n_samples, n_features=100, *, random_state=None):
    """
    Draw Gaussian rows whose variances fall as 1/i².

    Parameters
    ----------
    n_samples : int
        Number of rows, >= 1.
    n_features : int, default=100
        Number of columns, >= 1.
    random_state : int, Generator or None, default=None
        Seeds the draw; None takes fresh entropy.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        Rows of N(0, Σ), Σ diagonal with Σ_ii ∝ 1/i² and trace 1.

    Raises
    ------
    ValueError
        A parameter is out of its range.

    Notes
    -----
    Ash et al. 2021, figure 3, on the left.

    Examples
    --------
    >>> from skactive.datasets import make_gaussian_design
    >>> make_gaussian_design(5, random_state=0).shape
    (5, 100)
    """
    _check("make_gaussian_design", n_samples=n_samples, n_features=n_features)
    rng = np.random.default_rng(random_state)
    return rng.normal(size=(n_samples, n_features)) * np.sqrt(_shares(n_features))


def make_orthonormal_design(n_samples, n_features=100, *, random_state=None):
    """
    Draw unit vectors of the axes with probabilities that fall as 1/i².

    Second moments are those of `make_gaussian_design`, though each row has one number
    that is not 0. Batches that treat both alike ignore how often a row occurs.

    Parameters
    ----------
    n_samples : int
        Number of rows, >= 1.
    n_features : int, default=100
        Number of axes, >= 1.
    random_state : int, Generator or None, default=None
        Seeds the draw; None takes fresh entropy.

    Returns
    -------
    ndarray of shape (n_samples, n_features)
        Rows e_i, drawn with probabilities ∝ 1/i².

    Raises
    ------
    ValueError
        A parameter is out of its range.

    Notes
    -----
    Ash et al. 2021, figure 3, on the right.

    Examples
    --------
    >>> from skactive.datasets import make_orthonormal_design
    >>> make_orthonormal_design(5, random_state=0).sum(axis=1)
    array([1., 1., 1., 1., 1.])
    """
    _check("make_orthonormal_design", n_samples=n_samples, n_features=n_features)
    rng = np.random.default_rng(random_state)
    axes = rng.choice(n_features, n_samples, p=_shares(n_features))
    return np.eye(n_features)[axes]


def _shares(n_features):
    shares = 1 / np.arange(1, n_features + 1) ** 2
    return shares / shares.sum()


def _check(function, **sizes):
    for name, size in sizes.items():
        if not isinstance(size, numbers.Integral) or size < 1:
            raise ValueError(
                f"The '{name}' parameter of {function} must be an integer >= 1. Got "
                f"{size!r} instead."
            )
