"""Validation, random numbers and the public strategy checks."""

from skactive.utils.strategy_checks import (
    check_strategy,
    parametrize_with_strategy_checks,
)

__all__ = ["check_strategy", "parametrize_with_strategy_checks"]
