"""Nets behind a strategy: their labels, their input, their probabilities."""

import pickle
import threading

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from net_zoo import (
    Binary,
    ConvolutionalHead,
    Regressor,
    SmallCNN,
    SmallMLP,
    SoftmaxInside,
    make_classifier,
    make_regressor,
)
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from skorch import NeuralNetBinaryClassifier
from torch import nn

from skactive import EntropySampling, MarginSampling, RandomSampling
from skactive.inspection import embed, predict_proba, sample_posterior

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4)).astype(np.float32)
position = np.argmax(X[:, :3], axis=1)


def bare(net):
    return net


def in_pipeline(net):
    return make_pipeline(StandardScaler(), net)


def in_search(net):
    return GridSearchCV(net, {"lr": [0.01, 0.02]}, cv=2, error_score="raise")


def in_search_of_pipelines(net):
    grid = {f"{type(net).__name__.lower()}__lr": [0.01, 0.02]}
    return GridSearchCV(in_pipeline(net), grid, cv=2, error_score="raise")


def frozen(net):
    torch.manual_seed(0)
    return FrozenEstimator(net.fit(X, position))


def frozen_pipeline(net):
    torch.manual_seed(0)
    return FrozenEstimator(in_pipeline(net).fit(X, position))


AROUND = [bare, in_pipeline, in_search, in_search_of_pipelines, frozen, frozen_pipeline]

LABELS = {
    "strings": np.array(["cat", "dog", "eel"])[position],
    "objects": np.array(["cat", "dog", "eel"], dtype=object)[position],
    "other integers": position * 10 + 10,
    "negative": position - 1,
    "floats": position.astype(float),
    "other floats": position * 2.0,
    "positions": position,
    "small integers": position.astype(np.uint8),
}


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("kind", ["strings", "other integers", "positions"])
def test_labels_come_back_whatever_is_around_the_net(around, kind):
    y = LABELS[kind]
    strategy = MarginSampling(around(make_classifier(max_epochs=30)), random_state=0)
    strategy.fit(X, y)
    assert strategy.classes_.tolist() == np.unique(y).tolist()
    assert set(strategy.predict(X)) <= set(y)
    assert strategy.score(X, y) > 0.6
    assert strategy.predict_proba(X).shape == (60, 3)
    assert len(set(strategy.query(X, n=5))) == 5


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_type(kind):
    y = LABELS[kind]
    strategy = MarginSampling(make_classifier(max_epochs=30), random_state=0).fit(X, y)
    predicted = strategy.predict(X)
    assert predicted.dtype.kind == y.dtype.kind
    assert np.mean(predicted == y) > 0.6


@pytest.mark.parametrize("around", [bare, in_pipeline, in_search])
def test_integers_that_are_positions_stay_where_they_are(around):
    y = np.choose(position, [0, 1, 4])
    net = make_classifier(module__n_outputs=5, max_epochs=30)
    strategy = MarginSampling(around(net), random_state=0).fit(X, y)
    assert strategy.classes_.tolist() == [0, 1, 2, 3, 4]
    assert strategy.predict_proba(X).shape == (60, 5)
    assert strategy.score(X, y) > 0.6
    strategy.partial_fit(X[:4], [3] * 4)
    assert strategy.y_labeled_[-1] == 3


def test_booleans():
    y = position == 0
    net = make_classifier(module__n_outputs=2, max_epochs=30)
    strategy = MarginSampling(net, random_state=0).fit(X, y)
    assert strategy.classes_.tolist() == [False, True]
    assert strategy.predict(X).dtype == bool
    with pytest.raises(ValueError, match=r"2 outputs.*classes="):
        strategy.fit(X[y], y[y])
    strategy.fit(X[y], y[y], classes=[False, True])
    assert strategy.predict(X).all()


def test_a_class_missing_from_y_needs_its_name():
    y = LABELS["strings"]
    seen = y != "eel"
    strategy = MarginSampling(make_classifier(max_epochs=30), random_state=0)
    with pytest.raises(ValueError, match=r"3 outputs.*'cat', 'dog'.*classes="):
        strategy.fit(X[seen], y[seen])
    strategy.fit(X[seen], y[seen], classes=["eel", "dog", "cat"])
    assert strategy.classes_.tolist() == ["eel", "dog", "cat"]
    assert strategy.predict_proba(X)[:, 0].mean() < 1 / 3
    assert strategy.score(X[seen], y[seen]) > 0.6
    strategy.partial_fit(X[~seen], y[~seen])
    assert strategy.classes_.tolist() == ["eel", "dog", "cat"]
    assert strategy.score(X, y) > 0.6


@pytest.mark.parametrize(
    ("y", "classes", "sentence"),
    [
        (position + 1, [1, 2], r"label\(s\) \[3\].*'classes'"),
        (position, [0, 1, 2, 3], "3 outputs.*classes=.*4 classes. Give"),
        (position, [0, 0, 1], "each label once"),
        (np.arange(60) % 5, None, "3 outputs.*y .*5 classes. Give"),
        (np.choose(position, [0, 1, 7]), None, None),
        (np.where(position == 2, 5, 0), None, r"labels \[0, 5\].* 2 of them"),
    ],
)
def test_labels_and_outputs_that_do_not_match(y, classes, sentence):
    strategy = MarginSampling(make_classifier())
    if sentence is None:
        assert strategy.fit(X, y).classes_.tolist() == [0, 1, 7]
        return
    with pytest.raises(ValueError, match=sentence):
        strategy.fit(X, y, classes)


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(
    ("sigmoid", "loss"), [(0, "BCEWithLogitsLoss"), (1, "BCELoss")]
)
def test_a_binary_classifier(flat, sigmoid, loss):
    net = NeuralNetBinaryClassifier(
        Binary,
        module__flat=flat,
        module__sigmoid=bool(sigmoid),
        criterion=getattr(nn, loss),
        optimizer=torch.optim.Adam,
        lr=0.02,
        max_epochs=40,
        train_split=None,
        verbose=0,
    )
    y = np.where(X[:, 0] > 0, "yes", "no")
    strategy = EntropySampling(net, random_state=0).fit(X, y)
    assert strategy.classes_.tolist() == ["no", "yes"]
    assert strategy.score(X, y) > 0.9
    assert predict_proba(strategy, X).shape == (60, 2)


# ------------------------------------------------------------------ regression


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("y_shape", [(60,), (60, 1)])
@pytest.mark.parametrize("around", [bare, in_pipeline])
def test_a_regressor_learns_whatever_the_shapes(flat, y_shape, around):
    y = (X @ [1.0, -2.0, 0.5, 0.0]).reshape(y_shape)
    net = make_regressor(Regressor, module__flat=flat, lr=0.03, max_epochs=60)
    strategy = RandomSampling(around(net), random_state=0).fit(X, y)
    predicted = strategy.predict(X)
    assert r2_score(y, predicted) > 0.9
    assert strategy.score(X, y) == pytest.approx(r2_score(y, predicted), abs=1e-4)
    assert predicted.shape == y_shape


def test_a_regressor_of_two_targets():
    y = X[:, :2] * 2
    net = make_regressor(Regressor, module__n_outputs=2, lr=0.03, max_epochs=60)
    strategy = RandomSampling(net, random_state=0).fit(X, y)
    assert strategy.predict(X).shape == (60, 2)
    assert strategy.score(X, y) > 0.9


def test_targets_and_outputs_that_do_not_match():
    net = make_regressor(Regressor, module__n_outputs=3)
    with pytest.raises(ValueError, match="as many outputs as y has columns"):
        RandomSampling(net).fit(X, X[:, 0])


def test_a_regressor_gives_no_probabilities():
    net = make_regressor(Regressor).initialize()
    with pytest.raises(TypeError, match="gives no class probabilities"):
        predict_proba(net, X)
    with pytest.raises(TypeError, match="predict_proba"):
        MarginSampling(make_regressor(Regressor)).fit(X, X[:, 0])


# ------------------------------------------------------------------ input

INPUTS = {
    "float64": X.astype(np.float64),
    "float16": X.astype(np.float16),
    "frame": pd.DataFrame(X.astype(np.float64), columns=list("abcd")),
    "mixed frame": pd.DataFrame(X, columns=list("abcd")).assign(d=X[:, 3] > 0),
    "nullable frame": pd.DataFrame(X, columns=list("abcd")).astype("Float64"),
    "list": X.tolist(),
    "not contiguous": np.asfortranarray(X.astype(np.float64)),
}


@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("kind", INPUTS)
def test_input_is_cast_to_what_the_net_reads(around, kind):
    rows = INPUTS[kind]
    strategy = MarginSampling(around(make_classifier(max_epochs=2)), random_state=0)
    strategy.fit(rows, position)
    assert strategy.predict_proba(rows).dtype == np.float32
    assert len(strategy.query(rows, n=3)) == 3
    strategy.score(rows, position)
    if kind != "list":
        assert embed(strategy, rows).shape == (60, 16)


def test_a_net_of_doubles_reads_doubles_inside_a_search():
    net = make_regressor(Regressor, module__double=True)
    for model in (in_pipeline(net), in_search_of_pipelines(net)):
        strategy = RandomSampling(model, random_state=0).fit(X, X[:, 0])
        assert strategy.predict(X).dtype == np.float64
        assert embed(strategy, X).dtype == np.float64


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool])
def test_integers_for_a_linear_layer_are_told_in_a_sentence(dtype):
    rows = (X > 0).astype(dtype)
    sentence = rf"SmallMLP could not read rows.*{rows.dtype}.*astype\('float32'\)"
    with pytest.raises(ValueError, match=sentence):
        MarginSampling(make_classifier()).fit(rows, position)
    net = make_classifier().initialize()
    for question in (predict_proba, embed, sample_posterior):
        with pytest.raises(ValueError, match=sentence):
            question(net, rows)


class Bag(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.EmbeddingBag(10, 5)
        self.head = nn.Linear(5, 3)

    def forward(self, x):
        return self.head(self.words(x))


def test_integers_for_an_embedding_stay_integers():
    rows = np.abs(X * 3).astype(np.int64) % 10
    strategy = MarginSampling(make_classifier(Bag), random_state=0).fit(rows, position)
    assert embed(strategy, rows).shape == (60, 5)
    with pytest.raises(ValueError, match="Bag could not read rows"):
        MarginSampling(make_classifier(Bag)).fit(rows + 100, position)


def test_a_frame_with_words_is_told_in_a_sentence():
    frame = pd.DataFrame(X, columns=list("abcd")).assign(d="word")
    net = make_classifier().initialize()
    with pytest.raises(ValueError, match=r"no numbers.*ColumnTransformer"):
        predict_proba(net, frame)


def test_rows_of_another_width_are_told_in_a_sentence():
    with pytest.raises(ValueError, match=r"could not read rows of shape \(3,\)"):
        MarginSampling(make_classifier()).fit(X[:, :3], position)


def test_sparse_rows_from_a_vectorizer():
    words = np.array(["red fish", "blue bird", "green eel"])[position]
    model = make_pipeline(TfidfVectorizer(), make_classifier(module__n_features=6))
    strategy = MarginSampling(model, random_state=0).fit(words, position)
    assert len(strategy.query(words, n=4)) == 4
    assert sp.issparse(strategy.estimator_[0].transform(words))
    assert embed(strategy, words).shape == (60, 16)
    assert sample_posterior(strategy, words, n_draws=2).shape == (2, 60, 3)


@pytest.mark.parametrize("search", [False, True])
@pytest.mark.parametrize("output", ["default", "pandas"])
def test_columns_of_words_and_numbers(search, output):
    frame = pd.DataFrame({"a": X[:, 0], "word": np.array(["x", "y", "z"])[position]})
    columns = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["word"]), (StandardScaler(), ["a"])
    ).set_output(transform=output)
    model = make_pipeline(columns, make_classifier(max_epochs=30))
    if search:
        grid = {"neuralnetclassifier__lr": [0.01, 0.02]}
        model = GridSearchCV(model, grid, cv=2, error_score="raise")
    strategy = MarginSampling(model, random_state=0).fit(frame, position)
    assert strategy.score(frame, position) > 0.9
    assert len(strategy.query(frame, n=2)) == 2
    assert embed(strategy, frame).shape == (60, 16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_images(dtype):
    images = rng.normal(size=(20, 1, 8, 8)).astype(dtype)
    strategy = MarginSampling(make_classifier(SmallCNN, max_epochs=1), random_state=0)
    strategy.fit(images, np.arange(20) % 10)
    assert len(strategy.query(images, n=3)) == 3
    assert embed(strategy, images).shape == (20, 36)


def test_a_classifier_that_gives_no_row_of_classes_is_told_in_a_sentence():
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(4, 1)

        def forward(self, x):
            return self.head(x)[:, 0]

    with pytest.raises(ValueError, match=r"needs \(n_samples, n_classes\)"):
        MarginSampling(make_classifier(Flat)).fit(X, position)


# ------------------------------------------------------------------ probabilities


def test_a_softmax_inside_goes_with_the_default_criterion():
    net = make_classifier(SoftmaxInside, criterion=nn.NLLLoss, max_epochs=60, lr=0.03)
    strategy = MarginSampling(net, random_state=0).fit(X, position)
    proba = predict_proba(strategy, X)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    with torch.no_grad():
        own = strategy.estimator_.module_(torch.as_tensor(X)).numpy()
    np.testing.assert_allclose(proba, own, atol=1e-6)


@pytest.mark.parametrize("log", [False, True])
def test_what_is_no_probability_is_refused(log):
    module = SoftmaxInside if log else SmallMLP
    params = {"module__log": True} if log else {}
    net = make_classifier(module, criterion=nn.NLLLoss, **params).initialize()
    sentence = "no probabilities.*criterion=NLLLoss.*predict_nonlinearity"
    with pytest.raises(ValueError, match=sentence):
        predict_proba(net, X)


@pytest.mark.parametrize("question", [predict_proba, embed, sample_posterior])
@pytest.mark.parametrize("around", [bare, in_pipeline, in_search, FrozenEstimator])
def test_an_unfitted_net_is_told_so(question, around):
    with pytest.raises(NotFittedError):
        question(around(make_classifier()), X)


@pytest.mark.parametrize("around", AROUND)
def test_the_fitted_model_is_no_different_from_one_fitted_by_hand(around):
    strategy = MarginSampling(around(make_classifier(max_epochs=1)), random_state=0)
    strategy.fit(X, position)
    model = strategy.estimator_
    while not hasattr(model, "module_"):
        model = getattr(model, "best_estimator_", None) or (
            model[-1] if hasattr(model, "steps") else model.estimator
        )
    strategy.predict(X)
    assert "get_dataset" not in vars(model)
    copy = pickle.loads(pickle.dumps(strategy))
    np.testing.assert_array_equal(copy.query(X, n=5), strategy.query(X, n=5))
    clone(strategy.estimator_)


def test_a_frozen_net_is_left_as_it_was():
    model = frozen_pipeline(make_classifier())
    net = model.estimator[-1]
    before = {k: id(v) for k, v in vars(net).items()}
    strategy = MarginSampling(model, random_state=0).fit(X.astype(float), position)
    strategy.predict(X.astype(float))
    strategy.query(X.astype(float))
    assert {k: id(v) for k, v in vars(net).items()} == before


def test_threads_that_predict_with_one_frozen_pipeline():
    strategy = MarginSampling(frozen_pipeline(make_classifier()), random_state=0)
    rows = X.astype(np.float64)
    strategy.fit(rows, position)
    expected = strategy.predict_proba(rows)
    seen = []
    barrier = threading.Barrier(4)

    def ask():
        barrier.wait()
        seen.extend(
            np.array_equal(strategy.predict_proba(rows), expected) for _ in range(25)
        )

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 100
    assert all(seen)
    assert "get_dataset" not in vars(strategy.estimator_.estimator[-1])


def test_a_frozen_pipelines_own_transformers_are_used():
    pipeline = make_pipeline(PCA(4), make_classifier(max_epochs=1)).fit(X, position)
    strategy = MarginSampling(FrozenEstimator(pipeline), random_state=0)
    # Two rows are too few to fit the transformer again.
    strategy.fit(X[:2], ["a", "b"], classes=["a", "b", "c"])
    np.testing.assert_allclose(
        predict_proba(strategy, X), pipeline.predict_proba(X), atol=1e-6
    )
    none = np.zeros((0, 4), dtype=np.float32)
    strategy.fit(none, np.zeros(0, dtype=int))
    assert strategy.classes_.tolist() == [0, 1, 2]


def test_a_net_may_start_without_labels():
    none = np.zeros((0, 4), dtype=np.float32)
    y = np.zeros(0, dtype=int)
    strategy = MarginSampling(make_classifier(), random_state=0).fit(none, y)
    assert len(strategy.query(X, n=3)) == 3
    for model in (in_pipeline(make_classifier()), in_search(make_classifier())):
        with pytest.raises(ValueError, match="X_labeled has no rows"):
            MarginSampling(model).fit(none, y)


def test_a_convolutional_net_answers_all_but_the_embedding():
    images = rng.normal(size=(12, 1, 8, 8)).astype(np.float32)
    net = make_classifier(ConvolutionalHead, max_epochs=1)
    strategy = MarginSampling(net, random_state=0).fit(images, np.arange(12) % 3)
    assert len(strategy.query(images, n=3)) == 3
