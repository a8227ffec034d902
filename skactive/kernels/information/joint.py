"""The joint entropy of a batch's labels: all configurations, or a sample of them."""

from torch.special import entr

from skactive.kernels.information.configurations import Configurations
from skactive.kernels.information.draws import Draws, check_whole
from skactive.kernels.precision import full_precision
from skactive.kernels.shared import given_or_fresh

MOST = 10**9
"""More configurations than this are not enumerated: it would take minutes to hours."""


@full_precision()
def joint_entropy(probabilities, *, chunk=None):
    """
    Compute the joint entropy of a batch's labels, exactly.

    Parameters
    ----------
    probabilities : torch.Tensor of shape (T, b, K), floating
        Class probabilities of the b rows of the batch; 0 and 1 are ordinary.
    chunk : int or None, default=None
        Numbers worked on at a time; changes nothing beyond rounding.

    Returns
    -------
    float
        H(y_1, …, y_b) in nats, in [0, b ln K].

    Raises
    ------
    ValueError
        The rows are not probabilities, or there are more than 10⁹ configurations.

    Notes
    -----
    Equation (12) of Kirsch et al. 2019. Configurations are built label by label, depth
    first, and those that cannot come about are left out at once: O(T K^b) time at most,
    memory b times the chunk.
    """
    draws = Draws(probabilities, chunk)
    k, size = draws.n_classes, draws.n_rows
    if k**size > MOST:
        raise ValueError(
            f"probabilities must have at most {MOST:.0e} configurations of labels to "
            f"be enumerated. Got {size} rows of {k} classes, {k}^{size}: use "
            "joint_entropy_sampled."
        )
    rows = draws.block(slice(None))
    most = max(1, draws.chunk // (draws.n_draws * k))
    return _entropy_below(Configurations.none(draws.n_draws, draws.device), rows, most)


def _entropy_below(some, rows, most):
    """Sum −P ln P over all configurations that extend some given ones."""
    if rows.shape[1] == 0:
        return float(entr(some.mass).sum())
    total = 0.0
    for start in range(0, len(some.mass), most):
        at = slice(start, start + most)
        part = Configurations(
            some.posterior[:, at], some.mass[at], some.log_prob[at], True
        )
        # Fewer than `most` × K come of it: nothing is drawn.
        longer = part.extended(rows[:, 0], most * rows.shape[2], None)
        total += _entropy_below(longer, rows[:, 1:], most)
    return total


@full_precision()
def joint_entropy_sampled(
    probabilities, *, n_configurations=10_000, generator=None, chunk=None
):
    """
    Estimate the joint entropy of a batch's labels from sampled configurations.

    Parameters
    ----------
    probabilities : torch.Tensor of shape (T, b, K), floating
        Class probabilities of the b rows of the batch; 0 and 1 are ordinary.
    n_configurations : int, default=10_000
        How many configurations of the first b − 1 rows are drawn, at least K. Where no
        more than these can come about, all are enumerated and the answer is exact.
    generator : torch.Generator or None, default=None
        On the CPU; None draws fresh entropy.
    chunk : int or None, default=None
        Numbers checked at a time.

    Returns
    -------
    float
        An unbiased estimate of H(y_1, …, y_b) in nats.

    Raises
    ------
    ValueError
        The rows are not probabilities, or n_configurations is below K.

    Notes
    -----
    Equation (36) of Kirsch et al. 2019: configurations of y_{1:b−1} from their own
    distribution, with importance weights P(· | ω_t) / P(·), the last label summed. They
    are drawn label by label and stratified, so that the standard error is not above
    that of independent draws. O(b T n_configurations + n_configurations T K) time,
    O(n_configurations (T + K)) memory.
    """
    draws = Draws(probabilities, chunk)
    check_configurations(n_configurations, draws.n_classes)
    generator = given_or_fresh(generator)
    rows = draws.block(slice(None))
    some = Configurations.none(draws.n_draws, draws.device)
    for row in rows[:, :-1].unbind(dim=1):
        some = some.extended(row, n_configurations, generator)
    last = entr(some.posterior.T @ rows[:, -1]).sum(dim=1)
    return float(some.mass @ (last - some.log_prob))


def check_configurations(n_configurations, n_classes):
    """
    Refuse too few configurations.

    Parameters
    ----------
    n_configurations : int
        How many.
    n_classes : int
        The number of classes.
    """
    check_whole(
        "n_configurations", n_configurations, n_classes, ", the number of classes"
    )
