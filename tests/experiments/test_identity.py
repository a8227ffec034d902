"""What makes two runs the same run."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skactive.experiments.content import content_hash
from skactive.experiments.identity import describe
from skactive.nets import make_net

X, y = load_iris(return_X_y=True)


class Maker:
    def __init__(self, C):
        self.C = C

    def make(self, data):
        return LogisticRegression(C=self.C)

    @classmethod
    def make_default(cls, data):
        return cls(1.0).make(data)


class OtherMaker(Maker):
    pass


def test_frozen_models_that_learned_from_other_rows_are_told_apart():
    rows = [(X[::2], y[::2]), (X, (y + 1) % 3), (X[::2], y[::2])]
    models = [LogisticRegression(max_iter=1000).fit(*part) for part in rows]
    first, second, again = (describe(FrozenEstimator(model)) for model in models)
    assert first == again != second
    first, second = (
        describe(make_pipeline(FrozenEstimator(PCA(2).fit(part)), models[0]))
        for part in (X, X[::2])
    )
    assert first != second


def test_frozen_networks_are_told_apart_by_their_weights_not_by_their_clock():
    def trained(seed):
        net = make_net(
            "mlp", n_outputs=3, input_shape=4, max_epochs=2, random_state=seed
        )
        net.fit(X.astype(np.float32), y)
        return describe(FrozenEstimator(net.set_params(random_state=0)))

    assert trained(0) == trained(0) != trained(1)


def test_methods_are_those_of_their_objects():
    assert describe(Maker(1).make) == describe(Maker(1).make)
    assert describe(Maker(1).make) != describe(Maker(2).make)
    assert describe(Maker.make_default) != describe(OtherMaker.make_default)
    assert "self" not in describe(np.sort) and "self" not in describe(len)


CODE = """
import numpy as np, torch
from torch import nn
from skactive.experiments.content import content_hash
torch.manual_seed(0)
things = torch.tensor([1.0, 2.0]), nn.Sequential(nn.Linear(2, 3), nn.ReLU())
padding = {padding}
print(*map(content_hash, things))
"""


def test_tensors_and_networks_have_one_hash_in_every_process():
    printed = set()
    for padding in ("None", "[torch.zeros(n) for n in range(1000)]"):
        done = subprocess.run(
            [sys.executable, "-c", CODE.format(padding=padding)],
            capture_output=True,
            text=True,
            check=True,
        )
        printed.add(done.stdout)
    assert len(printed) == 1 and len(printed.pop().split()) == 2


@pytest.mark.parametrize(
    "first, second",
    [
        (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 3.0])),
        (torch.tensor([1.0]), torch.tensor([1.0], dtype=torch.float64)),
        (torch.zeros(2, 3), torch.zeros(3, 2)),
        (torch.zeros(0), torch.zeros(1)),
        (torch.zeros(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.bfloat16)),
        (sparse.eye_array(3, format="csr"), 2 * sparse.eye_array(3, format="csr")),
        (sparse.eye_array(3, format="csr"), sparse.eye_array(4, format="csr")),
    ],
)
def test_other_contents_have_other_hashes(first, second):
    assert content_hash(first) == content_hash(first) != content_hash(second)
    assert content_hash({"a": [first]}) != content_hash({"a": [second]})


def test_what_a_sparse_matrix_remembers_does_not_count():
    rows = sparse.random_array((5, 4), density=0.5, format="csr", random_state=0)
    before = content_hash(rows)
    assert rows.has_canonical_format
    assert content_hash(rows) == before
