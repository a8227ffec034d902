"""What can be compared: strategies and models by the names of the command."""

from skactive.experiments.choices import lacks as unanswered
from skactive.experiments.models import CLASSICAL, prepared
from skactive.strategies import (
    BADGE,
    BAIT,
    CoreSet,
    EntropySampling,
    LeastConfidence,
    MarginSampling,
    ProbabilisticCoreSet,
    RandomSampling,
)

STRATEGIES = {
    "random": RandomSampling,
    "confidence": LeastConfidence,
    "margin": MarginSampling,
    "entropy": EntropySampling,
    "badge": BADGE,
    "coreset": CoreSet,
    "bait": BAIT,
    "probabilistic": ProbabilisticCoreSet,
}
# Left out unless named. BAIT has matrices of ((classes − 1) × features)²: for the
# network on the digits, a query of ten takes seconds.
ON_REQUEST = {"classification": ("bait", "probabilistic"), "regression": ()}


def lacks(strategy, estimator, data):
    """Name the questions of a strategy that a model cannot answer."""
    return unanswered(STRATEGIES[strategy](make_estimator(estimator, data)))


def make_estimator(name, data):
    """Build a model by its name for a data set, unfitted."""
    return prepared(ESTIMATORS[data.task][name](data))


def _mlp(data):
    # torch and skorch take seconds to import; a comparison of others can do without.
    import torch
    from skorch import NeuralNetClassifier

    from skactive.nets import MLP

    return NeuralNetClassifier(
        MLP,
        module__n_features=data.X_train.shape[1],
        module__n_outputs=len(data.target_names),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.01,
        batch_size=128,
        max_epochs=25,
        iterator_train__shuffle=True,  # skorch keeps the order of the rows otherwise
        train_split=None,
        callbacks="disable",  # bookkeeping of each epoch, which nobody sees
        verbose=0,
    )


def _classical(task, name):
    return lambda data: CLASSICAL[task][name]()


ESTIMATORS = {
    "classification": {
        "logistic": _classical("classification", "logistic"),
        "mlp": _mlp,
        "forest": _classical("classification", "forest"),
    },
    "regression": {
        name: _classical("regression", name) for name in ("ridge", "forest", "linear")
    },
}
DEFAULT_ESTIMATORS = {
    "classification": ["logistic", "mlp"],
    "regression": ["ridge", "forest"],
}
