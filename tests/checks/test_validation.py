"""Validation of samples and feature names: accepted, converted and refused values."""

import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gmmx.checks.feature_names import check_feature_count, check_feature_names, feature_names
from gmmx.checks.samples import check_finite, check_samples

NAME = "GaussianMixture"
DATA = np.arange(12.0).reshape(4, 3)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def unaligned(array):
    buffer = np.frombuffer(b"\0" + array.tobytes(), dtype=np.uint8)
    return buffer[1:].view(array.dtype).reshape(array.shape)


# ---------------------------------------------------------------- samples: what is accepted


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", [np.copy, read_only])
def test_ready_array_is_returned_itself(dtype, layout):
    X = layout(DATA.astype(dtype))
    assert check_samples(X, NAME) is X


def test_memory_map_is_not_copied(tmp_path):
    np.save(tmp_path / "X.npy", DATA)
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    samples = check_samples(X, NAME)
    assert np.shares_memory(samples, X)
    assert type(samples) is np.ndarray


LAYOUTS = {
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "reversed": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
    "unaligned": unaligned,
    "big-endian": lambda X: X.astype(X.dtype.newbyteorder(">")),
    "list": lambda X: X.tolist(),
    "list of rows": list,
    "objects": lambda X: X.astype(object),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_array(layout, dtype):
    expected = DATA.astype(dtype)
    samples = check_samples(LAYOUTS[layout](expected), NAME)
    assert samples.dtype == (np.float64 if layout in {"list", "objects"} else dtype)
    assert samples.dtype.isnative
    assert samples.flags.c_contiguous
    assert samples.flags.aligned
    np.testing.assert_array_equal(samples, expected)


@pytest.mark.parametrize(
    "dtype", [np.float16, np.longdouble, np.int8, np.uint8, np.int32, np.uint64, np.bool_, object]
)
def test_other_real_types_become_float64(dtype):
    X = (DATA % 2).astype(dtype)
    samples = check_samples(X, NAME)
    assert samples.dtype == np.float64
    np.testing.assert_array_equal(samples, DATA % 2)


def test_numbers_in_strings_are_read_as_scikit_learn_does():
    np.testing.assert_array_equal(check_samples([["1.5", "2"]], NAME), [[1.5, 2.0]])


def test_input_is_never_changed():
    X = DATA.astype(object)
    check_samples(X, NAME)
    assert X.dtype == object
    np.testing.assert_array_equal(X.astype(float), DATA)


@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_data_frames_are_read(frame):
    library = pytest.importorskip(frame)
    X = library.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": [True, False]})
    np.testing.assert_array_equal(check_samples(X, NAME), [[1, 0.5, 1], [2, 1.5, 0]])


# ---------------------------------------------------------------- samples: what is refused


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([1.0, 2.0], ValueError, r"Expected 2D array, got 1D array instead:(.|\n)*Reshape your"),
        (3.0, ValueError, "Expected 2D array, got scalar array instead"),
        (None, ValueError, "Expected 2D array, got scalar array instead"),
        ([], ValueError, "Expected 2D array"),
        (np.ones((2, 2, 2)), ValueError, "Found array with dim 3, while dim <= 2 is required by"),
        (np.ones((0, 3)), ValueError, r"Found array with 0 sample\(s\) \(shape=\(0, 3\)\) while"),
        (np.ones((5, 0)), ValueError, r"Found array with 0 feature\(s\) \(shape=\(5, 0\)\) while"),
        (np.ones((2, 2)) * 1j, ValueError, "Complex data not supported"),
        ([[1j, 2.0]], ValueError, "Complex data not supported"),
        (np.array([[np.complex64(1j)]], dtype=object), ValueError, "Complex data not supported"),
        ([["a", "b"]], ValueError, "could not convert string to float"),
        (np.array([[1.0, "a"]], dtype=object), ValueError, "could not convert string to float"),
        ([[1.0, {"a": 1}]], TypeError, r"argument must be .* string.* number"),
        ([[1.0, 2.0], [3.0]], ValueError, "inhomogeneous"),
        ({"a": [1.0]}, TypeError, "dict"),
        ({1.0, 2.0}, TypeError, "set"),
        (np.zeros((2, 2), dtype="M8[D]"), TypeError, "datetime64"),
        (np.zeros((2, 2), dtype="m8[s]"), TypeError, "timedelta64"),
        (np.array([[np.datetime64("2020")]], dtype=object), TypeError, "datetime64"),
        (np.zeros((2, 2), dtype=[("a", float)]), TypeError, "real numbers are required"),
        ([[10**400]], ValueError, "too large for dtype"),
        (np.ma.masked_invalid([[1.0, np.nan]]), ValueError, "masked values"),
    ],
)
def test_unusable_samples_are_refused(X, error, message):
    with pytest.raises(error, match=message):
        check_samples(X, NAME)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_matrix_class_of_numpy_is_refused():
    with pytest.raises(TypeError, match=r"np.matrix is not supported"):
        check_samples(np.asmatrix(DATA), NAME)


@pytest.mark.parametrize("kind", ["csr_matrix", "csr_array", "coo_array"])
def test_sparse_samples_are_refused(kind):
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match=r"Sparse data was passed for X, but dense data is requir"):
        check_samples(getattr(sparse, kind)(DATA), NAME)


def test_pandas_missing_value_counts_as_nan():
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame({"a": pandas.array([1, None], dtype="Int64"), "b": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"Input X contains NaN.*index \(1, 0\)"):
        check_samples(X, NAME)


def test_dates_in_data_frames_are_refused():
    pandas = pytest.importorskip("pandas")
    dates = pandas.to_datetime(["2020-01-01", "2021-01-01"])
    with pytest.raises(TypeError, match="datetime64"):
        check_samples(pandas.DataFrame({"a": dates}), NAME)
    with pytest.raises(TypeError, match="Timestamp"):
        check_samples(pandas.DataFrame({"a": dates, "b": [1.0, 2.0]}), NAME)


@pytest.mark.parametrize("min_samples", [1, 2, 5])
def test_too_few_samples_are_refused(min_samples):
    check_samples(np.ones((min_samples, 2)), NAME, min_samples=min_samples)
    message = rf"Found array with {min_samples - 1} sample\(s\).*minimum of {min_samples} is"
    with pytest.raises(ValueError, match=message + f" required by {NAME}"):
        check_samples(np.ones((min_samples - 1, 2)), NAME, min_samples=min_samples)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("row", [0, 1, 40_000, 70_001])
@pytest.mark.parametrize(
    ("value", "message"),
    [(np.nan, "NaN"), (np.inf, "infinity or a value too large for dtype"), (-np.inf, "infinity")],
)
def test_first_number_that_is_not_finite_is_named(value, message, row, dtype):
    X = np.zeros((70_002, 3), dtype=dtype)
    X[row, 1] = value
    with pytest.raises(ValueError, match=rf"Input X contains {message}.*index \({row}, 1\)"):
        check_samples(X, NAME)


def test_message_about_nan_names_the_estimator():
    with pytest.raises(ValueError, match=f"{NAME} does not accept missing values encoded as NaN"):
        check_samples([[np.nan, 1.0]], NAME)


def test_opposite_infinities_are_refused():
    with pytest.raises(ValueError, match="contains infinity"):
        check_samples([[np.inf], [-np.inf]], NAME)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finite_numbers_with_an_infinite_sum_are_accepted(dtype):
    X = np.full((100_000, 2), np.finfo(dtype).max)
    X[::3] *= -1
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        assert check_samples(X, NAME) is X


def test_no_floating_point_error_reaches_the_caller():
    too_large = np.array([[np.finfo(np.longdouble).max]])
    with np.errstate(all="raise"):
        check_samples(np.array([[1.0, 1e-320]], dtype=np.longdouble), NAME)
        if too_large[0, 0] > np.finfo(np.float64).max:
            with pytest.raises(ValueError, match="contains infinity"):
                check_samples(too_large, NAME)


def test_finite_check_takes_memory_for_one_block_only():
    import tracemalloc

    X = np.full((1_000_000, 2), 1e308)
    tracemalloc.start()
    check_finite(X, "X")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes / 50


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.floats(width=32), min_size=1, max_size=20),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_exactly_the_finite_arrays_are_accepted(values, dtype):
    X = np.array(values, dtype=dtype)[:, np.newaxis]
    if np.isfinite(X).all():
        assert check_samples(X, NAME) is X
    else:
        with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
            check_samples(X, NAME)


# ---------------------------------------------------------------- features


@pytest.mark.parametrize("frame", ["pandas", "polars"])
def test_names_of_data_frame_columns_are_found(frame):
    library = pytest.importorskip(frame)
    names = feature_names(library.DataFrame({"b": [1.0], "a": [2.0]}))
    assert names.dtype == object
    assert list(names) == ["b", "a"]


def test_names_of_any_container_with_columns_are_found():
    class Table:
        column_names = ("x", "y")
        columns = (np.ones(2), np.ones(2))

    assert list(feature_names(Table())) == ["x", "y"]


@pytest.mark.parametrize("X", [DATA, [[1.0]], None, DATA.view(np.recarray)])
def test_other_data_have_no_names(X):
    assert feature_names(X) is None


def test_a_name_of_two_columns_is_refused():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(np.zeros((2, 3)), columns=["a", "b", "a"])
    with pytest.raises(ValueError, match=r"Expected unique column names, got these .*\n- a\n"):
        feature_names(frame)


def test_names_that_are_no_strings_do_not_count():
    pandas = pytest.importorskip("pandas")
    assert feature_names(pandas.DataFrame([[1.0, 2.0]])) is None
    assert feature_names(pandas.DataFrame(index=[0, 1])) is None
    with pytest.raises(TypeError, match=r"only supported if all input features have string names"):
        feature_names(pandas.DataFrame([[1.0, 2.0]], columns=["a", 1]))


def frame_with(*names):
    return pytest.importorskip("pandas").DataFrame([[1.0] * len(names)], columns=list(names))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("b", "a"), "Feature names must be in the same order as they were in fit."),
        (("a", "c"), "unseen at fit time:\n- c\nFeature names seen at fit time, yet now missing:"),
        (("a",), "Feature names seen at fit time, yet now missing:\n- b\n"),
        (tuple("abcdefgh"), "- c\n- d\n- e\n- f\n- g\n- ...\n"),
    ],
)
def test_other_names_than_in_fit_are_refused(names, message):
    fitted = np.array(["a", "b"], dtype=object)
    start = "The feature names should match those that were passed during fit.\n"
    with pytest.raises(ValueError, match=re.escape(start) + "(.|\n)*" + re.escape(message)):
        check_feature_names(frame_with(*names), fitted, NAME)


def test_same_names_pass_in_silence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_feature_names(frame_with("a", "b"), np.array(["a", "b"], dtype=object), NAME)
        check_feature_names(DATA, None, NAME)


def test_names_on_one_side_only_are_warned_about():
    with pytest.warns(UserWarning, match=f"^X has feature names, but {NAME} was fitted without fe"):
        check_feature_names(frame_with("a"), None, NAME)
    with pytest.warns(UserWarning, match=f"^X does not have valid feature names, but {NAME} was f"):
        check_feature_names(DATA, np.array(["a"], dtype=object), NAME)


def test_another_number_of_features_is_refused():
    check_feature_count(3, 3, NAME)
    message = f"X has 2 features, but {NAME} is expecting 3 features as input."
    with pytest.raises(ValueError, match=message):
        check_feature_count(2, 3, NAME)
