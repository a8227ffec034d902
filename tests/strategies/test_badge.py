import numpy as np
import pytest
import torch
from net_zoo import make_classifier
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits, load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from skorch import NeuralNetBinaryClassifier

from skactive import BADGE, ActiveLearningSimulation, RandomSampling
from skactive.inspection import embed

X, Y = load_iris(return_X_y=True)
START = np.arange(0, 150, 10)


class Answers(ClassifierMixin, BaseEstimator):
    """Answers what it is given as features: probabilities, then embeddings."""

    def __init__(self, n_classes=3):
        self.n_classes = n_classes

    def fit(self, X, y):
        self.classes_ = np.arange(self.n_classes)
        return self

    def predict(self, X):
        return X[:, : self.n_classes].argmax(axis=1)

    def predict_proba(self, X):
        return X[:, : self.n_classes]


@embed.register(Answers)
def _(estimator, X, layer=None):
    return X[:, estimator.n_classes :]


def pool_of(golden):
    answers = golden("badge.npz")
    return np.hstack([answers["p"], answers["h"]]), answers


def potential(answers, picked):
    z, p = answers["h"].astype(float), answers["p"].astype(float)
    a = p - np.eye(p.shape[1])[p.argmax(axis=1)]
    norms = (z**2).sum(axis=1) * (a**2).sum(axis=1)
    inner = (z @ z[picked].T) * (a @ a[picked].T)
    return (norms[:, None] + norms[picked] - 2 * inner).min(axis=1).clip(0).sum()


def test_potential_is_that_of_the_published_code(golden):
    rows, answers = pool_of(golden)
    n = int(answers["B"])
    ours = []
    for seed in range(10):
        strategy = BADGE(Answers(10), random_state=seed).fit(rows[:5], np.arange(5))
        ours.append(potential(answers, strategy.query(rows, n)))
        assert strategy.query_info_.status == "complete"
    published = answers["potential"]
    error = np.sqrt((published.var(ddof=1) + np.var(ours, ddof=1)) / 10)
    assert abs(np.mean(ours) - published.mean()) < 3 * error


def test_the_first_row_has_the_longest_gradient():
    strategy = BADGE(random_state=0).fit(X[START], Y[START])
    proba = strategy.predict_proba(X)
    a = proba - np.eye(3)[proba.argmax(axis=1)]
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(embed(strategy, X), axis=1)
    assert strategy.query(X, 5)[0] == norms.argmax()
    info = strategy.query_info_
    picked = info.positions
    assert info.mean_norm == pytest.approx(norms[picked].mean())
    g = np.einsum("nk,nd->nkd", a, embed(strategy, X)).reshape(150, -1)[picked]
    assert info.gram_logdet == pytest.approx(np.linalg.slogdet(g @ g.T)[1])


def test_a_certain_model_says_that_it_filled_the_batch():
    certain = np.hstack([np.eye(3)[np.arange(30) % 3], np.random.rand(30, 2)])  # noqa: NPY002
    strategy = BADGE(Answers(), random_state=0).fit(certain[:3], [0, 1, 2])
    picked = strategy.query(certain, 6)
    assert len(set(picked.tolist())) == 6
    # The first is the longest gradient, of length 0 here.
    assert strategy.query_info_.status.startswith("5 of 6 filled in")
    assert strategy.query_info_.gram_logdet == -np.inf


def test_duplicates_are_not_asked_for_twice():
    rows = np.tile(X, (4, 1))
    strategy = BADGE(random_state=0).fit(X[START], Y[START])
    # Not so maxdet: its λ leaves a duplicate some value.
    for sampler in ("kmeans++", "kdpp", "kcenter"):
        picked = strategy.set_params(sampler=sampler).query(rows, 10)
        assert len(np.unique(rows[picked], axis=0)) == 10


def test_samplers_differ_as_they_should():
    images, y = load_digits(return_X_y=True)
    model = FrozenEstimator(LogisticRegression(max_iter=500).fit(images[:200], y[:200]))
    logdet = {}
    for sampler in ("kmeans++", "kdpp", "kcenter", "maxdet"):
        strategy = BADGE(model, sampler=sampler, random_state=0)
        strategy.fit(images[:20], y[:20]).query(images, 20)
        logdet[sampler] = strategy.query_info_.gram_logdet
    random = RandomSampling(model, random_state=0).fit(images[:20], y[:20])
    picked = random.query(images, 20)
    proba, z = random.predict_proba(images)[picked], embed(random, images)[picked]
    a = proba - np.eye(10)[proba.argmax(axis=1)]
    logdet["random"] = np.linalg.slogdet((z @ z.T) * (a @ a.T))[1]
    assert max(logdet, key=logdet.get) == "maxdet"
    assert min(logdet, key=logdet.get) == "random"


class OneLogit(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(4, 1)

    def forward(self, x):
        return self.head(x)


def test_a_binary_model_has_the_two_column_gradient():
    y = (Y > 0).astype(int)
    settings = {"train_split": None, "verbose": 0, "max_epochs": 3, "lr": 0.01}
    one_logit = NeuralNetBinaryClassifier(OneLogit, **settings)
    strategy = BADGE(one_logit, random_state=0).fit(X[START], y[START])
    strategy.query(X, 4)
    p = strategy.predict_proba(X)[strategy.query_info_.positions, 1]
    z = np.linalg.norm(X[strategy.query_info_.positions], axis=1)
    expected = np.sqrt(2) * np.minimum(p, 1 - p) * z
    assert strategy.query_info_.mean_norm == pytest.approx(expected.mean(), rel=1e-4)


def test_the_layer_is_the_users_to_name():
    strategy = BADGE(make_classifier(), layer="hidden", random_state=0)
    assert len(strategy.fit(X[START], Y[START]).query(X, 3)) == 3
    with pytest.raises(ValueError, match="names no module"):
        strategy.set_params(layer="nowhere").query(X, 3)


@pytest.mark.parametrize("params", [{"sampler": "dpp"}, {"init": "first"}])
def test_bad_parameters_get_a_sentence(params):
    (name,) = params
    strategy = BADGE(**params).fit(X[START], Y[START])
    with pytest.raises(ValueError, match=f"{name!r} parameter of BADGE must be one of"):
        strategy.query(X, 3)


def test_grid_search_over_the_sampler():
    search = GridSearchCV(
        ActiveLearningSimulation(
            BADGE(LogisticRegression(max_iter=500)),
            n_initial=6,
            batch_size=3,
            n_queries=2,
            random_state=0,
        ),
        {"strategy__sampler": ["kmeans++", "kdpp", "kcenter", "maxdet"]},
        cv=2,
        n_jobs=2,
    ).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
