"""Negative log posterior of a softmax or sigmoid layer, and its Hessian, in float64."""

import torch


def negative_log_posterior(weights, z, y, ridge, row_weights):
    """Sum the weighted log losses of the labels and half the ridge of each weight."""
    logits = z @ weights.T
    if len(weights) == 1:
        signs = 2.0 * y - 1
        losses = -torch.nn.functional.logsigmoid(signs * logits[:, 0])
    else:
        losses = -logits.log_softmax(1)[torch.arange(len(y)), y]
    return (row_weights * losses).sum() + (ridge * weights**2).sum() / 2


def gradient_and_hessian(weights, z, y, ridge, row_weights):
    """Differentiate at the weights, flattened row by row."""
    tensors = [torch.as_tensor(part) for part in (z, y, ridge, row_weights)]

    def loss(flat):
        return negative_log_posterior(flat.reshape(weights.shape), *tensors)

    flat = torch.as_tensor(weights, dtype=torch.float64).flatten()
    gradient = torch.autograd.functional.jacobian(loss, flat)
    return gradient.numpy(), torch.autograd.functional.hessian(loss, flat).numpy()
