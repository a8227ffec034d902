"""One code for a pool at hand and a pool in parts on workers."""

from skactive.kernels.parts import Whole


def in_parts(strategy, pool, build, **options):
    """
    Give a pool as kernels take it in parts.

    Parameters
    ----------
    strategy : QueryStrategy
        Who asks.
    pool : Bunch
        What ``_query`` was given.
    build : callable
        Called with (strategy, answers, start, **options) for each part, where answers
        are those of the part's rows; gives the kernel's part. A function of a module,
        so that it can be sent to workers.
    **options : dict
        What else it takes.

    Returns
    -------
    Whole or alike
        One part where the pool is at hand; else those on the workers.
    """
    if "parts" in pool:
        return pool.parts.make(build, **options)
    return Whole(build(strategy, pool, 0, **options))
