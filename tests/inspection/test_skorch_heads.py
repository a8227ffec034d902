"""Embeddings of nets that fool the obvious code, held against a value by hand."""

import pickle
import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from net_zoo import (
    Auxiliary,
    Binary,
    ConvolutionalHead,
    FunctionalHead,
    GivesUp,
    HeadFirst,
    InPlaceAfterHead,
    KeywordCalls,
    NestedHead,
    OddOutputs,
    Regressor,
    ReusedHead,
    SmallCNN,
    SmallMLP,
    SoftmaxInside,
    SumOfHeads,
    TiedWeights,
    TwinHeads,
    make_classifier,
    make_regressor,
)
from skorch import NeuralNetBinaryClassifier
from torch import nn

from skactive.inspection import embed

X = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
IMAGES = np.random.default_rng(0).normal(size=(12, 1, 8, 8)).astype(np.float32)


def initialized(module, make=make_classifier, **params):
    torch.manual_seed(0)
    return make(module, **params).initialize()


def by_hand(net, rows=X):
    net.module_.eval()
    with torch.no_grad():
        return net.module_.z(torch.as_tensor(rows)).numpy()


def hooks(net):
    return [
        hook
        for module in net.module_.modules()
        for hook in (*module._forward_hooks, *module._forward_pre_hooks)
    ]


FOOLING = {
    "head first": {"module": HeadFirst},
    "softmax": {"module": SoftmaxInside},
    "saturated softmax": {"module": SoftmaxInside, "module__scale": 1000},
    "log-softmax": {"module": SoftmaxInside, "module__log": True},
    "saturated log-softmax": {
        "module": SoftmaxInside,
        "module__log": True,
        "module__scale": 1000,
    },
    "reused": {"module": ReusedHead},
    "tied": {"module": TiedWeights},
    "nested": {"module": NestedHead},
    "in place": {"module": InPlaceAfterHead},
    "keywords": {"module": KeywordCalls},
    **{
        f"auxiliary, {before=}, {returned=}": {
            "module": Auxiliary,
            "module__before": before,
            "module__returned": returned,
        }
        for before in (True, False)
        for returned in (True, False)
    },
}


@pytest.mark.parametrize("batch_size", [1, 7, 128])
@pytest.mark.parametrize("case", FOOLING)
def test_the_head_is_found_by_value(case, batch_size):
    net = initialized(**FOOLING[case], iterator_valid__batch_size=batch_size)
    z = embed(net, X)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z, by_hand(net), rtol=1e-5, atol=1e-6)


def test_logits_of_two_hundred_are_saturated_indeed():
    net = initialized(**FOOLING["saturated softmax"], criterion=nn.NLLLoss)
    logits = embed(net, X, layer="output")
    assert np.abs(logits).max() > 200
    assert net.predict_proba(X).max() == 1


@pytest.mark.parametrize("sigmoid", [False, True])
@pytest.mark.parametrize("flat", [False, True])
def test_the_head_of_a_binary_classifier(flat, sigmoid):
    net = initialized(
        Binary,
        NeuralNetBinaryClassifier,
        module__flat=flat,
        module__sigmoid=sigmoid,
        criterion=nn.BCELoss if sigmoid else nn.BCEWithLogitsLoss,
    )
    np.testing.assert_allclose(embed(net, X), by_hand(net), rtol=1e-5)
    logits = embed(net, X, layer="output")
    expected = net.module_.head(torch.as_tensor(by_hand(net))).detach().numpy()
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("n_outputs", "flat"), [(1, False), (1, True), (2, False)])
def test_the_head_of_a_regressor(n_outputs, flat):
    net = initialized(
        Regressor, make_regressor, module__n_outputs=n_outputs, module__flat=flat
    )
    np.testing.assert_allclose(embed(net, X), by_hand(net), rtol=1e-5)


def test_the_embedding_of_a_net_of_doubles_is_double():
    net = initialized(Regressor, make_regressor, module__double=True)
    assert embed(net, X).dtype == np.float64


class Made(nn.Module):
    """Layers registered in any order, heads beside the way, any last nonlinearity."""

    def __init__(self, widths, auxiliary, order, last):
        super().__init__()
        sizes = [4, *widths, 3]
        made = {f"l{i}": nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(widths))}
        made["head"] = nn.Linear(sizes[-2], 3)
        made |= {f"a{i}": nn.Linear(sizes[i], 3) for i in auxiliary}
        for name in sorted(made, key=lambda name: order[hash_of(name) % len(order)]):
            self.add_module(name, made[name])
        self.depth, self.auxiliary, self.last = len(widths), auxiliary, last

    def z(self, x):
        for i in range(self.depth):
            if i in self.auxiliary:
                getattr(self, f"a{i}")(x)
            x = torch.tanh(getattr(self, f"l{i}")(x))
        return x

    def forward(self, x):
        z = self.z(x)
        before = [getattr(self, f"a{i}")(z) for i in self.auxiliary if i == self.depth]
        output = self.head(z)
        if self.last == "softmax":
            return output.softmax(1)
        return output.log_softmax(1) if self.last == "log" else (output, *before)


def hash_of(name):
    return sum(map(ord, name))


@settings(max_examples=40)
@given(
    widths=st.lists(st.integers(2, 6), max_size=3),
    auxiliary=st.sets(st.integers(0, 3)),
    order=st.permutations(range(7)),
    last=st.sampled_from(["none", "softmax", "log"]),
    batch_size=st.sampled_from([1, 5, 100]),
)
def test_the_head_of_any_net_is_found(widths, auxiliary, order, last, batch_size):
    auxiliary = {i for i in auxiliary if i <= len(widths)}
    torch.manual_seed(1)
    net = make_classifier(
        Made(widths, auxiliary, order, last), iterator_valid__batch_size=batch_size
    ).initialize()
    np.testing.assert_allclose(embed(net, X), by_hand(net), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("module", "rows"),
    [(ConvolutionalHead, IMAGES), (SumOfHeads, X), (FunctionalHead, X)],
)
def test_a_net_without_a_linear_head_is_refused(module, rows):
    with pytest.raises(ValueError, match=r"No linear layer.*Name .* layer=.*'head'"):
        embed(initialized(module), rows)


def test_two_heads_that_nothing_tells_apart_are_refused():
    net = initialized(TwinHeads)
    with pytest.raises(ValueError, match=r"ambiguous.*layer="):
        embed(net, X)
    assert not embed(net, X, layer="output").any()


# ------------------------------------------------------------------ layer=


@pytest.mark.parametrize("batch_size", [1, 128])
def test_layer_names_a_module(batch_size):
    net = initialized(NestedHead, iterator_valid__batch_size=batch_size)
    expected = net.module_.eval().model["body"](torch.as_tensor(X)).detach().numpy()
    # Its last step works in place, and so does the one after the next.
    z = embed(net, X, layer="model.body")
    np.testing.assert_allclose(z, expected, rtol=1e-5, atol=1e-6)
    before_relu = embed(net, X, layer="model.body.1")
    assert before_relu.min() < 0
    np.testing.assert_allclose(np.maximum(before_relu, 0), expected, atol=1e-6)


def test_layer_of_images_is_flattened():
    z = embed(initialized(SmallCNN), IMAGES, layer="conv")
    assert z.shape == (12, 4 * 9)


@pytest.mark.parametrize("position", [0, 1, -1, np.int64(1)])
def test_layer_is_a_position_in_the_output(position):
    net = initialized(Auxiliary)
    with torch.no_grad():
        expected = net.module_(torch.as_tensor(X))[position].numpy()
    np.testing.assert_allclose(embed(net, X, layer=position), expected, atol=1e-6)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("scale", [1, 1000])
def test_layer_output_is_what_the_softmax_sees(log, scale):
    net = initialized(SoftmaxInside, module__log=log, module__scale=scale)
    logits = net.module_.head(torch.as_tensor(by_hand(net))).detach().numpy()
    np.testing.assert_allclose(
        embed(net, X, layer="output"), logits, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize("softmax", [False, True])
def test_layer_output_needs_no_linear_head(softmax):
    net = initialized(ConvolutionalHead, module__softmax=softmax)
    output = net.module_(torch.as_tensor(IMAGES)).detach()
    expected = (output.log() if softmax else output).numpy()
    z = embed(net, IMAGES, layer="output")
    np.testing.assert_allclose(z, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "error", "sentence"),
    [
        ("fc", ValueError, "names no module of OddOutputs.*'fc'.*'hidden'.*'unused'"),
        ("", ValueError, "names no module.*Got layer=''"),
        (2, ValueError, "layer=2.*a tuple of 2"),
        (-3, ValueError, "layer=-3.*a tuple of 2"),
        (1, ValueError, "Position 1.*not one row for each of the 30 rows"),
        ("unused", ValueError, "'unused' gives no tensor.*Name another"),
        ("recurrent", ValueError, "'recurrent' gives no tensor.*Name another"),
        ("constant", ValueError, r"'constant'.*\(1, 2\).*not one row for each"),
        (1.5, TypeError, "'layer' parameter must be.*Got 1.5"),
        (True, TypeError, "'layer' parameter must be.*Got True"),
        (["head"], TypeError, "'layer' parameter must be"),
    ],
)
def test_a_wrong_layer_is_told_in_a_sentence(layer, error, sentence):
    net = initialized(OddOutputs)
    with pytest.raises(error, match=sentence):
        embed(net, X, layer=layer)
    assert not hooks(net)


def test_a_position_where_no_tuple_is_returned():
    with pytest.raises(ValueError, match="returns no tuple"):
        embed(initialized(HeadFirst), X, layer=0)


def test_no_rows_are_told_in_a_sentence():
    with pytest.raises(ValueError, match="no rows"):
        embed(initialized(HeadFirst), X[:0])


# ------------------------------------------------------------------ traces


@pytest.mark.parametrize("layer", [None, "hidden", "output"])
def test_no_hook_is_left_and_the_net_pickles(layer):
    net = initialized(HeadFirst)
    z = embed(net, X, layer=layer)
    assert not hooks(net)
    copy = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(embed(copy, X, layer=layer), z)


@pytest.mark.parametrize("layer", [None, "hidden", "output", 0])
def test_no_hook_is_left_after_an_exception(layer):
    net = initialized(GivesUp)
    net.module_.fails = True
    state = torch.get_rng_state()
    with pytest.raises(ArithmeticError, match="gave up"):
        embed(net, X, layer=layer)
    assert not hooks(net)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_users_own_hooks_stay_and_act():
    net = initialized(HeadFirst)
    net.module_.hidden.register_forward_hook(lambda module, args, out: out + 1)
    z = embed(net, X)
    np.testing.assert_allclose(z, by_hand(net), rtol=1e-5)
    assert len(hooks(net)) == 1


def test_a_module_in_training_mode_is_asked_in_evaluation_mode():
    net = initialized(NestedHead)
    expected = by_hand(net)
    mean = net.module_.model["body"][1].running_mean.clone()
    net.module_.train()
    np.testing.assert_allclose(embed(net, X), expected, rtol=1e-5, atol=1e-6)
    assert torch.equal(net.module_.model["body"][1].running_mean, mean)


def test_threads_that_share_a_net_get_the_answers_they_get_alone():
    net = initialized(SmallMLP, iterator_valid__batch_size=3)
    pools = [X + i for i in range(4)]
    alone = [embed(net, pool) for pool in pools]
    together = [[] for _ in pools]
    barrier = threading.Barrier(len(pools))

    def ask(i):
        barrier.wait()
        together[i] += [embed(net, pools[i]) for _ in range(15)]

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(pools))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, expected in enumerate(alone):
        assert len(together[i]) == 15
        assert all(np.array_equal(z, expected) for z in together[i])
    assert not hooks(net)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_a_compiled_net_is_looked_into():
    net = initialized(HeadFirst, compile=True, compile__backend="eager")
    expected = by_hand(net)
    np.testing.assert_allclose(embed(net, X), expected, rtol=1e-5)
    z = embed(net, X, layer="hidden")
    np.testing.assert_allclose(np.maximum(z, 0), expected, rtol=1e-5)
    with pytest.raises(ValueError, match=r"no module of HeadFirst.*there are 'head'"):
        embed(net, X, layer="fc")
