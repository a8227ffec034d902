"""The exact risk of a design for Bayesian linear regression."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from skactive.evaluation import bayes_risk


@pytest.mark.parametrize("n_selected", [0, 2, 6])
@pytest.mark.parametrize(("lam", "noise_variance"), [(1, 1), (0.5, 4), (3, 0.2)])
def test_the_risk_is_the_mean_over_priors_and_labels(n_selected, lam, noise_variance):
    """Lemma 1, by drawing θ* and noise and fitting ridge regressions."""
    n_draws = 40_000
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 4)) * [2, 1, 1, 0.3]
    theta = rng.normal(scale=lam**-0.5, size=(n_draws, 4))
    estimate = np.zeros_like(theta)
    if n_selected:
        noise = rng.normal(scale=noise_variance**0.5, size=(n_selected, n_draws))
        model = Ridge(alpha=lam * noise_variance, fit_intercept=False)
        model.fit(X[:n_selected], X[:n_selected] @ theta.T + noise)
        estimate = model.coef_
    excess = (((estimate - theta) @ X.T) ** 2).mean(axis=1)
    error = excess.std() / n_draws**0.5
    risk = bayes_risk(X, X[:n_selected], lam=lam, noise_variance=noise_variance)
    assert error < 0.01 * risk
    assert abs(excess.mean() - risk) < 4 * error


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
    st.data(),
    st.floats(1e-3, 1e3),
    st.floats(1e-3, 1e3),
)
def test_on_the_standard_basis_the_risk_is_a_sum(copies, data, lam, noise_variance):
    """Equation 8 of the paper, with the noise put back."""
    eye = np.eye(len(copies))
    picks = data.draw(st.lists(st.integers(0, len(copies) - 1), max_size=8))
    counts = np.bincount(picks, minlength=len(copies))
    share = np.array(copies) / sum(copies)
    expected = (share * noise_variance / (counts + lam * noise_variance)).sum()
    risk = bayes_risk(
        np.repeat(eye, copies, axis=0),
        eye[picks],
        lam=lam,
        noise_variance=noise_variance,
    )
    assert risk == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"X": np.zeros((0, 2))}, "'X' parameter must have at least one row"),
        ({"X": [1.0, 2.0]}, r"'X' parameter must have one row.*shape \(2,\)"),
        ({"X": [[1.0, np.nan]]}, "'X' parameter must be finite.*row 0, column 1"),
        ({"X_selected": []}, r"'X_selected' parameter must have.*shape \(0,\)"),
        ({"X_selected": [[np.inf, 1.0]]}, "'X_selected' parameter must be finite"),
        ({"X_selected": [[1.0]]}, "same features. Got 2 and 1 columns"),
        ({"lam": 0}, "'lam' parameter must be a finite number above 0. Got 0"),
        ({"lam": [1.0]}, "'lam' parameter must be a finite number"),
        ({"lam": math.nan}, "'lam' parameter must be a finite number"),
        ({"noise_variance": -1}, "'noise_variance' parameter must be.* Got -1"),
        ({"noise_variance": math.inf}, "'noise_variance' parameter must be.* Got inf"),
        ({"X_selected": [[1e9, 1e9]], "lam": 1e-6}, "tell beside 'X_selected'"),
        ({"X_selected": [[1e9, 1e9]], "lam": 1e2}, "tell beside 'X_selected'"),
        ({"lam": 1e200, "noise_variance": 1e200}, "tell beside 'X_selected'"),
        ({"lam": "1"}, "'lam' parameter must be a finite number above 0. Got '1'"),
    ],
)
def test_a_design_that_is_none_is_refused(changed, sentence):
    given = {"X": np.eye(2), "X_selected": np.eye(2), "lam": 1, "noise_variance": 1}
    with pytest.raises(ValueError, match=sentence):
        bayes_risk(**{**given, **changed})
