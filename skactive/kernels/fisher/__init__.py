"""Fisher information of a last layer: trace search and determinants over it."""

from skactive.kernels.fisher.determinants import DeterminantSearch, determinant_search
from skactive.kernels.fisher.trace import TraceSearch, trace_search

__all__ = ["DeterminantSearch", "TraceSearch", "determinant_search", "trace_search"]
