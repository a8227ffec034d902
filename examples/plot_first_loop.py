"""
The first loop: margin sampling against random labels
=====================================================

We pretend that the labels of scikit-learn's digits are unknown, start with twenty, and
let two strategies choose the next ones, ten at a time.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skactive import ActiveLearningSimulation, MarginSampling, RandomSampling
from skactive.plotting import LearningCurveDisplay

X, y = load_digits(return_X_y=True)
X_pool, X_test, y_pool, y_test = train_test_split(
    X, y, test_size=0.4, stratify=y, random_state=0
)

# %%
# A strategy wraps a model: any scikit-learn estimator, here a pipeline.
model = make_pipeline(StandardScaler(), LogisticRegression())
strategies = {
    "margin": MarginSampling(model),
    "random": RandomSampling(model),
}

# %%
# The simulation plays the loop: fit, query, reveal the labels asked for, fit again.
# Three seeds each, because one learning curve proves nothing.
runs = {
    name: [
        ActiveLearningSimulation(
            strategy, n_initial=20, batch_size=10, n_queries=15, random_state=seed
        ).fit(X_pool, y_pool, X_test, y_test)
        for seed in range(3)
    ]
    for name, strategy in strategies.items()
}

# %%
# The curves: test accuracy against the number of labels, mean and standard deviation.
display = LearningCurveDisplay.from_simulations(runs)
display.ax_.set_title("Digits, logistic regression")
plt.show()

# %%
# What the last model of the first run knows, and what it would ask next.
strategy = runs["margin"][0].strategy_
picked = strategy.query(X_test, n=8)
figure, axes = plt.subplots(1, 8, figsize=(8, 1.4))
for ax, row in zip(axes, picked, strict=True):
    ax.imshow(X_test[row].reshape(8, 8), cmap="gray_r")
    ax.set_title(f"{strategy.predict(X_test[[row]])[0]}?")
    ax.axis("off")
plt.show()
