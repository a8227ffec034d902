"""A fair comparison of strategies: the same starts, the same tests, paired by seed."""

from dataclasses import dataclass, field
from html import escape

import numpy as np
from joblib import Parallel, delayed
from sklearn.model_selection import train_test_split
from sklearn.utils import get_tags
from sklearn.utils.validation import check_consistent_length

from skactive.evaluation import Run, curve_mean, paired_difference
from skactive.simulation import ActiveLearningSimulation
from skactive.utils.containers import safe_indexing
from skactive.utils.random import draw_entropy, int_seed, seed_sequence
from skactive.utils.validation import num_rows

HEADS = (
    "strategy",
    "mean",
    "last",
    "difference",
    "from",
    "to",
    "smallest",
    "better",
    "s a query",
)


@dataclass(frozen=True)
class StrategyComparison:
    """
    What a comparison has found; printed, it is the table.

    Parameters
    ----------
    runs : list of skactive.evaluation.Run
        One for each strategy and seed, seed by seed.
    baseline : str
        What the others are compared with.
    names : tuple of str
        The strategies, in the order given.

    Attributes
    ----------
    rows : list of dict
        One for each strategy: ``strategy``; ``mean``, the height of the learning curve,
        and ``last``, the score at the last budget, both averaged over seeds;
        ``difference`` of the mean heights from the baseline's, with its 95 % interval
        ``from`` and ``to``, and ``smallest``, the difference that so many seeds could
        have shown; ``better``, "yes", "no" (the baseline is) or "" (not shown either
        way); ``s a query``, the median of seconds.
    """

    runs: list
    baseline: str
    names: tuple
    rows: list = field(init=False, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "rows", [self._row(name) for name in self.names])

    def paired(self, first, second):
        """
        Compare two of the strategies.

        Parameters
        ----------
        first, second : str
            Their names.

        Returns
        -------
        skactive.evaluation.PairedDifference
            Of the mean heights of their learning curves, first − second.
        """
        for name in (first, second):
            if name not in self.names:
                raise ValueError(
                    f"There is no strategy {name!r} in this comparison. Use one of "
                    f"{', '.join(map(repr, self.names))}."
                )
        return paired_difference(self._heights(first), self._heights(second))

    def to_frame(self):
        """
        Give the table as a data frame.

        Returns
        -------
        pandas.DataFrame of shape (n_strategies, 8)
            Indexed by strategy. Needs pandas.
        """
        import pandas as pd

        return pd.DataFrame(self.rows, columns=HEADS).set_index("strategy")

    def _of(self, name):
        return [run for run in self.runs if run.strategy == name]

    def _heights(self, name):
        return {run.seed: curve_mean(run.budget, run.score) for run in self._of(name)}

    def _row(self, name):
        runs = self._of(name)
        seconds = np.concatenate([run.query_seconds for run in runs])
        seconds = seconds[~np.isnan(seconds)]
        row = dict.fromkeys(HEADS, float("nan"))
        row |= {
            "strategy": name,
            "mean": float(np.mean(list(self._heights(name).values()))),
            "last": float(np.mean([run.score[-1] for run in runs])),
            "better": "",
            "s a query": float(np.median(seconds)) if len(seconds) else float("nan"),
        }
        if name == self.baseline:
            return row
        found = self.paired(name, self.baseline)
        row |= {
            "difference": found.mean,
            "from": found.low,
            "to": found.high,
            "smallest": found.smallest,
        }
        if found.is_significant:
            row["better"] = "yes" if found.mean > 0 else "no"
        return row

    def _cells(self):
        return [[_shown(head, row[head]) for head in HEADS] for row in self.rows]

    def __str__(self):
        cells = [list(HEADS), *self._cells()]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]
        n_seeds = len({run.seed for run in self.runs})
        told = (
            f"difference: mean height over {self.baseline}'s, paired over {n_seeds} "
            "seed(s), 95 % t interval"
        )
        return "\n".join([*lines, told])

    __repr__ = __str__

    def _repr_html_(self):
        def line(cells, tag):
            inside = "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)
            return f"<tr>{inside}</tr>"

        body = "".join(line(cells, "td") for cells in self._cells())
        caption = escape(str(self).splitlines()[-1])
        return f"<table>{line(HEADS, 'th')}{body}</table><p>{caption}</p>"


def _shown(head, value):
    if isinstance(value, str):
        return value
    if np.isnan(value):
        return "-"
    return f"{value:+.4f}" if head in ("difference", "from", "to") else f"{value:.4f}"


def compare_strategies(
    strategies,
    X,
    y,
    *,
    X_eval=None,
    y_eval=None,
    test_size=0.3,
    n_repeats=5,
    baseline=None,
    n_jobs=None,
    random_state=0,
    **loop,
):
    """
    Compare strategies on labelled data, paired over seeds.

    Each seed has its own split, its own labels to start from and its own seed for the
    strategies, the same for all of them: differences between strategies are then not
    those between splits.

    Parameters
    ----------
    strategies : dict of str to strategy, or list of strategy
        What to compare; strategies of a list are named by their classes.
    X : array-like of shape (n_samples, n_features) or (n_samples, ...)
        Rows; without ``X_eval`` some are set aside for scoring, anew for each seed.
    y : array-like of shape (n_samples,)
        Their labels.
    X_eval, y_eval : array-like or None, default=None
        Rows and labels to score on, the same for all seeds.
    test_size : float, default=0.3
        Share of the rows set aside for scoring, in (0, 1); stratified by class where
        the model is a classifier.
    n_repeats : int, default=5
        Number of seeds; a difference needs at least 2 to be tested.
    baseline : str or None, default=None
        What the others are compared with; None is the first.
    n_jobs : int or None, default=None
        Runs played at the same time, as everywhere in scikit-learn.
    random_state : int, RandomState instance or None, default=0
        Seeds the seeds.
    **loop : dict
        Parameters of ``ActiveLearningSimulation``: ``n_initial``, ``batch_size``,
        ``n_queries``, ``pool_size``, ``scoring``, ….

    Returns
    -------
    StrategyComparison
        The table, the learning curves, and paired differences of any two.

    Raises
    ------
    TypeError
        ``ActiveLearningSimulation`` has no such parameter.
    ValueError
        A name is given twice or is not there, a number is out of range, or a metric
        refused a round.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skactive import MarginSampling, RandomSampling
    >>> from skactive.model_selection import compare_strategies
    >>> X, y = load_iris(return_X_y=True)
    >>> found = compare_strategies(
    ...     [RandomSampling(), MarginSampling()], X, y, n_initial=6, n_queries=4
    ... )
    >>> found.paired("MarginSampling", "RandomSampling").n
    5
    """
    named = _named(strategies)
    baseline = next(iter(named)) if baseline is None else baseline
    if baseline not in named:
        raise ValueError(
            f"The 'baseline' parameter must be one of {', '.join(map(repr, named))}. "
            f"Got {baseline!r} instead."
        )
    if isinstance(n_repeats, bool) or not isinstance(n_repeats, int) or n_repeats < 1:
        raise ValueError(
            f"The 'n_repeats' parameter must be an int >= 1. Got {n_repeats!r} instead."
        )
    if (X_eval is None) != (y_eval is None):
        raise ValueError("X_eval and y_eval belong together: pass both, or neither.")
    own = [name for name in ("strategy", "keep_estimators") if name in loop]
    if own:
        raise ValueError(f"The parameter {own[0]!r} is set here. Leave it out.")
    X = np.asarray(X) if isinstance(X, list | tuple) else X
    check_consistent_length(X, y)
    ActiveLearningSimulation(None, **loop)  # refuses what it does not know
    y = np.asarray(y)
    evaluation = None if X_eval is None else (X_eval, np.asarray(y_eval))
    entropy = draw_entropy(random_state)
    seeds = [int_seed(seed_sequence(entropy, repeat)) for repeat in range(n_repeats)]
    stratify = y if _classifies(next(iter(named.values()))) else None
    runs = Parallel(n_jobs=n_jobs)(
        delayed(_play)(repeat, seed, name, strategy, loop, *parts)
        for repeat, seed in enumerate(seeds)
        for parts in [_parts(X, y, evaluation, test_size, stratify, seed)]
        for name, strategy in named.items()
    )
    return StrategyComparison(runs, baseline, tuple(named))


def _named(strategies):
    if isinstance(strategies, dict):
        named = dict(strategies)
    else:
        if not isinstance(strategies, list | tuple):
            raise TypeError(
                "The 'strategies' parameter must be a dict or a list of strategies. "
                f"Got {type(strategies).__name__} instead."
            )
        pairs = [(type(strategy).__name__, strategy) for strategy in strategies]
        named = dict(pairs)
        if len(named) < len(pairs):
            raise ValueError(
                "Two strategies of the list have the same class "
                f"({', '.join(name for name, _ in pairs)}). Pass a dict with a name "
                "for each."
            )
    if not named:
        raise ValueError("The 'strategies' parameter is empty: nothing to compare.")
    return named


def _classifies(strategy):
    has_tags = hasattr(strategy, "__sklearn_tags__")
    return has_tags and get_tags(strategy).estimator_type == "classifier"


def _parts(X, y, evaluation, test_size, stratify, seed):
    """Give rows and labels to play with, and those to score on."""
    if evaluation is not None:
        return X, y, *evaluation
    train, test = train_test_split(
        np.arange(num_rows(X)),
        test_size=test_size,
        stratify=stratify,
        random_state=seed,
    )
    return safe_indexing(X, train), y[train], safe_indexing(X, test), y[test]


def _play(repeat, seed, name, strategy, loop, X, y, X_eval, y_eval):
    simulation = ActiveLearningSimulation(
        strategy, **loop, keep_estimators=False, random_state=seed
    ).fit(X, y, X_eval, y_eval)
    curve = simulation.learning_curve_
    if np.isnan(curve.score).any():
        raise ValueError(
            f"{name}: the model of {curve.budget[np.isnan(curve.score)][0]} labels "
            f"could not be scored with scoring={simulation.scoring!r}. Use another "
            "metric, or a larger n_initial."
        )
    return Run(
        dataset="data",
        model="model",
        batch_size=simulation.batch_size,
        strategy=name,
        seed=repeat,
        budget=curve.budget,
        score=curve.score,
        query_seconds=curve.query_seconds,
        fit_seconds=curve.fit_seconds,
        acquired=y[simulation.labeled_indices_],
    )
