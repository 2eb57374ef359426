"""The command line reads large files, and directories of files, block by block."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gmmx
from gmmx.cli import main

pytest.importorskip("pyarrow")

N_ROWS = 6000


@pytest.fixture(autouse=True)
def _small_limits(tmp_path, monkeypatch):
    """Call files of some kilobytes large, and cut passes into windows of 1024 rows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gmmx.cli.large_file.SMALLEST", 1)
    monkeypatch.setattr("gmmx.samples.windows.WINDOW_VALUES", 0)


def frame():
    draw = np.random.default_rng(0)
    group = draw.integers(2, size=N_ROWS)
    return pd.DataFrame(
        {
            "name": [f"row {i}" for i in range(N_ROWS)],
            "x": 10.0 * group + draw.normal(size=N_ROWS),
            "y": draw.normal(size=N_ROWS),
            "weight": draw.integers(1, 4, size=N_ROWS).astype(float),
        }
    )


def parquet_directory():
    data = frame()
    directory = Path("data")
    directory.mkdir()
    for part, rows in enumerate(np.array_split(np.arange(N_ROWS), 3)):
        data.iloc[rows].to_parquet(directory / f"{part}.parquet", index=False)
    return data


def output(capsys, *arguments):
    assert main(arguments) == 0
    return capsys.readouterr().out


def error(capsys, *arguments):
    assert main(arguments) == 2
    return capsys.readouterr().err


FIT = ("--components", "1-3", "--covariance", "full", "--threads", "1")


def test_a_directory_is_searched_by_a_sample_and_fitted_in_full(capsys):
    data = parquet_directory()
    text = output(
        capsys, "fit", "data", "--drop", "name,weight", *FIT,
        "--save", "m.gmmx", "--labels", "labels.csv",
    )  # fmt: skip
    assert "data, a sample of 6000 rows: 2048 rows, 2 columns" in text
    assert "Best: full, K = 2" in text
    model = gmmx.load("m.gmmx")
    assert list(model.feature_names_in_) == ["x", "y"]
    X = data[["x", "y"]]
    expected = gmmx.GaussianMixture(
        2, weights_init=model.weights_, means_init=model.means_,
        precisions_init=model.precisions_, tol=1e-6, max_iter=200,
    ).fit(X)  # fmt: skip
    np.testing.assert_allclose(model.score(X), expected.score(X), rtol=1e-6)
    labels = pd.read_csv("labels.csv")
    np.testing.assert_array_equal(labels["label"], model.predict(X))
    np.testing.assert_allclose(
        labels[["probability_0", "probability_1"]], model.predict_proba(X), atol=1e-9
    )


def test_predictions_and_scores_are_those_of_the_file_in_memory(capsys):
    data = parquet_directory()
    X = data[["x", "y"]]
    gmmx.GaussianMixture(2, random_state=0).fit(X).save("m.gmmx")
    model = gmmx.load("m.gmmx")
    text = output(capsys, "predict", "m.gmmx", "data", "--drop", "name,weight")
    assert text.split() == ["label", *map(str, model.predict(X))]
    text = output(capsys, "score", "m.gmmx", "data", "--drop", "name,weight", "--rows")
    np.testing.assert_allclose(np.array(text.split()[1:], dtype=float), model.score_samples(X))
    text = output(capsys, "score", "m.gmmx", "data", "--drop", "name", "--weights", "weight")
    np.testing.assert_allclose(float(text), model.score(X, sample_weight=data["weight"]))


def test_a_numpy_file_is_read_by_the_numbers_of_its_columns(capsys):
    data = frame()
    np.save("x.npy", data[["weight", "x", "y"]].to_numpy())
    text = output(capsys, "fit", "x.npy", "--weights", "1", *FIT)
    assert "Best: full, K = 2" in text
    assert f"sample of {N_ROWS} rows" in text


def test_rows_with_missing_values_are_skipped_or_refused(capsys):
    X = frame()[["x", "y"]].to_numpy(copy=True)
    X[5000, 1] = np.nan
    np.save("x.npy", X)
    assert "x.npy, row 5000: feature 1 is NaN" in error(capsys, "fit", "x.npy", *FIT)
    assert "sample of 5999 rows" in output(capsys, "fit", "x.npy", "--skip-missing", *FIT)


def test_each_row_has_a_line_of_output(capsys):
    X = frame()[["x", "y"]].to_numpy(copy=True)
    gmmx.GaussianMixture(2, random_state=0).fit(X).save("m.gmmx")
    X[[7, 5000], 1] = np.nan
    np.save("x.npy", X)
    lines = output(capsys, "predict", "m.gmmx", "x.npy", "--skip-missing").splitlines()[1:]
    assert len(lines) == N_ROWS
    assert [i for i, line in enumerate(lines) if line not in ("0", "1")] == [7, 5000]
    assert "x.npy, row 7: feature 1 is NaN" in error(capsys, "predict", "m.gmmx", "x.npy")


def test_weights_of_a_score_are_checked(capsys):
    X = frame()[["x", "y", "weight"]].to_numpy(copy=True)
    gmmx.GaussianMixture(2, random_state=0).fit(X[:, :2]).save("m.gmmx")
    X[5, 2] = -100
    np.save("x.npy", X)
    assert "must not be negative" in error(capsys, "score", "m.gmmx", "x.npy", "--weights", "3")


def test_files_with_other_numbers_of_columns_are_refused(capsys):
    Path("data").mkdir()
    for name, n_columns in (("1", 2), ("2", 3)):
        np.save(f"data/{name}.npy", np.ones((300, n_columns)))
    assert "2.npy has 3 columns, but" in error(capsys, "fit", "data", *FIT)


def test_columns_of_text_are_refused_with_their_name(capsys):
    parquet_directory()
    assert "Column 'name' holds" in error(capsys, "fit", "data", *FIT)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fit", "empty"), "holds no file"),
        (("fit", "data", "--id", "name"), "--id is not for files"),
        (("predict", "m.gmmx", "data", "--outliers", "0.1"), "--outliers is not for files"),
        (("fit", "damaged.npy"), "damaged.npy"),
        (("fit", "damaged"), "damaged"),
    ],
)
def test_impossible_requests_are_refused(arguments, message, capsys, tmp_path):
    parquet_directory()
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged.npy").write_bytes(b"no array")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "1.parquet").write_bytes(b"no table")
    gmmx.GaussianMixture().fit(frame()[["x", "y"]]).save("m.gmmx")
    assert message in error(capsys, *arguments)


def test_an_array_of_one_dimension_is_one_column(capsys):
    x = frame()["x"].to_numpy()
    np.save("flat.npy", x)
    np.save("column.npy", x[:, np.newaxis])
    fits = [
        output(capsys, "fit", name, *FIT, "--save", "x.gmmx") for name in ("flat.npy", "column.npy")
    ]
    assert fits[0] == fits[1].replace("column.npy", "flat.npy")
    assert gmmx.load("x.gmmx").n_features_in_ == 1
    np.save("cube.npy", x.reshape(10, -1, 2))
    assert "cube.npy holds an array of shape" in error(capsys, "fit", "cube.npy")
