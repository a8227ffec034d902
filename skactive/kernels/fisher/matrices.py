"""
The small matrices P = Vᵀ M⁻¹ V and R = Vᵀ M⁻¹ F M⁻¹ V of every row of a pool.

They are kept and updated, in strips of rows: a step costs 4 n d K² flops as matrix
products, and K³ more a row.
"""

import torch

from skactive.kernels.fisher.spaces import ENTRIES, strips

WIDEST = 32
"""Matrices up to this size are eliminated entry by entry, wider ones by LAPACK."""


class SmallMatrices:
    """
    P and R of the rows of a pool.

    Parameters
    ----------
    z : torch.Tensor of shape (n, d), float16, float32 or float64
        Embeddings; P and R have their dtype, float32 at least.
    factor : Softmax, Gradient or Scalar
        The class weights of the rows.
    root : float
        Square root of the weight of a row's information.
    with_fisher : bool, default=True
        False keeps P alone.
    limit : float, default=inf
        Bytes that P and R may take; beyond, they are recomputed at each step.
    """

    def __init__(self, z, factor, root, *, with_fisher=True, limit=float("inf")):
        self.z, self.factor, self.root = z, factor, root
        self.dtype = torch.promote_types(z.dtype, torch.float32)
        self.r = factor.n_columns
        self.above = torch.triu_indices(self.r, self.r, device=z.device)
        n_packed = self.above.shape[1]
        where = torch.zeros(self.r, self.r, dtype=torch.int64, device=z.device)
        where[self.above[0], self.above[1]] = torch.arange(n_packed, device=z.device)
        self.where = torch.maximum(where, where.T).flatten()
        n_kept = 2 if with_fisher else 1
        self.is_kept = n_kept * n_packed * len(z) * self.dtype.itemsize <= limit
        self.kept = {}
        self.with_fisher = with_fisher

    def rebuild(self, root, side=None):
        """
        Compute P, and R, anew.

        Parameters
        ----------
        root : torch.Tensor of shape (K, dim, d), float64
            Uᵀ, lifted, where M⁻¹ = U Uᵀ.
        side : torch.Tensor of shape (K, dim, d) or None, default=None
            (M⁻¹ F U)ᵀ, lifted.
        """
        self.root_of_inverse = self._ready(root)
        self.side = None if side is None else self._ready(side)
        if self.is_kept:
            for at in self._strips():
                for part in _parts(at, 256):
                    self._keep(at, self._from_scratch(part), part)

    def values(self, score):
        """
        Score all rows.

        Parameters
        ----------
        score : callable
            Takes P, and R, of shape (r, r, m), which it may change; gives (m,).

        Returns
        -------
        torch.Tensor of shape (n,)
            The scores.
        """
        out = self._empty(len(self.z))
        for at in self._strips(None if self.is_kept else 256):
            small = self._take(at) if self.is_kept else self._from_scratch(at)
            out[at] = score(*small)
        return out

    def step(self, vectors, sides, sign, score):
        """
        Bring P and R up to date, and score all rows, in one pass.

        Parameters
        ----------
        vectors, sides : torch.Tensor of shape (K, c, d), float64
            Wᵀ, and the transpose of M⁻¹ F W ∓ ½ W (Wᵀ F W), lifted.
        sign : {1, -1}
            1 where a row came to M, -1 where one left.
        score : callable
            As for `values`.

        Returns
        -------
        torch.Tensor of shape (n,)
            The scores.
        """
        vectors = self._ready(vectors)
        sides = None if sides is None else self._ready(sides)
        out = self._empty(len(self.z))
        for at in self._strips():
            small = self._take(at)
            x = self._products(vectors, at)
            y = None if sides is None else self._products(sides, at)
            for j in range(x.shape[1]):
                small[0].addcmul_(x[:, None, j], x[None, :, j], value=-sign)
                if y is not None:
                    small[1].addcmul_(x[:, None, j], y[None, :, j], value=-2 * sign)
            if y is not None:
                # X Yᵀ + Y Xᵀ is the symmetric part of 2 X Yᵀ: half the products.
                small[1] = (small[1] + small[1].transpose(0, 1)).mul_(0.5)
            self._keep(at, small)
            out[at] = score(*small)
        return out

    def _strips(self, rows=None):
        numbers = self.factor.n_classes**2
        return strips(len(self.z), max(numbers, ENTRIES // rows if rows else 0))

    def _ready(self, lifted):
        """Give (K, c, d) as one matrix, in the dtype of P and R."""
        return (self.root * lifted).flatten(0, 1).to(self.dtype)

    def _empty(self, *shape):
        return torch.empty(shape, dtype=self.dtype, device=self.z.device)

    def _read(self, at):
        return self.z[at].to(self.dtype)

    def _products(self, ready, at):
        products = (ready @ self._read(at).T).view(self.factor.n_classes, -1, _size(at))
        return self.factor.apply(products, at)

    def _take(self, at):
        shape = (self.r, self.r, _size(at))
        kept = self.kept[at.start]
        return [packed.index_select(0, self.where).view(shape) for packed in kept]

    def _keep(self, at, small, part=None):
        """Write where the strip has always been: fresh memory takes time, and room."""
        if at.start not in self.kept:
            shape = (self.above.shape[1], _size(at))
            self.kept[at.start] = [self._empty(*shape) for _ in small]
        inside = slice(None)
        if part is not None:
            inside = slice(part.start - at.start, part.stop - at.start)
        for kept, matrix in zip(self.kept[at.start], small, strict=True):
            kept[:, inside] = matrix[self.above[0], self.above[1]]

    def _from_scratch(self, at):
        """Sum products over all columns of U, and of M⁻¹ F U, and take the columns."""
        m, k, d = _size(at), self.factor.n_classes, self.z.shape[1]
        z = self._read(at)
        sums = [z.new_zeros(m, k, k) for _ in range(1 + self.with_fisher)]
        sides = [self.root_of_inverse] + ([self.side] if self.with_fisher else [])
        sides = [side.view(k, -1, d) for side in sides]
        width = max(8, ENTRIES // (k * m))
        for start in range(0, sides[0].shape[1], width):
            some = [side[:, start : start + width].reshape(-1, d) for side in sides]
            products = [(z @ one.T).view(m, k, -1) for one in some]
            for total, right in zip(sums, products, strict=True):
                total.baddbmm_(products[0], right.transpose(1, 2))
        out = []
        for total in sums:
            total = (total + total.transpose(1, 2)).permute(1, 2, 0).contiguous() / 2
            half = self.factor.apply(total, at).transpose(0, 1)
            out.append(self.factor.apply(half, at))
        return out


def traces(p, r, sign):
    """
    Give tr(R (Id ± P)⁻¹) of many small matrices.

    Parameters
    ----------
    p, r : torch.Tensor of shape (k, k, m)
        Symmetric matrices, the rows last; changed.
    sign : {1, -1}
        Whether P is added or subtracted.

    Returns
    -------
    torch.Tensor of shape (m,)
        The traces; infinite where Id ± P is not positive definite.
    """
    p *= sign
    p.diagonal(dim1=0, dim2=1).add_(1)
    if len(p) > WIDEST:
        lower, info = torch.linalg.cholesky_ex(p.permute(2, 0, 1))
        whole = torch.cholesky_solve(r.permute(2, 0, 1), lower)
        out = whole.diagonal(dim1=1, dim2=2).sum(dim=1)
        return out.masked_fill_(info > 0, torch.inf)
    out = torch.zeros_like(p[0, 0])
    bad = torch.zeros_like(out, dtype=torch.bool)
    while True:
        # A congruence takes the first row and column of Id ± P to 0, and R along.
        pivot = p[0, 0]
        bad |= ~(pivot > 0)
        out.addcdiv_(r[0, 0], pivot)
        if len(p) == 1:
            return out.masked_fill_(bad, torch.inf)
        row = p[1:, 0]
        c = row / pivot
        w = r[1:, 0] - 0.5 * r[0, 0] * c
        p, r = p[1:, 1:], r[1:, 1:]
        p.addcmul_(row[:, None], c[None], value=-1)
        r.addcmul_(c[:, None], w[None], value=-1)
        r.addcmul_(w[:, None], c[None], value=-1)


def log_determinants(p):
    """
    Give ln det(Id + P) of many small matrices.

    Parameters
    ----------
    p : torch.Tensor of shape (k, k, m)
        Symmetric positive semi-definite matrices, the rows last; changed.

    Returns
    -------
    torch.Tensor of shape (m,)
        The logarithms.
    """
    if len(p) == 1:
        return p[0, 0].clamp(min=0).log1p()
    p.diagonal(dim1=0, dim2=1).add_(1)
    if len(p) > WIDEST:
        lower = torch.linalg.cholesky_ex(p.permute(2, 0, 1))[0]
        return 2 * lower.diagonal(dim1=1, dim2=2).log().sum(dim=1)
    out = torch.zeros_like(p[0, 0])
    while True:
        pivot = p[0, 0].clamp(min=1)
        out += pivot.log()
        if len(p) == 1:
            return out
        row = p[1:, 0]
        p = p[1:, 1:]
        p.addcmul_(row[:, None], (row / pivot)[None], value=-1)


def _size(at):
    return at.stop - at.start if isinstance(at, slice) else len(at)


def _parts(at, rows):
    for start in range(at.start, at.stop, rows):
        yield slice(start, min(start + rows, at.stop))
