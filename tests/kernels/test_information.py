import math
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import information as textbook

from skactive.kernels import information
from skactive.kernels.information import (
    batch_bald,
    joint_entropy,
    joint_entropy_sampled,
)
from skactive.kernels.information.configurations import (
    Configurations,
    information_gains,
)
from skactive.kernels.information.draws import Draws
from skactive.kernels.information.groups import rungs

POINTWISE = {
    "entropy_of_mean": lambda p: [textbook.entropy(row) for row in p.mean(axis=0)],
    "expected_entropy": lambda p: [
        textbook.expected_entropy(p[:, [i]]) for i in range(p.shape[1])
    ],
    "bald": textbook.bald,
    "mean_std": textbook.mean_std,
    "variation_ratio": textbook.variation_ratio,
}


def random_draws(seed, n_draws, n, n_classes, sharpness=2.0, certain=4):
    """Rows on which draws differ; every so many-th one is 0 and 1, most agreeing."""
    generator = torch.Generator().manual_seed(seed)
    shape = (n_draws, n, n_classes)
    shared = torch.randn(shape[1:], generator=generator, dtype=torch.float64)
    own = torch.randn(shape, generator=generator, dtype=torch.float64)
    p = (sharpness * (shared + own)).softmax(dim=2)
    best = (3 * shared + own)[:, ::certain].argmax(dim=2)
    p[:, ::certain] = torch.nn.functional.one_hot(best, n_classes).to(p)
    return p


def coarse_draws(seed, n_draws, n, n_classes):
    """Multiples of a quarter: many equal rows, many zeros and ones."""
    generator = torch.Generator().manual_seed(seed)
    shared = torch.randint(n_classes, (n, 4), generator=generator)
    own = torch.randint(n_classes, (n_draws, n, 4), generator=generator)
    differs = torch.rand(own.shape, generator=generator) < 0.3
    p = torch.nn.functional.one_hot(own.where(differs, shared), n_classes)
    p[:, ::3] = p[:, ::3, :1]
    copies = torch.randint(n, (n,), generator=generator)
    return p.double().mean(dim=2)[:, copies]


def generator_of(seed):
    return torch.Generator().manual_seed(seed)


def told(p, n, seed=0, **options):
    return batch_bald(p, n, generator=generator_of(seed), **options)


def full_gains(p, known):
    entropies = torch.special.entr(p).sum(dim=2)
    return information_gains(p, entropies, known.posterior, known.mass, 2**17)


def full_evaluation(p, n, limit, seed):
    """Evaluate all rows for each pick, on the configurations that the seed draws."""
    generator = generator_of(seed)
    known = Configurations.none(len(p), p.device)
    chosen, found = [], []
    while len(chosen) < n:
        gains, spread = full_gains(p, known)
        gains[chosen] = -1
        best = float(gains.max())
        at = int((gains >= best - 1e-12).nonzero()[0])
        error = 0 if known.is_exact else float(spread[at]) / math.sqrt(limit)
        if best < max(1e-9, 2 * error):
            break
        chosen.append(at)
        found.append(best)
        known = known.extended(p[:, at], limit, generator)
    return chosen, found


@pytest.mark.parametrize("name", POINTWISE)
@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(2, 5), st.booleans())
@settings(max_examples=25)
def test_measures_equal_the_textbook(device, name, seed, n_draws, n_classes, coarse):
    make = coarse_draws if coarse else random_draws
    p = make(seed, n_draws, 9, n_classes)
    fast = getattr(information, name)(p.to(device)).cpu()
    assert fast.dtype == torch.float64
    np.testing.assert_allclose(fast, POINTWISE[name](p.numpy()), rtol=0, atol=1e-13)


@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 6))
@settings(max_examples=40)
def test_bald_lies_between_zero_and_what_there_is_to_know(
    device, seed, n_draws, n_classes
):
    p = random_draws(seed, n_draws, 12, n_classes, sharpness=9.0).to(device)
    scores = information.bald(p)
    assert ((scores >= 0) & (scores <= math.log(min(n_draws, n_classes)) + 1e-9)).all()
    assert (scores <= information.entropy_of_mean(p) + 1e-12).all()


def test_what_was_measured_of_a_block_is_not_kept(device):
    # Small results between large ones that come and go would scatter the memory.
    seen = []

    def measure(block):
        assert sum(each() is not None for each in seen) <= 1
        some = block.sum(dim=2).clone()
        seen.append(weakref.ref(some))
        return some

    p = random_draws(0, 3, 20, 2).to(device)
    found = Draws(p, chunk=12).map(measure)
    assert found.shape == (3, 20) and len(seen) == 10
    np.testing.assert_allclose(found.cpu(), 1)


@pytest.mark.parametrize("name", POINTWISE)
def test_measures_by_hand_in_blocks_and_on_the_device(name, device):
    apart = [[1.0, 0], [0, 1.0]]
    agree = [[0.5, 0.5], [0.5, 0.5]]
    p = torch.tensor([apart, agree], device=device).permute(1, 0, 2)
    expected = {
        "entropy_of_mean": [math.log(2)] * 2,
        "expected_entropy": [0, math.log(2)],
        "bald": [math.log(2), 0],
        "mean_std": [0.5, 0],
        "variation_ratio": [0.5, 0],
    }[name]
    for chunk in (1, None):
        scores = getattr(information, name)(p, chunk=chunk)
        assert scores.device.type == device
        np.testing.assert_allclose(scores.cpu(), expected, atol=1e-15)


@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 4), st.integers(1, 5))
@settings(max_examples=40)
def test_joint_entropy_is_that_of_all_configurations(
    device, seed, n_draws, n_classes, size
):
    p = random_draws(seed, n_draws, size, n_classes, certain=3)
    expected = textbook.joint_entropy(p.numpy())
    p = p.to(device)
    for chunk in (1, 50, None):
        assert joint_entropy(p, chunk=chunk) == pytest.approx(expected, abs=1e-10)
    # Where all configurations fit, the sampled one is exact as well.
    sampled = joint_entropy_sampled(p, n_configurations=4**4)
    assert sampled == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("n_configurations", [4, 40])
def test_sampled_joint_entropy_has_no_bias(n_configurations, device):
    p = random_draws(5, 6, 5, 4, sharpness=1.0, certain=5).to(device)
    exact = textbook.joint_entropy(p.cpu().numpy())
    generator = generator_of(0)
    answers = [
        joint_entropy_sampled(p, n_configurations=n_configurations, generator=generator)
        for _ in range(200)
    ]
    error = np.std(answers, ddof=1) / math.sqrt(200)
    assert abs(np.mean(answers) - exact) < 4 * error
    # Not worse than independent draws, whose terms spread by less than ln 4^5 / 2.
    assert np.std(answers) < math.log(4**5) / 2 / math.sqrt(n_configurations)


def test_sampled_gains_have_no_bias(device):
    p = random_draws(6, 6, 10, 3, sharpness=1.0, certain=5)
    chosen = [1, 2, 3, 4]
    before = textbook.information(p[:, chosen].numpy())
    exact = [
        textbook.information(p[:, [*chosen, i]].numpy()) - before for i in range(10)
    ]
    p = p.to(device)
    generator, answers, spreads = generator_of(0), [], []
    for _ in range(200):
        known = Configurations.none(6, p.device)
        for i in chosen:
            known = known.extended(p[:, i], 30, generator)
        assert not known.is_exact
        gains, spread = full_gains(p, known)
        answers.append(gains.cpu().numpy())
        spreads.append(spread.cpu().numpy())
    deviation = np.std(answers, axis=0, ddof=1)
    assert (np.abs(np.mean(answers, axis=0) - exact) < 4 * deviation / math.sqrt(200))[
        1:
    ].all()
    # The standard error that is told is that of independent draws, or better.
    assert (deviation < 1.2 * np.mean(spreads, axis=0) / math.sqrt(30) + 1e-9).all()


def test_tiny_probabilities_of_long_batches_do_not_underflow(device):
    p = torch.full((2, 400, 2), 0.5, dtype=torch.float64, device=device)
    entropy = joint_entropy_sampled(p, n_configurations=50)
    assert entropy == pytest.approx(400 * math.log(2))
    p = torch.tensor([[[1.0, 5e-324]] * 3, [[1.0, 0.0]] * 3], dtype=torch.float64)
    p = p.to(device)
    assert joint_entropy(p) == pytest.approx(0, abs=1e-12)
    assert batch_bald(p, 2).n_filled == 2


@given(
    st.integers(0, 10**6),
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(1, 4),
    st.booleans(),
)
@settings(max_examples=50)
def test_lazy_equals_plain_greedy(device, seed, n_draws, n_classes, n, coarse):
    make = coarse_draws if coarse else random_draws
    p = make(seed, n_draws, 9, n_classes)
    lazy = told(p.to(device), n)
    chosen, scores = textbook.batch_bald(p.numpy(), n)
    assert lazy.positions.tolist() == chosen
    np.testing.assert_allclose(lazy.scores, scores, atol=1e-10)
    assert lazy.n_exact == len(scores) == n - lazy.n_filled
    assert lazy.errors.eq(0).all()
    assert (lazy.n_filled > 0) == bool(lazy.reason)


@given(
    st.integers(0, 10**6),
    st.sampled_from([5, 40, 300, 10_000]),
    st.booleans(),
    st.sampled_from([2000, None]),
)
@settings(max_examples=40)
def test_lazy_equals_the_full_evaluation_on_a_sample(
    device, seed, limit, coarse, chunk
):
    p = (
        coarse_draws(seed, 40, 200, 5)
        if coarse
        else random_draws(seed, 12, 200, 5, 0.7)
    ).to(device)
    lazy = told(p, 8, seed, n_configurations=limit, chunk=chunk)
    chosen, gains = full_evaluation(p, 8, limit, seed)
    assert lazy.positions[: len(chosen)].tolist() == chosen
    assert lazy.n_filled == 8 - len(chosen)
    np.testing.assert_allclose(lazy.gains, gains, atol=1e-12)
    assert len(lazy.positions.unique()) == 8


def test_few_are_evaluated(device):
    p = random_draws(3, 12, 2000, 6, sharpness=0.7, certain=2000).to(device)
    lazy = told(p, 7, n_configurations=1296)
    chosen, _ = full_evaluation(p, 7, 1296, 0)
    assert lazy.positions.tolist() == chosen
    # All three times, while configurations are few; then hardly any.
    assert lazy.n_exact == 5 and lazy.n_bounds > 2000
    assert lazy.n_evaluations < 3 * 2000 + 500


@given(st.integers(0, 10**6), st.sampled_from([60, 700]), st.booleans())
@settings(max_examples=20)
def test_groups_bound_gains_from_above(device, seed, limit, coarse):
    make = coarse_draws if coarse else random_draws
    p = make(seed, 7, 40, 4).to(device)
    known = Configurations.none(7, p.device)
    for i in (1, 2, 3, 5, 6, 7):
        known = known.extended(p[:, i], limit, generator_of(seed))
    gains, _ = full_gains(p, known)
    last = torch.full_like(gains, torch.inf)
    for posterior, mass in rungs(known.posterior, known.mass):
        assert len(mass) <= len(known.mass) / 2
        torch.testing.assert_close(posterior @ mass, known.posterior @ known.mass)
        bounds, _ = full_gains(p, known._replace(posterior=posterior, mass=mass))
        assert (bounds >= gains - 1e-12).all() and (bounds <= last + 1e-12).all()
        last = bounds


@given(st.integers(0, 10**6), st.integers(2, 6))
@settings(max_examples=20)
def test_a_batch_tells_no_more_than_its_rows_and_one_row_is_bald(device, seed, n):
    p = random_draws(seed, 6, 30, 4).to(device)
    alone = information.bald(p).cpu()
    picked = told(p, n)
    told_alone = alone[picked.positions[: len(picked.scores)]].cumsum(0)
    assert (picked.scores <= told_alone + 1e-9).all()
    assert (picked.scores <= math.log(6) + 1e-9).all()
    assert (picked.scores.diff() >= 0).all() and (picked.gains.diff() <= 1e-12).all()
    one = batch_bald(p, 1)
    assert int(one.positions[0]) == int((alone >= alone.max() - 1e-12).nonzero()[0])
    assert float(one.scores[0]) == pytest.approx(float(alone.max()), abs=1e-12)


def test_published_codes_answer(golden, device):
    answers = golden("batchbald.npz")
    p = torch.tensor(answers["log_probs"], device=device).exp().transpose(0, 1)
    ours = told(p, len(answers["indices"]))
    n_exact = int(answers["n_exact_steps"])
    assert ours.n_exact == n_exact
    expected = answers["indices"][:n_exact].tolist()
    assert ours.positions[:n_exact].tolist() == expected
    scores = answers["scores"]
    np.testing.assert_allclose(ours.scores[:n_exact], scores[:n_exact], atol=1e-5)
    # Sampled there from fresh labels each step, with a level error of 0.013.
    np.testing.assert_allclose(ours.scores[n_exact:], scores[n_exact:], atol=0.06)
    assert (ours.scores <= math.log(p.shape[0])).all()


def test_published_joint_entropies(golden, device):
    answers = golden("batchbald.npz")
    p = torch.tensor(answers["log_probs"], device=device).exp().transpose(0, 1).double()
    alone = information.expected_entropy(p)
    np.testing.assert_allclose(
        alone.cpu(), answers["conditional_entropy"], rtol=0, atol=1e-5
    )
    known = Configurations.none(len(p), p.device)
    for i in range(int(answers["n_exact_steps"])):
        at = torch.arange(0, p.shape[1], 10 ** max(0, i - 2))
        before = joint_entropy(p[:, answers["indices"][:i]]) if i else 0.0
        gains, _ = full_gains(p[:, at], known)
        ours = before + gains + alone[at]
        published = answers["joint_entropy_exact"][i][at]
        np.testing.assert_allclose(ours.cpu(), published, rtol=0, atol=1e-5)
        known = known.extended(p[:, answers["indices"][i]], 10**5, None)


@pytest.mark.parametrize("limit", [50, 10_000])
def test_chunks_dtypes_and_layouts_change_no_choice(limit, device):
    p = random_draws(7, 9, 300, 5).to(device)
    whole = told(p, 6, n_configurations=limit)
    assert whole.positions.device.type == "cpu"
    for other, chunk in ((p, 1), (p, 700), (p.mT.contiguous().mT, None)):
        again = told(other, 6, n_configurations=limit, chunk=chunk)
        assert again.positions.tolist() == whole.positions.tolist()
        np.testing.assert_allclose(again.scores, whole.scores, atol=1e-12)
        np.testing.assert_allclose(again.errors, whole.errors, atol=1e-12)
    narrow = told(p.float(), 6, n_configurations=limit)
    np.testing.assert_allclose(narrow.scores, whole.scores, atol=1e-5)


def test_same_seed_same_answer_and_the_global_generator_stays(device):
    p = random_draws(8, 12, 200, 5, sharpness=0.7, certain=50).to(device)
    state = torch.get_rng_state()
    first, again, other = (told(p, 8, seed, n_configurations=30) for seed in (1, 1, 2))
    assert first.positions.tolist() == again.positions.tolist()
    rounding = 0 if device == "cpu" else 1e-12  # a card adds in any order
    np.testing.assert_allclose(first.scores, again.scores, rtol=0, atol=rounding)
    assert not torch.allclose(first.scores, other.scores, rtol=0, atol=1e-6)
    n_exact = first.n_exact
    assert n_exact < 8 and (first.errors[n_exact:] > 0).all()
    assert first.errors[:n_exact].eq(0).all()
    batch_bald(p, 8, n_configurations=30)
    joint_entropy_sampled(p[:, :8], n_configurations=30)
    assert torch.equal(torch.get_rng_state(), state)


def test_all_known_is_filled_up_by_bald(device):
    """Four certain models, told apart by two rows; the rest is noise."""
    votes = torch.tensor([[0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]])
    votes = torch.cat([votes[3:], votes[2:3], votes])
    p = torch.nn.functional.one_hot(votes.T, 2).double().to(device)
    picked = batch_bald(p, 6)
    assert picked.positions.tolist() == [2, 3, 1, 4, 0, 5]
    np.testing.assert_allclose(picked.scores, [math.log(2), math.log(4)])
    assert picked.n_filled == 4 and picked.n_exact == 2
    assert picked.reason.startswith("2 rows tell 1.39 nats, and no other row adds")
    # Certain models leave few configurations: enumerated however long the batch is.
    many = torch.nn.functional.one_hot(torch.arange(16)[:, None] >> torch.arange(4) & 1)
    many = many.double().to(device)
    assert batch_bald(many, 4, n_configurations=16).n_exact == 4


def test_noise_on_a_sample_is_not_information(device):
    p = random_draws(9, 3, 400, 4, sharpness=1.0, certain=400).to(device)
    picked = told(p, 40, n_configurations=64)
    n_told = 40 - picked.n_filled
    assert 3 < picked.n_exact < n_told < 40
    assert "is below twice its standard error" in picked.reason
    assert (picked.gains >= 2 * picked.errors).all()
    assert len(picked.positions.unique()) == 40
    alone = information.bald(p).cpu()[picked.positions[n_told:]]
    assert (alone.diff() <= 1e-12).all()


def test_one_draw_or_one_class_tells_nothing(device):
    for p in (random_draws(1, 1, 5, 3), torch.ones(4, 5, 1)):
        picked = batch_bald(p.to(device), 5)
        assert picked.positions.tolist() == [0, 1, 2, 3, 4]
        assert picked.n_filled == 5 and len(picked.scores) == 0


HALF = torch.full((3, 6, 2), 0.5)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"probabilities": HALF[0]}, r"probabilities must be .* shape \(6, 2\)"),
        ({"probabilities": HALF[:0]}, r"probabilities must be .* \(0, 6, 2\)"),
        ({"probabilities": HALF[:, :0]}, r"probabilities must be .* \(3, 0, 2\)"),
        ({"probabilities": HALF.long()}, "probabilities must be .*torch.int64"),
        ({"probabilities": HALF * torch.nan}, "probabilities must be finite"),
        ({"probabilities": HALF.log()}, ">= 0. Got -0.693.*not their logarithms"),
        ({"probabilities": 1.5 * HALF}, "sum to 1 over the classes.* 0.5 off"),
        ({"n": 0}, "n must be a whole number >= 1. Got 0"),
        ({"n": 2.5}, "n must be a whole number >= 1. Got 2.5"),
        ({"n": 7}, r"n must lie in \[1, 6\], the number of rows. Got 7"),
        ({"n_configurations": 1}, "n_configurations must be .* >= 2, the number of"),
        ({"chunk": 0}, "chunk must be a whole number >= 1. Got 0"),
    ],
)
def test_bad_arguments_get_a_sentence(options, message, send):
    with pytest.raises(ValueError, match=message):
        batch_bald(**send({"probabilities": HALF, "n": 2, **options}))


def test_what_the_other_kernels_refuse(device):
    half = HALF.to(device)
    with pytest.raises(ValueError, match="at least 2 posterior draws"):
        information.variation_ratio(half[:1])
    with pytest.raises(ValueError, match=r"at most 1e\+09 .* 31 rows .* 2\^31: use"):
        joint_entropy(half[:, :1].expand(3, 31, 2))
    with pytest.raises(ValueError, match="n_configurations must be"):
        joint_entropy_sampled(half, n_configurations=1)
    with pytest.raises(ValueError, match="probabilities must be finite"):
        information.bald(half / 0)
