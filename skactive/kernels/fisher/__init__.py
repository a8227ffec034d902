"""Fisher information of a last layer: trace search and determinants over it."""

from skactive.kernels.fisher.trace import TraceSearch, trace_search

__all__ = ["TraceSearch", "trace_search"]
