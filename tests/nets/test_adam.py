"""Adam with one kernel a step: held against torch's own."""

import pytest
import torch
from sklearn.base import clone
from torch import nn

from skactive.nets import make_net
from skactive.nets.adam import Adam


def trained(kind, dtype=torch.float64, grouped=False, **options):
    """Give a small network's weights after thirty steps."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3)).to(dtype)
    X, y = torch.randn(20, 5, dtype=dtype), torch.arange(20) % 3
    params = net.parameters()
    if grouped:
        first, last = net[0].parameters(), net[2].parameters()
        params = [{"params": list(first)}, {"params": list(last), "lr": 0.1}]
    optimizer = kind(params, **{"lr": 0.01, **options})
    for _ in range(30):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(X), y).backward()
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in net.parameters()]), optimizer


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize(
    "options", [{}, {"weight_decay": 0.1}, {"amsgrad": True}, {"betas": (0.5, 0.7)}]
)
def test_its_weights_are_those_of_torch_s_own_adam(options, grouped):
    ours, optimizer = trained(Adam, grouped=grouped, **options)
    theirs, _ = trained(
        torch.optim.Adam, grouped=grouped, **{"foreach": False, **options}
    )
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    assert all(group["fused"] for group in optimizer.param_groups)
    start, _ = trained(Adam, grouped=grouped, lr=1e-12)
    assert (ours - start).abs().max() > 0.01


@pytest.mark.parametrize("way", ["fused", "foreach", "differentiable"])
def test_a_way_that_is_asked_for_is_taken(way):
    _, optimizer = trained(Adam, **{way: False})
    assert not any(group["fused"] for group in optimizer.param_groups)


def test_off_the_cpu_torch_chooses():
    weight = nn.Parameter(torch.zeros(3, device="meta"))
    assert Adam([weight]).param_groups[0]["fused"] is None


def test_a_net_takes_it_and_any_other_optimizer():
    X = torch.randn(12, 4, generator=torch.Generator().manual_seed(0)).numpy()
    y = torch.arange(12).numpy() % 2
    net = make_net("mlp", n_outputs=2, input_shape=4, max_epochs=2, random_state=0)
    net.fit(X, y)
    assert net.optimizer_.param_groups[0]["fused"]
    again = clone(net).set_params(optimizer=torch.optim.RMSprop).fit(X, y)
    assert isinstance(again.optimizer_, torch.optim.RMSprop)
