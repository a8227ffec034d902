"""What can be compared: strategies and models by the names of the command."""

from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skactive.inspection import questions
from skactive.inspection.preparation import final_model
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
    model = make_estimator(estimator, data)
    return [
        name
        for name in STRATEGIES[strategy](model).requires
        if not questions.answers(getattr(questions, name), final_model(model))
    ]


def make_estimator(name, data):
    """Build a model by its name for a data set, unfitted."""
    # Few labels leave a column without any value at times: it must not vanish.
    impute = SimpleImputer(keep_empty_features=True)
    return make_pipeline(impute, StandardScaler(), ESTIMATORS[data.task][name](data))


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
        train_split=None,
        callbacks="disable",  # bookkeeping of each epoch, which nobody sees
        verbose=0,
    )


ESTIMATORS = {
    "classification": {
        "logistic": lambda data: LogisticRegression(max_iter=1000),
        "mlp": _mlp,
        "forest": lambda data: RandomForestClassifier(),
    },
    "regression": {
        "ridge": lambda data: Ridge(),
        "forest": lambda data: RandomForestRegressor(),
        "linear": lambda data: LinearRegression(),
    },
}
DEFAULT_ESTIMATORS = {
    "classification": ["logistic", "mlp"],
    "regression": ["ridge", "forest"],
}
