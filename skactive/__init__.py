"""Active learning for scikit-learn and skorch: which points to label next."""

from importlib.metadata import version

from skactive.base import QueryStrategy, ScoringStrategy
from skactive.simulation import ActiveLearningSimulation
from skactive.strategies import (
    BADGE,
    CoreSet,
    EntropySampling,
    KMeansCoreSet,
    LeastConfidence,
    MarginSampling,
    OptimalCoreSet,
    ProbabilisticCoreSet,
    RandomSampling,
)

__version__ = version("skactive")

__all__ = [
    "BADGE",
    "ActiveLearningSimulation",
    "CoreSet",
    "EntropySampling",
    "KMeansCoreSet",
    "LeastConfidence",
    "MarginSampling",
    "OptimalCoreSet",
    "ProbabilisticCoreSet",
    "QueryStrategy",
    "RandomSampling",
    "ScoringStrategy",
]
