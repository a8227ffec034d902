"""Pipelines: transform, then ask the last step."""

from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skactive.inspection.preparation import code_targets, final_model
from skactive.inspection.questions import embed, predict_proba, sample_posterior
from skactive.utils.validation import num_rows


def _transformed(pipeline, X):
    check_is_fitted(pipeline)
    return pipeline[:-1].transform(X) if len(pipeline.steps) > 1 else X


def _asking_last_step(question):
    def ask(pipeline, X, *args, **kwargs):
        return question(pipeline[-1], _transformed(pipeline, X), *args, **kwargs)

    return ask


for _question in (predict_proba, embed, sample_posterior):
    _question.register(Pipeline, _asking_last_step(_question))


@final_model.register(Pipeline)
def _(pipeline):
    return final_model(pipeline.steps[-1][1])


@code_targets.register(Pipeline)
def _(pipeline, X, y, classes=None):
    last = pipeline.steps[-1][1]
    is_plain = code_targets.dispatch(type(final_model(last))) is code_targets.dispatch(
        object
    )
    if len(pipeline.steps) > 1 and num_rows(X) and not is_plain:
        # A network must see two transformed rows: a copy of the transformers is
        # fitted for that, once more than the pipeline itself will do.
        X = clone(pipeline[:-1]).fit(X, y).transform(X)
    return code_targets(last, X, y, classes)
