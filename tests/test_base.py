"""The contract of a strategy, where the strategy checks do not already hold it."""

from multiprocessing.pool import ThreadPool

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from net_zoo import make_classifier, make_regressor
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.base import is_classifier, is_regressor
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils import get_tags

from skactive import (
    EntropySampling,
    LeastConfidence,
    MarginSampling,
    QueryStrategy,
    RandomSampling,
    ScoringStrategy,
)
from skactive.inspection import embed, predict_proba

X, Y = load_iris(return_X_y=True)
START = np.arange(0, 150, 10)
SCALED = make_pipeline(StandardScaler(), LogisticRegression())


def test_the_loop_a_person_writes(digits):
    images, y = digits
    strategy = MarginSampling(SCALED, random_state=0).fit(images[:50], y[:50])
    before = strategy.score(images[1000:], y[1000:])
    pool = np.arange(50, 1000)
    for _ in range(5):
        new = pool[strategy.query(images[pool], n=20)]
        strategy.partial_fit(images[new], y[new])
        pool = np.setdiff1d(pool, new)
    assert strategy.n_rounds_ == 5 and len(strategy.y_labeled_) == 150
    assert strategy.score(images[1000:], y[1000:]) > before + 0.05


def test_partial_fit_is_fit_on_everything():
    adding = MarginSampling(random_state=0).fit(X[START], Y[START])
    adding.partial_fit(X[1:20], Y[1:20])
    rows = np.concatenate([START, np.arange(1, 20)])
    at_once = LogisticRegression().fit(X[rows], Y[rows])
    np.testing.assert_allclose(adding.estimator_.coef_, at_once.coef_)
    assert_array_equal(adding.X_labeled_, X[rows])


def test_partial_fit_alone_starts():
    strategy = MarginSampling().partial_fit(X[START], Y[START])
    assert strategy.n_rounds_ == 0
    assert strategy.partial_fit(X[:1], Y[:1]).n_rounds_ == 1


def test_a_failed_partial_fit_changes_nothing():
    strategy = MarginSampling(random_state=0).fit(X[START], Y[START])
    kept = dict(vars(strategy))
    with pytest.raises(ValueError, match="does not name"):
        strategy.partial_fit(X[:2], [0, 9], classes=[0, 1, 2])
    assert vars(strategy) == kept


def test_labels_are_kept_when_the_caller_uses_a_buffer_again():
    buffer, labels = X[START].copy(), Y[START].copy()
    strategy = MarginSampling().fit(buffer, labels)
    buffer[:], labels[:] = 0, 0
    strategy.partial_fit(buffer[:2], labels[:2])
    assert_array_equal(strategy.X_labeled_[:15], X[START])
    assert_array_equal(strategy.y_labeled_[:15], Y[START])


def test_a_buffer_of_a_later_round_is_kept_too():
    rows, labels, weights = X[:4].copy(), Y[:4].copy(), np.ones(4)
    strategy = MarginSampling().fit(X[START], Y[START])
    strategy.partial_fit(rows, labels, sample_weight=weights)
    rows[:], labels[:], weights[:] = 0, 2, 100
    strategy.partial_fit(X[4:6], Y[4:6])
    assert_array_equal(strategy.X_labeled_[15:], X[:6])
    assert_array_equal(strategy.y_labeled_[15:], Y[:6])
    expected = LogisticRegression().fit(strategy.X_labeled_, strategy.y_labeled_)
    np.testing.assert_allclose(strategy.estimator_.coef_, expected.coef_)


@pytest.mark.parametrize("n_rounds", [0, 1])
def test_a_model_that_works_in_place_does_not_reach_the_labels(n_rounds):
    model = make_pipeline(StandardScaler(copy=False), LogisticRegression())
    strategy = MarginSampling(model).fit(X[START], Y[START])
    for _ in range(n_rounds):
        strategy.partial_fit(X[:2], Y[:2])
    assert_array_equal(strategy.X_labeled_[:15], X[START])
    pool = X.copy()
    strategy.query(pool, 3)
    strategy.predict(pool)
    assert_array_equal(pool, X)
    strategy.X_labeled_[:] = 0
    assert_array_equal(strategy.X_labeled_[:15], X[START])


def test_a_failed_fit_leaves_the_strategy_as_it_was():
    strategy = MarginSampling()
    with pytest.raises(ValueError, match="class"):
        strategy.fit(X[:5], Y[:5])
    with pytest.raises(NotFittedError):
        strategy.query(X)
    with pytest.raises(NotFittedError):
        strategy.predict(X)
    strategy.fit(X[START], Y[START])
    picked = strategy.query(X, 3)
    with pytest.raises(ValueError, match="class"):
        strategy.fit(X[:5, :3], Y[:5])
    assert_array_equal(strategy.query(X, 3), picked)


def test_threads_agree():
    def score(seed):
        net = make_classifier(max_epochs=3)
        strategy = MarginSampling(net, random_state=seed).fit(X[START], Y[START])
        return strategy.score_samples(X)

    alone = [score(seed) for seed in (0, 1) * 3]
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    with ThreadPool(3) as threads:
        together = threads.map(score, (0, 1) * 3)
    assert_array_equal(alone, together)
    assert torch.equal(before[0], torch.get_rng_state())
    assert_array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002


def test_numbers_and_words_do_not_mix():
    strategy = MarginSampling().fit(X[START], Y[START])
    with pytest.raises(ValueError, match="numbers and words do not mix"):
        strategy.partial_fit(X[:2], ["setosa", "setosa"])


def test_random_state_none_is_fresh_at_each_fit_and_kept_within():
    strategy = RandomSampling().fit(X[START], Y[START])
    first = strategy.query(X, 10)
    assert_array_equal(first, strategy.query(X, 10))
    answers = {tuple(strategy.fit(X[START], Y[START]).query(X, 10)) for _ in range(3)}
    assert len(answers | {tuple(first)}) == 4


def test_a_seed_reaches_models_that_have_none():
    forest = RandomForestClassifier(5)
    one, two, other = (
        EntropySampling(forest, random_state=seed).fit(X[START], Y[START])
        for seed in (0, 0, 1)
    )
    assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    assert (one.predict_proba(X) != other.predict_proba(X)).any()
    assert forest.random_state is None


def test_random_sampling_is_uniform():
    strategy = RandomSampling(FrozenEstimator(LogisticRegression().fit(X, Y)))
    counts = np.zeros(10)
    for seed in range(1500):
        strategy.set_params(random_state=seed).fit(X[START], Y[START])
        counts[strategy.query(X[:10], 2)] += 1
    # 300 expected for each, standard deviation 15.5.
    assert (np.abs(counts - 300) < 5 * 15.5).all()


@pytest.mark.parametrize(
    "strategy, expected",
    [
        (LeastConfidence, lambda p: 1 - p.max(axis=1)),
        (MarginSampling, lambda p: -np.diff(np.sort(p, axis=1)[:, -2:])[:, 0]),
        (EntropySampling, lambda p: -(p * np.log(p)).sum(axis=1)),
    ],
)
def test_scores_are_the_measures_of_the_models_probabilities(strategy, expected):
    fitted = strategy(SCALED).fit(X[START], Y[START])
    scores = expected(fitted.estimator_.predict_proba(X))
    np.testing.assert_allclose(fitted.score_samples(X), scores, rtol=1e-10)
    assert_array_equal(fitted.query(X, 5), np.argsort(-scores)[:5])


# ---------------------------------------------------------------- delegation


def test_methods_are_those_of_the_model():
    lda = RandomSampling(LinearDiscriminantAnalysis()).fit(X[START], Y[START])
    assert lda.transform(X).shape == (150, 2)
    assert_array_equal(lda.classes_, [0, 1, 2])
    svc = RandomSampling(LinearSVC())
    assert hasattr(svc, "decision_function") and not hasattr(svc, "predict_proba")
    ridge = RandomSampling(Ridge()).fit(X[START], X[START, 0])
    assert not hasattr(ridge, "classes_") and not hasattr(ridge, "transform")
    assert ridge.score(X, X[:, 0]) > 0.9
    with pytest.raises(NotFittedError):
        RandomSampling().predict(X)


def test_tags_follow_the_model():
    assert is_classifier(MarginSampling()) and is_regressor(RandomSampling(Ridge()))
    assert get_tags(MarginSampling()).input_tags.sparse
    assert not get_tags(MarginSampling(SCALED)).input_tags.sparse
    assert is_classifier(RandomSampling(make_classifier()))
    assert get_tags(RandomSampling(Ridge())).target_tags.multi_output

    class Noisy(LogisticRegression):
        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.non_deterministic = True
            return tags

    assert get_tags(RandomSampling(Noisy())).non_deterministic


def test_html_and_repr_show_the_parts():
    html = MarginSampling(SCALED)._repr_html_()
    assert "StandardScaler" in html and "MarginSampling" in html


def test_cross_validation_and_search_take_a_strategy_as_a_classifier():
    assert cross_val_score(MarginSampling(SCALED), X, Y, cv=3).mean() > 0.9
    search = GridSearchCV(MarginSampling(), {"estimator__C": [0.1, 1]}, cv=2)
    search.set_params(estimator=MarginSampling(LogisticRegression()))
    assert search.fit(X, Y).best_score_ > 0.8


def test_a_search_inside_a_strategy():
    search = GridSearchCV(SCALED, {"logisticregression__C": [0.1, 1]}, cv=2)
    strategy = EntropySampling(search).fit(X[START], Y[START])
    assert len(set(strategy.query(X, 5).tolist())) == 5
    with pytest.raises(TypeError, match="Ridge cannot answer"):
        EntropySampling(GridSearchCV(Ridge(), {})).fit(X[START], Y[START])


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("model", [Ridge(), LinearSVC(), make_regressor()])
def test_a_model_without_probabilities_is_refused_before_it_is_trained(model):
    with pytest.raises(TypeError, match=r"MarginSampling asks its model for predict_p"):
        MarginSampling(model).fit(X[START], Y[START])


def test_other_questions_are_refused_too():
    class NeedsDraws(ScoringStrategy):
        requires = ("sample_posterior",)

        def _scores(self, pool):
            return pool.sample_posterior.std(axis=0).sum(axis=1)

    with pytest.raises(TypeError, match="asks its model for sample_posterior"):
        NeedsDraws(GaussianNB()).fit(X[START], Y[START])
    for model in (RandomForestClassifier(10), None):
        strategy = NeedsDraws(model, random_state=0).fit(X[START], Y[START])
        assert len(strategy.query(X, 3)) == 3


def test_a_wrong_answer_of_a_strategy_is_refused_with_its_name():
    class Wrong(QueryStrategy):
        def _query(self, pool, n, rng, info):
            return [0] * n

    with pytest.raises(ValueError, match=r"Wrong\._query must give 2 distinct"):
        Wrong().fit(X[START], Y[START]).query(X, 2)

    class WrongScores(ScoringStrategy):
        def _scores(self, pool):
            return np.full(pool.n, np.nan)

    with pytest.raises(ValueError, match=r"WrongScores\._scores .* with 150 NaN"):
        WrongScores().fit(X[START], Y[START]).query(X, 2)


@pytest.mark.parametrize("estimator", ["forest", 3, [LogisticRegression()], Ridge])
def test_something_else_than_an_estimator_is_refused(estimator):
    with pytest.raises(TypeError, match="'estimator' parameter of MarginSampling must"):
        MarginSampling(estimator).fit(X[START], Y[START])


@pytest.mark.parametrize("requires", ["predict_proba", ("predict_probas",)])
def test_questions_that_do_not_exist_are_refused(requires):
    class Asks(RandomSampling):
        pass

    Asks.requires = requires
    with pytest.raises(TypeError, match=r"Asks\.requires must be a tuple of names"):
        Asks().fit(X[START], Y[START])


def test_a_model_that_answers_for_too_few_rows_is_named():
    class Drops(LogisticRegression):
        def predict_proba(self, X):
            return super().predict_proba(X)[:-1]

    with pytest.raises(
        ValueError, match=r"Drops answered predict_proba with .*\(149, 3\)"
    ):
        MarginSampling(Drops()).fit(X[START], Y[START]).query(X)


def test_probabilities_may_lie_backwards_in_memory():
    class Backwards(LogisticRegression):
        def predict_proba(self, X):
            return super().predict_proba(X)[:, ::-1]

    strategy = EntropySampling(Backwards()).fit(X[START], Y[START])
    plain = EntropySampling().fit(X[START], Y[START])
    np.testing.assert_allclose(strategy.score_samples(X), plain.score_samples(X))


def test_dictionaries():
    rows = [{"colour": c, "size": i} for i, c in enumerate("rgbrgbrgb")]
    model = make_pipeline(DictVectorizer(), LogisticRegression())
    strategy = MarginSampling(model).fit(rows[:6], [0, 1, 0, 0, 1, 0])
    assert strategy.query(rows, 2).shape == (2,)


def test_no_labels_at_all():
    with pytest.raises(ValueError, match="X_labeled has no rows, and LogisticRegr"):
        RandomSampling().fit(X[:0], Y[:0])
    untrained = EntropySampling(make_classifier(), random_state=0)
    untrained.fit(X[:0], Y[:0])
    assert_array_equal(untrained.classes_, [0, 1, 2])
    picked = untrained.query(X, 5)
    untrained.partial_fit(X[picked], Y[picked])
    assert_array_equal(untrained.y_labeled_, Y[picked])
    frozen = FrozenEstimator(LogisticRegression().fit(X, Y))
    assert len(EntropySampling(frozen).fit(X[:0], Y[:0]).query(X, 3)) == 3
    frozen = FrozenEstimator(LinearRegression().fit(X, Y))
    assert len(RandomSampling(frozen).fit(X[:0], Y[:0]).query(X, 3)) == 3


def test_a_frozen_model_of_other_features_is_refused():
    frozen = FrozenEstimator(LogisticRegression().fit(X[:, :3], Y))
    with pytest.raises(ValueError, match=r"has 4 features, but .* was fitted on 3"):
        MarginSampling(frozen).fit(X[START], Y[START])


def test_an_unfitted_frozen_model_is_refused():
    with pytest.raises(NotFittedError):
        MarginSampling(FrozenEstimator(LogisticRegression())).fit(X[START], Y[START])


def test_rounds_in_different_containers_are_refused():
    strategy = RandomSampling().fit(pd.DataFrame(X[START]), Y[START])
    with pytest.raises(ValueError, match="pandas DataFrame, partial_fit in a array"):
        strategy.partial_fit(X[:2], Y[:2])


# ---------------------------------------------------------------- input of all kinds


def test_classes_declare_what_may_come():
    strategy = MarginSampling().fit(X[:60:5], Y[:60:5], classes=[0, 1, 2])
    assert_array_equal(strategy.classes_, [0, 1])  # the model has seen no more
    with pytest.raises(ValueError, match=r"label\(s\) \[2\], which the 'classes'"):
        MarginSampling().fit(X[START], Y[START], classes=[0, 1])
    with pytest.raises(ValueError, match="list each label once"):
        MarginSampling().fit(X[START], Y[START], classes=[0, 1, 1, 2])


def test_text():
    texts = np.array(["good fine", "bad poor", "fine nice", "poor awful", "good bad"])
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    strategy = MarginSampling(model).fit(texts[:4], [1, 0, 1, 0])
    assert strategy.query(texts, 1).tolist() == [4]
    assert strategy.partial_fit(texts[4:], [1]).n_rounds_ == 1
    assert strategy.query(list(texts), 2).shape == (2,)


def test_mixed_data_frame_with_missing_values():
    frame = pd.DataFrame(
        {"size": X[:, 0], "colour": np.array(["red", "blue", "green"])[Y % 3]}
    )
    frame.loc[3, "size"] = np.nan
    columns = make_column_transformer(
        (SimpleImputer(), ["size"]),
        (OneHotEncoder(handle_unknown="ignore"), ["colour"]),
    )
    strategy = MarginSampling(make_pipeline(columns, LogisticRegression()))
    strategy.fit(frame.iloc[START], Y[START])
    picked = strategy.query(frame, 4)
    strategy.partial_fit(frame.iloc[picked], Y[picked])
    assert len(strategy.X_labeled_) == len(START) + 4
    assert list(strategy.feature_names_in_) == ["size", "colour"]


def test_nan_passes_where_the_first_step_imputes():
    holes = X.copy()
    holes[0, 0] = np.nan
    model = make_pipeline(SimpleImputer(), LogisticRegression())
    strategy = MarginSampling(model).fit(holes[START], Y[START])
    assert len(strategy.query(holes, 3)) == 3


def test_sparse_rounds_are_stacked():
    strategy = MarginSampling().fit(sp.csr_array(X[START]), Y[START])
    strategy.partial_fit(sp.csr_array(X[:3]), Y[:3])
    assert_array_equal(strategy.X_labeled_.toarray()[-3:], X[:3])


def test_multi_output_regression():
    features, y = load_diabetes(return_X_y=True)
    two = np.column_stack([y, -y])
    strategy = RandomSampling(Ridge(), random_state=0).fit(features[:50], two[:50])
    strategy.partial_fit(features[50:60], two[50:60])
    assert strategy.y_labeled_.shape == (60, 2)
    assert strategy.predict(features).shape == (len(y), 2)


def test_nested_parameters():
    strategy = MarginSampling(make_pipeline(PCA(), LogisticRegression()))
    strategy.set_params(estimator__pca__n_components=2)
    assert strategy.fit(X[START], Y[START]).estimator_[0].n_components_ == 2


# ---------------------------------------------------------------- metadata


def weights(n):
    return np.linspace(0.1, 5, n)


def test_sample_weight_reaches_the_model_and_is_kept():
    expected = LogisticRegression().fit(X, Y, sample_weight=weights(150)).coef_
    strategy = MarginSampling().fit(X[:80], Y[:80], sample_weight=weights(150)[:80])
    strategy.partial_fit(X[80:], Y[80:], sample_weight=weights(150)[80:])
    np.testing.assert_allclose(strategy.estimator_.coef_, expected)


def test_rounds_without_sample_weight_count_one():
    full = np.concatenate([np.ones(80), weights(70)])
    expected = LogisticRegression().fit(X, Y, sample_weight=full).coef_
    strategy = MarginSampling().fit(X[:80], Y[:80])
    strategy.partial_fit(X[80:], Y[80:], sample_weight=weights(70))
    np.testing.assert_allclose(strategy.estimator_.coef_, expected)


def test_a_single_row_keeps_its_weight():
    full = np.concatenate([np.ones(149), [7.0]])
    expected = LogisticRegression().fit(X, Y, sample_weight=full).coef_
    strategy = MarginSampling().fit(X[:149], Y[:149])
    strategy.partial_fit(X[149:], Y[149:], sample_weight=[7.0])
    np.testing.assert_allclose(strategy.estimator_.coef_, expected)


def test_sample_weight_of_a_wrong_length_is_refused():
    with pytest.raises(ValueError, match="sample_weight"):
        MarginSampling().fit(X[START], Y[START], sample_weight=np.ones(3))
    strategy = MarginSampling().fit(X[START], Y[START])
    with pytest.raises(ValueError, match="'sample_weight' needs one value a row"):
        strategy.partial_fit(X[:4], Y[:4], sample_weight=np.ones(3))


def test_sample_weight_is_routed():
    with config_context(enable_metadata_routing=True):
        model = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            LogisticRegression().set_fit_request(sample_weight=True),
        )
        strategy = MarginSampling(model)
        strategy.fit(X[:80], Y[:80], sample_weight=weights(150)[:80])
        strategy.partial_fit(X[80:], Y[80:], sample_weight=weights(150)[80:])
    expected = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        X, Y, logisticregression__sample_weight=weights(150)
    )
    np.testing.assert_allclose(strategy.estimator_[-1].coef_, expected[-1].coef_)


def test_rows_are_no_metadata():
    with config_context(enable_metadata_routing=True):
        request = MarginSampling().get_metadata_routing()._self_request
        assert set(request.fit.requests) == {"classes"}
        assert set(request.partial_fit.requests) == {"classes"}
        # In a search, which validates requests, a plain fit must do.
        search = GridSearchCV(MarginSampling(SGDClassifier(loss="log_loss")), {})
        assert search.fit(X, Y).best_score_ > 0.5


def test_score_takes_weights():
    strategy = MarginSampling().fit(X[START], Y[START])
    wrong = strategy.predict(X) != Y
    assert strategy.score(X, Y, sample_weight=~wrong) == 1
    assert strategy.score(X, Y, sample_weight=wrong) == 0


# ---------------------------------------------------------------- what newcomers did


@pytest.mark.parametrize(
    "y", [[0, 1, None, 1], [0.0, 1.0, np.nan, 1.0], pd.Series(["a", "b", pd.NA, "b"])]
)
def test_missing_labels_get_advice(y):
    with pytest.raises(
        ValueError, match=r"1 of 4 labels are missing. Pass the labelle"
    ):
        MarginSampling().fit(X[:4], y)


def test_classes_that_are_no_list():
    with pytest.raises(ValueError, match=r"'classes' parameter of fit .* Got 3"):
        MarginSampling().fit(X[START], Y[START], classes=3)


def test_a_generator_is_no_random_state():
    with pytest.raises(ValueError, match=r"'random_state' .* pass an int"):
        MarginSampling(random_state=np.random.default_rng(0)).fit(X[START], Y[START])


def test_a_registered_answer_that_is_no_probability_is_refused():
    class Decides(LogisticRegression):
        pass

    @predict_proba.register(Decides)
    def _(estimator, X):
        return estimator.decision_function(X)

    with pytest.raises(ValueError, match=r"Decides\.predict_proba gives rows that are"):
        MarginSampling(Decides()).fit(X[START], Y[START]).query(X)


def test_a_model_registered_with_the_shortest_signature():
    class Short(LogisticRegression):
        pass

    class Far(ScoringStrategy):
        requires = ("embed",)

        def _scores(self, pool):
            return pool.embed[:, 0]

    @embed.register(Short)
    def _(estimator, X):
        return X[:, :1]

    strategy = Far(Short()).fit(X[START], Y[START])
    assert strategy.query(X)[0] in np.flatnonzero(X[:, 0] == X[:, 0].max())
    with pytest.raises(ValueError, match=r"answered embed with an array of shape \(\)"):
        embed.register(Short, lambda estimator, X: estimator.C)
        strategy.query(X)
