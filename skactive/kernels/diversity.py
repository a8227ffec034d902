"""How different rows are from all labelled ones: distance and posterior variance."""

import math

import torch

from skactive.kernels.covering import nearest_labeled_distance
from skactive.kernels.distances import blocks, column_sums
from skactive.kernels.precision import full_precision


def standardize(z, z_labeled):
    """
    Bring pool and labelled rows together to mean 0 and standard deviation 1.

    Parameters
    ----------
    z : torch.Tensor of shape (n, d)
        Embeddings of the pool.
    z_labeled : torch.Tensor of shape (n_labeled, d)
        Embeddings of the labelled rows.

    Returns
    -------
    tuple of torch.Tensor, of shape (n, d') and (n_labeled, d')
        The same rows, without the features that are constant over all of them. Costs
        a copy of the pool.
    """
    _check_together(z, z_labeled)
    _check_finite("z", z)
    count = len(z) + len(z_labeled)
    mean = (column_sums(z) + column_sums(z_labeled)).to(z.device) / count
    squares = torch.zeros_like(mean)
    for rows in (z, z_labeled):
        for block in blocks(len(rows)):
            squares += (rows[block].double() - mean).square().sum(dim=0)
    scale = (squares / count).sqrt()
    _refuse_overflow(squares)
    # Of a constant feature only the rounding of its mean is left.
    eps = torch.finfo(z.dtype).eps
    moves = scale > 8 * eps * mean.abs().clamp(min=torch.finfo(z.dtype).tiny)
    mean, scale = mean[moves].to(z.dtype), scale[moves].to(z.dtype)
    scaled = tuple(rows.new_empty(len(rows), len(mean)) for rows in (z, z_labeled))
    for rows, out in zip((z, z_labeled), scaled, strict=True):
        for block in blocks(len(rows)):
            out[block] = (rows[block][:, moves] - mean) / scale
    return scaled


@full_precision()
def min_distance(z, z_labeled):
    """
    Measure the distance to the nearest labelled row, as a share of the largest.

    Parameters
    ----------
    z : torch.Tensor of shape (n, d)
        Embeddings of the pool, standardised.
    z_labeled : torch.Tensor of shape (n_labeled, d)
        Embeddings of the labelled rows.

    Returns
    -------
    torch.Tensor of shape (n,), float64
        In [0, 1]; 1 everywhere where nothing is labelled, 0 everywhere where all rows
        equal labelled ones. Costs 2 n n_labeled d flops.
    """
    _check_together(z, z_labeled)
    if not len(z_labeled):
        return torch.ones(len(z), dtype=torch.float64, device=z.device)
    distances = nearest_labeled_distance(z, z_labeled).double().sqrt()
    return distances / distances.max().clamp(min=torch.finfo(torch.float64).tiny)


@full_precision()
def posterior_variance(z, z_labeled):
    """
    Compute the variance that a Gaussian process is left with at each row.

    Parameters
    ----------
    z : torch.Tensor of shape (n, d)
        Embeddings of the pool, standardised.
    z_labeled : torch.Tensor of shape (n_labeled, d)
        Embeddings of the labelled rows.

    Returns
    -------
    torch.Tensor of shape (n,), float64
        The variances in [0, 1]; 1 everywhere where nothing is labelled.

    Notes
    -----
    1 − k_xS K_S⁻¹ k_Sx with the kernel exp(−‖x − x'‖² / (2 d)) (Li et al., section
    3.2.2). See ``PosteriorVariance``, which takes further labels one by one.
    """
    return PosteriorVariance(z).add(z_labeled).values


class PosteriorVariance:
    """
    The variance of a Gaussian process at a pool, while rows are being labelled.

    Parameters
    ----------
    z : torch.Tensor of shape (n, d)
        Embeddings of the pool, standardised.

    Attributes
    ----------
    values : torch.Tensor of shape (n,), float64
        The variances.
    jitter : float
        What was added to the diagonal of K_S to factor it: 0, or from 1e-10 up to
        1e-4, where labelled rows are (near) duplicates.

    Notes
    -----
    All is computed in float64: where labelled rows lie close together, the rounding of
    float32 distances would be divided by pivots near 0. Adding m rows to s costs
    (s + m)² m + 2 n m (s + d) flops, s² + m s numbers of memory and blocks of
    4,096 × (s + m + d).
    """

    def __init__(self, z):
        _check_together(z, z[:0])
        _check_finite("z", z)
        self.z, self.shift = z, column_sums(z).to(z.device) / len(z)
        self.width = max(1, z.shape[1])
        self.values = torch.ones(len(z), dtype=torch.float64, device=z.device)
        self.labeled = z[:0]
        self.lower = self.values.new_zeros(0, 0)
        self.jitter = 0.0

    def add(self, z_labeled):
        """
        Take in rows that were labelled.

        Parameters
        ----------
        z_labeled : torch.Tensor of shape (m, d)
            Their embeddings, standardised as the pool.

        Returns
        -------
        PosteriorVariance
            The same, with smaller variances.
        """
        _check_together(self.z, z_labeled)
        if not len(z_labeled):
            return self
        between = self._kernel(self.labeled, z_labeled)
        half = torch.linalg.solve_triangular(self.lower, between, upper=False)
        own = self._kernel(z_labeled, z_labeled) - half.T @ half
        corner = self._factored(own)
        if corner is None:
            # More jitter than the old rows were factored with: start again.
            everything = torch.cat([self.labeled, z_labeled])
            self.labeled, self.lower = self.z[:0], self.values.new_zeros(0, 0)
            self.values.fill_(1)
            return self.add(everything)
        # What new rows tell of a row x beyond the old: (k_xN − k_xS K_S⁻¹ k_SN) C⁻ᵀ.
        solved = torch.linalg.solve_triangular(self.lower.T, half, upper=True)
        for block in blocks(len(self.z)):
            rest = self._kernel(self.z[block], z_labeled)
            if len(self.labeled):
                rest -= self._kernel(self.z[block], self.labeled) @ solved
            told = torch.linalg.solve_triangular(corner, rest.T, upper=False)
            self.values[block] -= told.square().sum(dim=0)
        self.values.clamp_(min=0, max=1)
        old, new = len(self.lower), len(corner)
        lower = self.values.new_zeros(old + new, old + new)
        lower[:old, :old], lower[old:, :old], lower[old:, old:] = (
            self.lower,
            half.T,
            corner,
        )
        self.lower, self.labeled = lower, torch.cat([self.labeled, z_labeled])
        return self

    def _factored(self, matrix):
        """Factor with the jitter so far; raise it if nothing was factored yet."""
        eye = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)
        while True:
            lower, info = torch.linalg.cholesky_ex(matrix + self.jitter * eye)
            # A pivot that is mere rounding would blow up what is solved with it.
            if not int(info) and float(lower.diagonal().min()) > 1e-7:
                return lower
            self.jitter = max(1e-10, 10 * self.jitter)
            if len(self.lower):
                return None

    def _kernel(self, left, right):
        # The exponent ⟨x, x'⟩ − ‖x‖²/2 − ‖x'‖²/2 as a single product.
        (left, less_left), (right, less_right) = map(self._scaled, (left, right))
        left = torch.cat([left, less_left, torch.ones_like(less_left)], dim=1)
        right = torch.cat([right, torch.ones_like(less_right), less_right], dim=1)
        return (left @ right.T).clamp_(max=0).exp_()

    def _scaled(self, z):
        z = (z.double() - self.shift) / math.sqrt(self.width)
        return z, z.square().sum(dim=1, keepdim=True) / -2


def _check_together(z, z_labeled):
    if z.ndim != 2 or z.dtype not in (torch.float32, torch.float64):
        raise ValueError(
            "z must be a float32 or float64 tensor of shape (n, d). Got shape "
            f"{tuple(z.shape)}, {z.dtype}."
        )
    if z_labeled.ndim != 2 or z_labeled.shape[1] != z.shape[1]:
        raise ValueError(
            f"z_labeled must have the {z.shape[1]} columns of z. Got shape "
            f"{tuple(z_labeled.shape)}."
        )
    if z_labeled.dtype != z.dtype or z_labeled.device != z.device:
        raise ValueError(
            f"z and z_labeled must share dtype and device. Got {z.dtype} on "
            f"{z.device}, {z_labeled.dtype} on {z_labeled.device}."
        )
    _check_finite("z_labeled", z_labeled)


def _check_finite(name, z):
    bad = sum(int((~z[at].isfinite()).any(dim=1).sum()) for at in blocks(len(z)))
    if bad:
        raise ValueError(
            f"The embeddings hold numbers that are not finite, in {bad} row(s) of "
            f"{name}. Look at the model's features for these rows."
        )


def _refuse_overflow(squares):
    bad = int((~squares.isfinite()).sum())
    if bad:
        raise ValueError(
            f"The squares of {bad} feature(s) of the embeddings overflow float64. "
            "Scale the features."
        )
