"""How nets are trained: when they stop, their seeds, the length of their epochs."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch import NeuralNetClassifier
from skorch.dataset import Dataset
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

from skactive.nets import (
    MLP,
    BatchLoader,
    FixedLengthLoader,
    SeededClassifier,
    StopAtAccuracy,
)


def rows(n=60, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6)).astype(np.float32)
    return X, (X[:, 0] > 0) + (X[:, 1] > 0).astype(np.int64)


def make(kind=SeededClassifier, **params):
    return kind(
        MLP,
        **{
            "module__n_features": 6,
            "module__n_outputs": 3,
            "module__width": 16,
            "module__dropout": 0.2,
            "criterion": nn.CrossEntropyLoss,
            "optimizer": torch.optim.Adam,
            "lr": 0.02,
            "batch_size": 16,
            "max_epochs": 5,
            "iterator_train__shuffle": True,
            "train_split": None,
            "verbose": 0,
            **params,
        },
    )


def weights(net):
    return torch.cat([p.detach().flatten() for p in net.module_.parameters()])


# ------------------------------------------------------------ StopAtAccuracy


@pytest.mark.parametrize("accuracy", [0.6, 0.9])
def test_it_stops_after_the_first_epoch_that_reaches_the_accuracy(accuracy):
    net = make(
        callbacks=[("stop", StopAtAccuracy(accuracy))], max_epochs=200, random_state=0
    )
    net.fit(*rows())
    shares = net.history[:, "train_accuracy"]
    assert 1 < len(shares) < 200
    assert shares[-1] >= accuracy > max(shares[:-1])


def test_the_accuracy_is_that_of_the_predictions_of_training():
    class Watched(SeededClassifier):
        right = ()

        def train_step(self, batch, **params):
            step = super().train_step(batch, **params)
            hits = (step["y_pred"].argmax(dim=1) == batch[1]).tolist()
            self.right = (*self.right, *hits)
            return step

    net = make(Watched, callbacks=[StopAtAccuracy(1.0)], max_epochs=1, random_state=0)
    net.fit(*rows())
    assert len(net.right) == 60
    assert net.history[-1, "train_accuracy"] == np.mean(net.right)


def test_rows_to_validate_on_do_not_count():
    from skorch.dataset import Dataset
    from skorch.helper import predefined_split

    X, y = rows()
    wrong = Dataset(X, (y + 1) % 3)
    options = {"callbacks": [StopAtAccuracy(0.9)], "max_epochs": 200, "random_state": 0}
    alone = make(**options).fit(X, y)
    beside = make(train_split=predefined_split(wrong), **options).fit(X, y)
    assert beside.history[-1, "train_accuracy"] >= 0.9
    assert beside.history[-1, "valid_acc"] < 0.5
    assert len(alone.history) < 200


@pytest.mark.parametrize("accuracy", [0, 1.5, "high", None])
def test_an_accuracy_out_of_range_is_named(accuracy):
    net = make(callbacks=[StopAtAccuracy(accuracy)])
    with pytest.raises(ValueError, match=r"'accuracy'.*\(0, 1\]. Got"):
        net.fit(*rows())


# ------------------------------------------------------------ seeds


def test_two_fits_with_one_seed_are_equal_and_others_differ():
    X, y = rows()
    net = make(random_state=3)
    first = weights(net.fit(X, y))
    torch.manual_seed(11)
    assert torch.equal(first, weights(net.fit(X, y)))
    assert torch.equal(first, weights(clone(net).fit(X, y)))
    assert torch.equal(first, weights(pickle.loads(pickle.dumps(net))))
    assert not torch.equal(first, weights(make(random_state=4).fit(X, y)))


def test_a_seed_leaves_the_global_generators_where_they_were():
    torch.manual_seed(5)
    before, of_numpy = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    net = make(random_state=0).fit(*rows())
    net.partial_fit(*rows())
    net.set_params(module__width=8)  # initialises again
    net.predict(rows()[0])
    net.score(*rows())
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_equal(np.random.get_state(), of_numpy)  # noqa: NPY002


def test_without_a_seed_it_is_the_net_of_skorch():
    X, y = rows()
    torch.manual_seed(5)
    ours = weights(make().fit(X, y))
    torch.manual_seed(5)
    assert torch.equal(ours, weights(make(NeuralNetClassifier).fit(X, y)))


def test_training_on_draws_other_batches_and_is_seeded_too():
    X, y = rows()

    def steps(net):
        """Give the losses of the batches of each epoch."""
        return [[batch["train_loss"] for batch in e["batches"]] for e in net.history]

    def trained_on():
        net = make(random_state=0, lr=0.0, module__dropout=0.0, max_epochs=2)
        return steps(net.fit(X, y).partial_fit(X, y))

    first = trained_on()  # weights stay, so that losses tell the batches
    assert len(first) == 4
    assert len({tuple(epoch) for epoch in first}) == 4
    assert first == trained_on()


def test_a_net_that_only_trains_on_is_seeded_from_its_first_weights():
    X, y = rows()
    first, second = (weights(make(random_state=0).partial_fit(X, y)) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(first, weights(make(random_state=0).fit(X, y)))


def test_a_random_state_moves_with_each_fit():
    X, y = rows()
    net = make(random_state=np.random.RandomState(0))
    assert not torch.equal(weights(net.fit(X, y)), weights(net.fit(X, y)))


# ------------------------------------------------------------ FixedLengthLoader


@pytest.mark.parametrize("n", [3, 60])
def test_epochs_have_one_length_however_many_rows_there_are(n):
    net = make(
        iterator_train=FixedLengthLoader,
        iterator_train__epoch_length=40,
        max_epochs=2,
        random_state=0,
    )
    X, y = rows()
    net.fit(X[:n], y[:n])
    sizes = [[batch["train_batch_size"] for batch in e["batches"]] for e in net.history]
    assert sizes == [[16, 16, 8]] * 2


def test_an_epoch_needs_a_row():
    with pytest.raises(ValueError, match=r"'epoch_length'.*at least 1"):
        FixedLengthLoader(torch.arange(3), epoch_length=0)


# ------------------------------------------------------------ BatchLoader


@pytest.mark.parametrize("with_labels", [True, False])
@pytest.mark.parametrize("as_rows", [np.asarray, torch.from_numpy])
def test_batches_are_those_of_torchs_loader(as_rows, with_labels):
    X, y = rows(23)
    dataset = Dataset(as_rows(X), as_rows(y) if with_labels else None)
    ours, theirs = (
        kind(
            dataset,
            batch_size=5,
            shuffle=True,
            drop_last=True,
            generator=torch.Generator().manual_seed(3),
        )
        for kind in (BatchLoader, DataLoader)
    )
    pairs = list(zip(ours, theirs, strict=True))
    assert len(pairs) == len(ours) == 4
    for mine, other in pairs:
        for left, right in zip(mine, other, strict=True):
            assert left.dtype == right.dtype
            torch.testing.assert_close(left, right, rtol=0, atol=0)


class Doubled(Dataset):
    def transform(self, X, y):
        return 2 * X, y


@pytest.mark.parametrize(
    "dataset",
    [
        Doubled(*rows(12)),
        TensorDataset(*map(torch.from_numpy, rows(12))),
        Dataset({"a": rows(12)[0], "b": rows(12)[0]}, rows(12)[1]),
        Subset(Dataset(*rows(12)), [3, 1, 11, 2]),
        Subset(Subset(Doubled(*rows(12)), [3, 1, 11, 2]), [2, 0]),
    ],
    ids=["transform", "tensors", "dict", "subset", "subset of a transform"],
)
def test_other_datasets_give_what_torchs_loader_gives(dataset):
    ours, theirs = (list(kind(dataset, 3)) for kind in (BatchLoader, DataLoader))
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=0)


def test_a_net_learns_the_same_with_whole_batches():
    X, y = rows()
    nets = [
        make(iterator_train=kind, iterator_valid=kind, random_state=0).fit(X, y)
        for kind in (BatchLoader, DataLoader)
    ]
    assert torch.equal(*map(weights, nets))
    assert np.array_equal(*(net.predict_proba(X) for net in nets))
