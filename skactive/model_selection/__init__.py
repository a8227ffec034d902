"""Which strategy, and which of its parameters: comparisons and searches."""

from skactive.model_selection.comparing import StrategyComparison, compare_strategies
from skactive.model_selection.searching import query

__all__ = ["StrategyComparison", "compare_strategies", "query"]
