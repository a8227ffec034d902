"""Scores of the models trained on the way, kept with the labels."""

from skactive.labeling.values import now


def write_score(db, round_, n_labeled, score, strategy):
    """
    Write a score down, unless the same is there.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a writing transaction.
    round_ : int
        The round that the training was for.
    n_labeled : int
        Labels the model learned from.
    score : float
        Its score.
    strategy : str
        Name of the strategy.
    """
    told = (round_, n_labeled, score, strategy)
    same = db.execute(
        "SELECT 1 FROM scores WHERE (round, n_labeled, score, strategy) = (?, ?, ?, ?)",
        told,
    )
    if same.fetchone() is None:
        db.execute(
            "INSERT INTO scores (round, n_labeled, score, strategy, at) "
            "VALUES (?, ?, ?, ?, ?)",
            (*told, now()),
        )


def read_scores(db):
    """
    Read the scores.

    Parameters
    ----------
    db : sqlite3.Connection
        Inside a transaction.

    Returns
    -------
    list of tuple
        Number of labels and score, in the order of the trainings.
    """
    return db.execute("SELECT n_labeled, score FROM scores ORDER BY id").fetchall()
