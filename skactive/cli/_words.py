"""How the commands count and speak."""

import argparse
import sys
import textwrap
import warnings

_PLURALS = {"query": "queries", "strategy": "strategies", "process": "processes"}


def count(text):
    """Read a whole number from 1, or raise argparse's error."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, not {text!r}")
    return number


def counted(n, noun):
    """Write a number and a noun."""
    return f"{n} {noun if n == 1 else _PLURALS.get(noun, noun + 's')}"


def say(sentence):
    """Write a sentence to standard error, in lines of 79 characters."""
    wrapped = textwrap.fill(
        sentence, 79, break_long_words=False, break_on_hyphens=False
    )
    print(wrapped, file=sys.stderr, flush=True)


class warnings_as_notes(warnings.catch_warnings):
    """Say what a loader warns of as a plain line."""

    def __enter__(self):
        super().__enter__()
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_, **__: say(f"Note: {message}")
