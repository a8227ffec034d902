import math
import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from skactive.kernels.fisher import FisherPart, trace_search, trace_search_parts
from skactive.kernels.parts import ALIGN, merged

N = 3 * ALIGN + 100


class Pieces:
    """Many parts; all that is asked, told and answered travels as bytes."""

    def __init__(self, z, p=None, cuts=(ALIGN, 2 * ALIGN, 3 * ALIGN), *, lose=None):
        self.rows = [
            (z[start:stop], None if p is None else p[start:stop], start)
            for start, stop in zip([0, *cuts], [*cuts, len(z)], strict=True)
        ]
        self.n_rows, self.lose = len(z), lose
        self.parts = [FisherPart(*rows) for rows in self.rows]
        self.calls, self.told, self.sent = Counter(), [], Counter()

    def ask(self, method, *args):
        self.calls[method] += 1
        args = pickle.dumps(args)
        answers = [pickle.dumps(self._call(part, method, args)) for part in self.parts]
        self.sent[method] = max(self.sent[method], *map(len, answers))
        return [pickle.loads(answer) for answer in answers]

    def total(self, method, *args):
        return merged(self.ask(method, *args))

    def tell(self, method, *args):
        self.told.append((method, pickle.dumps(args)))
        answers = self.ask(method, *args)
        if self.lose and len(self.told) % self.lose == 0:
            self._lose(len(self.told) // self.lose % len(self.parts))
        return answers

    def _lose(self, turn):
        self.parts[turn] = FisherPart(*self.rows[turn])
        for method, args in self.told:
            self._call(self.parts[turn], method, args)

    @staticmethod
    def _call(part, method, args):
        return getattr(part, method)(*pickle.loads(args))


def problem(seed, d=4, k=3, n=N, dtype=torch.float64, device="cpu", twins=1, zeros=0):
    """Make a pool and labelled rows: some rows again in all parts, some zero."""
    random = np.random.RandomState(seed)
    z = random.randn(n + 5, d) * random.gamma(1.0, size=(n + 5, 1))
    logits = 2 * random.randn(n + 5, k)
    longest = np.argsort(-(z[:n] ** 2).sum(axis=1))
    for turn, at in enumerate(longest[:20]):
        copies = (at + 1 + turn + np.arange(1, twins) * (n // twins)) % n
        z[copies], logits[copies] = z[at], logits[at]
    z[random.rand(n + 5) < zeros] = 0
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    z, p = (
        torch.tensor(some, device=device).to(dtype)
        for some in (z, p / p.sum(axis=1, keepdims=True))
    )
    return z[:n], p[:n], z[n:], p[n:]


def both(z, p, z_labeled, p_labeled, n, seed=0, cuts=None, lose=None, **options):
    """Search one part, and many."""
    options |= {"z_labeled": z_labeled, "p_labeled": p_labeled}
    pool = Pieces(z, p, lose=lose) if cuts is None else Pieces(z, p, cuts, lose=lose)
    generators = [torch.Generator().manual_seed(seed) for _ in range(2)]
    whole = trace_search(z, n, p=p, generator=generators[0], **options)
    return whole, trace_search_parts(pool, n, generator=generators[1], **options), pool


def assert_same(found, expected):
    for name in ("positions", "forward", "removed"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist()
    for name in ("objective", "gains", "costs"):
        torch.testing.assert_close(
            *(getattr(one, name) for one in (found, expected)), rtol=0, atol=0
        )
    assert found.n_filled == expected.n_filled
    assert found.recomputed == expected.recomputed


MODES = {
    "regression": {},
    "regression, sketched": {"approximation": "sketch", "width": 3},
    "binary": {},
    "blocks": {"approximation": "block"},
    "exact": {},
    "rank": {"rank": 2},
    "sketched": {"approximation": "sketch", "width": 7},
    "recomputed": {"memory": 1000},
}


CASES = given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 6),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    scaling=st.sampled_from(["paper", "authors", "sum"]),
    lam=st.sampled_from([0.01, 1.0]),
    fisher_term=st.booleans(),
    twins=st.sampled_from([1, 4]),
    zeros=st.sampled_from([0, 0.5]),
    refresh=st.sampled_from([3, 128]),
    cuts=st.sets(st.sampled_from([ALIGN, 2 * ALIGN, 3 * ALIGN]), min_size=1),
)


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=2)
@CASES
def test_parts_choose_what_the_whole_does(device, mode, **case):
    check(device, mode, **case)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=25)
@CASES
def test_parts_choose_what_the_whole_does_in_many_cases(real_device, mode, **case):
    check(real_device, mode, **case)


def check(device, mode, seed, n, dtype, twins, zeros, cuts, **options):
    k = {"binary": 2}.get(mode, 3)
    z, p, z_labeled, p_labeled = problem(seed, 4, k, N, dtype, device, twins, zeros)
    if mode.startswith("regression"):
        p = p_labeled = None
    data = z, p, z_labeled, p_labeled, n
    whole, found, _ = both(*data, seed, sorted(cuts), **options, **MODES[mode])
    assert_same(found, whole)


@pytest.mark.parametrize("k", [None, 2, 5])
def test_many_steps_choose_what_the_whole_does(k, device):
    z, p, *labeled = problem(1, d=6, k=k or 2, dtype=torch.float32, device=device)
    if k is None:
        p, labeled[1] = None, None
    whole, found, _ = both(z, p, *labeled, 25)
    assert_same(found, whole)
    assert len(found.forward) == 50 and len(found.removed) == 25


@pytest.mark.parametrize("lose", [1, 3])
@pytest.mark.parametrize("mode", ["regression", "blocks", "exact", "recomputed"])
def test_a_lost_part_is_what_it_was_told(mode, lose, device):
    z, p, z_labeled, p_labeled = problem(2, n=ALIGN + 50, device=device)
    if mode == "regression":
        p = p_labeled = None
    whole, found, pool = both(
        *(z, p, z_labeled, p_labeled, 6),
        cuts=[ALIGN],
        lose=lose,
        refresh=5,
        **MODES[mode],
    )
    assert_same(found, whole)
    assert len(pool.told) > 2 * lose


@pytest.mark.parametrize("mode", ["regression", "exact"])
def test_a_part_may_be_used_up(mode, device):
    z, p, z_labeled, p_labeled = problem(11, n=ALIGN + 2, device=device)
    z[-2:], p[-2:] = 100 * torch.eye(4, device=device)[:2], 1 / 3
    if mode == "regression":
        p = p_labeled = None
    data = z, p, z_labeled, p_labeled, 5
    whole, found, _ = both(*data, cuts=[ALIGN], **MODES[mode])
    assert_same(found, whole)
    assert {ALIGN, ALIGN + 1} <= set(found.forward.tolist())


@pytest.mark.parametrize("short", [0, 1])
def test_each_part_has_its_share_of_memory(short, device):
    data = problem(12, n=ALIGN + 30, device=device)
    # P and R are symmetric matrices of 3 x 3 numbers a row.
    memory = 2 * 6 * 8 * (ALIGN + 30) - short
    whole, found, _ = both(*data, 2, cuts=[ALIGN], memory=memory)
    assert_same(found, whole)
    assert found.recomputed == bool(short)


def test_a_lost_part_undoes_steps_as_before(device):
    # Long tails in few directions: rows outside the lead win now and then.
    z, _, z_labeled, _ = problem(3, d=2, device=device)
    whole, found, pool = both(z, None, z_labeled, None, 25, lose=2)
    assert_same(found, whole)
    assert pool.calls["settle"] > 0


def test_a_step_of_classification_is_one_round_and_gets_few_rows(device):
    data = problem(4, d=16, k=4, device=device)
    _, found, pool = both(*data, 10)
    rounds = sum(pool.calls.values()) - pool.calls["check"] - pool.calls["begin"]
    assert rounds - pool.calls["information"] == len(found.forward) == 20
    # A contender's numbers, and what it takes to say how they are laid out.
    assert pool.sent["step"] < 16 * 8 * (16 + 4 + 2) + 2500


def test_steps_of_regression_share_rounds(device):
    z, _, z_labeled, _ = problem(5, d=30, device=device)
    _, found, pool = both(z, None, z_labeled, None, 50)
    rounds = sum(pool.calls[some] for some in ("lead", "fold", "settle", "give"))
    assert rounds < len(found.forward) / 2
    # Scores and positions of the lead alone: its rows come from where it is known.
    assert pool.sent["fold"] < 2 * 4096 * 16 + 2500


@pytest.mark.parametrize("mode", ["regression", "binary", "blocks", "exact", "rank"])
def test_half_precision_is_read_as_float32(mode, device):
    k = {"binary": 2}.get(mode, 4)
    data = problem(6, k=k, n=9000, dtype=torch.float16, device=device)
    if mode == "regression":
        data = data[0], None, data[2], None
    whole, found, _ = both(*data, 6, cuts=[ALIGN], **MODES[mode])
    assert_same(found, whole)
    wide = [None if some is None else some.float() for some in data]
    expected, *_ = both(*wide, 6, cuts=[ALIGN], **MODES[mode])
    assert whole.positions.tolist() == expected.positions.tolist()
    assert whole.objective.tolist() == expected.objective.tolist()


class Largest(TorchDispatchMode):
    """Remember the most numbers wider than half precision made for all rows."""

    def __init__(self, n):
        super().__init__()
        self.n, self.most = n, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for some in out if isinstance(out, tuple | list) else [out]:
            if isinstance(some, torch.Tensor) and some.is_floating_point():
                if some.dtype != torch.float16 and self.n in some.shape:
                    self.most = max(self.most, some.numel())
        return out


@pytest.mark.parametrize("k", [None, 3])
def test_half_precision_is_never_widened_as_a_whole(k, device):
    n, half = ALIGN + 500, torch.float16
    z, p, z_labeled, p_labeled = problem(7, 20, k or 2, n, half, device)
    if k is None:
        p = p_labeled = None
    with Largest(n) as largest:
        trace_search(z, 4, p=p, z_labeled=z_labeled, p_labeled=p_labeled)
    assert n <= largest.most <= 4 * n


def test_half_precision_picks_are_near_those_of_full(device):
    data = problem(8, d=5, k=3, n=2000, device=device)
    full = trace_search(data[0], 15, p=data[1])
    half = trace_search(data[0].half(), 15, p=data[1].half())
    shared = set(full.positions.tolist()) & set(half.positions.tolist())
    assert len(shared) >= 10
    assert float(half.objective[-1]) == pytest.approx(
        float(full.objective[-1]), rel=1e-2
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda z, p: z[-1].fill_(math.nan), "not finite, in 1 row"),
        (lambda z, p: p[-1, 0].fill_(-0.5), "p must hold probabilities >= 0. Got -0.5"),
    ],
)
def test_a_bad_row_in_any_part_gets_a_sentence(spoil, message, device):
    z, p, *_ = problem(9, n=ALIGN + 10, device=device)
    spoil(z, p)
    with pytest.raises(ValueError, match=message):
        trace_search_parts(Pieces(z, p, [ALIGN]), 3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, r"n must lie in \[1, 8202\], the number of rows. Got 0"),
        ({"n": 9000}, r"n must lie in \[1, 8202\], the number of rows. Got 9000"),
        ({"rank": 4}, r"rank must lie in \[1, 3\], the number of classes. Got 4"),
        ({"z_labeled": torch.ones(2, 4)}, "p and p_labeled go together"),
    ],
)
def test_bad_arguments_get_a_sentence(options, message, send):
    z, p, *_ = send(problem(10, n=ALIGN + 10))
    with pytest.raises(ValueError, match=message):
        trace_search_parts(Pieces(z, p, [ALIGN]), **send({"n": 3, **options}))


def test_what_is_to_be_told_again_does_not_grow_with_the_matrices(device):
    z, p, z_labeled, p_labeled = problem(0, d=30, device=device)
    pool = Pieces(z, p, lose=3)
    labeled = {"z_labeled": z_labeled, "p_labeled": p_labeled}
    found = trace_search_parts(pool, 6, memory=1000, **labeled)
    expected = trace_search(z, 6, p=p, memory=1000, **labeled)
    assert found.recomputed
    assert_same(found, expected)
    assert sum(len(args) for _, args in pool.told) < 8 * 60**2  # one of 12 matrices
