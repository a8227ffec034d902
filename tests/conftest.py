"""Shared settings and data of the tests."""

import os
import signal
from contextlib import nullcontext
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from pretended_card import Card, register
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

matplotlib.use("Agg")
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    # A device stays the same for all examples of a test.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Problems are small: a second thread costs more than it saves, if others run."""
    torch.set_num_threads(1)
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_is_heard():
    """A shell's job in the background ignores it, and so would all processes tested."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def devices():
    """CUDA where there is a card; a pretended one, where there is none."""
    if torch.cuda.is_available():
        return ["cpu", "cuda"]
    card = pytest.param("card", marks=pytest.mark.slow)  # each operation is in Python
    return ["cpu", card] if register else ["cpu"]


@pytest.fixture(params=devices())
def device(request):
    with Card() if request.param == "card" else nullcontext():
        yield request.param


@pytest.fixture(params=["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"])
def real_device(request):
    """The CPU and CUDA alone, for what draws too often for a pretended card."""
    return request.param


@pytest.fixture
def send(device):
    """Send a tensor, or those in a tuple, list or dict, to the device of the test."""
    return mover(device)


@pytest.fixture
def send_real(real_device):
    """Send to the real device of the test."""
    return mover(real_device)


def mover(device):
    def move(given):
        if isinstance(given, torch.Tensor):
            return given.to(device)
        if isinstance(given, dict):
            return {name: move(each) for name, each in given.items()}
        return type(given)(map(move, given)) if type(given) in (tuple, list) else given

    return move


@pytest.fixture(scope="session")
def golden():
    """Load answers of the papers' published code, where they are at hand."""
    default = Path(__file__).parents[2] / "shared"
    folder = Path(os.environ.get("SKACTIVE_SHARED", default)) / "golden"

    def load(name):
        if not folder.is_dir() and "SKACTIVE_SHARED" in os.environ:
            pytest.fail(f"SKACTIVE_SHARED is set, but there is no folder {folder}")
        if not folder.is_dir():
            pytest.skip("the answers of the published code are not at hand")
        return np.load(folder / name)

    return load


@pytest.fixture(scope="session")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y
