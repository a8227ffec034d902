"""
A strategy of your own, in fifteen lines
=========================================

Say what you want to know of the model, score the rows, and let the checks tell you what
is still missing. Searches, simulations and pipelines then take your strategy like any
other.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from skactive import ActiveLearningSimulation, RandomSampling, ScoringStrategy
from skactive.model_selection import compare_strategies
from skactive.plotting import QueryMapDisplay
from skactive.utils.strategy_checks import check_strategy

# %%
# *Density-weighted doubt*: doubtful rows, but rather where the pool is dense than in
# empty corners. ``requires`` names the questions; their answers reach ``_scores``.


class DenseDoubt(ScoringStrategy):
    """Doubt times the density of the pool around a row."""

    requires = ("predict_proba", "embed")

    def __init__(self, estimator=None, *, density=1.0, random_state=None):
        super().__init__(estimator, random_state=random_state)
        self.density = density

    def _scores(self, pool):
        doubt = 1 - pool.predict_proba.max(axis=1)
        centred = pool.embed - pool.embed.mean(axis=0)
        spread = (centred**2).sum(axis=1) / (centred**2).sum(axis=1).mean()
        return doubt * np.exp(-self.density * spread / 2)


# %%
# The checks: cloning, seeds, bad input, pickles, data frames, pools of any size, and
# that ``query`` changes nothing. A failure names what is wrong.
check_strategy(DenseDoubt())
print("all checks passed")

# %%
# What it asks for, on two features of the iris: the darker, the later.
X, y = load_iris(return_X_y=True)
two = X[:, 2:]
simulation = ActiveLearningSimulation(
    DenseDoubt(LogisticRegression()), n_initial=6, batch_size=3, n_queries=5
).set_params(random_state=0)
simulation.fit(two, y)
QueryMapDisplay.from_simulation(simulation, two, y=y)
plt.show()

# %%
# And is it any good? The parameter ``density=0`` is plain least confidence.
strategies = {
    "random": RandomSampling(LogisticRegression()),
    "doubt": DenseDoubt(LogisticRegression(), density=0.0),
    "dense doubt": DenseDoubt(LogisticRegression()),
}
found = compare_strategies(
    strategies, X, y, n_repeats=8, n_initial=6, batch_size=3, n_queries=6
)
print(found)

# %%
# **A question.** The density above is one Gaussian around the middle of the pool. Where
# would that mislead, and what would you put in its place?
