"""Nets and kernels on a card: the same rows, and nothing large comes back."""

import copy
import pickle

import numpy as np
import pretended_card
import pytest
import torch
from net_zoo import SmallMLP, make_classifier
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import clone, config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier

from skactive import (
    BADGE,
    BAIT,
    BALD,
    BatchBALD,
    Committee,
    CoreSet,
    DiscriminativeSampling,
    Hybrid,
    LastLayerLaplace,
    MarginSampling,
    MaxDet,
    MinDistance,
    PosteriorVariance,
    RandomSampling,
    ScoringStrategy,
)
from skactive.inspection import embed

rng = np.random.default_rng(0)
CENTRES = rng.normal(scale=2, size=(3, 4))
Y = np.repeat([0, 1, 2], 10)
LABELED = CENTRES[Y] + rng.normal(size=(30, 4))
POOL = CENTRES[rng.integers(3, size=300)] + rng.normal(size=(300, 4))
N = 12

STRATEGIES = {
    "BADGE": BADGE(),
    "BADGE k-DPP": BADGE(sampler="kdpp"),
    "BADGE k-centre": BADGE(sampler="kcenter"),
    "BADGE maxdet": BADGE(sampler="maxdet"),
    "BAIT": BAIT(),
    "BAIT rank": BAIT(rank=1),
    "BAIT sketch": BAIT(approximation="sketch", sketch_width=8),
    "BAIT block": BAIT(approximation="block"),
    "MaxDet": MaxDet(),
    "MaxDet full": MaxDet(fisher="full"),
    "CoreSet": CoreSet(),
    "CoreSet doubt": CoreSet(weighting="doubt"),
    "CoreSet beam": CoreSet(weighting="doubt", beam_width=4),
    "CoreSet cosine": CoreSet(metric="cosine"),
    "MinDistance": MinDistance(),
    "PosteriorVariance": PosteriorVariance(),
    "DiscriminativeSampling": DiscriminativeSampling(),
    "BatchBALD": BatchBALD(n_draws=10, n_configurations=50),
    "Hybrid": Hybrid(n_draws=10),
    "Hybrid variation": Hybrid(
        n_draws=10, uncertainty="variation_ratio", diversity="posterior_variance"
    ),
    "Hybrid bald": Hybrid(n_draws=10, uncertainty="bald", combination="two_stage"),
    "Hybrid of one's own": Hybrid(
        n_draws=10,
        uncertainty=lambda draws: np.std(draws, axis=0).sum(axis=1),
        diversity=lambda z, z_labeled: np.linalg.norm(z, axis=1),
    ),
}


@pytest.fixture
def card():
    """A card to put nets on, which notes what goes back to the CPU."""
    if pretended_card.register is None:
        pytest.skip("this torch takes no device written in Python")
    with pretended_card.Card():
        pretended_card.sent_back.clear()
        yield torch.device("card:0")


@pytest.fixture(scope="module")
def net():
    """A trained net in float64, in which all devices choose alike."""
    net = make_classifier(module=SmallMLP, max_epochs=5)
    net.initialize()
    net.module_.double()
    torch.manual_seed(0)
    return net.partial_fit(LABELED, Y)


def on(net, device):
    """Copy a trained net to a device."""
    moved = copy.deepcopy(net)
    moved.device = str(device)
    moved.module_.to(device)
    return FrozenEstimator(moved)


# ---------------------------------------------------------------- kernels


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_linear_models_strategy_chooses_alike_on_every_device(name, device):
    strategy = clone(STRATEGIES[name]).set_params(
        estimator=LogisticRegression(), random_state=0
    )
    expected = strategy.fit(LABELED, Y).query(POOL, N)
    before = pretended_card.calls
    strategy.set_params(device=device)
    assert_array_equal(strategy.query(POOL, N), expected)
    assert all(isinstance(x, np.ndarray) for x in _arrays(strategy.query_info_))
    assert device != "card" or pretended_card.calls > before
    pickle.dumps(strategy.query_info_)


def _arrays(info):
    return [value for value in info.values() if hasattr(value, "shape") and value.shape]


# ---------------------------------------------------------------- nets


@pytest.mark.slow
@pytest.mark.parametrize("name", STRATEGIES)
def test_kernels_run_where_the_net_is(name, net, card):
    strategy = clone(STRATEGIES[name]).set_params(random_state=0)
    expected = strategy.set_params(estimator=on(net, "cpu")).fit(LABELED, Y)
    expected = expected.query(POOL, N)
    strategy.set_params(estimator=on(net, card)).fit(LABELED, Y)
    assert strategy._device() == card
    assert_array_equal(strategy.query(POOL, N), expected)
    strategy.set_params(device="cpu")
    assert_array_equal(strategy.query(POOL, N), expected)


@pytest.mark.parametrize("memory", [1024, 0.01])
def test_embeddings_stay_on_the_card(memory, net, card):
    model = make_pipeline(StandardScaler().fit(POOL), on(net, card).estimator)
    strategy = CoreSet(FrozenEstimator(model), random_state=0).fit(LABELED, Y)
    many = np.tile(POOL, (20, 1)) + rng.normal(scale=0.1, size=(6000, 4))
    with config_context(working_memory=memory):
        pretended_card.sent_back.clear()
        strategy.query(many, N)
    assert max(pretended_card.sent_back) < 6000  # of 6,000 rows of 16 numbers


def test_answers_are_kept_in_the_storage_asked_for(net, card):
    seen = {}

    class Watching(CoreSet):
        def _embedding(self, z):
            seen[len(z)] = z
            return super()._embedding(z)

    strategy = Watching(on(net, card), random_state=0).fit(LABELED, Y)
    for storage in ("float16", "float32", "float64"):
        strategy.query(POOL, N, storage=storage)
        assert seen[300].dtype == getattr(torch, storage)
        assert seen[300].device == card
    assert strategy.query_memory(POOL, storage="float16").kept == 300 * 16 * 2


def test_numbers_too_large_for_the_storage_are_refused(card):
    huge = np.array([[1.0, 2], [3, 4], [1e6, 0]])
    strategy = CoreSet(LogisticRegression(fit_intercept=False), device=card)
    strategy.fit(huge[:2], [0, 1])
    with pytest.raises(ValueError, match=r"up to 1e\+06, too large for storage='float"):
        strategy.query(huge, storage="float16")


class TellsTensors(LogisticRegression):
    """A model of one's own, whose answers are tensors, wherever they lie."""

    lies = "cpu"


@embed.register(TellsTensors)
def _(model, X, layer=None):
    return torch.as_tensor(np.asarray(X), device=model.lies)


@pytest.mark.parametrize("lies", ["cpu", "card"])
@pytest.mark.parametrize("device", [None, "card"])
def test_a_model_of_ones_own_may_answer_with_tensors(lies, device, card, monkeypatch):
    expected = CoreSet(LogisticRegression()).fit(LABELED, Y).query(POOL, N)
    monkeypatch.setattr(TellsTensors, "lies", lies)
    strategy = CoreSet(TellsTensors(), device=device).fit(LABELED, Y)
    assert_array_equal(strategy.query(POOL, N), expected)
    with pytest.raises(ValueError, match="too large for storage='float16'"):
        strategy.query(POOL * 1e6, N, storage="float16")


class Features(TransformerMixin, BaseEstimator):
    """What another net makes of the rows, as arrays."""

    def __init__(self, net):
        self.net = net

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.tanh(embed(self.net, X)[:, :4])

    def __sklearn_is_fitted__(self):
        return True


def test_only_the_last_nets_embeddings_stay(net, card):
    picks = []
    for where in ("cpu", card):
        model = make_pipeline(Features(on(net, where)), on(net, where))
        strategy = CoreSet(FrozenEstimator(model), random_state=0).fit(LABELED, Y)
        picks.append(strategy.query(POOL, N))
    assert strategy._device() == card
    assert_array_equal(*picks)


class MeanOfEmbeddings(ScoringStrategy):
    """A strategy of one's own; what it calls device is its own affair."""

    requires = ("embed",)

    def __init__(self, estimator=None, *, device=None, random_state=None):
        super().__init__(estimator, random_state=random_state)
        self.device = device

    def _scores(self, pool):
        assert isinstance(pool.embed, np.ndarray)
        return pool.embed.mean(axis=1)


@pytest.mark.parametrize("device", [None, "card", "the third probe"])
def test_a_strategy_of_ones_own_is_given_arrays(device, net, card):
    strategy = MeanOfEmbeddings(on(net, card), device=device).fit(LABELED, Y)
    assert_array_equal(strategy.query(POOL, N), strategy.query(POOL, N))
    assert strategy.query_memory(POOL, N).kept == 300 * 16 * 8


class NetOfOnesOwn(NeuralNetClassifier):
    """With an embedding of its own."""


@embed.register(NetOfOnesOwn)
def _(net, X, layer=None):
    return np.tanh(embed.dispatch(NeuralNetClassifier)(net, X, layer))


def test_a_net_of_ones_own_may_work_with_arrays(net, card):
    picks = []
    for where in ("cpu", card):
        own = on(net, where)
        own.estimator.__class__ = NetOfOnesOwn
        strategy = CoreSet(own, random_state=0).fit(LABELED, Y)
        picks.append(strategy.query(POOL, N))
    assert strategy._device() == card
    assert_array_equal(*picks)


@pytest.mark.parametrize("where", ["cpu", "card"])
def test_an_infinity_among_them_does_not_hide_what_is_too_large(where, card):
    class Odd(LogisticRegression):
        def predict_proba(self, X):
            return super().predict_proba(X)

    @embed.register(Odd)
    def _(model, X, layer=None):
        return np.array([[np.inf, 0.0], [1e6, 0.0], [1.0, 2.0]])

    strategy = CoreSet(Odd(), device=where).fit(LABELED, Y)
    with pytest.raises(ValueError, match=r"up to 1e\+06, too large for storage='float"):
        strategy.query(POOL[:3], storage="float16")


def test_the_public_embedding_is_an_array(net, card):
    on_card = on(net, card)
    z = embed(on_card, POOL)
    assert isinstance(z, np.ndarray)
    assert_allclose(z, embed(net, POOL), rtol=1e-12)
    for layer in ("output", "hidden"):
        assert isinstance(embed(on_card, POOL, layer=layer), np.ndarray)


def test_strategies_without_a_device_work_with_a_net_on_a_card(net, card):
    for strategy in (MarginSampling(), BALD(n_draws=5), RandomSampling()):
        strategy.set_params(random_state=0)
        picks = [
            clone(strategy).set_params(estimator=on(net, where)).fit(LABELED, Y)
            for where in ("cpu", card)
        ]
        assert_array_equal(*(each.query(POOL, N) for each in picks))


def test_a_net_is_trained_where_it_is_told(card):
    net = make_classifier(device=str(card), max_epochs=2)
    strategy = BADGE(net, random_state=0)
    strategy.fit(LABELED.astype(np.float32), Y)
    assert strategy._device() == card
    assert len(set(strategy.query(POOL.astype(np.float32), N))) == N


def test_laplace_of_a_net_on_a_card(net, card):
    picks = []
    for where in ("cpu", card):
        model = LastLayerLaplace(on(net, where).estimator, prior_precision=1.0)
        strategy = BatchBALD(model, n_draws=10, random_state=0)
        picks.append(strategy.fit(LABELED.astype(np.float32), Y))
    assert picks[1]._device().type == "card"
    for each in picks:
        assert len(set(each.query(POOL.astype(np.float32), N))) == N


def test_a_committee_asked_on_a_card_may_be_unanimous(card):
    committee = Committee([LogisticRegression(), LogisticRegression()], bootstrap=False)
    strategy = BatchBALD(committee, device=card, random_state=0).fit(LABELED, Y)
    with (
        pytest.warns(UserWarning, match="agree exactly on all 300 rows"),
        pytest.warns(UserWarning, match="2 of 2 filled up"),
    ):
        assert len(strategy.query(POOL, 2)) == 2


# ---------------------------------------------------------------- bad devices


@pytest.mark.parametrize(
    "device, message",
    [
        ("gpu", "'device' parameter of CoreSet must be a device of torch.*Got 'gpu'"),
        (1.5, "'device' parameter of CoreSet must be a device of torch.*Got 1.5"),
        ("mps", "'mps', which has no float64.*Use 'cpu'"),
        ("cuda:99", "'cuda:99', but torch sees .* CUDA devices here. Use 'cpu'"),
    ],
)
def test_bad_devices_get_a_sentence(device, message):
    strategy = CoreSet(device=device).fit(LABELED, Y)
    with pytest.raises(ValueError, match=message):
        strategy.query(POOL)
