"""Active learning for scikit-learn and skorch: which points to label next."""

from importlib.metadata import version

from skactive.base import QueryStrategy, ScoringStrategy
from skactive.inspection import Committee, LastLayerLaplace
from skactive.simulation import ActiveLearningSimulation
from skactive.strategies import (
    BADGE,
    BAIT,
    CoreSet,
    EntropySampling,
    KMeansCoreSet,
    LeastConfidence,
    MarginSampling,
    MaxDet,
    OptimalCoreSet,
    ProbabilisticCoreSet,
    RandomSampling,
)

__version__ = version("skactive")

__all__ = [
    "BADGE",
    "BAIT",
    "ActiveLearningSimulation",
    "Committee",
    "CoreSet",
    "EntropySampling",
    "KMeansCoreSet",
    "LastLayerLaplace",
    "LeastConfidence",
    "MarginSampling",
    "MaxDet",
    "OptimalCoreSet",
    "ProbabilisticCoreSet",
    "QueryStrategy",
    "RandomSampling",
    "ScoringStrategy",
]
