"""The command `skactive`: compare strategies on a data set."""

from skactive.cli.command import main

__all__ = ["main"]
