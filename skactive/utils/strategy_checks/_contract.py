"""What a query gives back, and what it must leave alone."""

import pickle
import random
from functools import partial

import joblib
import numpy as np
import torch
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from skactive.utils.containers import safe_indexing
from skactive.utils.pools import MappedRows
from skactive.utils.strategy_checks._data import (
    applies_if,
    fitted,
    frozen_copies,
    has_estimator,
    is_random,
    query,
    quietly,
)


def check_clone_and_params(strategy, data):
    """A strategy can be cloned: __init__ stores its arguments untouched."""
    names = list(strategy.get_params(deep=False))
    for value in (None, object()):
        made = type(strategy)(**dict.fromkeys(names, value))
        for name in names:
            assert getattr(made, name) is value, (
                f"__init__ must store the parameter {name!r} untouched: give it its "
                "meaning in fit."
            )
    copy = clone(strategy)
    assert type(copy) is type(strategy) and set(copy.get_params()) == set(
        strategy.get_params()
    ), "A clone must have the same parameters: store each one in __init__."


def check_positions(strategy, data):
    """A query gives n distinct int64 positions in the pool."""
    picked = query(fitted(strategy, data), data.X_pool, 7)
    assert isinstance(picked, np.ndarray) and picked.dtype == np.int64, (
        "query must give an int64 array: let QueryStrategy.query call your _query."
    )
    assert picked.shape == (7,), "query must give exactly n positions."
    assert len(set(picked.tolist())) == 7, "query must give distinct positions."
    assert picked.min() >= 0 and picked.max() < data.n_pool, (
        "query must give positions in X_pool, not in the labelled rows."
    )


def check_query_info(strategy, data):
    """What query_info_ reports is what the query returned."""
    strategy = fitted(strategy, data)
    picked = query(strategy, data.X_pool, 5)
    info = strategy.query_info_
    assert np.array_equal(info.positions, picked), (
        "The positions a strategy reports in query_info_ must be those it returns: "
        "return the picks you conditioned on, do not break ties a second time."
    )
    assert info.round == strategy.n_rounds_ == 0, (
        "query_info_.round must be n_rounds_, which fit sets to 0."
    )
    if hasattr(strategy, "score_samples"):
        scores = quietly(strategy.score_samples, data.X_pool)
        best = np.sort(scores)[::-1][:5]
        assert np.array_equal(scores[picked], best), (
            "The rows chosen must be those with the largest score_samples, largest "
            "first: write _scores and leave the choice to ScoringStrategy."
        )


def check_candidates(strategy, data):
    """A query among candidates chooses from them alone, as from a pool."""
    copy = fitted(strategy, data)
    m = data.n_pool // 2
    picked = quietly(partial(copy.query, max_candidates=m), data.X_pool, 5)
    info = copy.query_info_
    assert info.get("n_candidates") == m and set(picked) <= set(info.candidates), (
        "query must choose among max_candidates rows and give their positions in the "
        "pool: let QueryStrategy.query call your _query."
    )
    among = query(copy, safe_indexing(data.X_pool, info.candidates), 5)
    assert np.array_equal(info.candidates[among], picked), (
        "A query among candidates must choose as from a pool of those rows: use what "
        "_query is given of the pool, and no positions from elsewhere."
    )


def check_pool_on_disk(strategy, data):
    """A pool that is read in parts leads to the same choice."""
    copy = fitted(strategy, data)
    on_disk = MappedRows(data.X_pool, _as_read)
    assert np.array_equal(query(copy, on_disk, 5), query(copy, data.X_pool, 5)), (
        "A pool that is read in parts must lead to the same choice: use the model's "
        "answers that _query is given; pool.X may be asked for some of its rows only."
    )


def _as_read(rows):
    return rows


def check_leaves_alone(strategy, data):
    """Fit and query leave inputs, parameters and global generators alone."""
    copy = clone(strategy)
    given = _attributes(copy.get_params(deep=False).values())
    inputs = joblib.hash((data.X_labeled, data.y_labeled, data.X_pool))
    generators = _global_generators()
    quietly(copy.fit, data.X_labeled, data.y_labeled)
    answers, state = _answers(copy, data), _state(copy)
    query(copy, data.X_pool, 5)
    assert _global_generators() == generators, (
        "fit and query must not move the global generators of random, numpy or torch: "
        "draw from the rng that _query is given."
    )
    assert joblib.hash((data.X_labeled, data.y_labeled, data.X_pool)) == inputs, (
        "fit and query must not change the arrays they are given: copy first."
    )
    labels = joblib.hash((copy.X_labeled_, copy.y_labeled_))
    assert labels == joblib.hash((data.X_labeled, data.y_labeled)), (
        "fit must keep the labelled rows as they were given."
    )
    assert _state(copy) == state and np.array_equal(_answers(copy, data), answers), (
        "query must set no attribute but query_info_, and leave the model as it was."
    )
    assert _attributes(copy.get_params(deep=False).values()) == given, (
        "fit must train a clone and leave the estimator it was given unfitted."
    )


def check_same_seed_same_answer(strategy, data):
    """The same seed and round give the same answer."""
    first, second = fitted(strategy, data, seed=3), fitted(strategy, data, seed=3)
    picked = query(first, data.X_pool, 5)
    assert np.array_equal(picked, query(first, data.X_pool, 5)), (
        "The same round asked twice must give the same answer: draw from rng only, "
        "and read nothing that an earlier query left behind."
    )
    assert np.array_equal(picked, query(second, data.X_pool, 5)), (
        "The same random_state must give the same answer: draw from rng only."
    )


@applies_if(has_estimator)
def check_next_round_new_draw(strategy, data):
    """A strategy that draws draws afresh in the next round."""
    if not is_random(strategy, data):
        return  # nothing is drawn
    (copy,) = frozen_copies(strategy, data, [0])
    n = data.n_pool // 2  # few picks may agree by chance
    answers = [tuple(query(copy, data.X_pool, n))]
    for _ in range(4):
        row = safe_indexing(data.X_labeled, np.arange(1))
        quietly(copy.partial_fit, row, data.y_labeled[:1])
        answers.append(tuple(query(copy, data.X_pool, n)))
    assert len(set(answers)) > 1, (
        "A strategy that draws must draw afresh in the next round: use the rng that "
        "_query is given, which depends on n_rounds_, not random_state."
    )


@applies_if(has_estimator)
def check_permuted_pool(strategy, data):
    """A strategy that draws nothing does not care for the order of rows."""
    if is_random(strategy, data):
        return  # draws belong to positions
    order = np.random.default_rng(1).permutation(data.n_pool)
    copy = fitted(strategy, data)
    picked = query(copy, data.X_pool, 5)
    permuted = query(copy, safe_indexing(data.X_pool, order), 5)
    assert np.array_equal(order[permuted], picked), (
        "A strategy that draws nothing must choose the same rows when the pool is "
        "shuffled: do not let the order of the rows decide."
    )


def check_rounds(strategy, data):
    """New labels are added by partial_fit, which counts rounds; fit starts anew."""
    copy = fitted(strategy, data)
    n = len(data.y_labeled)
    picked = query(copy, data.X_pool, 4)
    rows, labels = safe_indexing(data.X_pool, picked), data.y_pool[picked]
    quietly(copy.partial_fit, rows, labels)
    assert copy.n_rounds_ == 1 and len(copy.y_labeled_) == n + 4, (
        "partial_fit must add labels to those of fit and count the round: do not "
        "override it, or call super().partial_fit."
    )
    assert np.array_equal(copy.y_labeled_[n:], labels), (
        "partial_fit must keep the labels in the order they came."
    )
    quietly(copy.fit, data.X_labeled, data.y_labeled)
    assert copy.n_rounds_ == 0 and len(copy.y_labeled_) == n, (
        "fit must start a new history: n_rounds_ is 0 and earlier labels are gone."
    )


def check_snapshot(strategy, data):
    """A snapshot is not changed by a later partial_fit."""
    copy = fitted(strategy, data)
    kept = copy.snapshot()
    before = query(kept, data.X_pool, 5)
    rows = safe_indexing(data.X_pool, np.arange(5))
    quietly(copy.partial_fit, rows, data.y_pool[:5])
    assert kept.n_rounds_ == 0 and np.array_equal(
        query(kept, data.X_pool, 5), before
    ), (
        "partial_fit must put new objects in place of the fitted attributes, not "
        "change them: a snapshot shares them."
    )


def check_pickle(strategy, data):
    """A strategy pickles, and answers as before."""
    copy = fitted(strategy, data)
    try:
        again = pickle.loads(pickle.dumps(copy))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise AssertionError(
            "A strategy must pickle, to be kept and sent to workers: define its class, "
            f"and its network's, at module level. {error}"
        ) from error
    picked = query(copy, data.X_pool, 5)
    assert np.array_equal(query(again, data.X_pool, 5), picked), (
        "A pickled strategy must answer as before: keep nothing outside attributes."
    )


def check_joblib_workers(strategy, data):
    """A strategy answers the same in another process.

    Its classes must be importable there: a network defined in a script or notebook is
    not, so put it into a module.
    """
    copy = fitted(strategy, data)
    answers = Parallel(n_jobs=2)(delayed(query)(copy, data.X_pool, 5) for _ in range(2))
    here = query(copy, data.X_pool, 5)
    for answer in answers:
        assert np.array_equal(answer, here), (
            "A strategy must answer the same in a joblib worker: depend on nothing "
            "that lives in one process only."
        )


def _global_generators():
    # Read, to see that nobody moved it.
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    state = (name, keys.tobytes(), *rest)
    return state, bytes(torch.get_rng_state().numpy()), random.getstate()


def _state(strategy):
    """Name each attribute with the object it holds, and what an array holds."""
    return {
        name: joblib.hash(value) if isinstance(value, np.ndarray) else id(value)
        for name, value in vars(strategy).items()
        if name != "query_info_"
    }


def _attributes(values):
    return [sorted(vars(value)) for value in values if hasattr(value, "get_params")]


def _answers(strategy, data):
    if not hasattr(strategy, "predict"):
        return np.empty(0)
    return np.asarray(quietly(strategy.predict, data.X_pool))


CHECKS = (
    check_clone_and_params,
    check_positions,
    check_query_info,
    check_candidates,
    check_pool_on_disk,
    check_leaves_alone,
    check_same_seed_same_answer,
    check_next_round_new_draw,
    check_permuted_pool,
    check_rounds,
    check_snapshot,
    check_pickle,
    check_joblib_workers,
)
