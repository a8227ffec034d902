"""What several kernels need: a generator, the rest of a batch, one number a row."""

import torch


def given_or_fresh(generator):
    """
    Give the caller's generator, or a fresh one.

    Parameters
    ----------
    generator : torch.Generator or None
        On the CPU, so that every device draws alike.

    Returns
    -------
    torch.Generator
        Never torch's global one.
    """
    if generator is None:
        generator = torch.Generator()
        generator.seed()
    return generator


def fill_uniformly(chosen, n, n_rows, generator):
    """
    Draw the rest of a batch uniformly from the rows not chosen.

    Parameters
    ----------
    chosen : list of int
        Positions chosen so far, at most n.
    n : int
        Size of the batch.
    n_rows : int
        The number of rows.
    generator : torch.Generator
        On the CPU; draws only where something is missing.

    Returns
    -------
    list of int
        The n - len(chosen) positions that were missing.
    """
    if len(chosen) == n:
        return []
    left = torch.ones(n_rows, dtype=torch.bool)
    left[torch.tensor(chosen, dtype=torch.int64)] = False
    left = left.nonzero()[:, 0]
    order = torch.randperm(len(left), generator=generator)
    return left[order[: n - len(chosen)]].tolist()


def check_per_row(rows, name, values):
    """
    Check that there is one number >= 0 for each row.

    Parameters
    ----------
    rows : Rows
        The pool.
    name : str
        What the numbers are called.
    values : torch.Tensor of shape (n_rows,)
        The numbers.

    Returns
    -------
    torch.Tensor of shape (n_rows,)
        The numbers, in the dtype and on the device of the rows.
    """
    if values.shape != rows.norms.shape or bool(
        (values < 0).any() | values.isnan().any()
    ):
        smallest = f"{float(values.min()):.3g}" if values.numel() else "none"
        raise ValueError(
            f"{name} must hold one number >= 0 for each of the {len(rows)} rows. Got "
            f"shape {tuple(values.shape)}, smallest {smallest}."
        )
    return values.to(rows.norms)


def cut_head(values, head):
    """
    Cut off the rows of largest value.

    Parameters
    ----------
    values : torch.Tensor of shape (n_rows,)
        Larger comes first; ties by position.
    head : int
        How many.

    Returns
    -------
    at : torch.Tensor of shape (head,), int64
        Their positions, ascending.
    bound : float
        The largest value outside; -inf where nothing is left outside.
    first_outside : int
        The first position outside that has it.
    """
    if head >= len(values):
        return torch.arange(len(values), device=values.device), -torch.inf, 0
    threshold = values.topk(head + 1).values[-1]
    above = values > threshold
    equal = (values == threshold).nonzero()[:, 0]
    inside = int(head - above.sum())
    at = torch.cat([above.nonzero()[:, 0], equal[:inside]]).sort().values
    return at, float(threshold), int(equal[inside])
