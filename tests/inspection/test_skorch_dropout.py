"""Monte-Carlo dropout: one mask a draw, shared by all rows."""

import pickle
import threading
import warnings

import numpy as np
import pytest
import torch
from net_zoo import (
    Dropouts,
    FunctionalDropout,
    GivesUp,
    HeadFirst,
    KeywordCalls,
    Masked,
    SequenceFirst,
    SmallCNN,
    SmallMLP,
    make_classifier,
    make_regressor,
)
from skorch import NeuralNetBinaryClassifier, NeuralNetRegressor
from torch import nn

from skactive.inspection import predict_proba, sample_posterior

rng = np.random.default_rng(0)
X = rng.normal(size=(25, 4)).astype(np.float32)
WIDE = rng.normal(size=(25, 6)).astype(np.float32)
IMAGES = rng.normal(size=(9, 1, 8, 8)).astype(np.float32)

LAYERS = {
    "Dropout": (nn.Dropout(0.4), (6,)),
    "in place": (nn.Dropout(0.4, inplace=True), (6,)),
    "Dropout1d": (nn.Dropout1d(0.4), (3, 2)),
    "Dropout2d": (nn.Dropout2d(0.4), (3, 2, 1)),
    "Dropout3d": (nn.Dropout3d(0.4), (3, 2, 1, 1)),
    "AlphaDropout": (nn.AlphaDropout(0.4), (6,)),
    "FeatureAlphaDropout": (nn.FeatureAlphaDropout(0.4), (3, 2)),
}
CHANNELWISE = {"Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"}


def initialized(module=SmallMLP, make=make_classifier, **params):
    torch.manual_seed(0)
    return make(module, **params).initialize()


def with_layer(kind, module=Dropouts, **params):
    layer, shape = LAYERS[kind]
    return initialized(module, module__layer=layer, module__shape=shape, **params)


def looking_at(layer, shape):
    """A net that gives what its dropout layer gives."""
    net = NeuralNetRegressor(
        Masked, module__layer=layer, module__shape=shape, train_split=None, verbose=0
    )
    return net.initialize()


@pytest.mark.parametrize("kind", LAYERS)
def test_rows_of_a_draw_share_its_mask_and_draws_differ(kind):
    net = with_layer(kind)
    same = np.repeat(WIDE[:1], 20, axis=0)
    draws = sample_posterior(net, same, n_draws=30, random_state=0)
    assert draws.shape == (30, 20, 2)
    assert draws.dtype == np.float32
    np.testing.assert_allclose(draws, draws[:, :1].repeat(20, axis=1), atol=1e-6)
    assert len(np.unique(draws[:, 0, 0].round(5))) > 5
    np.testing.assert_allclose(draws.sum(axis=2), 1, atol=1e-6)


@pytest.mark.parametrize("kind", LAYERS)
def test_neither_batch_size_nor_order_nor_subset_matter(kind):
    net = with_layer(kind)
    draws = sample_posterior(net, WIDE, n_draws=5, random_state=3)
    for batch_size in (1, 7):
        net.iterator_valid__batch_size = batch_size
        again = sample_posterior(net, WIDE, n_draws=5, random_state=3)
        np.testing.assert_allclose(again, draws, atol=1e-6)
    order = np.random.default_rng(1).permutation(25)[:11]
    part = sample_posterior(net, WIDE[order], n_draws=5, random_state=3)
    np.testing.assert_allclose(part, draws[:, order], atol=1e-6)


def test_fewer_draws_are_the_first_of_more():
    net = initialized()
    more = sample_posterior(net, X, n_draws=6, random_state=0)
    np.testing.assert_array_equal(sample_posterior(net, X, 4, 0), more[:4])
    assert not np.allclose(sample_posterior(net, X, 6, 1), more)
    assert sample_posterior(net, X[:2]).shape == (100, 2, 3)


@pytest.mark.parametrize("kind", [k for k in LAYERS if k != "in place"])
def test_mean_and_variance_are_those_of_torchs_own_layer(kind):
    layer, shape = LAYERS[kind]
    rows = np.array([[1.0, 1.0, -2.0, -2.0, 3.0, 3.0]], dtype=np.float32)
    n = 2000
    draws = sample_posterior(looking_at(layer, shape), rows, n_draws=n, random_state=0)
    torch.manual_seed(0)
    x = torch.as_tensor(rows).unflatten(1, shape).expand(50_000, *shape)
    own = layer.train()(x).flatten(1).numpy()
    spread = own.std(axis=0)
    assert (np.abs(draws[:, 0].mean(axis=0) - own.mean(axis=0)) < 0.1 * spread).all()
    np.testing.assert_allclose(draws[:, 0].std(axis=0), spread, rtol=0.1)
    np.testing.assert_allclose(np.unique(draws), np.unique(own), rtol=1e-5, atol=1e-6)
    # Channel by channel where torch's layer drops whole channels.
    together = np.array_equal(draws[:, 0, ::2] == 0, draws[:, 0, 1::2] == 0)
    if kind in CHANNELWISE and kind != "FeatureAlphaDropout":
        assert together
    elif kind == "Dropout":
        assert not together


def test_the_mean_of_many_draws_is_that_of_training_mode():
    net = initialized(module__dropout=0.3)
    mean = sample_posterior(net, X, n_draws=800, random_state=0).mean(axis=0)
    torch.manual_seed(0)
    module = net.module_.train()
    with torch.no_grad():
        rows = torch.as_tensor(X)
        own = sum(module(rows).softmax(1) for _ in range(800)) / 800
    np.testing.assert_allclose(mean, own.numpy(), atol=0.02)


def test_a_layer_called_twice_gets_two_masks():
    net = initialized(
        Dropouts,
        make_regressor,
        module__n_outputs=6,
        module__calls=2,
        iterator_valid__batch_size=2,
    )
    with torch.no_grad():
        net.module_.head.weight.copy_(torch.eye(6))
        net.module_.head.bias.zero_()
    ones = np.ones((3, 6), dtype=np.float32)
    draws = sample_posterior(net, ones, n_draws=50, random_state=0).round(3)
    # Dropped twice, once, never: one mask used twice would never give the middle one.
    assert len(np.unique(draws)) == 3
    assert (draws == draws[:, :1]).all()


def test_two_layers_alike_get_two_masks():
    twice = nn.Sequential(nn.Dropout(0.5), nn.Dropout(0.5))
    net = looking_at(twice, (6,))
    draws = sample_posterior(net, np.ones((1, 6), np.float32), 400, random_state=0)
    assert np.mean(draws > 0) == pytest.approx(0.25, abs=0.03)


def test_everything_dropped_is_zero():
    net = looking_at(nn.Dropout(1.0), (6,))
    assert not sample_posterior(net, WIDE, n_draws=2).any()


def test_dropout_called_by_keyword_acts():
    draws = sample_posterior(initialized(KeywordCalls), X, n_draws=5, random_state=0)
    assert draws.std(axis=0).max() > 0


@pytest.mark.parametrize(
    ("make", "shape"),
    [(make_regressor, (4, 25, 1)), (NeuralNetBinaryClassifier, (4, 25, 2))],
)
def test_regressors_and_binary_classifiers(make, shape):
    net = initialized(SmallMLP, make, module__n_outputs=1)
    assert sample_posterior(net, X, n_draws=4).shape == shape


def test_batch_norm_and_the_evaluation_mode_are_untouched():
    net = initialized(SmallCNN)
    net.predict_proba(IMAGES)
    state = {k: v.clone() for k, v in net.module_.state_dict().items()}
    draws = sample_posterior(net, IMAGES, n_draws=5, random_state=0)
    assert draws.std(axis=0).max() > 0
    assert not any(module.training for module in net.module_.modules())
    after = net.module_.state_dict()
    assert all(torch.equal(state[k], after[k]) for k in state)


@pytest.mark.parametrize(
    "net",
    [
        initialized(HeadFirst),
        initialized(SmallMLP, module__dropout=0.0),
        initialized(FunctionalDropout),
    ],
    ids=["no dropout", "p = 0", "functional, and a layer never called"],
)
def test_a_net_without_active_dropout_is_refused(net):
    with pytest.raises(TypeError, match=r"no dropout layer that acts.*ensemble"):
        sample_posterior(net, X, n_draws=2)


def test_rows_must_come_first_for_a_mask_to_be_shared():
    with pytest.raises(ValueError, match=r"'dropout' sees .*\(3, 3, 4\).*batch_first"):
        sample_posterior(initialized(SequenceFirst), X, n_draws=2)
    net = initialized(SequenceFirst, module__batch_first=True)
    draws = sample_posterior(net, np.repeat(X[:1], 9, axis=0), n_draws=4)
    np.testing.assert_allclose(draws, draws[:, :1].repeat(9, axis=1), atol=1e-6)


@pytest.mark.parametrize(
    ("n_draws", "error"), [(0, ValueError), (-1, ValueError), (2.5, TypeError),
                           (True, TypeError), ("3", TypeError)],
)  # fmt: skip
def test_a_wrong_number_of_draws_is_told_in_a_sentence(n_draws, error):
    with pytest.raises(error, match="'n_draws' parameter must be"):
        sample_posterior(initialized(), X, n_draws=n_draws)


def test_n_draws_may_be_a_numpy_integer():
    assert len(sample_posterior(initialized(), X, n_draws=np.int64(3))) == 3


def test_no_hook_is_left_and_the_net_answers_as_before():
    net = initialized()
    proba = predict_proba(net, X)
    sample_posterior(net, X, n_draws=3)
    for module in net.module_.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
    np.testing.assert_array_equal(predict_proba(net, X), proba)
    pickle.dumps(net)


def test_no_hook_is_left_after_an_exception():
    net = initialized(GivesUp, callbacks=None)
    net.module_.dropout = nn.Dropout(0.5)
    net.module_.fails = True
    with pytest.raises(ArithmeticError):
        sample_posterior(net, X, n_draws=3)
    assert not any(module._forward_hooks for module in net.module_.modules())


def test_threads_that_share_a_net_get_the_draws_they_get_alone():
    net = with_layer("Dropout", module__calls=3, iterator_valid__batch_size=2)
    alone = [sample_posterior(net, WIDE, 3, random_state=i) for i in range(4)]
    plain = predict_proba(net, WIDE)
    together = {}
    barrier = threading.Barrier(5)

    def draw(i):
        barrier.wait()
        together[i] = [sample_posterior(net, WIDE, 3, random_state=i) for _ in range(5)]

    def predict():
        barrier.wait()
        together["plain"] = [predict_proba(net, WIDE) for _ in range(15)]

    threads = [threading.Thread(target=draw, args=(i,)) for i in range(4)]
    threads.append(threading.Thread(target=predict))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, expected in enumerate(alone):
        assert all(np.array_equal(draws, expected) for draws in together[i])
    assert all(np.array_equal(proba, plain) for proba in together["plain"])


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_a_compiled_net_draws_what_it_draws_uncompiled():
    params = {"compile": True, "compile__backend": "eager"}
    draws = sample_posterior(initialized(**params), X, n_draws=3, random_state=0)
    plain = sample_posterior(initialized(), X, n_draws=3, random_state=0)
    np.testing.assert_allclose(draws, plain, atol=1e-6)


# ------------------------------------------------- dropout that no hook can reach


class Recurrent(nn.Module):
    def __init__(self, n_layers=2, inside=0.5, outside=0.0, kind=nn.LSTM):
        super().__init__()
        self.rnn = kind(2, 8, n_layers, dropout=inside, batch_first=True)
        self.dropout = nn.Dropout(outside)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.dropout(self.rnn(x)[0][:, -1]))


class Attention(nn.Module):
    """Attention alone, or in an encoder that has dropout layers of its own too."""

    def __init__(self, encoder=False, batch_first=True):
        super().__init__()
        self.encoder, self.batch_first = encoder, batch_first
        self.input, self.head = nn.Linear(2, 8), nn.Linear(8, 3)
        options = {"dropout": 0.5, "batch_first": batch_first}
        if encoder:
            self.inner = nn.TransformerEncoderLayer(8, 2, 16, **options)
        else:
            self.inner = nn.MultiheadAttention(8, 2, **options)

    def forward(self, x):
        z = self.input(x if self.batch_first else x.transpose(0, 1))
        z = self.inner(z) if self.encoder else self.inner(z, z, z)[0]
        return self.head(z.mean(1 if self.batch_first else 0))


STEPS = rng.normal(size=(9, 6, 2)).astype(np.float32)


@pytest.mark.parametrize(
    ("module", "params", "named"),
    [
        (Recurrent, {}, r"'rnn' \(LSTM, dropout=0\.5\)"),
        (Recurrent, {"kind": nn.GRU}, r"'rnn' \(GRU, dropout=0\.5\)"),
        (Attention, {}, r"'inner' \(MultiheadAttention, dropout=0\.5\)"),
    ],
)
def test_a_net_with_no_other_dropout_is_refused(module, params, named):
    net = initialized(module, **{f"module__{k}": v for k, v in params.items()})
    with pytest.raises(
        TypeError, match=rf"no dropout layer.*{named}.*LastLayerLaplace"
    ):
        sample_posterior(net, STEPS, n_draws=2)


@pytest.mark.parametrize(
    ("module", "params", "named"),
    [
        (Recurrent, {"outside": 0.5}, r"inside 'rnn' \(LSTM"),
        (Attention, {"encoder": True}, r"inside 'inner\.self_attn' \(Multihead"),
    ],
)
def test_beside_other_dropout_it_is_warned_of_and_left_out(module, params, named):
    net = initialized(module, **{f"module__{k}": v for k, v in params.items()})
    with pytest.warns(UserWarning, match=rf"{named}.*left out"):
        draws = sample_posterior(net, STEPS, n_draws=5, random_state=0)
    assert draws.std(axis=0).max() > 0.01
    net.iterator_valid__batch_size = 4
    with pytest.warns(UserWarning, match=named):
        again = sample_posterior(net, STEPS[::-1], n_draws=5, random_state=0)
    np.testing.assert_allclose(again[:, ::-1], draws, atol=1e-6)


def test_dropout_of_one_recurrent_layer_acts_nowhere():
    with pytest.warns(UserWarning, match="num_layers greater than 1"):  # torch's own
        net = initialized(Recurrent, module__n_layers=1, module__outside=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sample_posterior(net, STEPS, n_draws=2).shape == (2, 9, 3)


@pytest.mark.parametrize("n_rows", [3, 6, 9])
def test_rows_that_come_second_are_noticed_even_where_the_sizes_agree(n_rows):
    net = initialized(Attention, module__encoder=True, module__batch_first=False)
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(ValueError, match=r"sees .*\(6, 3, 8\).*batch_first"),
    ):
        sample_posterior(net, STEPS[:n_rows], n_draws=2)
