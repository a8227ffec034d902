"""
Labelling by hand, safely
==========================

When the labels come from people, two things matter beside the strategy: an answer that
was given must never be lost, and after a crash the work goes on where it stopped.
``LabelingSession`` keeps each answer in an SQLite file before it says thank you, and
asks again for exactly the rows that were open.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from skactive import BADGE
from skactive.labeling import LabelingSession, LabelStore

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = X[:1000] / 16, X[1000:] / 16, y[:1000], y[1000:]
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "labels.db"


def open_session():
    """Open the same work again; all that matters is in the file."""
    return LabelingSession(
        BADGE(LogisticRegression(), random_state=0),
        X,
        path,
        batch_size=10,
        annotator="ada",
        random_state=0,
    )


# %%
# What a person is shown: the first batch is drawn at random, there is no model yet.
session = open_session()
batch = session.next_batch()
figure, axes = plt.subplots(1, 10, figsize=(9, 1.3))
for ax, position in zip(axes, batch, strict=True):
    ax.imshow(X[position].reshape(8, 8), cmap="gray_r")
    ax.axis("off")
plt.show()

# %%
# She answers six of them, skips one that she cannot read, and the computer dies.
for position in batch[:6]:
    session.submit(position, int(y[position]))
session.skip(batch[6])
del session

# %%
# The next morning the rest of the batch is asked for.
session = open_session()
left = session.next_batch()
print(list(left) == list(batch[7:]))

# %%
# An answer that was wrong is taken back; history keeps both.
session.submit(left[0], (int(y[left[0]]) + 1) % 10)
session.undo()
for position in session.next_batch():
    session.submit(position, int(y[position]))

# %%
# From here on the strategy chooses, round after round.
for _ in range(8):
    for position in session.next_batch():
        session.submit(position, int(y[position]))
fitted = session.fit()
accuracy = fitted.score(X_test, y_test)
print(f"{accuracy:.2f} with {len(fitted.y_labeled_)} labels")
session.close()

# %%
# The file answers questions on its own: what is labelled, and how it came about.
with LabelStore(path) as store:
    n_labeled, history = store.n_labeled, store.history()
print(n_labeled, "labels,", len(history), "events; the last:", history[-1])
folder.cleanup()

# %%
# **A question.** Two people at once: open a second session with ``annotator="grace"``.
# Which rows is she shown while Ada's batch is open?
