"""Grids of experiments: written down, played in parallel, resumed, kept."""

from skactive.experiments.checks import GridError
from skactive.experiments.grid import Grid
from skactive.experiments.progress import grid_status
from skactive.experiments.running import run_grid
from skactive.experiments.store import Store, StoreError

__all__ = ["Grid", "GridError", "Store", "StoreError", "grid_status", "run_grid"]
