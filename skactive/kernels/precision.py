"""Products in full float32, whatever the process allows for training."""

import threading
from contextlib import contextmanager

import torch

_lock = threading.Lock()
_open = []  # one entry for each block that is open
_before = []  # what was set when the first of them was opened


@contextmanager
def full_precision():
    """
    Compute float32 products in float32 inside this block, or inside a function.

    Networks are often trained with products in TF32 or bfloat16
    (``torch.set_float32_matmul_precision("high")``). Three digits are too few for
    distances, which are differences of such products.

    Yields
    ------
    None
        Nothing; what was set before is set again at the end of the last of such
        blocks, which several threads may have open. A training in another thread gets
        exact products meanwhile.
    """
    with _lock:
        if not _open:
            _before[:] = [getattr(*switch) for switch, _ in _switches()]
            for switch, exact in _switches():
                setattr(*switch, exact)
        _open.append(None)
    try:
        yield
    finally:
        with _lock:
            _open.pop()
            if not _open:
                for (switch, _), value in zip(_switches(), _before, strict=True):
                    setattr(*switch, value)


def _switches():
    cuda = torch.backends.cuda.matmul
    try:
        cuda.fp32_precision  # noqa: B018
    except (AttributeError, AssertionError):  # torch < 2.9
        return [((cuda, "allow_tf32"), False)]
    one_dnn = torch.backends.mkldnn.matmul
    return [((cuda, "fp32_precision"), "ieee"), ((one_dnn, "fp32_precision"), "ieee")]
