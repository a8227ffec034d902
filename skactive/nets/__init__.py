"""Networks of the field as plain torch modules."""

from skactive.nets.bayesian_cnn import BayesianCNN
from skactive.nets.mlp import MLP
from skactive.nets.training import FixedLengthLoader

__all__ = ["MLP", "BayesianCNN", "FixedLengthLoader"]
