"""Warnings of two settings of a net, told where the user stands; and seeds."""

import random
import warnings

import numpy as np
import pytest
import torch
from net_zoo import SmallMLP, UsesOtherGenerators, make_classifier
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from skorch.dataset import ValidSplit
from torch import nn

from skactive import MarginSampling, RandomSampling
from skactive.exceptions import TrainSplitWarning, WarmStartWarning
from skactive.inspection import embed, predict_proba, sample_posterior

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4)).astype(np.float32)
y = np.argmax(X[:, :3], axis=1)


def global_states():
    return (
        torch.get_rng_state().numpy().tobytes(),
        np.random.get_state()[1].tobytes(),  # noqa: NPY002
        np.random.get_state()[2],  # noqa: NPY002
        random.getstate(),
    )


def split_net():
    return NeuralNetClassifier(
        SmallMLP, criterion=nn.CrossEntropyLoss, max_epochs=1, verbose=0
    )


def in_pipeline(net):
    return make_pipeline(StandardScaler(), net)


def in_search(net):
    return GridSearchCV(net, {"lr": [0.01]}, cv=2)


@pytest.mark.parametrize("around", [lambda net: net, in_pipeline, in_search])
@pytest.mark.parametrize("method", ["fit", "partial_fit", "second partial_fit"])
@pytest.mark.parametrize(
    ("make", "category", "sentence"),
    [
        (
            lambda: make_classifier(SmallMLP(), max_epochs=1),
            WarmStartWarning,
            r"instance of SmallMLP.*module=SmallMLP.*filter WarmStartWarning",
        ),
        (split_net, TrainSplitWarning, "train_split=None.*filter TrainSplitWarning"),
    ],
)
def test_the_warning_is_told_where_the_user_stands(
    around, method, make, category, sentence
):
    strategy = MarginSampling(around(make()), random_state=0)
    if method == "second partial_fit":
        with pytest.warns(category):
            strategy.fit(X, y)
    with pytest.warns(category, match=sentence) as caught:
        (strategy.fit if method == "fit" else strategy.partial_fit)(X, y)
    ours = [w for w in caught if issubclass(w.category, category)]
    assert [w.filename for w in ours] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", category)
        strategy.fit(X, y)


@pytest.mark.parametrize(
    "model",
    [
        make_classifier(max_epochs=1),
        make_classifier(max_epochs=1, train_split=ValidSplit(0.1)),
        LogisticRegression(),
        FrozenEstimator(make_classifier(SmallMLP(), max_epochs=1).fit(X, y)),
        FrozenEstimator(split_net().fit(X, y)),
        make_pipeline(StandardScaler(), FrozenEstimator(split_net().fit(X, y))),
        FrozenEstimator(make_pipeline(StandardScaler(), split_net()).fit(X, y)),
    ],
)
def test_no_warning_where_there_is_no_fault(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RandomSampling(model, random_state=0).fit(X, y).query(X, n=2)


def test_a_module_instance_is_a_warm_start_but_stays_as_it_was():
    module = SmallMLP()
    before = module.head.weight.detach().clone()
    strategy = RandomSampling(make_classifier(module, max_epochs=5), random_state=0)
    with pytest.warns(WarmStartWarning):
        strategy.fit(X, y)
    assert (module.head.weight == before).all()
    assert (strategy.estimator_.module_.head.weight != before).any()


SEEDLESS = {
    "forest": RandomForestClassifier(5),
    "pipeline": make_pipeline(StandardScaler(), SGDClassifier(loss="log_loss")),
    "net": make_classifier(max_epochs=2),
    "splitter without a seed": GridSearchCV(
        RandomForestClassifier(3),
        {"max_depth": [1, 2, 3]},
        cv=ShuffleSplit(2, test_size=0.5),
    ),
    "net in a search": GridSearchCV(
        make_classifier(max_epochs=2), {"lr": [0.01]}, cv=KFold(2, shuffle=True)
    ),
}


@pytest.mark.parametrize("kind", SEEDLESS)
def test_clones_without_a_seed_agree_where_the_strategy_has_one(kind):
    model = SEEDLESS[kind]
    np.random.seed(0)  # noqa: NPY002
    state = np.random.get_state()[1].copy(), np.random.get_state()[2]  # noqa: NPY002
    first, second, other = (
        RandomSampling(clone(model), random_state=seed).fit(X, y) for seed in (0, 0, 1)
    )
    after = np.random.get_state()  # noqa: NPY002
    assert state[1] == after[2]
    np.testing.assert_array_equal(state[0], after[1])
    proba = predict_proba(first, X)
    np.testing.assert_array_equal(predict_proba(second, X), proba)
    assert not np.array_equal(predict_proba(other, X), proba)
    if hasattr(first.estimator_, "cv_results_"):
        scores = [s.estimator_.cv_results_["mean_test_score"] for s in (first, second)]
        np.testing.assert_array_equal(*scores)


def test_a_seed_of_the_users_own_is_kept():
    strategy = RandomSampling(RandomForestClassifier(3, random_state=7), random_state=0)
    assert strategy.fit(X, y).estimator_.random_state == 7
    model = RandomForestClassifier(3)
    seeded = RandomSampling(model, random_state=0).fit(X, y).estimator_
    assert seeded.random_state is not None
    assert model.random_state is None


def test_rounds_are_seeded_apart():
    strategy = RandomSampling(make_classifier(max_epochs=1), random_state=0).fit(X, y)
    first = predict_proba(strategy, X)
    strategy.partial_fit(X[:0], y[:0])
    assert not np.allclose(predict_proba(strategy, X), first)


def test_a_model_that_cannot_start_without_labels_says_so():
    none, nothing = X[:0], y[:0]
    with pytest.raises(ValueError, match=r"no rows.*LogisticRegression cannot answer"):
        RandomSampling().fit(none, nothing)
    frozen = FrozenEstimator(LogisticRegression().fit(X, y))
    assert len(MarginSampling(frozen).fit(none, nothing).query(X, n=2)) == 2


# ------------------------------------------------------------------ generators


@pytest.mark.parametrize("module", [SmallMLP, UsesOtherGenerators])
@pytest.mark.parametrize("around", [lambda net: net, in_pipeline, in_search])
def test_the_global_generators_are_untouched(module, around):
    model = around(make_classifier(module, max_epochs=1))
    before = global_states()
    strategy = MarginSampling(model, random_state=0).fit(X, y)
    assert global_states() == before
    strategy.query(X, n=3)
    strategy.predict(X)
    predict_proba(strategy, X)
    embed(strategy, X)
    if module is SmallMLP:
        sample_posterior(strategy, X, n_draws=3)
    assert global_states() == before


def test_unseeded_transformers_before_a_net_leave_numpy_alone():
    model = make_pipeline(
        PCA(3, svd_solver="randomized"), make_classifier(max_epochs=1)
    )
    model.set_params(neuralnetclassifier__module__n_features=3)
    before = global_states()
    MarginSampling(model, random_state=0).fit(X, y)
    assert global_states() == before


@pytest.mark.parametrize("module", [SmallMLP, UsesOtherGenerators])
def test_the_global_generators_influence_nothing(module):
    model = make_classifier(module, max_epochs=2)
    answers = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        strategy = MarginSampling(clone(model), random_state=0).fit(X, y)
        answers.append((strategy.query(X, n=10), predict_proba(strategy, X)))
    np.testing.assert_array_equal(answers[0][0], answers[1][0])
    np.testing.assert_array_equal(answers[0][1], answers[1][1])
    other = MarginSampling(clone(model), random_state=1).fit(X, y)
    assert not np.allclose(predict_proba(other, X), answers[0][1])
