"""Networks of the field as plain torch modules, and how the papers train them."""

from skactive.nets.bayesian_cnn import BayesianCNN
from skactive.nets.making import list_nets, make_net
from skactive.nets.mlp import MLP
from skactive.nets.nin import NetworkInNetwork
from skactive.nets.resnet import ResNet18
from skactive.nets.seeded import SeededClassifier
from skactive.nets.stopping import StopAtAccuracy
from skactive.nets.training import BatchLoader, FixedLengthLoader
from skactive.nets.vgg import VGG

__all__ = [
    "MLP",
    "VGG",
    "BatchLoader",
    "BayesianCNN",
    "FixedLengthLoader",
    "NetworkInNetwork",
    "ResNet18",
    "SeededClassifier",
    "StopAtAccuracy",
    "list_nets",
    "make_net",
]
