"""A hash of what an object holds, the same in every process."""

import torch
from joblib.hashing import NumpyHasher
from scipy import sparse
from skorch import NeuralNet


def content_hash(value):
    """
    Hash an object by what is in it.

    Parameters
    ----------
    value : object
        Anything that can be pickled: arrays, tensors, fitted estimators, networks.

    Returns
    -------
    str
        Hexadecimal digits. Equal contents have equal hashes, wherever in memory they
        lie and whenever a network was trained.

    Raises
    ------
    pickle.PicklingError, AttributeError, TypeError
        It holds something that cannot be told: a lambda for one.
    """
    return _ByContent(hash_name="md5").hash(value)


class _ByContent(NumpyHasher):
    """joblib's hasher, for what it takes by its place in memory or by its clock."""

    def save(self, obj):
        if isinstance(obj, torch.Tensor):
            obj = "tensor", str(obj.dtype), tuple(obj.shape), _bytes(obj)
        elif isinstance(obj, NeuralNet):  # its history has the seconds of each epoch
            module = getattr(obj, "module_", None)
            state = None if module is None else dict(module.state_dict())
            obj = "net", type(obj), obj.get_params(deep=False), state
        elif sparse.issparse(obj):  # remembers what was asked of it
            obj = sparse.coo_array(obj)
            obj = "sparse", obj.shape, obj.coords, obj.data
        super().save(obj)


def _bytes(tensor):
    # NumPy has no bfloat16.
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy()
