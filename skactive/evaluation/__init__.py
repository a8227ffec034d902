"""What runs of an experiment come to: arrays in, arrays out."""

from skactive.evaluation.curves import curve_mean, labels_to_reach
from skactive.evaluation.risk import bayes_risk
from skactive.evaluation.runs import Run

__all__ = ["Run", "bayes_risk", "curve_mean", "labels_to_reach"]
