"""The Laplace approximation of the last layer."""

import warnings

import numpy as np
import pytest
import torch
from net_zoo import (
    Binary,
    ConvolutionalHead,
    HeadFirst,
    SmallMLP,
    SoftmaxInside,
    make_classifier,
    make_regressor,
)
from reference.laplace import gradient_and_hessian
from scipy.special import softmax
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.estimator_checks import parametrize_with_checks
from skorch import NeuralNetBinaryClassifier
from torch import nn

from skactive import LastLayerLaplace, MarginSampling, RandomSampling
from skactive.inspection import embed, predict_proba, sample_posterior

X, y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)[::3]
y = y[::3]
X32 = X.astype(np.float32)
binary = (y > 0).astype(int)


def logistic(**params):
    return LogisticRegression(**{"max_iter": 5000, "tol": 1e-10, **params})


def head_first(**params):
    """A net without dropout whose loss has a ridge."""
    torch.manual_seed(0)
    settings = {"max_epochs": 30, "optimizer__weight_decay": 0.01, **params}
    return make_classifier(HeadFirst, **settings)


@parametrize_with_checks([LastLayerLaplace(LogisticRegression())])
def test_scikit_learns_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="lbfgs failed to converge")
        check(estimator)


# ---------------------------------------------------------------- the Gaussian

LOGISTIC = {
    "multinomial": (logistic(C=0.7), y),
    "binary": (logistic(C=3.0), binary),
    "no intercept": (logistic(fit_intercept=False), y),
    "liblinear": (logistic(solver="liblinear", intercept_scaling=2.0), binary),
    "balanced": (logistic(class_weight="balanced"), np.minimum(y, 1)),
    "weights by hand": (logistic(class_weight={0: 1.0, 1: 5.0, 2: 0.2}), y),
    "cross-validated": (
        LogisticRegressionCV(
            Cs=[0.5, 2.0], max_iter=5000, tol=1e-10, cv=2, scoring="accuracy",
            l1_ratios=(0,), use_legacy_attributes=False,
        ),
        y,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", LOGISTIC)
def test_the_fit_is_the_mode_and_the_precision_its_hessian(kind):
    model, labels = LOGISTIC[kind]
    rng = np.random.default_rng(0)
    sample_weight = rng.uniform(0.5, 2, len(labels))
    wrapped = LastLayerLaplace(model).fit(X, labels, sample_weight=sample_weight)
    fitted, posterior = wrapped.estimator_, wrapped.posterior_
    mean, z = posterior.mean, embed(fitted, X)
    C = float(getattr(fitted, "C_", model.C if hasattr(model, "C") else None))
    ridge = np.full(z.shape[1], 1 / C)
    if kind == "liblinear":
        ridge[-1] = 1 / (C * 2.0**2)
    elif kind != "no intercept":
        ridge[-1] = 0
    weights = sample_weight * compute_sample_weight(model.class_weight, labels)
    gradient, hessian = gradient_and_hessian(mean, z, labels, ridge, weights)
    # Would be off by the ridge times a weight if the prior were another.
    np.testing.assert_allclose(gradient, 0, atol=5e-3)
    precision = posterior.factor @ posterior.factor.T
    if len(mean) > 1 and kind != "no intercept":
        shift = np.zeros_like(mean)
        shift[:, -1] = 1 / np.sqrt(len(mean))
        np.testing.assert_allclose(hessian @ shift.ravel(), 0, atol=1e-10)
        precision -= np.outer(shift, shift)
    np.testing.assert_allclose(precision, hessian, atol=1e-9)


def test_the_draws_have_the_covariance_of_the_inverse_hessian():
    model = LastLayerLaplace(logistic(fit_intercept=False)).fit(X, y)
    draws = sample_posterior(model, X[:4], n_draws=20_000, random_state=0)
    logits = np.log(draws[..., 1:]) - np.log(draws[..., :1])  # no shift is left
    L = model.posterior_.factor
    covariance = np.linalg.inv(L @ L.T)
    contrast = np.array([[-1.0, 1, 0], [-1, 0, 1]])
    rows = np.concatenate([np.kron(contrast, row) for row in X[:4]])
    expected = rows @ covariance @ rows.T
    ours = np.cov(logits.reshape(len(draws), -1).T)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert (np.abs(ours - expected) < 4 * 2 * scale / np.sqrt(20_000)).all()
    mean = rows @ model.posterior_.mean.ravel()
    error = np.abs(logits.reshape(len(draws), -1).mean(axis=0) - mean)
    assert (error < 4 * np.sqrt(np.diag(expected) / 20_000)).all()


def test_more_labels_leave_less_doubt():
    many = np.tile(X, (20, 1)), np.tile(y, 20)
    few = LastLayerLaplace(logistic()).fit(X, y)
    more = LastLayerLaplace(logistic()).fit(*many)
    spread = [sample_posterior(m, X, random_state=0).std(0).mean() for m in (few, more)]
    assert spread[1] < 0.5 * spread[0]


# ---------------------------------------------------------------- plain models


def test_a_strategy_around_a_logistic_regression_passes_its_rows_on():
    weights = np.random.default_rng(0).uniform(0.5, 2, len(y))
    pipeline = make_pipeline(StandardScaler(), logistic())
    strategy = RandomSampling(pipeline, random_state=0)
    strategy.fit(X[:20], y[:20], logisticregression__sample_weight=weights[:20])
    strategy.partial_fit(X[20:], y[20:], logisticregression__sample_weight=weights[20:])
    draws = sample_posterior(strategy, X, n_draws=4, random_state=1)
    wrapped = LastLayerLaplace(pipeline)
    wrapped.fit(X, y, logisticregression__sample_weight=weights)
    expected = sample_posterior(wrapped, X, n_draws=4, random_state=1)
    np.testing.assert_allclose(draws, expected, rtol=1e-6)
    labeled = (X, y, weights)
    by_hand = sample_posterior(strategy.estimator_, X, 4, 1, labeled=labeled)
    np.testing.assert_array_equal(draws, by_hand)
    unweighted = sample_posterior(strategy.estimator_, X, 4, 1, labeled=labeled[:2])
    assert not np.allclose(draws, unweighted, atol=1e-3)


@pytest.mark.parametrize("around", ["search", "frozen", "strategy"])
def test_wrappers_pass_the_rows_on_too(around):
    model = {
        "search": GridSearchCV(logistic(), {"C": [1.0]}, cv=2),
        "frozen": FrozenEstimator(logistic().fit(X, y)),
        "strategy": MarginSampling(logistic()),
    }[around]
    strategy = RandomSampling(model, random_state=0).fit(X, y)
    draws = sample_posterior(strategy, X, n_draws=3, random_state=0)
    plain = logistic().fit(X, y)
    expected = sample_posterior(plain, X, 3, 0, labeled=(X, y))
    np.testing.assert_allclose(draws, expected, rtol=1e-6)


def test_a_logistic_regression_alone_says_that_it_lacks_its_rows():
    with pytest.raises(ValueError, match=r"needs the rows.*labeled=\(X_labeled"):
        sample_posterior(logistic().fit(X, y), X)
    for model in (logistic(), LastLayerLaplace(logistic())):
        with pytest.raises(NotFittedError):
            sample_posterior(model, X)


@pytest.mark.parametrize(
    "model",
    [
        logistic(C=np.inf),
        logistic(l1_ratio=1, solver="saga", tol=1e-3),
        logistic(l1_ratio=0.5, solver="saga", tol=1e-3),
    ],
    ids=["no penalty", "l1", "elastic net"],
)
def test_a_penalty_that_is_no_ridge_needs_a_prior(model):
    noisy = np.roll(y, 7)  # separable classes would leave nothing to doubt
    with pytest.raises(ValueError, match=r"LogisticRegression .*prior_precision=1\.0"):
        LastLayerLaplace(model).fit(X, noisy)
    model = LastLayerLaplace(model, prior_precision=1).fit(X, noisy)
    draws = sample_posterior(model, X)
    assert draws.std(axis=0).max() > 0.01


def test_what_does_not_fit_the_working_memory_is_refused():
    wide = np.random.default_rng(0).normal(size=(50, 400))
    with config_context(working_memory=8):
        with pytest.raises(ValueError, match=r"3 logits x 401.*1203 x 1203.*11 MiB.*8"):
            LastLayerLaplace(logistic()).fit(wide, y)
        assert len(sample_posterior(LastLayerLaplace(logistic()).fit(X, y), X)) == 100


@pytest.mark.parametrize("value", [0, -1.0, np.inf, np.nan, "1", True])
def test_a_wrong_precision_is_told_in_a_sentence(value):
    with pytest.raises(ValueError, match=r"'prior_precision' .* positive number"):
        LastLayerLaplace(logistic(), prior_precision=value).fit(X, y)


def test_weights_that_nothing_holds_are_told_in_a_sentence():
    certain = logistic().fit(X, y)
    certain.coef_ *= 1e4  # probabilities of exactly 0 and 1
    strategy = RandomSampling(FrozenEstimator(certain)).fit(X, y)
    with pytest.raises(ValueError, match=r"undetermined.*ridge"):
        sample_posterior(strategy, X)
    strategy.fit(X[:0], y[:0])
    with pytest.raises(ValueError, match="no labelled rows at all"):
        sample_posterior(strategy, X)


# ---------------------------------------------------------------- nets


def test_a_nets_precision_is_the_hessian_with_its_weight_decay():
    model = LastLayerLaplace(head_first()).fit(X32, y)
    net, posterior = model.estimator_, model.posterior_
    head = net.module_.head
    with torch.no_grad():
        z = torch.relu(net.module_.hidden(torch.as_tensor(X32))).double().numpy()
    z = np.column_stack([z, np.ones(len(z))])
    weights = np.column_stack([head.weight.detach(), head.bias.detach()])
    np.testing.assert_allclose(posterior.mean, weights, rtol=1e-6)
    ridge = np.full(z.shape[1], 0.01 * len(y))
    _, hessian = gradient_and_hessian(weights, z, y, ridge, np.ones(len(y)))
    precision = posterior.factor @ posterior.factor.T
    np.testing.assert_allclose(precision, hessian, atol=1e-4)
    draws = sample_posterior(model, X32, n_draws=5, random_state=0)
    assert draws.dtype == np.float32
    noise = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(3,)))
    shift = np.linalg.solve(posterior.factor.T, noise.standard_normal(weights.size))
    logits = z @ (weights + shift.reshape(weights.shape)).T
    np.testing.assert_allclose(draws[3], softmax(logits, axis=1), atol=1e-4)


@pytest.mark.parametrize(
    ("module", "make", "criterion"),
    [
        (HeadFirst, make_classifier, nn.CrossEntropyLoss),
        (SmallMLP, make_classifier, nn.CrossEntropyLoss),
        (SoftmaxInside, make_classifier, nn.NLLLoss),
        (Binary, NeuralNetBinaryClassifier, nn.BCEWithLogitsLoss),
    ],
)
def test_any_net_that_ends_in_its_head(module, make, criterion):
    torch.manual_seed(0)
    net = make(module, criterion=criterion, train_split=None, max_epochs=3, verbose=0)
    is_binary = module is Binary
    labels = binary.astype(np.float32) if is_binary else y
    model = LastLayerLaplace(net, prior_precision=100.0).fit(X32, labels)
    draws = sample_posterior(model, X32, n_draws=50, random_state=0)
    assert draws.shape == (50, len(X), 2 if is_binary else 3)
    np.testing.assert_allclose(draws.sum(axis=2), 1, atol=1e-5)
    proba = predict_proba(model, X32)
    np.testing.assert_array_equal(proba, model.estimator_.predict_proba(X32))
    assert 0 < np.abs(draws.mean(axis=0) - proba).max() < 0.2
    assert draws.std(axis=0).max() > 0.01


def test_a_net_is_approximated_only_when_asked():
    strategy = RandomSampling(head_first(), random_state=0).fit(X, y)
    with pytest.raises(TypeError, match=r"no dropout .* LastLayerLaplace\(net"):
        sample_posterior(strategy, X)
    dropout = make_classifier(SmallMLP, max_epochs=1)
    for net in (head_first(), dropout):
        asked = make_pipeline(
            StandardScaler(), LastLayerLaplace(net, prior_precision=1.0)
        )
        labels = np.array(["a", "b", "c"])[y]
        strategy = RandomSampling(asked, random_state=0).fit(X, labels)
        draws = sample_posterior(strategy, X, n_draws=6, random_state=0)
        assert draws.shape == (6, len(X), 3)
        again = clone(strategy).fit(X, labels)
        np.testing.assert_array_equal(sample_posterior(again, X, 6, 0), draws)
        assert set(strategy.predict(X)) <= set(labels)
        assert strategy.classes_.tolist() == ["a", "b", "c"]


def test_a_frozen_net_inside():
    net = head_first().fit(X32, y)
    before = {k: v.clone() for k, v in net.module_.state_dict().items()}
    model = LastLayerLaplace(FrozenEstimator(net), prior_precision=1.0)
    strategy = RandomSampling(model, random_state=0).fit(X, y)
    assert sample_posterior(strategy, X, n_draws=2).shape == (2, len(X), 3)
    after = net.module_.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)


@pytest.mark.parametrize(
    "params",
    [
        {"optimizer__weight_decay": 0},
        {"optimizer": torch.optim.AdamW},
        {"criterion__reduction": "sum"},
    ],
    ids=["no decay", "decoupled", "sum"],
)
def test_a_net_without_a_ridge_needs_a_prior(params):
    with pytest.raises(ValueError, match=r"without a ridge.*prior_precision=1\.0"):
        LastLayerLaplace(head_first(max_epochs=1, **params)).fit(X32, y)


def test_models_without_a_last_layer_are_refused():
    with pytest.raises(TypeError, match=r"Laplace .* GaussianNB.*ensemble"):
        LastLayerLaplace(GaussianNB()).fit(X, y)
    regressor = make_regressor(HeadFirst, module__n_outputs=1, max_epochs=1)
    with pytest.raises(TypeError, match="NeuralNetRegressor"):
        LastLayerLaplace(regressor).fit(X32, X32[:, :1])
    images = np.zeros((6, 1, 8, 8), dtype=np.float32)
    net = make_classifier(ConvolutionalHead, max_epochs=1)
    with pytest.raises(ValueError, match="No linear layer"):
        LastLayerLaplace(net, prior_precision=1.0).fit(images, np.arange(6) % 3)


def test_probabilities_that_are_not_the_softmax_are_refused():
    net = head_first(predict_nonlinearity=lambda logits: (3 * logits).softmax(1))
    with pytest.raises(ValueError, match="not the softmax"):
        LastLayerLaplace(net).fit(X32, y)


def test_a_net_changed_after_the_approximation_is_noticed():
    net = head_first().fit(X32, y)
    model = LastLayerLaplace(FrozenEstimator(net)).fit(X32, y)
    net.partial_fit(X32, y)
    with pytest.raises(ValueError, match="changed since"):
        sample_posterior(model, X32)
