"""Displays in scikit-learn's manner; they need matplotlib only when drawn."""

from skactive.plotting.learning_curve import LearningCurveDisplay

__all__ = ["LearningCurveDisplay"]
