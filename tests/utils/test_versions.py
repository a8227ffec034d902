"""What was kept, and by which version it is opened."""

import copy
import pickle
import warnings

import joblib
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris

from skactive import ActiveLearningSimulation, MarginSampling
from skactive.exceptions import OtherVersionWarning
from skactive.utils import versions

X, Y = load_iris(return_X_y=True)
STRATEGY = MarginSampling(random_state=0).fit(X[::15], Y[::15])


@pytest.fixture
def other_version(monkeypatch):
    def change(version):
        monkeypatch.setattr(versions, "_current", lambda: version)

    return change


def test_the_same_version_is_silent(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        joblib.dump(STRATEGY, tmp_path / "strategy.joblib")
        again = joblib.load(tmp_path / "strategy.joblib")
        copies = copy.copy(STRATEGY), copy.deepcopy(STRATEGY), again
    for one in copies:
        assert_array_equal(one.query(X, 5), STRATEGY.query(X, 5))
        assert vars(one).keys() == vars(STRATEGY).keys()


@pytest.mark.parametrize(
    "estimator", [STRATEGY, ActiveLearningSimulation(MarginSampling())]
)
def test_another_version_warns_in_one_sentence(estimator, other_version):
    other_version("0.0.7")
    kept = pickle.dumps(estimator)
    other_version("9.1")
    sentence = f"{type(estimator).__name__} was kept by skactive 0.0.7 .* by 9.1"
    with pytest.warns(OtherVersionWarning, match=sentence) as caught:
        again = pickle.loads(kept)
    assert {type(w.message) for w in caught} == {OtherVersionWarning}
    assert again.get_params().keys() == estimator.get_params().keys()
