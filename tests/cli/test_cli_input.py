"""Input files of the command line: columns, delimiters, headers, missing values, ids."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import numpy as np
import pytest

import gmmx
from gmmx import GaussianMixture
from gmmx.cli import main
from gmmx.cli.errors import CommandLineError
from gmmx.cli.reading import text_file
from gmmx.cli.reading.columns import Columns
from gmmx.cli.reading.options import ReadOptions
from gmmx.cli.reading.source import Source
from gmmx.cli.reading.table import Table, read_table
from gmmx.cli.reading.text_arrow import read_cells_with_arrow
from gmmx.cli.reading.text_cells import read_cells
from gmmx.cli.reading.text_layout import find_layout

QUICK = ["--components", "2", "--covariance", "full"]


@pytest.fixture(autouse=True)
def _in_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True, params=["own reader", "pyarrow"])
def reader(request, monkeypatch):
    """Run every test of this file with both readers."""
    if request.param == "pyarrow":
        pytest.importorskip("pyarrow")
        monkeypatch.setattr(text_file, "LARGE", 0)
    else:
        monkeypatch.setitem(sys.modules, "pyarrow", None)


def write(text: str | bytes, name: str = "x.csv") -> Path:
    content = text.encode() if isinstance(text, str) else text
    Path(name).write_bytes(content)
    return Path(name)


def read(text: str | bytes, name: str = "x.csv", **options) -> Table:
    return read_table(write(text, name), ReadOptions(**options))


def complaint(text: str | bytes, name: str = "x.csv", **options) -> str:
    """Read an invalid file and return the message of the error, without the file's name."""
    with pytest.raises(CommandLineError) as info:
        read(text, name, **options)
    return str(info.value).removeprefix(f"{name}: ")


def run(capsys, *arguments: str) -> tuple[str, str]:
    """Run a command that must succeed and return its output on both streams."""
    assert main(arguments) == 0
    captured = capsys.readouterr()
    return captured.out, captured.err


def fail(capsys, *arguments: str) -> str:
    """Run a command that must fail and return its one line on stderr."""
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("gmmx: ")
    assert error.count("\n") == 1
    return error.removeprefix("gmmx: ").strip()


# ---- both readers


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("a,b\n1,2\n-0.5,+1e-3\n", (0, 1)),
        ("a,b\n.1,1.\n0.1,0.30000000000000004\n", (1,)),
        ("a,b\n1e-400,1e400\n-inf,Infinity\n", (0, 1)),
        ('a,b\n1,"NA"\n"",<NA>\nNULL,nan\nNaN,n/a\n', (0, 1)),
        ('a,b,c\n1,"x\ny, ""z""",2\n\n3,007,4\r\n', (0, 2)),
        ('a\n1\n""\n\n2\n', (0,)),
        ("1;2;3\r4;5;6", (2, 0)),
        ("\ufeff1\t2\n3\t4\n", (0, 1)),
        ("9007199254740993,2.2250738585072014e-308\n1.7976931348623157e308,5e-324\n", (0, 1)),
    ],
)
def test_pyarrow_reads_the_same_numbers(text, columns):
    pytest.importorskip("pyarrow")
    source = Source.of(write(text))
    layout = find_layout(source, ReadOptions(has_header=text.startswith("a")), ())
    id_column = 1 if len(layout.header) == 3 and 1 not in columns else None
    chosen = Columns(columns, id_column, "file")
    expected, ids = read_cells(source, layout, chosen)
    found = read_cells_with_arrow(source, layout, chosen)
    np.testing.assert_array_equal(found[0], expected)
    assert found[1] == ids


@pytest.mark.parametrize("cell", ["nan(1)", "1_0", "0x10", "x", " ", "1,2", "NAN", "1d5", "\xe9"])
def test_pyarrow_leaves_to_the_other_reader_what_they_may_read_otherwise(cell):
    pytest.importorskip("pyarrow")
    source = Source.of(write(f"a,b\n1,2\n{cell},3\n"))
    layout = find_layout(source, ReadOptions(), ())
    assert read_cells_with_arrow(source, layout, Columns((0,), None, "file")) is None


def test_random_tables_are_read_to_the_last_digit():
    X = np.random.default_rng(0).standard_normal((500, 3)) * [1e-300, 1, 1e300]
    np.savetxt("x.csv", X, "%s", ",", header="a,b,c", comments="")
    np.testing.assert_array_equal(read_table(Path("x.csv")).values, X)


# ---- delimiters


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a\tb\n1\t2\n3\t4\n", None),
        ("a;b\n1;2\n3;4\n", None),
        ('"a, b";b\n1;2\n3;4\n', None),
        ("a|b\n1|2\n3|4\n", "|"),
        ("a b\n1 2\n3 4\n", " "),
        ("a,b\n1,2\n3,4\n", ","),
    ],
)
def test_delimiters(text, delimiter):
    table = read(text, delimiter=delimiter)
    assert table.names[1] == "b"
    np.testing.assert_array_equal(table.values, [[1, 2], [3, 4]])


def test_a_comma_in_every_cell_is_a_decimal_comma():
    message = complaint("a;b\n1,5;2,5\n3,5;4,5\n")
    assert message == ("line 2, column 1 ('a'): '1,5' is not a number: write a decimal point")


@pytest.mark.parametrize("text", ["tab", "\\t", "\t"])
def test_a_tab_can_be_typed(capsys, text):
    write("a\tb\n1\t5\n2\t3\n4\t4\n", "x.csv")
    assert "3 rows, 2 columns" in run(
        capsys, "fit", "x.csv", "--components", "1", "--delimiter", text
    )[0]  # fmt: skip


def test_options_of_text_are_refused_for_other_files(capsys):
    np.save("x.npy", np.eye(3))
    message = "x.npy: --delimiter and --header are for text files"
    assert fail(capsys, "fit", "x.npy", "--delimiter", ";") == message
    assert fail(capsys, "fit", "x.npy", "--no-header") == message


# ---- headers


@pytest.mark.parametrize(
    "text",
    [
        "0,1\n5,7\n6,8\n",
        "0\n5\n6\n",
        "2019,2020\n0.5,1.5\n2.5,3.5\n",
        "setosa,5.1,3.5\nsetosa,4.9,3.0\n",
        "x,2019,2020\nAustria,1.5,2.5\n",
        "5.1,abc\n4.9,3.0\n",
        "NA,x\ny,1\n",
    ],
)
def test_a_first_line_that_may_be_a_header_or_data_is_asked_about(text):
    line = text.splitlines()[0]
    assert complaint(text) == (
        f"the first line, {line!r}, may name the columns or be data: say --header or --no-header"
    )
    numbers = {"columns": ("2",) if "," in text else ()}
    if not text.startswith("5.1,abc"):
        n_rows = len(read(text, has_header=True, drop=("1",) if "," in line else ()).values)
        assert n_rows == len(text.splitlines()) - 1
    if line.replace(",", "").isdigit():
        assert len(read(text, has_header=False, **numbers).values) == len(text.splitlines())


@pytest.mark.parametrize(
    ("text", "names", "n_rows"),
    [
        ("1,2\n3,4\n", ("column 1", "column 2"), 2),
        ("0.0,1.0\n3.5,4.5\n", ("column 1", "column 2"), 2),
        ("0,0\n1,1\n", ("column 1", "column 2"), 2),
        ("5\n0.5\n", ("column 1",), 2),
        ("NA,2\n1,3\n", ("column 1", "column 2"), 1),
        ("0,1,target\n0.5,1.5,2\n", ("0", "1", "target"), 1),
        ("year,2019x\n1,2\n", ("year", "2019x"), 1),
        ("a,,c\n1,2,3\n", ("a", "column 2", "c"), 1),
    ],
)
def test_a_first_line_that_is_clear(text, names, n_rows):
    table = read(text, skip_missing=True)
    assert (table.names, len(table.values)) == (names, n_rows)


def test_a_header_can_be_said_to_be_one_or_none():
    assert read("5,6\n1,2\n", has_header=True).names == ("5", "6")
    assert complaint("a,b\n1,2\n", has_header=False) == (
        "line 1, column 1: 'a' is not a number: leave it out with --drop 1,2"
    )


def test_numbers_that_a_model_knows_as_names_are_a_header(capsys):
    write("0,1\n1,5\n2,3\n4,4\n5,9\n")
    assert "--header" in fail(capsys, "fit", "x.csv", "--components", "1")
    run(capsys, "fit", "x.csv", "--components", "1", "--header", "--save", "m.gmmx")
    assert gmmx.load("m.gmmx").feature_names_in_.tolist() == ["0", "1"]
    assert len(run(capsys, "predict", "m.gmmx", "x.csv")[0].splitlines()) == 5


# ---- the index of a data frame


@pytest.mark.parametrize("columns", [["a", "b"], [0, 1]])
@pytest.mark.parametrize("index", [None, [7, 3, 9], ["x", "y", "z"]])
def test_the_index_that_pandas_writes_is_no_feature(capsys, columns, index):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame([[1.5, 2.0], [3.0, 4.0], [5.0, 1.0]], index=index, columns=columns)
    frame.to_csv("x.csv")
    table = read_table(Path("x.csv"))
    assert table.names == tuple(map(str, columns))
    np.testing.assert_array_equal(table.values, frame.to_numpy())
    assert capsys.readouterr().err == (
        "gmmx: x.csv: left out column 1, which has no name, as the index of a data frame "
        "(--id 1 keeps it beside the rows, --columns makes it a feature)\n"
    )
    read_back = read("Unnamed: 0" + Path("x.csv").read_text())
    assert read_back.names == tuple(map(str, columns))


def test_an_index_can_be_used(capsys):
    text = ",a\n7,1\n8,2\n"
    table = read(text, id_column="1")
    assert (table.names, table.ids) == (("a",), ["7", "8"])
    np.testing.assert_array_equal(read(text, columns=("1", "a")).values, [[7, 1], [8, 2]])
    assert read(text, drop=("1",)).names == ("a",)
    assert capsys.readouterr().err == ""


# ---- columns


def test_columns_are_chosen_by_name_or_number():
    text = "a,b,c\n1,2,x\n3,4,y\n"
    np.testing.assert_array_equal(read(text, columns=("b", "1")).values, [[2, 1], [4, 3]])
    assert read(text, columns=("b", "1")).names == ("b", "a")
    assert read(text, drop=("c",)).names == ("a", "b")
    assert read(text, drop=("3", "a")).names == ("b",)
    assert read("1,2,x\n3,4,y\n", drop=("3",), has_header=False).values.shape == (2, 2)


def test_a_name_goes_before_a_number():
    assert read("2,1,x\n5,6,7\n", columns=("1",), has_header=True).values == [[6]]


def test_columns_that_are_not_there():
    text = "a,b\n1,2\n"
    assert complaint(text, drop=("c",)) == "has no column 'c'; its columns are a, b"
    assert complaint(text, columns=("0",)) == "has no column '0'; its columns are a, b"
    assert complaint(text, id_column="3") == "has no column '3'; its columns are a, b"
    assert complaint("1.5,2\n", columns=("a",)) == (
        "has no column 'a'; its columns have no names, but the numbers 1 to 2"
    )
    assert complaint(text, drop=("a", "b")) == "no column is left for the features"
    assert complaint(text, columns=("a", "1")) == "--columns has column 1 ('a') twice"
    assert complaint("a,a\n1,2\n", columns=("a",)) == (
        "several columns are called 'a': give the column's number"
    )


def test_a_message_names_all_columns_of_text_as_a_shell_takes_them():
    text = 'a,"petal, length",b\nx,y,1\n'
    message = complaint(text)
    assert message == (
        "line 2, column 1 ('a'): 'x' is not a number: "
        "leave it out with --drop 'a,\"petal, length\"'"
    )
    assert complaint(text, columns=("a",)).endswith("is not a number: leave it out of --columns")


def test_columns_on_the_command_line(capsys):
    write('x;"a, b";c;d\nu;1;2;7\nv;3;5;8\nw;2;2;7\n')
    arguments = ["fit", "x.csv", "--components", "1", "--save", "m.gmmx"]
    run(capsys, *arguments, "--drop", 'x,"a, b"')
    assert gmmx.load("m.gmmx").feature_names_in_.tolist() == ["c", "d"]
    run(capsys, *arguments, "--columns", "d, 3")
    assert gmmx.load("m.gmmx").feature_names_in_.tolist() == ["d", "c"]
    message = "not allowed with argument"
    assert message in fail(capsys, *arguments, "--columns", "d", "--drop", "c")
    assert "expected columns such as a,b" in fail(capsys, *arguments, "--drop", "c,,d")
    assert "expected one character, tab" in fail(capsys, *arguments, "--delimiter", "ab")


def test_constant_columns_are_all_named(capsys):
    write("a,b,c\n1,2,3\n1,5,3\n1,2,3\n")
    message = "x.csv: a is 1 in every row: leave it out with --drop a,c"
    assert fail(capsys, "fit", "x.csv") == message


@pytest.mark.parametrize("name", ["x.parquet", "x.parquet.gz"])
def test_columns_of_parquet(reader, name):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(
        {"a": [1, 2], "b": ["x", None], "c": [0.5, 1.5]}, index=[5, 3]
    )  # fmt: skip
    frame.to_parquet("x.parquet")
    if name.endswith(".gz"):
        Path(name).write_bytes(gzip.compress(Path("x.parquet").read_bytes()))
    table = read_table(Path(name), ReadOptions(columns=("c", "a"), id_column="b"))
    np.testing.assert_array_equal(table.values, [[0.5, 1], [1.5, 2]])
    assert table.ids == ["x", ""]
    assert read_table(Path(name), ReadOptions(drop=("b",))).names == ("a", "c")
    with pytest.raises(CommandLineError, match=r"--drop b$"):
        read_table(Path(name))


def test_columns_of_an_array():
    np.save("x.npy", np.arange(6.0).reshape(2, 3))
    table = read_table(Path("x.npy"), ReadOptions(drop=("1",), id_column="3"))
    np.testing.assert_array_equal(table.values, [[1], [4]])
    assert (table.id_name, table.ids) == ("column 3", ["2.0", "5.0"])


# ---- missing values


def test_rows_with_missing_values_are_skipped_on_demand(capsys):
    text = "a,b,c\n1,2,x\n,3,y\n4,NA,z\n5,6,\n"
    table = read(text, columns=("a", "b"), skip_missing=True)
    np.testing.assert_array_equal(table.values, [[1, 2], [5, 6]])
    assert table.for_all_rows(["p", "q"]) == ["p", "", "", "q"]
    assert capsys.readouterr().err == (
        "gmmx: x.csv: left out 2 of 4 rows, which have missing values\n"
    )
    assert complaint(text, drop=("c",)) == (
        "line 3, column 1 ('a'): the value is missing: --skip-missing leaves such rows out"
    )


def test_columns_without_any_value_are_named():
    text = "a,b,c\n1,,2\n2,,3\n"
    assert complaint(text, skip_missing=True) == (
        "every row has a missing value: leave it out with --drop b"
    )


def test_an_infinite_number_is_not_missing():
    message = "line 3, column 1 ('a'): inf is not a finite number"
    assert complaint("a\n\nNA\n1\ninf\n", skip_missing=True).endswith("inf is not a finite number")
    assert complaint("a\n1\ninf\n") == message


# ---- sources of input


@pytest.mark.parametrize("name", ["x.csv.gz", "x.CSV.GZ", "x.tsv.gz", "x.txt", "x.npy.gz"])
def test_compressed_and_other_files(name):
    if name == "x.npy.gz":
        buffer = io.BytesIO()
        np.save(buffer, np.array([[1.0, 2.0], [3.0, 4.0]]))
        content = buffer.getvalue()
    else:
        content = (b"a\tb\n1\t2\n3\t4\n" if "tsv" in name else b"a,b\n1,2\n3,4\n")  # fmt: skip
    table = read(gzip.compress(content) if name.lower().endswith(".gz") else content, name)
    np.testing.assert_array_equal(table.values, [[1, 2], [3, 4]])


def test_damaged_compressed_files():
    content = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    assert complaint(content[:-20], "x.csv.gz").startswith("is not a whole .gz file")
    assert complaint(b"a,b\n1,2\n", "x.csv.gz").startswith("is not a whole .gz file")


def test_standard_input(capsys, monkeypatch):
    text = "a;b\n1;2\n3;4\n2;9\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    out, _ = run(capsys, "fit", "-", "--components", "1", "--save", "m.gmmx")
    assert out.startswith("standard input: 3 rows, 2 columns")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    assert run(capsys, "predict", "m.gmmx", "-")[0] == "label\n0\n0\n0\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert fail(capsys, "score", "m.gmmx", "-") == "standard input: is empty"


def test_text_that_is_not_utf8():
    message = "is not UTF-8 text: convert it to UTF-8"
    assert complaint("größe,b\n1,2\n".encode("latin-1")) == message
    assert complaint("a,b\n1,2\n".encode("utf-16")) == message
    # A column that is not used may contain anything.
    rows = b"1,2,x\n" * 30 + "1,3,ö\n".encode("latin-1")
    assert read(b"a,b,c\n" + rows, drop=("c",)).values.shape == (31, 2)
    assert complaint(b"a,b,c\n" + rows, id_column="c") == message


# ---- with a model


@pytest.fixture
def model(capsys):
    """Write data with the features a and b to data.csv and a model to m.gmmx; return the model."""
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.standard_normal((30, 2)), 9 + rng.standard_normal((30, 2))])
    np.savetxt("data.csv", X, "%s", ",", header="a,b", comments="")
    run(capsys, "fit", "data.csv", *QUICK, "--save", "m.gmmx")
    model = gmmx.load("m.gmmx")
    del model.feature_names_in_  # the tests pass arrays to it
    return model


def rows_of(text: str) -> list[list[str]]:
    return [line.split(",") for line in text.splitlines()]


def test_a_model_finds_its_columns_by_name(capsys, model):
    write("id,b,note,a\n7,9.5,x,8.5\n8,0.5,y,-0.5\n")
    expected = [str(k) for k in model.predict(np.array([[8.5, 9.5], [-0.5, 0.5]])).tolist()]
    assert run(capsys, "predict", "m.gmmx", "x.csv") == ("\n".join(["label", *expected, ""]), "")
    assert "has no column 'a'" in fail(capsys, "predict", "m.gmmx", "x.csv", "--drop", "a")


def test_columns_can_be_mapped_to_those_of_a_model(capsys, model):
    write("v,u\n9.5,-3\n0.5,20\n")
    out, _ = run(capsys, "score", "m.gmmx", "x.csv", "--rows", "--columns", "u,v")
    expected = model.score_samples(np.array([[-3, 9.5], [20, 0.5]]))
    assert [float(cell) for cell in out.split()[1:]] == expected.tolist()


def test_ids_and_missing_values_keep_their_rows(capsys, model):
    write("id,a,b\n007,9,9\nx y,,1\n9,0,0\n")
    options = ["x.csv", "--id", "id", "--skip-missing"]
    out, err = run(capsys, "predict", "m.gmmx", *options, "--probabilities")
    header, first, second, third = rows_of(out)
    assert header == ["id", "label", "probability_0", "probability_1"]
    assert first[:2] == ["007", str(model.predict([[9.0, 9.0]])[0])]
    assert second == ["x y", "", "", ""]
    assert third[0] == "9"
    assert err == "gmmx: x.csv: left out 1 of 3 rows, which have missing values\n"
    out, _ = run(capsys, "score", "m.gmmx", *options, "--rows")
    assert [row[0] for row in rows_of(out)] == ["id", "007", "x y", "9"]
    assert rows_of(out)[2] == ["x y", ""]
    mean = float(run(capsys, "score", "m.gmmx", *options)[0])
    assert mean == model.score(np.array([[9.0, 9.0], [0.0, 0.0]]))


def test_labels_of_a_fit_keep_ids_and_rows(capsys):
    rows = "".join(f"r{i},{i % 7},{i % 5 + i // 20 * 9}\n" for i in range(40))
    write(f"id,a,b\n{rows}r40,,1\n")
    run(capsys, "fit", "x.csv", *QUICK, "--id", "id", "--skip-missing", "--labels", "l.csv")
    labels = rows_of(Path("l.csv").read_text())
    assert [row[0] for row in labels] == ["id", *(f"r{i}" for i in range(41))]
    assert labels[-1] == ["r40", "", "", ""]
    assert {row[1] for row in labels[1:-1]} == {"0", "1"}


def test_output_in_one_column_with_empty_cells_can_be_read_again(capsys, model):
    write("a,b\n9,9\n,1\n0,0\n")
    out, _ = run(capsys, "predict", "m.gmmx", "x.csv", "--skip-missing")
    assert read(out, "out.csv", skip_missing=True).is_used.tolist() == [True, False, True]


def test_a_model_without_names_takes_columns_by_position(capsys):
    GaussianMixture.from_parameters([1.0], [[0.0, 1.0]], [1.0], "spherical").save("m.gmmx")
    write("id,a,b\n7,0,1\n")
    assert "choose them with --columns or --drop" in fail(capsys, "predict", "m.gmmx", "x.csv")
    assert run(capsys, "predict", "m.gmmx", "x.csv", "--id", "id")[0] == "id,label\n7,0\n"
    assert run(capsys, "predict", "m.gmmx", "x.csv", "--drop", "1")[0] == "label\n0\n"
