"""The answers about a pool while they come in: an array, or a tensor on a card."""

import numpy as np
import torch

from skactive.inspection.planning import asked, dtype_of
from skactive.utils.storage import kept_dtype


class Kept:
    """
    The answer to a question about all rows, filled block by block.

    Parameters
    ----------
    question : Question
        What is asked.
    author : str
        The model, to be named.
    n : int
        How many rows there are.
    device : torch.device
        Where to keep it: an ndarray on the CPU, else a tensor.

    Attributes
    ----------
    answer : ndarray or torch.Tensor or None
        Of shape (n, width) or (n_draws, n, width).
    """

    def __init__(self, question, author, n, device):
        self.question, self.author, self.n, self.device = question, author, n, device
        self.answer = None

    def put(self, rows, block):
        """
        Ask about a block of rows, and keep the answer.

        Parameters
        ----------
        rows : array-like of shape (m, ...)
            The rows.
        block : slice
            Where they stand in the pool.
        """
        part = asked(self.question, rows, self.author)
        kind = kept_dtype(dtype_of(part))
        part = self._cast(part, kind)
        if part.shape[-2] == self.n:
            self.answer = part
            return
        if self.answer is None:
            self.answer = self._room((*part.shape[:-2], self.n, part.shape[-1]), kind)
        into = self.answer[..., block, :]
        if into.shape != part.shape:
            raise ValueError(
                f"{self.author} answered {self.question.name} with arrays of shape "
                f"{tuple(into.shape)} and {tuple(part.shape)} about as many rows. Its "
                "answers must be of one width."
            )
        into[...] = part

    def _cast(self, part, kind):
        """Bring a part to where it is kept and how; refuse what does not fit."""
        if self.device.type == "cpu":
            part = part.cpu().numpy() if isinstance(part, torch.Tensor) else part
            with np.errstate(over="ignore"):
                cast = part.astype(kind, copy=False)
            lost = part[np.isinf(cast) & np.isfinite(part)] if cast is not part else ()
        else:
            part = torch.as_tensor(part, device=self.device)
            cast = part.to(_torch_dtype(kind))
            lost = part[cast.isinf() & part.isfinite()] if cast is not part else ()
        if len(lost):
            raise ValueError(
                f"{self.author} answered {self.question.name} with numbers up to "
                f"{float(abs(lost).max()):.3g}, too large for storage={kind.name!r}. "
                "Use a wider storage, or scale the features."
            )
        return cast

    def _room(self, shape, kind):
        if self.device.type == "cpu":
            return np.empty(shape, dtype=kind)
        return torch.empty(shape, dtype=_torch_dtype(kind), device=self.device)


def _torch_dtype(kind):
    return torch.from_numpy(np.empty(0, dtype=kind)).dtype
