"""BatchBALD: selection alone, from posterior draws at hand."""

import numpy as np
import torch
from benchmarks.harness import golden, table, timed
from torch.special import entr

from skactive.kernels.information import batch_bald


def run(scale):
    """Print the tables, n divided by the scale; 10,000 configurations each."""
    check()
    _compare(10_000 // scale, k=10, draws=20, batch=10)
    _compare(10_000 // scale, k=47, draws=10, batch=5)
    _large(100_000 // scale)


# ---------------------------------------------------------------- the rival


def published(p, n, n_configurations=10_000, seed=0, entropies=None):
    """
    Greedy search over the whole pool at each step, in float32, as published.

    Exact while K^(picks) <= n_configurations, then on that many configurations drawn
    afresh at each step, weighted by importance (equation 36).
    """
    entropies = entropies or row_by_row
    generator = torch.Generator().manual_seed(seed)
    draws, _, k = p.shape
    by_row = p.permute(1, 0, 2).contiguous()
    conditional = entr(by_row).sum(dim=2).mean(dim=1)
    chosen, exact = [], torch.ones(1, draws)
    for _ in range(n):
        is_exact = k ** len(chosen) <= n_configurations
        if is_exact:
            if chosen:
                exact = (exact[:, None] * by_row[chosen[-1]].T[None]).view(-1, draws)
            configurations, weights = exact, torch.ones(len(exact))
        else:
            configurations = _drawn(by_row[chosen], n_configurations, generator)
            weights = 1 / (len(configurations) * configurations.mean(dim=1))
        scores = entropies(by_row, configurations, weights) - conditional
        scores[chosen] = -torch.inf
        chosen.append(int(scores.argmax()))
    return np.array(chosen)


def row_by_row(by_row, configurations, weights):
    """One product for each row, then the terms of equation 36 one after the other."""
    _, draws, k = by_row.shape
    scores = []
    for some in by_row.split(max(1, 50_000_000 // (len(configurations) * k))):
        joint = torch.empty(len(some), len(configurations), k)
        for one, out in zip(some, joint, strict=True):
            torch.matmul(configurations, one, out=out)
        joint /= draws
        terms = -torch.log(joint) * joint * weights[:, None]
        scores.append(terms.nansum(dim=(1, 2)))
    return torch.cat(scores)


def one_product(by_row, configurations, weights):
    """The same, kinder: one product for some rows, in blocks that stay in the cache."""
    _, draws, k = by_row.shape
    scores = []
    for some in by_row.split(max(1, 4_000_000 // (len(configurations) * k))):
        joint = configurations @ some.permute(1, 0, 2).reshape(draws, -1) / draws
        scores.append((weights @ entr(joint)).view(len(some), k).sum(dim=1))
    return torch.cat(scores)


def _drawn(picks, n_configurations, generator):
    """Draw labels of the picks from each posterior draw in turn; give P(labels | ω)."""
    draws = picks.shape[1]
    each = -(-n_configurations // draws)
    labels = torch.stack(
        [
            torch.multinomial(
                one, each, replacement=True, generator=generator
            ).flatten()
            for one in picks
        ]
    )
    out = torch.ones(each * draws, draws)
    for pick, mine in zip(picks, labels, strict=True):
        out *= pick.T[mine]
    return out


# ---------------------------------------------------------------- the tables


def posterior(n, k, draws, seed=0):
    """Make draws of a model that is sure of some rows and torn about others."""
    generator = torch.Generator().manual_seed(seed)
    common = 2 * torch.randn(n, k, generator=generator)
    spread = torch.rand(n, 1, generator=generator) * 2
    noise = torch.randn(draws, n, k, generator=generator)
    return torch.softmax(common + spread * noise, dim=2)


def _ours(p, n):
    return lambda seed: batch_bald(p, n, generator=torch.Generator().manual_seed(seed))


def check():
    answers = golden("batchbald.npz")
    if answers is None:
        print("\nThe published answers are not at hand: the rival is unchecked.")
        return
    p = torch.from_numpy(answers["log_probs"]).float().exp().permute(1, 0, 2)
    wanted, exact = answers["indices"], int(answers["n_exact_steps"])
    rows = []
    for name, picks in (
        ("skactive", _ours(p, exact)(0).positions.numpy()),
        ("published form", published(p, exact)),
        ("published form, one product", published(p, exact, entropies=one_product)),
    ):
        rows.append((name, f"{(picks == wanted[:exact]).sum()} of {exact}"))
    table("BatchBALD: exact picks on the published inputs", ("form", "same"), rows)


def _compare(n, k, draws, batch):
    p = posterior(n, k, draws)
    ours = timed(_ours(p, batch))
    rows = [("skactive", ours, "1.0 x", f"{ours.peak:.0f} MB", f"{batch} of {batch}")]
    for name, entropies in (
        ("published form", row_by_row),
        ("published form, one product", one_product),
    ):
        rival = timed(
            lambda s, e=entropies: published(p, batch, seed=s, entropies=e), 3
        )
        same = len(set(rival.answer.tolist()) & set(ours.answer.positions.tolist()))
        ratio = f"{rival.seconds / ours.seconds:.0f} x"
        found = f"{same} of {batch}"
        rows.append((name, rival, ratio, f"{rival.peak:.0f} MB", found))
    header = ("form", "time", "ratio", "extra memory", "same picks")
    table(f"BatchBALD, n = {n:,}, K = {k}, T = {draws}, B = {batch}", header, rows)


def _large(n):
    p = posterior(n, 10, 100)
    ours = timed(_ours(p, 100), repeats=1)
    found = ours.answer
    table(
        f"BatchBALD, n = {n:,}, K = 10, T = 100, B = 100",
        ("time", "extra memory", "exact picks", "filled up by BALD", "information"),
        [
            (
                ours,
                f"{ours.peak:.0f} MB",
                found.n_exact,
                found.n_filled,
                f"{float(found.scores[-1]):.3f} of ln 100 = 4.605 nats",
            )
        ],
    )
