"""
How draws of a posterior are asked for part by part.

What depends on the labelled rows alone is done once, before the first part. An answer
that is registered with ``sample_posterior`` may say how, by ``prepared_by``; any other
is asked for every part anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from skactive.inspection.questions import sample_posterior


@dataclass(frozen=True)
class Sampler:
    """
    Draws from the posterior of one model.

    Parameters
    ----------
    draw : callable
        Takes (X, n_draws, random_state), gives (n_draws, n_samples, width).
    judge : callable or None, default=None
        Takes the draws about all rows and warns of what only they show.
    is_joint : bool, default=False
        Whether rows must be asked about all at once.
    """

    draw: Callable
    judge: Callable | None = None
    is_joint: bool = False


def prepared_by(prepare):
    """
    Say how the draws of an answer to ``sample_posterior`` are prepared.

    Parameters
    ----------
    prepare : callable
        Takes (estimator, labeled), gives a `Sampler`.

    Returns
    -------
    decorator
        For the function that is registered.
    """

    def mark(answer):
        answer.prepare = prepare
        return answer

    return mark


def sampler(estimator, labeled=None):
    """
    Prepare to draw from a fitted model's posterior.

    Parameters
    ----------
    estimator : fitted estimator
        See ``sample_posterior``.
    labeled : tuple or None, default=None
        The labelled rows, where the model asks for them.

    Returns
    -------
    Sampler
        The way to draw.
    """
    answer = sample_posterior.dispatch(type(estimator))
    if hasattr(answer, "prepare"):
        return answer.prepare(estimator, labeled)
    options = {} if labeled is None else {"labeled": labeled}
    return Sampler(partial(sample_posterior, estimator, **options))
