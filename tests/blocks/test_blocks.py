"""Fits to samples in blocks equal fits to the same samples in memory, to the last bit."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import gmmx
from gmmx.blocks.blocks_as_windows import windows_of_blocks
from gmmx.blocks.recognition import blocks_of
from gmmx.blocks.start_sample import StartSample, start_size
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES
from gmmx.samples.array_source import ArraySource
from gmmx.samples.windows import Window, window_size

pa = pytest.importorskip("pyarrow")
dataset = pytest.importorskip("pyarrow.dataset")
parquet = pytest.importorskip("pyarrow.parquet")
pl = pytest.importorskip("polars")

pytestmark = [
    pytest.mark.filterwarnings("ignore:Best performing initialization"),
    pytest.mark.filterwarnings("ignore:X has feature names"),
]

K, D = 4, 3


@pytest.fixture(scope="module", autouse=True)
def small_windows():
    """Cut passes into windows of 1024 samples, so that few samples fill several windows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gmmx.samples.windows.WINDOW_VALUES", 0)
        yield


def samples(n_samples=5000, n_features=D, separation=4.0, dtype=np.float64):
    draw = np.random.default_rng(n_features)
    means = separation * draw.normal(size=(K, n_features))
    X = means[draw.integers(K, size=n_samples)] + draw.normal(size=(n_samples, n_features))
    return X.astype(dtype)


def start(X, covariance_type="full"):
    """Return the parameters of a model whose starting values are given."""
    given = gmmx.GaussianMixture(
        K, covariance_type=covariance_type, max_iter=1, random_state=0, tol=1.0
    ).fit(X[:500])
    return {
        "weights_init": given.weights_,
        "means_init": given.means_,
        "precisions_init": given.precisions_,
    }


class Reread:
    """An iterable that starts anew each time."""

    def __init__(self, blocks):
        self.blocks = blocks

    def __iter__(self):
        return iter(self.blocks)


def cut(X, sizes=(700, 1, 1024, 0, 300, 2048)):
    """Return X in blocks of these sizes, and the rest."""
    return np.split(X, np.cumsum(sizes))


def saved(folder, blocks):
    paths = [folder / f"part{i}.npy" for i in range(len(blocks))]
    for path, block in zip(paths, blocks, strict=True):
        np.save(path, block)
    return paths


def parquet_folder(X, folder):
    frame = pa.Table.from_pandas(pd.DataFrame(X, columns=[f"x{d}" for d in range(X.shape[1])]))
    (folder / "table").mkdir()
    for i, rows in enumerate((slice(0, 1500), slice(1500, 1501), slice(1501, None))):
        part = frame.slice(rows.start, None if rows.stop is None else rows.stop - rows.start)
        parquet.write_table(part, folder / "table" / f"part{i}.parquet", row_group_size=999)
    return folder / "table"


SOURCES = {
    "list of arrays": lambda X, folder: cut(X),
    "list of single rows": lambda X, folder: cut(X, (1, 1, 1)),
    "iterable": lambda X, folder: Reread(cut(X)),
    "npy files": lambda X, folder: saved(folder, cut(X)),
    "names of npy files": lambda X, folder: [str(path) for path in saved(folder, cut(X))],
    "npy file": lambda X, folder: saved(folder, [X])[0],
    "memmap": lambda X, folder: np.load(saved(folder, [X])[0], mmap_mode="r"),
    "fortran memmap": lambda X, folder: np.load(
        saved(folder, [np.asfortranarray(X)])[0], mmap_mode="r"
    ),
    "parquet folder": parquet_folder,
    "parquet files": lambda X, folder: sorted(parquet_folder(X, folder).iterdir()),
    "dataset": lambda X, folder: dataset.dataset(parquet_folder(X, folder)),
    "table": lambda X, folder: dataset.dataset(parquet_folder(X, folder)).to_table(),
    "lazy frame": lambda X, folder: pl.scan_parquet(parquet_folder(X, folder) / "*.parquet"),
    "lazy frame of a frame": lambda X, folder: pl.DataFrame(X).lazy(),
}


def assert_same_bits(model, other):
    assert model.lower_bounds_ == other.lower_bounds_
    for name in ("weights_", "means_", "covariances_", "n_iter_", "converged_"):
        np.testing.assert_array_equal(getattr(model, name), getattr(other, name))


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_fits_to_the_same_bits(name, tmp_path):
    X = samples()
    model = gmmx.GaussianMixture(K, max_iter=20, **start(X))
    source = SOURCES[name](X, tmp_path)
    assert blocks_of(source) is not None
    assert_same_bits(model.fit(source), gmmx.GaussianMixture(**model.get_params()).fit(X))


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_is_predicted_block_by_block(name, tmp_path):
    X = samples()
    model = gmmx.GaussianMixture(K, random_state=0).fit(X)
    source = SOURCES[name](X, tmp_path)
    for method in ("predict", "predict_proba", "score_samples"):
        blocks = list(getattr(model, f"iter_{method}")(source))
        assert len(blocks) > 1
        np.testing.assert_array_equal(np.concatenate(blocks), getattr(model, method)(X))


@pytest.mark.parametrize("name", SOURCES)
def test_scores_of_every_source_are_those_of_the_array(name, tmp_path):
    X = samples()
    model = gmmx.GaussianMixture(K, random_state=0).fit(X)
    source = SOURCES[name](X, tmp_path)
    for method in (model.score, model.aic, model.bic):
        assert method(source) == pytest.approx(method(X), rel=1e-12)
        assert method(source, sample_weight=2.0) == pytest.approx(
            method(X, sample_weight=2.0), rel=1e-12
        )


def test_weights_of_blocks_count_in_scores():
    X, weight = samples(), np.arange(5000) % 3 * 0.5
    model = gmmx.GaussianMixture(K, random_state=0).fit(X)
    blocks = list(zip(cut(X), cut(weight), strict=True))
    for method in (model.score, model.aic, model.bic):
        expected = pytest.approx(method(X, sample_weight=weight), rel=1e-12)
        assert method(blocks) == expected
        assert method(iter(blocks)) == expected  # a score reads them once
        assert method(cut(X), sample_weight=weight) == expected


def test_scores_of_wrong_blocks_are_refused():
    X = samples()
    model = gmmx.GaussianMixture(K, random_state=0).fit(X)
    with pytest.raises(ValueError, match="sum of sample_weight is 0"):
        model.score([(X, np.zeros(len(X)))])
    with pytest.raises(ValueError, match="X has 2 features"):
        model.score([X[:, :2]])
    with pytest.raises(ValueError, match="one weight for each sample"):
        model.bic([X, X], sample_weight=np.ones(7))
    with pytest.raises(ValueError, match="block 1, row 3: feature 0 is NaN"):
        model.aic([X, np.where(np.arange(len(X))[:, None] == 3, np.nan, X)])
    with pytest.raises(gmmx.NotFittedError):
        gmmx.GaussianMixture().score([X])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_features", [1, 3, 20])
@pytest.mark.parametrize(
    ("covariance_type", "algorithm"),
    [
        *((name, "em") for name in STRUCTURES),
        *((name, "squarem") for name in STRUCTURES if STRUCTURES[name].has_chart),
    ],
)
def test_structures_fit_to_the_same_bits(covariance_type, n_features, dtype, algorithm):
    # With 20 features and separated components, passes visit samples in the order of labels.
    X = samples(4000, n_features, 10.0, dtype)
    options = {"covariance_type": covariance_type, "max_iter": 8, "tol": 1e-9}
    options |= {"algorithm": algorithm, **start(X, covariance_type)}
    for weight in (None, np.random.default_rng(0).uniform(0.1, 2, len(X))):
        model = gmmx.GaussianMixture(K, **options).fit(X, sample_weight=weight)
        assert_same_bits(
            gmmx.GaussianMixture(K, **options).fit(cut(X), sample_weight=weight), model
        )


@pytest.mark.parametrize("covariance_type", CONJUGATE_STRUCTURES)
def test_bayesian_fits_have_the_same_bits(covariance_type, monkeypatch):
    X = samples(4000)
    monkeypatch.setattr("gmmx.blocks.start_sample.START_WINDOWS", 4)  # all samples are a start
    options = {"covariance_type": covariance_type, "max_iter": 8, "random_state": 0}
    model = gmmx.BayesianGaussianMixture(n_components=K, **options).fit(X)
    assert_same_bits(gmmx.BayesianGaussianMixture(n_components=K, **options).fit(cut(X)), model)


def test_all_samples_give_the_starting_values_if_they_are_few():
    X = samples(start_size(D))
    for model in (
        gmmx.GaussianMixture(K, random_state=0, n_init=2, max_iter=5),
        gmmx.BayesianGaussianMixture(n_components=K, random_state=0, max_iter=5),
    ):
        other = type(model)(**model.get_params()).fit(cut(X))
        assert_same_bits(other, model.fit(X))


def test_starting_values_of_many_samples_do_not_depend_on_the_blocks():
    X = samples(9000)
    model = gmmx.GaussianMixture(K, random_state=0)
    assert_same_bits(
        gmmx.GaussianMixture(K, random_state=0).fit(cut(X)), model.fit(cut(X, (4000, 4000)))
    )
    in_memory = gmmx.GaussianMixture(K, random_state=0).fit(X)
    np.testing.assert_allclose(model.lower_bound_, in_memory.lower_bound_, rtol=1e-3)


def test_the_sample_for_starting_values_is_uniform():
    n_samples, counts = 6 * 1024, np.zeros(6 * 1024)
    drawn = StartSample(1)
    for first in range(0, n_samples, 1024):
        rows = np.arange(first, first + 1024.0)[:, np.newaxis]
        drawn.add(Window(first, rows))
    counts[drawn.rows] += 1
    assert counts.max() == 1
    assert counts.sum() == start_size(1) == 2048
    np.testing.assert_array_equal(drawn.X[:, 0], drawn.rows)
    per_window = counts.reshape(6, 1024).sum(axis=1)
    assert (abs(per_window - 2048 / 6) < 5 * np.sqrt(2048 / 6)).all()


def test_weights_of_blocks_are_weights_of_the_samples():
    X = samples()
    weight = np.random.default_rng(1).choice([0.0, 0.5, 3.0], size=len(X))
    model = gmmx.GaussianMixture(K, max_iter=9, **start(X))
    expected = gmmx.GaussianMixture(**model.get_params()).fit(X, sample_weight=weight)
    assert_same_bits(model.fit(list(zip(cut(X), cut(weight), strict=True))), expected)
    assert_same_bits(model.fit(cut(X), sample_weight=weight), expected)


@pytest.mark.parametrize("degenerate", ["reseed", "drop"])
def test_repairs_are_the_same(degenerate):
    X = samples()
    given = start(X)
    given["means_init"][1] = 1e3
    options = {"degenerate": degenerate, "max_iter": 30, "reg_covar": 0.0, **given}
    with pytest.warns(gmmx.exceptions.ConvergenceWarning):
        model = gmmx.GaussianMixture(K, **options).fit(cut(X))
    with pytest.warns(gmmx.exceptions.ConvergenceWarning):
        assert_same_bits(model, gmmx.GaussianMixture(K, **options).fit(X))


def test_names_of_columns_are_kept(tmp_path):
    source = parquet_folder(samples(), tmp_path)
    model = gmmx.GaussianMixture(K, random_state=0).fit(source)
    assert list(model.feature_names_in_) == ["x0", "x1", "x2"]
    renamed = pl.scan_parquet(source / "*.parquet").rename({"x0": "other"})
    with pytest.raises(ValueError, match="other"):
        list(model.iter_predict(renamed))


def test_fit_predict_returns_all_labels():
    X = samples(start_size(D))
    labels = gmmx.GaussianMixture(K, random_state=0).fit_predict(cut(X))
    np.testing.assert_array_equal(labels, gmmx.GaussianMixture(K, random_state=0).fit_predict(X))


def spoiled(X, row, value):
    X = X.copy()
    X[row, 1] = value
    return X


BAD = {
    "NaN": (lambda X: cut(spoiled(X, 1800, np.nan)), "block 4, row 75: feature 1 is NaN"),
    "infinity": (lambda X: cut(spoiled(X, 3, np.inf)), "block 0, row 3: feature 1 is infinity"),
    "width": (lambda X: [X, X[:, :2]], "block 1: has 2 features, but the first block has 3"),
    "dtype": (lambda X: [X, X.astype(np.float32)], "block 1: holds float32"),
    "dimension": (lambda X: [X, X[0]], "block 1: expected an array of samples and features"),
    "text": (lambda X: [X, np.array([["a", "b", "c"]])], "block 1: "),
    "weights of some": (lambda X: [(X, np.ones(len(X))), X], "block 1: all blocks must have"),
    "number of weights": (lambda X: [(X, np.ones(3))], r"block 0: sample_weight.shape == \(3,\)"),
    "negative weight": (lambda X: [(X, -np.ones(len(X)))], "block 0: .* must not be negative"),
    "no weight": (lambda X: [(X, np.zeros(len(X)))], "0 sample"),
    "nothing": (lambda X: Reread([]), "0 sample"),
    "one sample": (lambda X: [X[:1]], "1 sample"),
    "iterator": (lambda X: iter([X]), "only once"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_blocks_are_refused_and_the_model_is_kept(case):
    X = samples()
    model = gmmx.GaussianMixture(K, random_state=0).fit(X)
    before = model.to_bytes()
    source, message = BAD[case]
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(source(X))
    assert model.to_bytes() == before


def test_files_are_named_in_errors(tmp_path):
    X = samples()
    paths = saved(tmp_path, [X, spoiled(X, 2500, np.nan)])
    with pytest.raises(ValueError, match=r"part1\.npy, row 2500: feature 1 is NaN"):
        gmmx.GaussianMixture().fit(paths)
    folder = parquet_folder(spoiled(X, 4000, np.nan), tmp_path)
    with pytest.raises(ValueError, match=r"part2\.parquet, row 2499: feature 1 is NaN"):
        gmmx.GaussianMixture().fit(folder)
    with pytest.raises(TypeError, match=r"Column 'name' holds (large_)?string"):
        gmmx.GaussianMixture().fit(pa.table({"name": ["a", "b"]}))
    with pytest.raises(TypeError, match="Column 'name' holds String"):
        gmmx.GaussianMixture().fit(pl.LazyFrame({"name": ["a", "b"]}))


class Refilled:
    """An iterable that fills the same array with each block."""

    def __init__(self, blocks):
        self.blocks = blocks

    def __iter__(self):
        room = np.empty_like(max(self.blocks, key=len))
        for block in self.blocks:
            rows = room[: len(block)]
            rows[...] = block
            yield rows
            rows[...] = np.nan


def test_an_array_that_is_filled_again_is_copied_before():
    X = samples()
    model = gmmx.GaussianMixture(K, max_iter=5, **start(X))
    source = Refilled(cut(X))
    assert_same_bits(model.fit(source), gmmx.GaussianMixture(**model.get_params()).fit(X))
    np.testing.assert_array_equal(
        np.concatenate(list(model.iter_score_samples(source))), model.score_samples(X)
    )


def test_data_frames_with_other_columns_are_refused():
    frame = pd.DataFrame(samples(), columns=["a", "b", "c"])
    gmmx.GaussianMixture(K, random_state=0).fit([frame, frame])
    with pytest.raises(ValueError, match="block 1: its columns are not those of block 0"):
        gmmx.GaussianMixture(K, random_state=0).fit([frame, frame[["b", "a", "c"]]])


def test_a_number_is_the_weight_of_each_row():
    X = samples()
    model = gmmx.GaussianMixture(K, max_iter=3, **start(X))
    other = gmmx.GaussianMixture(**model.get_params())
    assert_same_bits(model.fit(cut(X), sample_weight=2.0), other.fit(X, sample_weight=2.0))
    with pytest.raises(ValueError, match="must not be negative"):
        model.fit(cut(X), sample_weight=-1.0)


def test_columns_of_arrow_have_the_precision_that_numpy_gives_them():
    X = samples(3000, dtype=np.float32)
    columns = {"a": X[:, 0], "b": (10 * X[:, 1]).astype(np.int16), "c": X[:, 2] > 0}
    table = pa.table(columns)
    model = gmmx.GaussianMixture(K, random_state=0).fit(table)
    assert model.means_.dtype == np.float32
    filtered = dataset.dataset(table).filter(dataset.field("a") > 0)
    assert (
        gmmx.GaussianMixture(2, random_state=0).fit(filtered).n_samples_seen_ == (X[:, 0] > 0).sum()
    )


class Rows:
    """A container of rows that is no array and no sequence."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]

    def __iter__(self):
        return iter(self.rows)


def test_containers_are_read_by_their_elements():
    X = samples(600)
    expected = gmmx.GaussianMixture(K, random_state=0).fit(X)
    assert blocks_of(Rows(X.tolist())) is None
    for source in (Rows(X.tolist()), Rows(np.array_split(X, 3))):
        assert_same_bits(gmmx.GaussianMixture(K, random_state=0).fit(source), expected)


def test_predictions_take_a_generator():
    X = samples()
    model = gmmx.GaussianMixture(K, random_state=0).fit(X)
    labels = np.concatenate(list(model.iter_predict(block for block in cut(X))))
    np.testing.assert_array_equal(labels, model.predict(X))


def test_there_are_as_many_samples_for_starting_values_as_components():
    X = np.arange(2500.0)[:, np.newaxis]
    model = gmmx.GaussianMixture(2200, init_params="random_from_data", max_iter=1)
    assert len(model.fit(np.array_split(X, 3)).weights_) == 2200


def test_a_path_that_names_no_samples_is_refused(tmp_path):
    np.save(tmp_path / "empty.npy", np.empty((5, 0)))
    with pytest.raises(ValueError, match="expected an array of samples and features"):
        gmmx.GaussianMixture().fit(tmp_path / "empty.npy")
    with pytest.raises(ValueError, match=r"expected \.npy, \.parquet, or a directory"):
        gmmx.GaussianMixture().fit("samples.csv")
    X = samples()
    saved(tmp_path, [X, X])
    (tmp_path / "empty.npy").unlink()
    directory = gmmx.GaussianMixture(K, max_iter=3, **start(X)).fit(tmp_path)
    assert directory.n_samples_seen_ == 2 * len(X)


@pytest.mark.parametrize("form", ["width", "dtype", "weights"])
def test_a_later_pass_with_blocks_of_another_form_is_refused(form):
    X = samples()
    others = {"width": X[:, :2], "dtype": X.astype(np.float32), "weights": (X, np.ones(len(X)))}

    class Changing:
        n_passes = 0

        def __iter__(self):
            self.n_passes += 1
            return iter([X if self.n_passes == 1 else others[form]])

    with pytest.raises(ValueError, match="block 0: "):
        gmmx.GaussianMixture(K, random_state=0).fit(Changing())


def test_samples_that_change_between_passes_are_refused():
    class Growing(Reread):
        def __iter__(self):
            self.blocks = [*self.blocks, self.blocks[0]]
            return iter(self.blocks)

    with pytest.raises(ValueError, match="X changed while it was read"):
        gmmx.GaussianMixture(K, random_state=0).fit(Growing(cut(samples())))


def test_a_verbose_fit_shows_the_progress_of_each_pass(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("gmmx.progress.find_spec", lambda name: None)
    X = samples(3000)
    gmmx.GaussianMixture(K, verbose=1, max_iter=2, tol=0.0, **start(X)).fit(cut(X))
    shown = capsys.readouterr()
    assert "3 of 3 windows done" in shown.err
    assert "Initialization 0" in shown.out


def test_windows_are_cut_by_row_number():
    X, size = samples(), window_size(D)
    for blocks in (cut(X), [X], cut(X, (1,) * 40)):
        windows = list(windows_of_blocks((block, None) for block in blocks))
        assert [window.start for window in windows] == list(range(0, len(X), size))
        np.testing.assert_array_equal(np.concatenate([window.X for window in windows]), X)
    assert [window.start for window in ArraySource(X, 1).windows()] == list(range(0, len(X), size))


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is counted differently")
def test_a_fit_takes_memory_that_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "large.npy"
    with path.open("wb") as file:  # 384 MiB
        header = {"descr": "<f8", "fortran_order": False, "shape": (3 << 20, 16)}
        np.lib.format.write_array_header_1_0(file, header)
        for seed in range(12):
            np.random.default_rng(seed).normal(size=(1 << 18, 16)).tofile(file)
    program = (
        "import sys, numpy, gmmx\n"
        "X = numpy.load(sys.argv[1], mmap_mode='r')\n"
        "gmmx.GaussianMixture(2, covariance_type='diag', max_iter=1, tol=1e9, random_state=0,"
        " init_params='k-means++').fit(X)\n"
        "print(*(line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) < 300 * 1024


def resident_share(path):
    """Return the share of a mapped file whose pages are in this process."""
    with open("/proc/self/smaps", encoding="utf-8") as file:
        lines = iter(file)
        for line in lines:
            if line.rstrip().endswith(str(path)):
                rss = next(line for line in lines if line.startswith("Rss:"))
                return 1024 * int(rss.split()[1]) / path.stat().st_size
    return 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("most_kept", "is_kept"), [(1 << 27, True), (1 << 20, False)])
def test_only_small_mapped_arrays_keep_their_pages(most_kept, is_kept, tmp_path, monkeypatch):
    monkeypatch.setattr("gmmx.blocks.mapped.MOST_KEPT", most_kept)
    path = tmp_path / "rows.npy"
    np.save(path, samples(200_000))
    mapped = np.load(path, mmap_mode="r")
    gmmx.GaussianMixture(K, max_iter=3, random_state=0, tol=1.0).fit(mapped)
    assert (resident_share(path) > 0.9) == is_kept
    assert (resident_share(path) < 0.1) != is_kept
