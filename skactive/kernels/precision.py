"""Products in full float32, whatever the process allows for training."""

import threading
from contextlib import ExitStack, contextmanager
from functools import partial

import torch

NAME, EXACT = "fp32_precision", ("ieee", "none")
_lock = threading.Lock()
_open = []  # one entry for each block that is open
_undo = []  # what sets back what was set when the first of them was opened


@contextmanager
def full_precision():
    """
    Compute float32 products in float32 inside this block, or inside a function.

    Networks are often trained with products in TF32 or bfloat16
    (``torch.set_float32_matmul_precision("high")``, or ``torch.autocast``). Three
    digits are too few for distances, which are differences of such products.

    Yields
    ------
    None
        Nothing; what was set before is set again at the end of the last of such
        blocks, which several threads may have open. A training in another thread gets
        exact products meanwhile.
    """
    with _lock:
        if not _open:
            _undo[:] = _made_exact()
        _open.append(None)
    try:
        with ExitStack() as stack:
            for kind in ("cpu", "cuda"):
                if torch.is_autocast_enabled(kind):  # in this thread
                    stack.enter_context(torch.autocast(kind, enabled=False))
            yield
    finally:
        with _lock:
            _open.pop()
            if not _open:
                for set_back in _undo:
                    set_back()


def _made_exact():
    """Ask for exact products; give what sets back what was, to be called in order."""
    names = [(backend, _own(backend)) for backend in _backends()]
    undo = [partial(setattr, backend, NAME, own) for backend, own in names]
    # torch has an older name for it, and whoever reads that finds an error where the
    # two disagree: so both are set, the older one first, since it sets the others.
    try:
        older = torch.get_float32_matmul_precision()
    except RuntimeError:  # they disagree already
        older = "highest"
    if older != "highest":
        torch.set_float32_matmul_precision("highest")
        undo.insert(0, partial(torch.set_float32_matmul_precision, older))
    for backend, _ in names:
        if getattr(backend, NAME) not in EXACT:
            setattr(backend, NAME, "ieee")
    return undo


def _own(backend):
    """Say what a backend was told, "none" where it goes by what holds for all."""
    value = getattr(backend, NAME)
    if value == "none":
        return value
    setattr(backend, NAME, "none")
    inherited = getattr(backend, NAME)
    setattr(backend, NAME, value)
    return "none" if inherited == value else value


def _backends():
    cuda = torch.backends.cuda.matmul
    try:
        getattr(cuda, NAME)
    except (AttributeError, AssertionError):  # torch < 2.9 has the older name only
        return []
    return [cuda, torch.backends.mkldnn.matmul]
