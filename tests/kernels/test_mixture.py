import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.mixture import mixture_information as textbook
from scipy.stats import binom, entropy

from skactive.kernels.mixture import mixture_information

ROUNDING = 1e-10


def random_responsibilities(seed, n, n_components, sharpness=3.0):
    """Rows that sum to 1, some of them exactly 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    shape = (n, n_components)
    logits = torch.randn(shape, generator=generator, dtype=torch.float64)
    rows = (sharpness * logits).softmax(dim=1)
    rows[::4] = torch.nn.functional.one_hot(rows[::4].argmax(dim=1), n_components).to(
        rows
    )
    return rows


def told(rows, batches, seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    return mixture_information(
        rows, torch.as_tensor(batches), generator=generator, **options
    )


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 5), st.integers(0, 4))
def test_few_rows_equal_the_textbook(device, seed, n_components, size, n_given):
    rows = random_responsibilities(seed, 14, n_components).to(device)
    batches = torch.arange(2 * size).view(2, size)
    known = rows[14 - n_given :] if n_given else None
    ours = told(rows, batches, given=known)
    before = rows[14 - n_given :].tolist() if n_given else []
    expected = [textbook([*before, *rows[batch].tolist()]) for batch in batches]
    assert ours.is_exact
    np.testing.assert_allclose(ours.information, expected, atol=ROUNDING)
    alone = textbook(before) if n_given else 0
    assert ours.given == pytest.approx(alone, abs=ROUNDING)


@pytest.mark.parametrize("size, n_given", [(9, 0), (9, 3), (3, 9), (1, 10)])
def test_draws_agree_with_the_textbook(size, n_given, device):
    """The mean over seeds of an estimate without bias, to four standard errors."""
    rows = random_responsibilities(0, 40, 5, sharpness=2.0)
    batches = torch.arange(2 * size).view(2, size)
    known = rows[40 - n_given :]
    expected = [textbook([*known.tolist(), *rows[batch].tolist()]) for batch in batches]
    runs = [
        told(rows.to(device), batches, seed, given=known.to(device), n_draws=500)
        for seed in range(30)
    ]
    assert not any(run.is_exact for run in runs)
    answers = np.array([run.information.numpy() for run in runs])
    errors = answers.std(axis=0, ddof=1) / math.sqrt(len(runs))
    assert (np.abs(answers.mean(axis=0) - expected) < 4 * errors).all()
    assert (errors < 0.004).all()
    # What is promised of one run.
    assert (answers.std(axis=0) < math.log(5) / 2 / math.sqrt(500)).all()


@pytest.mark.parametrize("size, n_given", [(9, 9), (300, 300), (700, 0), (20, 700)])
def test_copies_of_one_row_count_as_a_binomial(size, n_given, device):
    row = 0.5 + torch.tensor([-1.0, 0, 1, 2]).double() / math.sqrt(size + n_given)
    copies = row.clamp(0.05, 0.95).repeat(size + n_given, 1)
    n = len(copies)
    likelihood = binom.pmf(np.arange(n + 1)[:, None], n, copies[0].numpy())
    expected = entropy(likelihood.mean(axis=1)) - entropy(likelihood).mean()
    copies = copies.to(device)
    runs = [
        told(copies, [list(range(size))], seed, given=copies[size:])
        for seed in range(20)
    ]
    answers = np.array([float(run.information[0]) for run in runs])
    error = answers.std(ddof=1) / math.sqrt(len(runs))
    assert abs(answers.mean() - expected) < 4 * error < 0.04


@pytest.mark.parametrize("size", [3, 30, 1200])
@pytest.mark.parametrize("n_given", [0, 5, 600])
def test_certain_rows_part_the_components(size, n_given, device):
    """With 0 and 1 alone: the entropy of which components were met."""
    n_components = 12
    generator = torch.Generator().manual_seed(size)
    met = torch.randint(7, (1800,), generator=generator)
    rows = torch.nn.functional.one_hot(met, n_components).double().to(device)
    ours = told(rows[:size], [list(range(size))], given=rows[1200 : 1200 + n_given])

    def parted(*positions):
        n_met = len({int(met[i]) for i in positions})
        rest = n_components - n_met
        return math.log(n_components) - rest / n_components * math.log(rest)

    met_before = range(1200, 1200 + n_given)
    expected = parted(*range(size), *met_before)
    assert float(ours.information[0]) == pytest.approx(expected, abs=ROUNDING)
    assert ours.given == pytest.approx(parted(*met_before), abs=ROUNDING)


@pytest.mark.parametrize("size", [4, 40])
@pytest.mark.parametrize("n_given", [4, 40])
def test_more_rows_tell_more_and_never_all_too_much(size, n_given, device):
    rows = random_responsibilities(1, 400, 6, sharpness=0.7).to(device)
    rows = rows[torch.arange(400) % 4 > 0]  # without certain ones
    batches = torch.randperm(240, generator=torch.Generator().manual_seed(0))
    batches = batches.view(-1, size)
    ours = told(rows, batches, given=rows[240 : 240 + n_given])
    assert 0 < ours.given < math.log(6)
    assert bool((ours.information > ours.given - 0.02).all())
    assert bool((ours.information <= math.log(6)).all())
    assert float(ours.information.mean()) > ours.given + 0.05


def test_copies_and_order_of_a_batch_are_compared_on_equal_terms(device):
    rows = random_responsibilities(2, 60, 5, sharpness=1.0).to(device)
    batches = torch.arange(20).repeat(3, 1)
    ours = told(rows, batches.to(device), given=rows[40:])
    assert ours.information.unique().numel() == 1
    # A batch that holds one row twenty times tells less than twenty rows.
    same = told(rows, torch.stack([torch.arange(1, 21), torch.ones(20).long()]))
    assert same.information[0] > same.information[1] + 0.1


def test_same_generator_same_answer_and_the_global_one_stays(device):
    rows = random_responsibilities(3, 60, 5).to(device)
    state = torch.get_rng_state()
    batches = torch.arange(40).view(2, 20)
    first, second, other = (told(rows, batches, seed) for seed in (1, 1, 2))
    assert torch.equal(first.information, second.information)
    assert not torch.equal(first.information, other.information)
    mixture_information(rows, batches)
    assert torch.equal(torch.get_rng_state(), state)


def test_float32_is_worked_on_in_float64(device):
    rows = random_responsibilities(4, 30, 4).float().to(device)
    batches = torch.arange(6).view(2, 3)
    ours, wide = told(rows, batches), told(rows.double(), batches)
    assert ours.information.dtype == torch.float64
    assert torch.equal(ours.information, wide.information)


def test_tiny_responsibilities_and_one_component(device):
    rows = torch.tensor([[5e-324, 1.0], [1e-300, 1.0]], dtype=torch.float64)
    rows = rows.to(device)
    certain = rows.round()
    batch = [[0, 1] * 400]
    assert float(told(rows, batch).information[0]) == pytest.approx(math.log(2))
    assert float(told(certain, batch).information[0]) == pytest.approx(math.log(2))
    for size in (2, 20):
        single = told(torch.ones(20, 1, device=device), [list(range(size))])
        assert single.information.tolist() == [0.0]


HALF = torch.full((6, 3), 0.5)
BATCH = torch.tensor([[0, 1]])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"responsibilities": HALF[0]}, r"responsibilities must be .* shape \(3,\)"),
        ({"responsibilities": HALF[:, :0]}, r"responsibilities must .* \(6, 0\)"),
        ({"responsibilities": HALF.long()}, "responsibilities must .*torch.int64"),
        ({"responsibilities": 3 * HALF}, r"in \[0, 1\].* to 1.5"),
        ({"responsibilities": HALF * torch.nan}, r"in \[0, 1\]. Got NaN"),
        ({"given": -HALF}, r"given must be probabilities in \[0, 1\].* -0.5"),
        ({"given": HALF[:, :2]}, "given must have as many columns .* 3. Got 2"),
        ({"batches": BATCH[0]}, r"batches must be an int64 .* \(2,\)"),
        ({"batches": BATCH[:, :0]}, r"batches must be an int64 .* \(1, 0\)"),
        ({"batches": BATCH.double()}, "batches must be an int64 .*float64"),
        ({"batches": BATCH + 5}, r"positions in \[0, 6\).* Got 5 to 6"),
        ({"batches": BATCH - 1}, r"positions in \[0, 6\).* Got -1 to 0"),
        ({"n_draws": 0}, "n_draws must be a whole number >= 1.*Got 0"),
        ({"n_draws": 1.5}, "n_draws must be a whole number >= 1.*Got 1.5"),
    ],
)
def test_bad_arguments_get_a_sentence(options, message, send):
    good = {"responsibilities": HALF, "batches": BATCH}
    with pytest.raises(ValueError, match=message):
        mixture_information(**send({**good, **options}))
