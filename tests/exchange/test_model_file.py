"""Model files: a loaded model equals the saved model, and invalid files are refused."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import re
import stat
import struct
import subprocess
import sys
import textwrap
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import gmmx
from gmmx import GaussianMixture, ModelFileError, NotFittedError
from gmmx.exchange.format import FORMAT_VERSION, MAGIC, ModelFile, decode, encode
from gmmx.model.covariance import STRUCTURES

GOLDEN = Path(__file__).parents[1] / "data" / "model_v1.gmmx"
PREFIX = struct.Struct("<8sIQQ")
CHECKSUM_SIZE = 32

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX permissions, limits or signals")


def samples(n_features=3, dtype=np.float64):
    random = np.random.default_rng(7)
    X = random.normal(size=(120, n_features)) + 4 * random.integers(3, size=(120, 1))
    return X.astype(dtype)


def small_model():
    """Return a model whose file is small enough to test every bit."""
    return GaussianMixture.from_parameters([0.25, 0.75], [[0.0], [3.0]], [1.0, 2.0], "spherical")


def bits(value):
    """Return a value's type and bits, to compare values bit for bit."""
    if isinstance(value, np.random.RandomState):
        return "random state", bits(list(value.get_state(legacy=False).items()))
    if isinstance(value, np.ndarray) and value.dtype != object:
        return "array", str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, np.ndarray):
        return "strings", value.tolist()
    if isinstance(value, list | tuple):
        return type(value), [bits(item) for item in value]
    if isinstance(value, dict):
        return dict, [(name, bits(item)) for name, item in value.items()]
    if isinstance(value, float | np.floating):
        return type(value), np.asarray(value).tobytes()
    return type(value), value


def saved(model, folder):
    path = folder / "model.gmmx"
    model.save(path)
    return path


def assert_same(loaded, model):
    assert type(loaded) is type(model)
    assert bits(loaded.get_params()) == bits(model.get_params())
    ours, theirs = ({n: v for n, v in vars(m).items() if n.endswith("_")} for m in (loaded, model))
    assert bits(ours) == bits(theirs)


def parts(data):
    """Return the header and the arrays of a model file."""
    *_, header_length = PREFIX.unpack_from(data)
    stop = PREFIX.size + header_length
    return json.loads(data[PREFIX.size : stop]), data[stop:-CHECKSUM_SIZE]


def forged(header, arrays, version=FORMAT_VERSION, length=None, header_length=None):
    """Return a file with a given header and a correct checksum."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    if length is None:
        length = PREFIX.size + len(text) + len(arrays) + CHECKSUM_SIZE
    prefix = PREFIX.pack(MAGIC, version, length, header_length or len(text))
    body = prefix + text + arrays
    return body + hashlib.sha256(body).digest()


def refusal(path, data):
    """Write data that `load` must refuse; return the message of the error."""
    path.write_bytes(data)
    with pytest.raises(ModelFileError) as caught:
        gmmx.load(path)
    assert isinstance(caught.value, ValueError)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


# ---- loaded models


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", STRUCTURES)
def test_a_fitted_model_comes_back_bit_for_bit(tmp_path, name, dtype):
    X = samples(dtype=dtype)
    model = GaussianMixture(3, covariance_type=name, random_state=0, n_init=2).fit(X)
    loaded = gmmx.load(saved(model, tmp_path))
    assert_same(loaded, model)
    for method in ("predict", "predict_proba", "score_samples"):
        assert getattr(loaded, method)(X).tobytes() == getattr(model, method)(X).tobytes()


@pytest.mark.parametrize(
    "parameters",
    [
        {"random_state": None},
        {"random_state": np.int64(5), "n_components": np.int32(2), "tol": np.float32(1e-3)},
        {"reg_covar": np.float64(1e-7), "warm_start": np.bool_(True), "verbose": True},
        {"covariance_type": "diag", "verbose_interval": np.uint8(9)},
        {"weights_init": [0.5, 0.5], "means_init": ((0.0, 0.1, 1e-300), [1, 2, np.float32(3)])},
        {"weights_init": np.float32([0.5, 0.5]), "precisions_init": np.stack([np.eye(3)] * 2)},
        {"means_init": np.arange(12.0).reshape(2, 6)[:, ::2]},
        {"means_init": np.array([[0, 1, 2], [3, 4, 5]], np.int8)},
    ],
)  # fmt: skip
def test_parameters_come_back(tmp_path, parameters):
    model = GaussianMixture(2).set_params(**parameters, max_iter=2)
    with np.errstate(all="raise"), pytest.warns(gmmx.ConvergenceWarning):
        model.fit(samples())
    assert_same(gmmx.load(saved(model, tmp_path)), model)


def test_strings_of_numpy_come_back_as_strings(tmp_path):
    model = small_model().set_params(init_params=np.str_("random"))
    assert gmmx.load(saved(model, tmp_path)).init_params == "random"


def test_a_random_state_goes_on_where_it_was(tmp_path):
    random_state = np.random.RandomState(3)
    random_state.standard_normal(5)  # the generator keeps the second number of a pair
    model = GaussianMixture(2, random_state=random_state).fit(samples())
    loaded = gmmx.load(saved(model, tmp_path))
    assert_same(loaded, model)
    assert loaded.sample(50)[0].tobytes() == model.sample(50)[0].tobytes()
    assert model.sample(50)[0].tobytes() == loaded.sample(50)[0].tobytes()


def test_names_of_features_come_back(tmp_path):
    X = pd.DataFrame(samples(), columns=["größe", 'a "quoted" name', "\N{GRINNING FACE}"])
    model = GaussianMixture(2, random_state=0).fit(X)
    loaded = gmmx.load(saved(model, tmp_path))
    assert_same(loaded, model)
    assert (loaded.predict(X) == model.predict(X)).all()
    with pytest.raises(ValueError, match="should match those that were passed during fit"):
        loaded.predict(X.rename(columns={"größe": "size"}))


def test_what_a_fit_may_store_comes_back(tmp_path):
    model = small_model()
    model.weight_concentration_ = (np.array([1.5, 2.5]), np.array([3.5, -0.0]))
    model.bounds_ = [1.0, -np.inf, 5e-324, 0.1, -0.0, np.nan]
    model.nothing_, model.flags_ = None, [True, np.bool_(False), 2**63]
    model.counts_ = np.array(7, np.uint16)
    model.empty_ = np.empty((0, 4), np.float16)
    assert_same(gmmx.load(saved(model, tmp_path)), model)


def test_attributes_set_by_hand_come_back(tmp_path):
    model = GaussianMixture(2)
    model.weights_, model.means_ = np.array([0.5, 0.5]), np.array([[0.0], [5.0]])
    model.precisions_cholesky_ = np.ones((2, 1, 1))
    loaded = gmmx.load(saved(model, tmp_path))
    assert_same(loaded, model)
    assert loaded.predict([[0.1], [4.0]]).tolist() == [0, 1]


def test_arrays_of_other_layouts_keep_their_numbers(tmp_path):
    model = small_model()
    model.means_ = model.means_.astype(">f8")
    model.grid_ = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    loaded = gmmx.load(saved(model, tmp_path))
    for name in ("means_", "grid_"):
        values = getattr(loaded, name)
        np.testing.assert_array_equal(values, getattr(model, name))
        assert values.dtype.isnative
        assert values.flags.c_contiguous
        assert values.flags.writeable
        assert values.flags.owndata


leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | arrays(
        st.sampled_from(["?", "i1", "u2", "i4", "i8", "u8", "f2", "f4", "f8"]),
        array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
    )
    | arrays("f8", ()).map(lambda array: array[()])
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.lists(inner).map(tuple), max_leaves=6
)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.dictionaries(st.text(), values, max_size=5))
def test_all_values_come_back(named):
    contents = ModelFile("GaussianMixture", named, {"other_": list(named.values())})
    again = decode(encode(contents))
    assert bits(again.parameters) == bits(named)
    assert bits(again.fitted) == bits(contents.fitted)


def test_a_loaded_model_is_fitted_on(tmp_path):
    X = samples()
    model = GaussianMixture(3, random_state=0, warm_start=True, tol=0, max_iter=3)
    with pytest.warns(gmmx.ConvergenceWarning):
        model.fit(X)
    loaded = gmmx.load(saved(model, tmp_path))
    with pytest.warns(gmmx.ConvergenceWarning):
        assert loaded.fit(X).means_.tobytes() == model.fit(X).means_.tobytes()


def test_saving_twice_writes_the_same_bytes(tmp_path):
    model = small_model()
    data = saved(model, tmp_path).read_bytes()
    assert saved(model, tmp_path).read_bytes() == data
    assert saved(gmmx.load(tmp_path / "model.gmmx"), tmp_path).read_bytes() == data


def test_golden_file_of_version_1():
    """Version 1 of the format wrote this file; every later version must read the same numbers."""
    model = gmmx.load(GOLDEN)
    assert type(model) is GaussianMixture
    assert model.n_components == 2
    assert model.covariance_type == "tied"
    assert bits(model.tol) == bits(np.float32(0.125))
    assert (model.verbose_interval, model.n_threads, model.warm_start) == (11, None, True)
    assert model.weights_init == [0.25, 0.75]
    assert model.means_init == ((0.0, 1.0), (2.0, 3.0))
    assert bits(model.precisions_init) == bits(np.array([[2.0, 0.5], [0.5, 1.0]], np.float32))
    assert model.random_state.randint(1000, size=4).tolist() == [102, 435, 860, 270]
    assert bits(model.weights_) == bits(np.array([0.25, 0.75]))
    assert bits(model.means_) == bits(np.array([[-1.0, 0.1], [1e-300, 2.0**70]]))
    assert bits(model.covariances_) == bits(np.array([[4.0, 1.0], [1.0, 9.0]]))
    assert model.feature_names_in_.tolist() == ["eruptions", "größe"]
    assert model.feature_names_in_.dtype == object
    assert model.lower_bound_ == -np.inf
    assert model.lower_bounds_ == [-2.5, 0.1]
    assert (model.n_features_in_, model.converged_, model.n_iter_) == (2, False, 0)
    expected = -np.log(2 * np.pi) - 0.5 * np.log(35.0) + np.log(0.25)
    X = pd.DataFrame([[-1.0, 0.1]], columns=["eruptions", "größe"])
    assert model.score_samples(X)[0] == pytest.approx(expected, rel=1e-14)


def test_golden_file_is_what_this_version_writes(tmp_path):
    model = gmmx.load(GOLDEN)
    header, arrays = parts(GOLDEN.read_bytes())
    now_header, now_arrays = parts(saved(model, tmp_path).read_bytes())
    assert now_header["parameters"].items() >= header["parameters"].items()
    assert now_header["fitted"] == header["fitted"]
    assert now_arrays == arrays


# ---- errors before anything is written


def test_an_unfitted_estimator_is_not_saved(tmp_path):
    with pytest.raises(NotFittedError):
        GaussianMixture(2).save(tmp_path / "model.gmmx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("parameter", "value", "what"),
    [
        ("means_init", pd.DataFrame([[0.0], [1.0]]), "pandas"),
        ("means_init", np.array([[0.0], [1.0]], np.longdouble), "ndarray of "),
        ("means_init", np.array([[0j], [1j]]), "ndarray of complex128"),
        ("means_init", np.ma.masked_array([[0.0], [1.0]], [[True], [False]]), "MaskedArray"),
        ("means_init", np.array([[0.0], [None]]), "ndarray of object"),
        ("weights_init", np.array(["a", "b"]), "ndarray of <U1"),
        ("weights_init", [0.5, 0.5 + 0j], "complex"),
        ("random_state", np.random.default_rng(0), "Generator"),
        ("random_state", np.random.RandomState(np.random.PCG64(0)), "RandomState"),
        ("verbose", print, "function_or_method"),
        ("verbose", {1: 2}, "dict"),
    ],
)
def test_what_is_no_data_is_not_saved(tmp_path, parameter, value, what):
    if what == "ndarray of " and np.dtype(np.longdouble).itemsize == 8:
        pytest.skip("long doubles are doubles here, which are saved")
    path = saved(small_model(), tmp_path)
    before = path.read_bytes()
    model = small_model().set_params(**{parameter: value})
    with pytest.raises(
        TypeError, match=f"'{parameter}' holds a .*{re.escape(what)}.*Before saving"
    ):
        model.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_subclasses_are_not_saved(tmp_path):
    class Mine(GaussianMixture):
        pass

    class Twin(GaussianMixture):
        pass

    Twin.__name__ = "GaussianMixture"
    for cls in (Mine, Twin):
        model = cls(random_state=0).fit([[0.0], [1.0]])
        with pytest.raises(TypeError, match=r"cannot be saved, since gmmx\.load finds only"):
            model.save(tmp_path / "model.gmmx")


def test_attributes_that_do_not_agree_are_not_saved(tmp_path):
    for name, value in [("weights_", np.ones(3) / 3), ("means_", None), ("covariances_", ["a"])]:
        model = small_model()
        setattr(model, name, value)
        with pytest.raises(ValueError, match=name):
            model.save(tmp_path / "model.gmmx")


def test_models_without_what_predictions_read_are_not_saved(tmp_path):
    for name in ("weights_", "means_", "precisions_cholesky_"):
        model = small_model()
        delattr(model, name)
        with pytest.raises((ValueError, NotFittedError)):
            model.save(tmp_path / "model.gmmx")


@pytest.mark.parametrize("file", [3, None, io.StringIO()])
def test_only_paths_and_binary_files_are_taken(file):
    with pytest.raises(TypeError, match="save needs a path or a binary file object"):
        small_model().save(file)
    with pytest.raises(TypeError, match="load needs a path, bytes or a binary file object"):
        gmmx.load(file)


class Trickle(io.RawIOBase):
    """An unbuffered file that accepts a few bytes at a time."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data[:7])
        return min(7, len(data))


def test_file_objects_and_bytes_hold_what_a_file_at_a_path_does(tmp_path):
    model = small_model()
    data = saved(model, tmp_path).read_bytes()
    buffer, trickle = io.BytesIO(), Trickle()
    model.save(buffer)
    model.save(trickle)
    assert model.to_bytes() == buffer.getvalue() == trickle.data == data
    assert_same(gmmx.load(io.BytesIO(data)), model)
    assert_same(gmmx.load(data), model)
    assert_same(gmmx.load(memoryview(data)), model)
    with open(tmp_path / "model.gmmx", "rb") as file:
        assert_same(gmmx.load(file), model)


def test_damage_is_found_in_file_objects_and_bytes(tmp_path):
    data = small_model().to_bytes()[:-1]
    with pytest.raises(ModelFileError, match=r"^bytes: the file is cut short"):
        gmmx.load(data)
    with pytest.raises(ModelFileError, match=r"^BytesIO: the file is cut short"):
        gmmx.load(io.BytesIO(data))
    path = tmp_path / "model.gmmx"
    path.write_bytes(data)
    with (
        open(path, "rb") as file,
        pytest.raises(ModelFileError, match=rf"^{re.escape(str(path))}: the file is"),
    ):
        gmmx.load(file)


def test_paths_of_all_kinds_are_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = small_model()
    longest = 255 if os.name == "posix" else 100
    for path in ("a.gmmx", Path("c.gmmx"), Path("größe" * 15), Path("d" * longest)):
        model.save(path)
        assert_same(gmmx.load(path), model)


# ---- damage


def test_every_truncation_of_a_small_file_is_refused(tmp_path):
    data = saved(small_model(), tmp_path).read_bytes()
    for size in range(1, len(data)):
        with pytest.raises(ModelFileError, match="cut short"):
            decode(data[:size])
    with pytest.raises(ModelFileError, match="the file is empty"):
        decode(b"")


def test_every_bit_of_a_small_file_is_guarded(tmp_path):
    data = bytearray(saved(small_model(), tmp_path).read_bytes())
    assert len(data) < 2048
    for position in range(8 * len(data)):
        data[position // 8] ^= 1 << position % 8
        with pytest.raises(ModelFileError):
            decode(bytes(data))
        data[position // 8] ^= 1 << position % 8
    assert decode(bytes(data)).fitted["means_"].tolist() == [[0.0], [3.0]]


def test_damage_of_a_large_file_is_refused(tmp_path):
    """63 truncations and 400 changed bits; some such pickles load with wrong parameters."""
    path = saved(GaussianMixture(5, random_state=0).fit(samples(12)), tmp_path)
    data = path.read_bytes()
    random = np.random.default_rng(0)
    for size in np.linspace(0, len(data) - 1, 63).astype(int):
        refusal(path, data[:size])
    for position in random.choice(8 * len(data), 400, replace=False):
        damaged = bytearray(data)
        damaged[position // 8] ^= 1 << position % 8
        refusal(path, damaged)


def test_what_follows_a_file_is_refused(tmp_path):
    path = saved(small_model(), tmp_path)
    data = path.read_bytes()
    assert "it says" in refusal(path, data + b"\0")
    assert "it says" in refusal(path, data + data)


def test_files_of_another_kind_are_refused(tmp_path):
    path = tmp_path / "model.gmmx"
    model = small_model()
    np.savez(tmp_path / "x.npz", model.means_)
    np.save(tmp_path / "x.npy", model.means_)
    others = [
        pickle.dumps(model), (tmp_path / "x.npz").read_bytes(), (tmp_path / "x.npy").read_bytes(),
        b"{}", b"\0" * 4096, b"a,b\n1,2\n", b"\x89PNG\r\n\x1a\n", bytes(range(256)),
        saved(model, tmp_path).read_bytes().replace(b"\r\n", b"\n"),  # a file copied in text mode
    ]  # fmt: skip
    for data in others:
        assert "not a model file of gmmx" in refusal(path, data)


def test_files_that_cannot_be_read_are_the_systems_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no\.gmmx"):
        gmmx.load(tmp_path / "no.gmmx")
    with pytest.raises(OSError, match=re.escape(tmp_path.name)):
        gmmx.load(tmp_path)


def test_a_newer_version_says_so(tmp_path):
    path = saved(small_model(), tmp_path)
    header, arrays = parts(path.read_bytes())
    header |= {"gmmx": "7.8.9", "parameters": {"of": {"another": "kind"}}, "more": 1}
    message = refusal(path, forged(header, arrays, version=FORMAT_VERSION + 1))
    assert f"written by gmmx 7.8.9 in format version {FORMAT_VERSION + 1}" in message
    assert f"this is gmmx {gmmx.__version__}" in message
    refusal(path, forged(header, arrays, version=0))


def test_a_newer_parameter_or_class_is_named(tmp_path):
    path = saved(small_model(), tmp_path)
    header, arrays = parts(path.read_bytes())
    newer = header | {"gmmx": "7.8.9", "parameters": header["parameters"] | {"sparsity": 2}}
    message = refusal(path, forged(newer, arrays))
    assert message == (
        "written by gmmx 7.8.9, it holds parameters that this gmmx does not know: ['sparsity']"
    )
    assert "a 'StudentMixture', which" in refusal(
        path, forged(header | {"class": "StudentMixture"}, arrays)
    )


def test_parameters_that_came_later_have_their_defaults(tmp_path):
    path = saved(small_model().set_params(tol=0.5, algorithm="squarem"), tmp_path)
    header, arrays = parts(path.read_bytes())
    del header["parameters"]["algorithm"]
    path.write_bytes(forged(header, arrays))
    assert_same(gmmx.load(path), small_model().set_params(tol=0.5))


# ---- forged files with correct checksums

HUGE = 2**62


def forgeries(data):
    """Yield files whose headers do not match their contents."""
    header, arrays = parts(data)

    def with_value(place, name, value):
        changed = json.loads(json.dumps(header))
        changed[place][name] = value
        return forged(changed, arrays)

    def with_means(**changes):
        place = header["fitted"]["means_"]["array"] | changes
        return with_value("fitted", "means_", {"array": place})

    for shape in (
        [HUGE, 1], [2**20, 2**20], [2**31, 2**31], [HUGE, HUGE, HUGE], [0, HUGE], [HUGE, HUGE, 0],
        [-1, 1], [2, -1], [-1, -2], [1] * 100, [2.0, 1], ["2", 1], [True, 2], [None], None, 2, "21",
        {}, [[2, 1]], [1, 2], [2], [4], [10**400, 1],
    ):  # fmt: skip
        yield with_means(shape=shape)
    for dtype in (
        "|O",
        "O",
        "<f16",
        "<c8",
        "|V8",
        "|S8",
        "<U2",
        ">f8",
        "f8",
        "<M8[s]",
        None,
        8,
        [],
    ):
        yield with_means(dtype=dtype)
    yield with_means(dtype="<f4", shape=[4, 1])
    for offset in (0, 8, -16, HUGE, 2**64, 16.0, "16", None, [16], 10**400):
        yield with_means(offset=offset)
    place = {"dtype": "<f8", "shape": [2], "offset": 0}
    for value in (
        {"array": {}}, {"array": None}, {"array": []}, {"array": place, "more": 1}, {}, {"what": 1},
        {"scalar": place}, {"float": "1e999"}, {"float": 1}, {"float": None}, {"float": []},
        {"tuple": 1}, {"tuple": {"a": 1}}, {"strings": "ab"}, {"strings": [1]}, {"strings": None},
        {"random_state": {}}, {"random_state": 1}, {"eval": "print(1)"}, None, 1, "text", [],
        [0.0, 3.0], [[0.0], ["x"]], [["y"], [{}]],
    ):  # fmt: skip
        yield with_value("fitted", "means_", value)
    for name in ("n_features_in_", "weights_", "covariances_", "precisions_cholesky_"):
        yield with_value("fitted", name, {"strings": ["a", "b"]})
    yield with_value("fitted", "feature_names_in_", {"strings": ["a", "b"]})
    yield with_value("fitted", "feature_names_in_", 3)
    for name in ("__class__", "__dict__", "_private", "fit", "tol", ""):
        yield with_value("fitted", name, 1)
    for name in ("self", "__class__", "nothing", ""):
        yield with_value("parameters", name, 1)
    for name in ("x", 3, None, [], "full", "tied"):
        yield with_value("parameters", "covariance_type", name)
    for missing in header:
        yield forged({name: value for name, value in header.items() if name != missing}, arrays)
    for name, value in [
        ("class", "object"), ("class", 1), ("class", None), ("class", []), ("gmmx", 1),
        ("gmmx", None), ("parameters", []), ("parameters", None), ("fitted", [1]), ("fitted", {}),
    ]:  # fmt: skip
        yield forged(header | {name: value}, arrays)
    yield forged(header, arrays + bytes(8))
    yield forged(header, arrays[:-8])
    for text in (
        b"", b"{", b"1", b"null", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000,
        b'{"gmmx": NaN}', b'{"gmmx": ' + b"9" * 10_000 + b"}",
        json.dumps(header).replace("0.001", "Infinity").encode(),
        json.dumps(header).replace("false", '{"tuple": [' * 400 + "]}" * 400).encode(),
    ):  # fmt: skip
        yield forged(text, arrays)
    for length in (0, 1, HUGE, 2**64 - 1):
        yield forged(header, arrays, length=length)
        yield forged(header, arrays, header_length=length or 2**63)


def test_forgeries_are_refused(tmp_path):
    path = saved(small_model(), tmp_path)
    all_forgeries = list(forgeries(path.read_bytes()))
    assert len(all_forgeries) > 120
    for data in all_forgeries:
        refusal(path, data)


def test_forged_states_of_generators_are_refused(tmp_path):
    """With a wrong position NumPy would read memory outside of the state."""
    path = saved(small_model().set_params(random_state=np.random.RandomState(0)), tmp_path)
    header, arrays = parts(path.read_bytes())
    state = header["parameters"]["random_state"]["random_state"]
    for name, value in [
        ("pos", -1), ("pos", 625), ("pos", 2**40), ("pos", 1.0), ("pos", None), ("has_gauss", 2),
        ("has_gauss", None), ("gauss", None), ("gauss", "x"), ("key", None), ("key", {}),
        ("key", state["key"] | {"shape": [312], "dtype": "<u8"}),
        ("key", state["key"] | {"dtype": "<i4"}), ("key", state["key"] | {"shape": [26, 24]}),
    ]:  # fmt: skip
        changed = json.loads(json.dumps(header))
        changed["parameters"]["random_state"]["random_state"][name] = value
        assert "generator" in refusal(path, forged(changed, arrays)) or name == "key"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_forgeries_take_no_memory(tmp_path):
    """200 MB of free memory must be enough for each of them."""
    path = saved(small_model(), tmp_path)
    folder = tmp_path / "forged"
    folder.mkdir()
    for i, data in enumerate(forgeries(path.read_bytes())):
        (folder / f"{i}.gmmx").write_bytes(data)
    output = run(
        f"""
        import resource
        folder = Path({str(folder)!r})
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + 200_000_000,) * 2)
        refused = 0
        for path in folder.iterdir():
            try:
                gmmx.load(path)
            except gmmx.ModelFileError:
                refused += 1
        print(refused)
        """
    )
    assert int(output) == len(list(folder.iterdir()))


# ---- writing of files


def run(program):
    """Run a program in a new process and return its output."""
    preamble = "import os, sys\nfrom pathlib import Path\nimport numpy as np\nimport gmmx\n"
    finished = subprocess.run(
        [sys.executable, "-c", preamble + textwrap.dedent(program)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@posix
def test_killed_writers_leave_the_old_file_or_the_new_one(tmp_path):
    output = run(
        f"""
        import random, signal, time
        folder = Path({str(tmp_path)!r})
        path = folder / "model.gmmx"
        means = np.random.default_rng(0).normal(size=(2, 1000, 40))
        models = [
            gmmx.GaussianMixture.from_parameters(
                np.full(1000, 1 / 1000), each, np.ones(1000), "spherical"
            )
            for each in means
        ]
        models[0].save(path)
        draw = random.Random(0)
        seen = set()
        for turn in range(40):
            before = path.stat().st_ino
            child = os.fork()
            if child == 0:
                while True:
                    for model in models[:: 1 - 2 * (turn % 2)]:
                        model.save(path)
            while path.stat().st_ino == before:
                time.sleep(0.001)
            time.sleep(draw.uniform(0, 0.02))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            loaded = gmmx.load(path)
            matches = [loaded.means_.tobytes() == each.tobytes() for each in means]
            assert sum(matches) == 1
            seen.add(matches.index(True))
        print(len(seen), len(list(folder.glob(".gmmx-*.tmp"))))
        """
    )
    n_seen, n_interrupted = map(int, output.split())
    assert n_seen == 2
    assert n_interrupted > 0  # some processes were killed while they were writing


@posix
def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = saved(small_model(), tmp_path)
    before = path.read_bytes()
    output = run(
        f"""
        import resource
        X = np.random.default_rng(0).normal(size=(100, 30))
        model = gmmx.GaussianMixture(2, random_state=0).fit(X)
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
        try:
            model.save({str(path)!r})
        except OSError as error:
            print(error)
        """
    )
    assert str(path) in output
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_a_folder_that_is_read_only_leaves_the_old_file(tmp_path):
    path = saved(small_model(), tmp_path)
    before = path.read_bytes()
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    tmp_path.chmod(0o555)
    try:
        output = run(
            f"""
            model = gmmx.load({str(path)!r})
            if os.geteuid() == 0:
                os.seteuid(65534)  # Permissions do not bind the superuser.
            try:
                model.save({str(path)!r})
            except PermissionError as error:
                print(error)
            """
        )
    finally:
        tmp_path.chmod(0o755)
    assert output == f"[Errno 13] Permission denied: '{path}'\n"
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", ["fsync", "replace", "fdopen"])
def test_any_step_may_fail(tmp_path, monkeypatch, call):
    path = saved(small_model(), tmp_path)
    before = path.read_bytes()

    def fail(descriptor, *_):
        if call == "fdopen":
            os.close(descriptor)
        raise OSError(28, "No space left on device", "temporary")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match=r"No space left on device: .*model\.gmmx"):
        small_model().set_params(tol=1.0).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_the_old_file(tmp_path, monkeypatch):
    path = saved(small_model(), tmp_path)

    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        small_model().set_params(tol=1.0).save(path)
    monkeypatch.undo()
    assert_same(gmmx.load(path), small_model())
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_flushed_is_no_failure(tmp_path, monkeypatch):
    calls = []

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) > 1:
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", fsync)
    assert_same(gmmx.load(saved(small_model(), tmp_path)), small_model())


def test_what_is_no_file_is_not_replaced(tmp_path):
    with pytest.raises(IsADirectoryError, match=re.escape(tmp_path.name)):
        small_model().save(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no.+model\.gmmx"):
        small_model().save(tmp_path / "no" / "model.gmmx")
    if os.name != "nt":
        with pytest.raises(OSError, match="/dev/null"):
            small_model().save("/dev/null")
        assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@posix
def test_permissions_are_those_of_a_new_file_or_of_the_old_one(tmp_path):
    before = os.umask(0o027)
    try:
        path = saved(small_model(), tmp_path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o606)
        saved(small_model(), tmp_path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o606
    finally:
        os.umask(before)


@posix
def test_symbolic_links_stay(tmp_path):
    path = saved(small_model(), tmp_path)
    link = tmp_path / "current.gmmx"
    link.symlink_to(path.name)
    small_model().set_params(tol=0.5).save(link)
    assert link.is_symlink()
    assert gmmx.load(path).tol == 0.5
    assert sorted(tmp_path.iterdir()) == [link, path]


@posix
def test_many_threads_save_to_one_file(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    models = [small_model().set_params(tol=float(i)) for i in range(1, 9)]
    path = tmp_path / "model.gmmx"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: models[i % 8].save(path), range(80)))
    assert gmmx.load(path).tol in range(1, 9)
    assert list(tmp_path.iterdir()) == [path]


def test_headers_are_plain_json_in_a_documented_place(tmp_path):
    data = saved(small_model(), tmp_path).read_bytes()
    magic, version, length, _ = PREFIX.unpack_from(data)
    assert (magic, version, length) == (b"\x89GMMX\r\n\x1a", 1, len(data))
    assert data[-CHECKSUM_SIZE:] == hashlib.sha256(data[:-CHECKSUM_SIZE]).digest()
    header, arrays = parts(data)
    assert list(header) == ["gmmx", "class", "parameters", "fitted"]
    place = header["fitted"]["means_"]["array"]
    assert OrderedDict(place) == OrderedDict(dtype="<f8", shape=[2, 1], offset=16)
    assert struct.unpack_from("<2d", arrays, place["offset"]) == (0.0, 3.0)
