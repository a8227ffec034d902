"""
Uncertainty and its catastrophe: a batch in one corner
=======================================================

The most uncertain rows are alike: they lie along the same piece of the same boundary. A
batch of them is one question asked fifty times, while whole regions are never looked at
(figure 1 of *Improving greedy core-set configurations … with uncertainty-scaled
distances*). Two features, nine classes, three strategies.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neural_network import MLPClassifier

from skactive import ActiveLearningSimulation, CoreSet, LeastConfidence, RandomSampling
from skactive.datasets import make_clusters
from skactive.plotting import LearningCurveDisplay, QueryMapDisplay

X, y = make_clusters(1500, deviation=0.5, random_state=0)
X_test, y_test = make_clusters(2000, deviation=0.5, random_state=1)
model = MLPClassifier(32, solver="lbfgs", max_iter=100, alpha=0.01)

# %%
# Ten labels to start from, then five batches of fifty, as in the figure; three seeds.
strategies = {
    "least confidence": LeastConfidence(model),
    "core-set": CoreSet(model),
    "random": RandomSampling(model),
}
runs = {
    name: [
        ActiveLearningSimulation(
            strategy,
            n_initial=10,
            initial="random",
            batch_size=50,
            n_queries=5,
            random_state=seed,
        ).fit(X, y, X_test, y_test)
        for seed in range(3)
    ]
    for name, strategy in strategies.items()
}

# %%
# The first batch of each: the regions are what the model believed that was asked by.
figure, axes = plt.subplots(1, 3, figsize=(12, 4.3), layout="constrained")
for ax, (name, of_name) in zip(axes, runs.items(), strict=True):
    QueryMapDisplay.from_simulation(of_name[0], X, y, query=1, ax=ax, resolution=80)
    ax.set_title(name)
plt.show()

# %%
# The fewest classes that a first batch looked at, over the seeds.
seen = {
    name: min(len(set(y[run.labeled_indices_[10:60]])) for run in of_name)
    for name, of_name in runs.items()
}
for name, count in seen.items():
    print(f"{name}: {count} of 9 classes")

# %%
# What it costs. Later least confidence catches up: once every region is known, doubt is
# worth having.
LearningCurveDisplay.from_simulations(runs)
plt.show()
for name, of_name in runs.items():
    scores = np.mean([run.learning_curve_.score for run in of_name], axis=0)
    print(f"{name}: {', '.join(f'{score:.3f}' for score in scores)}")

# %%
# **A question.** The same labels one at a time (``batch_size=1``, ``n_queries=50``):
# each label changes the model, and with it what is doubtful. Is the catastrophe gone?
