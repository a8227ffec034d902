"""A strategy to play with: cloned, and seeded where it has no seed."""

from sklearn.base import clone

from skactive.utils.random import int_seed


def seeded(strategy, seeds):
    """
    Clone a strategy; give it a seed if it has none.

    Of a chain that ends in a strategy, that one and each transformer get theirs; the
    strategy seeds its own model.

    Parameters
    ----------
    strategy : strategy
        An estimator or a home-made class; not changed.
    seeds : numpy.random.SeedSequence
        Where seeds come from.

    Returns
    -------
    strategy
        The clone.
    """
    strategy = clone(strategy, safe=False)
    if not hasattr(strategy, "get_params"):
        return strategy
    steps = getattr(strategy, "steps", None)
    last = f"{steps[-1][0]}__" if isinstance(steps, list) else ""
    params = strategy.get_params(deep=bool(last))
    missing = sorted(
        name
        for name, value in params.items()
        if value is None and name.rpartition("__")[2] == "random_state"
    )
    own = f"{last}random_state"
    if own in missing:
        strategy.set_params(**{own: int_seed(seeds)})
    others = [name for name in missing if last and not name.startswith(last)]
    children = seeds.spawn(len(others))
    strategy.set_params(
        **{name: int_seed(one) for name, one in zip(others, children, strict=True)}
    )
    return strategy
