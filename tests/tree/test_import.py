"""`import gmmx`: Ctrl-C during the import, and another package with the same name."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from pkgutil import walk_packages

import pytest

import gmmx
from gmmx.other_package import ITS_FILES

COMMANDS = {
    "module": [sys.executable, "-m", "gmmx"],
    "script": [str(Path(sysconfig.get_path("scripts")) / "gmmx")],
}
REPAIR = "pip uninstall -y gmmx gmmx-native, then pip install gmmx-native."

on_posix = pytest.mark.skipif(os.name == "nt", reason="an exit code tells of a signal on POSIX")


def run(command, folder, **environment):
    return subprocess.run(
        command, env=os.environ | environment, cwd=folder, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


# ---- Ctrl-C while NumPy is imported


@pytest.fixture
def interrupted(tmp_path):
    """Return a folder with a module numpy that raises KeyboardInterrupt, as Ctrl-C does."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "numpy.py").write_text("raise KeyboardInterrupt")
    return str(folder)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_line_ends_without_a_traceback(interrupted, tmp_path, command):
    result = run([*COMMANDS[command], "fit"], tmp_path, PYTHONPATH=interrupted)
    assert (result.returncode, result.stdout, result.stderr) == (128 + signal.SIGINT, "", "")


@on_posix
@pytest.mark.parametrize(
    "path", ["gmmx", "gmmx.py", "gmmx/program.py", "run-gmmx", "gmmx/__main__.py"]
)
def test_a_program_is_interrupted_as_usual_whatever_its_name(interrupted, tmp_path, path):
    program = tmp_path / "programs" / path
    program.parent.mkdir(parents=True)
    # Remove the program's folder from the path, else a program gmmx.py would import itself.
    program.write_text("import sys; del sys.path[0]\nfrom gmmx import GaussianMixture\n")
    argument = program.parent if program.name == "__main__.py" else program
    result = run([sys.executable, str(argument)], tmp_path, PYTHONPATH=interrupted)
    assert result.returncode == -signal.SIGINT
    assert result.stderr.rstrip().endswith("KeyboardInterrupt")


@on_posix
def test_a_program_may_catch_its_interrupt(interrupted, tmp_path):
    program = tmp_path / "gmmx"
    program.write_text(
        "try:\n    from gmmx import GaussianMixture\n"
        "except KeyboardInterrupt:\n    print('caught')\n"
    )
    result = run([sys.executable, str(program)], tmp_path, PYTHONPATH=interrupted)
    assert (result.returncode, result.stdout) == (0, "caught\n")


# ---- the JAX package named gmmx


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return a folder with a copy of the package in the layout of an installation by pip."""
    site = tmp_path_factory.mktemp("site")
    names = [module.name for module in walk_packages(gmmx.__path__, "gmmx.")]
    for name in ["gmmx", *names]:
        origin = Path(find_spec(name).origin)
        is_package = origin.name == "__init__.py"
        target = site.joinpath(*name.split(".")) / origin.name
        target = target if is_package else target.parent.parent / origin.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(origin, target)
    libraries = Path(gmmx.__file__).parents[1] / "gmmx_native.libs"  # of a repaired wheel
    if libraries.is_dir():
        shutil.copytree(libraries, site / libraries.name)
    return site


@pytest.fixture
def site(installed, tmp_path):
    return Path(shutil.copytree(installed, tmp_path / "site"))


def install_other(site):
    """Write the files of the other package, replacing existing files."""
    for name in ITS_FILES:
        (site / "gmmx" / name).write_text("class GaussianMixtureModelJax: ...\n")
    (site / "gmmx" / "__init__.py").write_text(
        "from .gmm import GaussianMixtureModelJax\n__version__ = '0.7'\n"
    )


def uninstall_other(site):
    for name in ["__init__.py", *ITS_FILES]:
        (site / "gmmx" / name).unlink()


def run_in(site, program):
    """Run a program that imports the copy, not an installed gmmx.

    A copy without __init__.py would otherwise come after all other packages on the path.
    """
    return run(
        [sys.executable, "-c", f"""
import importlib.machinery, sys
class Copy:
    def find_spec(name, path=None, target=None):
        if name == "gmmx":
            return importlib.machinery.PathFinder.find_spec(name, [{str(site)!r}])
sys.meta_path[:] = [finder for finder in sys.meta_path if "Mesonpy" not in type(finder).__name__]
sys.meta_path.insert(0, Copy)
{program}
"""], site)  # fmt: skip


FIT = """
from gmmx.estimators.gaussian_mixture import GaussianMixture
print(len(GaussianMixture(2, random_state=0).fit([[0.], [1.], [5.], [6.]]).means_))
"""
COMMAND_LINE = """
sys.argv = ["gmmx", "fit", "--components", "1", "--covariance", "tied"]
from gmmx.__main__ import main
raise SystemExit(main())
"""


def test_a_clean_installation_says_nothing(site):
    result = run_in(site, f"import gmmx\n{FIT}")
    assert (result.returncode, result.stdout, result.stderr) == (0, "2\n", "")


def assert_warns_once(result, finding):
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("RuntimeWarning") == 1
    assert finding in result.stderr
    assert REPAIR in result.stderr


def test_installed_over_the_other_package_it_works_and_warns(site):
    ours = (site / "gmmx" / "__init__.py").read_text()
    install_other(site)
    (site / "gmmx" / "__init__.py").write_text(ours)
    result = run_in(site, f"import gmmx\n{FIT}")
    assert result.stdout == "2\n"
    assert_warns_once(result, "also holds files of the JAX package gmmx: fit.py, gmm.py, utils.py")


@pytest.mark.parametrize("is_uninstalled", [False, True])
def test_what_survives_the_other_package_works_and_warns(site, is_uninstalled):
    install_other(site)
    if is_uninstalled:
        uninstall_other(site)
    result = run_in(site, FIT)
    assert result.stdout == "2\n"
    assert_warns_once(result, "is no longer the file of gmmx-native")


@pytest.mark.parametrize("is_uninstalled", [False, True])
def test_the_command_line_survives_the_other_package_and_warns(site, is_uninstalled):
    install_other(site)
    if is_uninstalled:
        uninstall_other(site)
    data = site / "gmmx" / "data"
    shutil.copytree(Path(gmmx.__file__).parent / "data", data)
    result = run_in(site, COMMAND_LINE)
    assert "tied" in result.stdout
    assert_warns_once(result, "is no longer the file of gmmx-native")


def test_a_repaired_installation_says_nothing(site, installed):
    install_other(site)
    uninstall_other(site)
    shutil.copytree(installed, site, dirs_exist_ok=True)
    result = run_in(site, f"import gmmx\n{FIT}")
    assert (result.returncode, result.stdout, result.stderr) == (0, "2\n", "")


def test_the_other_package_is_recognized_by_files_that_are_not_ours():
    folder = Path(gmmx.__file__).parent
    assert not [name for name in ITS_FILES if (folder / name).exists()]
