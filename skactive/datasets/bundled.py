"""Data sets by name: scikit-learn's own, toys, and those of OpenML."""

import numpy as np
import sklearn.datasets

from skactive.datasets.openml import TABLES, fetch
from skactive.datasets.scaling import AS_TABLE, standardized
from skactive.datasets.splitting import bundle, divide, listed
from skactive.datasets.toys import make_clusters, make_quadrants
from skactive.utils.random import draw_entropy

_SKLEARN = {
    "digits": sklearn.datasets.load_digits,
    "iris": sklearn.datasets.load_iris,
    "wine": sklearn.datasets.load_wine,
    "breast_cancer": sklearn.datasets.load_breast_cancer,
    "diabetes": sklearn.datasets.load_diabetes,
}
_TOYS = {"quadrants": make_quadrants, "clusters": make_clusters}
_AS_DIGITS = "Pixels were divided by 16, to lie in [0, 1]."


def list_datasets(*, offline=False):
    """
    List the names that `load_dataset` knows.

    Parameters
    ----------
    offline : bool, default=False
        Whether to leave out what is downloaded from OpenML at the first use.

    Returns
    -------
    list of str
        The names.
    """
    return [*_SKLEARN, *_TOYS, *([] if offline else TABLES)]


def load_dataset(name, *, test_size=None, random_state=0, scale=True, data_home=None):
    """
    Load a data set by its name, split for a simulation.

    Those of scikit-learn (digits, iris, wine, breast_cancer, diabetes) and the toys of
    the paper on uncertainty-scaled core-sets (quadrants, clusters) need no network. The
    others come from OpenML at the first use and are kept in ``data_home``:

    =============== ===== ============================ ==============================
    name            id    rows × columns, classes      to train on
    =============== ===== ============================ ==============================
    mnist           554   70,000 × 784, 10             the first 60,000
    fashion_mnist   40996 70,000 × 784, 10             the first 60,000
    emnist_balanced 41039 131,600 × 784, 47            the first 112,800
    cifar10         40927 60,000 × 3072, 10            the first 50,000
    cifar100        41983 60,000 × 3072, 100           the first 50,000
    svhn            41081 99,289 × 3072, 10            the first 73,257
    letter          6     20,000 × 16, 26              the first 16,000
    pokerhand       155   829,201 × 10, 10             70 % at random
    random_rbf      156   1,000,000 × 10, 5            70 % at random
    kropt           184   28,056 × 6, 18               70 % at random
    =============== ===== ============================ ==============================

    Parameters
    ----------
    name : str
        A name that `list_datasets` gives.
    test_size : float or None, default=None
        Share of the rows to score on, in (0, 1), drawn at random; None is 0.3. Not for
        sets with a usual split.
    random_state : int, RandomState instance or None, default=0
        Seeds the split, which is stratified for classification, and the toys.
    scale : bool, default=True
        Whether to scale what comes with scikit-learn: the digits to [0, 1], other
        columns to mean 0 and variance 1 over the training rows. Sets of OpenML are
        always scaled, pixels to [0, 1]; toys never.
    data_home : str, Path or None, default=None
        Folder for what is downloaded; None is scikit-learn's.

    Returns
    -------
    Bunch
        ``X_train`` and ``X_test``, flat float32 rows; ``y_train`` and ``y_test``,
        classes numbered from 0 or targets; ``feature_names``; ``target_names`` (None
        for regression); ``name``; ``task`` ("classification" or "regression");
        ``image_shape``, (channels, height, width) where rows are flat images in this
        order, otherwise None; and ``scaling``, a sentence on what was scaled.

    Raises
    ------
    ConnectionError
        There is no copy of a table of OpenML, and none can be downloaded.
    ImportError
        The library pandas, which reads the tables of OpenML, is not installed.
    ValueError
        There is no data set of that name, or ``test_size`` is given for one with a
        usual split.

    Notes
    -----
    Columns of text (all of kropt) become the positions of their values in sorted
    order. Images of CIFAR and SVHN take some gigabytes while they are read. EMNIST's
    images lie on their side, as published.

    Examples
    --------
    >>> from skactive.datasets import load_dataset
    >>> data = load_dataset("iris")
    >>> data.task, data.X_train.shape, data.X_test.shape
    ('classification', (105, 4), (45, 4))
    """
    if not scale and name not in _SKLEARN and name in list_datasets():
        raise ValueError(
            "The 'scale' parameter of load_dataset is for scikit-learn's own data sets "
            f"({listed(_SKLEARN)}). Got scale=False for {name!r}; leave it out."
        )
    if name in TABLES:
        return fetch(
            name, data_home=data_home, test_size=test_size, random_state=random_state
        )
    if name not in list_datasets(offline=True):
        raise ValueError(
            f"There is no data set named {name!r}. Use one of "
            f"{listed(list_datasets())}; load_table or from_npz for a file of your own."
        )
    test_size = 0.3 if test_size is None else test_size
    load = _toy if name in _TOYS else _from_sklearn
    return load(name, test_size, random_state, scale)


def load_digits_pool(*, test_size=None, random_state=0):
    """
    Load scikit-learn's handwritten digits, split for a simulation.

    The same as ``load_dataset("digits")``: 1797 images of 8 by 8, in [0, 1].

    Parameters
    ----------
    test_size : float or None, default=None
        Share of the rows to score on, in (0, 1); None is 0.3.
    random_state : int, RandomState instance or None, default=0
        Seeds the split, which is stratified.

    Returns
    -------
    Bunch
        As `load_dataset` gives it.

    Examples
    --------
    >>> from skactive.datasets import load_digits_pool
    >>> load_digits_pool().X_train.shape
    (1257, 64)
    """
    return load_dataset("digits", test_size=test_size, random_state=random_state)


def _toy(name, test_size, random_state, scale):
    X, y = _TOYS[name](random_state=draw_entropy(random_state))
    return bundle(
        *divide(X, y, stratify=True, test_size=test_size, random_state=random_state),
        name=name,
        feature_names=["x1", "x2"],
        target_names=np.unique(y),
    )


def _from_sklearn(name, test_size, random_state, scale):
    raw = _SKLEARN[name]()
    target_names = raw.get("target_names")
    X_train, y_train, X_test, y_test = divide(
        raw.data,
        raw.target,
        stratify=target_names is not None,
        test_size=test_size,
        random_state=random_state,
    )
    about = {"image_shape": (1, 8, 8)} if name == "digits" else {}
    if scale and name == "digits":
        X_train, X_test = X_train / 16, X_test / 16
        about |= {"scaling": _AS_DIGITS}
    elif scale:
        X_train, X_test = standardized(X_train, X_test)
        about |= {"scaling": AS_TABLE}
    return bundle(
        X_train,
        y_train,
        X_test,
        y_test,
        name=name,
        feature_names=list(raw.feature_names),
        target_names=target_names,
        **about,
    )
