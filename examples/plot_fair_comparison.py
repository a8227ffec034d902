"""
A fair comparison: the same starts, pairs, and an interval
===========================================================

Learning curves scatter more from one start to the next than from one strategy to the
next. A comparison is fair when all strategies start from the same labels and are scored
on the same rows, seed by seed; then the *differences* scatter little, and an interval
says what they show.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skactive import BADGE, CoreSet, EntropySampling, MarginSampling, RandomSampling
from skactive.evaluation import curve_mean
from skactive.model_selection import compare_strategies

X, y = load_digits(return_X_y=True)
model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
strategies = [
    one(model)
    for one in (RandomSampling, MarginSampling, EntropySampling, BADGE, CoreSet)
]

# %%
# Six seeds: each has its own test rows and its own ten labels to start from, the same
# for all strategies.
found = compare_strategies(
    strategies, X, y, n_repeats=6, n_initial=10, batch_size=5, n_queries=8
)
found

# %%
# The table once more, in print. ``difference`` is the mean height of the learning curve
# over that of the baseline, ``from`` and ``to`` its 95 % interval, ``smallest`` the
# difference that so few seeds could have shown at all: a smaller one may be there, and
# would go unseen.
print(found)

# %%
# Why pairs: one line for each seed. The lines lie far apart, and rise together.
heights = {
    name: {
        run.seed: curve_mean(run.budget, run.score)
        for run in found.runs
        if run.strategy == name
    }
    for name in found.names
}
seeds = range(6)
figure, ax = plt.subplots(figsize=(6, 3.5), layout="constrained")
for seed in seeds:
    ax.plot(found.names, [heights[name][seed] for name in found.names], "o-", alpha=0.7)
ax.set_ylabel("mean accuracy over the curve")
ax.tick_params(axis="x", rotation=20)
plt.show()

# %%
# What pairing gains: the interval of a difference between margin and random, with and
# without it.
random, margin = (
    np.array([heights[name][seed] for seed in seeds]) for name in found.names[:2]
)
gaps = margin - random
alone = random.std(ddof=1), margin.std(ddof=1)
print(f"standard error paired: {gaps.std(ddof=1) / np.sqrt(6):.4f}")
print(f"standard error unpaired: {np.hypot(*alone) / np.sqrt(6):.4f}")

# %%
# **A question.** How many seeds would it take to tell margin from BADGE here? The
# ``smallest`` difference shrinks with the square root of their number.
