"""Data sets for simulations, split into a pool to label and a set to score on."""

from skactive.datasets.arrays import from_npz
from skactive.datasets.bundled import list_datasets, load_dataset, load_digits_pool
from skactive.datasets.fetching import (
    fetch_cifar10,
    fetch_cifar100,
    fetch_emnist_balanced,
    fetch_fashion_mnist,
    fetch_kropt,
    fetch_letter,
    fetch_mnist,
    fetch_pokerhand,
    fetch_random_rbf,
    fetch_svhn,
)
from skactive.datasets.repetition import repeated
from skactive.datasets.splitting import TASKS
from skactive.datasets.tables import load_table
from skactive.datasets.toys import (
    make_clusters,
    make_gaussian_design,
    make_orthonormal_design,
    make_quadrants,
)

__all__ = [
    "TASKS",
    "fetch_cifar10",
    "fetch_cifar100",
    "fetch_emnist_balanced",
    "fetch_fashion_mnist",
    "fetch_kropt",
    "fetch_letter",
    "fetch_mnist",
    "fetch_pokerhand",
    "fetch_random_rbf",
    "fetch_svhn",
    "from_npz",
    "list_datasets",
    "load_dataset",
    "load_digits_pool",
    "load_table",
    "make_clusters",
    "make_gaussian_design",
    "make_orthonormal_design",
    "make_quadrants",
    "repeated",
]
