"""
BADGE: long gradients, far apart
=================================

What would a label change? The gradient of the loss at the last layer, for the label
that the model thinks likeliest, tells: long where the model is unsure, short where it
is not, and with a direction that says *what* would change. BADGE draws a batch by
k-means++ among these gradients: long ones, far from one another (Ash et al. 2020).
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from skactive import BADGE, LeastConfidence

X, y = load_digits(n_class=3, return_X_y=True)
X = X / 16
model = LogisticRegression()
start = np.arange(9)
pool = np.arange(9, len(X))
badge = BADGE(model, random_state=0).fit(X[start], y[start])
sure = LeastConfidence(model, random_state=0).fit(X[start], y[start])

# %%
# The gradient for class k is (p_k − 1[k is likeliest]) times the row. Here it is
# written out; BADGE itself never builds these, it only needs their distances.
p = badge.predict_proba(X[pool])
weights = p - np.eye(3)[p.argmax(axis=1)]
gradients = (weights[:, :, np.newaxis] * X[pool][:, np.newaxis]).reshape(len(pool), -1)
lengths = np.linalg.norm(gradients, axis=1)
picked = {
    "BADGE": badge.query(X[pool], n=12),
    "least confidence": sure.query(X[pool], n=12),
}

# %%
# Both batches among the gradients, on the plane of their two largest directions. The
# sure rows lie in the middle, where gradients vanish; each arm is a pair of classes.
plane = PCA(2, random_state=0).fit_transform(gradients)
figure, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained", sharey=True)
for ax, (name, rows) in zip(axes, picked.items(), strict=True):
    ax.scatter(*plane.T, c=y[pool], cmap="viridis", s=6, alpha=0.4)
    ax.scatter(*plane[rows].T, facecolors="none", edgecolors="red", s=70)
    ax.set_title(name)
plt.show()

# %%
# Length (how unsure) and distance to the nearest of the same batch (how different).
table = {}
for name, rows in picked.items():
    some = gradients[rows]
    gaps = np.linalg.norm(some[:, None] - some[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    table[name] = lengths[rows].mean(), gaps.min(axis=1).mean()
    print(f"{name}: length {table[name][0]:.2f}, nearest {table[name][1]:.2f}")
print(f"the pool: length {lengths.mean():.2f}")

# %%
# **A question.** ``BADGE(sampler="maxdet")`` takes the rows that span the largest
# volume instead of drawing. Is its batch longer, further apart, or both?
