"""
What labels would tell about a model: BALD, BatchBALD and joint entropies, in nats.

Everything is computed from T draws of the posterior, probabilities[t, i, c] =
P(y_i = c | x_i, ω_t), all draws equally likely. Labels are independent once ω is known,
so that the joint distribution of a batch is a mean over t of products.
"""

from skactive.kernels.information.greedy import BatchInformation, batch_bald
from skactive.kernels.information.joint import joint_entropy, joint_entropy_sampled
from skactive.kernels.information.measures import (
    bald,
    entropy_of_mean,
    expected_entropy,
    mean_std,
    variation_ratio,
    vote_entropy,
)

__all__ = [
    "BatchInformation",
    "bald",
    "batch_bald",
    "entropy_of_mean",
    "expected_entropy",
    "joint_entropy",
    "joint_entropy_sampled",
    "mean_std",
    "variation_ratio",
    "vote_entropy",
]
