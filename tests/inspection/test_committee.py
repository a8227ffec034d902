"""A committee: members of any kind, each of them one draw."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from net_zoo import SmallMLP, make_classifier, make_regressor
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks
from skorch.dataset import ValidSplit

from skactive import Committee, MarginSampling, RandomSampling
from skactive.exceptions import TrainSplitWarning
from skactive.inspection import embed, predict_proba, sample_posterior

X, codes = load_iris(return_X_y=True)
X, codes = StandardScaler().fit_transform(X)[::3], codes[::3]
X32 = X.astype(np.float32)
y = np.array(["ant", "bee", "cow"])[codes]


def scaled_logistic():
    return make_pipeline(StandardScaler(), LogisticRegression())


@parametrize_with_checks(
    [
        Committee([LogisticRegression(), GaussianNB()]),
        Committee([Ridge(), DecisionTreeRegressor(random_state=0)], bootstrap=False),
    ]
)
def test_scikit_learns_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="lbfgs failed to converge")
        check(estimator)


def test_members_are_draws_and_their_mean_is_the_answer():
    members = [LogisticRegression(), GaussianNB(), scaled_logistic()]
    committee = Committee(members).fit(X, y)
    draws = sample_posterior(committee, X)
    alone = [clone(member).fit(X, y).predict_proba(X) for member in members]
    np.testing.assert_allclose(draws, alone, atol=1e-8)
    proba = np.mean(alone, axis=0)
    np.testing.assert_allclose(committee.predict_proba(X), proba, atol=1e-8)
    predicted = committee.predict(X)
    assert predicted.tolist() == committee.classes_[proba.argmax(axis=1)].tolist()
    assert committee.score(X, y) == np.mean(predicted == y) > 0.9
    assert is_classifier(committee)
    assert not any(hasattr(member, "classes_") for member in members)


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_regressors(n_outputs):
    targets = X[:, 0] if n_outputs == 1 else X[:, :2]
    rows = X[:, 1:]
    net = make_regressor(
        module__n_features=3, module__n_outputs=n_outputs, max_epochs=2
    )
    members = [Ridge(), DecisionTreeRegressor(random_state=0), net]
    committee = Committee(members, random_state=0).fit(rows, targets)
    draws = sample_posterior(committee, rows)
    assert draws.shape == (3, 50, n_outputs)
    prediction = committee.predict(rows)
    assert prediction.shape == targets.shape
    mean = draws.astype(float).mean(axis=0).reshape(targets.shape)
    np.testing.assert_allclose(prediction, mean, atol=1e-6)
    ridge = Ridge().fit(rows, targets).predict(rows)
    np.testing.assert_allclose(draws[0].reshape(targets.shape), ridge)
    assert is_regressor(committee)
    strategy = RandomSampling(committee, random_state=0).fit(rows, targets)
    assert sample_posterior(strategy, rows).shape == (3, 50, n_outputs)


@pytest.mark.parametrize("bootstrap", [False, True])
def test_nets_differ_by_their_seeds_and_come_again(bootstrap):
    net = make_classifier(SmallMLP, max_epochs=3, module__dropout=0.0)
    committee = Committee([net] * 3, bootstrap=bootstrap, random_state=0)
    torch.manual_seed(0)
    state = torch.get_rng_state()
    draws = sample_posterior(committee.fit(X, y), X)  # doubles and words
    assert torch.equal(torch.get_rng_state(), state)
    assert draws.shape == (3, 50, 3)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(draws[a] - draws[b]).max() > 0.01
    np.testing.assert_array_equal(sample_posterior(committee.fit(X, y), X), draws)
    committee.set_params(random_state=1)
    assert not np.allclose(sample_posterior(committee.fit(X, y), X), draws)
    assert not net.initialized_


def test_an_ensemble_of_scikit_learns_perceptrons():
    member = MLPClassifier((8,), max_iter=300, tol=1e-3)
    committee = Committee([member] * 3, random_state=0).fit(X, y)
    draws = sample_posterior(committee, X)
    assert draws.std(axis=0).max() > 0.01
    assert len({m.random_state for m in committee.estimators_}) == 3


def test_a_bootstrap_keeps_the_size_of_every_class():
    labels = np.array(["rare", *["x", "y"] * 24, "z"])
    member = DummyClassifier(strategy="prior")
    committee = Committee([member] * 4, bootstrap=True, random_state=0).fit(X, labels)
    np.testing.assert_allclose(
        committee.predict_proba(X[:1])[0], [1 / 50, 24 / 50, 24 / 50, 1 / 50]
    )
    trees = Committee([DecisionTreeClassifier(random_state=0)] * 4, bootstrap=True,
                      random_state=0).fit(X[:, :2], y)  # fmt: skip
    assert sample_posterior(trees, X[:, :2]).std(axis=0).max() > 0.3


def test_weights_follow_their_rows():
    weights = np.where(codes == 0, 1e-9, 1.0)
    for bootstrap in (False, True):
        committee = Committee([LogisticRegression()] * 2, bootstrap=bootstrap)
        committee.fit(X, y, sample_weight=weights)
        assert committee.predict_proba(X)[:, 0].max() < 0.1
    with pytest.raises(ValueError, match="one weight for each of the 50 rows"):
        committee.fit(X, y, sample_weight=weights[:4])


def test_fitted_members_stay_and_their_classes_are_joined():
    two = LogisticRegression().fit(X[codes < 2], y[codes < 2])
    other = GaussianNB().fit(X[codes > 0], y[codes > 0])
    before = two.coef_.copy()
    committee = Committee([FrozenEstimator(two), FrozenEstimator(other)])
    committee.fit(X[codes < 2], y[codes < 2])
    assert committee.classes_.tolist() == ["ant", "bee", "cow"]
    draws = sample_posterior(committee, X)
    np.testing.assert_array_equal(draws[0, :, :2], two.predict_proba(X))
    np.testing.assert_array_equal(draws[1, :, 1:], other.predict_proba(X))
    assert (draws[0, :, 2] == 0).all() and (draws[1, :, 0] == 0).all()
    np.testing.assert_array_equal(two.coef_, before)
    np.testing.assert_array_equal(sample_posterior([two, other], X), draws)


def test_a_list_of_fitted_models():
    net = make_classifier(max_epochs=1).fit(X32, np.minimum(codes, 1))  # 3 outputs
    tree = DecisionTreeClassifier(max_depth=1).fit(X32, codes)
    draws = sample_posterior([net, tree], X32)
    assert draws.shape == (2, 50, 3)
    np.testing.assert_allclose(draws[0], net.predict_proba(X32), atol=1e-7)
    np.testing.assert_allclose(draws[1], tree.predict_proba(X32), atol=1e-7)
    assert len(sample_posterior((net, tree), X32, n_draws=1, random_state=0)) == 1
    assert sample_posterior([net], X32).shape == (1, 50, 3)
    targets = [Ridge(alpha=a).fit(X, X[:, :2]) for a in (1, 9)]
    draws = sample_posterior(targets, X)
    np.testing.assert_allclose(draws, [model.predict(X) for model in targets])
    flat = [Ridge(alpha=a).fit(X, X[:, 0]) for a in (1, 9)]
    assert sample_posterior(flat, X).shape == (2, 50, 1)
    with pytest.raises(TypeError, match=r"only or regressors only.*'Ridge'"):
        sample_posterior([tree, targets[0]], X)
    with pytest.raises(TypeError, match="one at least"):
        sample_posterior([], X)
    with pytest.raises(NotFittedError):
        sample_posterior([GaussianNB()], X)
    with pytest.raises(ValueError, match=r"2 members of the list.*n_draws=3"):
        sample_posterior(flat, X, n_draws=3)


@pytest.mark.parametrize("chain", [False, True])
def test_in_a_strategy_with_declared_classes(chain):
    net = make_classifier(SmallMLP, max_epochs=2, module__dropout=0.0)
    model = Committee([net, LogisticRegression(), net])
    model = make_pipeline(StandardScaler(), model) if chain else model
    strategy = MarginSampling(model, random_state=0)
    some = codes != 1
    strategy.fit(X[some], y[some], classes=["cow", "bee", "ant"])
    assert strategy.classes_.tolist() == ["cow", "bee", "ant"]
    draws = sample_posterior(strategy, X)
    assert draws.shape == (3, 50, 3)
    np.testing.assert_allclose(draws.sum(axis=2), 1, atol=1e-5)
    assert (draws[1, :, 1] == 0).all()  # scikit-learn's model saw no bee
    assert not np.allclose(draws[0], draws[2])
    np.testing.assert_allclose(
        predict_proba(strategy, X), draws.mean(axis=0), atol=1e-6
    )
    assert set(strategy.predict(X)) <= {"ant", "bee", "cow"}
    assert strategy.score(X[some], y[some]) > 0.5
    assert len(set(strategy.query(X, n=3))) == 3


def test_sparse_rows():
    rows = sp.csr_array(np.where(X > 0, X, 0))
    for container in (sp.csr_array, sp.coo_matrix):
        committee = Committee([LogisticRegression()] * 2, bootstrap=True)
        committee.fit(container(rows), y)
        assert sample_posterior(committee, container(rows)).shape == (2, 50, 3)


def test_members_that_agree_exactly_are_warned_of():
    committee = Committee([LogisticRegression()] * 3).fit(X, y)
    with pytest.warns(UserWarning, match=r"agree exactly on all 50.*bootstrap=True"):
        sample_posterior(committee, X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sample_posterior(committee, X[:1])
        sample_posterior(committee.set_params(bootstrap=True).fit(X, y), X)


def test_a_net_that_holds_labels_back_is_warned_of_once():
    net = make_classifier(max_epochs=1, train_split=ValidSplit(5))
    with pytest.warns(TrainSplitWarning) as seen:
        Committee([net] * 3).fit(X, y)
    assert len([w for w in seen if w.category is TrainSplitWarning]) == 1


@pytest.mark.parametrize(
    ("estimators", "sentence"),
    [
        (LogisticRegression(), r"must be a list.*Got LogisticRegression"),
        ([], r"must be a list of at least one"),
        ([LogisticRegression], r"must hold estimators.*LogisticRegression'"),
        ([Ridge(), GaussianNB()], r"all classifiers or all.*'classifier', 'regressor'"),
        ([StandardScaler()], r"all classifiers or all"),
        ([LinearSVC()], r"LinearSVC gives no class probabilities"),
    ],
)
def test_what_is_no_committee_is_refused(estimators, sentence):
    with pytest.raises(TypeError, match=sentence):
        Committee(estimators).fit(X, y)


def test_unfitted_and_without_embedding():
    committee = Committee([GaussianNB()])
    with pytest.raises(NotFittedError):
        sample_posterior(committee, X)
    with pytest.raises(TypeError, match="Committee has no embedding"):
        embed(committee.fit(X, y), X)
    with pytest.raises(ValueError, match=r"1 members of Committee.*n_draws=2"):
        sample_posterior(committee, X, n_draws=2)
