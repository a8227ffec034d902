"""
What a fitted model tells us: the narrow waist between models and strategies.

Importing this package registers the answers of all families of models.
"""

from skactive.inspection import (  # noqa: F401  (each registers its family)
    bayesian_linear,
    ensembles,
    gaussian_processes,
    linear,
    mlp,
    pipelines,
    skorch_dropout,
    skorch_heads,
    skorch_nets,
)
from skactive.inspection.committee import Committee
from skactive.inspection.last_layer_laplace import LastLayerLaplace
from skactive.inspection.questions import embed, predict_proba, sample_posterior
from skactive.inspection.wrappers import register_wrapper

__all__ = [
    "Committee",
    "LastLayerLaplace",
    "embed",
    "predict_proba",
    "register_wrapper",
    "sample_posterior",
]
