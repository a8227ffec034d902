"""Runs laid out by setting, strategy and seed."""

from typing import NamedTuple

from skactive.evaluation.runs import Run


class Setting(NamedTuple):
    """
    What is the same for all strategies that are compared.

    Parameters
    ----------
    dataset : str
        Name of the data set.
    model : str
        Name of the model.
    batch_size : int
        Labels asked for in each query.
    """

    dataset: str
    model: str
    batch_size: int

    def __str__(self):
        """Give the setting as a line of text."""
        return f"{self.dataset}, {self.model}, batches of {self.batch_size}"


class LeftOut(NamedTuple):
    """
    What a comparison leaves out, and why.

    Parameters
    ----------
    setting : Setting
        Where it is left out.
    strategies : tuple of str
        The strategy, or the two whose comparison is left out; empty for the whole
        setting.
    reason : str
        Why, as a part of a sentence.
    """

    setting: Setting
    strategies: tuple
    reason: str

    def __str__(self):
        """Give a sentence."""
        names = " and ".join(self.strategies) or "the whole setting"
        return f"{self.setting}: {names}: {self.reason}."


def by_setting(runs):
    """
    Lay out runs by setting, strategy and seed.

    Parameters
    ----------
    runs : list of Run
        The runs, in any order.

    Returns
    -------
    dict
        ``{Setting: {strategy: {seed: Run}}}``, settings and strategies in the order
        in which they are first met.

    Raises
    ------
    TypeError
        Something in the list is no Run.
    ValueError
        There are no runs, or two runs have the same setting, strategy and seed.

    Examples
    --------
    >>> from skactive.evaluation import Run, by_setting
    >>> runs = [Run("digits", "mlp", 5, "random", s, [5], [0.3]) for s in (0, 1)]
    >>> ((setting, strategies),) = by_setting(runs).items()
    >>> str(setting), sorted(strategies["random"])
    ('digits, mlp, batches of 5', [0, 1])
    """
    runs = list(runs)
    if not runs:
        raise ValueError("The 'runs' parameter must hold at least one run. Got none.")
    laid = {}
    for run in runs:
        if not isinstance(run, Run):
            raise TypeError(
                "The 'runs' parameter must be a list of skactive.evaluation.Run. Got "
                f"{type(run).__name__} in it instead."
            )
        setting = Setting(run.dataset, run.model, run.batch_size)
        seeds = laid.setdefault(setting, {}).setdefault(run.strategy, {})
        if run.seed in seeds:
            raise ValueError(
                "The 'runs' parameter must hold one run for each setting, strategy and "
                f"seed. Got two of {run.strategy!r} with seed {run.seed} on {setting}."
            )
        seeds[run.seed] = run
    return laid


def strategies_of(laid):
    """
    Give the names of all strategies in the order in which they are first met.

    Parameters
    ----------
    laid : dict
        What `by_setting` gives.

    Returns
    -------
    tuple of str
        The names, each once.
    """
    return tuple(dict.fromkeys(name for group in laid.values() for name in group))


def scores_at(seeds, budget):
    """
    Give the score of each run that was measured at a budget.

    Parameters
    ----------
    seeds : dict of int to Run
        The runs of one setting and strategy by seed.
    budget : float
        Number of labels.

    Returns
    -------
    dict of int to float
        The scores by seed; runs without this budget are not in it.
    """
    return {
        seed: float(run.score[run.budget == budget][0])
        for seed, run in seeds.items()
        if (run.budget == budget).any()
    }
