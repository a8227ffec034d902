"""Arrays in .npz files: layouts of images, labels of any kind, what is refused."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skactive.datasets import from_npz, load_dataset


@pytest.fixture
def save(tmp_path):
    def write(name="file.npz", **arrays):
        np.savez(tmp_path / name, **arrays)
        return tmp_path / name

    return write


def table(n=20, n_features=3):
    X = np.random.default_rng(0).normal(5, 2, size=(n, n_features))
    return {"X": X, "y": np.arange(n) % 2}


def split_images(n_train=12, n_test=6, shape=(4, 5, 3)):
    rng = np.random.default_rng(0)
    return {
        "X_train": rng.integers(256, size=(n_train, *shape), dtype=np.uint8),
        "y_train": np.arange(n_train) % 3,
        "X_test": rng.integers(256, size=(n_test, *shape), dtype=np.uint8),
        "y_test": np.arange(n_test) % 3,
    }


# ------------------------------------------------------------ images


@pytest.mark.parametrize(
    ("stored", "shape", "back"),
    [
        ((4, 5, 3), (3, 4, 5), (1, 2, 0)),
        ((4, 5, 1), (1, 4, 5), (1, 2, 0)),
        ((3, 6, 5), (3, 6, 5), (0, 1, 2)),
        ((4, 5), (1, 4, 5), None),
    ],
)
def test_images_become_flat_rows_of_channels_height_width(save, stored, shape, back):
    arrays = split_images(shape=stored)
    data = from_npz(save(**arrays))
    assert set(data) == set(load_dataset("iris"))
    assert data.name == "file" and data.task == "classification"
    assert data.image_shape == shape and "255" in data.scaling
    assert data.X_train.shape == (12, np.prod(shape))
    assert data.X_train.dtype == data.X_test.dtype == np.float32
    assert len(data.feature_names) == np.prod(shape)
    for part in ("X_train", "X_test"):
        images = data[part].reshape(-1, *shape)
        images = (
            images[:, 0]
            if back is None
            else images.transpose(0, *(1 + i for i in back))
        )
        assert_array_equal(images, arrays[part].astype(np.float32) / 255)
    assert_array_equal(data.y_train, arrays["y_train"])
    assert_array_equal(data.y_test, arrays["y_test"])


def test_floats_of_images_stay_as_they_are(save):
    images = np.random.default_rng(0).normal(size=(20, 4, 4))
    data = from_npz(save(X=images, y=np.arange(20) % 2), n_train=10)
    assert_array_equal(data.X_train, images[:10].reshape(10, 16).astype(np.float32))
    assert data.scaling == "Nothing was scaled."


def test_bools_of_images_stay_0_and_1(save):
    images = np.random.default_rng(0).normal(size=(20, 4, 4)) > 0
    data = from_npz(save(X=images, y=np.arange(20) % 2), n_train=10)
    assert_array_equal(data.X_train, images[:10].reshape(10, 16))
    assert data.scaling == "Nothing was scaled."


def test_pixels_of_two_kinds_are_refused(save):
    arrays = split_images(shape=(4, 4))
    arrays["X_test"] = arrays["X_test"] / 255
    with pytest.raises(
        ValueError, match=r"X_train have dtype uint8, .* X_test float64"
    ):
        from_npz(save(**arrays))


def test_rows_can_be_said_to_be_images(save):
    arrays = split_images(shape=(60,))
    data = from_npz(save(**arrays), image_shape=(3, 4, 5))
    assert data.image_shape == (3, 4, 5)
    assert_array_equal(data.X_test, arrays["X_test"].astype(np.float32) / 255)
    assert from_npz(save(**arrays)).image_shape is None


# ------------------------------------------------------------ tables


def test_tables_are_standardised_by_the_training_rows(save):
    arrays = table()
    arrays["X"][:, 2] = 0.1  # its mean is not quite 0.1
    data = from_npz(save(**arrays), n_train=15)
    X = arrays["X"][:, :2]
    mean, std = X[:15].mean(axis=0), X[:15].std(axis=0)
    np.testing.assert_allclose(data.X_train[:, :2], (X[:15] - mean) / std, atol=1e-5)
    np.testing.assert_allclose(data.X_test[:, :2], (X[15:] - mean) / std, atol=1e-5)
    np.testing.assert_allclose(data.X_train[:, 2], 0, atol=1e-6)
    assert data.image_shape is None and "training rows" in data.scaling


def test_what_is_missing_stays_missing_and_does_not_count(save):
    arrays = table()
    arrays["X"][::4, 0] = np.nan
    arrays["X"][:, 1] = np.nan
    data = from_npz(save(**arrays), n_train=15)
    assert_array_equal(np.isnan(data.X_train[:, 0]), np.arange(15) % 4 == 0)
    assert abs(np.nanmean(data.X_train[:, 0])) < 1e-6
    assert abs(np.nanstd(data.X_train[:, 0]) - 1) < 1e-5
    assert np.isnan(data.X_train[:, 1]).all()


def test_names_of_columns_are_taken_from_the_file(save):
    data = from_npz(save(**table(), feature_names=["a", "b", "c"]))
    assert data.feature_names == ["a", "b", "c"]
    assert from_npz(save(**table())).feature_names == ["x0", "x1", "x2"]
    assert from_npz(save(**table(), feature_names=["a"])).feature_names[0] == "x0"


def test_floats_are_a_regression_unless_told_otherwise(save):
    arrays = table() | {"y": np.linspace(0, 1, 20, dtype=np.float32)}
    data = from_npz(save(**arrays), n_train=12)
    assert data.task == "regression" and data.target_names is None
    assert data.y_train.dtype == np.float64
    assert_array_equal(data.y_test, arrays["y"][12:].astype(np.float64))
    path = save(**table() | {"y": np.arange(20) % 2 + 1.0})
    data = from_npz(path, task="classification", n_train=12)
    assert data.target_names.tolist() == [1, 2]
    assert_array_equal(data.y_test, np.arange(12, 20) % 2)
    path = save(**table() | {"y": np.arange(20)})
    assert from_npz(path, task="regression").target_names is None


# ------------------------------------------------------------ labels


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (np.array([1, 2, 26]), [1, 2, 26]),
        (np.array([-1, 0, 1]), [-1, 0, 1]),
        (np.array(["b", "a", "c"]), ["a", "b", "c"]),
        (np.array(["10", "2", "1"]), ["1", "2", "10"]),
        (np.array([3, 1, 2], dtype=np.uint8), [1, 2, 3]),
    ],
)
def test_labels_of_any_kind_are_numbered_from_0(save, labels, names):
    y = np.tile(labels, 7)[:20]
    data = from_npz(save(**table() | {"y": y}), n_train=12)
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    assert data.target_names.tolist() == names
    together = np.concatenate([data.y_train, data.y_test])
    assert_array_equal(data.target_names[together], y)


def test_bools_and_labels_in_a_column_are_labels(save):
    y = (np.arange(20) % 2 == 0)[:, np.newaxis]
    data = from_npz(save(**table() | {"y": y}), n_train=12)
    assert data.target_names.tolist() == [False, True]
    assert_array_equal(data.y_train, y[:12, 0])


@pytest.mark.parametrize("key", ["classes", "target_names"])
def test_names_of_classes_are_taken_from_the_file(save, key):
    y = np.array([0, 2] * 10)  # no row of class 1, which keeps its number
    data = from_npz(save(**table() | {"y": y, key: ["no", "may be", "yes"]}), n_train=9)
    assert data.target_names.tolist() == ["no", "may be", "yes"]
    assert_array_equal(data.y_train, y[:9])
    too_few = save(**table() | {"y": y, key: ["no", "yes"]})
    assert from_npz(too_few).target_names.tolist() == [0, 2]


def test_a_class_of_the_test_rows_alone_has_a_number_too(save):
    arrays = split_images() | {"y_train": np.arange(12) % 2}
    data = from_npz(save(**arrays))
    assert len(data.target_names) == 3
    assert_array_equal(data.y_test, arrays["y_test"])


# ------------------------------------------------------------ the split


def test_a_whole_file_is_split_at_random_keeping_proportions(save):
    path = save(**table(n=200))
    data, other = from_npz(path), from_npz(path, random_state=1)
    assert_array_equal(np.bincount(data.y_test), [30, 30])
    assert_array_equal(data.X_test, from_npz(path).X_test)
    assert not np.array_equal(data.X_test, other.X_test)
    assert len(from_npz(path, test_size=0.5).y_test) == 100


def test_the_first_rows_can_be_the_ones_to_train_on(save):
    whole = from_npz(save(**table()), n_train=16)
    assert_array_equal(whole.y_train, np.arange(16) % 2)
    assert_array_equal(whole.y_test, np.arange(16, 20) % 2)
    arrays = split_images()
    data = from_npz(save(**arrays), n_train=5)
    assert_array_equal(data.y_train, np.arange(5) % 3)
    assert len(data.X_train) == 5 and len(data.X_test) == 6
    assert len(from_npz(save(**arrays), n_train=12).X_train) == 12


def test_more_labels_than_rows_are_refused_unless_the_first_are_meant(save):
    arrays = split_images() | {"y_train": np.arange(40) % 3}
    path = save(**arrays)
    with pytest.raises(
        ValueError, match=r"X_train has 12 rows, but y_train has 40 .*first_rows=True"
    ):
        from_npz(path)
    data = from_npz(path, first_rows=True)
    assert_array_equal(data.y_train, np.arange(12) % 3)
    assert len(data.X_train) == 12


# ------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("change", "options", "sentence"),
    [
        ({}, {"task": "ranking"}, "'task' parameter of from_npz.*Got 'ranking'"),
        ({}, {"n_train": 0}, r"'n_train'.*\[1, 19\].*Got 0"),
        ({}, {"n_train": 20}, r"'n_train'.*\[1, 19\].*Got 20"),
        ({}, {"n_train": 0.5}, "'n_train'.*Got 0.5"),
        ({}, {"n_train": 5, "test_size": 0.2}, "test_size=0.2.*n_train says it"),
        ({}, {"image_shape": (1, 2, 2)}, r"image_shape=\(1, 2, 2\) is for flat rows"),
        ({"X": np.zeros(20)}, {}, r"X has shape \(20,\)"),
        ({"X": np.zeros((20, 2, 2, 2))}, {}, r"X has shape \(20, 2, 2, 2\).*table"),
        ({"X": np.full((20, 2), "a")}, {}, "X has dtype <U1"),
        ({"X": np.full((20, 2), np.inf)}, {}, "X holds infinity"),
        ({"X": np.full((20, 2, 2), 300)}, {}, r"from 300 to 300.*\[0, 255\]"),
        ({"X": np.zeros((0, 2)), "y": []}, {}, "X has no rows"),
        ({"y": np.zeros((20, 2))}, {}, r"y has shape \(20, 2\)"),
        ({"y": np.zeros(20, dtype=int)}, {}, "file.npz: .*single class, 0"),
        ({"y": np.arange(20)}, {}, "20 different values in 20 rows"),
        ({"y": np.full(20, np.nan)}, {}, "no finite numbers"),
        ({"y": ["a", "b"] * 10}, {"task": "regression"}, "no finite numbers"),
        ({"y": np.r_[np.nan, np.ones(19)]}, {"task": "classification"}, "hold NaN"),
    ],
)
def test_arrays_that_make_no_task_are_refused(save, change, options, sentence):
    path = save(**table() | change)
    with pytest.raises(ValueError, match=sentence):
        from_npz(path, **options)


def test_a_file_that_is_split_already_takes_no_share(save):
    arrays = split_images()
    with pytest.raises(ValueError, match=r"test_size=0.3 has no effect.*split already"):
        from_npz(save(**arrays), test_size=0.3)
    with pytest.raises(ValueError, match=r"'n_train'.*\[1, 12\].*Got 13"):
        from_npz(save(**arrays), n_train=13)
    arrays["X_test"] = arrays["X_test"][:, :2]
    with pytest.raises(ValueError, match=r"a row of X_train has shape .* X_test"):
        from_npz(save(**arrays))


def test_a_file_without_these_arrays_says_what_it_holds(save):
    with pytest.raises(ValueError, match=r"holds 'images', 'y'. It needs .*'X' and"):
        from_npz(save(images=np.zeros((3, 2)), y=np.zeros(3)))
    with pytest.raises(ValueError, match="holds nothing"):
        from_npz(save())


def test_python_objects_are_never_loaded(save):
    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("it was loaded",))

    path = save(**table() | {"y": np.array([Trap()] * 20, dtype=object)})
    with pytest.raises(ValueError, match=r"file.npz could not be read as .* plain"):
        from_npz(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file at .*missing.npz"):
        from_npz(tmp_path / "missing.npz")
    with pytest.raises(IsADirectoryError, match="is a folder"):
        from_npz(tmp_path)
    np.save(tmp_path / "single.npy", np.zeros(3))
    with pytest.raises(ValueError, match="holds a single array"):
        from_npz(tmp_path / "single.npy")
    for content in (b"", b"no archive", b"PK\x03\x04broken"):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(ValueError, match=r"bad.npz could not be read"):
            from_npz(tmp_path / "bad.npz")
