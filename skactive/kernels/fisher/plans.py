"""What parts of a pool are told of a search before it begins."""

from typing import NamedTuple

import torch

from skactive.kernels.fisher.factors import Softmax
from skactive.kernels.fisher.matrix_part import MatrixPart
from skactive.kernels.fisher.scalar_part import ScalarPart
from skactive.kernels.fisher.spaces import Reduced, Sketch, strips
from skactive.kernels.sums import products, row_sums


class MatrixPlan(NamedTuple):
    """
    A search over small matrices: classification.

    Parameters
    ----------
    rank : int or None
        Columns kept.
    axes : torch.Tensor of shape (width, K, d) or None
        A sketch's; None is exact.
    root : float
        Square root of the weight of a candidate's information.
    memory : float
        Bytes that the small matrices of one row may take.
    """

    rank: int | None
    axes: torch.Tensor | None
    root: float
    memory: float

    def space(self, z, p):
        """
        Give the space that these rows live in.

        Parameters
        ----------
        z : torch.Tensor of shape (m, d)
            Embeddings.
        p : torch.Tensor of shape (m, K)
            Probabilities.

        Returns
        -------
        Reduced or Sketch
            On their device.
        """
        if self.axes is None:
            return Reduced(p.shape[1], z.shape[1], z.device)
        return Sketch(self.axes.to(z.device))

    def sums(self, z, p):
        """
        Sum the information of rows.

        Parameters
        ----------
        z : torch.Tensor of shape (m, d)
            Embeddings.
        p : torch.Tensor of shape (m, K)
            Probabilities.

        Returns
        -------
        TwoFold
            The sums, unweighted, as the space has them.
        """
        return self.space(z, p).sums(Softmax(p, self.rank), z)

    def part(self, z, p, start):
        """
        Make what is kept for some rows.

        Parameters
        ----------
        z : torch.Tensor of shape (m, d)
            Embeddings.
        p : torch.Tensor of shape (m, K)
            Probabilities.
        start : int
            Position of the first row in the pool.

        Returns
        -------
        MatrixPart
            Not yet computed.
        """
        return MatrixPart(z, p, start, self)


class ScalarPlan(NamedTuple):
    """
    A search where information has rank one, in one block or more.

    Parameters
    ----------
    is_blocked : bool
        Whether there is a block for each class.
    axes : torch.Tensor of shape (width, d) or None
        A sketch's; None is exact.
    root : float
        Square root of the weight of a candidate's information.
    """

    is_blocked: bool
    axes: torch.Tensor | None
    root: float

    def sums(self, z, p):
        """
        Sum the information of rows.

        Parameters
        ----------
        z : torch.Tensor of shape (m, d)
            Embeddings.
        p : torch.Tensor of shape (m, K) or None
            Probabilities.

        Returns
        -------
        TwoFold of shape (G, dim, dim)
            For each block, the sum, unweighted.
        """
        axes = None if self.axes is None else self.axes.to(z.device)
        dim = z.shape[1] if axes is None else len(axes)
        n_blocks = p.shape[1] if self.is_blocked else 1

        def add(block, at):
            rows = z[at].double().contiguous()
            rows = rows if axes is None else products(rows, axes.T)
            roots = self._roots(z[at], None if p is None else p[at]).double()
            for total, root in zip(block, roots, strict=True):
                total.addmm_(rows.T, rows * root.square()[:, None])

        return row_sums(len(z), (n_blocks, dim, dim), z.device, add)

    def part(self, z, p, start):
        """
        Make what is kept for some rows.

        Parameters
        ----------
        z : torch.Tensor of shape (m, d)
            Embeddings.
        p : torch.Tensor of shape (m, K) or None
            Probabilities.
        start : int
            Position of the first row in the pool.

        Returns
        -------
        ScalarPart
            Not yet computed.
        """
        roots = [
            self._roots(z[at], None if p is None else p[at]).T * self.root
            for at in strips(len(z), 1)
        ]
        # A row's numbers lie side by side, as products with it do.
        return ScalarPart(z, torch.cat(roots).T, start)

    def _roots(self, z, p):
        """Give the square roots of the weights of z zᵀ, a row for each block."""
        dtype = torch.promote_types(z.dtype, torch.float32)
        if p is None:
            return z.new_ones(1, len(z), dtype=dtype)
        p = p.T.to(dtype)
        # 1 − p from the other columns: near 1 the difference would lose digits.
        rest = p.sum(dim=0) - p
        if self.is_blocked:
            return (p * rest.clamp(min=0)).sqrt()
        return (2 * p[:1] * p[1:]).sqrt()
