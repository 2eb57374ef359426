"""The command line: input, output, and errors."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partialmethod
from pathlib import Path

import numpy as np
import pytest

import gmmx
import reference
from gmmx import GaussianMixtureIC, progress
from gmmx.cli import main
from gmmx.cli.reading.table import read_faithful, read_table
from gmmx.model.covariance import CONJUGATE_STRUCTURES, STRUCTURES
from gmmx.selection import search as selection

QUICK = ["--components", "1-3", "--covariance", "tied"]
MISSING = "the value is missing: --skip-missing leaves such rows out"
NO_MIXTURE = (
    "x.csv: no mixture could be fitted that is not spurious; try fewer --components, other "
    "--covariance types, or leave out columns that others determine"
)


@pytest.fixture(autouse=True)
def _in_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str | bytes) -> str:
    """Write a file in the current folder and return its name."""
    content = text.encode() if isinstance(text, str) else text
    Path(name).write_bytes(content)
    return name


def run(*arguments: str) -> int:
    return main(["fit", *arguments])


def error_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must fail and return its one line on stderr."""
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("gmmx: ")
    assert captured.err.count("\n") == 1
    return captured.err.removeprefix("gmmx: ").strip()


# Printing.


def test_without_file_it_fits_old_faithful(capsys):
    assert run() == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = captured.out.splitlines()
    assert lines[0] == "Old Faithful: 272 rows, 2 columns"
    assert "2314.30*" in captured.out
    assert "Best: tied, K = 3" in lines
    assert "log-likelihood -1126.32 with 11 parameters, BIC 2314.30, AIC 2274.63" in lines
    weights = [float(line.split()[1]) for line in lines[-3:]]
    assert sorted(weights) == pytest.approx([0.1686, 0.3564, 0.4750], abs=2e-3)
    assert max(map(len, lines)) <= 80


def test_table_has_a_row_for_each_count_and_a_column_for_each_type(capsys):
    assert run("--components", "1,3-4", "--covariance", "tied-spherical,full") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "BIC, counted as scikit-learn does: smaller is better"
    assert lines[3].split() == ["K", "full", "tied-spherical"]
    assert [line.split()[0] for line in lines[4:7]] == ["1", "3", "4"]
    assert lines[7] == "* best"


def test_the_largest_number_tried_is_said_to_be(capsys):
    arguments = ["--covariance", "tied", "--components"]
    assert run(*arguments, "1-2") == 0
    message = "K = 2 is the largest number tried; use --components 1-10"
    assert message in capsys.readouterr().out.splitlines()
    assert run(*arguments, "1-5") == 0
    assert "largest number tried" not in capsys.readouterr().out


@pytest.mark.parametrize("kind", [[], ["--bayesian"]])
def test_fits_that_did_not_converge_are_said_to_be(capsys, monkeypatch, kind):
    options = ["--components", "2", "--covariance", "full,tied", *kind]
    assert run(*options) == 0
    assert "converged" not in capsys.readouterr().out
    monkeypatch.setattr("gmmx.selection.bayesian.MAX_ITER", 2)
    monkeypatch.setattr("gmmx.selection.race.N_SHORT", 1)
    initialize = GaussianMixtureIC.__init__
    monkeypatch.setattr(GaussianMixtureIC, "__init__", partialmethod(initialize, max_iter=2))
    assert run(*options) == 0
    assert "Stopped before they converged: " in capsys.readouterr().out


@pytest.mark.parametrize("kind", [[], ["--bayesian"]])
def test_icl_ranks_too(capsys, kind):
    options = ["--components", "2,3", "--covariance", "full,tied", *kind]
    assert run(*options, "--criterion", "icl") == 0
    output = capsys.readouterr().out
    assert "ICL, counted as scikit-learn does" in output
    assert "nan" not in output
    assert kind or "Best: full, K = 2" in output


def test_criterion_decides(capsys):
    assert run("--components", "2-5", "--covariance", "full", "--criterion", "bic") == 0
    assert "Best: full, K = 2" in capsys.readouterr().out
    assert run("--components", "2-5", "--covariance", "full", "--criterion", "aic") == 0
    output = capsys.readouterr().out
    assert "AIC, counted as scikit-learn does" in output
    assert "Best: full, K = 2" not in output


def test_what_is_left_out_is_marked_with_its_reason(capsys):
    rows = "\n".join(f"{i % 3},{i % 3 + i // 40}" for i in range(60))
    assert run(write("x.csv", rows), "--components", "1-7", "--covariance", "full,diag") == 0
    output = capsys.readouterr().out
    assert "x left out of the ranking" in output
    assert "  K=7 all: there are only 6 distinct rows" in output
    assert "K=6 all: component 0 has a variance at the floor of" in " ".join(output.split())
    assert "-x" in output


def test_wide_tables_are_folded(capsys):
    rng = np.random.default_rng(0)
    names = ",".join(f"a_rather_long_name_{d}" for d in range(7))
    rows = "\n".join(",".join(map(str, row)) for row in rng.standard_normal((60, 7)) * 1e5)
    assert run(write("x.csv", f"{names}\n{rows}"), *QUICK) == 0
    output = capsys.readouterr().out
    assert max(map(len, output.splitlines())) <= 80
    assert all(f"a_rather_long_name_{d}" in output for d in range(7))


def test_no_mixture_is_usable(capsys):
    error = error_of(capsys, write("x.csv", "1\n2\n3\n4\n"), "--components", "4")
    assert error == NO_MIXTURE


# Reading.


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.csv", "a,b\n1,2\n3,4.5\n"),
        ("x.csv", "\ufeff a , b\r\n1, 2\r\n\r\n3,4.5"),
        ("x.csv", '"a","b"\n"1","2"\n\n   \n"3","4.5"\n\n'),
        ("x.csv", "a;b\n1;2\n3;4.5\n"),
        ("x.CSV", "\n\na,b\n1,2\n3,4.5\n"),
        ("x.tsv", "a\tb\n1\t2\n3\t4.5\n"),
    ],
)
def test_delimited_text(name, text):
    table = read_table(Path(write(name, text)))
    assert table.names == ("a", "b")
    np.testing.assert_array_equal(table.values, [[1, 2], [3, 4.5]])


def test_names_where_there_are_none():
    assert read_table(Path(write("x.csv", "1,2\n3,4\n"))).names == ("column 1", "column 2")
    assert read_table(Path(write("x.csv", "a,\n1,2\n3,4\n"))).names == ("a", "column 2")


def test_embedded_data():
    table = read_faithful()
    assert table.names == ("eruptions", "waiting")
    np.testing.assert_array_equal(table.values, reference.faithful())


@pytest.mark.parametrize("dtype", ["f8", "f4", "i2", ">f8", "?"])
def test_npy(dtype):
    X = np.asfortranarray(np.arange(6).reshape(3, 2) % 2).astype(dtype)
    np.save("x.npy", X)
    values = read_table(Path("x.npy")).values
    assert values.dtype == np.float64
    assert values.flags.c_contiguous
    np.testing.assert_array_equal(values, X)


def test_npy_of_one_dimension_is_one_column():
    np.save("x.npy", np.arange(3.0))
    assert read_table(Path("x.npy")).values.shape == (3, 1)


def test_parquet():
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"a": [1, 2], "b": [0.5, 1.5]}), "x.parquet")
    table = read_table(Path("x.parquet"))
    assert table.names == ("a", "b")
    np.testing.assert_array_equal(table.values, [[1, 0.5], [2, 1.5]])


def test_parquet_that_cannot_be_used(capsys):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"a": [1, None], "b": [0.5, 1.5]}), "x.parquet")
    assert error_of(capsys, "x.parquet") == f"x.parquet: row 2, column 1 ('a'): {MISSING}"
    pq.write_table(pa.table({"a": ["p", "q"]}), "x.parquet")
    assert error_of(capsys, "x.parquet") == (
        "x.parquet: column 1 ('a') holds string, not real numbers: leave it out with --drop a"
    )
    assert "is not a Parquet file" in error_of(capsys, write("x.parquet", "PAR1"))


def test_parquet_without_pyarrow(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "gmmx-native[parquet]" in error_of(capsys, write("x.parquet", b""))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a,b\n1,2\n3,abc\n",
            "line 3, column 2 ('b'): 'abc' is not a number: leave it out with --drop b",
        ),
        ("1,2\n3,x\n", "line 2, column 2: 'x' is not a number: leave it out with --drop 2"),
        (
            'a,b\n\n"1",2\n"3\n",4\n5,1_0\n',
            "line 6, column 2 ('b'): '1_0' is not a number: leave it out with --drop b",
        ),
        ("a,b\n1,2\n,4\n", f"line 3, column 1 ('a'): {MISSING}"),
        ("1,,3\n1,2,3\n", f"line 1, column 2: {MISSING}"),
        ("a,b\n1,nan\n", f"line 2, column 2 ('b'): {MISSING}"),
        ("a,b\n1,2\n-inf,2\n", "line 3, column 1 ('a'): -inf is not a finite number"),
        ("1\n1e999\n", "line 2, column 1: inf is not a finite number"),
        (
            "a,b\n1,2\n3\n",
            "line 3: expected 2 cells as in the first line, found 1: is --delimiter right?",
        ),
        (
            "a,b\n1,2\n3,4,\n",
            "line 3: expected 2 cells as in the first line, found 3: is --delimiter right?",
        ),
        ("", "is empty"),
        ("\n \n", "is empty"),
        (b"a,b\n\xff,2\n", "is not UTF-8 text: convert it to UTF-8"),
        ("a,b\n", "too few rows of numbers, 0; at least 2 are needed"),
        ("1,2\n", "too few rows of numbers, 1; at least 2 are needed"),
        ("a,b\n1,2\n1,3\n", "a is 1 in every row: leave it out with --drop a"),
        ("1\n1e300\n-1e300\n", "column 1 has variance inf: scale it"),
    ],
)
def test_text_that_cannot_be_used(capsys, text, message):
    assert error_of(capsys, write("x.csv", text)) == f"x.csv: {message}"


def test_npy_that_cannot_be_used(capsys):
    for content in (b"", b"abc", b"PK\x03\x04" + bytes(40)):
        assert "is not a .npy file of numbers" in error_of(capsys, write("x.npy", content))
    np.save("x.npy", np.array([1, "a"], dtype=object), allow_pickle=True)
    assert "is not a .npy file of numbers" in error_of(capsys, "x.npy")
    np.save("x.npy", np.array(["a", "b"]))
    assert "holds <U1, not real numbers" in error_of(capsys, "x.npy")
    np.save("x.npy", np.zeros((2, 2, 2)))
    assert "holds an array of shape (2, 2, 2)" in error_of(capsys, "x.npy")
    np.save("x.npy", np.array([[1.0, 2.0], [3.0, np.nan]]))
    assert error_of(capsys, "x.npy") == f"x.npy: row 2, column 2: {MISSING}"


def test_files_that_cannot_be_opened(capsys):
    assert error_of(capsys, "no.csv") == "no.csv: No such file or directory"
    assert "unknown extension '.xls'; expected one of .csv, .tsv" in error_of(capsys, "x.xls")
    Path("folder.csv").mkdir()
    assert error_of(capsys, "folder.csv").startswith("folder.csv: ")


# Writing.


def test_labels(capsys):
    assert run(*QUICK, "--labels", "out.csv") == 0
    lines = Path("out.csv").read_text().splitlines()
    assert lines[0] == "label,probability_0,probability_1,probability_2"
    values = np.loadtxt("out.csv", delimiter=",", skiprows=1)
    assert values.shape == (272, 4)
    np.testing.assert_allclose(values[:, 1:].sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_array_equal(values[:, 0], values[:, 1:].argmax(axis=1))
    assert sorted(np.bincount(values[:, 0].astype(int)).tolist()) == [41, 97, 134]


@pytest.mark.parametrize("n_columns", [1, 2, 8])
def test_plot(n_columns):
    pytest.importorskip("matplotlib")
    X = np.random.default_rng(0).standard_normal((60, n_columns))
    X[:30] += 6
    np.save("x.npy", X)
    assert run("x.npy", *QUICK, "--plot", "out.png") == 0
    assert Path("out.png").read_bytes().startswith(b"\x89PNG")


def test_plot_shows_what_is_left_out_and_formulas_as_text():
    pytest.importorskip("matplotlib")
    rows = "\n".join(f"{i % 3},{i % 3 + i // 40}" for i in range(60))
    write("x.csv", f"$a_{{,b$\n{rows}")
    assert run("x.csv", "--components", "1-7", "--plot", "out.svg") == 0
    assert Path("out.svg").stat().st_size > 0


@pytest.fixture
def figures(monkeypatch):
    """Return the list of saved figures."""
    saved = []
    figure = pytest.importorskip("matplotlib.figure").Figure
    monkeypatch.setattr(figure, "savefig", lambda self, path, **options: saved.append(self))
    return saved


@pytest.mark.parametrize("kind", [[], ["--bayesian"]])
def test_the_legend_says_which_curves_are_not_in_the_picture(figures, kind):
    assert run("--plot", "out.png", *kind) == 0
    axes = figures[0].subfigs[1].axes[0]
    top = axes.get_ylim()[1]
    curves = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    titles = [text.get_text() for text in axes.get_legend().get_texts()]
    assert "tied" in titles
    structures = [title for title in titles if title.partition(" ")[0] in STRUCTURES]
    assert len(structures) >= len(CONJUGATE_STRUCTURES)
    for title in structures:
        is_above = np.nanmin(curves[title]) > top
        assert is_above == ("(above)" in title)
    assert "spherical (above)" in titles or kind


def test_the_legend_says_which_structures_have_no_curve(figures, monkeypatch):
    def search(*arguments, **options):
        cells = find(*arguments, **options)
        is_full = [cell.covariance_type == "full" for cell in cells]
        return [
            replace(cell, reason="no reason") if is_left_out else cell
            for cell, is_left_out in zip(cells, is_full, strict=True)
        ]

    find = GaussianMixtureIC._cells
    monkeypatch.setattr(GaussianMixtureIC, "_cells", search)
    assert run("--components", "2,3", "--covariance", "full,tied", "--plot", "out.png") == 0
    axes = figures[0].subfigs[1].axes[0]
    titles = [text.get_text() for text in axes.get_legend().get_texts()]
    assert titles[:3] == ["full (none ranked)", "tied", "best: tied, K = 3"]
    assert titles[3].startswith("refused")
    hollow = [line for line in axes.get_lines() if line.get_fillstyle() == "none"]
    assert sorted(hollow[0].get_xdata()) == [2, 3]


@pytest.mark.parametrize(
    ("shape", "caption"),
    [
        ((6000, 1), "5,000 of 6,000 samples"),
        ((60, 2), "ellipses hold 50 % and 95 % of each component"),
        ((60, 8), "ellipses hold 50 % and 95 % of each component; 6 of 8 features"),
        ((6000, 2), "ellipses hold 50 % and 95 % of each component; 5,000 of 6,000 samples"),
    ],
)
def test_the_picture_says_what_it_shows(figures, shape, caption):
    np.save("x.npy", np.random.default_rng(0).standard_normal(shape))
    assert run("x.npy", "--components", "1", "--covariance", "diag", "--plot", "out.png") == 0
    left = figures[0].subfigs[0]
    texts = [text.get_text() for text in left.findobj(lambda artist: hasattr(artist, "get_text"))]
    assert caption in texts
    assert left.get_suptitle() == "x.npy: diag, K = 1"


def test_plot_without_matplotlib_fails_before_the_fit(capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "gmmx.cli.picture", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.setattr(GaussianMixtureIC, "_cells", None)
    assert "gmmx-native[plot]" in error_of(capsys, "--plot", "out.png")


def test_outputs_are_checked_before_the_fit(capsys, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(GaussianMixtureIC, "_cells", None)
    write("x.csv", "1\n2\n")
    Path("folder").mkdir()
    assert "the folder no does not exist" in error_of(capsys, "--labels", "no/out.csv")
    assert "is a folder" in error_of(capsys, "--labels", "folder")
    assert "would overwrite the data" in error_of(capsys, "x.csv", "--labels", "x.csv")
    assert "unknown extension '.xyz'" in error_of(capsys, "--plot", "out.xyz")
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        Path("folder").chmod(0o500)
        assert "no permission to write" in error_of(capsys, "--labels", "folder/out.csv")


def test_output_that_fails_after_the_fit(capsys, monkeypatch):
    def fail(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gmmx.GaussianMixture, "save", fail)
    assert error_of(capsys, *QUICK, "--save", "out.gmmx") == "out.gmmx: No space left on device"


# Arguments.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--components", "0-3"], "expected an increasing range from 1 to 1000, got '0-3'"),
        (["--components", "5-3"], "expected an increasing range from 1 to 1000, got '5-3'"),
        (["--components", "x"], "expected numbers such as 3, 1-9 or 2,4,6, got 'x'"),
        (["--components", "1,,2"], "expected numbers such as"),
        (["--components", "1-2-3"], "expected numbers such as"),
        (["--covariance", "full,round"], "got 'round'"),
        (["--covariance", "E"], "'E' is for samples of one feature"),
        (["--covariance", "V", "--bayesian"], "'V' is for samples of one feature"),
        (["--criterion", "dic"], "invalid choice: 'dic'"),
        (["--threads", "0"], "expected an integer from 1, got '0'"),
        (["--seed", "-1"], "argument --seed: expected"),
        (["--seed", "4294967296"], "expected an integer from 0 to 4294967295"),
        (["--unknown"], "unrecognized arguments: --unknown"),
        (["a.csv", "b.csv"], "unrecognized arguments: b.csv"),
    ],
)
def test_bad_arguments(capsys, arguments, message):
    assert message in error_of(capsys, *arguments)


@pytest.mark.parametrize("kind", [[], ["--bayesian"]])
def test_names_of_mclust_are_reported_by_their_own_names(capsys, kind):
    outputs = []
    for names in ("tied,diag", "EEE,VVI"):
        assert run("--components", "2", "--covariance", names, *kind) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


def test_a_command_is_required(capsys):
    assert main([]) == 2
    assert "the following arguments are required: COMMAND" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["--version"]])
def test_help_and_version(capsys, arguments):
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 0
    output = capsys.readouterr().out
    assert "usage: gmmx" in output or output == f"gmmx {gmmx.__version__}\n"


def test_threads_and_seed(capsys):
    outputs = []
    for threads in ("1", "2"):
        assert run(*QUICK, "--threads", threads, "--seed", "7") == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


# The process.


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bayesian_mixture_finds_the_number_of_components(capsys):
    assert run("--bayesian", "--components", "6", "--covariance", "full,tied") == 0
    out = capsys.readouterr().out
    assert "Best: full, K = 2" in out
    table = out.split("\n\n")[1].splitlines()
    assert table[1].split() == ["K", "full", "tied"]
    counts = [int(line.split()[0]) for line in table[2:-1]]
    assert counts == sorted(set(counts))
    assert set(counts) <= set(range(1, 7))


def test_a_bayesian_mixture_writes_and_draws_as_well():
    pytest.importorskip("matplotlib")
    assert run("--bayesian", "--labels", "labels.csv", "--plot", "plot.png") == 0
    assert Path("plot.png").stat().st_size > 0
    assert len(Path("labels.csv").read_text().splitlines()) == 273


@pytest.fixture(params=["tqdm", "no tqdm"])
def _tqdm(request, monkeypatch):
    """Hide or keep tqdm, so that tests run with and without it."""
    if request.param == "tqdm":
        pytest.importorskip("tqdm")
    else:
        monkeypatch.setattr(progress, "find_spec", lambda name: None)


@pytest.mark.usefixtures("_tqdm")
def test_a_terminal_shows_which_fit_runs_before_the_first_has_ended(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    shown = []

    def stop(*arguments: object) -> None:
        shown.append(sys.stderr.getvalue())
        raise KeyboardInterrupt

    monkeypatch.setattr(selection, "fit_cell", stop)
    assert run(*QUICK) == 130
    assert "0 of 3 fits done, now tied, K = 3" in shown[0] or (
        "0/3 [" in shown[0] and "tied, K = 3" in shown[0]
    )


@pytest.mark.usefixtures("_tqdm")
@pytest.mark.parametrize("kind", [[], ["--bayesian"]])
def test_progress_counts_the_fits_and_leaves_an_empty_line(monkeypatch, kind):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert run(*QUICK, *kind) == 0
    n_fits = 1 if kind else 3
    output = sys.stderr.getvalue()
    assert f"{n_fits} of {n_fits} fits done" in output or f"0/{n_fits} [" in output
    assert "tied, K = 3" in output
    *_, blank, last = output.split("\r")
    assert (blank.strip(), last) == ("", "")


def test_a_line_of_progress_keeps_within_the_terminal(monkeypatch):
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "20")
    assert run(*QUICK) == 0
    assert max(map(len, sys.stderr.getvalue().split("\r"))) < 20


def test_no_progress_where_stderr_is_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert run(*QUICK) == 0
    assert sys.stderr.getvalue() == ""


def test_running_out_of_memory(capsys, monkeypatch):
    def fail(*arguments: object, **options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(GaussianMixtureIC, "_cells", fail)
    assert error_of(capsys) == "not enough memory for this data"


def test_module_runs():
    result = subprocess.run(
        [sys.executable, "-m", "gmmx", "fit", "no.csv"], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "gmmx: no.csv: No such file or directory\n"


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_ends_a_long_fit():
    np.save("x.npy", np.random.default_rng(0).standard_normal((100_000, 8)))
    program = (
        "import os, signal, sys, threading\n"
        "from gmmx.cli import main\n"
        "interrupt = lambda: os.kill(os.getpid(), signal.SIGINT)\n"
        "threading.Timer(1.0, interrupt).start()\n"
        "sys.exit(main(['fit', 'x.npy']))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 128 + signal.SIGINT
    assert result.stderr == "gmmx: interrupted\n"


def run_into_a_closed_pipe(*arguments: str, **options) -> tuple[int, str]:
    """Run a command with a closed pipe as stdout; return its exit code and stderr."""
    command = [sys.executable, "-m", "gmmx", "fit", *arguments]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = subprocess.run(
            command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, **options
        )
    finally:
        os.close(writer)
    return result.returncode, result.stderr


needs_pipes = pytest.mark.skipif(os.name == "nt", reason="needs POSIX pipes")


@needs_pipes
def test_files_are_written_even_if_nobody_reads_the_report():
    pytest.importorskip("matplotlib")
    np.save("x.npy", np.random.default_rng(0).standard_normal((300, 2)))
    files = ["--save", "x.gmmx", "--labels", "x.csv", "--plot", "x.png"]
    arguments = ["x.npy", "--components", "1", "--covariance", "diag", *files]
    # Without a buffer the first line of the report fails, as a line of a long report would.
    assert run_into_a_closed_pipe(*arguments, env=os.environ | {"PYTHONUNBUFFERED": "1"}) == (
        0, "gmmx: wrote x.gmmx\ngmmx: wrote x.csv\ngmmx: wrote x.png\n"
    )  # fmt: skip
    assert gmmx.load("x.gmmx").means_.shape == (1, 2)
    assert len(Path("x.csv").read_text().splitlines()) == 301
    assert Path("x.png").stat().st_size > 0


@needs_pipes
def test_a_reader_that_goes_away_is_no_error():
    assert run_into_a_closed_pipe("--components", "1") == (0, "")


@needs_pipes
def test_a_reader_that_goes_away_hides_no_failure():
    message = f"gmmx: {NO_MIXTURE}\n"
    arguments = [write("x.csv", "1\n2\n3\n4\n"), "--components", "4"]
    assert run_into_a_closed_pipe(*arguments) == (2, message)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_file_that_cannot_be_written_costs_neither_the_report_nor_the_model():
    arguments = [*QUICK, "--save", "m.gmmx", "--labels", "/dev/full"]
    message = "gmmx: wrote m.gmmx\ngmmx: /dev/full: No space left on device\n"
    assert run_into_a_closed_pipe(*arguments) == (2, message)
    command = [sys.executable, "-m", "gmmx", "fit", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (2, message)
    assert "Best: tied, K = 3" in result.stdout


@needs_pipes
def test_an_error_stream_that_is_closed_costs_nothing():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "gmmx", "fit", *QUICK, "--save", "m.gmmx"]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=writer, text=True, check=False)
    os.close(writer)
    assert result.returncode == 0
    assert "Best: tied, K = 3" in result.stdout
    assert Path("m.gmmx").exists()


@needs_pipes
@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_streams_that_are_closed_from_the_start_cost_nothing(stream):
    closed = f"{['stdin', 'stdout', 'stderr'].index(stream)}>&-"
    command = f"'{sys.executable}' -m gmmx fit {' '.join(QUICK)} --save m.gmmx {closed}"
    result = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (result.returncode, "Traceback" in result.stderr) == (0, False)
    assert gmmx.load("m.gmmx").n_components == 3
    assert ("Best: tied, K = 3" in result.stdout) == (stream != "stdout")


@pytest.mark.parametrize("module", ["numpy", "argparse"])
def test_an_interrupt_during_the_imports_leaves_no_traceback(tmp_path, module):
    (tmp_path / f"{module}.py").write_text("raise KeyboardInterrupt")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "gmmx", "fit"]
    result = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (result.returncode, result.stderr) == (128 + signal.SIGINT, "")
