"""
Core-sets, with doubt
======================

A core-set covers: each next row is the one farthest from all that are labelled. It does
not know where the classes meet. Doubt-weighting scales the distances by the model's
doubt, so that it covers where it matters; a beam keeps several batches in play
(*Improving greedy core-set configurations … with uncertainty-scaled distances*).
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neural_network import MLPClassifier

from skactive import ActiveLearningSimulation, CoreSet, LeastConfidence
from skactive.datasets import make_quadrants
from skactive.plotting import QueryMapDisplay

X, y = make_quadrants(600, random_state=0)
X_test, y_test = make_quadrants(2000, random_state=1)
model = MLPClassifier(32, solver="lbfgs", max_iter=150, alpha=0.01)

# %%
# Four classes, a quadrant each: only along the axes is there anything to learn. Eight
# labels to start from, two batches of fifteen. Core-sets measure distances in the
# network's hidden layer.
strategies = {
    "least confidence": LeastConfidence(model),
    "core-set": CoreSet(model),
    "core-set with doubt": CoreSet(model, weighting="doubt"),
    "with doubt and a beam": CoreSet(model, weighting="doubt", beam_width=4),
}
runs = {
    name: [
        ActiveLearningSimulation(
            strategy, n_initial=8, batch_size=15, n_queries=2, random_state=seed
        ).fit(X, y, X_test, y_test)
        for seed in range(3)
    ]
    for name, strategy in strategies.items()
}

# %%
# What each asked for: the darker, the later.
figure, axes = plt.subplots(2, 2, figsize=(9, 8), layout="constrained")
for ax, (name, of_name) in zip(axes.flat, runs.items(), strict=True):
    QueryMapDisplay.from_simulation(of_name[0], X, y, ax=ax, resolution=80)
    ax.set_title(name)
plt.show()

# %%
# How near the axes the rows asked for lie, and how good the last model is; three seeds.
near = {}
for name, of_name in runs.items():
    asked = [np.abs(X[run.labeled_indices_[8:]]).min(axis=1) for run in of_name]
    near[name] = float(np.median(asked))
    scores = [run.learning_curve_.score[-1] for run in of_name]
    print(f"{name}: {near[name]:.2f} from an axis, accuracy {np.mean(scores):.3f}")

# %%
# **A question.** The paper finds that a beam alone does not help, and that with doubt
# it lowers the variance. Three seeds cannot show either; how many would it take?
