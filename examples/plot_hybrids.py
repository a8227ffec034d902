"""
Hybrids: how much uncertainty, how much diversity, and when
============================================================

Early on a model's doubts mean little, and it is better to look around; later they show
where it errs. ``Hybrid`` mixes a measure of each kind, α U + (1 − α) D, or lets the
weight of diversity decay, exp(−β t) in the t-th query (Li et al.). Which α? Ask a
search: the learning curve is its score.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split

from skactive import ActiveLearningSimulation, Hybrid
from skactive.model_selection import query
from skactive.plotting import LearningCurveDisplay

X, y = load_digits(return_X_y=True)
X_pool, X_test, y_pool, y_test = train_test_split(
    X / 16, y, train_size=700, stratify=y, random_state=0
)
model = LogisticRegression(C=1.0)


def simulation(seed=0, **parameters):
    """Play Hybrid with these parameters."""
    strategy = Hybrid(
        model, uncertainty="entropy", diversity="min_distance", n_draws=20, **parameters
    )
    return ActiveLearningSimulation(
        strategy, n_initial=10, batch_size=5, n_queries=8, random_state=seed
    )


# %%
# The weight of the diversity over the queries, for three values of β.
turns = np.arange(1, 21)
figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
for beta in (0.1, 0.3, 0.6):
    ax.plot(turns, np.exp(-beta * turns), "o-", ms=3, label=f"β = {beta}")
ax.set_xlabel("query t")
ax.set_ylabel("weight of diversity")
ax.legend()
plt.show()

# %%
# The search: each candidate plays the loop on two thirds of the pool and is scored on
# the rest by the mean height of its learning curve. No label is read that was not asked
# for. (A search over ``Hybrid`` itself could not tell the candidates apart: the score
# of a strategy is its model's, whatever it would ask next.)
search = GridSearchCV(
    simulation(), {"strategy__alpha": [0, 0.25, 0.5, 0.75, 1]}, cv=3, n_jobs=1
).fit(X_pool, y_pool)
results = search.cv_results_
for alpha, mean, deviation in zip(
    results["param_strategy__alpha"],
    results["mean_test_score"],
    results["std_test_score"],
    strict=True,
):
    print(f"alpha = {alpha}: {mean:.3f} (deviation over folds {deviation:.3f})")
best = search.best_params_["strategy__alpha"]

# %%
# What the best of them would ask next.
print(query(search, X_test, n=5))

# %%
# The best constant weight, the two pure measures and the decay, on data that no search
# has seen.
compared = {
    f"alpha = {best}": {"alpha": best},
    "uncertainty alone": {"alpha": 1},
    "diversity alone": {"alpha": 0},
    "decay, β = 0.3": {"beta": 0.3},
}
runs = {
    name: [
        simulation(seed, **parameters).fit(X_pool, y_pool, X_test, y_test)
        for seed in range(3)
    ]
    for name, parameters in compared.items()
}
LearningCurveDisplay.from_simulations(runs)
plt.show()

# %%
# **A question.** Three folds and three seeds: is the best α better than its neighbours,
# or was it lucky? ``skactive.model_selection.compare_strategies`` gives the interval.
