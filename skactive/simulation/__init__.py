"""The active-learning loop as an estimator: the oracle is a withheld y."""

from skactive.simulation.loop import ActiveLearningSimulation

__all__ = ["ActiveLearningSimulation"]
