"""Tensors in, tensors out: torch, and HiGHS for one. No model, no scikit-learn."""

from skactive.kernels import (
    beam,
    covering,
    determinant,
    distances,
    information,
    mixture,
    optimal,
    seeding,
    uncertainty,
)

__all__ = [
    "beam",
    "covering",
    "determinant",
    "distances",
    "information",
    "mixture",
    "optimal",
    "seeding",
    "uncertainty",
]
