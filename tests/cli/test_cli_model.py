"""The commands that save a model and use a saved model: output and errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gmmx
import reference
from gmmx import GaussianMixture
from gmmx.cli import main
from gmmx.exchange import format as model_format

QUICK = ["fit", "--components", "2", "--covariance", "full"]
FAITHFUL = str(Path(__file__).parents[1] / "data" / "faithful.csv")


@pytest.fixture(autouse=True)
def _in_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def model():
    """Write a model with feature names to m.gmmx, and its samples to x.csv."""
    X = reference.faithful()
    np.savetxt("x.csv", X, "%s", ",", header="eruptions,waiting", comments="")
    model = GaussianMixture(2, random_state=0).fit(X)
    model.feature_names_in_ = np.array(["eruptions", "waiting"], dtype=object)
    model.save("m.gmmx")
    del model.feature_names_in_
    return model


def output(capsys, *arguments: str) -> str:
    """Run a command that prints only the names of written files on stderr; return its output."""
    assert main(arguments) == 0
    captured = capsys.readouterr()
    assert all(line.startswith("gmmx: wrote ") for line in captured.err.splitlines())
    return captured.out


def table(text: str) -> tuple[list[str], np.ndarray]:
    """Return the header and the numbers of a CSV text."""
    header, *rows = text.splitlines()
    return header.split(","), np.array([[float(cell) for cell in row.split(",")] for row in rows])


def error(capsys, *arguments: str) -> str:
    """Run a command that must fail and return its one line on stderr."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("gmmx: ")
    assert captured.err.count("\n") == 1
    return captured.err.removeprefix("gmmx: ").strip()


# ---- fit --save


def test_fit_saves_the_mixture_that_it_prints(capsys):
    printed = output(capsys, *QUICK, "--save", "m.gmmx", "--labels", "labels.csv")
    model = gmmx.load("m.gmmx")
    assert type(model) is GaussianMixture
    assert (model.n_components, model.covariance_type) == (2, "full")
    assert model.feature_names_in_.tolist() == ["eruptions", "waiting"]
    assert f"log-likelihood {272 * model.score(named_faithful()):.2f} with" in printed
    assert Path("labels.csv").read_text() == output(
        capsys, "predict", "m.gmmx", FAITHFUL, "--probabilities"
    )


def named_faithful():
    pandas = pytest.importorskip("pandas")
    return pandas.DataFrame(reference.faithful(), columns=["eruptions", "waiting"])


def test_fit_without_a_header_saves_no_names(capsys):
    np.savetxt("x.csv", reference.faithful(), "%s", ",")
    output(capsys, *QUICK, "x.csv", "--save", "m.gmmx")
    assert not hasattr(gmmx.load("m.gmmx"), "feature_names_in_")


def test_what_cannot_be_saved_is_said_before_the_fit(capsys, monkeypatch):
    monkeypatch.setattr("gmmx.selection.gaussian_mixture_ic.search", None)
    Path("x.csv").write_text("1\n2\n")
    assert error(capsys, "fit", "--save", "no/m.gmmx") == "no/m.gmmx: the folder no does not exist"
    assert error(capsys, "fit", "x.csv", "--save", "x.csv") == "x.csv: would overwrite the data"
    for option in ("--labels", "--plot"):
        message = error(capsys, "fit", "--save", "m.csv", option, "m.csv")
        assert message == f"m.csv: named for both --save and {option}"


# ---- predict, score, sample, info


def test_predict(capsys, model):
    header, values = table(output(capsys, "predict", "m.gmmx", "x.csv"))
    assert header == ["label"]
    np.testing.assert_array_equal(values.ravel(), model.predict(reference.faithful()))


def test_predict_with_probabilities(capsys, model):
    header, values = table(output(capsys, "predict", "m.gmmx", "x.csv", "--probabilities"))
    assert header == ["label", "probability_0", "probability_1"]
    np.testing.assert_array_equal(values[:, 0], model.predict(reference.faithful()))
    np.testing.assert_allclose(values[:, 1:], model.predict_proba(reference.faithful()), rtol=1e-9)


def test_outliers_lie_below_a_quantile_of_the_file(capsys, model):
    printed = output(capsys, "predict", "m.gmmx", "x.csv", "--outliers", "0.05", "--probabilities")
    header, *rows = (line.split(",") for line in printed.splitlines())
    assert header == ["label", "probability_0", "probability_1", "outlier"]
    scores = model.score_samples(reference.faithful())
    expected = scores < np.quantile(scores, 0.05)
    assert [row[-1] for row in rows] == ["true" if one else "false" for one in expected]
    assert sum(expected) == 14


def test_outliers_lie_below_a_quantile_of_a_reference(capsys, model):
    Path("new.csv").write_text("id,waiting,eruptions\nfar,0,99\nnear,80,4.4\nnone,,4\n")
    options = ["new.csv", "--id", "id", "--outliers", "0.01", "--reference", "x.csv"]
    assert main(["predict", "m.gmmx", *options, "--skip-missing"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[0] == "id,label,outlier"
    assert [line.split(",")[2] for line in captured.out.splitlines()[1:]] == ["true", "false", ""]


def test_references_that_cannot_be_used(capsys, model):
    command = ["predict", "m.gmmx", "x.csv"]
    message = "--reference is for --outliers, which is not given"
    assert error(capsys, *command, "--reference", "x.csv") == message
    command += ["--outliers", "0.1", "--reference"]
    assert error(capsys, *command, "no.csv") == "no.csv: No such file or directory"
    Path("wide.csv").write_text("1,2.5,3\n")
    assert error(capsys, *command, "wide.csv").startswith("wide.csv: has 3 columns for a model")
    message = error(capsys, *command, "wide.csv", "--output", "wide.csv")
    assert message == "wide.csv: would overwrite the data"


def test_score(capsys, model):
    assert float(output(capsys, "score", "m.gmmx", "x.csv")) == model.score(reference.faithful())


def test_score_of_each_row(capsys, model):
    header, values = table(output(capsys, "score", "m.gmmx", "x.csv", "--rows"))
    assert header == ["log_likelihood"]
    np.testing.assert_array_equal(values.ravel(), model.score_samples(reference.faithful()))


def test_sample(capsys, model):
    header, values = table(output(capsys, "sample", "m.gmmx", "-n", "30", "--seed", "5"))
    expected = model.set_params(random_state=5).sample(30)
    assert header == ["eruptions", "waiting"]
    np.testing.assert_array_equal(values, expected[0])
    printed = output(capsys, "sample", "m.gmmx", "-n", "30", "--seed", "5", "--with-labels")
    header, values = table(printed)
    assert header == ["label", "eruptions", "waiting"]
    np.testing.assert_array_equal(values, np.column_stack(expected[::-1]))


def test_samples_are_data_of_the_model(capsys):
    model = GaussianMixture.from_parameters([1.0], [[5.0, -1.0]], [[4.0, 1.0]], "diag")
    model.feature_names_in_ = np.array(['a "quoted", name', "größe \N{GRINNING FACE}"], object)
    model.save("m.gmmx")
    assert output(capsys, "sample", "m.gmmx", "-n", "50", "--output", "s.csv") == ""
    assert float(output(capsys, "score", "m.gmmx", "s.csv")) == pytest.approx(-3.5, abs=0.5)


@pytest.mark.parametrize(
    "command", [["predict", "m.gmmx", "x.csv"], ["score", "m.gmmx", "x.csv", "--rows"],
                ["sample", "m.gmmx", "-n", "9"]]
)  # fmt: skip
def test_output_goes_to_a_file(capsys, model, command):
    printed = output(capsys, *command)
    assert output(capsys, *command, "--output", "out.csv") == ""
    assert Path("out.csv").read_text(encoding="utf-8") == printed


def test_info(capsys, model):
    lines = output(capsys, "info", "m.gmmx").splitlines()
    assert lines[0] == "m.gmmx: GaussianMixture, full, 2 components, 2 features"
    assert lines[1] == f"written by gmmx {gmmx.__version__} in format version 1"
    assert lines[2] == "GaussianMixture(n_components=2, random_state=0)"
    assert lines[3] == (
        f"converged in {model.n_iter_} iterations, lower bound {model.lower_bound_:.6g}"
    )
    assert lines[5].split() == ["eruptions", "waiting"]
    assert len(lines) == 9


def test_info_reads_the_file_once(capsys, model, monkeypatch):
    reads, read = [], model_format.read_model_file

    def counted(file):
        reads.append(file)
        return read(file)

    monkeypatch.setattr("gmmx.cli.model.read_model_file", counted)
    monkeypatch.setattr(model_format, "read_model_file", counted)
    assert output(capsys, "info", "m.gmmx").startswith("m.gmmx: GaussianMixture")
    assert len(reads) == 1


def test_info_of_a_model_without_a_fit(capsys):
    GaussianMixture.from_parameters([1.0], [[0.0]], 1.0, "tied-spherical").save("m.gmmx")
    printed = output(capsys, "info", "m.gmmx")
    assert "m.gmmx: GaussianMixture, tied-spherical, 1 component, 1 feature\n" in printed
    assert "column 1" in printed
    assert "converge" not in printed


def test_models_and_data_without_names(capsys, model):
    np.savetxt("bare.csv", reference.faithful(), "%s", ",")
    np.save("bare.npy", reference.faithful())
    model.save("bare.gmmx")
    expected = output(capsys, "predict", "m.gmmx", "x.csv")
    for name, data in [
        ("m.gmmx", "bare.csv"), ("m.gmmx", "bare.npy"), ("bare.gmmx", "x.csv"),
        ("bare.gmmx", "bare.csv"),
    ]:  # fmt: skip
        assert output(capsys, "predict", name, data) == expected


# ---- errors


def test_data_of_other_columns(capsys, model):
    Path("other.csv").write_text("waiting,weight\n70,3\n")
    assert error(capsys, "predict", "m.gmmx", "other.csv") == (
        "other.csv: has no column 'eruptions', to which the model was fitted: give the columns in "
        "the model's order, eruptions, waiting, with --columns"
    )
    Path("wide.csv").write_text("1,2.5,3\n")
    assert error(capsys, "score", "m.gmmx", "wide.csv") == (
        "wide.csv: has 3 columns for a model of 2 features: choose them with --columns or --drop"
    )
    Path("none.csv").write_text("eruptions,waiting\n")
    assert error(capsys, "predict", "m.gmmx", "none.csv") == "none.csv: has no rows of numbers"
    Path("text.csv").write_text("eruptions,waiting\n3,x\n")
    assert "line 2, column 2 ('waiting'): 'x' is not a number" in error(
        capsys, "predict", "m.gmmx", "text.csv"
    )


@pytest.mark.parametrize(
    "command", [["predict", "m.gmmx", "x.csv"], ["score", "m.gmmx", "x.csv"],
                ["sample", "m.gmmx"], ["info", "m.gmmx"]]
)  # fmt: skip
def test_files_that_are_no_models(capsys, model, command):
    data = Path("m.gmmx").read_bytes()
    Path("m.gmmx").write_bytes(data[:-1])
    assert error(capsys, *command).startswith("m.gmmx: the file is cut short")
    Path("m.gmmx").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert error(capsys, *command).startswith("m.gmmx: the file is damaged")
    Path("m.gmmx").write_text("hello")
    assert error(capsys, *command).startswith("m.gmmx: not a model file of gmmx")
    Path("m.gmmx").unlink()
    assert error(capsys, *command) == "m.gmmx: No such file or directory"


def test_missing_data(capsys, model):
    assert error(capsys, "predict", "m.gmmx", "no.csv") == "no.csv: No such file or directory"


def test_outputs_are_checked(capsys, model):
    for source in ("x.csv", "m.gmmx"):
        message = error(capsys, "predict", "m.gmmx", "x.csv", "--output", source)
        assert message == f"{source}: would overwrite the data"
    assert error(capsys, "sample", "m.gmmx", "--output", "m.gmmx").endswith("overwrite the data")
    assert "does not exist" in error(capsys, "sample", "m.gmmx", "--output", "no/out.csv")
    message = error(capsys, "score", "m.gmmx", "x.csv", "--output", "out.csv")
    assert message == "--output is for --rows: the mean is printed"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["predict"], "the following arguments are required: MODEL, DATA"),
        (["score", "m.gmmx"], "the following arguments are required: DATA"),
        (["predict", "m", "x", "--outliers", "1"], "expected a number between 0 and 1, got '1'"),
        (["predict", "m", "x", "--outliers", "x"], "expected a number between 0 and 1, got 'x'"),
        (["sample", "m.gmmx", "-n", "0"], "argument -n: expected an integer from 1, got '0'"),
        (["sample", "m.gmmx", "-n", "x"], "argument -n: expected an integer from 1, got 'x'"),
        (["sample", "m.gmmx", "--seed", "-1"], "argument --seed: expected"),
        (["info", "m.gmmx", "--output", "x"], "unrecognized arguments: --output x"),
    ],
)
def test_bad_arguments(capsys, arguments, message):
    assert message in error(capsys, *arguments)


@pytest.mark.parametrize("command", ["predict", "score", "sample", "info"])
def test_help(capsys, command):
    with pytest.raises(SystemExit) as exit_info:
        main([command, "--help"])
    assert exit_info.value.code == 0
    assert f"usage: gmmx {command}" in capsys.readouterr().out


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX pipes")
def test_a_reader_that_goes_away_is_no_error(model):
    command = f"'{sys.executable}' -m gmmx sample m.gmmx -n 100000 | head -n 1"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("eruptions,waiting\n", "")
