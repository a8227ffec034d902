"""Random numbers: seeds by purpose, and torch's global generator left alone."""

import threading
from contextlib import contextmanager

import numpy as np
import torch
from sklearn.utils import check_random_state


def draw_entropy(random_state):
    """
    Turn a ``random_state`` parameter into one integer to keep.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        An int is taken as it is; a RandomState gives one draw (and so moves, as
        everywhere in scikit-learn); None takes fresh entropy from the operating
        system, never from numpy's global generator.

    Returns
    -------
    int
        The entropy from which every later draw is derived.
    """
    if random_state is np.random or isinstance(random_state, np.random.Generator):
        raise ValueError(
            "The 'random_state' parameter must be an int, a RandomState or None. Got "
            f"{random_state!r}; pass an int."
        )
    if random_state is None:
        return int(np.random.SeedSequence().entropy)
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    check_random_state(random_state)  # refuses anything else with its own sentence
    return int(random_state)


def seed_sequence(entropy, *key):
    """
    Give the seed sequence of one purpose, independent of all others.

    Parameters
    ----------
    entropy : int
        The entropy kept by an estimator.
    *key : int
        What the numbers are for: a round, a step, a block.

    Returns
    -------
    numpy.random.SeedSequence
        The same for the same arguments, on any machine.
    """
    return np.random.SeedSequence(entropy, spawn_key=key)


def int_seed(sequence):
    """
    Give a 31-bit integer seed, as scikit-learn's ``random_state`` takes it.

    Parameters
    ----------
    sequence : numpy.random.SeedSequence
        Where the seed comes from.

    Returns
    -------
    int
        A seed in [0, 2**31).
    """
    return int(sequence.generate_state(1)[0] >> 1)


def torch_generator(sequence, device="cpu"):
    """
    Make a torch generator of our own.

    Parameters
    ----------
    sequence : numpy.random.SeedSequence
        Where the seed comes from.
    device : str or torch.device, default="cpu"
        The device of the tensors to fill.

    Returns
    -------
    torch.Generator
        A seeded generator; torch's global one does not move.
    """
    state = sequence.generate_state(1, dtype=np.uint64)[0]
    return torch.Generator(device=device).manual_seed(int(state >> np.uint64(1)))


GENERATORS = threading.RLock()
"""Held by whoever seeds the global generators: they are shared by all threads."""


@contextmanager
def isolated_torch(seed=None):
    """
    Run a block that may draw from torch's global generators, and restore them.

    Parameters
    ----------
    seed : int or None, default=None
        Seed of the global generators inside the block; None leaves them where they
        stand.

    Yields
    ------
    None
        Nothing; the generators are put back at the end.
    """
    with GENERATORS:
        yield from _isolated_torch(seed)


def _isolated_torch(seed):
    was_initialized = torch.cuda.is_initialized()
    devices = list(range(torch.cuda.device_count())) if was_initialized else []
    try:
        with torch.random.fork_rng(devices=devices):
            if seed is not None:
                torch.manual_seed(seed)
            yield
    finally:
        if torch.cuda.is_initialized() and not was_initialized:
            # CUDA woke up inside: give it the seed it would have had outside.
            torch.cuda.manual_seed_all(torch.initial_seed())
