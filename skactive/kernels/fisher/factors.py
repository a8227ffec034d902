"""
Fisher information of a last layer, row by row: I(x) = V Vᵀ with V = columns ⊗ z.

A row's columns are K × r class weights; V, of K d × r numbers, is never built for a
pool. Arrays here have the rows last, (r, c, m): small matrices of many rows are then
worked on entry by entry, each entry one long vector.
"""

import torch

from skactive.kernels.distances import blocks


class Softmax:
    """
    A classifier's Fisher information, (diag p − p pᵀ) ⊗ z zᵀ.

    The columns are those of L = diag √p − p √pᵀ, for L Lᵀ = diag p − p pᵀ.

    Parameters
    ----------
    p : torch.Tensor of shape (n, K)
        Probabilities.
    rank : int or None, default=None
        Keep the columns √p_c (e_c − p) of largest norm, so many of them.
    """

    def __init__(self, p, rank=None):
        self.p = p.T.contiguous()
        self.n_classes, self.n_rows = self.p.shape
        self.n_columns = self.n_classes
        self.kept = None
        if rank is not None and rank < self.n_classes:
            self.n_columns = rank
            self.kept = self.p.new_empty(rank, self.n_rows, dtype=torch.int32)
            for at in blocks(self.n_rows):
                self.kept[:, at] = _longest(self.p[:, at].double())[:rank]

    def apply(self, products, at):
        """
        Multiply by the transposed columns.

        Parameters
        ----------
        products : torch.Tensor of shape (K, c, m)
            Products of c vectors of the gradient space with e_c ⊗ z, for m rows.
        at : slice or torch.Tensor of shape (m,)
            Which rows.

        Returns
        -------
        torch.Tensor of shape (r, c, m)
            Vᵀ times the vectors.
        """
        p = self.p[:, at].to(products.dtype)[:, None]
        out = products - (p * products).sum(dim=0)
        out *= p.sqrt()
        if self.kept is None:
            return out
        kept = self.kept[:, at].long()[:, None].expand(-1, out.shape[1], -1)
        return out.gather(0, kept)

    def columns(self, at):
        """
        Give the columns of a few rows in float64, as few as span the same.

        Parameters
        ----------
        at : torch.Tensor of shape (m,)
            Which rows.

        Returns
        -------
        torch.Tensor of shape (m, K, r)
            Class weights; r = K − 1 where all columns are kept.
        """
        p = self.p[:, at].T.double()
        roots = p.sqrt()
        full = torch.diag_embed(roots) - p[:, :, None] * roots[:, None, :]
        if self.kept is None:
            # L √p = 0: turn √p into the first axis, and leave it out.
            return full @ _completing(roots)[:, :, 1:]
        kept = self.kept[:, at].T.long()[:, None, :].expand(-1, p.shape[1], -1)
        return full.gather(2, kept)

    def weights(self, at, c):
        """
        Give one class's weights with all classes, of columns columnsᵀ.

        Parameters
        ----------
        at : slice
            Which rows.
        c : int
            The class.

        Returns
        -------
        torch.Tensor of shape (K, m), float64
            Entries of the class weights' row c.
        """
        p = self.p[:, at].double()
        mine = p
        if self.kept is not None:
            mine = torch.zeros_like(p).scatter_(0, self.kept[:, at].long(), 1) * p
        out = mine.sum(dim=0) * p[c] * p - mine[c] * p - p[c] * mine
        out[c] += mine[c]
        return out


class Gradient:
    """
    Rank one, by the gradient embedding g = (p − e_ŷ) ⊗ z of the likeliest label.

    Parameters
    ----------
    p : torch.Tensor of shape (n, K)
        Probabilities.
    """

    def __init__(self, p):
        self.a = p.T.to(torch.promote_types(p.dtype, torch.float32), copy=True)
        self.a = self.a.contiguous()
        self.n_classes, self.n_rows = self.a.shape
        self.n_columns = 1
        self.a[p.argmax(dim=1), torch.arange(len(p), device=p.device)] -= 1

    def apply(self, products, at):
        """
        Multiply by the transposed column.

        Parameters
        ----------
        products : torch.Tensor of shape (K, c, m)
            Products of c vectors with e_c ⊗ z, for m rows.
        at : slice or torch.Tensor of shape (m,)
            Which rows.

        Returns
        -------
        torch.Tensor of shape (1, c, m)
            The products gᵀ times the vectors.
        """
        a = self.a[:, at].to(products.dtype)[:, None]
        return (a * products).sum(dim=0, keepdim=True)

    def columns(self, at):
        """
        Give the column of a few rows in float64.

        Parameters
        ----------
        at : torch.Tensor of shape (m,)
            Which rows.

        Returns
        -------
        torch.Tensor of shape (m, K, 1)
            The differences p − e_ŷ.
        """
        return self.a[:, at].T.double()[:, :, None]

    def weights(self, at, c):
        """
        Give one class's weights with all classes.

        Parameters
        ----------
        at : slice
            Which rows.
        c : int
            The class.

        Returns
        -------
        torch.Tensor of shape (K, m), float64
            The products a_c a.
        """
        a = self.a[:, at].double()
        return a[c] * a


class Scalar:
    """
    Rank one with one class: weight × z zᵀ, of regression and of binary models.

    Parameters
    ----------
    weights : torch.Tensor of shape (n,)
        1 for squared loss, whatever the number of outputs; 2 p (1 − p) for a binary
        model, one logit or two.
    """

    n_classes = n_columns = 1

    def __init__(self, weights):
        self.square = weights
        self.root = weights.sqrt()
        self.n_rows = len(weights)

    def apply(self, products, at):
        """
        Multiply by the transposed column.

        Parameters
        ----------
        products : torch.Tensor of shape (1, c, m)
            Products of c vectors with z, for m rows.
        at : slice or torch.Tensor of shape (m,)
            Which rows.

        Returns
        -------
        torch.Tensor of shape (1, c, m)
            Vᵀ times the vectors.
        """
        return products * self.root[at].to(products.dtype)

    def columns(self, at):
        """
        Give the column of a few rows in float64.

        Parameters
        ----------
        at : torch.Tensor of shape (m,)
            Which rows.

        Returns
        -------
        torch.Tensor of shape (m, 1, 1)
            Square roots of the weights.
        """
        return self.root[at].double()[:, None, None]

    def weights(self, at, c):
        """
        Give the weights of some rows.

        Parameters
        ----------
        at : slice
            Which rows.
        c : int
            The class, 0.

        Returns
        -------
        torch.Tensor of shape (1, m), float64
            The weights.
        """
        return self.square[at].double()[None]


def _longest(p):
    """Give the columns √p_c (e_c − p) of (K, m) rows, the longest first."""
    # A running sum is the same whichever rows stand beside.
    squares = p * (1 - 2 * p + p.square().cumsum(dim=0)[-1])
    return squares.sort(dim=0, descending=True, stable=True).indices


def _completing(unit):
    """Give orthogonal matrices (m, K, K) whose first columns are ± these (m, K)."""
    v = unit.clone()
    # Away from the first axis, so that nothing cancels.
    v[:, 0] += torch.where(unit[:, 0] >= 0, 1.0, -1.0)
    v = v / v.norm(dim=1, keepdim=True)
    eye = torch.eye(unit.shape[1], dtype=unit.dtype, device=unit.device)
    return eye - 2 * v[:, :, None] * v[:, None, :]
