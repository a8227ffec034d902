"""
Upper bounds of information gains from groups of configurations.

To know only the group of a configuration is to know less, and what a row would tell is
then more: H is concave and Σ_t w_t H(y | ω_t) linear in w, so that the mean posteriors
of groups bound the gain from above, on enumerated and on sampled configurations alike.
Some hundred groups of similar posteriors come close to ten thousand configurations.
"""

import torch
from torch.special import entr

FEWEST = 32
"""Groups of the coarsest rung."""
FINER = 1.5
"""Each rung has at least so many times the groups of the one before."""


def rungs(posterior, mass):
    """
    Group configurations by their posteriors, ever more finely.

    Parameters
    ----------
    posterior : torch.Tensor of shape (T, C), float64
        The posteriors.
    mass : torch.Tensor of shape (C,), float64
        Their masses.

    Yields
    ------
    posterior : torch.Tensor of shape (T, G), float64
        Mean posteriors of G groups, G at most C / 2.
    mass : torch.Tensor of shape (G,), float64
        Their masses.

    Notes
    -----
    The groups that lose most are cut in two, at the mean of the coordinate of √w that
    varies most. A cut of all costs O(T C) time and memory.
    """
    n = len(mass)
    doubt = mass * entr(posterior).sum(dim=0)
    roots = posterior.sqrt()
    group = torch.zeros(n, dtype=torch.int64, device=mass.device)
    n_groups, wanted = 1, FEWEST
    while 2 * max(wanted, n_groups) <= n:
        total = _sums(mass, group, n_groups)
        means = _sums(posterior * mass, group, n_groups) / total
        if n_groups >= wanted:
            yield means, total
            wanted = FINER * n_groups
        losses = total * entr(means).sum(dim=0) - _sums(doubt, group, n_groups)
        cut = losses > max(1e-14, float(losses.mean()) / 2)
        inside = cut[group].nonzero()[:, 0]
        if len(inside) == 0:
            return
        _, member = group[inside].unique(return_inverse=True)
        right = inside[_right_half(roots[:, inside], mass[inside], member)]
        if len(right) == 0:
            return
        names = 2 * group
        names[right] += 1
        names, group = names.unique(return_inverse=True)
        n_groups = len(names)


def _right_half(roots, mass, group):
    n_groups = int(group.max()) + 1
    total = _sums(mass, group, n_groups)
    weighted = roots * mass
    centres = _sums(weighted, group, n_groups) / total
    variances = _sums(weighted.mul_(roots), group, n_groups) / total - centres.square()
    axis = variances.argmax(dim=0)
    threshold = centres.gather(0, axis[None])[0]
    return roots.gather(0, axis[group][None])[0] > threshold[group]


def _sums(values, group, n_groups):
    out = values.new_zeros(*values.shape[:-1], n_groups)
    return out.index_add_(-1, group, values)
