import numpy as np
import pytest
import torch

from skactive.utils.random import (
    draw_entropy,
    int_seed,
    isolated_torch,
    seed_sequence,
    torch_generator,
)


def test_entropy_of_none_is_fresh_and_leaves_numpy_alone():
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002
    assert draw_entropy(None) != draw_entropy(None)
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002


def test_entropy_of_an_int_is_itself_and_of_a_random_state_a_draw():
    assert draw_entropy(7) == draw_entropy(np.int64(7)) == 7
    state = np.random.RandomState(0)
    assert draw_entropy(state) != draw_entropy(state)
    with pytest.raises(ValueError, match="cannot be used to seed"):
        draw_entropy("seven")


def test_purposes_are_independent_and_repeatable():
    seeds = [int_seed(seed_sequence(1, *key)) for key in [(0,), (1,), (0, 0), (0, 1)]]
    assert len(set(seeds)) == 4
    assert seeds[0] == int_seed(seed_sequence(1, 0))
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_torch_generator_is_our_own():
    before = torch.get_rng_state()
    draws = torch.rand(3, generator=torch_generator(seed_sequence(5)))
    again = torch.rand(3, generator=torch_generator(seed_sequence(5)))
    assert torch.equal(draws, again) and torch.equal(before, torch.get_rng_state())


def test_isolated_torch_restores_also_after_an_error():
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="boom"), isolated_torch(3):
        seeded = torch.rand(1)
        raise RuntimeError("boom")
    assert torch.equal(before, torch.get_rng_state())
    with isolated_torch(3):
        assert torch.equal(torch.rand(1), seeded)
