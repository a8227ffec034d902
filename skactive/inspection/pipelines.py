"""Pipelines: transform, then ask the last step."""

from dataclasses import replace

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skactive.inspection.laplace import last_layer
from skactive.inspection.preparation import code_targets, final_model
from skactive.inspection.questions import embed, predict_proba, sample_posterior
from skactive.inspection.sampling import prepared_by, sampler
from skactive.inspection.seeding import isolated_random, seed_parameters
from skactive.utils.validation import num_rows


def _transformed(pipeline, X):
    check_is_fitted(pipeline)
    return pipeline[:-1].transform(X) if len(pipeline.steps) > 1 else X


def _asking_last_step(question):
    def ask(pipeline, X, *args, labeled=None, **kwargs):
        if labeled is not None:
            X_labeled, *rest = labeled
            kwargs["labeled"] = (_transformed(pipeline, X_labeled), *rest)
        return question(pipeline[-1], _transformed(pipeline, X), *args, **kwargs)

    return ask


def _sampling_last_step(pipeline, labeled=None):
    if labeled is not None:
        X_labeled, *rest = labeled
        labeled = (_transformed(pipeline, X_labeled), *rest)
    inner = sampler(pipeline[-1], labeled)

    def draw(X, n_draws, random_state):
        return inner.draw(_transformed(pipeline, X), n_draws, random_state)

    return replace(inner, draw=draw)


for _question in (predict_proba, embed, sample_posterior, last_layer):
    _question.register(Pipeline, _asking_last_step(_question))
prepared_by(_sampling_last_step)(sample_posterior.dispatch(Pipeline))


@final_model.register(Pipeline)
def _(pipeline):
    return final_model(pipeline.steps[-1][1])


@code_targets.register(Pipeline)
def _(pipeline, X, y, classes=None):
    last = pipeline.steps[-1][1]
    is_plain = code_targets.dispatch(type(final_model(last))) is code_targets.dispatch(
        object
    )
    if len(pipeline.steps) > 1 and not is_plain:
        X = _as_last_step_sees(pipeline, X, y)
    return code_targets(last, X, y, classes)


def _as_last_step_sees(pipeline, X, y):
    """Transform rows for a network, which must see two of them."""
    if _is_fitted(pipeline):
        rows = X[:2] if num_rows(X) else np.zeros((1, *X.shape[1:]), dtype=np.float32)
        return pipeline[:-1].transform(rows)
    if not num_rows(X):
        raise ValueError(
            "X_labeled has no rows, and the transformers before the net cannot be "
            "fitted without. Give it some, or freeze a fitted Pipeline."
        )
    # A copy of the transformers is fitted for that, once more than the pipeline
    # itself will do.
    transformers = clone(pipeline[:-1])
    seed_parameters(transformers, np.random.SeedSequence(0))
    with isolated_random(seed=0):
        return transformers.fit(X, y).transform(X)


def _is_fitted(pipeline):
    """Ask every step: a pipeline asks its last one only, which may be frozen."""
    try:
        for _, step in pipeline.steps:
            if step is not None and not isinstance(step, str):
                check_is_fitted(step)
    except NotFittedError:
        return False
    return True
