"""Pure torch: tensors in, tensors out. No model, no scikit-learn."""

from skactive.kernels import uncertainty

__all__ = ["uncertainty"]
