"""Ctrl-C, also where a library below swallows it."""

import signal
import threading
from contextlib import contextmanager


class Interruption:
    """Whether Ctrl-C was pressed: skorch swallows it while a net is training."""

    pressed = False

    def check(self):
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self.pressed:
            raise KeyboardInterrupt


@contextmanager
def interruptions():
    """
    Note every Ctrl-C in this block, where Python's default would handle it.

    Yields
    ------
    Interruption
        Its ``check`` raises if one was pressed and swallowed since.
    """
    noted = Interruption()
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )

    def handle(number, frame):
        noted.pressed = True
        signal.default_int_handler(number, frame)

    if ours:
        signal.signal(signal.SIGINT, handle)
    try:
        yield noted
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
