"""The examples in the documentation of the command line run without changes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gmmx.cli import main

TEXT = (Path(__file__).parents[2] / "docs" / "command_line.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
COMMANDS = ["fit", "predict", "score", "sample", "info"]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the examples are for POSIX shells")


def write_table(path: Path, seed: int) -> None:
    """Write a table of two species with 20 individuals each; one weight is missing."""
    rng = np.random.default_rng(seed)
    rows = ["id,height,weight,species"]
    for i in range(40):
        height, weight = rng.normal(20 + 10 * (i // 20), 1), rng.normal(4 + 2 * (i // 20), 0.3)
        rows.append(f"{i},{height},{'' if i == 5 else weight},{'ab'[i // 20]}")
    path.write_text("\n".join(rows) + "\n")


def write_counts(path: Path) -> None:
    """Write a table of two species in which a row stands for some equal individuals."""
    rng = np.random.default_rng(2)
    rows = ["height,weight,count"]
    for i in range(40):
        height, weight = rng.normal(20 + 10 * (i // 20), 1), rng.normal(4 + 2 * (i // 20), 0.3)
        rows.append(f"{height},{weight},{rng.integers(4)}")
    path.write_text("\n".join(rows) + "\n")


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """Run shell code with the program of the examples, in the folder of their files."""
    folder = tmp_path_factory.mktemp("docs")
    program = folder / "bin" / "gmmx"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m gmmx \"$@\"\n")
    program.chmod(0o755)
    write_table(folder / "data.csv", seed=0)
    write_table(folder / "new.csv", seed=1)
    write_counts(folder / "counts.csv")
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"

    def run(code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-euc", code], cwd=folder, env=os.environ | {"PATH": path},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    run.folder = folder
    return run


def commands(block: str) -> list[str]:
    """Return the commands of a block, each in one line."""
    return block.replace("\\\n", " ").splitlines()


def test_the_examples_run(shell, monkeypatch):
    monkeypatch.chdir(shell.folder)
    for command in (command for block in BLOCKS for command in commands(block)):
        program, *arguments = shlex.split(command)
        # Only pipes and several commands need a shell, in which each command starts Python.
        if program == "gmmx" and not {"|", "&&"} & set(arguments):
            assert main(arguments) == 0, command
            continue
        result = shell(command)
        assert result.returncode == 0, f"{command}\n{result.stderr}"
        assert "Traceback" not in result.stderr
    assert (shell.folder / "model.gmmx").exists()
    labels = (shell.folder / "labels.csv").read_text().splitlines()
    predicted = (shell.folder / "predicted.csv").read_text().splitlines()
    assert labels[0] == predicted[0] == "id,label,probability_0,probability_1"
    assert labels[6] == predicted[6] == "5,,,"
    assert len(labels) == len(predicted) == 41


def test_every_command_has_an_example():
    for command in COMMANDS:
        assert any(f"gmmx {command} " in block for block in BLOCKS)


def options_of(capsys, command: str) -> set[str]:
    """Return the options listed in a command's help."""
    with pytest.raises(SystemExit):
        main([command, "--help"])
    return set(OPTION.findall(capsys.readouterr().out))


def test_the_options_that_are_documented_are_those_there_are(capsys):
    known = set().union(*(options_of(capsys, command) for command in COMMANDS))
    assert set(OPTION.findall(TEXT)) == known
