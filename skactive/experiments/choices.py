"""The strategies of a grid, and whether a model can answer them."""

import functools
from dataclasses import dataclass

from sklearn.base import clone

import skactive.strategies
from skactive.experiments.checks import (
    GridError,
    check_is,
    check_keys,
    check_known,
    keywords,
)
from skactive.experiments.identity import described_estimator
from skactive.inspection import questions
from skactive.inspection.preparation import final_model

# Given by the grid: the model and the seed of each run.
_OF_THE_GRID = ("estimator", "random_state")


@dataclass(frozen=True, eq=False)
class Choice:
    """
    One strategy of a grid.

    Parameters
    ----------
    label : str
        Its name in the grid.
    strategy : strategy
        Without a model and without a seed.
    """

    label: str
    strategy: object

    def make(self, model):
        """
        Make the strategy of a run.

        Parameters
        ----------
        model : estimator
            Unfitted.

        Returns
        -------
        strategy
            A clone with this model; its seed is left to the simulation, whose own
            draws are then independent of it.
        """
        params = {"estimator": model, "random_state": None}
        known = self.strategy.get_params(deep=False)
        given = {name: value for name, value in params.items() if name in known}
        return clone(self.strategy).set_params(**given)

    @functools.cached_property
    def identity(self):
        """
        What tells this strategy from others.

        Returns
        -------
        dict
            What JSON can hold.
        """
        try:
            return described_estimator(self.strategy, leaving_out=_OF_THE_GRID)
        except ValueError as error:
            raise GridError(f"strategies.{self.label}: {error}") from error


def make_choice(label, value):
    """
    Understand a strategy of a grid.

    Parameters
    ----------
    label : str
        Its name in the grid.
    value : str, dict or strategy
        As `Grid` takes them.

    Returns
    -------
    Choice
        The strategy, for any model.
    """
    where = f"strategies.{label}"
    if callable(getattr(value, "query", None)) and not isinstance(value, type):
        return Choice(label, _checked(where, value))
    value = {"class": value} if isinstance(value, str) else value
    check_is(
        where, value, dict, "the name of a class, a table of settings or a strategy"
    )
    name = value.get("class", label)
    check_known(f"{where}.class", name, skactive.strategies.__all__, "strategy")
    made = getattr(skactive.strategies, name)
    params = {key: given for key, given in value.items() if key != "class"}
    names = keywords(made, leaving_out=_OF_THE_GRID)
    check_keys(where, params, ["class", *names])
    if isinstance(params.get("strategies"), list):
        params["strategies"] = [
            make_choice(f"{label}.strategies", arm).strategy
            for arm in params["strategies"]
        ]
    return Choice(label, made(**params))


def _checked(where, strategy):
    params = strategy.get_params(deep=False) if hasattr(strategy, "get_params") else {}
    if "estimator" not in params:
        raise GridError(
            f"{where}: must have a parameter 'estimator', which the grid fills with "
            f"its models. {type(strategy).__name__} has none."
        )
    filled = [name for name in _OF_THE_GRID if params.get(name) is not None]
    if filled:
        raise GridError(
            f"{where}: {' and '.join(filled)} must be left out: the grid fills in its "
            "own models and seeds."
        )
    return strategy


def lacks(strategy):
    """
    Name the questions of a strategy that its model cannot answer.

    Parameters
    ----------
    strategy : strategy
        With its model, not fitted.

    Returns
    -------
    list of str
        Of "predict_proba", "embed" and "sample_posterior"; empty where all is well.
    """
    model = final_model(strategy.estimator)
    return [
        name
        for name in getattr(strategy, "requires", ())
        if not questions.answers(getattr(questions, name), model)
    ]
