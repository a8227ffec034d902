"""Active learning for scikit-learn and skorch: which points to label next."""

from importlib.metadata import version

from skactive.base import QueryStrategy, ScoringStrategy
from skactive.simulation import ActiveLearningSimulation
from skactive.strategies import (
    EntropySampling,
    LeastConfidence,
    MarginSampling,
    RandomSampling,
)

__version__ = version("skactive")

__all__ = [
    "ActiveLearningSimulation",
    "EntropySampling",
    "LeastConfidence",
    "MarginSampling",
    "QueryStrategy",
    "RandomSampling",
    "ScoringStrategy",
]
