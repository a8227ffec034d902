"""What runs of an experiment come to: arrays in, arrays out."""

from skactive.evaluation.curves import curve_mean, labels_to_reach
from skactive.evaluation.diversity import (
    BatchDiversity,
    batch_diversity,
    diversity_of_batches,
)
from skactive.evaluation.entropy import class_entropy, class_entropy_curve
from skactive.evaluation.errors import NormalizedErrors, normalized_errors
from skactive.evaluation.pairs import (
    PairedDifference,
    paired_difference,
    t_threshold,
)
from skactive.evaluation.penalties import (
    PenaltyMatrix,
    penalty_matrices,
    penalty_matrix,
)
from skactive.evaluation.reaching import (
    Reached,
    labels_to_reach_quartiles,
    seconds_to_reach,
    seconds_to_reach_quartiles,
    total_seconds,
)
from skactive.evaluation.risk import bayes_risk
from skactive.evaluation.runs import Run
from skactive.evaluation.settings import LeftOut, Setting, by_setting

__all__ = [
    "BatchDiversity",
    "LeftOut",
    "NormalizedErrors",
    "PairedDifference",
    "PenaltyMatrix",
    "Reached",
    "Run",
    "Setting",
    "batch_diversity",
    "bayes_risk",
    "by_setting",
    "class_entropy",
    "class_entropy_curve",
    "curve_mean",
    "diversity_of_batches",
    "labels_to_reach",
    "labels_to_reach_quartiles",
    "normalized_errors",
    "paired_difference",
    "penalty_matrices",
    "penalty_matrix",
    "seconds_to_reach",
    "seconds_to_reach_quartiles",
    "t_threshold",
    "total_seconds",
]
