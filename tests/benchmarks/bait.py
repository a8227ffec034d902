"""BAIT: trace search, from embeddings and probabilities at hand."""

import math
import time

import numpy as np
import torch
from benchmarks.harness import (
    features,
    golden,
    matrix_rate,
    read_rate,
    side_by_side,
    table,
    timed,
)

from skactive.kernels.fisher import trace_search

LABELED = 100


def run(scale):
    """Print the tables, n divided by the scale."""
    check()
    _classification(10_000 // scale)
    _whole_query(50_000 // scale)
    _regression(50_000 // scale)
    _growth(scale)


def run_on_gpu(scale):
    """Print what a card does in classification."""
    rows = []
    for n, d, k, batch in ((50_000, 512, 10, 100), (50_000, 128, 100, 100)):
        z, p = features(n // scale + LABELED, d, k, device="cuda")
        found = timed(_ours(z, p, batch), repeats=3)
        steps = len(found.answer.forward)
        rate = 2e-9 * 2 * (n // scale) * d * k * (k - 1) * steps / found.seconds
        share = rate / matrix_rate(d, device="cuda")
        rows.append((f"{n // scale:,}", d, k, batch, found, f"{share:.0%}"))
    table(
        "BAIT on a card",
        ("n", "d", "K", "B", "time", "share of the card's float32 rate"),
        rows,
    )


def _ours(z, p, batch, **options):
    n = len(z) - LABELED
    return lambda _: trace_search(
        z[:n],
        batch,
        p=None if p is None else p[:n],
        z_labeled=z[n:],
        p_labeled=None if p is None else p[n:],
        **options,
    )


# ---------------------------------------------------------------- the rivals


class PublishedClassification:
    """The published algebra: every V built, two products with it a step."""

    def __init__(self, z, p, n):
        self.eye = torch.eye(p.shape[1], dtype=z.dtype)
        columns = p.sqrt()[:, :, None] * (self.eye - p[:, None, :])
        # A row of `rows` is a column of V: products with all of V are then one product.
        rows = (columns[:, :, :, None] * z[:, None, None, :]).flatten(2)
        flat = rows.flatten(0, 1)
        self.fisher = flat.T @ flat / len(z)
        labeled = rows[n:].flatten(0, 1)
        eye = torch.eye(flat.shape[1], dtype=z.dtype)
        self.inverse = torch.linalg.inv(eye + labeled.T @ labeled / len(z[n:]))
        self.rows = rows[:n]

    def step(self):
        """Evaluate all candidates, take the best, update the inverse."""
        scores = []
        for some in self.rows.split(1024):
            solved = some @ self.inverse
            small = torch.linalg.inv(self.eye + solved @ some.mT)
            scores.append((solved * (small @ (solved @ self.fisher))).sum(dim=(1, 2)))
        best = int(torch.cat(scores).argmax())
        solved = self.rows[best] @ self.inverse
        small = torch.linalg.inv(self.eye + solved @ self.rows[best].T)
        self.inverse = self.inverse - solved.T @ small @ solved
        return best


def published_regression(z, n, batch, prior=None, fisher=None):
    """The published algebra with V a column: a product and an inverse for each row."""
    pool, (prior, fisher) = z[:n, None, :], _start(z, n, prior, fisher)
    inverse, eye = torch.linalg.inv(prior), torch.eye(1, dtype=z.dtype)
    chosen = []
    for _ in range(2 * batch):
        small, f = inverse.to(z.dtype), fisher.to(z.dtype)
        inner = torch.linalg.inv(eye + pool @ small @ pool.mT)
        scores = (pool @ small @ f @ small @ pool.mT @ inner).sum(dim=(1, 2))
        scores[chosen] = -torch.inf
        chosen.append(int(scores.argmax()))
        inverse = _moved(inverse, z[chosen[-1]].double(), 1)
    return _pruned(inverse, fisher, z[:n], chosen, batch)


def four_products(z, n, batch, prior=None, fisher=None):
    """The same for numbers in place of 1 × 1 matrices: four products a step."""
    pool, (prior, fisher) = z[:n], _start(z, n, prior, fisher)
    inverse = torch.linalg.inv(prior)
    chosen = []
    for _ in range(2 * batch):
        small, f = inverse.to(z.dtype), fisher.to(z.dtype)
        inner = 1 / (1 + ((pool @ small) * pool).sum(dim=1))
        outer = ((pool @ small @ f @ small) * pool).sum(dim=1)
        scores = outer * inner
        scores[chosen] = -torch.inf
        chosen.append(int(scores.argmax()))
        inverse = _moved(inverse, pool[chosen[-1]].double(), 1)
    return _pruned(inverse, fisher, pool, chosen, batch)


def feature_space(z, n, batch, prior=None, fisher=None):
    """Rank one in whitened features: a product and an update of the pool a step."""
    prior, fisher = _start(z, n, prior, fisher)
    white = torch.linalg.inv(torch.linalg.cholesky(prior)).T
    pool, f = z[:n] @ white.to(z.dtype), white.T @ fisher @ white
    p, r = pool.square().sum(dim=1), ((pool @ f.to(z.dtype)) * pool).sum(dim=1)
    chosen = []
    for _ in range(2 * batch):
        scores = r / (1 + p)
        scores[chosen] = -torch.inf
        best = int(scores.argmax())
        chosen.append(best)
        v = pool[best].double() / p[best].double().sqrt()
        shrink = float(1 - 1 / (1 + p[best]).sqrt())
        twice, fv = shrink * (2 - shrink), f @ v
        both = torch.stack([v, fv], dim=1).to(z.dtype)
        x, y = (pool @ both).unbind(dim=1)
        p = p - twice * x.square()
        r = r - 2 * twice * x * y + (twice * x).square() * float(v @ fv)
        pool.addr_(x, both[:, 0], alpha=-shrink)
        f = f - shrink * (torch.outer(v, fv) + torch.outer(fv, v))
        f = f + shrink**2 * (v @ fv) * torch.outer(v, v)
        white = white - shrink * torch.outer(white @ v, v)
    return _pruned(white @ white.T, fisher, z[:n], chosen, batch)


def fused(z, n, batch, prior=None, fisher=None):
    """Rank one with a number a row: one product of the pool with two vectors a step."""
    pool, (prior, fisher) = z[:n], _start(z, n, prior, fisher)
    inverse = torch.linalg.inv(prior)
    side = pool @ inverse.to(z.dtype)
    p = (side * pool).sum(dim=1)
    r = ((side @ fisher.to(z.dtype)) * side).sum(dim=1)
    chosen = []
    for _ in range(2 * batch):
        scores = r / (1 + p)
        scores[chosen] = -torch.inf
        best = int(scores.argmax())
        chosen.append(best)
        w = inverse @ pool[best].double() / (1 + p[best].double()).sqrt()
        y = inverse @ (fisher @ w) - 0.5 * (w @ fisher @ w) * w
        inverse = inverse - torch.outer(w, w)
        both = torch.stack([w, y], dim=1).to(z.dtype)
        x, side = (pool @ both).unbind(dim=1)
        p, r = p - x.square(), r - 2 * x * side
    return _pruned(inverse, fisher, pool, chosen, batch)


def _start(z, n, prior, fisher):
    """Give M₀ and F in float64: those of the paper, where none are given."""
    if prior is None:
        prior = torch.eye(z.shape[1]) + z[n:].T @ z[n:] / (len(z) - n)
        fisher = z.T @ z / len(z)
    return prior.double(), fisher.double()


def _moved(inverse, v, sign):
    solved = inverse @ v
    return inverse - sign * torch.outer(solved, solved) / (1 + sign * v @ solved)


def _pruned(inverse, fisher, pool, chosen, batch):
    left, inverse = list(chosen), inverse.double()
    fisher, rows = fisher.double(), pool[chosen].double()
    free = torch.ones(len(left), dtype=torch.bool)
    for _ in range(len(chosen) - batch):
        side = rows @ inverse
        costs = ((side @ fisher) * side).sum(dim=1) / (1 - (side * rows).sum(dim=1))
        worst = int(costs.masked_fill(~free, torch.inf).argmin())
        free[worst] = False
        inverse = _moved(inverse, rows[worst], -1)
    return np.array(left)[free.numpy()]


# ---------------------------------------------------------------- the tables


def check():
    """Hold every rival against the published answers before it is timed."""
    answers = golden("bait_regression.npz")
    if answers is None:
        print("\nThe published answers are not at hand: the rivals are unchecked.")
        return
    z, n = torch.from_numpy(answers["h"]), int(answers["n_pool"])
    batch = int(answers["B"])
    # The published weights: n/(n + B) of the labelled mean, B/(n + B) a candidate.
    share = batch / (len(z) - n + batch)
    scaled = z * math.sqrt(share)
    prior = torch.eye(z.shape[1]) + (1 - share) * z[n:].T @ z[n:] / (len(z) - n)
    rows = [("skactive", _agree(_published(z, n, batch), answers))]
    fisher = z.T @ z / len(z)
    for rival in (published_regression, four_products, feature_space, fused):
        picks = rival(scaled, n, batch, prior=prior, fisher=fisher)
        rows.append((rival.__name__.replace("_", " "), _agree(picks, answers)))
    table("BAIT, regression: picks on the published inputs", ("form", "same"), rows)
    answers = golden("bait_classification.npz")
    z, p = torch.from_numpy(answers["h"]), torch.from_numpy(answers["p"])
    n, batch = int(answers["n_pool"]), int(answers["B"])
    rival = PublishedClassification(z, p, n)
    share = batch / (len(z) - n + batch)
    eye = torch.eye(len(rival.inverse))
    mean = torch.linalg.inv(rival.inverse) - eye
    rival.inverse = torch.linalg.inv(eye + (1 - share) * mean)
    rival.rows = rival.rows * math.sqrt(share)
    picks = [rival.step() for _ in range(10)]
    same = (np.array(picks) == answers["forward_idx"][:10]).sum()
    ours = _published(z, n, batch, p)
    table(
        "BAIT, classification: picks on the published inputs",
        ("form", "same"),
        [
            ("skactive", _agree(ours, answers)),
            ("published form, first steps forward", f"{same} of 10"),
        ],
    )


def _published(z, n, batch, p=None):
    return trace_search(
        z[:n],
        batch,
        p=None if p is None else p[:n],
        z_labeled=z[n:],
        p_labeled=None if p is None else p[n:],
        scaling="authors",
    ).positions.numpy()


def _agree(picks, answers):
    same = len(set(np.asarray(picks).tolist()) & set(answers["selected"].tolist()))
    return f"{same} of {len(answers['selected'])}"


def _classification(n):
    d, k, batch = 128, 10, 100
    z, p = features(n + LABELED, d, k)
    ours = timed(_ours(z, p, batch))
    step = _step_time(z, p)
    rival = PublishedClassification(z, p, n)
    slow = timed(lambda _: rival.step(), repeats=5)
    table(
        f"BAIT, classification, n = {n:,}, d = {d}, K = {k}",
        ("form", "a step forward", "ratio", "a query, B = 100", "extra memory"),
        [
            ("skactive", f"{step:.3g} s", "1.0 x", ours, f"{ours.peak:.0f} MB"),
            (
                "published form",
                f"{slow.seconds:.3g} s",
                f"{slow.seconds / step:.0f} x",
                "",
                f"{n * d * k * k * 4e-6:.0f} MB for V",
            ),
        ],
    )


def _whole_query(n):
    d, k, batch = 128, 10, 100
    z, p = features(n + LABELED, d, k)
    ours = timed(_ours(z, p, batch), repeats=3)
    table(
        f"BAIT, classification, n = {n:,}, d = {d}, K = {k}, B = {batch}",
        ("steps forward", "backward", "time", "extra memory"),
        [
            (
                len(ours.answer.forward),
                len(ours.answer.removed),
                ours,
                f"{ours.peak:.0f} MB",
            )
        ],
    )


def _regression(n):
    d, batch = 128, 100
    z, _ = features(n + LABELED, d, 2)
    times = side_by_side(
        {
            "skactive": lambda s: _ours(z, None, batch)(s).positions.numpy(),
            "published form": lambda _: published_regression(z, n, batch),
            "published form, numbers": lambda _: four_products(z, n, batch),
            "whitened features, updated": lambda _: feature_space(z, n, batch),
            "a fused product a step": lambda _: fused(z, n, batch),
        }
    )
    best = times["skactive"]
    table(
        f"BAIT, regression, n = {n:,}, d = {d}, B = {batch}",
        ("form", "time", "ratio", "extra memory", "same picks"),
        [
            (
                name,
                t,
                f"{t.seconds / best.seconds:.1f} x",
                f"{t.peak:.0f} MB",
                f"{len(set(t.answer.tolist()) & set(best.answer.tolist()))} of {batch}",
            )
            for name, t in times.items()
        ],
    )
    reading = 2 * batch * n * d * 4e-9 / read_rate()
    print(
        f"\nReading the pool once for each of the {2 * batch} steps forward takes "
        f"{reading:.2f} s here; skactive took {best.seconds / reading:.2f} times that."
    )


def _step_time(z, p):
    """Give the time of a step forward, apart from what comes before the first."""
    few, many = 10, 30
    seconds = []
    for _ in range(3):
        one = []
        for batch in (few, many):
            started = time.perf_counter()
            _ours(z, p, batch, oversample=1)(0)
            one.append(time.perf_counter() - started)
        seconds.append((one[1] - one[0]) / (many - few))
    return float(np.median(seconds))


def _growth(scale):
    rows = []
    for n, d in ((5000, 128), (10_000, 128), (20_000, 128), (50_000, 128)):
        z, p = features(n // scale + LABELED, d, 10)
        rows.append((f"{n // scale:,}", d, _step_time(z, p)))
    for d in (32, 64, 256):
        z, p = features(20_000 // scale + LABELED, d, 10)
        rows.append((f"{20_000 // scale:,}", d, _step_time(z, p)))
    table(
        "BAIT, classification, K = 10: a step forward against n and d",
        ("n", "d", "a step", "a million rows"),
        [
            (n, d, f"{t:.3g} s", f"{t / int(n.replace(',', '')) * 1e6:.2f} s")
            for n, d, t in rows
        ],
    )
