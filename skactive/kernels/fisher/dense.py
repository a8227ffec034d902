"""M⁻¹ and F as dense float64 matrices, and what a row's V does to them."""

from typing import NamedTuple

import torch


class Update(NamedTuple):
    """
    What the pool must know of a row that came or left.

    Parameters
    ----------
    vectors : torch.Tensor of shape (r, dim)
        Wᵀ, for W = M⁻¹ V C with C Cᵀ = (Id ± Vᵀ M⁻¹ V)⁻¹.
    sides : torch.Tensor of shape (r, dim)
        Transpose of M⁻¹ F W ∓ ½ W (Wᵀ F W).
    change : float
        By how much the trace tr(M⁻¹ F) fell, or rose.
    """

    vectors: torch.Tensor
    sides: torch.Tensor
    change: float


class Trials(NamedTuple):
    """
    Rows that were evaluated exactly.

    Parameters
    ----------
    sign : {1, -1}
        1 to add, -1 to remove.
    u, fu : torch.Tensor of shape (m, r, dim)
        Transposes of M⁻¹ V and F M⁻¹ V.
    lower : torch.Tensor of shape (m, r, r)
        Cholesky factors of Id ± Vᵀ M⁻¹ V.
    changes : torch.Tensor of shape (m,)
        By how much the trace would fall, or rise; infinite where that matrix is not
        positive definite.
    """

    sign: int
    u: torch.Tensor
    fu: torch.Tensor
    lower: torch.Tensor
    changes: torch.Tensor


class Dense:
    """
    M, its inverse, and F; vectors are rows, which multiplies faster.

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
        picks : iterable of torch.Tensor of shape (c, dim)
            Transposes of the V that M holds beyond the prior, some together.
        """
        m = self.prior.clone()
        for v in picks:
            m.addmm_(v.T, v)
        self.inverse = torch.cholesky_inverse(factored(m))

    def trace(self):
        """
        Give the objective.

        Returns
        -------
        float
            The trace tr(M⁻¹ F).
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
            Transposes of U, with M⁻¹ = U Uᵀ, and of M⁻¹ F U.
        """
        root = torch.linalg.cholesky(self.inverse).T
        return root, self._times_fisher(root) @ self.inverse

    def trials(self, v, sign):
        """
        Evaluate some rows exactly.

        Parameters
        ----------
        v : torch.Tensor of shape (m, r, dim)
            Transposes of their V.
        sign : {1, -1}
            1 to add one of them, -1 to remove.

        Returns
        -------
        Trials
            By how much the trace would fall, or rise; to `move` by.
        """
        u = v.flatten(0, 1) @ self.inverse
        fu = self._times_fisher(u).view_as(v)
        u = u.view_as(v)
        eye = torch.eye(v.shape[1], dtype=v.dtype, device=v.device)
        lower, info = torch.linalg.cholesky_ex(eye + sign * (u @ v.transpose(1, 2)))
        whole = torch.cholesky_solve(u @ fu.transpose(1, 2), lower)
        changes = whole.diagonal(dim1=1, dim2=2).sum(dim=1)
        return Trials(sign, u, fu, lower, changes.masked_fill(info > 0, torch.inf))

    def move(self, trials, turn):
        """
        Add a row's information to M, or take it out.

        Parameters
        ----------
        trials : Trials
            What was evaluated, at the M of now.
        turn : int
            Which of the rows.

        Returns
        -------
        Update
            For the small matrices of the pool.
        """
        sign, lower = trials.sign, trials.lower[turn]
        w, fw = (
            torch.linalg.solve_triangular(lower, some[turn], upper=False)
            for some in (trials.u, trials.fu)
        )
        inner = fw @ w.T
        sides = fw @ self.inverse - sign / 2 * (inner @ w)
        self.inverse.addmm_(w.T, w, alpha=-sign)
        return Update(w, sides, float(inner.diagonal().sum()))

    def _times_fisher(self, vectors):
        return vectors if self.fisher is None else vectors @ self.fisher


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
            "No row can be taken out again: Id - Vᵀ M⁻¹ V is not positive definite in "
            "float64. Raise lam, or scale the embeddings down."
        )
    return int((costs <= least + 1e-12 * least.abs()).nonzero()[0])
