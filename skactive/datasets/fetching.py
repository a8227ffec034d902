"""A function for each table of OpenML, as scikit-learn has them."""

from skactive.datasets.openml import TABLES, fetch

_SUMMARY = """
    Load {name} (OpenML {table.data_id}), downloaded at the first use.

    {table.n_rows:,} rows of {table.n_features} columns, split {split}. The same as
    ``load_dataset("{name}")``, which says more.

    Parameters
    ----------
"""
_RANDOM = """    test_size : float or None, default=None
        Share of the rows to score on, in (0, 1); None is 0.3.
    random_state : int, RandomState instance or None, default=0
        Seeds the split, which is stratified.
"""
_REST = """    data_home : str, Path or None, default=None
        Folder for what is downloaded; None is scikit-learn's.

    Returns
    -------
    Bunch
        As `load_dataset` gives it.

    Raises
    ------
    ConnectionError
        There is no copy, and none can be downloaded.
    ImportError
        The library pandas is not installed.
    """


def _fetcher(name):
    table = TABLES[name]
    if table.n_train is None:

        def function(*, test_size=None, random_state=0, data_home=None):
            return fetch(
                name,
                data_home=data_home,
                test_size=test_size,
                random_state=random_state,
            )

        split, parameters = "at random", _RANDOM
    else:

        def function(*, data_home=None):
            return fetch(name, data_home=data_home)

        split, parameters = f"after the first {table.n_train:,}", ""
    function.__name__ = function.__qualname__ = f"fetch_{name}"
    text = _SUMMARY.format(name=name, table=table, split=split) + parameters + _REST
    function.__doc__ = text
    return function


fetch_mnist = _fetcher("mnist")
fetch_fashion_mnist = _fetcher("fashion_mnist")
fetch_emnist_balanced = _fetcher("emnist_balanced")
fetch_cifar10 = _fetcher("cifar10")
fetch_cifar100 = _fetcher("cifar100")
fetch_svhn = _fetcher("svhn")
fetch_letter = _fetcher("letter")
fetch_pokerhand = _fetcher("pokerhand")
fetch_random_rbf = _fetcher("random_rbf")
fetch_kropt = _fetcher("kropt")
