"""What `import gmmx` does: Ctrl-C in its midst."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

COMMANDS = {
    "module": [sys.executable, "-m", "gmmx"],
    "script": [str(Path(sysconfig.get_path("scripts")) / "gmmx")],
}

on_posix = pytest.mark.skipif(os.name == "nt", reason="an exit code tells of a signal on POSIX")


def run(command, folder, **environment):
    return subprocess.run(
        command, env=os.environ | environment, cwd=folder, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


# ---- Ctrl-C while NumPy is imported


@pytest.fixture
def interrupted(tmp_path):
    """A folder whose module numpy raises what Ctrl-C raises."""
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
    # The folder of the program comes first otherwise, and a program gmmx.py would import itself.
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
