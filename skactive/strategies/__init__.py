"""The query strategies, one family a file."""

from skactive.strategies.random_sampling import RandomSampling
from skactive.strategies.uncertainty import (
    EntropySampling,
    LeastConfidence,
    MarginSampling,
)

__all__ = ["EntropySampling", "LeastConfidence", "MarginSampling", "RandomSampling"]
