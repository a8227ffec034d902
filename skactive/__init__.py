"""Active learning for scikit-learn and skorch: which points to label next."""

from importlib.metadata import version

from skactive.base import QueryStrategy, ScoringStrategy
from skactive.strategies import (
    EntropySampling,
    LeastConfidence,
    MarginSampling,
    RandomSampling,
)

__version__ = version("skactive")

__all__ = [
    "EntropySampling",
    "LeastConfidence",
    "MarginSampling",
    "QueryStrategy",
    "RandomSampling",
    "ScoringStrategy",
]
