"""Pools of the tests that are no arrays, at module level so that they pickle."""

import numpy as np
import torch
from torch.utils.data import Dataset, IterableDataset


class Counting:
    """As HDF5 and zarr have it: a shape, a dtype, slices of rows; it counts reads."""

    def __init__(self, rows, most=None, chunks=None):
        self.rows = rows
        self.shape, self.dtype = rows.shape, rows.dtype
        self.most = most
        self.slices = []
        if chunks is not None:
            self.chunks = chunks

    def __getitem__(self, key):
        assert isinstance(key, slice) and key.step in (None, 1), "slices of rows only"
        read = self.rows[key]
        assert self.most is None or len(read) <= self.most, "too many rows at once"
        self.slices.append((key.start, key.stop))
        return read.copy()

    def __array__(self, dtype=None, copy=None):
        raise AssertionError("must not be read whole")

    @property
    def n_read(self):
        return sum(stop - start for start, stop in self.slices)

    @property
    def read(self):
        ranges = [np.arange(*each) for each in self.slices]
        return np.unique(np.concatenate([*ranges, []]))


class Items(Dataset):
    """A map-style data set: rows alone, or with what is said to be their labels."""

    def __init__(self, rows, labeled=False, as_tensor=False):
        self.rows, self.labeled, self.as_tensor = rows, labeled, as_tensor
        self.read = []

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, position):
        self.read.append(position)
        row = self.rows[position]
        row = torch.as_tensor(row) if self.as_tensor else row
        return (row, "a label") if self.labeled else row


class Endless(IterableDataset):
    def __iter__(self):
        while True:
            yield np.zeros(4)
