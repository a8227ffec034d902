"""
A pool in parts: what a kernel asks of all parts, and what it gets from each.

A part holds rows that lie together and works on them alone; what it gives is small. A
kernel asks all parts the same thing and puts the answers together, so that one part in
this process and many on other machines are the same code. Parts begin at multiples of
ALIGN rows, so that every block of work is the same however many there are, and every
sum: those of D² are listed block by block, the others carry what they lost to rounding
(``skactive.kernels.sums``).
"""

import torch

from skactive.kernels.distances import BLOCK, Factors, Rows, column_sums, origin

ALIGN = 2 * BLOCK
"""Positions at which a part may begin: whole multiples of this."""


class Whole:
    """
    A pool of one part, in this process.

    Parameters
    ----------
    part : Part
        All rows.

    Notes
    -----
    Other kinds of pools have the same four: ``n_rows``; ``ask(method, *args)``, which
    calls a method of every part and lists the answers in the pool's order;
    ``tell(method, *args)``, the same for methods that change the part, so that whoever
    has to make a part anew can repeat them; and ``total(method, *args)``, which merges
    answers into one.
    """

    def __init__(self, part):
        self.part = part
        self.n_rows = len(part)

    def ask(self, method, *args):
        """
        Call a method of every part.

        Parameters
        ----------
        method : str
            Its name.
        *args : object
            Its arguments.

        Returns
        -------
        list
            The answers, in the pool's order.
        """
        return [getattr(self.part, method)(*args)]

    tell = ask

    def total(self, method, *args):
        """
        Call a method of every part, and merge the answers.

        Parameters
        ----------
        method : str
            Its name.
        *args : object
            Its arguments.

        Returns
        -------
        TwoFold or alike
            The first answer, after ``answer.merge(other)`` with all others.
        """
        return merged(self.ask(method, *args))


class Part:
    """
    Some rows of a pool, to be measured.

    Parameters
    ----------
    z : torch.Tensor of shape (m, d), float16, float32 or float64
        Embeddings.
    a : torch.Tensor of shape (m, K) or None, default=None
        The other factor.
    start : int, default=0
        Position of the first row in the pool, a multiple of ALIGN.
    """

    def __init__(self, z, a=None, start=0):
        self.z, self.a, self.start = z, a, start
        self.rows = None

    def __len__(self):
        return len(self.z)

    def sums(self):
        """
        Sum each column of plain rows.

        Returns
        -------
        torch.Tensor of shape (d,) or None
            The sums; None where rows are factored.
        """
        return None if self.a is not None else column_sums(self.z)

    def begin(self, shift):
        """
        Get ready to measure.

        Parameters
        ----------
        shift : torch.Tensor of shape (d,) or None
            Where plain rows are measured from.
        """
        self.rows = Rows(self.z, self.a, shift)

    def longest(self):
        """
        Find the row that is farthest from zero.

        Returns
        -------
        norm : float
            Its squared norm.
        position : int
            Its position in the pool.
        """
        norm, at = self.rows.longest()
        return norm, self.start + at

    def give(self, positions):
        """
        Give those of some rows that are here.

        Parameters
        ----------
        positions : torch.Tensor of shape (m,), int64
            Positions in the pool.

        Returns
        -------
        turns : torch.Tensor of shape (c,), int64
            Which of the m are here.
        factors : Factors
            These rows.
        """
        turns, at = self.here(positions)
        return turns, self.rows.factors(at)

    def here(self, positions):
        """
        Find those of some positions that lie in this part.

        Parameters
        ----------
        positions : torch.Tensor of shape (m,), int64
            Positions in the pool.

        Returns
        -------
        turns : torch.Tensor of shape (c,), int64
            Which of the m are here.
        at : torch.Tensor of shape (c,), int64
            Where, counted from the part's first row.
        """
        at = positions.to(self.z.device) - self.start
        turns = ((at >= 0) & (at < len(self))).nonzero()[:, 0]
        return turns, at[turns]


def merged(answers):
    """
    Merge answers of parts into one.

    Parameters
    ----------
    answers : iterable of TwoFold or alike
        Their ``merge(other)`` takes another in, in place.

    Returns
    -------
    TwoFold or alike
        The first of them, with all others in it.
    """
    answers = iter(answers)
    whole = next(answers)
    for other in answers:
        whole.merge(other)
    return whole


def begin(pool):
    """
    Have all parts measure from one origin.

    Parameters
    ----------
    pool : Whole or alike
        Parts that are `Part`.
    """
    sums = pool.ask("sums")
    pool.tell("begin", None if sums[0] is None else origin(sums, pool.n_rows))


def longest(pool):
    """
    Find the row that is farthest from zero.

    Parameters
    ----------
    pool : Whole or alike
        Parts that are `Part`, begun.

    Returns
    -------
    int
        Its position, the first of equals.
    """
    return max(pool.ask("longest"), key=lambda found: (found[0], -found[1]))[1]


def give(pool, positions):
    """
    Give some rows, wherever they lie.

    Parameters
    ----------
    pool : Whole or alike
        Parts that are `Part`, begun.
    positions : list of int or torch.Tensor of shape (m,), int64
        Positions in the pool.

    Returns
    -------
    Factors
        These rows, in this order.
    """
    answers = pool.ask("give", torch.as_tensor(positions, dtype=torch.int64))
    return in_turn(*zip(*answers, strict=True))


def in_turn(turns, pieces):
    """
    Put pieces that parts gave into the order they were asked for.

    Parameters
    ----------
    turns : sequence of torch.Tensor of shape (c,), int64
        For each part, which of the rows its piece has.
    pieces : sequence of torch.Tensor of shape (c, ...) or Factors
        The pieces.

    Returns
    -------
    torch.Tensor of shape (m, ...) or Factors
        All rows.
    """
    order = torch.cat(list(turns)).argsort()
    if isinstance(pieces[0], Factors):
        return take(joined(*pieces), order)
    return torch.cat(list(pieces))[order]


def joined(*pieces):
    """
    Put rows one below the other.

    Parameters
    ----------
    *pieces : Factors
        Rows.

    Returns
    -------
    Factors
        All of them.
    """
    return Factors(
        *(
            None if some[0] is None else torch.cat(some)
            for some in zip(*pieces, strict=True)
        )
    )


def take(factors, at):
    """
    Take some of some rows.

    Parameters
    ----------
    factors : Factors
        The rows.
    at : slice or torch.Tensor of shape (m,)
        Which.

    Returns
    -------
    Factors
        These.
    """
    return Factors(*(None if some is None else some[at] for some in factors))
