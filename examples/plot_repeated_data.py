"""
Near copies in the pool: BALD takes them all, BatchBALD one of each
====================================================================

Real pools hold near copies: frames of one film, the same question asked twice. A score
for each row by itself ranks the copies of the best row side by side. BatchBALD scores
the batch: what a second copy would tell is known once the first has its label (Kirsch
et al. 2019). We repeat each of the digits three times with a little noise, and look.
"""

# sphinx_gallery_thumbnail_number = 3
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from skactive import BALD, ActiveLearningSimulation, BatchBALD, RandomSampling
from skactive.datasets import repeated
from skactive.plotting import LearningCurveDisplay

X, y = load_digits(return_X_y=True)
X_once, X_test, y_once, y_test = train_test_split(
    X / 16, y, train_size=400, stratify=y, random_state=0
)
X_pool, y_pool = repeated(X_once, y_once, times=3, noise=0.02, random_state=0)
source = np.tile(np.arange(len(y_once)), 3)  # which image a row is a copy of

# %%
# A logistic regression has a posterior too: a Gaussian around its weights (Laplace's
# approximation), of which we take twenty draws. One batch of each strategy: how many
# different images are in it, and what do they show?
model = LogisticRegression(C=1.0)
strategies = {
    "BatchBALD": BatchBALD(model, n_draws=20, n_configurations=2000, random_state=0),
    "BALD": BALD(model, n_draws=20, random_state=0),
    "random": RandomSampling(model, random_state=0),
}
first = {}
for name in ("BALD", "BatchBALD"):
    fitted = strategies[name].fit(X_pool[:20], y_pool[:20])
    picked = 20 + fitted.query(X_pool[20:], n=10)
    first[name] = len(set(source[picked]))
    figure, axes = plt.subplots(1, 10, figsize=(9, 1.3))
    for ax, row in zip(axes, picked, strict=True):
        ax.imshow(X_pool[row].reshape(8, 8), cmap="gray_r")
        ax.axis("off")
    figure.suptitle(f"{name}: {first[name]} different images in a batch of 10")
plt.show()

# %%
# Does it matter? The whole loop, three seeds each.
runs = {
    name: [
        ActiveLearningSimulation(
            strategy, n_initial=20, batch_size=10, n_queries=6, random_state=seed
        ).fit(X_pool, y_pool, X_test, y_test)
        for seed in range(3)
    ]
    for name, strategy in strategies.items()
}
LearningCurveDisplay.from_simulations(runs).ax_.set_title("digits, each three times")
plt.show()

# %%
# Labels paid for, and different images among them.
different = {
    name: np.mean([len(set(source[run.labeled_indices_])) for run in of_name])
    for name, of_name in runs.items()
}
for name, count in different.items():
    print(f"{name}: {count:.0f} different images among 80 labels")

# %%
# **A question.** Set ``times=1``: is BatchBALD still ahead of BALD? And with batches of
# one row, what is left of the difference?
