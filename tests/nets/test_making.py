"""Nets by name: what they are made of, that they survive scikit-learn's tools."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier

from skactive import BADGE
from skactive.inspection import embed
from skactive.nets import (
    MLP,
    VGG,
    BayesianCNN,
    NetworkInNetwork,
    ResNet18,
    list_nets,
    make_net,
)

BAYESIAN = {"bayesian_cnn": (28, 28), "bayesian_cnn_emnist": (1, 28, 28)}


def make(n_outputs=10, input_shape=64, name="mlp", **options):
    return make_net(
        name,
        **{
            "n_outputs": n_outputs,
            "input_shape": input_shape,
            "random_state": 0,
            "lr": 0.01,
            **options,
        },
    )


def same(a, b):
    pairs = zip(a.module_.parameters(), b.module_.parameters(), strict=True)
    return all(torch.equal(left, right) for left, right in pairs)


# ------------------------------------------------------------ what is made


@pytest.mark.parametrize(
    ("name", "shape", "module", "options", "lr"),
    [
        ("mlp", 64, MLP, {"n_features": 64, "width": 1024}, 1e-4),
        ("mlp", (64,), MLP, {"n_features": 64, "width": 1024}, 1e-4),
        ("mlp", (1, 8, 8), MLP, {"n_features": 64, "width": 256}, 1e-3),
        ("bayesian_cnn", (28, 28), BayesianCNN, {"n_channels": 1}, 1e-3),
        (
            "bayesian_cnn_emnist",
            (1, 28, 28),
            BayesianCNN,
            {"filters": (32, 64, 128), "kernel_size": 3, "hidden": 512},
            1e-3,
        ),
        ("nin5", (1, 28, 28), NetworkInNetwork, {"n_layers": 5}, 1e-3),
        ("nin10", (3, 32, 32), NetworkInNetwork, {"n_layers": 10}, 1e-3),
        ("resnet18", (3, 32, 32), ResNet18, {"image_size": 32}, 1e-3),
        ("vgg11", (3, 32, 32), VGG, {"depth": 11}, 1e-3),
        ("vgg16", (3, 32, 32), VGG, {"depth": 16}, 1e-3),
    ],
)
def test_a_name_stands_for_a_network_and_its_training(name, shape, module, options, lr):
    net = make_net(name, n_outputs=7, input_shape=shape)
    assert isinstance(net, NeuralNetClassifier)
    assert net.module is module and net.lr == lr
    for option, value in ({"n_outputs": 7} | options).items():
        assert net.get_params()[f"module__{option}"] == value
    assert issubclass(net.optimizer, torch.optim.Adam)
    assert net.criterion is torch.nn.CrossEntropyLoss
    assert net.train_split is None and net.verbose == 0
    assert net.get_params()["iterator_train__shuffle"]


@pytest.mark.parametrize("name", list_nets())
def test_every_net_reads_flat_rows_and_can_be_looked_into(name):
    shape = BAYESIAN.get(name, (3, 32, 32))
    options = {} if name in BAYESIAN else {"width": 8}
    net = make_net(
        name,
        n_outputs=4,
        input_shape=shape,
        max_epochs=1,
        batch_size=3,
        random_state=0,
        **options,
    )
    X = np.random.default_rng(0).random((4, np.prod(shape)), dtype=np.float32)
    net.fit(X, np.arange(4))  # the last batch has a single row
    assert net.predict_proba(X).shape == (4, 4)
    assert embed(net, X).ndim == 2
    assert embed(net, X, layer="output").shape == (4, 4)


def test_options_reach_the_network_and_its_training():
    net = make(
        width=8, dropout=0.5, lr=0.5, batch_size=7, max_epochs=3, device="meta"
    ).get_params()
    assert (net["module__width"], net["module__dropout"]) == (8, 0.5)
    assert (net["lr"], net["batch_size"], net["max_epochs"]) == (0.5, 7, 3)
    assert net["device"] == "meta"


def test_making_a_net_draws_no_random_numbers():
    before = torch.get_rng_state()
    make_net("vgg11", n_outputs=10, input_shape=(3, 32, 32))
    assert torch.equal(before, torch.get_rng_state())


# ------------------------------------------------------------ scikit-learn's tools


def test_it_survives_clone_pickle_and_set_params(digits):
    X, y = digits[0][:100], digits[1][:100]
    net = make(width=16, max_epochs=3)
    first = clone(net).fit(X, y)
    second = pickle.loads(pickle.dumps(clone(net))).fit(X, y)
    assert same(first, second)
    assert same(first, pickle.loads(pickle.dumps(first)))
    changed = clone(net).set_params(
        lr=0.1, module__width=24, callbacks__stop__accuracy=0.5
    )
    assert clone(changed).fit(X, y).module_.output.in_features == 24
    assert clone(changed).get_params()["callbacks__stop__accuracy"] == 0.5


def test_a_grid_search_goes_over_training_and_network(digits):
    X, y = digits[0][:150], digits[1][:150]
    grid = {"lr": [1e-5, 1e-2], "module__width": [8, 16]}
    search = GridSearchCV(make(max_epochs=8), grid, cv=2).fit(X, y)
    assert search.best_params_["lr"] == 1e-2
    again = GridSearchCV(make(max_epochs=8), grid, cv=2).fit(X, y)
    scores = "mean_test_score"
    assert search.cv_results_[scores].tolist() == again.cv_results_[scores].tolist()


def test_inside_a_strategy_it_is_seeded_by_the_strategy_where_it_has_no_seed(digits):
    X, y = digits

    def asked(net, seed):
        strategy = BADGE(make_pipeline(StandardScaler(), net), random_state=seed)
        strategy.fit(X[:60], y[:60])
        return strategy.query(X[60:400], n=5), strategy.predict_proba(X[400:450])

    seedless = make(width=16, max_epochs=5, random_state=None)
    seeded = make(width=16, max_epochs=5, random_state=7)
    first, again, other = (asked(seedless, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])
    np.testing.assert_array_equal(asked(seeded, 0)[1], asked(seeded, 1)[1])


# ------------------------------------------------------------ when it stops


def test_it_stops_at_99_percent_unless_told_otherwise(digits):
    X, y = digits[0][:100], digits[1][:100]
    shares = make(max_epochs=300).fit(X, y).history[:, "train_accuracy"]
    assert len(shares) < 300 and shares[-1] >= 0.99 > max(shares[:-1])
    assert len(make(max_epochs=300, stop_accuracy=0.5).fit(X, y).history) < len(shares)
    assert len(make(max_epochs=4, stop_accuracy=None).fit(X, y).history) == 4


def noisy(digits):
    """Give rows that are soon fitted too well: some labels are wrong."""
    X, y = digits[0][:120], digits[1][:120].copy()
    y[:40] = np.random.default_rng(0).permutation(y[:40])
    return (X, y), (digits[0][400:600], digits[1][400:600])


def test_early_stopping_goes_back_to_the_best_epoch(digits):
    train, valid = noisy(digits)
    net = make(max_epochs=300, lr=0.03, validation=valid).fit(*train)
    accuracies = net.history[:, "valid_acc"]
    best = int(np.argmax(accuracies))
    assert len(accuracies) == best + 1 + 3  # no better for three epochs, then stop
    assert accuracies[-1] < accuracies[best]  # or there would be nothing to restore
    assert net.score(*valid) == accuracies[best]


def test_patience_is_in_epochs_and_the_best_is_restored_at_the_last_epoch_too(digits):
    train, valid = noisy(digits)
    net = make(max_epochs=300, lr=0.03, validation=valid, patience=6).fit(*train)
    accuracies = net.history[:, "valid_acc"]
    assert len(accuracies) == int(np.argmax(accuracies)) + 1 + 6
    cut = make(max_epochs=len(accuracies) - 2, lr=0.03, validation=valid, patience=6)
    cut.fit(*train)
    assert cut.score(*valid) == max(cut.history[:, "valid_acc"]) == max(accuracies)


def test_clones_share_the_rows_to_validate_on(digits):
    train, valid = noisy(digits)
    net = make(max_epochs=3, validation=valid)
    fitted = clone(net).fit(*train)
    rows = [n.get_params()["train_split"].keywords["valid_ds"] for n in (net, fitted)]
    assert rows[0] is rows[1]
    assert same(fitted, pickle.loads(pickle.dumps(net)).fit(*train))


def test_early_stopping_works_inside_a_strategy(digits):
    train, valid = noisy(digits)
    strategy = BADGE(make(max_epochs=50, validation=valid), random_state=0).fit(*train)
    history = strategy.estimator_.history
    assert len(history) < 50
    assert strategy.score(*valid) == max(history[:, "valid_acc"])


def test_epochs_of_a_length_of_their_own(digits):
    X, y = digits
    net = make(epoch_length=100, batch_size=64, max_epochs=2, stop_accuracy=None)
    net = pickle.loads(pickle.dumps(clone(net))).fit(X[:20], y[:20])
    batches = net.history[-1, "batches", :, "train_batch_size"]
    assert batches == [64, 36]
    assert same(net, clone(net).fit(X[:20], y[:20]))


# ------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": "alexnet"}, "no network named 'alexnet'. Use one of 'mlp', 'bayes"),
        ({"input_shape": ()}, r"'input_shape'.*\(height, width\).*Got \(\)"),
        ({"input_shape": (1, 2, 3, 4)}, "'input_shape'"),
        ({"input_shape": 2.5}, "'input_shape'.*Got 2.5"),
        ({"input_shape": 0}, "'input_shape'.*Got 0"),
        ({"name": "vgg11"}, r"'vgg11' reads square images. Got input_shape=\(64,\)"),
        ({"name": "nin5", "input_shape": (8, 9)}, "square images"),
        ({"name": "vgg11", "input_shape": (8, 8)}, "'image_size'.*at least 17"),
        ({"widht": 8}, "'mlp' has no parameter 'widht'. It has n_features"),
        ({"n_outputs": 0}, "'n_outputs'.*at least 1"),
        ({"width": 0}, "'width'.*at least 1"),
        ({"width": "a"}, "'width'.*at least 1, a whole number. Got 'a'"),
        ({"width": 2.5}, "'width'.*a whole number. Got 2.5"),
        ({"dropout": "0.5"}, r"'dropout'.*\[0, 1\). Got '0.5'"),
        ({"epoch_length": 0}, "'epoch_length'.*>= 1, or None. Got 0"),
        ({"lr": -1}, "'lr'.*> 0. Got -1"),
        ({"lr": "fast"}, "'lr'.*> 0. Got 'fast'"),
        ({"batch_size": 0}, "'batch_size'.*>= 1. Got 0"),
        ({"max_epochs": 2.5}, "'max_epochs'.*>= 1. Got 2.5"),
        ({"stop_accuracy": 2}, r"'stop_accuracy'.*\(0, 1\], or None. Got 2"),
        ({"device": "gpu7"}, "'device'.*'cpu' or 'cuda'. Got 'gpu7'"),
        ({"patience": 3}, r"patience=3 needs rows.*validation=\(X, y\)"),
        ({"validation": 0.2}, r"'validation'.*tuple \(X, y\). Got float"),
        ({"validation": (np.ones((3, 64)), [1, 2])}, "equally many rows"),
        ({"validation": (np.ones((0, 64)), [])}, "equally many rows"),
        ({"validation": (np.ones((2, 64)), ["a", "b"])}, "numbered from 0"),
        ({"validation": (np.ones((2, 64)), [0, 1]), "patience": 0}, "'patience'"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        make(**wrong)
