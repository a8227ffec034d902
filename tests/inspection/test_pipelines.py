"""Pipelines: transform, then ask the last step."""

import numpy as np
import pandas as pd
import pytest
from net_zoo import make_classifier
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skactive import MarginSampling
from skactive.inspection import embed, predict_proba, sample_posterior

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 4))
y = np.argmax(X[:, :3], axis=1)


@pytest.mark.parametrize(
    ("steps", "transform"),
    [
        ([], lambda rows: rows),
        ([StandardScaler()], None),
        ([StandardScaler(), PCA(2)], None),
        (["passthrough"], lambda rows: rows),
    ],
)
def test_the_last_step_is_asked_about_transformed_rows(steps, transform):
    pipeline = make_pipeline(*steps, LogisticRegression()).fit(X, y)
    rows = pipeline[:-1].transform(X) if transform is None else transform(X)
    np.testing.assert_array_equal(embed(pipeline, X), embed(pipeline[-1], rows))
    np.testing.assert_array_equal(predict_proba(pipeline, X), pipeline.predict_proba(X))


def test_a_pipeline_in_a_pipeline():
    inner = make_pipeline(PCA(2), RandomForestClassifier(5, random_state=0))
    pipeline = make_pipeline(StandardScaler(), inner).fit(X, y)
    draws = sample_posterior(pipeline, X)
    assert draws.shape == (5, 40, 3)
    np.testing.assert_allclose(draws.mean(axis=0), pipeline.predict_proba(X))
    assert sample_posterior(pipeline, X, n_draws=2, random_state=0).shape == (2, 40, 3)


@pytest.mark.parametrize("question", [predict_proba, embed, sample_posterior])
def test_an_unfitted_pipeline_is_told_so(question):
    for last in (LogisticRegression(), RandomForestClassifier(), make_classifier()):
        with pytest.raises(NotFittedError):
            question(make_pipeline(StandardScaler(), last), X)


def test_words_and_columns():
    words = np.array(["red fish", "blue bird", "green eel"])[y]
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(words, y)
    assert embed(pipeline, words).shape == (40, 7)
    frame = pd.DataFrame({"a": X[:, 0], "word": words})
    columns = make_column_transformer((OneHotEncoder(), ["word"]), (PCA(1), ["a"]))
    pipeline = make_pipeline(columns, LogisticRegression()).fit(frame, y)
    assert embed(pipeline, frame).shape == (40, 5)


def test_layer_reaches_the_net():
    pipeline = make_pipeline(StandardScaler(), make_classifier(max_epochs=1))
    strategy = MarginSampling(pipeline, random_state=0).fit(X, y)
    assert embed(strategy, X, layer="output").shape == (40, 3)
    z = embed(strategy, X, layer="hidden")
    np.testing.assert_allclose(np.maximum(z, 0), embed(strategy, X), atol=1e-6)
    with pytest.raises(ValueError, match="names no module"):
        embed(strategy, X, layer="fc")


def test_a_pipeline_without_a_model_is_told_so():
    pipeline = Pipeline([("scale", StandardScaler())]).fit(X)
    with pytest.raises(TypeError, match="StandardScaler has no embedding"):
        embed(pipeline, X)
    with pytest.raises(TypeError, match="StandardScaler gives no class prob"):
        predict_proba(pipeline, X)


def test_a_net_needs_some_rows_for_the_transformers_before_it():
    pipeline = make_pipeline(StandardScaler(), make_classifier())
    with pytest.raises(ValueError, match=r"X_labeled has no rows.*freeze"):
        MarginSampling(pipeline).fit(np.zeros((0, 4)), np.zeros(0, dtype=int))
