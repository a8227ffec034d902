"""The query strategies, one family a file."""

from skactive.strategies.albl import ALBL
from skactive.strategies.badge import BADGE
from skactive.strategies.bait import BAIT, MaxDet
from skactive.strategies.core_sets import CoreSet, KMeansCoreSet, OptimalCoreSet
from skactive.strategies.disagreement import (
    BALD,
    BatchBALD,
    MeanStd,
    QueryByCommittee,
    VariationRatio,
)
from skactive.strategies.diversity import (
    DiscriminativeSampling,
    MinDistance,
    PosteriorVariance,
)
from skactive.strategies.hybrid import Hybrid
from skactive.strategies.probabilistic_core_set import ProbabilisticCoreSet
from skactive.strategies.random_sampling import RandomSampling
from skactive.strategies.uncertainty import (
    EntropySampling,
    LeastConfidence,
    MarginSampling,
)

__all__ = [
    "ALBL",
    "BADGE",
    "BAIT",
    "BALD",
    "BatchBALD",
    "CoreSet",
    "DiscriminativeSampling",
    "EntropySampling",
    "Hybrid",
    "KMeansCoreSet",
    "LeastConfidence",
    "MarginSampling",
    "MaxDet",
    "MeanStd",
    "MinDistance",
    "OptimalCoreSet",
    "PosteriorVariance",
    "ProbabilisticCoreSet",
    "QueryByCommittee",
    "RandomSampling",
    "VariationRatio",
]
