"""
Checks that every query strategy must pass, for yours too.

Each failure says what the author of a strategy should do.
"""

from skactive.utils.strategy_checks._suite import (
    check_strategy,
    parametrize_with_strategy_checks,
)

__all__ = ["check_strategy", "parametrize_with_strategy_checks"]
