"""
What to minimise: the trace with the pool's information, or the determinant
===========================================================================

Bayesian linear regression has an exact risk (equation 3 of Ash et al. 2021, *Gone
fishing*), so that batches compare without a label. Two designs in 100 dimensions have
the same covariance, with variances that fall as 1/i²: rows from a Gaussian, and unit
vectors that are drawn with these probabilities. After their figure 3.

What comes out is what the paper says. On the Gaussian rows trace and log-determinant
lie within 5 % of each other at all sizes. On the unit vectors the determinant takes
each in turn, however rare: at 45 labels, before it asks for any of them twice, its risk
is that of random rows and 2.7 times that of the trace. Taking rows out again hardly
matters here; on unit vectors not at all, since the forward search is optimal there
(proposition 2).
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression

from skactive import BAIT, MaxDet, RandomSampling
from skactive.datasets import make_gaussian_design, make_orthonormal_design
from skactive.evaluation import bayes_risk

FULL_SIZE = False  # True: more rows and labels, minutes
N_FEATURES = 100
N_ROWS, N_LABELS = (20_000, 500) if FULL_SIZE else (2000, 120)
# The paper names neither: θ* has variance 1 in each direction, a label 0.1.
LAM, NOISE_VARIANCE = 1.0, 0.1

# %%
# The two designs.
rng = np.random.default_rng(0)
designs = {
    "Gaussian": make_gaussian_design(N_ROWS, N_FEATURES, random_state=rng),
    "orthonormal": make_orthonormal_design(N_ROWS, N_FEATURES, random_state=rng),
}

# %%
# A strategy wants one label to start from, but in regression no batch depends on its
# value. With ``scaling="sum"`` the trace that BAIT lowers is the risk itself. Greedy
# batches are nested: the first rows of a large one are the small ones.
model = LinearRegression(fit_intercept=False)
penalty = LAM * NOISE_VARIANCE
bait = BAIT(model, lam=penalty, scaling="sum")
greedy = {
    "trace + Fisher (BAIT)": bait.set_params(oversample=1),
    "log-det (MaxDet)": MaxDet(model, lam=penalty),
}
sizes = np.unique(np.geomspace(4, N_LABELS, 15).astype(int))


def risk(X, rows):
    labeled = np.concatenate([X[:1], X[1:][rows]])
    return bayes_risk(X, labeled, lam=LAM, noise_variance=NOISE_VARIANCE)


risks = {}
for design, X in designs.items():
    for name, strategy in greedy.items():
        rows = strategy.fit(X[:1], [0.0]).query(X[1:], n=N_LABELS)
        risks[design, name] = [risk(X, rows[:n]) for n in sizes]
    draws = []
    for seed in range(20):
        strategy = RandomSampling(model, random_state=seed).fit(X[:1], [0.0])
        rows = strategy.query(X[1:], n=N_LABELS)
        draws.append([risk(X, rows[:n]) for n in sizes])
    risks[design, "random, mean of 20"] = np.mean(draws, axis=0)

# %%
# Oversampled batches are not nested: the backward search has one for each size.
fewer = sizes[::5]
both_ways = {
    design: [
        risk(X, bait.set_params(oversample=2).fit(X[:1], [0.0]).query(X[1:], n=int(n)))
        for n in fewer
    ]
    for design, X in designs.items()
}

# %%
# Both axes are logarithmic: a straight line is a power of the number of labels.
figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), sharey=True, layout="constrained")
colors = dict(zip(greedy, ("#0072B2", "#D55E00"), strict=True))
for ax, design in zip(axes, designs, strict=True):
    for (of, name), values in risks.items():
        if of == design:
            ax.loglog(sizes, values, label=name, color=colors.get(name, "0.6"))
    ax.loglog(fewer, both_ways[design], "k+", label="BAIT, forward and backward")
    ax.set(title=f"{design} rows", xlabel="Labels")
axes[0].set_ylabel("Bayes risk")
axes[0].legend(frameon=False)
plt.show()
