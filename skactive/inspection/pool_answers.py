"""What a strategy does to learn about a pool: ask its model, and say what it takes."""

from functools import partial

from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from skactive.inspection.asking import answers_about
from skactive.inspection.devices import CPU, check_device, staying
from skactive.inspection.last_layers import weights_among
from skactive.inspection.planning import Question, first_rows, make_plan
from skactive.inspection.preparation import final_model
from skactive.inspection.questions import (
    check_probabilities,
    embed,
    predict_proba,
    takes_labeled,
)
from skactive.inspection.sampling import sampler
from skactive.utils.candidates import candidate_memory, check_max_candidates
from skactive.utils.lazy_rows import LazyRows
from skactive.utils.pools import as_pool, is_on_disk
from skactive.utils.storage import storing
from skactive.utils.validation import check_n, num_rows, validate_rows


class PoolAnswers:
    """Mixin: the questions that ``requires`` names, put to ``estimator_``."""

    _takes_tensors = False  # whether answers may be tensors, on its parameter device

    def query_memory(self, X_pool, n=1, *, max_candidates=None, storage=None):
        """
        Say how many bytes a query would take, beside the pool and the model.

        The model is asked about the first rows, 256 at most; no more is read.

        Parameters
        ----------
        X_pool : array-like of shape (n_pool, n_features) or (n_pool, ...)
            Unlabelled rows: whatever ``query`` takes.
        n : int, default=1
            How many would be chosen, 1 <= n <= n_pool.
        max_candidates : int or None, default=None
            How many rows would be looked at; None means all.
        storage : {"float64", "float32", "float16"} or None, default=None
            The dtype in which the model's answers would be kept.

        Returns
        -------
        Bunch
            In bytes: ``kept``, the model's answers about m = min(max_candidates,
            n_pool) rows, m × their numbers × the bytes of their dtype; ``block``, what
            the model takes while it answers, counted as four float64 copies of a block
            of rows and of its answers, or more where it was seen to take more (and the
            block itself, where it is read from disk), at most scikit-learn's
            ``working_memory`` for pools of more than 4,096 rows; ``candidates``, the
            drawing of rows, a copy of them where they are in memory, and the slice of
            a chunk that is read for them; ``selection``, the strategy's own state, an
            upper bound, 0 of a strategy that does not tell; ``total``, their sum. Of a
            strategy whose ``device`` is a card, ``kept`` and ``selection`` lie there.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            ``fit`` was not called.
        ValueError
            An argument is one that ``query`` refuses.
        """
        check_is_fitted(self)
        self._check_parameters()
        X = as_pool(X_pool)
        m = check_max_candidates(max_candidates, n, num_rows(X))
        first = self._validate_pool(first_rows(X))
        n_rows = num_rows(X) if m is None else m
        n = check_n(n, n_rows)
        is_read = isinstance(X, LazyRows) or (m is not None and is_on_disk(X))
        with storing(storage):
            questions = self._questions()
            author = type(self.estimator_).__name__
            plan = make_plan(first, n_rows, questions, author, is_read, True)
        shapes = {name: width.shape for name, width in plan.widths.items()}
        is_joint = any(question.is_joint for question in questions)
        told = Bunch(
            kept=n_rows * plan.kept_bytes,
            block=plan.work_bytes(n_rows, is_read, is_joint),
            candidates=0 if m is None else candidate_memory(X, m),
            selection=self._selection_memory(n_rows, n, shapes),
        )
        told.total = sum(told.values())
        return told

    def _check_parameters(self):
        """
        Refuse parameters out of range, by name; for strategies to write.

        Called first by ``query`` and ``query_memory``, before a row is read.
        """

    def _selection_memory(self, n_pool, n, widths):
        """
        Say how many bytes the choice itself takes; for strategies to write.

        Parameters
        ----------
        n_pool : int
            Rows that are looked at.
        n : int
            Rows that are chosen.
        widths : dict of str to tuple
            What the answer about one row is like, for each question: (n_classes,),
            (d,), or (n_draws, n_outputs).

        Returns
        -------
        int
            The bytes, 0 where nobody counted.
        """
        return 0

    def _validate_pool(self, X_pool):
        check_is_fitted(self)
        return validate_rows(
            self, as_pool(X_pool), estimator=self._unfitted(), input_name="X_pool"
        )

    def _ask(self, X_pool):
        """Put the questions this strategy declared to the model."""
        author = type(self.estimator_).__name__
        device = self._device()
        answers = answers_about(X_pool, self._questions(), author, device)
        return Bunch(X=X_pool, n=num_rows(X_pool), **answers)

    def _questions(self):
        return [self._question(name) for name in self.requires]

    def _question(self, name):
        if name != "sample_posterior":
            return Question(name, partial(self._ask_one, name))
        drawing = self._sampler()

        def draw(X):
            # The same seed for each block, so that a draw is one model.
            n_draws = getattr(self, "n_draws", None)
            return drawing.draw(X, n_draws, self._posterior_state())

        return Question(name, draw, drawing.judge, drawing.is_joint)

    def _ask_one(self, name, X):
        """Ask for the probabilities or the embeddings of rows in memory."""
        if name == "embed":
            layer = getattr(self, "layer", None)
            options = {} if layer is None else {"layer": layer}
            with staying(self.estimator_, self._device()):
                return embed(self.estimator_, X, **options)
        return check_probabilities(
            predict_proba(self.estimator_, X), final_model(self.estimator_)
        )

    def _device(self):
        """Where answers are kept and kernels run: where ``device`` says, if at all."""
        return check_device(self) if self._takes_tensors else CPU

    def _sampler(self):
        """Pass the labelled rows on where the posterior is computed from them."""
        if not takes_labeled(final_model(self.estimator_)):
            return sampler(self.estimator_)
        labeled = self._labeled
        y = self._coding.encode(labeled.y)
        rows = labeled.X, y, weights_among(labeled.params)
        return sampler(self.estimator_, rows)
