import threading
import warnings

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from skactive.kernels import (
    beam,
    covering,
    determinant,
    diversity,
    fisher,
    information,
    seeding,
)
from skactive.kernels.precision import full_precision

# A pretended card casts nothing.
CASTING = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
NAMED = hasattr(torch.backends.mkldnn, "matmul")


@pytest.fixture
def names():
    """What torch calls these since 2.9."""
    if not NAMED:
        pytest.skip("torch < 2.9 names it otherwise")


@pytest.fixture
def coarse(names):
    """Allow what a training allows."""
    torch.set_float32_matmul_precision("medium")
    yield allowed()
    reset()


def reset():
    torch.set_float32_matmul_precision("highest")
    if NAMED:
        torch.backends.cuda.matmul.fp32_precision = "none"
        torch.backends.mkldnn.matmul.fp32_precision = "none"


def allowed():
    backends = torch.backends
    return backends.cuda.matmul.fp32_precision, backends.mkldnn.matmul.fp32_precision


class Products(TorchDispatchMode):
    """Notes what is allowed whenever matrices are multiplied in float32."""

    def __init__(self):
        super().__init__()
        self.seen, self.n_coarse = [], 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func.__name__.split(".")[0] in ("mm", "addmm", "bmm", "mv", "dot"):
            kinds = {x.dtype for x in args if isinstance(x, torch.Tensor)}
            self.n_coarse += torch.bfloat16 in kinds
            if torch.float32 in kinds:
                self.seen.append(allowed() if NAMED else None)
        return func(*args, **kwargs or {})


def rows(n=40, d=5, k=3):
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(n, d, generator=generator)
    return z, torch.randn(n, k, generator=generator).softmax(dim=1)


KERNELS = {
    "kmeans_plusplus": lambda z, p: seeding.kmeans_plusplus(z, 5, a=p),
    "k_center_greedy": lambda z, p: covering.k_center_greedy(z, 5, a=p),
    "nearest_labeled": lambda z, p: covering.nearest_labeled_distance(z, z[:3] + 1),
    "beam_search": lambda z, p: beam.beam_search(z, 3, doubt=p[:, 0], width=2),
    "exchange_chain": lambda z, p: determinant.exchange_chain(z, 3, n_steps=50),
    "trace_search": lambda z, p: fisher.trace_search(z, 3, p=p),
    "min_distance": lambda z, p: diversity.min_distance(z, z[:3] + 1),
    "batch_bald": lambda z, p: information.batch_bald(p.expand(4, -1, -1), 3),
}


@pytest.mark.parametrize("kernel", KERNELS)
def test_products_are_exact_whatever_a_training_allows(kernel, coarse, send):
    assert coarse == ("tf32", "bf16")
    with Products() as products:
        KERNELS[kernel](*send(rows()))
    assert set(products.seen) <= {("ieee", "ieee")}
    assert allowed() == coarse


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", CASTING)
def test_products_are_exact_under_autocast_too(kernel, kind):
    z, p = (some.to(kind) for some in rows())
    with torch.autocast(kind, dtype=torch.bfloat16), Products() as products:
        KERNELS[kernel](z, p)
        assert products.n_coarse == 0
        torch.mm(z, z.T)
    assert products.n_coarse == 1  # autocast is on again, and would have been seen


def test_some_products_are_in_float32(coarse, send):
    """Else the test above could not fail."""
    z, p = send(rows())
    with Products() as products:
        KERNELS["kmeans_plusplus"](z, p)
        KERNELS["k_center_greedy"](z, p)
        torch.mm(z, z.T)
    assert products.seen.count(("ieee", "ieee")) > 2
    assert products.seen[-1] == coarse


def test_the_last_of_several_threads_sets_back(coarse):
    inside, leave = threading.Barrier(2), threading.Event()

    def hold():
        with full_precision():
            inside.wait()
            leave.wait()

    holding = threading.Thread(target=hold)
    holding.start()
    with full_precision():
        inside.wait()
    assert allowed() == ("ieee", "ieee")  # the other is still inside
    leave.set()
    holding.join()
    assert allowed() == coarse


def test_flags_of_either_api_may_be_read_inside(coarse):
    """What torch.compile does, in another thread say; a mix of both raises."""
    with full_precision(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the older names are deprecated
        assert not torch.backends.cuda.matmul.allow_tf32
        assert torch.get_float32_matmul_precision() == "highest"
    assert torch.get_float32_matmul_precision() == "medium"


def test_the_older_name_is_set_back():
    torch.set_float32_matmul_precision("medium")
    try:
        with full_precision():
            assert torch.get_float32_matmul_precision() == "highest"
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        reset()


def test_what_is_inherited_is_not_pinned(names):
    backends = torch.backends
    backends.fp32_precision = "tf32"
    try:
        with full_precision():
            assert allowed() == ("ieee", "ieee")
        assert allowed() == ("tf32", "tf32")
        backends.fp32_precision = "ieee"
        assert allowed() == ("ieee", "ieee")
    finally:
        backends.fp32_precision = "none"


def test_set_back_after_an_error(coarse):
    with pytest.raises(ValueError, match="n must lie"):
        seeding.kmeans_plusplus(rows()[0], 0)
    assert allowed() == coarse
