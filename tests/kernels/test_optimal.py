from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skactive.kernels import optimal
from skactive.kernels.covering import k_center_greedy, nearest_labeled_distance
from skactive.kernels.optimal import optimal_radius


def pool(seed, n_rows, n_labeled=0, ties=False):
    generator = torch.Generator().manual_seed(seed)
    if ties:
        z = torch.randint(-2, 3, (n_rows + n_labeled, 2), generator=generator).double()
    else:
        z = torch.randn(n_rows + n_labeled, 2, generator=generator).double()
    return z[:n_rows], z[n_rows:]


def radius_of(z, positions, labeled):
    centres = np.concatenate([z[list(positions)], labeled])
    return np.linalg.norm(z[:, None] - centres, axis=2).min(axis=1).max()


def smallest_radius(z, n, labeled):
    subsets = combinations(range(len(z)), n)
    return min(radius_of(z, subset, labeled) for subset in subsets)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    n_rows=st.integers(1, 9),
    n_labeled=st.integers(0, 3),
    ties=st.booleans(),
    data=st.data(),
)
def test_no_subset_is_better(send, seed, n_rows, n_labeled, ties, data):
    n = data.draw(st.integers(1, n_rows))
    z, labeled = pool(seed, n_rows, n_labeled, ties)
    ours = optimal_radius(send(z), n, z_labeled=send(labeled))
    assert ours.radius == pytest.approx(smallest_radius(z.numpy(), n, labeled.numpy()))
    assert ours.positions.tolist() == sorted(set(ours.positions.tolist()))
    assert len(ours.positions) == n
    achieved = radius_of(z.numpy(), ours.positions, labeled.numpy())
    assert ours.radius == pytest.approx(achieved)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 8),
    has_labeled=st.booleans(),
    ties=st.booleans(),
)
def test_greedy_is_at_most_twice_the_optimum(send, seed, n, has_labeled, ties):
    z, labeled = send(pool(seed, 40, 3, ties))
    near = nearest_labeled_distance(z, labeled) if has_labeled else None
    greedy = float(k_center_greedy(z, n, nearest_labeled=near).radii[-1])
    best = optimal_radius(z, n, z_labeled=labeled if has_labeled else None).radius
    assert best - 1e-9 <= greedy <= 2 * best + 1e-9


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_beats_greedy_on_a_line(dtype, device):
    """From the end 4 greedy takes 0 and keeps radius 2; 1 and 3 leave radius 1."""
    z = torch.arange(5, dtype=dtype, device=device)[:, None]
    assert k_center_greedy(z, 2).radii[-1] == 2
    ours = optimal_radius(z, 2)
    assert ours.radius == 1
    assert ours.positions.device.type == "cpu"
    assert ours.n_programs >= 1


def test_labelled_rows_count(send):
    z = send(torch.tensor([[0.0], [1], [10], [11]]))
    assert optimal_radius(z, 1).radius == 10
    ours = optimal_radius(z, 1, z_labeled=z[:1] + 0.5)
    assert ours.radius == 1
    assert ours.positions.tolist() in ([2], [3])


def test_an_empty_set_of_labelled_rows_is_none(send):
    z, labeled = send(pool(0, 12))
    assert len(labeled) == 0
    with_empty = optimal_radius(z, 3, z_labeled=labeled)
    assert with_empty.radius == optimal_radius(z, 3).radius


@pytest.mark.parametrize("ties", [False, True])
def test_all_rows_have_radius_zero(ties, send):
    z, _ = send(pool(0, 12, ties=ties))
    ours = optimal_radius(z, 12)
    assert ours.radius == 0
    assert ours.n_programs == 0
    assert ours.positions.tolist() == list(range(12))


def test_far_from_the_origin_nothing_is_lost(send):
    """Two far clusters: expanded squares would round the small distances away."""
    z = torch.tensor([[0, 1e-3, 3e-3, 1e8, 1e8 + 4]], dtype=torch.float64).T
    ours = optimal_radius(send(z), 3)
    assert ours.radius == pytest.approx(2e-3)
    assert ours.positions.tolist() == [1, 3, 4]


def test_the_time_limit_is_told(send):
    z, _ = send(pool(0, 150))
    with pytest.raises(RuntimeError, match=r"reached the time limit.*n=5.*lies"):
        optimal_radius(z, 5, time_limit=1e-6)
    small = optimal_radius(z[:20], 3, time_limit=60)
    assert small.radius == optimal_radius(z[:20], 3).radius


def test_a_wrong_answer_is_refused(monkeypatch, send):
    real = optimal.milp

    def lazy(*args, **options):
        answer = real(*args, **options)
        answer.status, answer.x = 0, np.zeros(20)
        return answer

    monkeypatch.setattr(optimal, "milp", lazy)
    with pytest.raises(RuntimeError, match="HiGHS failed before"):
        optimal_radius(send(pool(0, 20)[0]), 3)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"n": 0}, r"n must be a whole number in \[1, 12\].*Got 0"),
        ({"n": 13}, r"n must be a whole number in \[1, 12\].*Got 13"),
        ({"n": 1.5}, r"n must be a whole number in \[1, 12\].*Got 1.5"),
        ({"z": torch.ones(1001, 1)}, "at most 1000 rows. Got 1001; use k_center"),
        (
            {"z_labeled": torch.ones(2, 3).double()},
            r"the 2 columns.*Got shape \(2, 3\)",
        ),
        ({"z_labeled": torch.ones(2, 2)}, "dtype of z.*torch.float32"),
        ({"z": torch.full((12, 2), torch.nan)}, "not finite, in 12 row"),
        ({"z": 1e200 * torch.eye(2).double(), "n": 1}, "overflow float64"),
        ({"z": 1.3e154 * torch.eye(2).double(), "n": 1}, "scale the embeddings"),
        ({"time_limit": 0}, "time_limit must be None or seconds > 0. Got 0"),
        ({"time_limit": float("nan")}, "time_limit must be .* Got nan"),
    ],
)
def test_bad_arguments_get_a_sentence(options, message, send):
    good = {"z": pool(0, 12)[0], "n": 3}
    with pytest.raises(ValueError, match=message):
        optimal_radius(**send({**good, **options}))
