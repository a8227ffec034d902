"""Shared settings and data of the tests."""

import os

import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from sklearn.datasets import load_digits

matplotlib.use("Agg")
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def devices():
    """CUDA too, where there is one."""
    cuda = ["cuda"] if torch.cuda.is_available() else []
    return ["cpu", *cuda]


@pytest.fixture(params=devices())
def device(request):
    return request.param


@pytest.fixture(scope="session")
def digits():
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y
