"""Displays in scikit-learn's manner; they need matplotlib only when drawn."""

from skactive.plotting.costs import LevelCostDisplay
from skactive.plotting.diversity import BatchDiversityDisplay
from skactive.plotting.errors import NormalizedErrorDisplay
from skactive.plotting.learning_curve import LearningCurveDisplay
from skactive.plotting.penalties import PenaltyMatrixDisplay
from skactive.plotting.query_map import QueryMapDisplay

__all__ = [
    "BatchDiversityDisplay",
    "LearningCurveDisplay",
    "LevelCostDisplay",
    "NormalizedErrorDisplay",
    "PenaltyMatrixDisplay",
    "QueryMapDisplay",
]
