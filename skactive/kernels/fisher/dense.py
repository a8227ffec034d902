"""M⁻¹ and F as dense float64 matrices, and what a row's V does to them."""

from typing import NamedTuple

import torch


class Update(NamedTuple):
    """
    What the pool must know of a row that came or left.

    Parameters
    ----------
    vectors : torch.Tensor of shape (dim, r)
        W = M⁻¹ V C, with C Cᵀ = (Id ± Vᵀ M⁻¹ V)⁻¹.
    sides : torch.Tensor of shape (dim, r)
        M⁻¹ F W ∓ ½ W (Wᵀ F W).
    change : float
        By how much the trace tr(M⁻¹ F) fell, or rose.
    """

    vectors: torch.Tensor
    sides: torch.Tensor
    change: float


class Dense:
    """
    M, its inverse, and F.

    Parameters
    ----------
    prior : torch.Tensor of shape (dim, dim), float64
        M before the first pick.
    fisher : torch.Tensor of shape (dim, dim) or None
        F; None is the identity.
    """

    def __init__(self, prior, fisher):
        self.prior, self.fisher = prior, fisher
        self.rebuild([])

    def rebuild(self, picks):
        """
        Form M⁻¹ anew.

        Parameters
        ----------
        picks : iterable of torch.Tensor of shape (dim, c)
            The V that M holds beyond the prior, some side by side.
        """
        m = self.prior.clone()
        for v in picks:
            m.addmm_(v, v.T)
        self.inverse = torch.cholesky_inverse(factored(m))

    def trace(self):
        """
        Give the objective.

        Returns
        -------
        float
            tr(M⁻¹ F).
        """
        if self.fisher is None:
            return float(self.inverse.diagonal().sum())
        return float((self.inverse * self.fisher).sum())

    def sides(self):
        """
        Give what P and R are computed from.

        Returns
        -------
        tuple of torch.Tensor of shape (dim, dim)
            U with M⁻¹ = U Uᵀ, and M⁻¹ F U.
        """
        root = torch.linalg.cholesky(self.inverse)
        return root, self.inverse @ self._fisher_times(root)

    def changes(self, v, sign):
        """
        Evaluate some rows exactly.

        Parameters
        ----------
        v : torch.Tensor of shape (m, dim, r)
            Their V.
        sign : {1, -1}
            1 to add one of them, -1 to remove.

        Returns
        -------
        torch.Tensor of shape (m,)
            By how much the trace would fall, or rise.
        """
        u = self.inverse @ v
        small = _eye_plus(sign, v.transpose(1, 2) @ u)
        right = u.transpose(1, 2) @ self._fisher_times(u)
        lower, info = torch.linalg.cholesky_ex(small)
        out = torch.cholesky_solve(right, lower).diagonal(dim1=1, dim2=2).sum(dim=1)
        return out.masked_fill(info > 0, torch.inf)

    def move(self, v, sign):
        """
        Add a row's information to M, or take it out.

        Parameters
        ----------
        v : torch.Tensor of shape (dim, r)
            Its V.
        sign : {1, -1}
            1 to add, -1 to remove.

        Returns
        -------
        Update
            For the small matrices of the pool.
        """
        u = self.inverse @ v
        lower = torch.linalg.cholesky(_eye_plus(sign, v.T @ u))
        w = torch.linalg.solve_triangular(lower, u.T, upper=False).T
        fw = self._fisher_times(w)
        inner = w.T @ fw
        sides = self.inverse @ fw - sign / 2 * (w @ inner)
        self.inverse.addmm_(w, w.T, alpha=-sign)
        return Update(w, sides, float(inner.diagonal().sum()))

    def _fisher_times(self, vectors):
        return vectors if self.fisher is None else self.fisher @ vectors


def _eye_plus(sign, small):
    eye = torch.eye(small.shape[-1], dtype=small.dtype, device=small.device)
    return eye + sign * small


def factored(m):
    """
    Factor M, or say what to do.

    Parameters
    ----------
    m : torch.Tensor of shape (..., dim, dim), float64
        Symmetric matrices.

    Returns
    -------
    torch.Tensor of shape (..., dim, dim)
        Lower Cholesky factors.
    """
    lower, info = torch.linalg.cholesky_ex(m)
    if bool((info > 0).any()):
        raise ValueError(
            "The matrix M = lam Id + information is not positive definite in float64. "
            "Raise lam, or scale the embeddings down."
        )
    return lower


def cheapest(costs):
    """
    Give the row that costs least to take out.

    Parameters
    ----------
    costs : torch.Tensor of shape (m,), float64
        Infinite where a row must stay.

    Returns
    -------
    int
        The smallest, ties to the first.
    """
    least = costs.min()
    if not torch.isfinite(least):
        raise ValueError(
            "No row can be taken out again: Id − Vᵀ M⁻¹ V is not positive definite in "
            "float64. Raise lam, or scale the embeddings down."
        )
    return int((costs <= least + 1e-12 * least.abs()).nonzero()[0])
