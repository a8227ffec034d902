"""The data sets that scikit-learn brings along."""

import sklearn.datasets

from skactive.datasets.splitting import listed, split

_SKLEARN = {
    "digits": sklearn.datasets.load_digits,
    "iris": sklearn.datasets.load_iris,
    "wine": sklearn.datasets.load_wine,
    "breast_cancer": sklearn.datasets.load_breast_cancer,
    "diabetes": sklearn.datasets.load_diabetes,
}


def list_datasets():
    """
    List the names that `load_dataset` knows.

    Returns
    -------
    list of str
        The names.
    """
    return list(_SKLEARN)


def load_dataset(name, *, test_size=0.3, random_state=0):
    """
    Load one of scikit-learn's own data sets, split for a simulation.

    Parameters
    ----------
    name : str
        A name that `list_datasets` gives.
    test_size : float, default=0.3
        Share of the rows to score on, in (0, 1).
    random_state : int, RandomState instance or None, default=0
        Seeds the split, which is stratified for classification.

    Returns
    -------
    Bunch
        ``X_train``, ``X_test``, ``y_train``, ``y_test``, ``feature_names``,
        ``target_names`` (None for regression), ``name`` and ``task``
        ("classification" or "regression"). Classes are numbered from 0.

    Raises
    ------
    ValueError
        There is no data set of that name.

    Examples
    --------
    >>> from skactive.datasets import load_dataset
    >>> data = load_dataset("iris")
    >>> data.task, data.X_train.shape, data.X_test.shape
    ('classification', (105, 4), (45, 4))
    """
    if name not in _SKLEARN:
        raise ValueError(
            f"There is no data set named {name!r}. Use one of {listed(_SKLEARN)}, or "
            "load_table for a file of your own."
        )
    raw = _SKLEARN[name]()
    return split(
        raw.data,
        raw.target,
        name=name,
        feature_names=list(raw.feature_names),
        target_names=raw.get("target_names"),
        test_size=test_size,
        random_state=random_state,
    )
