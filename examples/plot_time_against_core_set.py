"""
What a batch costs in regression: BAIT and core-set
===================================================

In regression a row's Fisher information has rank one, and BAIT costs about as much as a
greedy core-set, the paper says (Ash et al. 2021, figure 9). Here are the seconds of a
query with 128 features: as the pool grows, and as the batch grows.

What comes out, on one core: all grow about in proportion to the pool once it is large.
But BAIT takes five to ten times as long as a core-set, not about as long, since
``CoreSet`` here is lazy: it skips the rows that cannot be farthest. The gap is widest
for large batches. In absolute terms both are quick: 320 of 16,000 rows take BAIT some
two seconds. It adds two rows for each that stays, hence the second line.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import Ridge

from skactive import BAIT, CoreSet

FULL_SIZE = False  # True: pools of up to 32,000 rows, batches of up to 320; minutes
SCALE = 8 if FULL_SIZE else 1
N_FEATURES, N_LABELED, BATCH, POOL = 128, 100, 20, 2000 * SCALE
pools = SCALE * np.array([500, 1000, 2000, 4000])
batches = np.array([5, 10, 20, 40]) * SCALE

# %%
# Rows from a Gaussian whose variances fall, as those of embeddings do.
rng = np.random.default_rng(0)
decay = 1 / np.sqrt(np.arange(1, N_FEATURES + 1))
X = rng.normal(size=(pools[-1] + N_LABELED, N_FEATURES)) * decay
labeled, pool = X[:N_LABELED], X[N_LABELED:]
y = labeled @ rng.normal(size=N_FEATURES)
strategies = {
    "BAIT": BAIT(Ridge()).fit(labeled, y),
    "BAIT, forward only": BAIT(Ridge(), oversample=1).fit(labeled, y),
    "CoreSet": CoreSet(Ridge()).fit(labeled, y),
}


def seconds(strategy, n_rows, n):
    """Give the best of three, which other programs disturb least."""
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        strategy.query(pool[:n_rows], n=n)
        taken.append(time.perf_counter() - start)
    return min(taken)


# %%
# The first call is slower than all others: it loads what it needs.
for strategy in strategies.values():
    strategy.query(pool[:500], n=5)
by_pool = {
    name: [seconds(strategy, int(n), BATCH) for n in pools]
    for name, strategy in strategies.items()
}
by_batch = {
    name: [seconds(strategy, POOL, int(n)) for n in batches]
    for name, strategy in strategies.items()
}

# %%
# On logarithmic axes a slope of one is growth in proportion.
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for ax, sizes, times in ((left, pools, by_pool), (right, batches, by_batch)):
    for name, values in times.items():
        ax.loglog(sizes, values, "o-", label=name)
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.minorticks_off()
left.set(xlabel="Rows in the pool", ylabel="Seconds", title=f"batches of {BATCH}")
right.set(xlabel="Rows in the batch", title=f"pool of {POOL:,}")
left.legend(frameon=False, loc="upper left")
left.set_ylim(top=3 * max(by_pool["BAIT"]))
plt.show()
