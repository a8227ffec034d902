"""Pure torch: tensors in, tensors out. No model, no scikit-learn."""

from skactive.kernels import covering, distances, seeding, uncertainty

__all__ = ["covering", "distances", "seeding", "uncertainty"]
