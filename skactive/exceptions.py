"""Warnings that a user may want to silence by class."""

__all__ = ["OtherVersionWarning", "TrainSplitWarning", "WarmStartWarning"]


class WarmStartWarning(UserWarning):
    """Warn that a network is not trained from scratch at each refit."""


class TrainSplitWarning(UserWarning):
    """Warn that a network holds back labels that were paid for."""


class OtherVersionWarning(UserWarning):
    """Warn that a kept estimator comes from another version of this library."""
