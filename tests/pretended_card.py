"""
A card of one's own: a device that is not the CPU, on a machine that has no other.

Tensors on the device "card" lie in ordinary memory. What a real card refuses is refused
here too: to mix them with tensors on the CPU, to turn them into arrays, to draw with a
generator of the CPU. So a kernel that passes its tests here keeps its tensors together,
and sends across what it must; of speed, memory and rounding on a card it says nothing.
"""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

try:
    from torch.utils.backend_registration import (
        _setup_privateuseone_for_python_backend as register,
    )
except ImportError:  # torch < 2.10
    register = None

aten = torch.ops.aten
COPIES = {aten._to_copy.default, aten.copy_.default}
# Of these, the positions may lie on the CPU while the numbers lie on a card.
BY_POSITION = {
    aten.index.Tensor,
    aten.index_put.default,
    aten.index_put_.default,
    aten._index_put_impl_.default,
}
calls, sent_back = 0, []
"""How many operations ran on the card; how many numbers went to the CPU, each time."""


class OnCard(torch.Tensor):
    """A tensor that lies on the card, as far as anyone can see."""

    @staticmethod
    def __new__(cls, held):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=torch.device("card:0"),
            requires_grad=held.requires_grad,
        )

    def __init__(self, held):
        self.held = held

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return run(func, args, kwargs or {})

    @property
    def is_cuda(self):
        return True  # skorch asks before it makes an array

    def tolist(self):
        return self.held.tolist()

    def numpy(self, *args, **kwargs):
        raise TypeError("can't convert card:0 device type tensor to numpy.")

    def __array__(self, *args, **kwargs):
        return self.numpy()

    def __repr__(self):
        return f"OnCard({self.held!r})"


class Card(TorchDispatchMode):
    """Inside this block there is a card."""

    def __enter__(self):
        self.before = torch._C._only_lift_cpu_tensors()
        torch._C._set_only_lift_cpu_tensors(True)  # torch.tensor(..., device="card")
        return super().__enter__()

    def __exit__(self, *error):
        torch._C._set_only_lift_cpu_tensors(self.before)
        return super().__exit__(*error)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return run(func, args, kwargs or {})


def run(func, args, kwargs):
    """Run an operation in memory, if a card could have run it."""
    global calls
    tensors = [*tensors_in(args), *tensors_in(list(kwargs.values()))]
    on_card = [x for x in tensors if isinstance(x, OnCard)]
    asked = kwargs.get("device")
    is_card = bool(on_card) if asked is None else torch.device(asked).type == "card"
    if on_card and func not in COPIES:
        check_together(func, args, tensors)
    generator = kwargs.get("generator")
    if generator is not None and is_card:
        raise RuntimeError("Expected a 'card' device type for generator but found cpu")
    calls += is_card
    if func in COPIES and on_card and not is_card:
        sent_back.append(on_card[0].numel())
    known = {id(x.held): x for x in on_card}
    args = each(held, args)
    kwargs = {name: each(held, value) for name, value in kwargs.items()}
    if asked is not None:
        kwargs = kwargs | {"device": torch.device("cpu")}

    def put_back(x):
        if not isinstance(x, torch.Tensor) or not is_card:
            return x
        return known[id(x)] if id(x) in known else OnCard(x)

    return each(put_back, func(*args, **kwargs))


def tensors_in(given):
    """Give the tensors in a tuple or list, and in those inside."""
    for x in given:
        if isinstance(x, torch.Tensor):
            yield x
        elif isinstance(x, tuple | list):
            yield from tensors_in(x)


def each(function, given):
    """Apply a function to what is given, or to each in a tuple or list."""
    if isinstance(given, tuple | list):
        return type(given)([each(function, x) for x in given])
    return function(given)


def held(x):
    """Give the tensor in memory."""
    return x.held if isinstance(x, OnCard) else x


def check_together(func, args, tensors):
    """Refuse tensors of the CPU beside those on the card; single numbers may be."""
    positions = ()
    if func in BY_POSITION and isinstance(args[0], OnCard):
        positions = {id(x) for x in args[1]}
    for x in tensors:
        if not isinstance(x, OnCard) and x.dim() and id(x) not in positions:
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two "
                f"devices, card:0 and cpu! (in {func})"
            )


class Module:
    """What ``torch.card`` is: one device, which draws no random numbers."""

    def is_available(self):
        return True

    is_initialized = is_available

    def _is_in_bad_fork(self):
        return False

    def device_count(self):
        return 1

    def current_device(self):
        return 0

    def manual_seed_all(self, seed):
        pass

    def get_rng_state(self, device=0):
        return torch.empty(0, dtype=torch.uint8)

    def set_rng_state(self, state, device=0):
        pass


if register is not None and not hasattr(torch.Tensor, "is_card"):
    register(
        "card", Module()
    )  # once, though pytest looks for doctests in a copy of this file
