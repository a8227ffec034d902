"""What the dense matrices need, told before they are made."""

import os

import torch

COPIES = 4
"""M⁻¹, F, and what is in the making."""


def check_dense(dim, blocks, device, *, exact):
    """
    Refuse dense matrices that do not fit.

    Parameters
    ----------
    dim : int
        Their rows.
    blocks : int
        How many there are of each.
    device : torch.device
        Where they would lie.
    exact : bool
        Whether an approximation would be smaller.

    Raises
    ------
    MemoryError
        They would take more than half of the memory there is.
    """
    needed = COPIES * blocks * dim * dim * 8
    there = _memory(device)
    if needed > there / 2:
        way_out = (
            "use approximation='sketch' with a width of some thousands, or "
            "approximation='block' (one block for each class), or a narrower layer"
            if exact
            else "use a smaller width"
        )
        raise MemoryError(
            f"The trace search needs {blocks} × {dim} × {dim} matrices in float64, "
            f"{needed / 1e9:.1f} GB in all, more than half of the {there / 1e9:.1f} GB "
            f"of memory: {way_out}."
        )


def _memory(device):
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[1]
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
