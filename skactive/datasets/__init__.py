"""Data sets for simulations, split into a pool to label and a set to score on."""

from skactive.datasets.arrays import from_npz
from skactive.datasets.bundled import list_datasets, load_dataset
from skactive.datasets.repetition import repeated
from skactive.datasets.splitting import TASKS
from skactive.datasets.tables import load_table

__all__ = [
    "TASKS",
    "from_npz",
    "list_datasets",
    "load_dataset",
    "load_table",
    "repeated",
]
