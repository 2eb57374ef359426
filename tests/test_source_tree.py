"""The rules of the source tree: who may import whom, how long things are, what is documented."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path

import pytest

import gmmx
from gmmx.covariance import STRUCTURES

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "gmmx"
LONGEST_FILE = 350
LONGEST_CODE = 250  # lines of Python: docstrings, comments and empty lines not counted
LONGEST_FUNCTION = 60  # lines, the docstring not counted

# A file imports from lower floors, or from its own without a circle. Floors 0 to 2 know arrays,
# 3 and 4 know mathematics, 5 knows users, 6 is the command line. A folder stands for its files.
FLOORS = {
    "_build": 0,
    "other_package": 0,
    "arrays": 0,
    "_core.simd": 0,
    "_core.dense": 0,
    "_core.densities": 0,
    "_core.diagonal": 0,
    "_core.cholesky": 0,
    "_core.gamma": 0,
    "_core.moments": 0,
    "_core.one_feature": 0,
    "_core.pairs": 0,
    "_core.posterior": 0,
    "_core.products": 0,
    "_core.row_densities": 0,
    "_core.transpose": 0,
    "_core.task": 0,
    "_core.atomic": 0,
    "_core.signals": 0,
    "_core.processor": 0,
    "_core.runtime": 0,
    "_core.host": 1,
    "_core.plan": 0,
    "_core.parameters": 0,
    "_core.sums": 0,
    "_core.inputs": 0,
    "_core.outputs": 0,
    "_core.nearest": 0,
    "_core.cluster_task": 0,
    "_core.cluster_plan": 0,
    "_core.seeding": 0,
    "_core.assignment": 0,
    "_core.em_pass": 1,
    "_core.cluster_pass": 1,
    "_core.core": 2,
    "_core.prediction": 2,
    "_core.components": 2,
    "_core.conjugate": 2,
    "_core.iteration": 2,
    "_core.results": 2,
    "_core.clusters": 2,
    "_core": 2,
    "threads": 2,
    "build_config": 2,
    "statistics": 3,
    "covariance": 3,
    "parameters": 3,
    "far_samples": 3,
    "weight_distributions": 3,
    "posterior": 3,
    "visits": 3,
    "exceptions": 4,
    "generators": 4,
    "validation": 4,
    "matrix_validation": 4,
    "parameter_validation": 4,
    "estimator": 4,
    "atomic_write": 4,
    "file_values": 4,
    "model_file": 4,
    "interchange": 4,
    "portable": 4,
    "sklearn_hooks": 4,
    "kmeans": 4,
    "prior_validation": 4,
    "posterior_attributes": 4,
    "variational": 4,
    "em": 4,
    "verbose": 4,
    "progress": 4,
    "feature_scale": 4,
    "fitting": 4,
    "given": 4,
    "initialization": 4,
    "squarem": 4,
    "stopping": 4,
    "degenerate": 4,
    "base": 5,
    "criteria": 5,
    "mixture": 5,
    "posterior_mixture": 5,
    "bayesian": 5,
    "bayesian_selection": 5,
    "columns": 5,
    "registration": 5,
    "spurious": 5,
    "selection": 5,
    "__init__": 5,
    "cli": 6,
    "__main__": 6,
}

PYTHON_FILES = sorted(SOURCE.rglob("*.py"))
CYTHON_FILES = sorted([*SOURCE.rglob("*.pyx"), *SOURCE.rglob("*.pxd")])
C_FILES = sorted([*SOURCE.rglob("*.c"), *SOURCE.rglob("*.h")])


def name_of(path):
    """Return a module's name within the package, such as 'covariance.full'."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def floor_of(name):
    """Return the floor of a module, that of its folder if it has none of its own."""
    while name not in FLOORS and "." in name:
        name = name.rpartition(".")[0]
    assert name in FLOORS, f"give {name} a floor in FLOORS"
    return FLOORS[name]


def imported_names(path):
    """Return the modules of gmmx that a file imports or cimports."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        pattern = r"^ *from gmmx\.?([\w.]*) c?import ([^(\n]*)"
        for module, names in re.findall(pattern, text, re.MULTILINE):
            for name in re.split(r"[,\s]+", names.strip()):
                yield resolved(module, name)
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if (node.module or "").partition(".")[0] == "gmmx":
                for alias in node.names:
                    yield resolved((node.module or "").partition(".")[2], alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("gmmx."):
                    yield alias.name.partition(".")[2]


def resolved(module, name):
    """Return `module`, or its submodule `name` if there is one; the package itself is __init__."""
    inner = f"{module}.{name}".strip(".")
    path = SOURCE / inner.replace(".", "/")
    files = [path.with_name(f"{path.name}{suffix}") for suffix in (".py", ".pyx", ".pxd", ".py.in")]
    is_module = any(file.exists() for file in [*files, path / "__init__.py"])
    return inner if name and is_module else module or "__init__"


def imports():
    """Return pairs of a module and a module that it imports, itself left out."""
    pairs = set()
    for path in [*PYTHON_FILES, *CYTHON_FILES]:
        pairs |= {(name_of(path), name) for name in imported_names(path)}
    return sorted((importer, name) for importer, name in pairs if importer != name)


# ---- floors


def test_every_file_has_a_floor():
    for path in [*PYTHON_FILES, *CYTHON_FILES]:
        floor_of(name_of(path))


def test_files_import_from_their_own_floor_or_below():
    upwards = [
        f"{importer} (floor {floor_of(importer)}) imports {name} (floor {floor_of(name)})"
        for importer, name in imports()
        if floor_of(name) > floor_of(importer)
    ]
    assert not upwards


def test_no_file_imports_itself_through_others():
    sorter = TopologicalSorter()
    for importer, name in imports():
        sorter.add(importer, name)
    sorter.prepare()  # raises CycleError, which names the circle


def test_imports_are_found():
    pairs = imports()
    for pair in [
        ("mixture", "covariance"),
        ("covariance.base", "statistics"),
        ("_core.densities", "_core.dense"),
        ("_core.core", "_core.task"),
        ("_core.em_pass", "_core.parameters"),
        ("_core.parameters", "_core.task"),
        ("build_config", "_build"),
        ("_core.dense", "_core.simd"),
        ("__init__", "mixture"),
        ("__init__", "mixture"),
        ("_core", "other_package"),
        ("parameters", "_core.core"),
    ]:
        assert pair in pairs


# ---- what only some files may know


def test_scikit_learn_is_not_imported():
    for path in PYTHON_FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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
    assert {"gmmx", "gmmx.threads", "gmmx.covariance.full"} <= set(loaded)
    assert not {"gmmx.bayesian", "gmmx.columns", "gmmx.selection", "gmmx.model_file"} & set(loaded)
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
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
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


def test_no_code_asks_for_a_covariance_type_by_name():
    for path in PYTHON_FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Compare | ast.match_case):
                continue
            asked = node if isinstance(node, ast.Compare) else node.pattern
            constants = {part.value for part in ast.walk(asked) if isinstance(part, ast.Constant)}
            names = constants & STRUCTURES.keys()
            assert not names, f"{path}: {names}"


def test_only_passes_their_tasks_and_their_callers_know_threads():
    passes = {"em_pass", "task", "core", "prediction", "atomic", "host", "runtime"}
    passes |= {"cluster_pass", "cluster_task", "clusters", "iteration"}
    pattern = re.compile(r"openmp|\bomp_|prange|threadid|n_threads|pthread", re.IGNORECASE)
    for path in [*CYTHON_FILES, *C_FILES, *(SOURCE / "_core").glob("*.py")]:
        if path.stem not in passes:
            assert not pattern.search(path.read_text(encoding="utf-8")), path


def test_only_validation_converts_input():
    allowed = {"validation", "matrix_validation", "parameter_validation"}
    for path in PYTHON_FILES:
        if floor_of(name_of(path)) == 3:
            assert not {name.partition(".")[0] for name in imported_names(path)} & allowed, path


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
    for node in ast.walk(ast.parse(text)):
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
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node) is not None:
                length -= node.body[0].end_lineno - node.body[0].lineno + 1
            yield node.name, length


def cython_functions(text):
    """Return names and lengths of functions, which start at the margin and end before the next."""
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if re.match(r"(cdef|cpdef|def) .*\(", line)]
    for start in starts:
        stop = start + 1
        while stop < len(lines) and not re.match(r"[^\s)]", lines[stop]):
            stop += 1
        length = len("\n".join(lines[start:stop]).rstrip().splitlines())
        yield re.search(r"(\w+)\(", lines[start])[1], length


# ---- documentation

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(gmmx.__path__, "gmmx.")
    if (ROOT / "src" / (module.name.replace(".", "/") + ".py")).exists()
    or (ROOT / "src" / module.name.replace(".", "/") / "__init__.py").exists()
)


def test_modules_are_found():
    assert {"gmmx.mixture", "gmmx.covariance.full", "gmmx._core"} <= set(MODULES)


@pytest.mark.parametrize("name", ["gmmx", *MODULES])
def test_public_things_are_documented(name):
    if name.endswith("__main__"):
        return
    module = importlib.import_module(name)
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
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0


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
