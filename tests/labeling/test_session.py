"""The loop with a person in it."""

import os

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline

from skactive import CoreSet, MarginSampling, RandomSampling
from skactive.labeling import (
    LabelingSession,
    LabelStore,
    LabelStoreError,
    import_csv,
)


@pytest.fixture
def pool():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4))
    return X, np.where(X[:, 0] + X[:, 1] > 0, "up", "down")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "labels.db"


def session_on(X, path, strategy=None, **options):
    options = {"batch_size": 6, "annotator": "ada", "random_state": 0, **options}
    return LabelingSession(strategy or MarginSampling(), X, path, **options)


def label_all(session, y, n):
    """Answer until there are n labels; give the positions in the order asked."""
    asked = []
    while session.store.n_labeled < n:
        batch = session.next_batch()
        assert len(batch)
        for position in batch:
            session.submit(position, y[position])
        asked += batch.tolist()
    return asked


class Forgetful(MarginSampling):
    """Crash in the middle of a query, once."""

    crash = False

    def _query(self, pool, n, rng, info):
        if Forgetful.crash:
            Forgetful.crash = False
            raise KeyboardInterrupt
        return super()._query(pool, n, rng, info)


# ------------------------------------------------------------------- asking


def test_the_strategy_is_asked_about_what_is_left(pool, path):
    X, y = pool
    with session_on(X, path) as session:
        first = label_all(session, y, 6)
        batch = session.next_batch()
        assert not set(batch) & set(first)
        free = np.setdiff1d(np.arange(120), first)
        margin = np.abs(np.diff(session.strategy_.predict_proba(X[free]))).ravel()
        assert set(batch) == set(free[np.argsort(margin)[:6]])
        for position in batch:
            session.submit(position, y[position])
        assert {event.strategy for event in session.store.history()} == {
            "random to start with",
            "MarginSampling",
        }
        assert [event.round for event in session.store.history()] == [0] * 6 + [1] * 6


def test_every_row_is_asked_for_once(pool, path):
    X, y = pool
    with session_on(X, path, batch_size=25) as session:
        assert (session.n_left, session.is_done) == (120, False)
        assert sorted(label_all(session, y, 120)) == list(range(120))
        assert (session.n_left, session.is_done) == (0, True)
        assert session.next_batch().shape == (0,)


def test_a_batch_is_asked_for_until_it_is_answered(pool, path):
    X, _ = pool
    with session_on(X, path) as session:
        batch = session.next_batch()
        np.testing.assert_array_equal(session.next_batch(), batch)
        session.submit(batch[2], "up")
        session.skip(batch[0])
        np.testing.assert_array_equal(session.next_batch(), batch[[1, 3, 4, 5]])
        assert session.n_left == 118


def test_a_resumed_session_asks_for_the_same_batch(pool, path):
    X, y = pool
    with session_on(X, path) as session:
        label_all(session, y, 6)
        batch = session.next_batch()
        for position in batch[:2]:
            session.submit(position, y[position])
    with session_on(X, path, random_state=None) as session:
        np.testing.assert_array_equal(session.next_batch(), batch[2:])


@pytest.mark.parametrize("strategy", [MarginSampling(), RandomSampling(), CoreSet()])
def test_an_interrupted_session_asks_what_another_does(pool, tmp_path, strategy):
    X, y = pool
    with session_on(X, tmp_path / "one.db", strategy) as session:
        whole = label_all(session, y, 36)
    asked = []
    for n in (3, 12, 13, 25, 36):  # each with a session of its own
        with session_on(X, tmp_path / "two.db", strategy) as session:
            while session.store.n_labeled < n:
                position = session.next_batch()[0]
                session.submit(position, y[position])
                asked.append(int(position))
    assert asked == whole


def test_a_crash_within_the_query_changes_nothing(pool, tmp_path):
    X, y = pool
    with session_on(X, tmp_path / "one.db", Forgetful()) as session:
        label_all(session, y, 6)
        batch = session.next_batch()
    with session_on(X, tmp_path / "two.db", Forgetful()) as session:
        label_all(session, y, 6)
        Forgetful.crash = True
        with pytest.raises(KeyboardInterrupt):
            session.next_batch()
        assert session.store.n_labeled == 6
    with session_on(X, tmp_path / "two.db", Forgetful()) as session:
        np.testing.assert_array_equal(session.next_batch(), batch)


def test_rounds_of_chance_differ(pool, path):
    """The same seed of the strategy must not draw the same places each time."""
    X, y = pool
    strategy = RandomSampling(random_state=0)
    with session_on(X, path, strategy, batch_size=20) as session:
        asked = np.array(label_all(session, y, 120)).reshape(6, 20)
    free, places = np.arange(120), []
    for batch in asked:
        places.append(tuple(np.searchsorted(free, batch)[:5]))
        free = np.setdiff1d(free, batch)
    assert len(set(places)) == 6


# ------------------------------------------------------------------- the beginning


def test_the_first_rows_may_be_given(pool, path):
    X, _ = pool
    with session_on(X, path, initial=[7, 3, 99]) as session:
        np.testing.assert_array_equal(session.next_batch(), [7, 3, 99])


def test_the_first_rows_may_be_more_than_a_batch(pool, path):
    X, _ = pool
    with session_on(X, path, initial=30) as session:
        assert len(np.unique(session.next_batch())) == 30


def test_one_class_alone_teaches_no_classifier(pool, path):
    X, y = pool
    with session_on(X, path, initial=np.flatnonzero(y == "up")[:4]) as session:
        label_all(session, y, 4)
        session.next_batch()
        y_known = np.unique(session.store.arrays()[1])
        assert y_known.tolist() == ["up"] and not hasattr(session, "strategy_")
        label_all(session, y, 16)
        assert session.strategy_.classes_.tolist() == ["down", "up"]


def test_a_model_that_answers_without_labels_is_asked_at_once(pool, path):
    X, y = pool
    model = LogisticRegression().fit(X, y)
    strategy = MarginSampling(FrozenEstimator(model))
    with session_on(X, path, strategy, initial=0) as session:
        margin = np.abs(np.diff(model.predict_proba(X))).ravel()
        assert set(session.next_batch()) == set(np.argsort(margin)[:6])


def test_regression_is_labelled_with_numbers(pool, path):
    X, _ = pool
    y = X @ [1.0, 2.0, 3.0, 4.0]
    with session_on(X, path, CoreSet(Ridge(alpha=1e-6))) as session:
        label_all(session, y, 30)
        assert session.fit().score(X, y) > 0.99


# ------------------------------------------------------------------- the pool

TEXTS = ["good film", "bad film", "good cast", "bad cast", "good", "bad"] * 20
CONTAINERS = {
    "array": lambda X: X,
    "float32": lambda X: X.astype(np.float32),
    "csr": sp.csr_array,
    "coo": sp.coo_array,
    "pandas": lambda X: pd.DataFrame(X, columns=list("abcd")),
    "polars": lambda X: pl.DataFrame(X, schema=list("abcd")),
    "list": lambda X: X.tolist(),
}


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_pools_come_in_many_containers(pool, path, container):
    X, y = pool
    with session_on(container(X), path) as session:
        asked = label_all(session, y, 18)
        assert len(set(asked)) == 18
    with session_on(container(X.copy()), path) as session:  # the same content
        assert session.store.n_labeled == 18
        assert session.fit().score(container(X), y) > 0.8
    changed = X.copy()
    changed[77, 2] += 1e-3
    with pytest.raises(LabelStoreError, match="begun with another pool"):
        session_on(container(changed), path)


def test_a_list_of_texts_is_a_pool(path):
    y = [text.split()[0] for text in TEXTS]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression())
    with session_on(TEXTS, path, MarginSampling(model)) as session:
        label_all(session, y, 18)
        assert session.fit().score(TEXTS, y) > 0.8
    with pytest.raises(LabelStoreError, match="list of 119 rows"):
        session_on(TEXTS[:-1], path, MarginSampling(model))


def test_a_large_pool_is_known_by_a_sample(path):
    X = np.zeros((10_000, 1000))
    with session_on(X, path):
        pass
    with session_on(X.copy(), path):
        pass
    X[-1] = 1
    with pytest.raises(LabelStoreError, match="alike, but with other content"):
        session_on(X, path)


def test_columns_in_another_order_are_another_pool(pool, path):
    X = pd.DataFrame(pool[0], columns=list("abcd"))
    with session_on(X, path):
        pass
    with pytest.raises(LabelStoreError, match="another pool"):
        session_on(X[list("badc")], path)


def test_own_keys_stand_for_the_rows(pool, path):
    X, _ = pool
    with LabelStore(path, annotator="ada") as store:
        store.add_items([f"{row}.png" for row in range(120)])
        session = session_on(X, store)
        event = session.submit(17, "up")
        assert (event.key, event.position) == ("17.png", 17)
        assert store.labels() == {"17.png": "up"}
        session.close()
        assert store.n_labeled == 1  # it is not the session's to close


def test_items_that_are_not_the_rows_are_refused(pool, path):
    with LabelStore(path, annotator="ada") as store:
        store.add_items(["a", "b"])
        with pytest.raises(LabelStoreError, match="has 2 items, and X_pool has 120"):
            session_on(pool[0], store)


def test_positions_in_another_order_are_not_taken_for_the_rows(pool, path, tmp_path):
    rows = [f"{row},{'up' if row % 2 else 'down'}" for row in range(120)]
    rows[3], rows[7] = rows[7], rows[3]  # sorted by somebody
    (tmp_path / "mine.csv").write_text("\n".join(["key,label", *rows]))
    with LabelStore(path, annotator="ada") as store:
        import_csv(store, tmp_path / "mine.csv", add_items=True)
        with pytest.raises(
            LabelStoreError, match=r"key 7 stands at row 3.*open a session.*then import"
        ):
            session_on(pool[0], store)
    # As that sentence says:
    with session_on(pool[0], tmp_path / "new.db") as session:
        import_csv(session.store, tmp_path / "mine.csv")
        assert session.store.labels()[7] == "up"
        assert session.store.arrays()[1][7] == "up"


def test_a_session_that_cannot_begin_leaves_no_open_file(pool, path):
    session_on(pool[0], path).close()
    with pytest.raises(LabelStoreError, match="begun with another pool"):
        session_on(pool[0][:50], path)
    # SQLite takes its log away with the last connection.
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("X", [None, 3, "abc"])
def test_what_is_no_pool_is_told(path, X):
    with pytest.raises(TypeError, match=r"'X_pool' parameter must be rows.*Got"):
        session_on(X, path)


def test_a_pool_does_not_grow(pool, path, tmp_path):
    (tmp_path / "more.csv").write_text("key,label\n120,up\n")
    with session_on(pool[0], path) as session:
        with pytest.raises(ValueError, match=r"rows of a pool .* none can be added"):
            session.store.add_items([120])
        with pytest.raises(ValueError, match=r"rows of a pool .* none can be added"):
            import_csv(session.store, tmp_path / "more.csv", add_items=True)
        assert session.store.add_items([119]) == 0
        assert session.n_left == 120


# ------------------------------------------------------------------- answers


def test_undo_asks_again_even_in_the_next_batch(pool, path):
    X, y = pool
    with session_on(X, path) as session:
        first = label_all(session, y, 6)
        batch = session.next_batch()
        undone = session.undo()
        assert undone.position == first[-1]
        np.testing.assert_array_equal(session.next_batch(), [first[-1], *batch])
        event = session.submit(first[-1], y[first[-1]])
        assert (event.strategy, event.round) == ("random to start with", 0)
        np.testing.assert_array_equal(session.next_batch(), batch)
        session.undo()
        session.undo()
        np.testing.assert_array_equal(session.next_batch()[:2], [first[-2], first[-1]])


def test_any_row_may_be_labelled(pool, path):
    X, _ = pool
    with session_on(X, path) as session:
        other = np.setdiff1d(np.arange(120), session.next_batch())[0]
        event = session.submit(other, "up")
        assert (event.strategy, event.round) == (None, None)
        assert len(session.next_batch()) == 6


@pytest.mark.parametrize("position", [-1, 120, 1.0, "3", None, True])
def test_what_is_no_row_is_refused(pool, path, position):
    with session_on(pool[0], path) as session:
        with pytest.raises(ValueError, match=r"position must be an int in \[0, 120\)"):
            session.submit(position, "up")
        with pytest.raises(ValueError, match=r"position must be an int in \[0, 120\)"):
            session.skip(position)


def test_declared_classes_reach_the_strategy_and_last(pool, path):
    X, y = pool
    with session_on(X, path, classes=["up", "flat", "down"]) as session:
        with pytest.raises(ValueError, match="'left' is none of the classes"):
            session.submit(0, "left")
        label_all(session, y, 12)
    with session_on(X, path) as session:
        session.next_batch()
        # LogisticRegression knows what it saw; the labels keep the declared type.
        assert session.store.classes == ["up", "flat", "down"]
        with pytest.raises(ValueError, match="'left' is none of the classes"):
            session.submit(0, "left")
    with pytest.raises(ValueError, match="leaves out 'flat'"):
        session_on(X, path, classes=["up", "down"])


# ------------------------------------------------------------------- the curve


def test_the_learning_curve_outlives_the_session(pool, path):
    X, y = pool
    for n in (18, 30):
        with session_on(X[:100], path, score_on=(X[100:], y[100:])) as session:
            label_all(session, y, n)
    with session_on(X[:100], path, score_on=(X[100:], y[100:])) as session:
        np.testing.assert_array_equal(session.learning_curve.budget, [6, 12, 18, 24])
        model = session.fit()
        curve = session.learning_curve
        np.testing.assert_array_equal(curve.budget, [6, 12, 18, 24, 30])
        assert curve.score[-1] == model.score(X[100:], y[100:])
        session.fit()
        assert len(session.learning_curve.budget) == 5


def test_a_score_that_is_no_number_stops_nobody(pool, path):
    X, _ = pool
    y = X.sum(axis=1)
    with (
        session_on(X, path, CoreSet(Ridge()), score_on=(X[:1], y[:1])) as session,
        pytest.warns(UserWarning, match="R\\^2 score is not well-defined"),
    ):
        label_all(session, y, 12)
        session.fit()
        assert len(session.learning_curve.score) == 0


# ------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        (
            {"strategy": MarginSampling},
            TypeError,
            "must have the methods fit and query",
        ),
        ({"strategy": LogisticRegression()}, TypeError, "methods fit and query"),
        ({"batch_size": 0}, ValueError, "'batch_size'.*at least 1. Got 0"),
        ({"batch_size": 2.5}, ValueError, "'batch_size'.*Got 2.5"),
        ({"initial": 121}, ValueError, r"'initial'.*in \[0, 120\].*Got 121"),
        ({"initial": [1, 1]}, ValueError, r"distinct positions.*Got \[1, 1\]"),
        ({"initial": "all"}, ValueError, "'initial'.*Got 'all'"),
        ({"lease": 0}, ValueError, "'lease'.*more than 0. Got 0"),
        (
            {"random_state": np.random.RandomState(0)},
            ValueError,
            "'random_state'.*kept",
        ),
        ({"score_on": np.zeros((3, 4))}, TypeError, "must be a pair"),
        ({"score_on": ([[0] * 4], [0, 1])}, ValueError, "Got 1 rows and 2 labels"),
        ({"classes": "updown"}, ValueError, "must be a list of labels"),
        ({"path": 3}, TypeError, "must be a LabelStore or the path of one. Got 3"),
        ({"X": np.empty((0, 4))}, ValueError, "X_pool has no rows"),
    ],
)
def test_wrong_parameters_are_told(pool, path, options, error, told):
    options = {"X": pool[0], "path": path, **options}
    with pytest.raises(error, match=told):
        session_on(**options)


def test_a_store_goes_on_with_its_seed(pool, path):
    X, y = pool
    with session_on(X, path, random_state=7) as session:
        label_all(session, y, 6)
    with pytest.raises(LabelStoreError, match="begun with the random_state 7"):
        session_on(X, path, random_state=8)
    with session_on(X, path, random_state=None) as session:
        assert len(session.next_batch()) == 6


def test_a_strategy_of_ones_own_needs_two_methods(pool, path):
    class Last:
        def fit(self, X, y):
            return self

        def query(self, X_pool, n):
            return np.arange(len(X_pool))[-n:]

    X, y = pool
    with session_on(X, path, Last()) as session:
        label_all(session, y, 6)
        free = np.flatnonzero(~np.isin(np.arange(120), session.store.arrays()[0]))
        np.testing.assert_array_equal(session.next_batch(), free[-6:])


def test_nothing_is_drawn_from_the_global_generators(pool, path):
    X, y = pool
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    with session_on(X, path, random_state=None) as session:
        label_all(session, y, 12)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert os.path.exists(path)
