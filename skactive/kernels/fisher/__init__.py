"""Fisher information of a last layer: trace search and determinants over it."""

from skactive.kernels.fisher.determinants import DeterminantSearch, determinant_search
from skactive.kernels.fisher.part import FisherPart
from skactive.kernels.fisher.trace import (
    TraceSearch,
    trace_search,
    trace_search_parts,
)

__all__ = [
    "DeterminantSearch",
    "FisherPart",
    "TraceSearch",
    "determinant_search",
    "trace_search",
    "trace_search_parts",
]
