"""How rows reach a net in training: whole mini-batches, epochs of one length."""

import numpy as np
import torch
from skorch.dataset import Dataset
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    Subset,
)

from skactive.nets.checks import check_at_least


class BatchLoader(DataLoader):
    """
    Loader that reads a mini-batch at once, not row by row.

    The mini-batches are those of torch's ``DataLoader``, at half the cost of training a
    small network: there, 64 rows are read, converted and stacked one by one. Where the
    rows are no arrays or tensors inside skorch's own ``Dataset``, or a ``collate_fn``
    or ``batch_sampler`` is given, it is torch's loader.

    Parameters
    ----------
    dataset : Dataset
        The rows.
    batch_size : int, default=1
        Rows in a mini-batch.
    shuffle : bool, default=False
        Whether to go through the rows in random order.
    sampler : Sampler or None, default=None
        Gives the order of the rows, in place of ``shuffle``.
    drop_last : bool, default=False
        Whether to leave out a last mini-batch that is not full.
    **options
        As for ``torch.utils.data.DataLoader``.

    Examples
    --------
    >>> import numpy as np
    >>> from skorch.dataset import Dataset
    >>> from skactive.nets import BatchLoader
    >>> X = np.zeros((5, 2), dtype=np.float32)
    >>> loader = BatchLoader(Dataset(X, np.arange(5)), batch_size=3)
    >>> [y.tolist() for _, y in loader]
    [[0, 1, 2], [3, 4]]
    """

    def __init__(
        self,
        dataset,
        batch_size=1,
        shuffle=False,
        *,
        sampler=None,
        drop_last=False,
        **options,
    ):
        arrays = _Arrays.of(dataset)
        is_own = "collate_fn" in options or "batch_sampler" in options
        if arrays is None or is_own or batch_size is None:
            options |= {"batch_size": batch_size, "drop_last": drop_last}
            super().__init__(dataset, shuffle=shuffle, sampler=sampler, **options)
            return
        if sampler is None and shuffle:
            sampler = RandomSampler(dataset, generator=options.get("generator"))
        elif sampler is None:
            sampler = SequentialSampler(dataset)
        batches = BatchSampler(sampler, batch_size, drop_last)
        super().__init__(arrays, batch_size=None, sampler=batches, **options)


class FixedLengthLoader(BatchLoader):
    """
    Loader whose epochs have one length, however few rows there are.

    Rows are drawn with replacement. An epoch over twenty labelled rows is one step,
    too little to stop early by; with this as ``iterator_train`` of a skorch net an
    epoch is as long in the first round of labelling as in the last.

    Parameters
    ----------
    dataset : Dataset
        The rows.
    epoch_length : int, default=1024
        Rows drawn in an epoch: ``iterator_train__epoch_length`` of the net.
    shuffle : bool, default=True
        Of no effect: rows are always drawn at random.
    **options
        As for `BatchLoader`.

    Examples
    --------
    >>> import torch
    >>> from skactive.nets import FixedLengthLoader
    >>> loader = FixedLengthLoader(torch.arange(3), epoch_length=10, batch_size=4)
    >>> [len(batch) for batch in loader]
    [4, 4, 2]
    """

    def __init__(self, dataset, epoch_length=1024, *, shuffle=True, **options):
        check_at_least(self, 1, epoch_length=epoch_length)
        sampler = RandomSampler(dataset, replacement=True, num_samples=epoch_length)
        super().__init__(dataset, sampler=sampler, **options)


class _Arrays(torch.utils.data.Dataset):
    """The rows of a skorch dataset, read by many positions at once."""

    def __init__(self, X, y, n_rows):
        self.X, self.y, self.n_rows = X, y, n_rows

    @classmethod
    def of(cls, dataset):
        """Give the arrays inside a dataset; None where it holds something else."""
        if isinstance(dataset, Subset):
            inner = cls.of(dataset.dataset)
            return None if inner is None else _Some(inner, dataset.indices)
        kind = type(dataset)
        is_plain = isinstance(dataset, Dataset) and (
            kind.__getitem__ is Dataset.__getitem__
            and kind.transform is Dataset.transform
        )
        if not is_plain or not _is_array(dataset.X):
            return None
        if dataset.y is not None and not _is_array(dataset.y):
            return None
        return cls(dataset.X, dataset.y, len(dataset))

    def __len__(self):
        return self.n_rows

    def __getitem__(self, at):
        # Without targets skorch gives a 0 for each row.
        y = torch.zeros(len(at), 1) if self.y is None else _rows(self.y, at)
        return _rows(self.X, at), y


class _Some(torch.utils.data.Dataset):
    def __init__(self, arrays, positions):
        self.arrays, self.positions = arrays, np.asarray(positions)

    def __len__(self):
        return len(self.positions)

    def __getitem__(self, at):
        return self.arrays[self.positions[at]]


def _is_array(rows):
    if isinstance(rows, torch.Tensor):
        return True
    return isinstance(rows, np.ndarray) and rows.dtype.kind in "fiub"


def _rows(rows, at):
    return rows[at] if isinstance(rows, torch.Tensor) else torch.from_numpy(rows[at])
