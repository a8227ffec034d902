"""Some rows of a pool, for a trace search to ask."""

from skactive.kernels.fisher.checks import check_rows
from skactive.kernels.parts import Part


class FisherPart(Part):
    """
    Some rows of a pool, and their Fisher information.

    Parameters
    ----------
    z : torch.Tensor of shape (m, d), float16, float32 or float64
        Embeddings. Half precision is for keeping: numbers are read, in strips, as
        float32.
    p : torch.Tensor of shape (m, K) or None, default=None
        Probabilities, on the device and in the dtype of z; None is regression.
    start : int, default=0
        Position of the first row in the pool, a multiple of ALIGN.

    Notes
    -----
    What a part holds follows from its rows and from what it was told: whoever lost one
    makes it anew and repeats that.
    """

    def __init__(self, z, p=None, start=0):
        super().__init__(z, p, start)
        self.plan = self.state = None

    def check(self):
        """
        Refuse rows that have no information.

        Returns
        -------
        z : torch.Tensor of shape (0, d)
            None of the embeddings: their width, dtype and device.
        p : torch.Tensor of shape (0, K) or None
            None of the probabilities.
        """
        check_rows(self.z, self.a)
        return tuple(
            None if some is None else some.new_empty(0, some.shape[1])
            for some in (self.z, self.a)
        )

    def begin(self, plan):
        """
        Get ready for a search.

        Parameters
        ----------
        plan : MatrixPlan or ScalarPlan
            The search.

        Returns
        -------
        bool
            Whether P and R are kept; else they are recomputed at each step.
        """
        self.plan = plan
        self.state = plan.part(self.z, self.a, self.start)
        return self.state.is_kept

    def information(self):
        """
        Sum the information of all rows.

        Returns
        -------
        TwoFold
            The sums, unweighted, as the plan has them.
        """
        return self.plan.sums(self.z, self.a)

    def rebuild(self, *args):
        """
        Compute P and R anew, of all rows.

        Parameters
        ----------
        *args : object
            Of ``MatrixPart.rebuild`` or ``ScalarPart.rebuild``.

        Returns
        -------
        Contenders or Leaders
            The rows that lead.
        """
        return self.state.rebuild(*args)

    def step(self, *args):
        """
        Bring P and R up to date with a row that came to M.

        Parameters
        ----------
        *args : object
            Of ``MatrixPart.step``.

        Returns
        -------
        Contenders
            The rows that lead.
        """
        return self.state.step(*args)

    def drop(self, taken):
        """
        Leave a row out from now on.

        Parameters
        ----------
        taken : int
            Its position in the pool.
        """
        self.state.drop(taken)

    def give(self, positions):
        """
        Give those of some rows that are here.

        Parameters
        ----------
        positions : torch.Tensor of shape (c,), int64
            Positions in the pool.

        Returns
        -------
        tuple of torch.Tensor
            As of ``ScalarPart.give``.
        """
        return self.state.give(positions)

    def fold(self, *args):
        """
        Bring P and R up to date with steps made ahead.

        Parameters
        ----------
        *args : object
            Of ``ScalarPart.fold``.

        Returns
        -------
        tuple
            As of ``ScalarPart.fold``.
        """
        return self.state.fold(*args)

    def settle(self, *args):
        """
        Undo some of the steps that were folded in last.

        Parameters
        ----------
        *args : object
            Of ``ScalarPart.settle``.

        Returns
        -------
        Leaders
            The rows that lead.
        """
        return self.state.settle(*args)
