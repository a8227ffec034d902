"""Which checks run on which strategy."""

from functools import partial
from inspect import cleandoc

from sklearn.base import clone

from skactive.utils.strategy_checks import _contract, _data, _input, _models

_FILES = (_contract, _input, _models)


def check_strategy(strategy, X=None, y=None):
    """
    Run every check that applies to a strategy.

    Parameters
    ----------
    strategy : strategy
        An instance over the model to be checked with; it is cloned, never fitted.
    X : array-like of shape (n_samples, n_features) or (n_samples, ...), default=None
        Rows that its model takes, at least 40 with all of them different. None makes
        60 rows of 4 features.
    y : array-like of shape (n_samples,), default=None
        Their labels.

    Raises
    ------
    AssertionError
        A check failed; the message says which and what to do.

    Examples
    --------
    >>> from skactive import MarginSampling
    >>> from skactive.utils.strategy_checks import check_strategy
    >>> check_strategy(MarginSampling())
    """
    data = _data.make_data(strategy, X, y)
    for check in _applicable(strategy, data):
        _run(check, data, strategy)


def parametrize_with_strategy_checks(strategies, X=None, y=None):
    """
    Make a pytest decorator that runs each check on each strategy as a test.

    Parameters
    ----------
    strategies : list of strategy
        Instances over the models to be checked with.
    X : array-like of shape (n_samples, n_features) or (n_samples, ...), default=None
        Rows that the models take; see ``check_strategy``.
    y : array-like of shape (n_samples,), default=None
        Their labels.

    Returns
    -------
    decorator
        A ``pytest.mark.parametrize`` over "strategy" and "check".

    Examples
    --------
    >>> from skactive import MarginSampling
    >>> from skactive.utils.strategy_checks import parametrize_with_strategy_checks
    >>> @parametrize_with_strategy_checks([MarginSampling()])
    ... def test_my_strategy(strategy, check):
    ...     check(strategy)
    """
    import pytest

    cases, names = [], []
    for strategy in strategies:
        data = _data.make_data(strategy, X, y)
        for check in _applicable(strategy, data):
            cases.append((strategy, partial(_run, check, data)))
            names.append(f"{_data.name_of(strategy)}-{check.__name__}")
    return pytest.mark.parametrize("strategy, check", cases, ids=names)


def _run(check, data, strategy):
    try:
        check(clone(strategy), data)
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(
            f"{cleandoc(check.__doc__)} But the strategy raised "
            f"{type(error).__name__}: {error}"
        ) from error


def _applicable(strategy, data):
    for file in _FILES:
        for check in file.CHECKS:
            if getattr(check, "applies", lambda *_: True)(strategy, data):
                yield check
