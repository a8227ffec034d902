"""How the papers train, as what skorch takes."""

from torch.utils.data import DataLoader, RandomSampler

from skactive.nets.checks import check_at_least


class FixedLengthLoader(DataLoader):
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
        As for ``torch.utils.data.DataLoader``.

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
