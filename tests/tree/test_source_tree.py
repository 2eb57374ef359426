"""Rules of the source tree: imports between folders, lengths, and documentation."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path

import pytest

import gmmx
from gmmx.model.covariance import STRUCTURES
from gmmx.model.layouts import LAYOUTS

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gmmx"
LONGEST_FILE = 350
LONGEST_CODE = 250  # lines of Python: docstrings, comments and empty lines not counted
LONGEST_FUNCTION = 60  # lines, the docstring not counted

# The purpose of each folder of `src/gmmx`, and the folders that its files may import in addition to
# their own folder and the modules at the top. CONTRIBUTING.md has the same lines.
FOLDERS = {
    "cli": (
        "files and terminals",
        "plotting selection estimators blocks exchange contract checks model",
    ),
    "cli/reading": (
        "tables from files",
        "cli",
    ),
    "plotting": (
        "pictures of mixtures, searches and tests",
        "selection uncertainty estimators contract checks model",
    ),
    "dask": (
        "mixtures fitted to Dask collections",
        "distributed estimators contract samples checks",
    ),
    "spark": (
        "estimators and models of Spark, and the engine that holds their rows",
        "distributed estimators samples checks",
    ),
    "distributed": (
        "fits to partitions of rows on other machines: the part that all engines share",
        "estimators contract samples checks _core/interface",
    ),
    "selection": (
        "search for the number of components and the covariance structure; summary of a mixture",
        "estimators blocks contract em starts samples model checks _core/interface",
    ),
    "uncertainty": (
        "how sure a mixture is: bootstrap, test of the number of components, merged components",
        "estimators contract em starts samples model checks _core/interface",
    ),
    "estimators": (
        "the estimators; conversion of parameters to fitted attributes and back",
        "bayes em starts samples blocks exchange contract checks model _core/interface",
    ),
    "blocks": (
        "samples in blocks: files, tables and iterables that need not fit in memory",
        "contract checks samples _core/interface",
    ),
    "exchange": (
        "conversion of models to files and to scikit-learn, and back; checkpoints",
        "contract checks em samples model",
    ),
    "contract": (
        "scikit-learn's contract without scikit-learn",
        "checks",
    ),
    "bayes": (
        "prior, posterior, variational steps",
        "em samples model _core/interface",
    ),
    "em": (
        "the loop, its steps, stopping, acceleration, repair, restarts",
        "samples model _core/interface",
    ),
    "starts": (
        "starting values",
        "em samples model _core/interface",
    ),
    "checks": (
        "checks of input, called by contract and by folders that users call",
        "model _core/interface",
    ),
    "samples": (
        "sources of samples, and sums over them",
        "model _core/interface",
    ),
    "model": (
        "the mathematics: statistics, parameters, criteria, collapse",
        "_core/interface",
    ),
    "model/covariance": (
        "one file for each covariance structure",
        "model _core/interface",
    ),
    "model/covariance/eigen": (
        "structures of matrices that share volumes, shapes or orientations",
        "model/covariance model _core/interface",
    ),
    "_core": (
        "the choice of the instruction set",
        "_core/interface",
    ),
    "_core/interface": (
        "functions for Python: they check arguments, allocate, choose threads",
        "_core/em _core/kmeans _core/agglomeration _core/structures _core/layouts _core/algebra "
        "_core/process",
    ),
    "_core/em": (
        "the pass of EM: plan, blocks, sums",
        "_core/layouts _core/formulas _core/vectors _core/process _core/algebra",
    ),
    "_core/kmeans": (
        "the passes of k-means: task, plan, chunks",
        "_core/vectors _core/process",
    ),
    "_core/agglomeration": (
        "agglomeration of clusters: their sums, the costs of mergers",
        "_core/algebra",
    ),
    "_core/structures": (
        "M-steps of covariances with constraints, one file a structure",
        "_core/algebra _core/process",
    ),
    "_core/layouts": (
        "one file a memory layout; the task and the block that they work on",
        "_core/formulas _core/vectors _core/process",
    ),
    "_core/formulas": (
        "formulas on groups of samples, which layouts share",
        "_core/vectors",
    ),
    "_core/algebra": (
        "Cholesky factors, eigenvectors, the gamma function",
        "",
    ),
    "_core/vectors": (
        "SIMD, transposes, sums over lanes",
        "",
    ),
    "_core/process": (
        "threads, signals, forks, memory, the processor",
        "",
    ),
}
# The modules at the top that every file may import, and the modules that only some may import.
EVERYWHERE = {"_build", "arrays", "exceptions", "other_package"}
TOP = {"progress": {"blocks", "cli", "estimators", "selection"}, "build_config": {"__init__"}}
MOST_FILES = 12  # in a folder

PYTHON_FILES = sorted(SOURCE.rglob("*.py"))
CYTHON_FILES = sorted([*SOURCE.rglob("*.pyx"), *SOURCE.rglob("*.pxd")])
C_FILES = sorted([*SOURCE.rglob("*.c"), *SOURCE.rglob("*.h")])

parsed = cache(ast.parse)  # many tests look at the same files


def name_of(path):
    """Return a module's name within the package, such as 'covariance.full'."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def folder_of(name):
    """Return the folder of a module, such as 'model/covariance', or the name of a top module."""
    path = SOURCE / name.replace(".", "/")
    folder = path if path.is_dir() else path.parent
    return name if folder == SOURCE else folder.relative_to(SOURCE).as_posix()


def imported_names(path):
    """Return the modules of gmmx that a file imports or cimports."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        pattern = r"^ *from gmmx\.?([\w.]*) c?import ([^(\n]*)"
        for module, names in re.findall(pattern, text, re.MULTILINE):
            for name in re.split(r"[,\s]+", names.strip()):
                yield resolved(module, name)
        yield from re.findall(r"^ *c?import gmmx\.([\w.]+)", text, re.MULTILINE)
        return
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if (node.module or "").partition(".")[0] == "gmmx":
                for alias in node.names:
                    yield resolved((node.module or "").partition(".")[2], alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("gmmx."):
                    yield alias.name.partition(".")[2]
        elif isinstance(node, ast.Call) and name_called(node) == "import_module":
            name = ast.literal_eval(node.args[0]) if isinstance(node.args[0], ast.Constant) else ""
            if name.startswith("gmmx."):
                yield name.partition(".")[2]


def resolved(module, name):
    """Return `module`, or its submodule `name` if it exists; '__init__' for the package itself."""
    inner = f"{module}.{name}".strip(".")
    path = SOURCE / inner.replace(".", "/")
    files = [path.with_name(f"{path.name}{suffix}") for suffix in (".py", ".pyx", ".pxd", ".py.in")]
    is_module = any(file.exists() for file in [*files, path / "__init__.py"])
    return inner if name and is_module else module or "__init__"


@cache
def imports():
    """Return pairs of a module and another module that it imports."""
    pairs = set()
    for path in [*PYTHON_FILES, *CYTHON_FILES]:
        pairs |= {(name_of(path), name) for name in imported_names(path)}
    return sorted((importer, name) for importer, name in pairs if importer != name)


# ---- folders


def test_every_folder_has_a_line():
    folders = {path.parent for path in [*PYTHON_FILES, *CYTHON_FILES]} - {SOURCE}
    assert {folder.relative_to(SOURCE).as_posix() for folder in folders} == FOLDERS.keys()


def test_files_import_what_their_folder_may():
    wrong = []
    for importer, name in imports():
        folder, other = folder_of(importer), folder_of(name)
        allowed = {folder, *EVERYWHERE}
        if folder in FOLDERS:
            allowed |= {*FOLDERS[folder][1].split()}
            allowed |= {inner for inner in FOLDERS for outer in allowed if is_inside(inner, outer)}
            allowed |= {top for top, users in TOP.items() if folder in users}
        elif folder in ("__init__", "__main__"):
            allowed |= {*FOLDERS, *TOP}
        elif folder == "build_config":
            allowed |= {"_core"}
        if other not in allowed:
            wrong.append(f"{importer} imports {name}")
    assert not wrong


def is_inside(inner, outer):
    """Return whether `inner` is a folder in `outer`; `_core` grants no access to its folders."""
    return inner.startswith(f"{outer}/") and outer != "_core"


def test_no_two_folders_need_each_other():
    sorter = TopologicalSorter()
    for folder, (_, others) in FOLDERS.items():
        if "/" not in folder or folder.startswith("_core/"):
            sorter.add(folder, *others.split())
    sorter.prepare()  # raises CycleError, which names the circle


def test_folders_are_small():
    others = [ROOT / name for name in ("tests", "bench", "tools", "tools/compare/clients")]
    others += [inner for folder in others for inner in folder.glob("*/")]
    assert {ROOT / "tests" / "tree", ROOT / "bench" / "measures"} <= {*others}
    for folder in [SOURCE, *(SOURCE / name for name in FOLDERS), *others]:
        modules = {path.stem for path in folder.iterdir() if path.suffix in (".py", ".pyx", ".pxd")}
        assert len(modules - {"__init__"}) <= MOST_FILES, folder


def test_contributing_has_the_same_folders():
    lines = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()
    for folder, (purpose, others) in FOLDERS.items():
        shown = ", ".join(f"`{other}`" for other in others.split()) or "nothing"
        assert f"| `{folder}/` | {purpose} | {shown} |" in lines


def test_no_file_imports_itself_through_others():
    sorter = TopologicalSorter()
    for importer, name in imports():
        sorter.add(importer, name)
    sorter.prepare()  # raises CycleError, which names the circle


def test_imports_are_found():
    pairs = imports()
    for pair in [
        ("estimators.gaussian_mixture", "model.covariance"),
        ("model.covariance.base", "model.statistics"),
        ("_core.layouts.all", "_core.layouts.dense"),
        ("_core.interface.passes", "_core.layouts.task"),
        ("_core.em.em_pass", "_core.em.parameters"),
        ("_core.em.parameters", "_core.layouts.task"),
        ("build_config", "_build"),
        ("_core.formulas.triangular", "_core.vectors.simd"),
        ("__init__", "estimators.gaussian_mixture"),
        ("_core", "other_package"),
        ("samples.kernel_parameters", "_core.interface.passes"),
    ]:
        assert pair in pairs


# ---- restricted names and imports


def test_scikit_learn_is_not_imported():
    for path in PYTHON_FILES:
        for node in ast.walk(parsed(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not any(name.partition(".")[0] == "sklearn" for name in names), path


def test_the_import_loads_no_module_that_takes_long():
    program = """
import sys, gmmx
assert "numpy" not in sys.modules
gmmx.GaussianMixture
print(*(name for name in sys.modules if name[:4] == "gmmx"))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = run.stdout.split()
    assert {"gmmx", "gmmx._core.interface.threads", "gmmx.model.covariance.full"} <= set(loaded)
    assert not {
        "gmmx.estimators.bayesian_gaussian_mixture",
        "gmmx.estimators.columns",
        "gmmx.selection.search",
        "gmmx.exchange.format",
    } & set(loaded)
    slow = {
        "concurrent",
        "html",
        "importlib.metadata",
        "json",
        "multiprocessing",
        "pathlib",
        "scipy",
    }
    for path in PYTHON_FILES:
        if f"gmmx.{name_of(path)}".removesuffix(".__init__") not in loaded:
            continue
        for node in parsed(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module]
            roots = {name.partition(".")[0] for name in names}
            assert not slow & {*names, *roots}, path


def test_names_that_are_imported_late_are_there():
    assert set(gmmx.__all__) <= set(dir(gmmx))
    for name in gmmx.__all__:
        assert getattr(gmmx, name) is not None
    with pytest.raises(AttributeError, match="module 'gmmx' has no attribute 'nothing'"):
        gmmx.nothing  # noqa: B018


def covariance_types_asked_for(text):
    """Return names of structures, or parts of names, that Python code compares with."""
    decisions = ast.Compare | ast.Dict | ast.Set | ast.List | ast.Tuple | ast.Subscript
    for node in ast.walk(parsed(text)):
        if isinstance(node, decisions | ast.match_case):
            part = node.pattern if isinstance(node, ast.match_case) else node
            yield from constants_in(part) & STRUCTURES.keys()
        elif isinstance(node, ast.Call) and name_called(node) in ("startswith", "endswith"):
            parts = {one for one in constants_in(node) if isinstance(one, str) and len(one) > 1}
            yield from (part for part in parts if any(part in name for name in STRUCTURES))


def name_called(call):
    """Return the name of the function or method that is called, or None for another expression."""
    return getattr(call.func, "attr", getattr(call.func, "id", None))


def constants_in(tree):
    """Return the constants in a part of a program."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}


@pytest.mark.parametrize(
    "code",
    [
        "name == 'tied'",
        "name in ('full', 'diag')",
        "{'tied-diag': 1}[name]",
        "TYPES = ['full', 'tied']",
        "STRUCTURES['full']",
        "name.startswith('tied-')",
        "match name:\n    case 'full' | 'tied':\n        pass",
    ],
)
def test_questions_for_a_covariance_type_are_seen(code):
    assert list(covariance_types_asked_for(code))


def test_no_code_asks_for_a_covariance_type_by_name():
    for path in PYTHON_FILES:
        if path.parent.name != "covariance":
            names = list(covariance_types_asked_for(path.read_text(encoding="utf-8")))
            assert not names, f"{path}: {names}"


def test_only_two_files_ask_for_a_layout_by_name():
    found = set()
    for path in PYTHON_FILES:
        for node in ast.walk(parsed(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare) and constants_in(node) & LAYOUTS.keys():
                found.add(name_of(path))
    assert found <= {"model.layouts", "samples.moments"}


def test_only_passes_their_tasks_and_their_callers_know_threads():
    passes = {"em_pass", "kmeans_pass", "kernels", "task", "atomic", "host", "pool", "runtime"}
    pattern = re.compile(r"openmp|\bomp_|prange|threadid|n_threads|pthread", re.IGNORECASE)
    for path in [*CYTHON_FILES, *C_FILES, *(SOURCE / "_core").glob("*.py")]:
        if path.parent.name != "interface" and path.stem not in passes:
            assert not pattern.search(path.read_text(encoding="utf-8")), path


COMPILED_LAYOUTS = SOURCE / "_core" / "layouts"
# Files there that are no layout.
BESIDE_LAYOUTS = {"__init__", "all", "block", "features", "layout", "one_feature", "task"}


def layout_files():
    """Return the files of the compiled memory layouts."""
    return [
        path for path in sorted(COMPILED_LAYOUTS.glob("*.pxd")) if path.stem not in BESIDE_LAYOUTS
    ]


def test_only_one_compiled_file_knows_the_layouts():
    files = {f"_core.layouts.{path.stem}" for path in layout_files()}
    assert len(files) >= 4
    assert {importer for importer, name in imports() if name in files} == {"_core.layouts.all"}


def test_no_compiled_code_asks_for_the_layout():
    names = "|".join(path.stem for path in layout_files())
    question = re.compile(rf"\b(layout|form)\w* *[!=]=|[!=]= *b?[\"'](?:{names})\b", re.IGNORECASE)
    for path in CYTHON_FILES:
        found = question.search(path.read_text(encoding="utf-8"))
        assert not found, f"{path}: {found}"


def test_only_the_diagonal_layout_knows_that_of_one_feature():
    importers = {importer for importer, name in imports() if name == "_core.layouts.one_feature"}
    assert importers == {"_core.layouts.diagonal"}


@pytest.mark.parametrize("path", layout_files(), ids=lambda path: path.stem)
def test_a_layout_is_a_file_and_a_line(path):
    wanted = members_of("Shape", COMPILED_LAYOUTS / "task.pxd")
    wanted |= members_of("Layout", COMPILED_LAYOUTS / "layout.pxd")
    text = path.read_text(encoding="utf-8")
    defined = re.findall(r"^    layout\.(?:shape\.)?(\w+) = ", text, re.MULTILINE)
    assert sorted(defined) == sorted(wanted - {"shape"})
    assert f'layout.shape.name = b"{path.stem}"' in text
    lines = (COMPILED_LAYOUTS / "all.pxd").read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith(f"    {path.stem}.define(") for line in lines) == 1


def members_of(struct, path):
    """Return the names of a structure's members."""
    text = path.read_text(encoding="utf-8")
    body = re.search(rf"^ctypedef struct {struct}:\n((?: .*\n|\n(?= ))*)", text, re.MULTILINE)[1]
    return set(re.findall(r"^    [^#\n]*?(\w+) *(?:#.*)?$", body, re.MULTILINE))


def test_only_the_doors_check_input():
    doors = {
        "blocks", "checks", "cli", "contract", "dask", "distributed", "estimators", "exchange",
        "plotting", "selection", "spark", "uncertainty",
    }  # fmt: skip
    for importer, name in imports():
        if folder_of(name) == "checks":
            assert folder_of(importer) in doors, importer


# ---- sizes


@pytest.mark.parametrize("path", [*CYTHON_FILES, *C_FILES], ids=lambda p: p.name)
def test_compiled_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda p: p.name)
def test_python_files_are_short(path):
    assert len(lines_of_code(path.read_text(encoding="utf-8"))) <= LONGEST_CODE


def lines_of_code(text):
    """Return the lines of Python that are neither empty nor in a comment or a docstring."""
    lines = text.splitlines()
    for node in ast.walk(parsed(text)):
        is_documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if is_documented and ast.get_docstring(node) is not None:
            docstring = node.body[0]
            n_lines = docstring.end_lineno - docstring.lineno + 1
            lines[docstring.lineno - 1 : docstring.end_lineno] = [""] * n_lines
    return [line for line in lines if line.strip() and not line.strip().startswith("#")]


@pytest.mark.parametrize("path", [*PYTHON_FILES, *CYTHON_FILES], ids=lambda p: p.name)
def test_functions_are_short(path):
    functions = python_functions if path.suffix == ".py" else cython_functions
    for name, length in functions(path.read_text(encoding="utf-8")):
        assert length <= LONGEST_FUNCTION, f"{name} has {length} lines"


def python_functions(text):
    """Return names and lengths of functions, docstrings not counted."""
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node) is not None:
                length -= node.body[0].end_lineno - node.body[0].lineno + 1
            yield node.name, length


def cython_functions(text):
    """Return names and lengths of functions and methods, which end before a line as far left."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        found = re.match(r"( *)(?:cdef|cpdef|def) [^=(]*?(\w+)\(", line)
        if found:
            stop = start + 1
            while stop < len(lines) and not re.match(rf" {{0,{len(found[1])}}}[^\s)]", lines[stop]):
                stop += 1
            yield found[2], len("\n".join(lines[start:stop]).rstrip().splitlines())


def test_functions_and_methods_of_compiled_modules_are_measured():
    text = """
@cython.cfunc
def top(
    int a,
) noexcept:
    cdef double[:] x = empty(a)
    return x

cdef class Some:
    cdef int n

    cdef inline const double *method(self, int a) noexcept:

        return self.n
    def last(self): pass
"""
    assert list(cython_functions(text)) == [("top", 5), ("method", 3), ("last", 1)]


# ---- documentation

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(gmmx.__path__, "gmmx.")
    if (ROOT / "src" / (module.name.replace(".", "/") + ".py")).exists()
    or (ROOT / "src" / module.name.replace(".", "/") / "__init__.py").exists()
)


def imported(name):
    """Return a module; skip the test if it needs an extra that is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("dask", "distributed", "pyspark"):
            raise
        pytest.skip(f"{name} needs {error.name}")


def test_modules_are_found():
    assert {"gmmx.estimators.gaussian_mixture", "gmmx.model.covariance.full", "gmmx._core"} <= set(
        MODULES
    )


@pytest.mark.parametrize("name", ["gmmx", *MODULES])
def test_public_things_are_documented(name):
    if name.endswith("__main__"):
        return
    module = imported(name)
    assert module.__doc__
    for member_name, member in vars(module).items():
        is_own = getattr(member, "__module__", None) == name
        if member_name.startswith("_") or not is_own:
            continue
        if inspect.isfunction(member) or inspect.isclass(member):
            assert inspect.getdoc(member), f"{name}.{member_name}"
        for method_name in vars(member) if inspect.isclass(member) else ():
            method = getattr(member, method_name)
            if not method_name.startswith("_") and callable(method):
                documented = f"{name}.{member_name}.{method_name}"
                assert inspect.getdoc(method), documented


@pytest.mark.parametrize("name", [name for name in gmmx.__all__ if not name.startswith("_")])
def test_what_users_call_has_an_example(name):
    thing = getattr(gmmx, name)
    if inspect.isclass(thing) and issubclass(thing, Warning):
        return
    assert ">>>" in inspect.getdoc(thing)


@pytest.mark.parametrize("name", ["gmmx", *MODULES])
def test_examples_in_docstrings_are_right(name):
    if name.endswith("__main__"):
        return
    if name == "gmmx.estimators.registration":
        return  # it registers for the whole process: the next test runs it in a new process
    results = doctest.testmod(imported(name))
    assert results.failed == 0


def test_the_example_of_registration_is_right():
    program = """if True:
    import doctest
    from gmmx.estimators import registration
    results = doctest.testmod(registration)
    assert results.attempted and not results.failed
    """
    subprocess.run([sys.executable, "-c", program], check=True)


def test_alternative_constructors_have_an_example():
    assert ">>>" in inspect.getdoc(gmmx.GaussianMixture.from_parameters)


# ---- one version


def test_the_version_is_written_once():
    assert gmmx.__version__ == version("gmmx-native")
    literal = re.compile(rf"[\"']{re.escape(gmmx.__version__)}[\"']")
    files = [ROOT / "pyproject.toml", *ROOT.glob("meson*"), *SOURCE.rglob("*")]
    holders = [
        path.name
        for path in files
        if path.suffix in (".toml", ".build", ".options", ".py", ".pyx", ".in")
        and literal.search(path.read_text(encoding="utf-8"))
    ]
    assert holders == ["meson.build"]
    assert re.search(r'dynamic = \[.*"version"', (ROOT / "pyproject.toml").read_text("utf-8"))
