"""Data sets by name: one form for all, those of OpenML from a fake of its tables."""

import sys

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets
from numpy.testing import assert_array_equal

from skactive import datasets
from skactive.datasets import list_datasets, load_dataset, load_digits_pool

N_CLASSES = {
    "digits": 10,
    "iris": 3,
    "wine": 3,
    "breast_cancer": 2,
    "diabetes": None,
    "quadrants": 4,
    "clusters": 9,
}
KEYS = {
    "X_train",
    "X_test",
    "y_train",
    "y_test",
    "feature_names",
    "target_names",
    "name",
    "task",
    "image_shape",
    "scaling",
}
# What OpenML has: rows, columns, classes, and how many are for training.
OPENML = {
    "mnist": (554, 70_000, 784, 10, 60_000),
    "fashion_mnist": (40996, 70_000, 784, 10, 60_000),
    "emnist_balanced": (41039, 131_600, 784, 47, 112_800),
    "cifar10": (40927, 60_000, 3072, 10, 50_000),
    "cifar100": (41983, 60_000, 3072, 100, 50_000),
    "svhn": (41081, 99_289, 3072, 10, 73_257),
    "letter": (6, 20_000, 16, 26, 16_000),
    "pokerhand": (155, 829_201, 10, 10, None),
    "random_rbf": (156, 1_000_000, 10, 5, None),
    "kropt": (184, 28_056, 6, 18, None),
}


def as_row_set(data):
    X = np.vstack([data.X_train, data.X_test])
    y = np.concatenate([data.y_train, data.y_test])
    return sorted(map(tuple, np.column_stack([X, y]).tolist()))


# ------------------------------------------------------------ with no network


def test_the_names_are_listed():
    assert list_datasets(offline=True) == list(N_CLASSES)
    assert list_datasets() == [*N_CLASSES, *OPENML]


@pytest.mark.parametrize("name", N_CLASSES)
def test_every_set_has_one_form(name):
    data = load_dataset(name)
    assert set(data) == KEYS
    n_rows, n_features = data.X_train.shape
    assert data.name == name
    assert data.X_train.dtype == data.X_test.dtype == np.float32
    assert data.X_test.shape == (len(data.y_test), n_features)
    assert len(data.y_train) == n_rows == 7 * (n_rows + len(data.y_test)) // 10
    assert len(data.feature_names) == n_features
    assert data.scaling.endswith(".")
    if N_CLASSES[name] is None:
        assert data.task == "regression" and data.target_names is None
    else:
        assert data.task == "classification"
        assert len(data.target_names) == N_CLASSES[name]
        assert_array_equal(np.unique(data.y_train), range(N_CLASSES[name]))


def test_the_split_is_stratified_and_follows_its_seed():
    data, again = (load_dataset("iris", scale=False) for _ in range(2))
    assert_array_equal(np.bincount(data.y_test), [15, 15, 15])
    assert_array_equal(data.X_test, again.X_test)
    other = load_dataset("iris", scale=False, random_state=1)
    assert not np.array_equal(data.X_test, other.X_test)
    assert as_row_set(data) == as_row_set(other)
    assert len(load_dataset("iris", test_size=0.5).y_test) == 75


def test_columns_are_standardised_by_the_training_rows():
    data, raw = load_dataset("wine"), load_dataset("wine", scale=False)
    assert raw.scaling == "Nothing was scaled."
    mean, std = raw.X_train.mean(axis=0), raw.X_train.std(axis=0)
    np.testing.assert_allclose(data.X_train, (raw.X_train - mean) / std, atol=1e-3)
    np.testing.assert_allclose(data.X_test, (raw.X_test - mean) / std, atol=1e-3)


def test_digits_are_images_in_the_unit_interval():
    data = load_digits_pool()
    assert data.image_shape == (1, 8, 8) and "16" in data.scaling
    assert data.X_train.min() == 0 and data.X_train.max() == 1
    assert_array_equal(data.X_train, load_dataset("digits").X_train)
    assert load_digits_pool(test_size=0.5).X_train.shape == (898, 64)
    assert load_dataset("iris").image_shape is None


def test_toys_follow_their_seed():
    first, again = (load_dataset("quadrants", random_state=3) for _ in range(2))
    other = load_dataset("quadrants", random_state=4)
    assert as_row_set(first) == as_row_set(again) != as_row_set(other)
    rng = np.random.RandomState(3)
    one, two = (load_dataset("clusters", random_state=rng) for _ in range(2))
    assert as_row_set(one) != as_row_set(two)


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(
        ValueError, match=r"named 'minst'.*'digits', 'iris'.*'mnist'.*load_table"
    ):
        load_dataset("minst")


# ------------------------------------------------------------ OpenML


@pytest.fixture
def openml(monkeypatch):
    """Answer as fetch_openml does, with the table that a test gives."""

    def serve(frame, labels):
        asked = []

        def fetch_openml(*, data_id, data_home, as_frame, return_X_y):
            assert as_frame and return_X_y
            asked.append((data_id, data_home))
            return frame, pd.Series(labels, dtype="category")

        monkeypatch.setattr(sklearn.datasets, "fetch_openml", fetch_openml)
        return asked

    return serve


def labels(n, n_classes):
    return np.arange(n) % n_classes


def frame(name):
    _, n_rows, n_features, _, _ = OPENML[name]
    counts = np.arange(n_rows).astype(np.uint8), np.arange(n_features).astype(np.uint8)
    return pd.DataFrame(np.add.outer(*counts))  # modulo 256


def test_mnist_is_divided_after_60000_images(openml):
    table, digits = frame("mnist"), labels(70_000, 10)
    asked = openml(table, digits.astype(str))
    data = datasets.fetch_mnist(data_home="kept")
    assert asked == [(554, "kept")]
    assert set(data) == KEYS and data.image_shape == (1, 28, 28)
    assert data.X_train.shape == (60_000, 784) and data.X_test.shape == (10_000, 784)
    assert data.X_train.dtype == np.float32
    assert_array_equal(data.X_test[:9], table[60_000:60_009].to_numpy(np.float32) / 255)
    assert_array_equal(data.y_train[:60], digits[:60])
    assert_array_equal(data.y_test, digits[60_000:])
    assert data.target_names.tolist() == list("0123456789")
    assert len(data.feature_names) == 784 and "255" in data.scaling


def test_letter_is_divided_after_16000_rows_and_standardised_by_them(openml):
    table = frame("letter")
    names = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    openml(table, names[labels(20_000, 26)])
    data = load_dataset("letter")
    assert data.X_train.shape == (16_000, 16) and data.X_test.shape == (4000, 16)
    np.testing.assert_allclose(data.X_train.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(data.X_train.std(axis=0), 1, atol=1e-4)
    assert data.target_names.tolist() == names.tolist()
    assert_array_equal(data.y_test, labels(20_000, 26)[16_000:])
    assert data.image_shape is None and "training rows" in data.scaling


def test_text_of_kropt_becomes_positions_in_sorted_order(openml):
    n = OPENML["kropt"][1]
    files, ranks = np.array(list("abcdefgh")), np.array(["1", "2", "10", "9"])
    table = pd.DataFrame(
        {
            "file": pd.Categorical(files[labels(n, 8)]),
            "rank": pd.Categorical(ranks[labels(n, 4)]),
            **{f"number{j}": np.arange(n) % 5 for j in range(4)},
        }
    )
    openml(table, [f"c{c:02}" for c in labels(n, 18)])
    data = load_dataset("kropt", random_state=1)
    assert len(data.y_test) == np.ceil(0.3 * n) and len(data.target_names) == 18
    shares = np.bincount(data.y_test) / len(data.y_test)
    np.testing.assert_allclose(shares, 1 / 18, atol=1e-3)
    X = np.vstack([data.X_train, data.X_test])
    y = np.concatenate([data.y_train, data.y_test])
    # Of class 0 to 17 each, which says the row's number modulo 18, hence modulo 2.
    assert len(np.unique(X[:, 0])) == 8 and len(np.unique(X[:, 1])) == 4
    odd = np.unique(X[y % 2 == 1, 1]), np.unique(X[y % 2 == 0, 1])
    # Ranks 2 and 9 (positions 1, 2) are the odd ones, 1 and 10 (0, 3) the others.
    low, second, third, high = np.unique(X[:, 1])
    assert_array_equal(odd[0], [second, third])
    assert_array_equal(odd[1], [low, high])
    assert len(datasets.fetch_kropt(test_size=0.5).y_test) == n / 2


def test_names_of_classes_that_are_numbers_are_sorted_by_size(openml):
    n = OPENML["letter"][1]
    openml(frame("letter"), labels(n, 26).astype(str))
    data = load_dataset("letter")
    assert data.target_names.tolist() == [str(c) for c in range(26)]
    assert_array_equal(data.y_train, labels(n, 26)[:16_000])


@pytest.mark.slow  # half a gigabyte each
@pytest.mark.parametrize("side_by_side", [True, False])
def test_colours_of_cifar_come_in_planes_whatever_the_table_has(openml, side_by_side):
    line = np.arange(32)
    smooth = 4 * line[:, np.newaxis] + 2 * line
    images = np.stack([smooth, 255 - smooth, smooth[::-1]]).astype(np.uint8)
    rows = images.transpose(1, 2, 0) if side_by_side else images
    table = np.broadcast_to(rows.ravel(), (60_000, 3072))
    openml(pd.DataFrame(table.copy()), labels(60_000, 10).astype(str))
    data = load_dataset("cifar10")
    assert data.X_train.shape == (50_000, 3072) and data.image_shape == (3, 32, 32)
    assert_array_equal(
        data.X_train[7].reshape(3, 32, 32), images.astype(np.float32) / 255
    )


@pytest.mark.parametrize("name", OPENML)
def test_each_table_is_asked_for_by_its_number_and_held_against_its_size(openml, name):
    number, n_rows, n_features, _, n_train = OPENML[name]
    asked = openml(pd.DataFrame(np.zeros((30, 3))), labels(30, 3))
    expected = rf"the shape \(30, 3\), where {name} has \({n_rows}, {n_features}\)"
    with pytest.raises(ValueError, match=expected):
        load_dataset(name)
    with pytest.raises(ValueError, match=expected):
        getattr(datasets, f"fetch_{name}")()
    assert asked == [(number, None)] * 2
    if n_train is not None:
        with pytest.raises(ValueError, match=f"test_size=0.2.*{n_train:,} rows"):
            load_dataset(name, test_size=0.2)


def test_without_a_network_a_sentence_says_what_to_do(monkeypatch, tmp_path):
    def fails(**options):
        raise OSError("Name or service not known")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fails)
    with pytest.raises(ConnectionError, match=r"svhn is not in .*openml.*d/41081") as e:
        load_dataset("svhn", data_home=tmp_path)
    assert str(tmp_path) in str(e.value) and "from_npz" in str(e.value)


def test_without_pandas_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r'needs pandas.*"skactive\[plot\]"'):
        load_dataset("letter")


@pytest.mark.parametrize("name", ["mnist", "quadrants"])
def test_raw_numbers_are_for_what_comes_with_scikit_learn(name):
    with pytest.raises(ValueError, match=f"scale=False for '{name}'; leave it out"):
        load_dataset(name, scale=False)
