"""The query strategies, one family a file."""

from skactive.strategies.badge import BADGE
from skactive.strategies.bait import BAIT, MaxDet
from skactive.strategies.core_sets import CoreSet, KMeansCoreSet, OptimalCoreSet
from skactive.strategies.probabilistic_core_set import ProbabilisticCoreSet
from skactive.strategies.random_sampling import RandomSampling
from skactive.strategies.uncertainty import (
    EntropySampling,
    LeastConfidence,
    MarginSampling,
)

__all__ = [
    "BADGE",
    "BAIT",
    "CoreSet",
    "EntropySampling",
    "KMeansCoreSet",
    "LeastConfidence",
    "MarginSampling",
    "MaxDet",
    "OptimalCoreSet",
    "ProbabilisticCoreSet",
    "RandomSampling",
]
