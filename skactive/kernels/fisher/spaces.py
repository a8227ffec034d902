"""
The space the information lives in: all of it, or a Gaussian sketch of it.

The dense matrices have one row for each dimension of the space. `lift` takes vectors
back to K × d numbers, to be multiplied with the rows of a pool.
"""

import math

import torch

from skactive.kernels.distances import BLOCK
from skactive.kernels.sums import products, row_sums

ENTRIES = 2**22
"""Numbers worked on at a time."""


class Reduced:
    """
    The gradient space without the direction that softmax never moves in.

    The class weights of every row sum to 0, so everything lives in (K − 1) d
    dimensions: coordinates by an orthonormal basis of the vectors that sum to 0.

    Parameters
    ----------
    n_classes : int
        K; 1 means plain features, and nothing is left out.
    d : int
        Width of the embedding.
    device : torch.device
        Where the dense matrices lie.
    """

    def __init__(self, n_classes, d, device):
        self.n_classes, self.d, self.device = n_classes, d, device
        eye = torch.eye(n_classes, dtype=torch.float64, device=device)
        self.basis = eye
        if n_classes > 1:
            v = torch.full_like(eye[0], 1 / math.sqrt(n_classes))
            v[0] += 1
            v /= v.norm()
            self.basis = (eye - 2 * v[:, None] * v)[:, 1:]
        self.dim = self.basis.shape[1] * d

    def project(self, columns, z):
        """
        Give V of a few rows.

        Parameters
        ----------
        columns : torch.Tensor of shape (m, K, r), float64
            Class weights.
        z : torch.Tensor of shape (m, d), float64
            Embeddings.

        Returns
        -------
        torch.Tensor of shape (m, r, dim)
            Their transposes.
        """
        classes = columns.transpose(1, 2) @ self.basis
        return (classes[:, :, :, None] * z[:, None, None, :]).flatten(2)

    def lift(self, vectors):
        """
        Take vectors back to the gradient space.

        Parameters
        ----------
        vectors : torch.Tensor of shape (c, dim)
            Vectors of this space.

        Returns
        -------
        torch.Tensor of shape (K, c, d)
            The same in the gradient space.
        """
        by_class = vectors.reshape(len(vectors), -1, self.d).transpose(0, 1)
        lifted = self.basis @ by_class.reshape(by_class.shape[0], -1)
        return lifted.view(self.n_classes, -1, self.d)

    def sums(self, factor, z):
        """
        Sum the information of rows, before it is reduced.

        Parameters
        ----------
        factor : Softmax, Gradient or Scalar
            The class weights of the rows.
        z : torch.Tensor of shape (n, d)
            Embeddings.

        Returns
        -------
        TwoFold of shape (d² K (K + 1) / 2,)
            Of Σ V Vᵀ, for each class c the rows of its d × (K − c) d numbers with
            itself and the classes after it. Costs n d² K (K + 1) flops.
        """
        sizes = self._sizes()

        def add(block, at):
            rows = z[at].double().contiguous()
            for c, mine in enumerate(block.split(sizes)):
                weights = factor.weights(at, c)[c:]
                scaled = (weights.T[:, :, None] * rows[:, None, :]).flatten(1)
                mine.view(self.d, -1).addmm_(rows.T, scaled)

        return row_sums(len(z), (sum(sizes),), self.device, add)

    def matrix(self, sums):
        """
        Give the information as a matrix of this space.

        Parameters
        ----------
        sums : torch.Tensor of shape (d² K (K + 1) / 2,), float64
            As of `sums`.

        Returns
        -------
        torch.Tensor of shape (dim, dim), float64
            Σ V Vᵀ.
        """
        k, d = self.n_classes, self.d
        total = torch.empty(k, d, k, d, dtype=torch.float64, device=self.device)
        for c, mine in enumerate(sums.split(self._sizes())):
            total[c, :, c:] = mine.view(d, k - c, d)
            total[c + 1 :, :, c] = total[c, :, c + 1 :].permute(1, 2, 0)
        reduced = torch.tensordot(self.basis, total, dims=([0], [0]))
        reduced = torch.tensordot(reduced, self.basis, dims=([2], [0]))
        return reduced.transpose(2, 3).reshape(self.dim, self.dim)

    def _sizes(self):
        k = self.n_classes
        return [self.d * (k - c) * self.d for c in range(k)]


class Sketch:
    """
    A Gaussian sketch of the gradient space.

    Parameters
    ----------
    axes : torch.Tensor of shape (dim, K, d), float64
        What it projects on, of `draw_axes`; on the device of the dense matrices.
    """

    def __init__(self, axes):
        self.axes, self.device = axes, axes.device
        self.dim, self.n_classes, self.d = axes.shape

    def project(self, columns, z):
        """
        Give the sketched V of a few rows.

        Parameters
        ----------
        columns : torch.Tensor of shape (m, K, r), float64
            Class weights.
        z : torch.Tensor of shape (m, d), float64
            Embeddings.

        Returns
        -------
        torch.Tensor of shape (m, r, dim)
            Transposes of the sketches of V.
        """
        made = (self.axes.view(-1, self.d) @ z.T).view(self.dim, -1, len(z))
        return torch.einsum("skm,mkr->mrs", made, columns)

    def lift(self, vectors):
        """
        Take vectors back to the gradient space.

        Parameters
        ----------
        vectors : torch.Tensor of shape (c, dim)
            Vectors of this space.

        Returns
        -------
        torch.Tensor of shape (K, c, d)
            The transposed sketch of them.
        """
        lifted = vectors @ self.axes.view(self.dim, -1)
        return lifted.view(-1, self.n_classes, self.d).transpose(0, 1)

    def sums(self, factor, z):
        """
        Sum the sketched information of rows.

        Parameters
        ----------
        factor : Softmax, Gradient or Scalar
            The class weights of the rows.
        z : torch.Tensor of shape (n, d)
            Embeddings.

        Returns
        -------
        TwoFold of shape (dim, dim)
            Σ V Vᵀ of the sketches. Costs 2 n dim K (d + dim) flops.
        """
        axes = self.axes.permute(1, 2, 0)

        def add(block, at):
            for some in strips(at.stop - at.start, self.n_classes * self.dim):
                some = slice(at.start + some.start, at.start + some.stop)
                # (K, m, dim): the products of all axes, then the columns' turn.
                made = products(z[some].double().contiguous(), axes)
                for side in factor.apply(made.permute(0, 2, 1), some):
                    block.addmm_(side, side.T)

        return row_sums(len(z), (self.dim, self.dim), self.device, add)

    def matrix(self, sums):
        """
        Give the information as a matrix of this space.

        Parameters
        ----------
        sums : torch.Tensor of shape (dim, dim), float64
            As of `sums`.

        Returns
        -------
        torch.Tensor of shape (dim, dim), float64
            The same.
        """
        return sums


def draw_axes(width, shape, generator):
    """
    Draw what a sketch projects on.

    Parameters
    ----------
    width : int
        Dimensions of the sketch.
    shape : tuple of int
        Dimensions of the space: (K, d), or (d,) alone.
    generator : torch.Generator
        On the CPU; draws a normal number for each of both.

    Returns
    -------
    torch.Tensor of shape (width, ...), float64, on the CPU
        The axes.
    """
    draws = torch.randn(width, *shape, dtype=torch.float64, generator=generator)
    return draws / math.sqrt(width)


def strips(n, numbers):
    """
    Cut n rows into strips of a bounded size.

    Parameters
    ----------
    n : int
        How many rows.
    numbers : int
        Numbers that each row needs.

    Yields
    ------
    slice
        The next positions: a power of two of them, at most twice 4,096.
    """
    rows = max(16, min(2 * BLOCK, 2 ** int(math.log2(max(ENTRIES // numbers, 1)))))
    for start in range(0, n, rows):
        yield slice(start, min(start + rows, n))
