"""Seeds for whatever in a model has none, and the global generators left alone."""

import random
from contextlib import contextmanager

import numpy as np
from sklearn.frozen import FrozenEstimator

from skactive.utils.random import int_seed, isolated_torch


def seed_parameters(model, seeds):
    """
    Give a seed to each nested ``random_state`` that is None, in a fixed order.

    Parameters
    ----------
    model : estimator
        Changed in place; a frozen model stays as it is.
    seeds : numpy.random.SeedSequence
        Where the seeds come from.
    """
    if isinstance(model, FrozenEstimator):
        return
    names = sorted(
        name
        for name, value in model.get_params(deep=True).items()
        if value is None and name.rpartition("__")[2] == "random_state"
    )
    children = seeds.spawn(len(names))
    model.set_params(
        **{name: int_seed(child) for name, child in zip(names, children, strict=True)}
    )


@contextmanager
def isolated_random(seed):
    """
    Seed the global generators of torch, numpy and Python in a block; restore them.

    Splitters without a seed, augmentations and modules that draw from ``np.random``
    or ``random`` are then as reproducible as torch.

    Parameters
    ----------
    seed : int
        Of all three.

    Yields
    ------
    None
        Nothing; the generators are put back at the end.
    """
    with isolated_torch(seed):  # holds the lock for all three
        of_numpy = np.random.get_state()  # noqa: NPY002
        of_python = random.getstate()
        try:
            np.random.seed(seed)  # noqa: NPY002
            random.seed(seed)
            yield
        finally:
            np.random.set_state(of_numpy)  # noqa: NPY002
            random.setstate(of_python)
