"""Active learning for scikit-learn and skorch: which points to label next."""

from importlib.metadata import version

import skactive.distributed  # noqa: F401  (so that query knows of dask's pools)
from skactive.base import QueryStrategy
from skactive.inspection import Committee, LastLayerLaplace
from skactive.scoring import ScoringStrategy
from skactive.simulation import ActiveLearningSimulation
from skactive.strategies import (
    ALBL,
    BADGE,
    BAIT,
    BALD,
    BatchBALD,
    CoreSet,
    DiscriminativeSampling,
    EntropySampling,
    Hybrid,
    KMeansCoreSet,
    LeastConfidence,
    MarginSampling,
    MaxDet,
    MeanStd,
    MinDistance,
    OptimalCoreSet,
    PosteriorVariance,
    ProbabilisticCoreSet,
    QueryByCommittee,
    RandomSampling,
    VariationRatio,
)

__version__ = version("skactive")

__all__ = [
    "ALBL",
    "BADGE",
    "BAIT",
    "BALD",
    "ActiveLearningSimulation",
    "BatchBALD",
    "Committee",
    "CoreSet",
    "DiscriminativeSampling",
    "EntropySampling",
    "Hybrid",
    "KMeansCoreSet",
    "LastLayerLaplace",
    "LeastConfidence",
    "MarginSampling",
    "MaxDet",
    "MeanStd",
    "MinDistance",
    "OptimalCoreSet",
    "PosteriorVariance",
    "ProbabilisticCoreSet",
    "QueryByCommittee",
    "QueryStrategy",
    "RandomSampling",
    "ScoringStrategy",
    "VariationRatio",
]
