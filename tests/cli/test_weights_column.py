"""The option ``--weights``: a column of the file with the weights of its rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gmmx
from gmmx.cli import main
from gmmx.cli.errors import CommandLineError
from gmmx.cli.reading import text_file
from gmmx.cli.reading.options import ReadOptions
from gmmx.cli.reading.table import read_table

QUICK = ["--components", "1-2", "--covariance", "full,tied"]
TEXT = "a,w,b\n1,2,3\n4,0,6\n7,8,1.5\n"
NAMES = ["x.csv", "x.parquet", "x.npy"]


@pytest.fixture(autouse=True)
def _in_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def samples() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    X = draw.normal(size=(150, 2)) + 8.0 * (np.arange(150) % 2)[:, np.newaxis]
    return X, draw.integers(0, 4, size=150)


def write(name: str, values: np.ndarray, header: str = "a,w,b") -> str:
    """Write a table in the format of the extension; return the name."""
    if name.endswith(".npy"):
        np.save(name, values)
    elif name.endswith(".parquet"):
        pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pa.table(dict(zip(header.split(","), values.T, strict=True))), name)
    else:
        np.savetxt(name, values, "%s", ",", header=header, comments="")
    return name


def write_both(name: str = "x.csv") -> tuple[str, str]:
    """Write the samples with weights in the second column, and the repeated samples."""
    X, weight = samples()
    weighted = write(name, np.column_stack([X[:, 0], weight, X[:, 1]]))
    return weighted, write("repeated.csv", np.repeat(X, weight, axis=0), "a,b")


def output(capsys, *arguments: str) -> list[str]:
    """Run a command that must succeed; return the lines of its output."""
    assert main(arguments) == 0
    return capsys.readouterr().out.splitlines()


def fail(capsys, *arguments: str) -> str:
    """Run a command that must fail and return its one line on stderr."""
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error.removeprefix("gmmx: ").strip()


@pytest.mark.parametrize("more", [[], ["--bayesian"], ["--criterion", "aic"]])
def test_a_fit_to_weights_reports_the_table_of_repeated_rows(capsys, more):
    weighted, repeated = write_both()
    lines = output(capsys, "fit", weighted, "--weights", "w", *QUICK, *more)
    expected = output(capsys, "fit", repeated, *QUICK, *more)
    assert lines[0] == f"x.csv: 150 rows, 2 columns, sum of the weights {samples()[1].sum()}"
    end = next(i for i, line in enumerate(expected) if line.startswith("log-likelihood"))
    assert lines[1 : end + 1] == expected[1 : end + 1]


@pytest.mark.parametrize("name", NAMES)
def test_every_format_has_weights_by_name_or_number(capsys, name):
    weighted, _ = write_both(name)
    X, weight = samples()
    column = "2" if name.endswith("npy") else "w"
    for chosen in (column, "2"):
        table = read_table(Path(weighted), ReadOptions(weights=chosen))
        np.testing.assert_array_equal(table.values, X)
        np.testing.assert_array_equal(table.weights, weight)
    output(capsys, "fit", weighted, "--weights", column, *QUICK, "--save", "m.gmmx")
    model = gmmx.load("m.gmmx")
    if not name.endswith("npy"):
        assert list(model.feature_names_in_) == ["a", "b"]
        del model.feature_names_in_
    (score,) = output(capsys, "score", "m.gmmx", weighted, "--weights", column)
    assert float(score) == pytest.approx(model.score(X, sample_weight=weight), rel=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_predictions_leave_the_column_out(capsys, name):
    weighted, _ = write_both(name)
    fit = ["fit", weighted, "--weights", "2", *QUICK, "--save", "m.gmmx", "--labels", "l.csv"]
    output(capsys, *fit)
    labels = [line.split(",")[0] for line in Path("l.csv").read_text().splitlines()]
    assert len(labels) == 151  # rows of weight 0 have labels, too
    assert output(capsys, "predict", "m.gmmx", weighted, "--weights", "2") == labels
    if not name.endswith("npy"):  # found by name
        assert output(capsys, "predict", "m.gmmx", weighted) == labels


def test_a_row_of_weight_zero_does_not_count(capsys):
    X, weight = samples()
    X[weight == 0] = 1e6
    write("x.csv", np.column_stack([X[:, 0], weight, X[:, 1]]))
    kept = weight > 0
    write("kept.csv", np.column_stack([X[:, 0], weight, X[:, 1]])[kept])
    lines = output(capsys, "fit", "x.csv", "--weights", "w", *QUICK)
    assert lines[1:] == output(capsys, "fit", "kept.csv", "--weights", "w", *QUICK)[1:]


@pytest.mark.parametrize("large", [0, 1 << 40])
def test_rows_without_a_weight_are_skipped_or_refused(monkeypatch, large, capsys):
    monkeypatch.setattr(text_file, "LARGE", large)
    Path("x.csv").write_text(TEXT.replace("4,0,6", "4,,6"))
    missing = "the value is missing: --skip-missing leaves such rows out"
    with pytest.raises(CommandLineError, match=rf"x.csv: line 3, column 2 \('w'\): {missing}"):
        read_table(Path("x.csv"), ReadOptions(weights="w"))
    table = read_table(Path("x.csv"), ReadOptions(weights="w", skip_missing=True))
    np.testing.assert_array_equal(table.values, [[1, 3], [7, 1.5]])
    np.testing.assert_array_equal(table.weights, [2, 8])
    assert "left out 1 of 3 rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("4,0,6", "4,-1,6", "line 3, column 2 ('w'): the weight -1 is negative: write 0"),
        ("4,0,6", "4,inf,6", "line 3, column 2 ('w'): inf is not a finite number"),
        ("4,0,6", "4,x,6", "line 3, column 2 ('w'): 'x' is not a number"),
        ("1,2,3\n4,0,6\n7,8", "1,0,3\n4,0,6\n7,0", "column 2 ('w'): the sum of the weights is 0"),
        ("4,0,6\n7,8", "4,1e308,6\n7,1e308", "column 2 ('w'): the sum of the weights is inf"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "score", "predict"])
def test_weights_that_cannot_be_used_are_refused(capsys, command, old, new, message):
    Path("x.csv").write_text(TEXT.replace(old, new))
    gmmx.GaussianMixture().fit([[0.0, 1.0], [1.0, 0.0], [2.0, 2.0]]).save("m.gmmx")
    model = [] if command == "fit" else ["m.gmmx"]
    error = fail(capsys, command, *model, "x.csv", "--weights", "w")
    assert error.startswith(f"x.csv: {message}")


def test_a_negative_weight_in_parquet_is_found_by_its_row(capsys):
    name = write("x.parquet", np.array([[1.0, 2, 3], [4, -0.5, 6]]))
    error = fail(capsys, "fit", name, "--weights", "w")
    assert error.startswith("x.parquet: row 2, column 2 ('w'): the weight -0.5 is negative")


def test_weights_are_no_feature(capsys):
    Path("x.csv").write_text(TEXT)
    error = fail(capsys, "fit", "x.csv", "--weights", "w", "--columns", "a,w")
    assert error == "x.csv: column 2 ('w') is a feature: --weights needs another"
    assert "has no column 'v'" in fail(capsys, "fit", "x.csv", "--weights", "v")
    for options in ({"columns": ("b", "a")}, {"drop": ("w",)}, {"id_column": "w"}):
        table = read_table(Path("x.csv"), ReadOptions(weights="w", **options))
        assert sorted(table.names) == ["a", "b"]
        np.testing.assert_array_equal(table.weights, [2, 0, 8])


def test_a_fit_needs_two_rows_of_positive_weight(capsys):
    Path("x.csv").write_text(TEXT.replace("7,8", "7,0"))
    error = fail(capsys, "fit", "x.csv", "--weights", "w")
    assert error == "x.csv: too few rows of positive weight, 1; at least 2 are needed"


def test_weights_that_may_be_no_repetitions_are_noted(capsys):
    weighted, _ = write_both()
    assert main(["fit", weighted, "--weights", "w", *QUICK]) == 0
    assert capsys.readouterr().err == ""
    X, weight = samples()
    write("x.csv", np.column_stack([X[:, 0], weight / weight.sum(), X[:, 1]]))
    assert main(["fit", weighted, "--weights", "w", *QUICK]) == 0
    note = capsys.readouterr().err
    assert "the weights as 1 samples. Unless they are numbers of repetitions, scale" in note
    assert note.strip().endswith(f"to the sum {np.count_nonzero(weight)}.")
